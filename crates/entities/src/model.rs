//! A trained tagger and the bytes that it is kept in.
//!
//! The rows of the model are a table of small integers, one cache line's quarter each, addressed by the hash of
//! a feature. In the file only the rows that matter stand, each as its distance from the last, a mask of the
//! labels that have a weight, and these weights.

use crate::features::{Lexicon, TEMPLATES, Usage};
use crate::labels::LABELS;
use crate::viterbi::Transitions;

/// The weights of one feature, one for each label, padded to a power of two.
pub type Row = [i8; 16];

const MAGIC: &[u8; 4] = b"GMT1";

/// A trained tagger.
pub struct Model {
    /// The table has two to the power of this many rows.
    pub bits: u8,
    /// The weights of features.
    pub rows: Vec<Row>,
    /// The weights of pairs of labels, in the units of the rows.
    pub transitions: Transitions,
    /// What the training text says of words.
    pub lexicon: Lexicon,
    /// The weights of least lead, mean lead and one that make a probability of a name's leads.
    pub calibration: [f32; 3],
}

/// The bytes are not a model of this version.
#[derive(Debug, thiserror::Error)]
#[error("not a tagger's model of this version")]
pub struct NotAModel;

impl Model {
    /// The score of each label for a token with these features.
    pub fn emission(&self, features: &[u64; TEMPLATES]) -> [f32; LABELS] {
        let mut sums = [0_i16; 16];
        for feature in features {
            let row = &self.rows[slot(*feature, self.bits)];
            for (sum, &weight) in sums.iter_mut().zip(row) {
                *sum += i16::from(weight);
            }
        }
        std::array::from_fn(|label| f32::from(sums[label]))
    }

    /// The probability that a name with these leads over the next best label is right.
    pub fn probability(&self, least: f32, mean: f32) -> f64 {
        let [a, b, c] = self.calibration;
        1.0 / (1.0 + f64::from(-(a * least + b * mean + c)).exp())
    }

    /// The bytes of the model.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.push(self.bits);
        for value in self.transitions.iter().flatten().chain(&self.calibration) {
            out.extend(value.to_le_bytes());
        }
        let mut words: Vec<_> = self.lexicon.iter().collect();
        words.sort_by_key(|(word, _)| **word);
        out.extend((words.len() as u32).to_le_bytes());
        for (word, usage) in words {
            out.extend(word.to_le_bytes());
            out.extend([usage.case, usage.cluster]);
        }
        let mut last = 0;
        for (at, row) in self.rows.iter().enumerate() {
            let mask = (0..LABELS).fold(0_u16, |mask, label| mask | u16::from(row[label] != 0) << label);
            if mask != 0 {
                let mut gap = at - last;
                last = at;
                while gap >= 0x80 {
                    out.push(gap as u8 | 0x80);
                    gap >>= 7;
                }
                out.push(gap as u8);
                out.extend(mask.to_le_bytes());
                out.extend(
                    row[..LABELS]
                        .iter()
                        .filter(|&&weight| weight != 0)
                        .map(|&weight| weight as u8),
                );
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
        let [bits] = take::<1>(&mut bytes)?;
        if !(8..=24).contains(&bits) {
            return None;
        }
        let mut transitions = [[0.0; LABELS]; LABELS];
        let mut calibration = [0.0; 3];
        for value in transitions.iter_mut().flatten().chain(&mut calibration) {
            *value = f32::from_le_bytes(take(&mut bytes)?);
        }
        let count = u32::from_le_bytes(take(&mut bytes)?);
        let mut lexicon = Lexicon::default();
        lexicon.reserve((count as usize).min(bytes.len() / 6));
        for _ in 0..count {
            let word = u32::from_le_bytes(take(&mut bytes)?);
            let [case, cluster] = take(&mut bytes)?;
            lexicon.insert(word, Usage { case, cluster });
        }
        let mut rows = vec![[0; 16]; 1 << bits];
        let mut at = 0_usize;
        while !bytes.is_empty() {
            let mut shift = 0;
            loop {
                let [byte] = take(&mut bytes)?;
                at += usize::from(byte & 0x7F).checked_shl(shift)?;
                shift += 7;
                if byte < 0x80 {
                    break;
                }
            }
            let mask = u16::from_le_bytes(take(&mut bytes)?);
            let row = rows.get_mut(at)?;
            for (label, weight) in row.iter_mut().enumerate().take(LABELS) {
                if mask >> label & 1 == 1 {
                    let [byte] = take(&mut bytes)?;
                    *weight = byte as i8;
                }
            }
        }
        Some(Self {
            bits,
            rows,
            transitions,
            lexicon,
            calibration,
        })
    }
}

/// The row of a feature in a table of two to the power of `bits`.
pub fn slot(feature: u64, bits: u8) -> usize {
    (feature >> (64 - u32::from(bits))) as usize
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
            bits: 10,
            rows: vec![[0; 16]; 1024],
            transitions: [[0.5; LABELS]; LABELS],
            lexicon: Lexicon::default(),
            calibration: [1.0, 2.0, 3.0],
        };
        model.rows[3][2] = -7;
        model.rows[1000][12] = 127;
        model.lexicon.insert(
            9,
            Usage {
                case: 3,
                cluster: 200,
            },
        );
        let bytes = model.to_bytes();
        let back = Model::from_bytes(&bytes).unwrap();
        assert_eq!(back.rows, model.rows);
        assert_eq!(back.lexicon, model.lexicon);
        assert_eq!(back.calibration, model.calibration);
        for end in 0..bytes.len() - 1 {
            let cut = Model::from_bytes(&bytes[..end]);
            assert!(
                cut.is_err() || cut.is_ok_and(|cut| cut.rows != model.rows),
                "{end}"
            );
        }
    }
}
