//! Maps by numbers that need no defence against who chooses them: terms are hashes, articles are counted.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map by number. Its order is nobody's: what it holds is sorted by a total order before it is used.
pub(crate) type Numbered<V> = HashMap<u32, V, BuildHasherDefault<Spread>>;

/// Spreads numbers over the places of a map.
#[derive(Debug, Default)]
pub(crate) struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u32(byte.into()));
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0.rotate_left(5) ^ u64::from(number))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(26);
    }
}
