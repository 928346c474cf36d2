//! The packed model: for each feature, the few labels that it speaks for or against.
//!
//! A multinomial logistic regression over hashed n-grams has a row of weights for each bucket of the hash, one
//! weight for each label. Adding the same number to all weights of a row changes no probability, so the row's
//! median is subtracted; most weights are then near zero and dropped, and the rest are kept in eight bits. Where
//! most labels of a script would be kept, as for the letters of an alphabet, they all are, as a row that is added
//! as a whole. A score is a sum of small integers, and the file is used as it lies in the binary: nothing is
//! unpacked.
//!
//! All numbers are little-endian:
//!
//! | part | holds |
//! |---|---|
//! | head, 36 bytes | `GMLI`, version (u32), bits of the hash (u32), labels (u32), knots (u32), pairs (u32), lines (u32), checksum of all that follows (u64) |
//! | step | f32: what one unit of a weight is worth |
//! | knots | f32 each: the temperature for texts of 2⁴, 2⁵, … features |
//! | labels | 12 bytes each: language, then script, padded with zeros to eight and four |
//! | cells | u32 each: where the cell of every eight buckets begins, in pairs of bytes |
//! | lines | 16 bytes each: weights of as many labels, 128 added to each |
//! | pairs | the cells: eight numbers (u8), at which of its entries each bucket ends, and the entries, two bytes each: label, weight (i8) |
//!
//! A bucket with a row begins with three entries that stand for it: 255 and the row's first label, the number of
//! its first line (u16), and the number of its lines with a zero. A cell has room for 255 entries; what goes beyond
//! is left out.

mod builder;

use std::ops::Range;

pub use builder::{ModelBuilder, ROW_FROM};

use crate::script::{SCRIPTS, Script};

/// Grows when the features or the format change.
const VERSION: u32 = 3;
const MAGIC: &[u8; 4] = b"GMLI";
const HEAD: usize = 36;
const LABEL: usize = 12;
/// Buckets in a cell. What is looked up is in one or two lines of the processor's cache.
const CELL: usize = 8;
/// Pairs of bytes at the start of a cell.
const ENDS: usize = CELL / 2;
/// Features that are looked up together.
const TOGETHER: usize = 64;
/// Labels whose weights lie in one line of a row.
const LINE: usize = 16;
/// What is added to a weight in a row.
const BIAS: i32 = 128;
/// Stands for a label where a bucket has a row.
const ROW: u8 = 255;
/// The first knot of the temperature lies at two to the power of this many features.
const FIRST_KNOT: f32 = 4.0;
/// The most labels that a model can have: one byte names each, and one of its values is taken.
pub const MAX_LABELS: usize = 255;

/// Why bytes are not a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// They are something else.
    #[error("not a language model")]
    Magic,
    /// They were written for another version of the features.
    #[error("language model of version {0}, not {VERSION}")]
    Version(u32),
    /// They are cut short or damaged.
    #[error("damaged language model: {0}")]
    Damaged(&'static str),
}

/// What the model tells apart: a language in a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label<'m> {
    /// ISO 639-1 where there is one, else ISO 639-3; `und` for what is no language.
    pub language: &'m str,
    /// ISO 15924, with `Hans`, `Hant` and `Jpan` for what is written in Han characters, `Kore` for Hangul.
    pub script: &'m str,
}

/// A model, borrowed from the bytes that hold it.
#[derive(Debug, Clone)]
pub struct Model<'m> {
    shift: u32,
    step: f32,
    temperatures: Vec<f32>,
    labels: Vec<Label<'m>>,
    /// For each script, its first label and the one after its last: labels are sorted by script.
    ranges: Ranges,
    cells: &'m [[u8; 4]],
    lines: &'m [[u8; LINE]],
    pairs: &'m [[u8; 2]],
}

impl Default for Model<'_> {
    /// A model without labels.
    fn default() -> Self {
        Self {
            shift: 0,
            step: 0.0,
            temperatures: Vec::new(),
            labels: Vec::new(),
            ranges: [(0, 0); SCRIPTS],
            cells: &[],
            lines: &[],
            pairs: &[],
        }
    }
}

