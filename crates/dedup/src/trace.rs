//! What is kept of a text to compare others with: not the text, but for each word 16 bits of its hash, its length
//! and the gap before it, some 2½ bytes a word.
//!
//! That is enough to find where two texts agree, word for word, and to say where that is in code points. Words are
//! the same when hash and length are: of half a million ends of passages, one may lie a word too far.

use std::ops::Range;

use crate::bits::{BitReader, BitWriter};
use crate::words::{MOST, SHINGLE, Word};

/// The low bits of a word's length by Rice's code.
const LENGTH_LOW: u32 = 2;

/// Where a word begins and ends, in code points.
pub(crate) type Span = (u32, u32);

/// The words of a text as they are kept: their short hashes, then the gap before each and its length.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Trace {
    bytes: Vec<u8>,
    words: usize,
}

/// A gap of one code point is by far the most common, then two (a comma), then none (scripts without spaces).
fn by_rank(gap: u64) -> u64 {
    match gap {
        0 => 2,
        1 | 2 => gap - 1,
        _ => gap,
    }
}

fn from_rank(rank: u64) -> u64 {
    match rank {
        2 => 0,
        0 | 1 => rank + 1,
        _ => rank,
    }
}

/// Words that two texts have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Common {
    /// First word here.
    pub(crate) start: usize,
    /// First word there.
    pub(crate) of_start: usize,
    /// Length in words.
    pub(crate) words: usize,
}

impl Common {
    pub(crate) fn end(&self) -> usize {
        self.start + self.words
    }

    /// The words here, by number.
    pub(crate) fn here(&self) -> Range<usize> {
        self.start..self.end()
    }

    /// The words there.
    pub(crate) fn there(&self) -> Range<usize> {
        self.of_start..self.of_start + self.words
    }
}

impl Trace {
    /// The trace of `text`, which has these `words`.
    pub(crate) fn new(text: &str, words: &[Word]) -> Self {
        let words = &words[..words.len().min(MOST)];
        let mut bits = BitWriter::default();
        let bytes = bits.aligned();
        bytes.reserve(words.len() * 3);
        bytes.resize(words.len() * 2, 0);
        for (bytes, word) in bytes.as_chunks_mut::<2>().0.iter_mut().zip(words) {
            *bytes = ((word.hash >> 48) as u16).to_le_bytes();
        }
        let ascii = text.is_ascii();
        let code_points = |start: u32, end: u32| match ascii {
            true => end - start,
            false => code_points(text.as_bytes(), start as usize, end as usize),
        };
        let mut before = 0;
        for word in words {
            let gap = code_points(before, word.start);
            let length = code_points(word.start, word.end);
            let below = u64::from(length).saturating_sub(1);
            bits.rice_pair(by_rank(u64::from(gap)), below, LENGTH_LOW);
            before = word.end;
        }
        let bytes = std::mem::take(bits.aligned());
        let words = words.len();
        Self { bytes, words }
    }

    /// The trace of a text of `words` words from its [`bytes`](Self::bytes).
    pub(crate) fn from_bytes(bytes: Vec<u8>, words: usize) -> Option<Self> {
        let words = words.min(MOST);
        (bytes.len() >= words * 2).then_some(Self { bytes, words })
    }

