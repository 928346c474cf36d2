//! In how many articles a term stands: what tells names from function words.

use crate::terms::Term;

const BUCKETS: usize = 1 << 19;

/// The table that a stream starts with, trained on news: a term (4 bytes) and the share of articles that have
/// it in 65,535ths (2 bytes), little-endian. `examples/train_story.rs` writes it.
const START: &[u8] = include_bytes!("../model/frequencies.bin");

/// The articles that the start table counts for: a stream of its own outweighs it after as many.
const START_WEIGHT: f64 = 4_000.0;

/// Counts of articles by hashed term, learned on the stream.
#[derive(Debug)]
pub(crate) struct Frequencies {
    counts: Vec<u32>,
    articles: u32,
}

impl Frequencies {
    /// What is known before the first article.
    pub(crate) fn start() -> Self {
        let mut counts = vec![0_u32; BUCKETS];
        for entry in START.chunks_exact(6) {
            let term = Term::from_le_bytes([entry[0], entry[1], entry[2], entry[3]]);
            let share = f64::from(u16::from_le_bytes([entry[4], entry[5]])) / f64::from(u16::MAX);
            counts[term as usize % BUCKETS] += (share * START_WEIGHT).round() as u32;
        }
        Self {
            counts,
            articles: START_WEIGHT as u32,
        }
    }

    /// Counts an article that has each of `terms`.
    pub(crate) fn add(&mut self, terms: impl Iterator<Item = Term>) {
        for term in terms {
            let count = &mut self.counts[term as usize % BUCKETS];
            *count = count.saturating_add(1);
        }
        self.articles = self.articles.saturating_add(1);
    }

    /// The weight of a term: the logarithm of how rare it is (inverse document frequency).
    pub(crate) fn rarity(&self, term: Term) -> f32 {
        let count = self.counts[term as usize % BUCKETS] as f32 + 1.0;
        ((self.articles as f32 + 2.0) / count).ln().max(0.0)
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.articles.to_le_bytes().to_vec();
        bytes.extend(self.counts.iter().flat_map(|count| count.to_le_bytes()));
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut numbers = bytes
            .chunks_exact(4)
            .map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        let articles = numbers.next()?;
        let counts: Vec<u32> = numbers.collect();
        (counts.len() == BUCKETS).then_some(Self { counts, articles })
    }
}