impl<'m> Model<'m> {
    /// Reads a model from `bytes`, which stay where they are.
    ///
    /// # Errors
    /// The bytes are not a model of this version, or are damaged.
    pub fn new(bytes: &'m [u8]) -> Result<Self, ModelError> {
        let short = ModelError::Damaged("too short");
        let (head, body) = bytes.split_at_checked(HEAD).ok_or_else(|| short.clone())?;
        if &head[..4] != MAGIC {
            return Err(ModelError::Magic);
        }
        let field = |number: usize| u32_at(head, number);
        if field(1) != VERSION {
            return Err(ModelError::Version(field(1)));
        }
        let size = |number: usize| field(number) as usize;
        let (bits, labels, knots, pairs, lines) = (field(2), size(3), size(4), size(5), size(6));
        let checksum = u64::from(field(7)) | u64::from(field(8)) << 32;
        if checksum != checksum_of(body) {
            return Err(ModelError::Damaged("checksum"));
        }
        if !(6..=24).contains(&bits) || labels > MAX_LABELS || knots == 0 {
            return Err(ModelError::Damaged("sizes"));
        }
        let mut rest = body;
        let mut take = |length: usize| -> Result<&'m [u8], ModelError> {
            let (part, after) = rest
                .split_at_checked(length)
                .ok_or(ModelError::Damaged("too short"))?;
            rest = after;
            Ok(part)
        };
        let step = f32::from_bits(u32_at(take(4)?, 0));
        let temperatures = take(knots * 4)?;
        let names = take(labels * LABEL)?;
        let labels: Vec<_> = names
            .chunks_exact(LABEL)
            .map(|name| {
                let text = |part: &'m [u8]| std::str::from_utf8(part).map(|text| text.trim_end_matches('\0'));
                match (text(&name[..8]), text(&name[8..])) {
                    (Ok(language), Ok(script)) => Ok(Label { language, script }),
                    _ => Err(ModelError::Damaged("labels")),
                }
            })
            .collect::<Result<_, _>>()?;
        let ranges = ranges(&labels).ok_or(ModelError::Damaged("labels"))?;
        Ok(Self {
            shift: 32 - bits,
            step,
            temperatures: (0..knots)
                .map(|knot| f32::from_bits(u32_at(temperatures, knot)))
                .collect(),
            labels,
            ranges,
            cells: take((1 << bits) / CELL * 4)?.as_chunks().0,
            lines: take(lines * LINE)?.as_chunks().0,
            pairs: take(pairs * 2)?.as_chunks().0,
        })
    }

    /// What the model tells apart, sorted by script.
    pub fn labels(&self) -> &[Label<'m>] {
        &self.labels
    }

    /// The numbers of the labels written in `script`.
    pub fn range(&self, script: Script) -> Range<usize> {
        let (start, end) = self.ranges[script as usize];
        start..end
    }

    /// Adds to `scores` what the features that wait in `desk` say, and empties it.
    ///
    /// All places are looked up, and touched, before the first is read: they are in no order that a processor
    /// could foresee, and so it waits for many of them at once.
    pub(crate) fn add(&self, desk: &mut Desk, scores: &mut Scores) {
        let Desk {
            hashes,
            cells,
            places,
            rows,
        } = desk;
        for hashes in hashes.chunks(TOGETHER) {
            cells.clear();
            cells.extend(hashes.iter().map(|hash| {
                let cell = self.cells.get((hash >> self.shift) as usize / CELL);
                cell.map_or(0, |&bytes| u32::from_le_bytes(bytes))
            }));
            places.clear();
            let buckets = hashes.iter().map(|hash| (hash >> self.shift) as usize % CELL);
            places.extend(
                cells
                    .iter()
                    .zip(buckets)
                    .map(|(&cell, bucket)| self.place(cell, bucket)),
            );
            let first = |&(start, _): &(u32, u32)| self.pairs.get(start as usize).map_or(0, |pair| pair[0]);
            std::hint::black_box(places.iter().map(first).fold(0, |all, first| all ^ first));
            rows.clear();
            for &(start, end) in places.iter() {
                let mut entries = self.pairs.get(start as usize..end as usize).unwrap_or_default();
                if let [[ROW, first], line, [lines, _], rest @ ..] = entries {
                    rows.push(Row {
                        first: *first,
                        lines: *lines,
                        line: u16::from_le_bytes(*line),
                    });
                    entries = rest;
                }
                for entry in entries {
                    scores.0[entry[0] as usize] += i32::from(entry[1] as i8);
                }
            }
            let shape = |a: &Row, b: &Row| (a.first, a.lines) == (b.first, b.lines);
            for alike in rows.chunk_by(shape) {
                self.add_rows(alike, scores);
            }
        }
        hashes.clear();
    }

    /// Adds to `scores` what `rows` say, which begin with the same label.
    fn add_rows(&self, rows: &[Row], scores: &mut Scores) {
        let Some(&Row { first, lines, .. }) = rows.first() else {
            return;
        };
        for (number, scores) in (0..lines as usize).zip(scores.0[first as usize..].chunks_exact_mut(LINE)) {
            // No more than `TOGETHER` bytes are added in a place, which sixteen bits hold.
            let mut sums = [0_u16; LINE];
            for row in rows {
                let Some(line) = self.lines.get(row.line as usize + number) else {
                    return;
                };
                for (sum, &weight) in sums.iter_mut().zip(line) {
                    *sum += u16::from(weight);
                }
            }
            for (score, sum) in scores.iter_mut().zip(sums) {
                *score += i32::from(sum) - rows.len() as i32 * BIAS;
            }
        }
    }

    /// From where to where the entries of a bucket of `cell` go.
    #[inline]
    fn place(&self, cell: u32, bucket: usize) -> (u32, u32) {
        let start = cell as usize;
        let Some(ends) = self.pairs.get(start..start + ENDS) else {
            return (0, 0);
        };
        let ends = ends.as_flattened();
        let start = if bucket == 0 { 0 } else { ends[bucket - 1] };
        let first = cell + ENDS as u32;
        (first + u32::from(start), first + u32::from(ends[bucket]))
    }

    /// What one unit of a weight is worth.
    pub(crate) fn step(&self) -> f32 {
        self.step
    }

    /// What one unit of a score is worth in the exponent, after `features` features: the weight's step, the
    /// square root that keeps texts of different lengths comparable, and the temperature fitted at this length.
    pub(crate) fn scale(&self, features: usize) -> f32 {
        let features = features.max(1) as f32;
        let place = (features.log2() - FIRST_KNOT).clamp(0.0, (self.temperatures.len() - 1) as f32);
        let (low, part) = (place as usize, place.fract());
        let high = (low + 1).min(self.temperatures.len() - 1);
        let temperature = self.temperatures[low] * (1.0 - part) + self.temperatures[high] * part;
        self.step * temperature / features.sqrt()
    }
}

