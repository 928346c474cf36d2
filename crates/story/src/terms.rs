//! The words of an article, as numbers.

use std::ops::Range;

/// The hash of a word with case and a plural `s` folded away, or of two neighbouring characters in scripts
/// that set no spaces between words. The same in every language; see [`Tongue`].
pub type Term = u32;

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// What stands for it.
    pub term: Term,
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// It begins with a capital letter.
    pub capital: bool,
    /// It follows the end of a sentence, so that its capital says nothing.
    pub first: bool,
}

/// A language as far as stories need it: words of different languages are different, however they are spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tongue(u32);

impl Tongue {
    /// Where nobody said which language it is.
    pub const UNKNOWN: Self = Self(0);

    /// The language with this code; `und` and none are [`UNKNOWN`](Self::UNKNOWN).
    pub fn of(code: Option<&str>) -> Self {
        match code {
            None | Some("und" | "") => Self::UNKNOWN,
            Some(code) => {
                let bytes = code.bytes().take(4);
                Self(bytes.fold(0, |number, byte| number << 8 | u32::from(byte)))
            }
        }
    }

    /// From what [`Tongue::number`] gave.
    pub(crate) const fn from_number(number: u32) -> Self {
        Self(number)
    }

    pub(crate) const fn number(self) -> u32 {
        self.0
    }

    /// What stands for `term` in this language alone.
    pub(crate) const fn own(self, term: Term) -> Term {
        mix(term ^ self.0.wrapping_mul(0x9e37_79b1))
    }
}

/// Spreads the bits of a number; no two numbers give the same.
const fn mix(mut number: u32) -> u32 {
    number = (number ^ (number >> 16)).wrapping_mul(0x7feb_352d);
    number = (number ^ (number >> 15)).wrapping_mul(0x846c_a68b);
    number ^ (number >> 16)
}

/// The words of `text` in order, but for single letters.
pub fn words(text: &str) -> impl Iterator<Item = Word> + '_ {
    let mut end = 0;
    runs(text).filter_map(move |range| {
        let between = text.get(end..range.start).unwrap_or_default();
        let first = end == 0
            || between != " "
                && between.contains(['.', '!', '?', ':', '\n', '“', '"', '。', '！', '？', '•']);
        end = range.end;
        let word = text.get(range.clone())?;
        let capital = word.chars().next().is_some_and(char::is_uppercase);
        let term = term(word)?;
        Some(Word {
            term,
            range,
            capital,
            first,
        })
    })
}

/// What stands for `word`, unless it is too short.
pub fn term(word: &str) -> Option<Term> {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    /// The plural of a word is the same word, unless so little is left of it that it may be another.
    const SHORTEST: usize = 4;
    let step = |hash: u64, c: char| (hash ^ u64::from(c)).wrapping_mul(PRIME);
    let mut hash = OFFSET;
    let mut singular = OFFSET;
    let mut letters = 0;
    let mut last = ' ';
    if word.is_ascii() {
        for byte in word.bytes() {
            singular = hash;
            last = char::from(byte.to_ascii_lowercase());
            hash = step(hash, last);
        }
        letters = word.len();
    } else {
        for c in word.chars() {
            singular = hash;
            for lower in c.to_lowercase() {
                last = lower;
                hash = step(hash, lower);
            }
            letters += 1;
        }
    }
    if last == 's' && letters >= SHORTEST {
        hash = singular;
    }
    hash = (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (letters > 1).then_some((hash >> 32) as Term)
}

fn stands_alone(c: char) -> bool {
    matches!(c,
        '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Runs of letters and digits, and overlapping pairs of characters that stand alone.
fn runs(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = skip(
            text,
            at,
            |byte| !byte.is_ascii_alphanumeric(),
            |c| !c.is_alphanumeric(),
        );
        let mut chars = text.get(start..)?.chars();
        let first = chars.next()?;
        let after = start + first.len_utf8();
        if stands_alone(first) {
            at = after;
            let second = chars.next().filter(|&c| stands_alone(c));
            return Some(start..after + second.map_or(0, char::len_utf8));
        }
        let within = |c: char| c.is_alphanumeric() && !stands_alone(c);
        at = skip(text, after, |byte| byte.is_ascii_alphanumeric(), within);
        Some(start..at)
    })
}

/// The end of the characters from byte `at` on that are passed over: those of one byte by the byte, the others whole.
fn skip(text: &str, mut at: usize, ascii: impl Fn(u8) -> bool, other: impl Fn(char) -> bool) -> usize {
    while let Some(&byte) = text.as_bytes().get(at) {
        if byte.is_ascii() {
            if !ascii(byte) {
                break;
            }
            at += 1;
        } else {
            match text.get(at..).and_then(|rest| rest.chars().next()) {
                Some(c) if other(c) => at += c.len_utf8(),
                _ => break,
            }
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_pairs() {
        let text = "Putin’s visit, 2024: 北京市a";
        let found: Vec<&str> = words(text).map(|word| &text[word.range]).collect();
        assert_eq!(found, ["Putin", "visit", "2024", "北京", "京市"]);
        assert_eq!(term("BAKU"), term("Baku"));
        assert_eq!(term("visits"), term("visit"));
        assert_ne!(term("gas"), term("ga"));
        assert_eq!(term("ÉCOLES"), term("école"));
    }

    #[test]
    fn capitals_and_where_they_stand() {
        let text = "Ilse Brandt spoke. Nobody heard Brandt in 2024.";
        let found: Vec<Word> = words(text).collect();
        let capital: Vec<&str> = found
            .iter()
            .filter(|word| word.capital && !word.first)
            .map(|word| &text[word.range.clone()])
            .collect();
        assert_eq!(capital, ["Brandt", "Brandt"]);
    }

    #[test]
    fn languages_do_not_share_words() {
        let [en, de] = ["en", "de"].map(|code| Tongue::of(Some(code)).own(7));
        assert_ne!(en, de);
        assert_eq!(Tongue::of(Some("und")), Tongue::of(None));
        assert_ne!(Tongue::of(Some("en")), Tongue::UNKNOWN);
    }
}
