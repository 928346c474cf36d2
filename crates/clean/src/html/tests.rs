//! Whole pages, good and hostile.

use proptest::prelude::*;

use super::*;

const PARAGRAPHS: [&str; 4] = [
    "The council of the small town voted on Monday evening to repair the old bridge before winter, after two years of debate.",
    "Engineers had warned that the northern pillar was no longer safe, and that heavy lorries should take the longer road.",
    "“We could not wait any longer,” said the mayor, who had asked the region for money. “People use this bridge every day.”",
    "The work will begin in October and is expected to cost two million; a temporary crossing is planned for pedestrians.",
];

/// A page such as a newspaper would make of these paragraphs.
fn page(inside: &str) -> String {
    let paragraphs: String = PARAGRAPHS.iter().map(|text| format!("<p>{text}</p>\n")).collect();
    format!(
        r#"<!doctype html><html lang="en-GB"><head><title>Old bridge to be repaired | The Example</title>
        <meta property="og:site_name" content="The Example"><meta property="og:title" content="Old bridge to be repaired">
        <link rel="canonical" href="https://news.example/bridge">
        <script type="application/ld+json">{{"@type":"NewsArticle","headline":"Old bridge to be repaired",
        "datePublished":"2024-08-19T14:00:00+02:00","author":{{"@type":"Person","name":"Anna Beispiel"}}}}</script></head>
        <body><header><nav class="menu"><ul><li><a href="/">Home</a></li><li><a href="/sport">Sport</a></li>
        <li><a href="/culture">Culture</a></li><li><a href="/weather">Weather</a></li></ul></nav></header>
        <main><article class="article"><h1>Old bridge to be repaired</h1><div class="article-body">{paragraphs}{inside}</div></article>
        <aside class="related"><h2>Related</h2><ul><li><a href="/1">Rain expected in the north</a></li>
        <li><a href="/2">A new school opens its doors</a></li></ul></aside></main>
        <footer class="footer"><p>© The Example. All rights reserved.</p><a href="/privacy">Privacy policy</a></footer></body></html>"#
    )
}

#[test]
fn a_page_gives_its_article_and_nothing_else() {
    let article = read(&page(""), false);
    assert_eq!(article.text, PARAGRAPHS.join("\n\n"));
    assert_eq!(article.title.as_deref(), Some("Old bridge to be repaired"));
    assert_eq!(article.metadata.author, ["Anna Beispiel"]);
    assert_eq!(article.metadata.site.as_deref(), Some("The Example"));
    assert_eq!(
        article.metadata.url.as_deref(),
        Some("https://news.example/bridge")
    );
    assert_eq!(article.language.as_deref(), Some("en-GB"));
    let created = article.created.map(|created| created.to_string());
    assert_eq!(created.as_deref(), Some("2024-08-19T12:00:00Z"));
}

#[test]
fn a_name_and_a_day_below_the_heading_count_where_the_head_names_an_office() {
    let body: String = PARAGRAPHS.iter().map(|text| format!("<p>{text}</p>")).collect();
    let check = |line: &str, author: &str, created: Option<&str>| {
        let page = format!(
            r#"<html><head><title>Die alte Brücke</title><meta name="author" content="Redaktion"></head><body><div>
            <h1>Die alte Brücke</h1><p>{line}</p>{body}</div></body></html>"#
        );
        let article = read(&page, false);
        assert_eq!(article.metadata.author, [author], "{line}");
        let said = article.created.map(|created| created.to_string());
        assert_eq!(said.as_deref(), created, "{line}");
    };
    let noon = Some("2026-05-12T12:00:00Z");
    check("Von Anna Beispiel, 12.05.2026, 12:00 Uhr", "Anna Beispiel", noon);
    check("12.05.2026, 12:00 Uhr", "Redaktion", noon);
    check("Stand: 12.05.2026, zuerst 11.05.2026", "Redaktion", None);
}

#[test]
fn what_is_left_out_is_named_with_rule_and_score() {
    let article = read(&page(&format!("<p>{}</p>", PARAGRAPHS[1])), false);
    let rule = |text: &str| {
        let dropped = article.dropped.iter().find(|dropped| dropped.text == text);
        dropped.map(|dropped| dropped.rule)
    };
    assert_eq!(rule("Old bridge to be repaired"), Some("title"));
    assert_eq!(rule("Privacy policy"), Some("model"));
    assert_eq!(rule(PARAGRAPHS[1]), Some("repeated"));
    assert!(article.dropped.iter().all(|dropped| dropped.score.is_some()));
}

#[test]
fn a_menu_is_no_article() {
    let links: String = (0..60)
        .map(|at| format!("<li><a href='/{at}'>Section {at}</a></li>"))
        .collect();
    let article = read(
        &format!("<html><body><nav><ul>{links}</ul></nav></body></html>"),
        false,
    );
    assert_eq!(article.text, "");
    for empty in [
        "",
        "<html></html>",
        "<script>var text = 'The council voted.';</script>",
        "<!--",
    ] {
        assert_eq!(read(empty, false).text, "", "{empty}");
    }
}

/// Reads `page`, and sees to it that what comes out is no more than what went in.
fn survives(page: &str) {
    for markdown in [false, true] {
        let article = read(page, markdown);
        assert!(article.text.len() <= 4 * page.len() + 16);
    }
}

#[test]
fn hostile_pages_are_read() {
    let many = |text: &str, times: usize| text.repeat(times);
    for page in [
        many("<div>", 200_000),
        many("<ul><li>", 20_000),
        many("<b><p>", 10_000),
        many("<table><tr><td>a", 4_000),
        many("<a>a<p>", 4_000),
        many("</p></div>", 20_000),
        many("<p>a", 5_000),
        many("<!-->", 20_000),
        many("<title>", 10_000),
        many("<textarea>", 10_000),
        many("<script>", 10_000),
        many("&", 20_000),
        many("&amp;&#0;&#xffffff;&CounterClockwiseContourIntegral;", 2_000),
        many("<form>a<div>", 4_000),
        many("<time itemprop=author>a", 2_000),
        format!("<p title='{}'>a</p>", many("x", 10_000_000)),
        format!("<img src='data:image/png;base64,{}'><p>a", many("QUJD", 200_000)),
        format!("<p {}>a", many("a=b ", 50_000)),
        format!(
            "<script type='application/ld+json'>{}</script>",
            many("[", 50_000)
        ),
        format!(
            "<script type='application/ld+json'>{}</script>",
            many("{\"a\" \"", 10_000)
        ),
        format!("<p>{}</p>", many("word", 100_000)),
        "<p>\0\u{fffd}\u{202e}\u{feff}</p>".to_owned(),
    ] {
        survives(&page);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_markup_is_read(parts in prop::collection::vec(
        prop_oneof![
            "<(/)?(p|div|a|b|li|ul|td|tr|table|h1|svg|script|title|button|pre|form|br|time|select|template)( [a-z]{1,8}(='[^']{0,6}|=\"x\")?)?(/)?>?",
            "[a-zé<>&;\"'=/! -]{0,12}",
            "(\\PC){0,4}",
            Just("<script type='application/ld+json'>{\"@type\":\"Article\",\"author\":[{".to_owned()),
            Just("<meta property='og:title' content='a - b".to_owned()),
        ],
        0..60,
    )) {
        survives(&parts.concat());
    }

    #[test]
    fn the_article_survives_what_is_put_into_it(inside in "(<(p|div|b|i|/p|/b|span)>|[a-z ]|&amp;){0,20}") {
        let article = read(&page(&inside), false);
        prop_assert!(article.text.starts_with(PARAGRAPHS[0]), "{}", article.text);
    }
}
