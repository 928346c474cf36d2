//! Which articles have a term, on disk.
//!
//! Articles are numbered in arrival order and cut into segments of [`SEGMENT`]. The postings of the segment
//! being filled are in memory. When it is full they become a sorted file that is never changed, so there is
//! nothing to merge and a segment is forgotten by removing its files. What memory keeps of a full segment is
//! where each range of terms begins, and one bit in each row of a table of hashes (a Bloom filter laid on its
//! side): two rows say at once which of 64 segments may have a term.

use std::collections::{BTreeMap, HashMap};

use gristmill_core::{State, StateError};

use crate::terms::Term;

/// Articles a segment.
pub(crate) const SEGMENT: u32 = 1 << 14;

/// So many of the latest articles with a term are looked at: what is told in more articles is told in other
/// words too.
pub(crate) const LATEST: usize = 64;

/// Bits of a term that tell its bucket in a file of postings.
const UPPER: u32 = 12;
const BUCKETS: usize = 1 << UPPER;
/// Rows of the table of hashes.
const ROWS: usize = 1 << 20;
/// Segments a table of hashes.
const COLUMNS: u32 = u64::BITS;

const POSTING: usize = 6;
const HEAD: usize = 4 * BUCKETS + ROWS / 8;

/// An article that has a term, and how weighty the term is there: from 0 to 255.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Posting {
    pub(crate) article: u32,
    pub(crate) weight: u8,
}

/// A posting of the segment being filled, with the place of the posting of the same term before it.
#[derive(Debug, Clone, Copy)]
struct Recent {
    before: u32,
    within: u16,
    weight: u8,
}

const NONE: u32 = u32::MAX;

/// The index.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    /// Of the segment being filled, `current`, the latest posting of each term in `recent`.
    latest: HashMap<Term, u32>,
    recent: Vec<Recent>,
    current: u32,
    /// Where each bucket begins in the files of full segments.
    starts: BTreeMap<u32, Box<[u32]>>,
    /// By the number of the segment over [`COLUMNS`].
    tables: BTreeMap<u32, Vec<u64>>,
}

pub(crate) fn name(segment: u32) -> String {
    format!("postings-{segment:08}")
}

fn rows(term: Term) -> [usize; 2] {
    let hash = u64::from(term).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    [(hash >> 44) as usize, (hash >> 20) as usize % ROWS]
}

fn bucket(term: Term) -> usize {
    (term >> (32 - UPPER)) as usize
}

impl Index {
    /// Adds the next article of the segment being filled.
    pub(crate) fn push(&mut self, article: u32, terms: impl Iterator<Item = (Term, u8)>) {
        self.current = article / SEGMENT;
        for (term, weight) in terms {
            let place = self.recent.len() as u32;
            let before = self.latest.insert(term, place).unwrap_or(NONE);
            self.recent.push(Recent {
                before,
                within: (article % SEGMENT) as u16,
                weight,
            });
        }
    }

    /// Writes the postings of `segment`, which is full now, and begins the next.
    pub(crate) fn seal(&mut self, segment: u32, state: &mut dyn State) -> Result<(), StateError> {
        let mut terms: Vec<(Term, u32)> = self.latest.drain().collect();
        terms.sort_unstable();
        let mut starts = vec![0_u32; BUCKETS];
        let mut filter = vec![0_u8; ROWS / 8];
        let mut postings = Vec::with_capacity(self.recent.len() * POSTING);
        let mut next = 0;
        for &(term, latest) in &terms {
            while next <= bucket(term) {
                starts[next] = (postings.len() / POSTING) as u32;
                next += 1;
            }
            for row in rows(term) {
                filter[row / 8] |= 1 << (row % 8);
            }
            let mut place = latest;
            for _ in 0..LATEST {
                let Some(posting) = self.recent.get(place as usize) else {
                    break;
                };
                // 20 lower bits of the term, 14 of the article, 8 of the weight, in 6 bytes.
                let low = u64::from(term << UPPER >> UPPER);
                let packed = low << 22 | u64::from(posting.within) << 8 | u64::from(posting.weight);
                postings.extend_from_slice(&packed.to_be_bytes()[2..]);
                place = posting.before;
            }
        }
        starts[next..].fill((postings.len() / POSTING) as u32);
        let mut head: Vec<u8> = starts.iter().flat_map(|start| start.to_le_bytes()).collect();
        head.extend_from_slice(&filter);
        let file = name(segment);
        state.append(&file, &head)?;
        state.append(&file, &postings)?;
        self.recent.clear();
        self.insert(segment, starts, &filter);
        Ok(())
    }

    /// Reads what memory keeps of the full segment `segment`.
    pub(crate) fn open(&mut self, segment: u32, state: &dyn State) -> Result<(), StateError> {
        let mut head = vec![0; HEAD];
        state.read(&name(segment), 0, &mut head)?;
        let (starts, filter) = head.split_at(4 * BUCKETS);
        let starts = starts
            .as_chunks()
            .0
            .iter()
            .map(|&start| u32::from_le_bytes(start));
        self.insert(segment, starts.collect(), filter);
        Ok(())
    }

