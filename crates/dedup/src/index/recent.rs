//! The latest postings, in memory.

use super::{Entry, Posting};

/// Postings by key: an open table of numbers into two columns, 20 bytes a posting.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    /// The number of an entry plus one and a few bits of its key, or 0; of a power of two in length, at most half
    /// full.
    slots: Vec<u32>,
    /// Keys and places.
    packed: Vec<u64>,
    documents: Vec<u32>,
}

fn pack(key: u64, posting: Posting) -> u64 {
    key << 16 | u64::from(posting.at)
}

fn unpack(packed: u64, document: u32) -> Entry {
    let at = packed as u16;
    (packed >> 16, Posting { document, at })
}

/// Bits of a slot that are a number; the others tell keys apart without a look at the columns.
const NUMBER_BITS: u32 = 20;
/// So many postings can be held.
pub(crate) const MOST: usize = (1 << NUMBER_BITS) - 1;

/// What a slot says beside the number.
fn tag(key: u64) -> u32 {
    (key >> 20) as u32 & !0 << NUMBER_BITS
}

impl Recent {
    pub(crate) fn len(&self) -> usize {
        self.packed.len()
    }

    /// Where a look-up of `key` begins. Keys are hashes, so that any of their bits will do.
    fn slot(&self, key: u64) -> usize {
        key as usize & (self.slots.len() - 1)
    }

    fn link(&mut self, number: u32) {
        let key = self.packed[number as usize] >> 16;
        let mut slot = self.slot(key);
        while self.slots[slot] != 0 {
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        self.slots[slot] = tag(key) | (number + 1);
    }

    pub(crate) fn insert(&mut self, (key, posting): Entry) {
        if self.packed.len() * 2 >= self.slots.len() {
            self.slots = vec![0; (self.slots.len() * 4).max(1 << 10)];
            for number in 0..self.packed.len() {
                self.link(number as u32);
            }
        }
        self.packed.push(pack(key, posting));
        self.documents.push(posting.document);
        self.link(self.packed.len() as u32 - 1);
    }

    /// Calls `found` with each posting of `key`.
    pub(crate) fn get(&self, key: u64, mut found: impl FnMut(Posting)) {
        if self.slots.is_empty() {
            return;
        }
        let mut slot = self.slot(key);
        while self.slots[slot] != 0 {
            if (self.slots[slot] ^ tag(key)) >> NUMBER_BITS == 0 {
                let number = (self.slots[slot] & MOST as u32) as usize - 1;
                let (other, posting) = unpack(self.packed[number], self.documents[number]);
                if other == key {
                    found(posting);
                }
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }

    /// All postings by key and document, which leaves none.
    pub(crate) fn drain_sorted(&mut self) -> Vec<Entry> {
        let Self {
            packed, documents, ..
        } = std::mem::take(self);
        let mut entries: Vec<u128> = packed
            .iter()
            .zip(&documents)
            .map(|(&packed, &document)| {
                u128::from(packed >> 16) << 64 | u128::from(document) << 32 | u128::from(packed as u16)
            })
            .collect();
        entries.sort_unstable();
        entries
            .into_iter()
            .map(|entry| {
                let (document, at) = ((entry >> 32) as u32, entry as u16);
                ((entry >> 64) as u64, Posting { document, at })
            })
            .collect()
    }
}
