//! Who signs an article.

use crate::html::page::{Mark, MarkKind, Page};

/// What stands before names, in small letters; with the space after it.
const BEFORE: [&str; 30] = [
    "by ",
    "von ",
    "par ",
    "por ",
    "di ",
    "door ",
    "av ",
    "af ",
    "od ",
    "przez ",
    "от ",
    "автор: ",
    "автор ",
    "autor: ",
    "autor ",
    "autorin: ",
    "author: ",
    "author ",
    "auteur: ",
    "autore: ",
    "written by ",
    "text: ",
    "texte: ",
    "tekst: ",
    "text ",
    "a cura di ",
    "yazan: ",
    "kirjoittaja: ",
    "作者：",
    "记者 ",
];

/// What stands between names.
const BETWEEN: [&str; 16] = [
    ", ", "; ", " & ", " and ", " und ", " et ", " y ", " e ", " en ", " och ", " og ", " i ", " и ", " та ",
    " / ", " | ",
];

/// What is no name although it stands in its place.
const NO_NAMES: [&str; 14] = [
    "admin",
    "administrator",
    "editor",
    "staff",
    "author",
    "autor",
    "unknown",
    "null",
    "none",
    "webmaster",
    "root",
    "redactie",
    "undefined",
    "guest",
];

/// Words for the people who make a newspaper.
const OFFICES: [&str; 9] = [
    "redaktion",
    "newsroom",
    "newsdesk",
    "rédaction",
    "redacción",
    "redazione",
    "redação",
    "redakcja",
    "редакция",
];

/// The authors: as JSON-LD names them, else `meta`, else microdata and links, else what is called a byline, else a line below the
/// heading that begins like one. Where only an office is named, that.
pub(super) fn authors(page: &Page<'_>, said: Vec<String>, site: Option<&str>) -> Vec<String> {
    const METAS: [&str; 9] = [
        "author",
        "article:author",
        "og:article:author",
        "parsely-author",
        "sailthru.author",
        "dc.creator",
        "dcterms.creator",
        "byl",
        "cxenseparse:author",
    ];
    // An office says less than a name that stands in a byline, if that is surely one.
    let mut office = Vec::new();
    let mut person = |mut found: Vec<String>| {
        if !office.is_empty() {
            found.retain(|name| looks_like_name(name));
        }
        if found.iter().any(|name| !is_office(name)) {
            return Some(found);
        }
        if office.is_empty() {
            office = found;
        }
        None
    };
    let own = |name: &String| site.is_none_or(|site| !name.eq_ignore_ascii_case(site));
    if let Some(found) = person(names(said.iter().map(String::as_str), true)) {
        return found;
    }
    for key in METAS {
        let contents = page.head.metas.iter().filter(|(name, _)| name == key);
        let contents: Vec<String> = contents
            .map(|(_, content)| super::json_ld::text(content))
            .collect();
        let mut found = names(contents.iter().map(String::as_str), false);
        found.retain(own);
        if let Some(found) = person(found) {
            return found;
        }
    }
    for kind in [MarkKind::Author, MarkKind::RelAuthor, MarkKind::Byline] {
        let marks = page.head.marks.iter().filter(|mark| mark.kind == kind);
        let mut found = names(marks.filter_map(|mark| signed(page, mark, kind)), false);
        found.retain(own);
        found.truncate(6);
        if let Some(found) = person(found) {
            return found;
        }
    }
    let below = super::below_title(page)
        .map(in_line)
        .find(|names| !names.is_empty());
    below.unwrap_or(office)
}

/// Whether `name` is that of an office rather than of a person.
fn is_office(name: &str) -> bool {
    let small = name.to_lowercase();
    let mut words = small.split(|c: char| !c.is_alphanumeric());
    words.any(|word| OFFICES.contains(&word) || word.ends_with("redaktion"))
}

/// The names in a line that says nothing but who wrote and when: each of two to four words that begin with capitals.
fn in_line(line: &str) -> Vec<String> {
    const SAID: [&str; 5] = ["by ", "von ", "par ", "por ", "door "];
    if !begins_with(line, &SAID) {
        return Vec::new();
    }
    let mut names = names(line.lines().take(1), false);
    names.retain(|name| looks_like_name(name) && !is_office(name));
    names
}