/// Where features wait to be weighed, and room to do it.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    pub(crate) hashes: Vec<u32>,
    cells: Vec<u32>,
    places: Vec<(u32, u32)>,
    rows: Vec<Row>,
}

/// Where the row of a bucket lies.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    first: u8,
    lines: u8,
    line: u16,
}

/// A running score for each label, with room for what a row's last line has beyond the last.
#[derive(Debug, Clone)]
pub(crate) struct Scores(pub(crate) [i32; MAX_LABELS + LINE]);

impl Default for Scores {
    fn default() -> Self {
        Self([0; MAX_LABELS + LINE])
    }
}

type Ranges = [(usize, usize); SCRIPTS];

/// The stretch of labels of each script, or nothing where the labels are not sorted by script.
fn ranges(labels: &[Label<'_>]) -> Option<Ranges> {
    let mut ranges = [(0, 0); SCRIPTS];
    let mut last = 0;
    for (number, label) in labels.iter().enumerate() {
        let script = Script::from_code(label.script)? as usize;
        if script < last {
            return None;
        }
        if script > last {
            ranges[script].0 = number;
        }
        ranges[script].1 = number + 1;
        last = script;
    }
    Some(ranges)
}

fn u32_at(bytes: &[u8], number: usize) -> u32 {
    let at = number * 4;
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// FNV-1a over eight bytes at a time.
fn checksum_of(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let chunks = bytes.chunks(8);
    for chunk in chunks {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(0x0000_0100_0000_01b3);
        hash ^= hash >> 29;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn builder() -> ModelBuilder {
        let mut buckets = vec![Vec::new(); 128];
        buckets[0] = vec![(0, 5), (2, -3)];
        buckets[63] = vec![(1, 7)];
        buckets[127] = vec![(2, 9)];
        ModelBuilder {
            bits: 7,
            step: 0.5,
            temperatures: vec![1.0, 2.0],
            labels: [("en", "Latn"), ("fr", "Latn"), ("ru", "Cyrl")]
                .map(|(language, script)| (language.to_owned(), script.to_owned()))
                .to_vec(),
            buckets,
        }
    }

    #[test]
    fn what_is_packed_is_read() {
        let bytes = builder().pack();
        let model = Model::new(&bytes).unwrap();
        assert_eq!(
            model.labels()[2],
            Label {
                language: "ru",
                script: "Cyrl"
            }
        );
        assert_eq!(model.range(Script::Latn), 0..2);
        assert_eq!(model.range(Script::Cyrl), 2..3);
        assert_eq!(model.range(Script::Thai), 0..0);
        let mut scores = Scores::default();
        let mut desk = Desk {
            hashes: [0_u32, 63, 127, 127, 64].map(|bucket| bucket << 25).to_vec(),
            ..Desk::default()
        };
        model.add(&mut desk, &mut scores);
        assert!(desk.hashes.is_empty());
        assert_eq!(scores.0[..3], [5, 7, -3 + 9 + 9]);
    }

    #[test]
    fn the_temperature_lies_between_its_knots() {
        let bytes = builder().pack();
        let model = Model::new(&bytes).unwrap();
        assert_eq!(model.scale(1), 0.5);
        assert_eq!(model.scale(16), 0.5 / 4.0);
        assert_eq!(model.scale(1024), 0.5 * 2.0 / 32.0);
        let between = model.scale(24) * 24_f32.sqrt() / 0.5;
        assert!(between > 1.0 && between < 2.0);
    }

    #[test]
    fn damage_is_found() {
        let good = builder().pack();
        assert_eq!(Model::new(b"").err(), Some(ModelError::Damaged("too short")));
        assert_eq!(Model::new(&[0; 64]).err(), Some(ModelError::Magic));
        for at in HEAD..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert!(Model::new(&bad).is_err(), "byte {at}");
        }
        let mut old = good;
        old[4] = 0;
        assert_eq!(Model::new(&old).err(), Some(ModelError::Version(0)));
    }
}
