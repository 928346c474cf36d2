//! Whether a run may hold a key, without reading it.

use crate::words::mix;

/// A Bloom filter each of whose keys lies in one word of 64 bits: one look into memory tells. With 8 bits a
/// key about one in twenty keys that are not there seems to be.
#[derive(Debug)]
pub(crate) struct Filter(Vec<u64>);

/// Bytes of memory a key.
pub(crate) const BYTES: usize = 1;

impl Filter {
    pub(crate) fn new(keys: usize) -> Self {
        Self(vec![0; (keys * BYTES).div_ceil(8).max(1)])
    }

    fn place(&self, key: u64) -> (usize, u64) {
        let hash = mix(key);
        let word = ((hash >> 32) * self.0.len() as u64) >> 32;
        let bits = [0, 6, 12, 18].map(|shift| 1 << (hash >> shift & 63));
        (word as usize, bits[0] | bits[1] | bits[2] | bits[3])
    }

    pub(crate) fn insert(&mut self, key: u64) {
        let (word, bits) = self.place(key);
        self.0[word] |= bits;
    }

    pub(crate) fn may_hold(&self, key: u64) -> bool {
        let (word, bits) = self.place(key);
        self.0[word] & bits == bits
    }

    /// Its size in bytes.
    pub(crate) fn size(&self) -> usize {
        self.0.len() * 8
    }
}
