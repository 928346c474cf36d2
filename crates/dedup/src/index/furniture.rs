//! Fingerprints that many documents have, in memory: they are asked for again and again.

use super::{HOT, Posting};

/// A key and all its postings, in order.
type Known = (u64, [Posting; HOT]);

/// Slots of the table, 56 bytes each.
const SLOTS: usize = 1 << 14;

/// The latest keys that were found to have [`HOT`] postings, by their low bits. More are never kept of one, so that these
/// are all there are until the first of them is forgotten.
#[derive(Debug)]
pub(crate) struct Furniture(Vec<Option<Known>>);

impl Default for Furniture {
    fn default() -> Self {
        Self(vec![None; SLOTS])
    }
}

/// Keys are hashes, so that any of their bits will do.
fn slot(key: u64) -> usize {
    key as usize % SLOTS
}

impl Furniture {
    /// The postings of `key`, if they are known and none is of a document below `floor`.
    pub(crate) fn get(&self, key: u64, floor: u32) -> Option<&[Posting; HOT]> {
        let (known, postings) = self.0[slot(key)].as_ref()?;
        (*known == key && postings[0].document >= floor).then_some(postings)
    }

    /// Remembers `key`, which has these postings and no others.
    pub(crate) fn put(&mut self, key: u64, postings: [Posting; HOT]) {
        self.0[slot(key)] = Some((key, postings));
    }

    /// Forgets `key`, which gets another posting.
    pub(crate) fn remove(&mut self, key: u64) {
        let known = &mut self.0[slot(key)];
        if known.is_some_and(|(known, _)| known == key) {
            *known = None;
        }
    }
}
