//! From text to numbers: words, and the hashed n-grams that the classifier weighs.
//!
//! The trainer and the identifier share this code, so a change here asks for a new model. A word is a run of
//! letters and marks of one script, in lower case, with an apostrophe or a middle dot inside. What is not
//! language is passed over: addresses, handles, hashtags, digits and what touches them, strings of mixed case.
//! Each word gives its character n-grams of three and four, with a mark at either end, and itself as a whole;
//! Han characters and kana, which have no spaces between words, give n-grams of one to three. Those of two and five
//! letters of an alphabet were no help in telling languages apart, and half of the work.

use std::ops::RangeInclusive;
use std::sync::LazyLock;

use crate::script::Script;

/// The longest run that is treated as one word; longer ones, in scripts without spaces, are cut.
const LONGEST: usize = 64;
/// The lengths of n-grams, edges counted, and of those of Han characters.
const GRAMS: RangeInclusive<usize> = 3..=4;
const HAN_GRAMS: RangeInclusive<usize> = 1..=3;
/// Stands at either end of a word.
const EDGE: u32 = b'_' as u32;
/// Words up to this length are whole in their n-grams already: the edges take two of five places.
const SHORT: usize = 2;
/// The apostrophe, whichever was typed.
const APOSTROPHE: u32 = b'\'' as u32;

/// Code points below this one are looked up in a table.
const TABLE: usize = 0x3400;
/// What each code point is to a word: its lower case in the lower bits, one bit if it is not that itself, its
/// script's number in the upper eight, zero where it has no place in a word.
static LETTERS: LazyLock<Box<[u32]>> = LazyLock::new(|| {
    (0..TABLE as u32)
        .map(|point| char::from_u32(point).map_or(0, letter))
        .collect()
});

fn letter(c: char) -> u32 {
    // Most of what is not in the table, and none of it has a case.
    let script = match c {
        '\u{4E00}'..='\u{9FFF}' => Script::Hani,
        '\u{AC00}'..='\u{D7A3}' => Script::Hang,
        _ => return of_any_case(c),
    };
    c as u32 | (script as u32) << 24
}

fn of_any_case(c: char) -> u32 {
    let Some(script) = Script::of(c) else { return 0 };
    // What lower-cases to two characters (the Turkish İ alone) keeps the first.
    let lower = c.to_lowercase().next().unwrap_or(c);
    let upper = if c.is_uppercase() { UPPER } else { 0 };
    lower as u32 | upper | (script as u32) << 24
}

/// The bits of a table entry that hold the code point.
const POINT: u32 = 0x001F_FFFF;
/// The bit that says that the letter is in upper case.
const UPPER: u32 = 0x0080_0000;

/// The Cyrillic letter that looks like this Latin one.
fn cyrillic(point: u32) -> Option<u32> {
    const PAIRS: [(char, char); 10] = [
        ('a', 'а'),
        ('c', 'с'),
        ('e', 'е'),
        ('i', 'і'),
        ('j', 'ј'),
        ('o', 'о'),
        ('p', 'р'),
        ('s', 'ѕ'),
        ('x', 'х'),
        ('y', 'у'),
    ];
    PAIRS
        .iter()
        .find(|&&(latin, _)| latin as u32 == point)
        .map(|&(_, cyrillic)| cyrillic as u32)
}

/// A word: its code points in lower case between two edges, and where it stands.
#[derive(Debug)]
pub struct Word<'w> {
    /// The script of its letters.
    pub script: Script,
    /// The lower-cased code points, an edge before and after.
    padded: &'w [u32],
    /// The byte at which it starts.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
}

impl Word<'_> {
    /// The number of its letters.
    pub fn letters(&self) -> usize {
        self.padded.len() - 2
    }

    /// Whether a character stands in it that Cantonese is written with and Chinese otherwise is not.
    pub(crate) fn is_cantonese(&self) -> bool {
        const CHARACTERS: [char; 24] = [
            '嘅', '喺', '咗', '哋', '啲', '唔', '冇', '佢', '嚟', '嗰', '睇', '俾', '畀', '咁', '噉', '嘢',
            '乜', '咩', '喇', '啦', '啱', '搵', '瞓', '諗',
        ];
        let known = |&point: &u32| CHARACTERS.iter().any(|&c| c as u32 == point);
        self.script == Script::Hani && self.padded.iter().any(known)
    }

    /// Hands the hash of each feature to `take`.
    #[inline]
    pub fn features(&self, mut take: impl FnMut(u32)) {
        let seed = SEED ^ self.script as u32;
        let grams = if self.script == Script::Hani {
            HAN_GRAMS
        } else {
            GRAMS
        };
        for start in 0..self.padded.len() - 1 {
            let end = (start + grams.end()).min(self.padded.len());
            let mut hash = seed;
            for (length, &point) in (1..).zip(&self.padded[start..end]) {
                hash = step(hash, point);
                if length >= *grams.start() {
                    take(finish(hash));
                }
            }
        }
        if self.letters() > SHORT {
            let whole = self.padded.iter().fold(!seed, |hash, &point| step(hash, point));
            take(finish(whole));
        }
    }

    /// The hash of the one feature that says most: the word as a whole.
    #[inline]
    pub fn whole(&self) -> u32 {
        let seed = SEED ^ self.script as u32;
        // A short word is one of its own n-grams.
        let seed = if self.letters() > SHORT { !seed } else { seed };
        finish(self.padded.iter().fold(seed, |hash, &point| step(hash, point)))
    }
}

