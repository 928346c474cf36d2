//! The words that tell furniture from prose, in the languages that we serve.
//!
//! `phrases.txt` lists them by class and language. A line's words are looked up whatever its language: that needs
//! no guess, a line of three words gives none, and the model weighs what a class means beside everything else.
//! Hashes of 32 bits stand for words; a collision would cost one wrong count.

use std::sync::LazyLock;

use crate::letters::is_ideograph;

/// The classes of phrases, in the order of their bits.
pub(super) const NAMES: [&str; CLASSES] = [
    "function",
    "share",
    "subscribe",
    "consent",
    "comment",
    "related",
    "navigate",
    "rights",
    "byline",
    "time",
    "media",
];
/// The number of classes.
pub(super) const CLASSES: usize = 11;
/// The class of the words that hold sentences together.
pub(super) const FUNCTION: usize = 0;
/// The class of the forms and headings of readers' comments.
pub(super) const COMMENT: usize = 4;
/// The class of what leads to other articles.
pub(super) const RELATED: usize = 5;
/// The class of what stands before an author's name.
pub(super) const BYLINE: usize = 8;
/// The class of dates and times.
pub(super) const TIME: usize = 9;
/// The class of pictures, recordings and advertisements.
pub(super) const MEDIA: usize = 10;

/// The hash of a word as its characters come: eight bytes at a time are mixed in, since a step for each character would wait for
/// the one before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hash {
    mixed: u64,
    pending: u64,
    /// Bits of `pending` that are taken.
    taken: u32,
}

impl Hash {
    /// That of no characters.
    pub(super) const START: Self = Self {
        mixed: 0x243F_6A88_85A3_08D3,
        pending: 0,
        taken: 0,
    };

    /// Adds a character in lower case: an ASCII character as it is, any other in bytes that are none.
    #[inline]
    pub(super) const fn push(&mut self, code: u32) {
        const ASCII: u32 = 0x80;
        let mut left = code;
        while left >= ASCII {
            self.byte((left % ASCII) | ASCII);
            left /= ASCII;
        }
        self.byte(if code < ASCII { code } else { left | ASCII });
    }

    #[inline]
    const fn byte(&mut self, byte: u32) {
        self.pending |= (byte as u64) << self.taken;
        self.taken += 8;
        if self.taken == u64::BITS {
            self.eight(self.pending);
            (self.pending, self.taken) = (0, 0);
        }
    }

    /// Adds eight ASCII characters, after none or eight others.
    #[inline]
    pub(super) const fn eight(&mut self, characters: u64) {
        let mixed = (self.mixed ^ characters).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.mixed = mixed ^ (mixed >> 32);
    }

    /// Adds the last ASCII characters, fewer than eight, after none or eight others.
    #[inline]
    pub(super) const fn rest(&mut self, characters: u64) {
        (self.pending, self.taken) = (characters, 8);
    }

    /// The hash of the whole word, never 0.
    #[inline]
    pub(super) const fn finish(mut self) -> u32 {
        if self.taken > 0 {
            self.eight(self.pending);
        }
        finish(self.mixed as u32)
    }
}

#[inline]
const fn finish(hash: u32) -> u32 {
    let mixed = (hash ^ (hash >> 15)).wrapping_mul(0x2C1B_3C6D);
    (mixed ^ (mixed >> 13)) | 1
}

/// The hash of `word` and what follows it.
#[inline]
pub(super) const fn mix(word: u32, rest: u32) -> u32 {
    finish(rest.wrapping_mul(0x9E37_79B1) ^ word)
}

/// Set where a phrase of several words ends with the word.
const ENDS: u16 = 1 << 15;

/// A word or a phrase: its hash, and a bit for each class that has it.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    hash: u32,
    classes: u16,
}

/// The phrases by their hashes, in a table with open addressing.
#[derive(Debug)]
pub(super) struct Phrases {
    slots: Vec<Slot>,
    /// A bit for each hash, so that most words that are no phrase are known for that without a look into the table, which is
    /// larger than the nearest cache.
    known: Box<[u64; KNOWN]>,
}

