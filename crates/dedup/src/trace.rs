//! What is kept of a text to compare others with: not the text, but for each word 16 bits of its hash, its length
//! and the gap before it, some 2½ bytes a word.
//!
//! That is enough to find where two texts agree, word for word, and to say where that is in code points. Words are
//! the same when hash and length are: of half a million ends of passages, one may lie a word too far.

use crate::bits::{BitReader, BitWriter};
use crate::words::{MOST, SHINGLE, Word};

/// The low bits of a word's length by Rice's code.
const LENGTH_LOW: u32 = 2;

/// The words of a text that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trace {
    words: Vec<u16>,
    /// The gap before each word and its length.
    layout: Vec<u8>,
}

/// What a trace keeps of a word's hash.
fn short(word: &Word) -> u16 {
    (word.hash >> 48) as u16
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

/// The trace of `text`, as it is kept.
pub(crate) fn encode(text: &str, words: &[Word]) -> Vec<u8> {
    let words = &words[..words.len().min(MOST)];
    let mut bits = BitWriter::default();
    for word in words {
        bits.push(u32::from(short(word)), 16);
    }
    bits.aligned();
    let ascii = text.is_ascii();
    let code_points = |start: u32, end: u32| {
        let (start, end) = (start as usize, end as usize);
        (if ascii {
            end - start
        } else {
            text[start..end].chars().count()
        }) as u64
    };
    let mut before = 0;
    for word in words {
        bits.rice(by_rank(code_points(before, word.start)), 0);
        bits.rice(code_points(word.start, word.end).saturating_sub(1), LENGTH_LOW);
        before = word.end;
    }
    std::mem::take(bits.aligned())
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
}

impl Trace {
    /// The trace of a text of `words` words from what [`encode`] gave.
    pub(crate) fn decode(bytes: &[u8], words: usize) -> Option<Self> {
        let (hashes, layout) = bytes.split_at_checked(words.min(MOST) * 2)?;
        let (hashes, _) = hashes.as_chunks::<2>();
        Some(Self {
            words: hashes.iter().map(|&hash| u16::from_le_bytes(hash)).collect(),
            layout: layout.to_vec(),
        })
    }

    /// The longest run of words around the shingle at word `at` that `here` and this text have in common, the
    /// first of equals; `None` where this text does not have the shingle.
    pub(crate) fn around(&self, here: &[Word], at: usize) -> Option<Common> {
        let shingle = here.get(at..at + SHINGLE)?;
        // The longest word is the rarest, as a rule.
        let rare = (0..SHINGLE).max_by_key(|&n| shingle[n].end - shingle[n].start)?;
        let mut longest: Option<Common> = None;
        for place in self.places(short(&shingle[rare])) {
            let Some(of_at) = place.checked_sub(rare) else {
                continue;
            };
            let back = here[..at].iter().rev().zip(self.words[..of_at].iter().rev());
            let back = back.take_while(|(a, b)| short(a) == **b).count();
            let on = here[at..]
                .iter()
                .zip(&self.words[of_at..])
                .take_while(|(a, b)| short(a) == **b)
                .count();
            if on >= SHINGLE && longest.is_none_or(|longest| back + on > longest.words) {
                longest = Some(Common {
                    start: at - back,
                    of_start: of_at - back,
                    words: back + on,
                });
            }
        }
        longest
    }

    /// Where a word stands.
    fn places(&self, word: u16) -> impl Iterator<Item = usize> {
        const BLOCK: usize = 32;
        let blocks = self.words.chunks(BLOCK).enumerate();
        blocks
            .filter(move |(_, block)| block.iter().fold(false, |found, &other| found | (other == word)))
            .flat_map(move |(number, block)| {
                let places = block.iter().enumerate();
                places
                    .filter(move |&(_, &other)| other == word)
                    .map(move |(n, _)| number * BLOCK + n)
            })
    }

    /// The words up to number `count`: where each begins and ends in code points.
    pub(crate) fn spans(&self, count: usize) -> Vec<(usize, usize)> {
        let mut bits = BitReader::new(&self.layout);
        let mut end = 0;
        (0..count.min(self.words.len()))
            .map(|_| {
                let start = end + from_rank(bits.rice(0)) as usize;
                end = start + bits.rice(LENGTH_LOW) as usize + 1;
                (start, end)
            })
            .collect()
    }
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
            let trace = Trace::decode(&encode(&text, &words), words.len()).unwrap();
            let points: Vec<char> = text.chars().collect();
            let spans = trace.spans(words.len());
            prop_assert_eq!(spans.len(), words.len());
            for (word, (start, end)) in words.iter().zip(spans) {
                let there: String = points[start..end].iter().collect();
                prop_assert_eq!(&there, &text[word.start as usize..word.end as usize]);
            }
        }
    }

    #[test]
    fn the_longest_common_run_is_found() {
        let here = words("x a b c d e f g y");
        let there = "a b c d e q q q x a b c d e f g z";
        let trace = Trace::decode(&encode(there, &words(there)), 17).unwrap();
        let common = Common {
            start: 0,
            of_start: 8,
            words: 8,
        };
        assert_eq!(trace.around(&here, 2), Some(common));
        assert_eq!(trace.around(&here, 4), None, "a shingle goes past the run");
    }
}
