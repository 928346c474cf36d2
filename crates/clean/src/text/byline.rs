//! Who wrote a text and when, from the lines around its body.
//!
//! All are read from where they stand by habit, and nothing is said where the words allow another reading: a wrong
//! date is worse than none.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::date;
use super::lines::Line;
use super::phrases::{BYLINE, TIME};
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
        if around.created.is_none() && scan.digits >= 5 && (scan.classes[TIME] > 0 || scan.words <= 8) {
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
    "بقلم",
    "كتب",
    "作者",
    "文",
    "記者",
    "记者",
    "撰文",
];

/// The names in a line that begins like a byline.
fn authors(line: &str) -> Vec<String> {
    let lower = line.to_lowercase();
    let Some(rest) = BY.iter().find_map(|by| {
        let rest = lower.strip_prefix(by)?;
        let rest = rest.strip_prefix([':', '：', ' '])?;
        line.get(line.len().checked_sub(rest.len())?..)
    }) else {
        return Vec::new();
    };
    let rest = rest
        .split(['|', '•', '·', '@', '/', '(', '–', '—'])
        .next()
        .unwrap_or_default();
    let mut authors = Vec::new();
    for name in rest
        .split([',', ';', '&', '、', '،'])
        .flat_map(|part| part.split(" and "))
        .flat_map(|part| part.split(" und "))
        .flat_map(|part| part.split(" et "))
    {
        let name = name.trim_matches(|c: char| c.is_whitespace() || c == ':' || c == '.');
        if !is_name(name) {
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
    if name
        .chars()
        .all(|c| matches!(c as u32, 0x3040..=0x30FF | 0x3400..=0x9FFF))
    {
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
            ("By subscribing you agree", &[]),
            ("By the river", &[]),
        ] {
            assert_eq!(authors(line), expected, "{line}");
        }
    }
}