impl Phrases {
    /// Those that come with the crate.
    pub(super) fn built_in() -> &'static Self {
        static PHRASES: LazyLock<Phrases> = LazyLock::new(|| Phrases::parse(include_str!("phrases.txt")));
        &PHRASES
    }

    fn parse(list: &str) -> Self {
        let mut phrases = Self {
            slots: vec![Slot::default(); SLOTS],
            known: Box::new([0; KNOWN]),
        };
        for line in list.lines().filter(|line| !line.starts_with('#')) {
            let Some((head, members)) = line.split_once(':') else {
                continue;
            };
            let Some(class) = NAMES
                .iter()
                .position(|&name| head.split(' ').next() == Some(name))
            else {
                continue;
            };
            for phrase in members.split(',') {
                let words: Vec<u32> = split(phrase.trim()).iter().map(|word| word.hash).collect();
                let Some((&last, before)) = words.split_last() else {
                    continue;
                };
                if before.is_empty() {
                    phrases.insert(last, 1 << class);
                } else {
                    phrases.insert(last, ENDS);
                    let whole = before.iter().rev().fold(last, |rest, &word| mix(word, rest));
                    phrases.insert(whole, 1 << class);
                }
            }
        }
        phrases
    }

    /// The classes of the word or phrase with this hash, for [`Self::counts`]; 0 if it is none.
    #[inline]
    pub(super) fn get(&self, hash: u32) -> u16 {
        let (word, bit) = bit(hash);
        if self.known[word] & bit == 0 {
            return 0;
        }
        let mut at = hash as usize >> 8;
        loop {
            let slot = self.slots[at % SLOTS];
            if slot.hash == hash {
                return slot.classes;
            }
            if slot.hash == 0 {
                return 0;
            }
            at += 1;
        }
    }

    /// Whether a phrase of several words may end with this word.
    #[inline]
    pub(super) const fn ends_phrase(classes: u16) -> bool {
        classes & ENDS != 0
    }

    /// Adds `words` to the counts of each of `classes`.
    #[inline]
    pub(super) fn count(classes: u16, words: u16, counts: &mut [u16; CLASSES]) {
        let mut left = classes & !ENDS;
        while left != 0 {
            let count = &mut counts[left.trailing_zeros() as usize % CLASSES];
            *count = count.saturating_add(words);
            left &= left - 1;
        }
    }

    /// The words of a line, each with the classes that it has by itself and as part of a phrase.
    pub(super) fn words(&self, line: &str) -> Vec<Word> {
        let mut words = split(line);
        for last in 0..words.len() {
            let own = self.get(words[last].hash);
            words[last].classes |= own & !ENDS;
            if !Self::ends_phrase(own) {
                continue;
            }
            let mut chain = words[last].hash;
            for first in (last.saturating_sub(REACH)..last).rev() {
                chain = mix(words[first].hash, chain);
                let classes = self.get(chain) & !ENDS;
                words[first..=last]
                    .iter_mut()
                    .for_each(|word| word.classes |= classes);
            }
        }
        words
    }

    fn insert(&mut self, hash: u32, classes: u16) {
        let (word, bit) = bit(hash);
        self.known[word] |= bit;
        let mut at = hash as usize >> 8;
        while self.slots[at % SLOTS].hash != 0 && self.slots[at % SLOTS].hash != hash {
            at += 1;
        }
        let slot = &mut self.slots[at % SLOTS];
        slot.hash = hash;
        slot.classes |= classes;
    }
}

/// A power of two, at least twice the number of words and phrases.
const SLOTS: usize = 16_384;

/// Words of 64 bits that know which hashes there are.
const KNOWN: usize = 1024;

/// The word and the bit in it that stand for a hash.
const fn bit(hash: u32) -> (usize, u64) {
    ((hash >> 22) as usize, 1 << (hash >> 16 & 63))
}

/// Words of a phrase before its last one, at most.
pub(super) const REACH: usize = 5;

/// A word of a line, and what it is known for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word {
    hash: u32,
    classes: u16,
    /// Where it begins in the line, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// Whether it begins with a digit.
    pub number: bool,
    /// Whether it begins with a capital, or is of a script that has none.
    pub capital: bool,
    /// Whether it is a single ideograph or kana.
    pub ideograph: bool,
}

