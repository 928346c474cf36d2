//! A trained tagger and the bytes that it is kept in.
//!
//! The weights of a feature are a row of small integers, one for each label. Rows are found by the hash of the
//! feature: its first bits choose a bucket of four rows, one line of the processor's cache, and the next bits must
//! agree with those kept beside the weights. So a feature that was not worth keeping weighs nothing, instead of
//! borrowing the weights of another.

use std::hint::{black_box, select_unpredictable};

use crate::features::{Lexicon, Usage, hash};
use crate::labels::{LABELS, TYPES};
use crate::viterbi::Transitions;

/// Two to the power of this many buckets is the most that a model can have.
const MOST_BITS: u8 = 20;
/// Rows a bucket.
pub const ROWS: usize = 4;
/// What is known of a word beside its case, each with a bit in the head of its record.
const FIELDS: u32 = 5;
/// Bytes of the tag that a row is told by.
const TAG: usize = 2;
const MAGIC: &[u8; 4] = b"GMT4";

/// Rows that share a line of the cache: weights as two's complement, then the tag, which is zero in a free row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(align(64))]
struct Bucket([[u8; 16]; ROWS]);

/// The row of a feature that has none.
static NONE: [u8; 16] = [0; 16];

/// The weights of features.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    bits: u8,
    buckets: Vec<Bucket>,
}

/// A trained tagger.
pub struct Model {
    /// The weights of features, in both passes.
    pub table: Table,
    /// The weights of pairs of labels in the first and in the second pass, in the units of the rows.
    pub transitions: [Transitions; 2],
    /// What is known of words.
    pub lexicon: Lexicon,
    /// Tokens this far from every capital and every unknown word are in no name and are not weighed; 0 to weigh all.
    pub reach: u8,
    /// A lead of the first pass that counts as one step for the second.
    pub unit: f32,
    /// What names of other kinds get ahead; minus infinity for a model that knows none.
    pub ahead: f32,
    /// The weights that make a probability of a name's [`leads`](Self::leads), for each type.
    pub calibration: [[f32; 3]; TYPES.len()],
}

/// The bytes are not a model of this version.
#[derive(Debug, thiserror::Error)]
#[error("not a tagger's model of this version")]
pub struct NotAModel;

fn tag(feature: u64, bits: u8) -> u16 {
    ((feature >> (48 - u32::from(bits))) as u16).max(1)
}

impl Table {
    /// A table of two to the power of `bits` buckets without a weight.
    pub fn new(bits: u8) -> Self {
        let bits = bits.clamp(4, MOST_BITS);
        Self {
            bits,
            buckets: vec![Bucket::default(); 1 << bits],
        }
    }

    fn bucket(&self, feature: u64) -> usize {
        (feature >> (64 - u32::from(self.bits))) as usize
    }

    /// Gives `feature` its weights; false if its bucket is full or has a feature of the same tag.
    pub fn insert(&mut self, feature: u64, weights: &[i8; LABELS]) -> bool {
        let tag = tag(feature, self.bits);
        let at = self.bucket(feature);
        for row in &mut self.buckets[at].0 {
            let there = u16::from_le_bytes([row[14], row[15]]);
            if there == tag {
                return false;
            }
            if there == 0 {
                for (slot, weight) in row.iter_mut().zip(weights) {
                    *slot = weight.cast_unsigned();
                }
                row[16 - TAG..].copy_from_slice(&tag.to_le_bytes());
                return true;
            }
        }
        false
    }

    /// The sum of the weights of `features`, label by label.
    ///
    /// The table is larger than the near caches, so nearly all the time goes by waiting for its lines. Two habits let
    /// the processor wait for many at once: each line is touched before the first is used, and no branch hangs on
    /// what they hold.
    pub fn sum<const N: usize>(&self, features: &[u64; N]) -> [f32; LABELS] {
        let touch = |all, &feature: &u64| all ^ self.buckets[self.bucket(feature)].0[0][0];
        black_box(features.iter().fold(0, touch));
        let mut sums = [0_i16; 16];
        for &feature in features {
            let tag = tag(feature, self.bits);
            let mut found = &NONE;
            for row in &self.buckets[self.bucket(feature)].0 {
                let there = u16::from_le_bytes([row[14], row[15]]) == tag;
                found = select_unpredictable(there, row, found);
            }
            for (sum, &weight) in sums.iter_mut().zip(found) {
                *sum = sum.wrapping_add(i16::from(weight.cast_signed()));
            }
        }
        std::array::from_fn(|label| f32::from(sums[label]))
    }
}

