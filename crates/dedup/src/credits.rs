//! Who wrote a text, where and for whom: what an exact copy may say otherwise.
//!
//! Two outlets print the same dispatch, one with its byline, one with the agency's name. Such credits are told by
//! their place and their form, not by lists of names: short lines before and after the article that begin like
//! a byline, that stand in brackets, that are written in capitals or that say where the text is from, a dateline up to
//! its dash, an agency in brackets behind the last sentence.

use std::ops::Range;

/// A line with more words is no credit.
const WORDS: usize = 12;
/// So many lines may be credits on each side.
const LINES: usize = 3;
/// Words in capitals, or in brackets, that make a credit.
const FEW: usize = 4;

/// What a byline begins with, folded.
const BY: [&str; 24] = [
    "by",
    "words by",
    "written by",
    "reported by",
    "story by",
    "text by",
    "von",
    "par",
    "por",
    "di",
    "door",
    "av",
    "af",
    "text",
    "texte",
    "texto",
    "testo",
    "автор",
    "текст",
    "автори",
    "autor",
    "auteur",
    "autore",
    "yazan",
];

/// What a line begins with that says where a text is from, folded.
const FROM: [&str; 16] = [
    "©",
    "(c)",
    "copyright",
    "source:",
    "sources:",
    "quelle:",
    "quellen:",
    "fuente:",
    "fuentes:",
    "fonte:",
    "fonti:",
    "bron:",
    "källa:",
    "kilde:",
    "источник:",
    "джерело:",
];

/// Words that may stand between names in lower case.
const BETWEEN: [&str; 24] = [
    "and", "und", "et", "y", "e", "i", "и", "та", "en", "och", "og", "with", "mit", "in", "at", "for", "of",
    "the", "de", "van", "von", "da", "del", "la",
];

/// The part of `text`, in bytes, that is not credits; all of it where nothing else would be left.
pub(crate) fn body(text: &str) -> Range<usize> {
    let (mut start, mut end) = (0, text.len());
    let mut lines = 0;
    while let Some(line) =
        first_line(text, start, end).filter(|line| lines < LINES && is_credit(&text[line.clone()]))
    {
        (start, lines) = (line.end, lines + 1);
    }
    lines = 0;
    while let Some(line) =
        last_line(text, start, end).filter(|line| lines < LINES && is_credit(&text[line.clone()]))
    {
        (end, lines) = (line.start, lines + 1);
    }
    if let Some(line) = first_line(text, start, end) {
        start = line.start + dateline(&text[line]);
    }
    if let Some(line) = last_line(text, start, end) {
        end = line.start + before_agency(&text[line]);
    }
    if text[start..end].chars().any(char::is_alphanumeric) {
        start..end
    } else {
        0..text.len()
    }
}

/// The first line between `start` and `end` that has anything in it, without the space around it.
fn first_line(text: &str, start: usize, end: usize) -> Option<Range<usize>> {
    let rest = text[start..end].trim_start();
    let from = start + (text[start..end].len() - rest.len());
    let line = rest.lines().next()?.trim_end();
    (!line.is_empty()).then(|| from..from + line.len())
}

/// The last such line.
fn last_line(text: &str, start: usize, end: usize) -> Option<Range<usize>> {
    let rest = text[start..end].trim_end();
    let line = rest.rsplit('\n').next()?.trim_start();
    let to = start + rest.len();
    (!line.is_empty()).then(|| to - line.len()..to)
}

/// Whether a line names who wrote a text or whom it is from, and says no more.
fn is_credit(line: &str) -> bool {
    let words = words(line).take(WORDS + 1).count();
    if words == 0 || words > WORDS {
        return false;
    }
    let folded = line.to_lowercase();
    FROM.iter().any(|from| folded.starts_with(from))
        || (words <= FEW && (in_brackets(line) || in_capitals(line)))
        || (!line.ends_with(['.', '?', '!', '…', '"', '”', '»']) && is_byline(line, &folded))
        || (in_brackets(line.trim_start_matches(|c| c != '(')) && words_in_capitals_first(line))
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’' && c != '-')
        .filter(|word| word.contains(char::is_alphanumeric))
}