    /// How many words it has.
    pub(crate) fn words(&self) -> usize {
        self.words
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn hashes(&self) -> &[[u8; 2]] {
        self.bytes[..self.words * 2].as_chunks::<2>().0
    }

    /// The longest run of words around the shingle at word `at` that the text of trace `here`, whose words are
    /// `spans`, and this text have in common, the first of equals; `None` where this text does not have the
    /// shingle.
    pub(crate) fn around(&self, here: &Self, spans: &[Span], at: usize) -> Option<Common> {
        let (here, there) = (here.hashes(), self.hashes());
        let shingle = spans.get(at..at + SHINGLE)?;
        // The longest word is the rarest, as a rule.
        let rare = (0..SHINGLE).max_by_key(|&n| shingle[n].1 - shingle[n].0)?;
        let mut longest: Option<Common> = None;
        for place in places(there, here[at + rare]) {
            let Some(of_at) = place.checked_sub(rare) else {
                continue;
            };
            let same = |(a, b): &(&[u8; 2], &[u8; 2])| a == b;
            let on = here[at..].iter().zip(&there[of_at..]).take_while(same).count();
            if on < SHINGLE {
                continue;
            }
            let back = here[..at].iter().rev().zip(there[..of_at].iter().rev());
            let back = back.take_while(same).count();
            if longest.is_none_or(|longest| back + on > longest.words) {
                longest = Some(Common {
                    start: at - back,
                    of_start: of_at - back,
                    words: back + on,
                });
            }
        }
        longest
    }

    /// The words up to number `count`.
    pub(crate) fn spans(&self, count: usize) -> Vec<Span> {
        let count = count.min(self.words);
        let mut spans = Vec::with_capacity(count);
        let mut end = 0;
        BitReader::new(&self.bytes[self.words * 2..]).rice_pairs(count, LENGTH_LOW, |gap, length| {
            let start = end + from_rank(gap) as u32;
            end = start + length as u32 + 1;
            spans.push((start, end));
        });
        spans
    }
}

/// How many code points `text`, which is UTF-8, has from byte `start` to byte `end`: as many as there are bytes that are not `10xxxxxx`.
fn code_points(text: &[u8], start: usize, end: usize) -> u32 {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let (mut at, mut more) = (start, 0);
    while at < end {
        let count = (end - at).min(8);
        let word = match text[at..].first_chunk::<8>() {
            Some(chunk) => u64::from_le_bytes(*chunk) & (u64::MAX >> (64 - 8 * count)),
            None => text[at..end]
                .iter()
                .fold(0, |word, &byte| word << 8 | u64::from(byte)),
        };
        let follow = word & !(word << 1) & HIGH;
        // The product has their number in its highest byte.
        more += (follow >> 7).wrapping_mul(0x0101_0101_0101_0101) >> 56;
        at += count;
    }
    (end - start) as u32 - more as u32
}

/// Where a word stands.
fn places(words: &[[u8; 2]], word: [u8; 2]) -> impl Iterator<Item = usize> {
    const BLOCK: usize = 32;
    let blocks = words.chunks(BLOCK).enumerate();
    blocks
        .filter(move |(_, block)| block.iter().fold(false, |found, &other| found | (other == word)))
        .flat_map(move |(number, block)| {
            let places = block.iter().enumerate();
            places
                .filter(move |&(_, &other)| other == word)
                .map(move |(n, _)| number * BLOCK + n)
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::words::words;

    proptest! {
        #[test]
        fn every_word_is_found_again(text in "(Łódź|über|[a-f]{1,12}|京|[0-9]|[ ,.\n—😀]{1,5}| ){0,60}") {
            let words = words(&text);
            let trace = Trace::new(&text, &words);
            let trace = Trace::from_bytes(trace.bytes().to_vec(), words.len()).unwrap();
            let points: Vec<char> = text.chars().collect();
            let spans = trace.spans(words.len());
            prop_assert_eq!(spans.len(), words.len());
            for (word, (start, end)) in words.iter().zip(spans) {
                let there: String = points[start as usize..end as usize].iter().collect();
                prop_assert_eq!(&there, &text[word.start as usize..word.end as usize]);
            }
        }
    }

    #[test]
    fn the_longest_common_run_is_found() {
        let trace = |text: &str| Trace::new(text, &words(text));
        let here = trace("x a b c d e f g y");
        let spans = here.spans(here.words());
        let there = "a b c d e q q q x a b c d e f g z";
        let common = Common {
            start: 0,
            of_start: 8,
            words: 8,
        };
        assert_eq!(trace(there).around(&here, &spans, 2), Some(common));
        assert_eq!(
            trace(there).around(&here, &spans, 4),
            None,
            "a shingle goes past the run"
        );
    }
}
