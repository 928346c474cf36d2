//! What comes of scraped text, on texts written for these tests.

use gristmill_clean::mojibake::repair;
use gristmill_clean::text::read;
use proptest::prelude::*;

const FIRST: &str = "The council of Varnholm agreed on Tuesday to close the old harbour bridge for two years, after engineers found cracks in three of its five arches.";
const SECOND: &str = "\"We have known since the spring that this day would come,\" said the mayor, Ilse Brandt, who had argued for repairs in both of her terms.";
const THIRD: &str = "Buses will take the longer way along the northern shore, and the ferry, which stopped running in 1988, is to come back in the summer months.";
const FOURTH: &str = "Shopkeepers near the bridge fear for their trade; the council has promised them half of the rent for as long as the closure lasts.";

fn body() -> String {
    [FIRST, SECOND, THIRD, FOURTH].join("\n\n")
}

#[test]
fn a_clean_body_is_left_as_it_is() {
    let article = read(&body(), None);
    assert_eq!(article.text, body());
    assert_eq!(article.title, None);
    assert!(article.dropped.is_empty());
}

#[test]
fn a_first_line_that_is_a_title_becomes_the_title() {
    let article = read(
        &format!("Varnholm closes its harbour bridge\n{FIRST}\n{SECOND}\n{THIRD}"),
        None,
    );
    assert_eq!(
        article.title.as_deref(),
        Some("Varnholm closes its harbour bridge")
    );
    assert_eq!(article.text, [FIRST, SECOND, THIRD].join("\n\n"));
}

#[test]
fn a_title_is_found_behind_a_glued_breadcrumb() {
    let text = format!(
        "HomeRegional NewsVarnholm closes its old harbour bridge for two years\n\nVarnholm closes its old harbour bridge for two years\n\n{}",
        body()
    );
    let article = read(&text, None);
    assert_eq!(
        article.title.as_deref(),
        Some("Varnholm closes its old harbour bridge for two years")
    );
    assert_eq!(article.text, body());
}

#[test]
fn a_given_title_is_not_repeated() {
    let text = format!("Varnholm Closes Its Old Harbour Bridge\n{}", body());
    let article = read(&text, Some("Varnholm closes its old harbour bridge"));
    assert_eq!(
        article.title.as_deref(),
        Some("Varnholm closes its old harbour bridge")
    );
    assert_eq!(article.text, body());
}

#[test]
fn lists_of_other_articles_and_forms_go() {
    let text = format!(
        "{}\n\nLatest articles\n\nFerry prices to rise again in May\n\nThe company that runs the ferries says that...\n\nA new school for the island\n\nPupils will no longer have to...\n\nLeave a Comment\n\nYour email address will not be published. Required fields are marked *\n\nScroll to Top",
        body()
    );
    let article = read(&text, None);
    assert_eq!(article.text, body());
    assert!(
        article
            .dropped
            .iter()
            .any(|dropped| dropped.text == "Latest articles")
    );
}

#[test]
fn labels_go_in_the_languages_that_we_serve() {
    for label in [
        "Comments",
        "Kommentare",
        "Lire aussi",
        "Comentarios",
        "Leggi anche",
        "Leia também",
        "Lees ook",
        "Читайте также",
        "Читайте також",
        "Czytaj także",
        "Yorumlar",
        "التعليقات",
        "相关阅读",
        "関連記事",
    ] {
        let article = read(&format!("{}\n\n{label}", body()), None);
        assert_eq!(article.text, body(), "{label}");
    }
}

#[test]
fn bylines_dates_and_datelines_are_named() {
    let text = format!(
        "Varnholm closes its harbour bridge\nBy Ada Northcott\nPublished: March 4, 2021\nShare on Facebook\nShare on Twitter\nVARNHOLM (NP) — {FIRST}\n{SECOND}\n{THIRD}\n{FOURTH}\nShare this article\nSubscribe to our newsletter"
    );
    let article = read(&text, None);
    assert_eq!(article.metadata.dateline.as_deref(), Some("VARNHOLM (NP)"));
    assert_eq!(article.metadata.author, ["Ada Northcott"]);
    assert_eq!(
        article.created.map(|created| created.to_string()).as_deref(),
        Some("2021-03-04T00:00:00Z")
    );
    assert!(article.text.starts_with("VARNHOLM (NP) — The council"));
    assert!(!article.text.contains("Facebook"));
}

#[test]
fn a_blank_title_is_none_and_a_given_one_stays() {
    assert_eq!(read("", Some("")).title, None);
    assert_eq!(read("Mill burns", Some(" \u{a0}")).title, None);
    assert_eq!(
        read("Mill burns", Some("Mill burns")).title.as_deref(),
        Some("Mill burns")
    );
    let with_title = format!("Varnholm closes its harbour bridge\n\n{}", body());
    assert_eq!(
        read(&with_title, Some("")).title.as_deref(),
        Some("Varnholm closes its harbour bridge")
    );
}

#[test]
fn short_texts_and_texts_without_lines_survive() {
    for text in [
        "Fire in the old mill.",
        "Mill burns",
        "火事です。",
        "Новости сегодня короткие, но важные.",
    ] {
        assert_eq!(read(text, None).text, text);
    }
    let long = body().replace("\n\n", " ").repeat(50);
    assert_eq!(read(&long, None).text, long);
    assert_eq!(read(" \n\t\r\n\u{feff}", None).text, "");
}

/// The characters of words, in order.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

fn is_subsequence(part: &[String], whole: &[String]) -> bool {
    let mut rest = whole.iter();
    part.iter().all(|word| rest.any(|other| other == word))
}

fn pieces() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(FIRST.to_owned()),
        Just(SECOND.to_owned()),
        Just("Subscribe".to_owned()),
        Just("Read more".to_owned()),
        Just("مرحبا بالعالم، هذا خبر قصير.".to_owned()),
        Just("שלום עולם 🙂👩‍👩‍👧".to_owned()),
        Just("……———".to_owned()),
        "\\PC{0,40}",
        "[a-zA-Zа-я ,.|•–]{0,120}",
    ]
}

fn breaks() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("\n"),
        Just("\r\n"),
        Just("\n\n"),
        Just("\r"),
        Just("\u{2028}"),
        Just("\u{2029}"),
        Just("\u{85}"),
        Just("\n \u{a0}\n")
    ]
}

proptest! {
    #[test]
    fn nothing_is_invented(parts in prop::collection::vec((pieces(), breaks()), 0..40), title in prop::option::of("\\PC{0,30}")) {
        let text: String = parts.iter().flat_map(|(piece, end)| [piece.as_str(), end]).collect();
        let article = read(&text, title.as_deref());
        prop_assert!(is_subsequence(&words(&article.text), &words(&repair(&text))));
        prop_assert!(article.text.split("\n\n").all(|paragraph| article.text.is_empty() || !paragraph.trim().is_empty()));
        if title.as_deref().is_some_and(|title| !title.trim().is_empty()) {
            prop_assert_eq!(article.title, title);
        }
    }

    #[test]
    fn any_characters_do(text in any::<String>()) {
        read(&text, None);
    }
}

#[test]
fn large_texts_are_read() {
    let megabyte = "word and ".repeat(120_000);
    assert_eq!(read(&megabyte, None).text, megabyte.trim());
    read(&"x".repeat(1 << 20), None);
    read(&"a\n".repeat(300_000), None);
    read(&"\u{1f600}".repeat(100_000), None);
    read(&"Read more\n".repeat(50_000), None);
}