/// Whether nothing but names follows on the word that a byline begins with.
fn is_byline(line: &str, folded: &str) -> bool {
    // What folding makes longer is in no byline's first word.
    let named = |by: &&str| match (folded.strip_prefix(*by), line.get(by.len()..)) {
        (Some(rest), Some(names)) if rest.starts_with([' ', ':']) => {
            let mut names = words(names).peekable();
            let is_name = |word: &str| {
                word.starts_with(|c: char| c.is_uppercase() || c.is_numeric()) || BETWEEN.contains(&word)
            };
            names
                .peek()
                .is_some_and(|name| name.starts_with(char::is_uppercase))
                && names.all(is_name)
        }
        _ => false,
    };
    BY.iter().any(named)
}

/// Whether all of a line is one bracket.
fn in_brackets(line: &str) -> bool {
    let inner = line.strip_prefix('(').and_then(|line| line.strip_suffix(')'));
    let inner = inner.or_else(|| line.strip_prefix('[').and_then(|line| line.strip_suffix(']')));
    inner.is_some_and(|inner| !inner.contains(['(', ')', '[', ']']))
}

/// Whether a line has letters, and all that may be are capitals.
fn in_capitals(line: &str) -> bool {
    line.contains(char::is_uppercase)
        && !line.contains(char::is_lowercase)
        && !line.contains(char::is_numeric)
}

fn words_in_capitals_first(line: &str) -> bool {
    words(line)
        .next()
        .is_some_and(|word| word.chars().count() > 1 && in_capitals(word))
}

/// The length of the dateline that a line begins with: a place in capitals or a place and an agency in brackets, up
/// to a dash.
fn dateline(line: &str) -> usize {
    let dash = [" - ", " – ", " — ", " -- ", "— ", "– "]
        .iter()
        .filter_map(|dash| Some((line.find(dash)?, dash.len())))
        .min();
    let Some((at, dash)) = dash else {
        return 0;
    };
    let place = &line[..at];
    let agency = place.ends_with(')') && place.find('(').is_some_and(|open| in_brackets(&place[open..]));
    let counted = words(place).take(WORDS + 1).count();
    let first = place.starts_with(char::is_uppercase);
    if counted <= WORDS && first && (agency || words_in_capitals_first(place)) {
        at + dash
    } else {
        0
    }
}

/// The length of a line without the agency that stands in brackets behind its last sentence.
fn before_agency(line: &str) -> usize {
    let rest = line.trim_end_matches('.');
    let Some(open) = rest.rfind(['(', '[']).filter(|&open| in_brackets(&rest[open..])) else {
        return line.len();
    };
    let before = line[..open].trim_end();
    let ended = before.ends_with(['.', '?', '!', '…', '"', '”', '»', '’', '\'']);
    let counted = words(&rest[open..]).take(FEW + 1).count();
    if ended && (1..=FEW).contains(&counted) {
        before.len()
    } else {
        line.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rest(text: &str) -> &str {
        text[body(text)].trim()
    }

    const BODY: &str = "The bridge between the two towns was closed on Monday.\n\nTrains go round it.";

    #[test]
    fn credits_before_and_after_are_set_aside() {
        for text in [
            format!("By Anna Smith and Jo van Berg\n\n{BODY}"),
            format!("Von Anna Müller, Berlin\n{BODY}\n"),
            format!("BY ANNA SMITH\nREUTERS\n\n{BODY}\n\n© 2024 Example Media, all rights reserved"),
            format!("Автор: Анна Иванова\n{BODY}\nИсточник: Интерфакс"),
            format!("LONDON, March 3 (Reuters) - {BODY}"),
            format!("Berlin (dpa) – {BODY} (dpa)"),
            format!("WASHINGTON — {BODY}\n[AP]"),
            format!("KYIV, Ukraine (AP)\n{BODY}"),
        ] {
            assert_eq!(rest(&text), BODY, "{text}");
        }
    }

    #[test]
    fn what_says_more_stays() {
        for text in [
            BODY.to_owned(),
            format!("By Friday the two sides had agreed on nothing\n{BODY}"),
            format!("By Anna Smith, who saw it.\n{BODY}"),
            format!("He said - and nobody heard it - that all was well. {BODY}"),
            format!("{BODY} It took an hour (or two)."),
            format!("{BODY}\nRead on (page 4) for more"),
            "By Anna Smith".to_owned(),
            "(Reuters)".to_owned(),
            "....".to_owned(),
            String::new(),
        ] {
            assert_eq!(rest(&text), text.trim());
        }
    }
}