impl Model {
    /// The probability that a name of type number `kind` with these leads over the next best label is right.
    pub fn probability(&self, kind: usize, least: f32, mean: f32) -> f64 {
        let weights = self.calibration[kind].map(f64::from);
        let sum: f64 = self
            .leads(least, mean)
            .iter()
            .zip(weights)
            .map(|(lead, weight)| lead * weight)
            .sum();
        1.0 / (1.0 + (-sum).exp())
    }

    /// What a name's probability is made of: its least lead, in units, the logarithm of its mean lead, and one. A
    /// name that is ahead by far is hardly surer than one that is ahead by half of it.
    pub fn leads(&self, least: f32, mean: f32) -> [f64; 3] {
        let unit = f64::from(self.unit);
        let mean = (f64::from(mean) / unit).max(0.0);
        [f64::from(least) / unit, mean.ln_1p(), 1.0]
    }

    /// The lists of names that have `word`, a bit each.
    pub(crate) fn lists(&self, word: &str) -> u16 {
        let key = hash(word.chars().flat_map(char::to_lowercase));
        self.lexicon.words.get(&key).map_or(0, |usage| usage.lists)
    }

    /// The bytes of the model.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend([self.table.bits, self.reach]);
        for value in self.transitions.as_flattened().as_flattened() {
            out.extend(value.to_le_bytes());
        }
        for value in [self.unit, self.ahead]
            .iter()
            .chain(self.calibration.as_flattened())
        {
            out.extend(value.to_le_bytes());
        }
        out.extend((self.lexicon.paths.len() as u32).to_le_bytes());
        for path in &self.lexicon.paths {
            out.extend(path.to_le_bytes());
        }
        let mut words: Vec<_> = self.lexicon.words.iter().collect();
        words.sort_by_key(|(word, _)| **word);
        out.extend((words.len() as u32).to_le_bytes());
        let mut last = 0;
        for (&word, usage) in words {
            number(&mut out, word - last);
            last = word;
            let fields = [
                usage.cluster.into(),
                usage.paths[0],
                usage.paths[1],
                usage.lists,
                usage.topic.into(),
            ];
            let mask = fields
                .iter()
                .rev()
                .fold(0, |mask, &field| mask << 1 | u8::from(field > 0));
            out.push(usage.case << FIELDS | mask);
            for field in fields.into_iter().filter(|&field| field > 0) {
                number(&mut out, field.into());
            }
        }
        for bucket in &self.table.buckets {
            let rows: Vec<_> = bucket
                .0
                .iter()
                .filter(|row| row[14] != 0 || row[15] != 0)
                .collect();
            out.push(rows.len() as u8);
            for row in rows {
                out.extend(&row[16 - TAG..]);
                let mask = (0..LABELS).fold(0_u16, |mask, label| mask | u16::from(row[label] != 0) << label);
                out.extend(mask.to_le_bytes());
                out.extend(row[..LABELS].iter().filter(|&&weight| weight != 0));
            }
        }
        out
    }

    /// The model that `bytes` hold.
    ///
    /// # Errors
    /// They hold none, or one of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotAModel> {
        Self::read(bytes).ok_or(NotAModel)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let mut bytes = bytes.strip_prefix(MAGIC)?;
        let [bits, reach] = take(&mut bytes)?;
        if !(4..=MOST_BITS).contains(&bits) {
            return None;
        }
        let mut transitions = [[[0.0; LABELS]; LABELS]; 2];
        for value in transitions.as_flattened_mut().as_flattened_mut() {
            *value = f32::from_le_bytes(take(&mut bytes)?);
        }
        let unit = f32::from_le_bytes(take(&mut bytes)?);
        let ahead = f32::from_le_bytes(take(&mut bytes)?);
        let mut calibration = [[0.0; 3]; TYPES.len()];
        for value in calibration.as_flattened_mut() {
            *value = f32::from_le_bytes(take(&mut bytes)?);
        }
        let lexicon = words(&mut bytes)?;
        let mut table = Table::new(bits);
        for bucket in &mut table.buckets {
            let [rows] = take(&mut bytes)?;
            for row in bucket.0.get_mut(..usize::from(rows))? {
                let tag: [u8; TAG] = take(&mut bytes)?;
                row[16 - TAG..].copy_from_slice(&tag);
                let mut mask = u16::from_le_bytes(take(&mut bytes)?);
                while mask != 0 {
                    let label = mask.trailing_zeros() as usize;
                    mask &= mask - 1;
                    let [weight] = take(&mut bytes)?;
                    *row.get_mut(label).filter(|_| label < LABELS)? = weight;
                }
            }
        }
        bytes.is_empty().then_some(Self {
            table,
            transitions,
            lexicon,
            reach,
            unit,
            ahead,
            calibration,
        })
    }
}

