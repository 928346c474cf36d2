//! Packs a model, for the trainer.

use std::ops::Range;

use super::{BIAS, CELL, LABEL, LINE, MAGIC, ROW, VERSION, checksum_of};
use crate::script::Script;

/// A bucket with weights for this many labels of a script has them in a row.
pub const ROW_FROM: usize = 12;

/// A model in the making.
#[derive(Debug, Clone, Default)]
pub struct ModelBuilder {
    /// Bits of the hash.
    pub bits: u32,
    /// What one unit of a weight is worth.
    pub step: f32,
    /// The temperature for texts of 2⁴, 2⁵, … features.
    pub temperatures: Vec<f32>,
    /// Language and script of each label, sorted by script in the order of [`Script`].
    pub labels: Vec<(String, String)>,
    /// For each bucket the labels that it speaks for or against, with the weight.
    pub buckets: Vec<Vec<(u8, i8)>>,
}

impl ModelBuilder {
    /// The bytes that [`Model::new`](super::Model::new) reads.
    pub fn pack(&self) -> Vec<u8> {
        let ranges = self.script_ranges();
        let mut lines = Vec::new();
        let buckets: Vec<_> = self
            .buckets
            .iter()
            .map(|bucket| with_row(bucket, &ranges, &mut lines))
            .collect();
        let mut body = Vec::new();
        body.extend(self.step.to_le_bytes());
        for temperature in &self.temperatures {
            body.extend(temperature.to_le_bytes());
        }
        for (language, script) in &self.labels {
            let mut label = [0; LABEL];
            label[..language.len()].copy_from_slice(language.as_bytes());
            label[8..8 + script.len()].copy_from_slice(script.as_bytes());
            body.extend(label);
        }
        let mut pairs: Vec<[u8; 2]> = Vec::new();
        for cell in buckets.chunks(CELL) {
            body.extend((pairs.len() as u32).to_le_bytes());
            let mut ends = [0; CELL];
            let mut end = 0_usize;
            for (place, bucket) in ends.iter_mut().zip(cell) {
                end = (end + bucket.len()).min(u8::MAX as usize);
                *place = end as u8;
            }
            pairs.extend(ends.as_chunks().0);
            pairs.extend(cell.iter().flatten().take(end));
        }
        body.extend(lines.iter().flatten());
        body.extend(pairs.iter().flatten());
        let numbers = [
            VERSION,
            self.bits,
            self.labels.len() as u32,
            self.temperatures.len() as u32,
            pairs.len() as u32,
            lines.len() as u32,
        ];
        let mut bytes = MAGIC.to_vec();
        bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        bytes.extend(checksum_of(&body).to_le_bytes());
        bytes.extend(body);
        bytes
    }

    /// The labels of each script.
    fn script_ranges(&self) -> Vec<Range<u8>> {
        let script = |label: &(String, String)| Script::from_code(&label.1);
        let mut first = 0;
        let alike = self.labels.chunk_by(|a, b| script(a) == script(b));
        alike
            .map(|labels| {
                let range = first..first + labels.len() as u8;
                first = range.end;
                range
            })
            .collect()
    }
}

/// The entries of `bucket`; a script with many of them has them in a row, of which the `lines` are added.
fn with_row(bucket: &[(u8, i8)], ranges: &[Range<u8>], lines: &mut Vec<[u8; LINE]>) -> Vec<[u8; 2]> {
    let plain = |entries: &[(u8, i8)]| -> Vec<[u8; 2]> {
        entries
            .iter()
            .map(|&(label, weight)| [label, weight as u8])
            .collect()
    };
    let inside = |range: &&Range<u8>| bucket.iter().filter(|(label, _)| range.contains(label)).count();
    let Some(range) = ranges
        .iter()
        .max_by_key(inside)
        .filter(|range| inside(range) >= ROW_FROM)
    else {
        return plain(bucket);
    };
    let first_line = lines.len();
    let mut row = vec![[BIAS as u8; LINE]; range.len().div_ceil(LINE)];
    let Ok(number) = u16::try_from(first_line + row.len()) else {
        return plain(bucket);
    };
    let (inside, others): (Vec<_>, Vec<_>) = bucket.iter().partition(|(label, _)| range.contains(label));
    for (label, weight) in inside {
        let place = (label - range.start) as usize;
        row[place / LINE][place % LINE] = (i32::from(weight) + BIAS) as u8;
    }
    let count = row.len() as u8;
    lines.append(&mut row);
    let mut entries = vec![
        [ROW, range.start],
        (number - u16::from(count)).to_le_bytes(),
        [count, 0],
    ];
    entries.extend(plain(&others));
    entries
}
