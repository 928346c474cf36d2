//! The latest postings, in memory.

use super::{Entry, KEY_BITS, Posting};

/// Postings by key: a table of [`BUCKETS`] buckets of [`SLOTS`] slots, eight bytes a slot and never more.
///
/// The high bits of a key are the number of its bucket, its home, and need not be kept (quotienting, Cleary 1984); where
/// that is full, the posting stands in one of those behind it, and says how far from home. Half of a slot is enough
/// to tell a key from others, so that a look-up that finds nothing meets one line of the cache, seldom
/// two. Keys are hashes and so spread evenly.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    /// The low bits of the key, the buckets from home, and the high bits of the document; [`FREE`] where there is none.
    /// Empty before the first posting.
    tags: Vec<Bucket>,
    /// The low bits of the document, and the place.
    rests: Vec<Bucket>,
    /// What does not fit: as good as nothing, unless somebody makes keys on purpose.
    spare: Vec<Entry>,
    len: usize,
    /// The lowest and the highest number of a document, where there is any.
    documents: Option<(u32, u32)>,
}

/// A line of the cache.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Bucket([u32; SLOTS]);

const HOME_BITS: u32 = 17;
const BUCKETS: usize = 1 << HOME_BITS;
const SLOTS: usize = 16;
const DISTANCE_BITS: u32 = 9;
/// No posting is so many buckets from home.
const FARTHEST: usize = (1 << DISTANCE_BITS) - 1;
/// Bits of a document's number, counted from the first, that stand in a tag, and in all.
const DOCUMENT_BITS: u32 = 4;
const DOCUMENTS: u32 = 1 << (DOCUMENT_BITS + u16::BITS);
const LOW_BITS: u32 = KEY_BITS - HOME_BITS;
/// A tag that no posting has, since none is [`FARTHEST`] from home.
const FREE: u32 = u32::MAX;
const _: () = assert!(LOW_BITS + DISTANCE_BITS + DOCUMENT_BITS == u32::BITS);

/// So many postings are held at most: with fewer than one slot in ten free, look-ups would go far.
const MOST: usize = BUCKETS * SLOTS / 10 * 9;

fn home(key: u64) -> usize {
    (key >> LOW_BITS) as usize
}

/// What tags of `key` begin with, so many buckets from home.
fn tag(key: u64, distance: usize) -> u32 {
    let low = (key & ((1 << LOW_BITS) - 1)) as u32;
    (low << DISTANCE_BITS | distance as u32) << DOCUMENT_BITS
}

/// Reads from the homes of these keys in a table that is not empty, before the first is needed: each may be far away, and so
/// none waits for another.
fn touch(table: &[Bucket], keys: impl Iterator<Item = u64>) {
    let touched = keys.fold(0, |touched, key| touched ^ table[home(key)].0[0]);
    std::hint::black_box(touched);
}

impl Recent {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether `count` postings of `document` can be added.
    pub(crate) fn has_room(&self, document: u32, count: usize) -> bool {
        self.len + count <= MOST
            && self
                .documents
                .is_none_or(|(first, _)| document.saturating_sub(first) < DOCUMENTS)
    }

    /// Asks memory for where postings of these keys will stand.
    pub(crate) fn fetch(&self, keys: impl Iterator<Item = u64> + Clone) {
        if !self.tags.is_empty() {
            touch(&self.tags, keys.clone());
            touch(&self.rests, keys);
        }
    }

    /// Adds a posting; their documents come in order.
    pub(crate) fn insert(&mut self, (key, posting): Entry) {
        if self.tags.is_empty() {
            let buckets = BUCKETS + FARTHEST;
            self.tags = vec![Bucket([FREE; SLOTS]); buckets];
            self.rests = vec![Bucket([0; SLOTS]); buckets];
        }
        let document = posting.document;
        let (first, _) = *self.documents.get_or_insert((document, document));
        self.documents = Some((first, document));
        self.len += 1;
        let number = document - first;
        let free = (0..FARTHEST)
            .filter(|_| number < DOCUMENTS && self.len <= MOST)
            .find_map(|distance| {
                let bucket = home(key) + distance;
                // The free slots are the last, and to count the others takes no branch.
                let slot = self.tags[bucket].0.iter().filter(|&&tag| tag != FREE).count();
                (slot < SLOTS).then_some((bucket, slot, distance))
            });
        match free {
            Some((bucket, slot, distance)) => {
                self.tags[bucket].0[slot] = tag(key, distance) | number >> u16::BITS;
                self.rests[bucket].0[slot] = number << u16::BITS | u32::from(posting.at);
            }
            None => self.spare.push((key, posting)),
        }
    }

    /// What stands in a slot that is not free.
    fn posting(&self, first: u32, bucket: usize, slot: usize) -> Posting {
        let (tag, rest) = (self.tags[bucket].0[slot], self.rests[bucket].0[slot]);
        let high = tag & ((1 << DOCUMENT_BITS) - 1);
        Posting {
            document: first + (high << u16::BITS | rest >> u16::BITS),
            at: rest as u16,
        }
    }