fn words(bytes: &mut &[u8]) -> Option<Lexicon> {
    let mut lexicon = Lexicon::default();
    let count = u32::from_le_bytes(take(bytes)?);
    for _ in 0..count {
        lexicon.paths.push(u32::from_le_bytes(take(bytes)?));
    }
    let count = u32::from_le_bytes(take(bytes)?);
    lexicon.words.reserve((count as usize).min(bytes.len() / 2));
    let mut word = 0_u32;
    for _ in 0..count {
        word = word.checked_add(read_number(bytes)?)?;
        let [head] = take(bytes)?;
        let mut field = |bit: u8| {
            if head >> bit & 1 == 1 {
                u16::try_from(read_number(bytes)?).ok()
            } else {
                Some(0)
            }
        };
        let usage = Usage {
            case: head >> FIELDS,
            cluster: u8::try_from(field(0)?).ok()?,
            paths: [field(1)?, field(2)?],
            lists: field(3)?,
            topic: u8::try_from(field(4)?).ok()?,
        };
        lexicon.words.insert(word, usage);
    }
    Some(lexicon)
}

/// Seven bits a byte, the lowest first; the last byte is below 128.
fn number(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn read_number(bytes: &mut &[u8]) -> Option<u32> {
    let mut value = 0_u32;
    for shift in (0..32).step_by(7) {
        let [byte] = take(bytes)?;
        value |= u32::from(byte & 0x7F).checked_shl(shift)?;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = bytes.split_first_chunk()?;
    *bytes = tail;
    Some(*head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_survives_its_bytes() {
        let mut model = Model {
            table: Table::new(10),
            transitions: [[[0.5; LABELS]; LABELS]; 2],
            lexicon: Lexicon::default(),
            reach: 2,
            unit: 4.0,
            ahead: -1.0,
            calibration: [[1.0, 2.0, 3.0]; TYPES.len()],
        };
        let weights = [-7, 0, 0, 127, 0, 0, 0, 0, 0, 0, 0, 0, 1, -2];
        assert!(model.table.insert(0xABCD_EF01_2345_6789, &weights));
        model.lexicon.paths = vec![0, 70_000];
        let usage = Usage {
            case: 3,
            cluster: 200,
            paths: [0, 1],
            lists: 300,
            topic: 2,
        };
        model.lexicon.words.insert(900_000, usage);
        let bytes = model.to_bytes();
        let back = Model::from_bytes(&bytes).unwrap();
        assert_eq!(back.table, model.table);
        assert_eq!(back.lexicon, model.lexicon);
        assert_eq!(back.reach, model.reach);
        assert_eq!(back.calibration, model.calibration);
        for end in 0..bytes.len() {
            assert!(Model::from_bytes(&bytes[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn only_a_feature_that_was_kept_weighs_something() {
        let mut table = Table::new(4);
        let weights = std::array::from_fn(|label| label as i8 - 5);
        assert!(table.insert(0x1234_5678_9ABC_DEF0, &weights));
        assert!(!table.insert(0x1234_5678_9ABC_DEF0, &weights));
        let sum = table.sum(&[0x1234_5678_9ABC_DEF0, 0x1334_5678_9ABC_DEF0]);
        assert_eq!(sum, std::array::from_fn(|label| label as f32 - 5.0));
    }
}
