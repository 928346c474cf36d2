//! The latest postings, in memory.

use super::{Entry, Posting};

/// Postings by key: an open table of numbers into a column, some 24 bytes a posting.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    /// The number of an entry plus one and a few bits of its key, or 0; of a power of two in length, at most half
    /// full.
    slots: Vec<u32>,
    /// Key, document and place.
    entries: Vec<u128>,
}

fn pack((key, posting): Entry) -> u128 {
    u128::from(key) << 64 | u128::from(posting.document) << 32 | u128::from(posting.at)
}

fn unpack(entry: u128) -> Entry {
    let (document, at) = ((entry >> 32) as u32, entry as u16);
    ((entry >> 64) as u64, Posting { document, at })
}

/// Bits of a slot that are a number; the others tell keys apart without a look at the column.
const NUMBER_BITS: u32 = 20;
/// So many postings can be held.
pub(crate) const MOST: usize = (1 << NUMBER_BITS) - 1;

/// What a slot says beside the number.
fn tag(key: u64) -> u32 {
    (key >> 20) as u32 & !0 << NUMBER_BITS
}

impl Recent {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Where a look-up of `key` begins. Keys are hashes, so that any of their bits will do.
    fn slot(&self, key: u64) -> usize {
        key as usize & (self.slots.len() - 1)
    }

    fn link(&mut self, number: usize) {
        let key = (self.entries[number] >> 64) as u64;
        let mut slot = self.slot(key);
        while self.slots[slot] != 0 {
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        self.slots[slot] = tag(key) | (number as u32 + 1);
    }

    pub(crate) fn insert(&mut self, entry: Entry) {
        if self.entries.len() * 2 >= self.slots.len() {
            self.slots = vec![0; (self.slots.len() * 2).max(1 << 10)];
            (0..self.entries.len()).for_each(|number| self.link(number));
        }
        self.entries.push(pack(entry));
        self.link(self.entries.len() - 1);
    }

    /// Calls `found` with the number of each of `keys` that has postings, and each of them.
    pub(crate) fn get(&self, keys: &[u64], mut found: impl FnMut(usize, Posting)) {
        if self.slots.is_empty() {
            return;
        }
        // All slots are looked at before what stands in the first is followed: each may be far away, and so they
        // need not wait for each other.
        let first: Vec<u32> = keys.iter().map(|&key| self.slots[self.slot(key)]).collect();
        for (n, &key) in keys.iter().enumerate().filter(|&(n, _)| first[n] != 0) {
            let mut slot = self.slot(key);
            while self.slots[slot] != 0 {
                if (self.slots[slot] ^ tag(key)) >> NUMBER_BITS == 0 {
                    let number = (self.slots[slot] & MOST as u32) as usize - 1;
                    let (other, posting) = unpack(self.entries[number]);
                    if other == key {
                        found(n, posting);
                    }
                }
                slot = (slot + 1) & (self.slots.len() - 1);
            }
        }
    }

    /// The lowest and the highest number of a document.
    pub(crate) fn documents(&self) -> (u32, u32) {
        let documents = self.entries.iter().map(|&entry| unpack(entry).1.document);
        documents.fold((u32::MAX, 0), |(first, last), document| {
            (first.min(document), last.max(document))
        })
    }

    /// All postings by key and document; only [`clear`](Self::clear) may follow.
    pub(crate) fn sorted(&mut self) -> impl ExactSizeIterator<Item = Entry> {
        self.entries.sort_unstable();
        self.entries.iter().copied().map(unpack)
    }

    /// Forgets all, and keeps the room for what comes.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.slots.fill(0);
    }
}
