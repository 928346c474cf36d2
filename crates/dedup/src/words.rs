//! Words and their fingerprints: the pure half of the work.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::credits;
use crate::index::KEY_BITS;

/// A word of a text: its hash with case folded away, and where it stands in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) hash: u64,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// How many words make a shingle. Five in a row are rare enough to stand for their place even among a million
/// articles, where three would be idiom.
pub(crate) const SHINGLE: usize = 5;

/// A short text has about so many fingerprints or more, if it has so many shingles: a sample of fewer would be left to
/// chance, and all of them would take as much room in the index as those of a text four times as long.
const FEWEST: usize = 13;

/// A text without this many words says too little to be anything but an exact copy.
const LEAST: usize = 12;

/// Where a fingerprint stands is kept in 16 bits, so what lies behind so many words is not fingerprinted.
pub(crate) const MOST: usize = u16::MAX as usize;

/// Spreads `value` over all 64 bits (the finalizer of SplitMix64). Hashes are stored, so this never changes.
pub(crate) fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// Whether `c` belongs to a script that sets no spaces between words; each such character is a word.
fn stands_alone(c: char) -> bool {
    matches!(c,
        '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// The words of `text`: runs of letters and digits, whatever their case, spacing and punctuation, and whether or not
/// their accents are characters of their own.
pub(crate) fn words(text: &str) -> Vec<Word> {
    let bytes = text.as_bytes();
    let mut words = Vec::with_capacity(text.len() / 5);
    // Bit by bit: whether a byte may belong to a word. Most of a text is found so, without a look at characters.
    let mut at = 0;
    let mut open = None;
    for chunk in bytes.chunks(64) {
        let mut may = 0_u64;
        for (n, &byte) in chunk.iter().enumerate() {
            may |= u64::from(MAY_BE_WORD[usize::from(byte)]) << n;
        }
        // A bit where a run begins, or ends.
        let mut turns = may ^ (may << 1 | u64::from(open.is_some()));
        while turns != 0 {
            let turn = at + turns.trailing_zeros() as usize;
            turns &= turns - 1;
            match open.take() {
                None => open = Some(turn),
                Some(start) => run(text, start, turn.min(bytes.len()), &mut words),
            }
        }
        at += chunk.len();
    }
    if let Some(start) = open {
        run(text, start, bytes.len(), &mut words);
    }
    words
}

/// Letters and digits of ASCII, and all that is not ASCII.
const MAY_BE_WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = byte >= 128 || (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    table
};

/// Adds the words between `start` and `end`, where there is nothing of ASCII but letters and digits.
fn run(text: &str, start: usize, end: usize, words: &mut Vec<Word>) {
    const ASCII: u64 = 0x8080_8080_8080_8080;
    const LOWER: u64 = 0x2020_2020_2020_2020;
    let bytes = text.as_bytes();
    let mut hash = SEED;
    let mut at = start;
    while at < end {
        // Eight bytes at once; the bit that makes a letter lower-case is set in digits anyway.
        let count = (end - at).min(8);
        let word = match bytes[at..].first_chunk::<8>() {
            Some(chunk) => u64::from_le_bytes(*chunk) & (u64::MAX >> (64 - 8 * count)),
            None => bytes[at..end]
                .iter()
                .rev()
                .fold(0, |word, &byte| word << 8 | u64::from(byte)),
        };
        if word & ASCII != 0 {
            characters(text, start, end, words);
            return;
        }
        hash = step(hash, word | LOWER >> (64 - 8 * count));
        at += 8;
    }
    words.push(Word {
        hash: mix(hash),
        start: start as u32,
        end: end as u32,
    });
}

const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// Goes on hashing with up to eight bytes.
fn step(hash: u64, bytes: u64) -> u64 {
    (hash.rotate_left(29) ^ bytes).wrapping_mul(0x9fb2_1c65_1e98_df25)
}

/// The hash that [`run`] gives to a word of these lower-case bytes.
fn hash(lower: &[u8]) -> u64 {
    let hash = lower.chunks(8).fold(SEED, |hash, chunk| {
        step(
            hash,
            chunk
                .iter()
                .rev()
                .fold(0, |word, &byte| word << 8 | u64::from(byte)),
        )
    });
    mix(hash)
}

/// Adds the words between `start` and `end`, character by character.
fn characters(text: &str, start: usize, end: usize, words: &mut Vec<Word>) {
    let mut lower = String::with_capacity(32);
    let mut first = start;
    let mut marked = false;
    let mut close = |lower: &mut String, marked: &mut bool, first: usize, end: usize| {
        if !lower.is_empty() {
            if *marked {
                // A letter and a mark are the letter that has the mark.
                *lower = lower.nfc().collect();
            }
            words.push(Word {
                hash: hash(lower.as_bytes()),
                start: first as u32,
                end: end as u32,
            });
            lower.clear();
            *marked = false;
        }
    };
    for (at, c) in text[start..end].char_indices() {
        let at = start + at;
        if !lower.is_empty() && c >= '\u{300}' && is_combining_mark(c) {
            lower.push(c);
            marked = true;
            continue;
        }
        if !c.is_alphanumeric() {
            close(&mut lower, &mut marked, first, at);
            continue;
        }
        let alone = stands_alone(c);
        if alone {
            close(&mut lower, &mut marked, first, at);
        }
        if lower.is_empty() {
            first = at;
        }
        lower.extend(c.to_lowercase());
        if alone {
            close(&mut lower, &mut marked, first, at + c.len_utf8());
        }
    }
    close(&mut lower, &mut marked, first, end);
}

/// A hash of all words in order, or of the text itself where it has none: equal for what is equal but for
/// case, spacing, punctuation and, where [`LEAST`] words are left without them, credits.
pub(crate) fn content(text: &str, words: &[Word]) -> u128 {
    let body = credits::body(text);
    let first = words.partition_point(|word| (word.start as usize) < body.start);
    let last = words.partition_point(|word| (word.end as usize) <= body.end);
    let words = match words.get(first..last) {
        Some(body) if body.len() >= LEAST => body,
        _ => words,
    };
    let (mut low, mut high) = (1_u64, 2_u64);
    let mut add = |value: u64| {
        low = mix(low ^ value).wrapping_add(0x9e37_79b9_7f4a_7c15);
        high = mix(high.rotate_left(23) ^ value).wrapping_add(value);
    };
    if words.is_empty() {
        text.bytes().for_each(|byte| add(u64::from(byte) << 32 | 1));
    }
    words.iter().for_each(|word| add(word.hash));
    u128::from(low) << 64 | u128::from(high)
}

/// A shingle that stands for its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Print(u64);

const CONTEXT_BITS: u32 = 6;

impl Print {
    fn new(hash: u64, at: usize, context: u16) -> Self {
        // What winnowing chose are small hashes; keys are to be spread evenly.
        let key = mix(hash) >> (u64::BITS - KEY_BITS);
        Self((key << u16::BITS | at as u64) << CONTEXT_BITS | u64::from(context))
    }

    /// What its hash gives for the index.
    pub(crate) fn key(self) -> u64 {
        self.0 >> (u16::BITS + CONTEXT_BITS)
    }

    /// The number of its first word.
    pub(crate) fn at(self) -> u16 {
        (self.0 >> CONTEXT_BITS) as u16
    }

    /// A few bits that stand for the words around it.
    pub(crate) fn context(self) -> u16 {
        self.0 as u16 & ((1 << CONTEXT_BITS) - 1)
    }
}

/// So many words on one side of a shingle make its context on that side.
const SIDE: usize = 2;

/// Three bits that stand for the two words before the shingle at `at`, and three for the two words after it; 0 where
/// the text ends. A common run of eight words or more around a shingle goes on for two words on one side at
/// least, so that contexts tell most of the shared idiom from what was copied, without a look at the text.
fn context(words: &[Word], at: usize) -> u16 {
    let side = |words: Option<&[Word]>| match words {
        Some([a, b]) => 1 + ((a.hash.rotate_left(17) ^ b.hash) >> 48) as u16 % 7,
        _ => 0,
    };
    let before = at.checked_sub(SIDE).and_then(|first| words.get(first..at));
    let after = words.get(at + SHINGLE..at + SHINGLE + SIDE);
    side(before) << 3 | side(after)
}

/// Whether texts may go on in the same way around a shingle with these contexts.
pub(crate) fn may_go_on(here: u16, there: u16) -> bool {
    (here >> 3 == there >> 3 && here >> 3 != 0) || (here & 7 == there & 7 && here & 7 != 0)
}

/// The hash of the shingle of these words.
fn shingle(words: &[Word]) -> u64 {
    let hash = |hash: u64, word: &Word| hash.rotate_left(11).wrapping_add(word.hash);
    mix(words.iter().fold(0, hash))
}

/// Puts each shingle before or behind others: first come those in the middle of which stand
/// the two words with the least hash of all in a row (open syncmers, Edgar 2021). Such do not lie close together, and so
/// an eighth fewer stand for a text than if hashes alone decided.
fn ranks(words: &[Word]) -> Vec<u64> {
    let pairs = words.array_windows::<2>();
    let pairs: Vec<u64> = pairs
        .map(|[a, b]| mix(a.hash.rotate_left(23).wrapping_add(b.hash)))
        .collect();
    words
        .windows(SHINGLE)
        .zip(pairs.array_windows::<{ SHINGLE - 1 }>())
        .map(|(words, pairs)| {
            let middle = pairs[SHINGLE / 2];
            let least = pairs.iter().fold(true, |least, &pair| least & (pair >= middle));
            u64::from(!least) << 63 | shingle(words) >> 1
        })
        .collect()
}

/// The fingerprints of a text, each once, by place: of `window` shingles in a row the one with the least of [`ranks`]
/// (winnowing, Schleimer et al. 2003), so that each run of `SHINGLE + window - 1` words is sure to have one.
pub(crate) fn fingerprints(words: &[Word], window: usize) -> Vec<Print> {
    let words = &words[..words.len().min(MOST)];
    if words.len() < LEAST {
        return Vec::new();
    }
    let ranks = ranks(words);
    // Of a window of `n` two in `n + 1` shingles are chosen.
    let window = (2 * ranks.len() / FEWEST).saturating_sub(1).clamp(1, window);
    let mut chosen = Vec::with_capacity(ranks.len() * 5 / (2 * window + 2) + 1);
    winnow(&ranks, window, |at| {
        let hash = shingle(&words[at..at + SHINGLE]);
        chosen.push(Print::new(hash, at, context(words, at)));
    });
    let mut seen = Seen::new(chosen.len());
    chosen.retain(|print| seen.insert(print.key()));
    chosen
}

/// A set of keys.
struct Seen(Vec<u64>);

impl Seen {
    fn new(keys: usize) -> Self {
        Self(vec![u64::MAX; (keys * 2).next_power_of_two()])
    }

    /// Adds `key`, unless it is there already.
    fn insert(&mut self, key: u64) -> bool {
        let mut slot = key as usize & (self.0.len() - 1);
        while self.0[slot] != u64::MAX {
            if self.0[slot] == key {
                return false;
            }
            slot = (slot + 1) & (self.0.len() - 1);
        }
        self.0[slot] = key;
        true
    }
}

/// Calls `choose` with the place of the least of each `window` ranks in a row.
fn winnow(all: &[u64], window: usize, mut choose: impl FnMut(usize)) {
    // The least of a window stays the least of the next, unless it falls out or what comes in is less.
    let mut least = usize::MAX;
    for (first, hashes) in all.windows(window.clamp(1, all.len().max(1))).enumerate() {
        let last = first + hashes.len() - 1;
        if least < first || least == usize::MAX {
            least = first + (0..hashes.len()).min_by_key(|&n| hashes[n]).unwrap_or_default();
        } else if all[last] < all[least] {
            least = last;
        } else {
            continue;
        }
        choose(least);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn same(a: &str, b: &str) -> bool {
        content(a, &words(a)) == content(b, &words(b))
    }

    #[test]
    fn short_texts_have_enough_fingerprints_and_not_many_more() {
        let count = |length: usize, text: usize| {
            let text: Vec<String> = (0..length).map(|n| format!("w{}", text * 1_000 + n)).collect();
            fingerprints(&words(&text.join(" ")), 8).len()
        };
        for length in [16, 20, 30, 45, 60, 70] {
            let mean = (0..200).map(|text| count(length, text)).sum::<usize>() as f64 / 200.0;
            let shingles = length + 1 - SHINGLE;
            let enough = FEWEST.min(shingles) as f64 - 2.0;
            assert!(
                (enough..=1.6 * FEWEST as f64).contains(&mean),
                "{mean} of {shingles}"
            );
        }
    }

    #[test]
    fn case_spacing_and_punctuation_do_not_count() {
        assert!(same("He said: “We won’t go.”", "he SAID  we won't go"));
        assert!(same("Приём — сегодня", "приём сегодня"));
        assert!(!same("We won", "Won we"));
        assert!(same(
            "Le café d’Ödön, à Łódź",
            "le cafe\u{301} d'O\u{308}do\u{308}n, a\u{300} Ło\u{301}dz\u{301}"
        ));
        assert!(!same("...", "!!!"));
    }

    #[test]
    fn scripts_without_spaces_go_by_characters() {
        assert_eq!(words("北京 ab東京").len(), 5);
        let text = "东京电力";
        let spans: Vec<&str> = words(text)
            .iter()
            .map(|w| &text[w.start as usize..w.end as usize])
            .collect();
        assert_eq!(spans, ["东", "京", "电", "力"]);
    }

    proptest! {
        #[test]
        fn words_are_those_found_character_by_character(text in "([a-zA-Z0-9 ,.'éÉßİ京—😀]|Łódź | straße |[a-z]{60}){0,80}") {
            let mut expected = Vec::new();
            characters(&text, 0, text.len(), &mut expected);
            prop_assert_eq!(words(&text), expected);
        }
    }

    #[test]
    fn every_long_enough_run_has_a_fingerprint() {
        let text: Vec<String> = (0..500).map(|n| format!("w{}", mix(n))).collect();
        let found = fingerprints(&words(&text.join(" ")), 8);
        let starts: Vec<usize> = found.iter().map(|print| usize::from(print.at())).collect();
        for first in 0..=500 - 12 {
            assert!(
                starts.iter().any(|&at| at >= first && at + SHINGLE <= first + 12),
                "{first}"
            );
        }
        assert!(found.len() < 105, "{} fingerprints", found.len());
    }
}