/// The text of a mark, if it may be a signature: short, and near the top of the article.
fn signed<'p>(page: &'p Page<'_>, mark: &Mark<'_>, kind: MarkKind) -> Option<&'p str> {
    const LONGEST: usize = 120;
    const FAR: u32 = 1500;
    let text = page.marked(mark);
    let heading = page.head.marks.iter().find(|mark| mark.kind == MarkKind::Heading);
    let near = heading.is_none_or(|heading| mark.text.start.abs_diff(heading.text.end) < FAR);
    let starts = kind != MarkKind::Byline || begins_with(text, &BEFORE) || looks_like_name(text);
    (text.len() < LONGEST && near && starts && !text.is_empty())
        .then(|| text.lines().next().unwrap_or_default())
}

/// Whether a text begins with one of these, in whatever case.
fn begins_with(text: &str, beginnings: &[&str]) -> bool {
    let small = text.to_lowercase();
    beginnings.iter().any(|beginning| small.starts_with(beginning))
}

/// Two to four words that each begin with a capital.
fn looks_like_name(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    (2..=4).contains(&words.len())
        && words
            .iter()
            .all(|word| word.chars().next().is_some_and(char::is_uppercase))
}

/// The names in `texts`, each once. Structured data say what is a name, so there only the surely wrong is left out.
fn names<'t>(texts: impl Iterator<Item = &'t str>, structured: bool) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for text in texts {
        for name in split(text) {
            let small = name.to_lowercase();
            let wrong = name.contains("://")
                || name.contains("www.")
                || name.contains('@')
                || NO_NAMES.contains(&small.as_str())
                || name.chars().count() > 70
                || name.split_whitespace().count() > 7
                || !name.chars().any(char::is_alphabetic)
                || !structured && name.chars().filter(char::is_ascii_digit).count() > 2;
            let known = names.iter().any(|known| known.to_lowercase() == small);
            if !wrong && !known {
                names.push(name.to_owned());
            }
        }
    }
    names
}

/// The parts of a signature that may be names.
fn split(text: &str) -> Vec<&str> {
    let mut parts = vec![trim(text)];
    for between in BETWEEN {
        parts = parts
            .into_iter()
            .flat_map(|part| part.split(between))
            .map(trim)
            .filter(|part| !part.is_empty())
            .collect();
    }
    parts
}

/// Without what stands before a name, and marks around it.
fn trim(text: &str) -> &str {
    let mut text = text
        .trim()
        .trim_matches(['|', '-', '–', '—', '•', ',', ':', '·', '*'])
        .trim();
    for before in BEFORE {
        let begins = text
            .get(..before.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(before) || start.to_lowercase() == before);
        if begins {
            text = text[before.len()..].trim();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_become_names() {
        let check =
            |text: &str, expected: &[&str]| assert_eq!(names([text].into_iter(), false), expected, "{text}");
        check(
            "By Anna Beispiel and Jan Example",
            &["Anna Beispiel", "Jan Example"],
        );
        check(
            "Von Anna Beispiel, Jan Example",
            &["Anna Beispiel", "Jan Example"],
        );
        check("Автор: Иван Примеров", &["Иван Примеров"]);
        check("https://www.facebook.com/example", &[]);
        check("admin", &[]);
        check("BY ANNA BEISPIEL | ", &["ANNA BEISPIEL"]);
    }

    #[test]
    fn lines_that_say_who_wrote() {
        let check = |line: &str, expected: &[&str]| assert_eq!(in_line(line), expected, "{line}");
        check(
            "Von Anna Beispiel und Jan Example, 12.05.2026, 08:15 Uhr",
            &["Anna Beispiel", "Jan Example"],
        );
        check("By Anna Beispiel | May 12, 2026", &["Anna Beispiel"]);
        check("Von unserer Redaktion", &[]);
        check("Von Montag an wird gebaut", &[]);
        check("Anna Beispiel", &[]);
    }
}
