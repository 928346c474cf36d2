//! What a model knows of words before it reads a text, found by their hashes.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// What is known of a word: how it is written, which words are used like it, and which lists have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// The share of lower-case uses, from 1 (none) to 6 (all), and 0 for a word not known.
    pub case: u8,
    /// The number of its cluster by neighbours in the training text, 0 for none.
    pub cluster: u8,
    /// Its clusters in large text, in lower case and capitalised: numbers into [`Lexicon::paths`], 0 for none.
    pub paths: [u16; 2],
    /// The lists of names that have it, a bit each.
    pub lists: u16,
    /// The topic of documents that it is typical of, from 1 to [`TOPICS`], 0 for none.
    pub topic: u8,
}

/// How many topics a document can have.
pub const TOPICS: usize = 12;

/// The words known from training.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lexicon {
    /// What is known of a word, by the hash of its lower-case form.
    pub words: HashMap<u32, Usage, BuildHasherDefault<Already>>,
    /// The tree of the clusters in large text: each is a leaf, and its low bits name the branches from the root.
    pub paths: Vec<u32>,
}

/// A hasher of keys that are hashes already.
#[derive(Default)]
pub struct Already(u64);

impl Hasher for Already {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(MIX);
        }
    }

    fn write_u32(&mut self, value: u32) {
        self.0 = u64::from(value).wrapping_mul(MIX);
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value.wrapping_mul(MIX);
    }
}

pub(crate) const MIX: u64 = 0x9E37_79B9_7F4A_7C15;

/// The hash of a word; the same on every machine.
pub fn hash(word: impl IntoIterator<Item = char>) -> u32 {
    let mut state = 0xCBF2_9CE4_8422_2325_u64;
    for c in word {
        state = (state ^ u64::from(c)).wrapping_mul(0x0000_0100_0000_01B3);
    }
    ((state ^ (state >> 29)).wrapping_mul(MIX) >> 32) as u32
}
