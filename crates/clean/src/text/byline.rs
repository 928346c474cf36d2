//! Who wrote a text and when, from the lines around its body.
//!
//! All are read from where they stand by habit, and nothing is said where the words allow another reading: a wrong
//! date is worse than none.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::letters::is_ideograph;

use super::date;
use super::lines::Line;
use super::phrases::{BYLINE, Phrases, TIME};
use super::scan::Scan;

/// What stands around a body.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Around {
    pub authors: Vec<String>,
    pub created: Option<Timestamp>,
}

/// Reads the lines that were left out.
pub(super) fn read(lines: &[Line<'_>], scans: &[Scan], rules: &[Option<&'static str>]) -> Around {
    let mut around = Around::default();
    for ((line, scan), rule) in lines.iter().zip(scans).zip(rules) {
        if rule.is_none() || scan.words > 20 {
            continue;
        }
        if around.authors.is_empty() && scan.classes[BYLINE] > 0 {
            around.authors = authors(&line.text);
        }
        // A day and a year are five digits or more.
        if around.created.is_none()
            && scan.digits >= 5
            && (scan.classes[TIME] > 0 || scan.classes[BYLINE] > 0 || scan.words <= 8)
        {
            let day = date::find(&line.text);
            around.created = day.and_then(|day| TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok());
        }
        if !around.authors.is_empty() && around.created.is_some() {
            break;
        }
    }
    around
}

/// What stands before the names of authors.
const BY: &[&str] = &[
    "written by",
    "posted by",
    "reported by",
    "by",
    "geschrieben von",
    "von",
    "écrit par",
    "publié par",
    "par",
    "escrito por",
    "por",
    "scritto da",
    "a cura di",
    "di",
    "da",
    "geschreven door",
    "door",
    "автор",
    "автори",
    "текст",
    "autor",
    "autorka",
    "autora",
    "tekst",
    "yazan",
    "haber",
    "بقلم",
    "كتب",
    "作者",
    "文",
    "記者",
    "记者",
    "撰文",
];

/// What ends the names of a byline, beside marks.
const WITH: &[&str] = &[" - ", " with ", " avec ", " mit ", " con ", " met ", "  "];

/// The names in a line that begins like a byline, or in which one of its words stands before a colon.
pub(super) fn authors(line: &str) -> Vec<String> {
    let lower = line.to_lowercase();
    let marked = |by: &&str| {
        let at = lower.match_indices(*by).map(|(at, _)| at);
        at.filter(|&at| !lower[..at].ends_with(char::is_alphanumeric))
            .find_map(|at| {
                let rest = &lower[at + by.len()..];
                rest.strip_prefix([':', '：'])
            })
    };
    let marks = line.contains([':', '：']);
    let led = |by: &&str| lower.strip_prefix(*by)?.strip_prefix(' ');
    let Some(rest) = BY
        .iter()
        .find_map(|by| led(by).or_else(|| marks.then(|| marked(by)).flatten()))
    else {
        return Vec::new();
    };
    let rest = line
        .get(line.len().saturating_sub(rest.len())..)
        .unwrap_or_default()
        .trim_start();
    let end = WITH
        .iter()
        .filter_map(|with| rest.find(with))
        .min()
        .unwrap_or(rest.len());
    let rest = rest[..end]
        .split(['|', '•', '·', '@', '/', '(', '–', '—'])
        .next()
        .unwrap_or_default();
    let ideographs = rest.chars().next().is_some_and(is_ideograph);
    let mut authors = Vec::new();
    for name in rest
        .split(|c| matches!(c, ',' | ';' | '&' | '、' | '،') || ideographs && c == ' ')
        .flat_map(|part| part.split(" and "))
        .flat_map(|part| part.split(" und "))
        .flat_map(|part| part.split(" et "))
    {
        let name = name.trim_matches(|c: char| c.is_whitespace() || c == ':' || c == '.');
        if !is_name(name) || Phrases::built_in().words(name).iter().all(|word| word.is(BYLINE)) {
            break;
        }
        authors.push(name.to_owned());
    }
    authors
}

/// Words that stand in names in lower case.
const PARTICLES: &[&str] = &[
    "de", "da", "do", "dos", "das", "di", "del", "della", "van", "von", "der", "den", "ter", "la", "le",
    "bin", "al", "el", "y", "e",
];

/// Two to five words that begin with capitals, without digits; or two to four ideographs.
fn is_name(name: &str) -> bool {
    if name.chars().any(|c| c.is_ascii_digit()) {
        return false;
    }
    let letters = name.chars().filter(|c| c.is_alphabetic()).count();
    if name.chars().all(is_ideograph) {
        return (2..=4).contains(&letters);
    }
    let words: Vec<&str> = name.split_whitespace().collect();
    let named = |word: &&str| {
        PARTICLES.contains(word)
            || word
                .chars()
                .next()
                .is_some_and(|c| c.is_uppercase() || c.is_alphabetic() && !c.is_lowercase())
    };
    (2..=5).contains(&words.len())
        && words.iter().all(named)
        && words.last().is_some_and(|last| !PARTICLES.contains(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bylines() {
        for (line, expected) in [
            (
                "By Ada Lovelace and Charles Babbage | March 3",
                &["Ada Lovelace", "Charles Babbage"][..],
            ),
            ("Von Clara van der Berg", &["Clara van der Berg"]),
            ("Автор: Ирина Петрова", &["Ирина Петрова"]),
            ("Par Claire Dumont avec AFP", &["Claire Dumont"]),
            (
                "2026-05-12 10:20 来源：南方新闻网 作者：陈静 编辑：王芳",
                &["陈静"],
            ),
            ("By Lena Moravec, Staff Writers", &["Lena Moravec"]),
            ("By subscribing you agree", &[]),
            ("By the river", &[]),
        ] {
            assert_eq!(authors(line), expected, "{line}");
        }
    }
}