    fn insert(&mut self, segment: u32, starts: Vec<u32>, filter: &[u8]) {
        self.starts.insert(segment, starts.into_boxed_slice());
        let table = self
            .tables
            .entry(segment / COLUMNS)
            .or_insert_with(|| vec![0; ROWS]);
        for (byte, &bits) in filter.iter().enumerate().filter(|(_, bits)| **bits != 0) {
            for bit in (0..8).filter(|bit| bits >> bit & 1 == 1) {
                table[byte * 8 + bit] |= 1 << (segment % COLUMNS);
            }
        }
    }

    /// Forgets the segment `segment` with its file.
    pub(crate) fn remove(&mut self, segment: u32, state: &mut dyn State) -> Result<(), StateError> {
        self.starts.remove(&segment);
        let group = segment / COLUMNS;
        if self
            .starts
            .range(group * COLUMNS..(group + 1) * COLUMNS)
            .next()
            .is_none()
        {
            self.tables.remove(&group);
        }
        state.remove(&name(segment))
    }

    /// Puts the [`LATEST`] articles that have `term` into `found`, the latest first, with at most `reads` reads of
    /// full segments, which it counts down.
    pub(crate) fn look_up(
        &self,
        term: Term,
        state: &dyn State,
        reads: &mut usize,
        found: &mut Vec<Posting>,
    ) -> Result<(), StateError> {
        found.clear();
        let mut place = self.latest.get(&term).copied().unwrap_or(NONE);
        while let Some(posting) = self.recent.get(place as usize).filter(|_| found.len() < LATEST) {
            found.push(Posting {
                article: self.current * SEGMENT + u32::from(posting.within),
                weight: posting.weight,
            });
            place = posting.before;
        }
        for (&group, table) in self.tables.iter().rev() {
            let [one, two] = rows(term);
            let mut segments = table[one] & table[two];
            while segments != 0 && found.len() < LATEST && *reads > 0 {
                let column = u64::BITS - 1 - segments.leading_zeros();
                segments &= !(1 << column);
                let segment = group * COLUMNS + column;
                // The tables keep the bits of forgotten segments until the next start.
                if let Some(starts) = self.starts.get(&segment) {
                    *reads -= 1;
                    Self::read(term, segment, starts, state, found)?;
                }
            }
        }
        Ok(())
    }

    fn read(
        term: Term,
        segment: u32,
        starts: &[u32],
        state: &dyn State,
        found: &mut Vec<Posting>,
    ) -> Result<(), StateError> {
        let bucket = bucket(term);
        let file = name(segment);
        let start = starts[bucket] as usize * POSTING;
        let end = match starts.get(bucket + 1) {
            Some(&end) => end as usize * POSTING,
            None => (state.len(&file).unwrap_or_default() as usize).saturating_sub(HEAD),
        };
        let mut bytes = vec![0; end.saturating_sub(start)];
        state.read(&file, (HEAD + start) as u64, &mut bytes)?;
        let low = u64::from(term << UPPER >> UPPER);
        let postings = bytes
            .as_chunks::<POSTING>()
            .0
            .iter()
            .map(|&[a, b, c, d, e, f]| u64::from_be_bytes([0, 0, a, b, c, d, e, f]));
        let mine = postings
            .skip_while(|packed| packed >> 22 < low)
            .take_while(|packed| packed >> 22 == low);
        found.extend(mine.take(LATEST - found.len()).map(|packed| Posting {
            article: segment * SEGMENT + (packed >> 8) as u32 % SEGMENT,
            weight: packed as u8,
        }));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use gristmill_core::MemoryState;

    use super::*;

    #[test]
    fn a_sealed_segment_answers_as_before() {
        let mut index = Index::default();
        let mut state = MemoryState::new();
        let look = |index: &Index, state: &MemoryState, term| {
            let mut found = Vec::new();
            index.look_up(term, state, &mut 9, &mut found).unwrap();
            found
        };
        let terms: Vec<Term> = (0..200_u32)
            .map(|n| n.wrapping_mul(0x9e37_79b1))
            .chain([u32::MAX])
            .collect();
        for article in 0..300 {
            let mine = terms
                .iter()
                .enumerate()
                .filter(|(n, _)| (article as usize).is_multiple_of(n + 1));
            index.push(article, mine.map(|(n, &term)| (term, n as u8)));
        }
        let before: Vec<_> = terms.iter().map(|&term| look(&index, &state, term)).collect();
        index.seal(0, &mut state).unwrap();
        let after: Vec<_> = terms.iter().map(|&term| look(&index, &state, term)).collect();
        assert_eq!(before, after);
        assert_eq!(before[0].len(), LATEST);
        assert_eq!(before[0][0].article, 299);
        let mut again = Index::default();
        again.open(0, &state).unwrap();
        again.push(SEGMENT + 3, [(terms[7], 9)].into_iter());
        let found = look(&again, &state, terms[7]);
        assert_eq!(
            found[0],
            Posting {
                article: SEGMENT + 3,
                weight: 9
            }
        );
        assert_eq!(found[1..], before[7][..]);
        let mut none = Vec::new();
        again.look_up(terms[7], &state, &mut 0, &mut none).unwrap();
        assert_eq!(none.len(), 1, "nothing is read beyond the bound");
        again.seal(1, &mut state).unwrap();
        again.remove(0, &mut state).unwrap();
        let mut reads = 9;
        again.look_up(terms[7], &state, &mut reads, &mut none).unwrap();
        assert_eq!(
            (none.len(), reads),
            (1, 8),
            "a forgotten segment counts for nothing"
        );
        assert!(look(&again, &state, terms[8]).is_empty());
    }
}
