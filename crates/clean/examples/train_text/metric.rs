//! The measure of the article-extraction benchmark: runs of four words, precision and recall averaged over texts.

use std::collections::HashMap;

/// The runs of four words of a text, each with how often it occurs.
pub(crate) type Runs = HashMap<u64, u32>;

/// The words of `text`: runs of letters, digits and underscores.
pub(crate) fn words(text: &str) -> Vec<u64> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .map(|word| {
            word.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
            })
        })
        .collect()
}

/// The runs of four words of `text`; one shorter run if it has fewer words.
pub(crate) fn runs(text: &str) -> Runs {
    let words = words(text);
    let mut runs = Runs::new();
    if words.is_empty() {
        return runs;
    }
    for run in words.windows(words.len().min(4)) {
        let hash = run.iter().fold(0, |hash: u64, word| {
            hash.rotate_left(17).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ word
        });
        *runs.entry(hash).or_default() += 1;
    }
    runs
}

/// Precision and recall over texts.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Score {
    precision: (f64, u32),
    recall: (f64, u32),
}

impl Score {
    /// Counts one text.
    pub(crate) fn add(&mut self, gold: &Runs, said: &Runs) {
        let both: u32 = gold
            .iter()
            .map(|(run, &times)| times.min(said.get(run).copied().unwrap_or(0)))
            .sum();
        for (part, whole) in [(&mut self.precision, said), (&mut self.recall, gold)] {
            let whole: u32 = whole.values().sum();
            if whole > 0 {
                part.0 += f64::from(both) / f64::from(whole);
                part.1 += 1;
            }
        }
    }

    pub(crate) fn precision(&self) -> f64 {
        self.precision.0 / f64::from(self.precision.1.max(1))
    }

    pub(crate) fn recall(&self) -> f64 {
        self.recall.0 / f64::from(self.recall.1.max(1))
    }

    pub(crate) fn f1(&self) -> f64 {
        let (p, r) = (self.precision(), self.recall());
        2.0 * p * r / (p + r).max(1e-12)
    }
}