    /// Calls `found` with the number of each of `keys` that has postings, and each of them.
    pub(crate) fn get(&self, keys: &[u64], mut found: impl FnMut(usize, Posting)) {
        let Some((first, _)) = self.documents else {
            return;
        };
        touch(&self.tags, keys.iter().copied());
        for (n, &key) in keys.iter().enumerate() {
            for distance in 0..FARTHEST {
                let bucket = home(key) + distance;
                let (tags, mine) = (&self.tags[bucket].0, tag(key, distance));
                let is_mine = |tag: u32| (tag ^ mine) >> DOCUMENT_BITS == 0;
                if tags.iter().fold(false, |any, &tag| any | is_mine(tag)) {
                    (0..SLOTS)
                        .filter(|&slot| is_mine(tags[slot]))
                        .for_each(|slot| found(n, self.posting(first, bucket, slot)));
                }
                if tags[SLOTS - 1] == FREE {
                    break;
                }
            }
            for &(other, posting) in &self.spare {
                if other == key {
                    found(n, posting);
                }
            }
        }
    }

    /// The lowest and the highest number of a document.
    pub(crate) fn documents(&self) -> (u32, u32) {
        self.documents.unwrap_or_default()
    }

    /// Calls `give` with all postings, by key and document.
    pub(crate) fn sorted<E>(&self, mut give: impl FnMut(Entry) -> Result<(), E>) -> Result<(), E> {
        let Some((first, _)) = self.documents else {
            return Ok(());
        };
        let mut spare = self.spare.clone();
        spare.sort_unstable();
        let mut spare = spare.into_iter().peekable();
        let mut same: Vec<Entry> = Vec::new();
        for home in 0..BUCKETS {
            let above = (home as u64) << LOW_BITS;
            for distance in 0..FARTHEST {
                let tags = &self.tags[home + distance].0;
                for (slot, &tag) in tags.iter().enumerate() {
                    let from = tag >> DOCUMENT_BITS;
                    if from as usize & FARTHEST == distance {
                        let posting = self.posting(first, home + distance, slot);
                        same.push((above | u64::from(from >> DISTANCE_BITS), posting));
                    }
                }
                if tags[SLOTS - 1] == FREE {
                    break;
                }
            }
            while let Some(entry) = spare.next_if(|(key, _)| key >> LOW_BITS == home as u64) {
                same.push(entry);
            }
            same.sort_unstable();
            same.drain(..).try_for_each(&mut give)?;
        }
        Ok(())
    }

    /// Forgets all, and keeps the room for what comes.
    pub(crate) fn clear(&mut self) {
        self.tags.fill(Bucket([FREE; SLOTS]));
        self.spare.clear();
        self.len = 0;
        self.documents = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::mix;

    /// Holds what a table has against what was put in.
    fn check(mut entries: Vec<Entry>, spare: usize) {
        let mut recent = Recent::default();
        for &entry in &entries {
            recent.insert(entry);
        }
        assert_eq!((recent.len(), recent.spare.len()), (entries.len(), spare));
        entries.sort_unstable();
        let mut back = Vec::new();
        let given: Result<(), ()> = recent.sorted(|entry| {
            back.push(entry);
            Ok(())
        });
        assert!(given.is_ok() && back == entries);
        let keys: Vec<u64> = entries.iter().map(|&(key, _)| key).step_by(7).collect();
        let strangers = (1 << 40..).map(|n| mix(n) >> (64 - KEY_BITS)).take(1_000);
        let asked: Vec<u64> = keys.iter().copied().chain(strangers).collect();
        let mut found = Vec::new();
        recent.get(&asked, |n, posting| found.push((asked[n], posting)));
        found.sort_unstable();
        found.dedup();
        let expected: Vec<Entry> = entries
            .iter()
            .copied()
            .filter(|(key, _)| asked.contains(key))
            .collect();
        assert_eq!(found, expected);
        recent.clear();
        recent.get(&asked, |_, _| panic!("nothing is left"));
    }

    fn entry(key: u64, document: u32, at: u16) -> Entry {
        (key, Posting { document, at })
    }

    #[test]
    fn a_full_table_gives_back_what_was_put_in() {
        // Of the homes one in 128, nine slots in ten of which are taken.
        let entries = (0..(MOST >> 7) as u64).map(|n| {
            let key = mix(n) >> (64 - KEY_BITS + 7);
            entry(key, 70 + n as u32 * 61, n as u16)
        });
        check(entries.collect(), 0);
    }

    #[test]
    fn there_is_no_room_for_too_many_or_too_far_apart() {
        let mut recent = Recent::default();
        assert!(recent.has_room(u32::MAX, MOST) && !recent.has_room(0, MOST + 1));
        recent.insert(entry(1, 10, 0));
        assert!(recent.has_room(9 + DOCUMENTS, MOST - 1));
        assert!(!recent.has_room(10 + DOCUMENTS, 1) && !recent.has_room(10, MOST));
    }

    #[test]
    fn what_does_not_fit_is_not_lost() {
        // One home for more than the buckets behind it hold, at the very end of the table.
        let last = (1 << KEY_BITS) - 1;
        let many = (FARTHEST * SLOTS) as u64 + 3;
        check((0..many).map(|n| entry(last - n % 90, n as u32, 5)).collect(), 3);
        // Documents too far apart for a slot.
        let apart = [0, DOCUMENTS - 1, DOCUMENTS].map(|document| entry(9, document, u16::MAX));
        check(apart.to_vec(), 1);
        check(
            (0..5_000)
                .map(|n| entry(mix(n) >> (64 - KEY_BITS), n as u32, n as u16))
                .collect(),
            0,
        );
    }
}
