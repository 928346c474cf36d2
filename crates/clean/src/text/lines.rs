//! The lines of a text.

use std::borrow::Cow;

use memchr::{memchr_iter, memchr3, memmem};

/// Line breaks of several bytes.
const RARE: [&str; 3] = ["\u{2028}", "\u{2029}", "\u{85}"];

/// A line that holds more than white space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line<'t> {
    /// Its text without the white space around it.
    pub text: Cow<'t, str>,
    /// Whether an empty line stands before it.
    pub gap: bool,
}

/// The lines of `text` in order, those of white space alone left out. Lines that a fixed width broke are joined.
pub(super) fn split<'t>(text: &'t str) -> Vec<Line<'t>> {
    let has = |mark: &str| memmem::find(text.as_bytes(), mark.as_bytes()).is_some();
    let rare = memchr3(b'\r', 0xB, 0xC, text.as_bytes()).is_some() || RARE.iter().any(|mark| has(mark));
    let mut lines = Vec::with_capacity(text.len() / 64 + 1);
    let mut gap = false;
    let mut push = |line: &'t str| {
        let line = trim(line);
        if line.is_empty() {
            gap = true;
        } else {
            lines.push(Line {
                text: Cow::Borrowed(line),
                gap: std::mem::take(&mut gap),
            });
        }
    };
    let mut start = 0;
    for end in memchr_iter(b'\n', text.as_bytes()).chain([text.len()]) {
        let line = &text[start..end];
        start = end + 1;
        if rare {
            let line = line.strip_suffix('\r').unwrap_or(line);
            line.split(['\r', '\u{2028}', '\u{2029}', '\u{b}', '\u{c}', '\u{85}'])
                .for_each(&mut push);
        } else {
            push(line);
        }
    }
    unwrap(lines)
}

/// Without the white space and the invisible characters around it.
fn trim(line: &str) -> &str {
    line.trim_matches(|c: char| {
        c.is_whitespace()
            || matches!(
                c,
                '\u{200b}' | '\u{feff}' | '\u{200e}' | '\u{200f}' | '\u{ad}' | '\0'
            )
    })
}

/// The longest line, in characters, of a text that a fixed width broke.
const WIDTH: usize = 100;

/// Joins the lines of each block where empty lines part blocks and a fixed width broke the lines in them: none is
/// long, and those that another follows in their block are nearly as long as the longest and mostly stop in
/// mid-sentence.
fn unwrap(lines: Vec<Line<'_>>) -> Vec<Line<'_>> {
    let gaps = lines.iter().skip(1).filter(|line| line.gap).count();
    let inner = lines.len().saturating_sub(gaps + 1);
    if inner < 3 || lines.iter().any(|line| line.text.len() > 4 * WIDTH) {
        return lines;
    }
    let lengths: Vec<usize> = lines.iter().map(|line| line.text.chars().count()).collect();
    let longest = lengths.iter().copied().max().unwrap_or(0);
    if !(30..=WIDTH).contains(&longest) {
        return lines;
    }
    let (mut filled, mut open) = (0, 0);
    for (at, pair) in lines.windows(2).enumerate().filter(|(_, pair)| !pair[1].gap) {
        let next = pair[1].text.chars().take_while(|c| !c.is_whitespace()).count();
        filled += usize::from(lengths[at] + 1 + next > longest * 4 / 5);
        open += usize::from(!pair[0].text.ends_with(['.', '!', '?', ':', '…', '。']));
    }
    if filled * 10 < inner * 9 || open * 10 < inner * 7 {
        return lines;
    }
    let mut joined: Vec<Line<'_>> = Vec::with_capacity(gaps + 1);
    for line in lines {
        match joined.last_mut() {
            Some(last) if !line.gap => {
                let text = last.text.to_mut();
                text.push(' ');
                text.push_str(&line.text);
            }
            _ => joined.push(line),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, bool)]) {
        let lines = split(text);
        let lines: Vec<(&str, bool)> = lines.iter().map(|line| (&*line.text, line.gap)).collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn breaks_of_all_kinds() {
        check(
            "a\r\nb\rc\u{2028}d\u{2029}\u{2029}e\n\n \u{a0}\nf",
            &[
                ("a", false),
                ("b", false),
                ("c", false),
                ("d", false),
                ("e", true),
                ("f", true),
            ],
        );
        check("\u{feff}\n\n", &[]);
    }

    #[test]
    fn lines_of_a_fixed_width_are_joined_within_their_block() {
        let wrapped = "The council met late on Tuesday evening and\nspoke about the old bridge over the river,\nwhich has been closed to lorries for years.\n\nNobody in the room could say what repairs\nwould cost or when they might begin, since\nno engineer has looked at the arches yet.";
        let lines = split(wrapped);
        assert_eq!(lines.len(), 2);
        assert!(lines[1].text.contains("repairs would cost"));
        check(
            "One.\n\nTwo.\nThree.\nFour.\nFive.",
            &[
                ("One.", false),
                ("Two.", true),
                ("Three.", false),
                ("Four.", false),
                ("Five.", false),
            ],
        );
    }
}
