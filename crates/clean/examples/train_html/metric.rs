//! How good a text is: the measure of the article-extraction benchmark (word 4-shingles as multisets, precision and recall averaged
//! over pages, F1 of the two means), and wanted and unwanted segments.

use std::collections::HashMap;

/// The words of `text`, hashed.
pub(crate) fn words(text: &str) -> Vec<u64> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .map(|word| {
            word.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            })
        })
        .collect()
}

/// One number for a run of words.
pub(crate) fn joined(words: &[u64]) -> u64 {
    words.iter().fold(words.len() as u64, |hash, word| {
        (hash.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    })
}

/// The 4-shingles of `text` and how often each occurs.
pub(crate) fn shingles(text: &str) -> HashMap<u64, u32> {
    let words = words(text);
    let mut counts = HashMap::new();
    if words.is_empty() {
        return counts;
    }
    let last = words.len().saturating_sub(4);
    for at in 0..=last {
        *counts
            .entry(joined(&words[at..(at + 4).min(words.len())]))
            .or_default() += 1;
    }
    counts
}

/// Means over pages.
#[derive(Debug, Default, Clone)]
pub(crate) struct Score {
    precision: (f64, u32),
    recall: (f64, u32),
    segments: [u32; 4],
}

impl Score {
    /// Counts a page with the shingles of its gold body.
    pub(crate) fn add(&mut self, gold: &HashMap<u64, u32>, text: &str) {
        let said = shingles(text);
        let right: u32 = said
            .iter()
            .map(|(shingle, count)| *count.min(gold.get(shingle).unwrap_or(&0)))
            .sum();
        let (said, wanted): (u32, u32) = (said.values().sum(), gold.values().sum());
        if said > 0 {
            self.precision.0 += f64::from(right) / f64::from(said);
            self.precision.1 += 1;
        }
        if wanted > 0 {
            self.recall.0 += f64::from(right) / f64::from(wanted);
            self.recall.1 += 1;
        }
    }

    /// Counts a page's wanted and unwanted segments.
    pub(crate) fn add_segments(&mut self, with: &[String], without: &[String], text: &str) {
        let fold = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = fold(text);
        let found = |segments: &[String]| {
            segments
                .iter()
                .filter(|segment| text.contains(&fold(segment)))
                .count() as u32
        };
        let (right, wrong) = (found(with), found(without));
        let counts = [
            right,
            wrong,
            with.len() as u32 - right,
            without.len() as u32 - wrong,
        ];
        self.segments
            .iter_mut()
            .zip(counts)
            .for_each(|(sum, count)| *sum += count);
    }

    /// Precision, recall and F1 of shingles.
    pub(crate) fn shingles(&self) -> [f64; 3] {
        let mean = |(sum, count): (f64, u32)| sum / f64::from(count.max(1));
        let (precision, recall) = (mean(self.precision), mean(self.recall));
        [
            precision,
            recall,
            2.0 * precision * recall / (precision + recall).max(1e-9),
        ]
    }

    /// Precision, recall and F1 of segments.
    pub(crate) fn segments(&self) -> [f64; 3] {
        let [right, wrong, missed, _] = self.segments.map(f64::from);
        let (precision, recall) = (
            right / (right + wrong).max(1.0),
            right / (right + missed).max(1.0),
        );
        [
            precision,
            recall,
            2.0 * precision * recall / (precision + recall).max(1e-9),
        ]
    }
}