const SEED: u32 = 0x9E37_79B9;

fn step(hash: u32, point: u32) -> u32 {
    (hash ^ point).wrapping_mul(0x85EB_CA6B).rotate_left(13)
}

fn finish(hash: u32) -> u32 {
    (hash ^ hash >> 15).wrapping_mul(0xC2B2_AE35)
}

/// Reads the words of a text one after the other.
pub struct Words<'t> {
    text: &'t str,
    at: usize,
    /// The character before `at`, as far as it decides whether a word may start there.
    before: Before,
    padded: [u32; LONGEST + 2],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Nothing that matters.
    Free,
    /// A digit or an underscore: what follows is a code.
    Code,
    /// `@` or `#`: what follows is a name.
    Handle,
    /// The middle of a run that was cut because of its length.
    Cut,
}

impl<'t> Words<'t> {
    /// The words of `text`.
    pub fn new(text: &'t str) -> Self {
        Self {
            text,
            at: 0,
            before: Before::Free,
            padded: [EDGE; LONGEST + 2],
        }
    }

    /// The next word, if there is one.
    pub fn next_word(&mut self) -> Option<Word<'_>> {
        let letters: &[u32] = &LETTERS;
        let look = |c: char| match letters.get(c as usize) {
            Some(&letter) => letter,
            None => letter(c),
        };
        loop {
            let mut rest = self.text[self.at..].char_indices();
            let (skipped, first) = loop {
                let (offset, c) = rest.next()?;
                let letter = look(c);
                if letter != 0 {
                    break (offset, (c, letter));
                }
                self.before = match c {
                    '0'..='9' | '_' => Before::Code,
                    '@' | '#' => Before::Handle,
                    _ => Before::Free,
                };
            };
            let start = self.at + skipped;
            let before = std::mem::replace(&mut self.before, Before::Free);
            let mut script = first.1 >> 24;
            let mut length = 0;
            let mut humps = 0;
            let mut was_lower = false;
            let mut end = self.text.len();
            let mut after = None;
            let mut rest = self.text[start..].char_indices().peekable();
            while let Some((offset, c)) = rest.next() {
                let letter = look(c);
                let point = match letter {
                    0 if matches!(c, '\'' | '’' | 'ʼ')
                        && rest.peek().is_some_and(|&(_, c)| look(c) >> 24 == script) =>
                    {
                        APOSTROPHE
                    }
                    0 if c == '·' && rest.peek().is_some_and(|&(_, c)| look(c) >> 24 == script) => c as u32,
                    0 if ('\u{300}'..='\u{36F}').contains(&c) => c as u32,
                    0 if matches!(c, '\u{200C}' | '\u{200D}' | '\u{AD}') => continue,
                    _ if letter >> 24 == script => letter & POINT,
                    _ if letter != 0 && self.joins(&mut script, letter, length) => {
                        cyrillic(letter & POINT).unwrap_or(letter & POINT)
                    }
                    _ => {
                        end = start + offset;
                        after = Some(c);
                        break;
                    }
                };
                if length == LONGEST {
                    end = start + offset;
                    self.before = Before::Cut;
                    break;
                }
                let upper = letter & UPPER != 0;
                humps += usize::from(upper && was_lower);
                was_lower = !upper;
                self.padded[length + 1] = point;
                length += 1;
            }
            self.at = end;
            if after.is_some() && self.is_address(after, start, end) {
                self.skip_address();
                continue;
            }
            if script == Script::Latn as u32 {
                let code = before == Before::Code || after.is_some_and(|c| c.is_ascii_digit() || c == '_');
                if code || before == Before::Handle || humps > 1 {
                    continue;
                }
            }
            let Some(script) = Script::from_number(script as u8) else {
                continue;
            };
            self.padded[length + 1] = EDGE;
            return Some(Word {
                script,
                padded: &self.padded[..length + 2],
                start,
                end,
            });
        }
    }

    /// Whether `letter`, which is of another script than the `length` letters read, is a Latin or Cyrillic
    /// look-alike in a Cyrillic word: people and converters type `Бeрнaрд` with the wrong `e` and `a`. If it is
    /// the first letters that were the look-alikes, they are set right.
    fn joins(&mut self, script: &mut u32, letter: u32, length: usize) -> bool {
        let (latin, cyrillic_script) = (Script::Latn as u32, Script::Cyrl as u32);
        if *script == cyrillic_script {
            return letter >> 24 == latin && cyrillic(letter & POINT).is_some();
        }
        let read = &mut self.padded[1..=length];
        let all = *script == latin && letter >> 24 == cyrillic_script;
        if !all || read.iter().any(|&point| cyrillic(point).is_none()) {
            return false;
        }
        for point in read {
            *point = cyrillic(*point).unwrap_or(*point);
        }
        *script = cyrillic_script;
        true
    }

    /// Whether the run from `start` to `end` opens an address: `https:`, `www.`, `name@`.
    fn is_address(&self, after: Option<char>, start: usize, end: usize) -> bool {
        match after {
            Some('@') => true,
            Some(':') => self.text[end..].starts_with("://"),
            Some('.') => self.text[start..end].eq_ignore_ascii_case("www"),
            _ => false,
        }
    }

    /// Goes on behind an address: at the next character that is a space or not ASCII.
    fn skip_address(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest
            .iter()
            .position(|byte| !byte.is_ascii_graphic())
            .unwrap_or(rest.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut words = Words::new(text);
        let mut found = Vec::new();
        while let Some(word) = words.next_word() {
            assert!(text.get(word.start..word.end).is_some());
            let letters = &word.padded[1..word.padded.len() - 1];
            found.push(
                letters
                    .iter()
                    .filter_map(|&point| char::from_u32(point))
                    .collect(),
            );
        }
        found
    }

    #[test]
    fn words_are_runs_of_letters_in_lower_case() {
        assert_eq!(words("Don’t PANIC, Ødegård!"), ["don't", "panic", "ødegård"]);
        assert_eq!(words("l'any paral·lel"), ["l'any", "paral·lel"]);
        assert_eq!(words("हिन्दी में।"), ["हिन्दी", "में"]);
        assert_eq!(words("می‌شود"), ["میشود"]);
        assert_eq!(words("iPhoneは東京"), ["iphone", "は東京"]);
        assert_eq!(words("İstanbul"), ["istanbul"]);
        assert_eq!(words("1825年1月生於"), ["年", "月生於"]);
    }

    #[test]
    fn what_is_not_language_is_passed_over() {
        for text in [
            "https://example.org/in-the-news?id=5",
            "www.example.org/the",
            "someone@example.org",
            "@handle #tag",
            "e346f53553cd2df70577",
            "var_name x1 2nd",
            "QgsSYPLaWbGktX",
            "2024-08-19 13:27, 87 %",
            "😀🎉 *** ---",
            "",
        ] {
            assert_eq!(words(text), [""; 0], "{text}");
        }
        assert_eq!(words("访问https://example.org查看"), ["访问", "查看"]);
    }

    #[test]
    fn latin_look_alikes_in_cyrillic_words_are_set_right() {
        for (mixed, right) in [("Бeрнaрд", "бернард"), ("oдaвaњe", "одавање"), ("jeднo", "једно")]
        {
            assert_eq!(words(mixed), [right]);
        }
        assert_eq!(words("iPhoneы"), ["iphone", "ы"]);
    }

    #[test]
    fn long_runs_are_cut() {
        let text = "ก".repeat(LONGEST * 2 + 1);
        let lengths: Vec<_> = words(&text).iter().map(|word| word.chars().count()).collect();
        assert_eq!(lengths, [LONGEST, LONGEST, 1]);
    }

    #[test]
    fn features_are_n_grams_and_the_word() {
        let count = |text: &str| {
            let mut words = Words::new(text);
            let mut count = 0;
            while let Some(word) = words.next_word() {
                word.features(|_| count += 1);
            }
            count
        };
        // "_a_": itself; "_abcd_": 4 + 3 n-grams and the word.
        assert_eq!(count("a"), 1);
        assert_eq!(count("abcd"), 8);
        assert_eq!(count("東京"), 3 + 3 + 2);
    }
}
