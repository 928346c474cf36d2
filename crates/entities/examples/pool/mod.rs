//! Numbers for the features that are worth learning: those that the corpora show often enough.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use gristmill_entities::features::Already;

/// Counts features in a table of bytes, so that those seen fewer than `least` times never get a number.
pub(crate) struct Pool {
    least: u8,
    counts: Vec<u8>,
    numbers: HashMap<u64, u32, BuildHasherDefault<Already>>,
    /// The hash of each numbered feature, and how often it was seen; number 0 is no feature.
    pub(crate) features: Vec<u64>,
}

const BITS: u32 = 28;

impl Pool {
    pub(crate) fn new(least: u8) -> Self {
        Self {
            least,
            counts: vec![0; 1 << BITS],
            numbers: HashMap::default(),
            features: vec![0],
        }
    }

    pub(crate) fn count(&mut self, features: &[u64]) {
        for &feature in features {
            let count = &mut self.counts[(feature >> (64 - BITS)) as usize];
            *count = count.saturating_add(1);
        }
    }

    /// The number of `feature`, 0 if it is rare.
    pub(crate) fn number(&mut self, feature: u64) -> u32 {
        if self.counts[(feature >> (64 - BITS)) as usize] < self.least {
            return 0;
        }
        let features = &mut self.features;
        *self.numbers.entry(feature).or_insert_with(|| {
            features.push(feature);
            features.len() as u32 - 1
        })
    }

    /// About how often the feature with this number was seen, up to 255.
    pub(crate) fn seen(&self, number: usize) -> u8 {
        self.counts[(self.features[number] >> (64 - BITS)) as usize]
    }
}