impl Word {
    /// Whether it belongs to a class.
    pub(super) const fn is(&self, class: usize) -> bool {
        self.classes >> class & 1 == 1
    }

    /// Whether it belongs to a class and no other.
    pub(super) const fn only(&self, class: usize) -> bool {
        self.classes == 1 << class
    }

    /// Whether it belongs to any class.
    pub(super) const fn is_known(&self) -> bool {
        self.classes != 0
    }

    /// Whether it belongs to a class of furniture.
    pub(super) const fn is_furniture(&self) -> bool {
        self.classes & !(1 << FUNCTION) != 0
    }
}

/// The words of a text, as a scan of it would find them, their classes still open.
fn split(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut open: Option<(Word, Hash)> = None;
    let close = |(word, hash): (Word, Hash)| Word {
        hash: hash.finish(),
        ..word
    };
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let begun = Word {
            hash: 0,
            classes: 0,
            start: at,
            end,
            number: c.is_numeric(),
            capital: c.is_alphabetic() && !c.is_lowercase(),
            ideograph: is_ideograph(c),
        };
        let letter = if c == '\u{2019}' { '\'' } else { c };
        // A scan takes the first letter alone of a letter that is several in lower case.
        let lower = letter.to_lowercase().next().unwrap_or(letter);
        if begun.ideograph {
            words.extend(open.take().map(close));
            let mut hash = Hash::START;
            hash.push(c.into());
            words.push(close((begun, hash)));
        } else if letter.is_alphanumeric() || letter == '\'' && open.is_some() {
            let (word, hash) = open.get_or_insert((begun, Hash::START));
            hash.push(lower.into());
            word.end = end;
        } else {
            words.extend(open.take().map(close));
        }
    }
    words.extend(open.map(close));
    words
}

#[cfg(test)]
mod tests {
    use super::super::scan::Scan;
    use super::*;

    fn hashes(phrase: &str) -> Vec<u32> {
        split(phrase).iter().map(|word| word.hash).collect()
    }

    #[test]
    fn a_word_has_one_hash_wherever_it_stands() {
        let word = "Unbequemlichkeitsverordnungen";
        for length in 1..=word.len() {
            let word = &word[..length];
            let [hash] = hashes(word)[..] else {
                panic!("{word} is one word");
            };
            // At the end of its line and before it.
            for (before, after) in [("", ""), ("", " — — — —"), ("— — ", "."), ("", ".........")]
            {
                let line = format!("{before}{word}{after}");
                let scan = Scan::of(&line, Phrases::built_in());
                assert_eq!(scan.hash, u64::from(hash), "{line}");
            }
        }
        for (one, other) in [
            ("don't", "don’t"),
            ("ÉTÉ", "été"),
            ("naïve", "NAÏVE"),
            ("x2y", "X2Y"),
        ] {
            assert_eq!(hashes(one), hashes(other));
            let [one, other] = [one, other].map(|word| Scan::of(word, Phrases::built_in()).hash);
            assert_eq!(one, other);
        }
        assert_ne!(hashes("og"), hashes("杯"));
    }

    #[test]
    fn every_class_is_there_in_every_language() {
        let list = include_str!("phrases.txt");
        for class in NAMES {
            for language in "en de fr es it pt nl ru uk pl tr ar zh ja".split(' ') {
                let head = format!("{class} {language}:");
                assert!(list.lines().any(|line| line.starts_with(&head)), "{head}");
            }
        }
        let entries = Phrases::built_in()
            .slots
            .iter()
            .filter(|slot| slot.hash != 0)
            .count();
        assert!(entries > 2_000 && entries * 2 < SLOTS, "{entries}");
    }

    #[test]
    fn phrases_have_at_most_four_words_and_known_classes() {
        for line in include_str!("phrases.txt")
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
        {
            let (head, members) = line.split_once(':').unwrap();
            assert!(NAMES.contains(&head.split(' ').next().unwrap()), "{head}");
            for phrase in members.split(',') {
                let cjk = phrase.chars().any(is_ideograph);
                let words = hashes(phrase).len();
                assert!(words > 0 && (cjk || words <= 4), "{phrase}");
            }
        }
    }
}
