//! Which articles have a term, on disk.
//!
//! Articles are numbered in arrival order and cut into segments. The postings of the segment being filled are in memory. When
//! it is full they become a sorted file that is never changed, so there is nothing to merge and a segment is
//! forgotten by removing its files. The file is written part by part while the next segment fills, and until it is
//! complete the postings stay in memory: no article waits for a segment to close, and none is found otherwise than before.
//! What memory keeps of a closed segment is where each range of terms begins, when about its articles were published, and one
//! bit in each row of a table of hashes (a Bloom filter laid on its side): four rows say at once which of 64 segments may have
//! a term.

mod recent;
mod times;

use std::collections::BTreeMap;

use gristmill_core::{State, StateError};

pub(crate) use times::Span;
use times::Times;

use crate::terms::Term;
use recent::Recent;

/// The most articles of a segment.
pub(crate) const SEGMENT: u32 = 1 << 14;

/// So many of the latest articles with a term are looked at: what is told in more articles is told in other
/// words too.
pub(crate) const LATEST: usize = 64;

/// Parts in which the postings of a segment are written.
const PARTS: usize = 64;

/// Bits of a term that tell its bucket in a file of postings.
const UPPER: u32 = 12;
const BUCKETS: usize = 1 << UPPER;
/// Rows of the table of hashes, and those of a term: a segment of 150,000 terms seems to have one in 90 that it has not, so that
/// nearly every read finds something.
const ROWS: usize = 3 << 19;
const HASHES: usize = 4;
/// Segments a table of hashes.
const COLUMNS: u32 = u64::BITS;

const POSTING: usize = 6;
/// A file begins with the rows of the table that have a term, and ends with where the buckets begin and with the times.
const HEAD: usize = ROWS / 8;
const TAIL: usize = 4 * BUCKETS + times::BYTES;

/// The number of segments that are closed or forgotten, in the state.
const CLOSED: &[u8] = b"closed";

/// An article that has a term, and how weighty the term is there: from 0 to 255.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Posting {
    pub(crate) article: u32,
    pub(crate) weight: u8,
}

type Found = Vec<Posting>;

/// What memory keeps of a closed segment.
#[derive(Debug, Clone)]
struct Closed {
    /// Where each bucket begins in the file, in postings; and where the last ends.
    starts: Box<[u32]>,
    times: Times,
}

/// A full segment whose file is being written.
#[derive(Debug, Clone)]
struct Closing {
    segment: u32,
    times: Times,
    /// Where each bucket begins, of the parts that are written.
    starts: Vec<u32>,
    /// Postings that are written.
    written: u32,
}

/// The index.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    /// Articles a segment.
    size: u32,
    /// Postings an article.
    most: usize,
    /// The segment being filled.
    current: Recent,
    filling: u32,
    /// The segment before, while there is a `closing`; else empty, with room for the next.
    before: Recent,
    closing: Option<Closing>,
    closed: BTreeMap<u32, Closed>,
    /// By the number of the segment over [`COLUMNS`].
    tables: BTreeMap<u32, Vec<u64>>,
}

pub(crate) fn name(segment: u32) -> String {
    format!("postings-{segment:08}")
}

/// The rows of a term: two hashes make them all (Kirsch and Mitzenmacher, 2006).
fn rows(term: Term) -> [usize; HASHES] {
    let hash = u64::from(term).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let [first, step] = [hash >> 43, hash >> 20 | 1].map(|hash| hash as usize);
    std::array::from_fn(|n| first.wrapping_add(n.wrapping_mul(step)) % ROWS)
}

fn bucket(term: Term) -> usize {
    (term >> (32 - UPPER)) as usize
}

/// Segments before this one are closed.
pub(crate) fn closed(state: &dyn State) -> Result<u32, StateError> {
    let bytes = state
        .get(CLOSED)?
        .and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
    Ok(bytes.map_or(0, u32::from_le_bytes))
}

impl Index {
    /// An index of segments of `size` articles, [`SEGMENT`] at the most, with up to `most` terms each.
    pub(crate) fn new(size: u32, most: usize) -> Self {
        Self {
            size,
            most,
            current: Recent::default(),
            filling: 0,
            before: Recent::default(),
            closing: None,
            closed: BTreeMap::new(),
            tables: BTreeMap::new(),
        }
    }

    /// Adds the next article, published at so many `minutes` since 1970.
    pub(crate) fn push(&mut self, article: u32, minutes: u32, terms: impl Iterator<Item = (Term, u8)>) {
        self.filling = article / self.size;
        let (table, bit) = self.table(self.filling);
        let terms: Vec<_> = terms.collect();
        for row in terms.iter().flat_map(|(term, _)| rows(*term)) {
            table[row] |= bit;
        }
        let most = self.most * self.size as usize;
        self.current.push(minutes, terms.into_iter(), most);
    }

    /// The table of `segment`, and its bit there.
    fn table(&mut self, segment: u32) -> (&mut Vec<u64>, u64) {
        let table = self.tables.entry(segment / COLUMNS);
        let table = table.or_insert_with(|| vec![0; ROWS]);
        (table, 1 << (segment % COLUMNS))
    }

    /// Begins to close the segment that is full now; the one before is closed first.
    pub(crate) fn begin_to_close(&mut self, state: &mut dyn State) -> Result<(), StateError> {
        self.close(self.size, state)?;
        std::mem::swap(&mut self.current, &mut self.before);
        let file = name(self.filling);
        let mut closing = Closing {
            segment: self.filling,
            times: self.before.times(),
            starts: Vec::with_capacity(BUCKETS),
            written: 0,
        };
        match state.len(&file) {
            None => {
                state.append(&file, self.before.filter())?;
            }
            // A start over a state that has some of the parts.
            Some(length) => {
                let there = (length as usize).saturating_sub(HEAD) / POSTING;
                while closing.starts.len() < BUCKETS && (closing.written as usize) < there {
                    self.before.write(&mut closing);
                }
            }
        }
        self.closing = Some(closing);
        Ok(())
    }

    /// Writes as much of the closing segment as is due after so many articles of the next: all of it after half of them.
    pub(crate) fn close(&mut self, articles: u32, state: &mut dyn State) -> Result<(), StateError> {
        let Some(closing) = &mut self.closing else {
            return Ok(());
        };
        let due = due(articles, self.size, PARTS) * BUCKETS / PARTS;
        let file = name(closing.segment);
        while closing.starts.len() < due {
            let postings = self.before.write(closing);
            state.append(&file, &postings)?;
        }
        if closing.starts.len() < BUCKETS {
            return Ok(());
        }
        let mut tail: Vec<u8> = closing
            .starts
            .iter()
            .flat_map(|start| start.to_le_bytes())
            .collect();
        tail.extend(closing.times.to_bytes());
        state.append(&file, &tail)?;
        state.put(CLOSED, &(closing.segment + 1).to_le_bytes())?;
        closing.starts.push(closing.written);
        let closed = Closed {
            starts: std::mem::take(&mut closing.starts).into(),
            times: closing.times,
        };
        self.closed.insert(closing.segment, closed);
        self.closing = None;
        self.before.clear();
        Ok(())
    }

    /// Reads what memory keeps of the closed segment `segment`.
    pub(crate) fn open(&mut self, segment: u32, state: &dyn State) -> Result<(), StateError> {
        let file = name(segment);
        let length = state.len(&file).unwrap_or_default() as usize;
        let mut tail = vec![0; TAIL];
        let postings = length.checked_sub(HEAD + TAIL).map(|bytes| bytes / POSTING);
        let Some(postings) = postings else {
            return Err(StateError::Invalid(format!("file {file} is too short")));
        };
        state.read(&file, (length - TAIL) as u64, &mut tail)?;
        let (starts, times) = tail.split_at(4 * BUCKETS);
        let starts = starts
            .as_chunks()
            .0
            .iter()
            .map(|&start| u32::from_le_bytes(start));
        let closed = Closed {
            starts: starts.chain([postings as u32]).collect(),
            times: Times::from_bytes(times),
        };
        self.closed.insert(segment, closed);
        let mut filter = vec![0; HEAD];
        state.read(&file, 0, &mut filter)?;
        let (table, bit) = self.table(segment);
        for (rows, bits) in table.chunks_exact_mut(8).zip(filter) {
            for (row, cell) in rows.iter_mut().enumerate() {
                *cell |= bit * u64::from(bits >> row & 1);
            }
        }
        Ok(())
    }

    /// Forgets the closed segment `segment` with its file.
    pub(crate) fn remove(&mut self, segment: u32, state: &mut dyn State) -> Result<(), StateError> {
        self.closed.remove(&segment);
        let group = segment / COLUMNS;
        let mut others = self.closed.range(group * COLUMNS..(group + 1) * COLUMNS);
        if others.next().is_none() && group != self.filling / COLUMNS {
            self.tables.remove(&group);
        }
        state.remove(&name(segment))
    }

    /// Puts the [`LATEST`] articles that have `term` and were published within `span` into `found`, the latest first, with at most
    /// `reads` reads of full segments, which it counts down.
    pub(crate) fn look_up(
        &self,
        term: Term,
        span: Span,
        state: &dyn State,
        reads: &mut usize,
        found: &mut Found,
    ) -> Result<(), StateError> {
        found.clear();
        self.current.look_up(term, span, self.filling * self.size, found);
        for (&group, table) in self.tables.iter().rev() {
            let mut segments = rows(term).iter().fold(u64::MAX, |all, &row| all & table[row]);
            while segments != 0 && found.len() < LATEST && *reads > 0 {
                let column = u64::BITS - 1 - segments.leading_zeros();
                segments &= !(1 << column);
                let segment = group * COLUMNS + column;
                // Whether a segment is closed yet or still closing must not show: it counts as read in any case.
                if let Some(closed) = self.closed.get(&segment) {
                    let Some(ranks) = closed.times.ranks(span) else {
                        continue;
                    };
                    *reads -= 1;
                    self.read(term, ranks, segment, closed, state, found)?;
                } else if let Some(closing) = self.closing.as_ref().filter(|at| at.segment == segment) {
                    let Some(ranks) = closing.times.ranks(span) else {
                        continue;
                    };
                    *reads -= 1;
                    let first = segment * self.size;
                    self.before
                        .look_up_by_rank(term, &closing.times, ranks, first, found);
                }
            }
        }
        Ok(())
    }

    fn read(
        &self,
        term: Term,
        (low, high): (u8, u8),
        segment: u32,
        closed: &Closed,
        state: &dyn State,
        found: &mut Found,
    ) -> Result<(), StateError> {
        let [start, end] = [0, 1].map(|next| closed.starts[bucket(term) + next] as usize * POSTING);
        let mut bytes = vec![0; end.saturating_sub(start)];
        state.read(&name(segment), (HEAD + start) as u64, &mut bytes)?;
        let lower = u64::from(term << UPPER >> UPPER);
        let postings = bytes
            .as_chunks::<POSTING>()
            .0
            .iter()
            .map(|&[a, b, c, d, e, f]| u64::from_be_bytes([0, 0, a, b, c, d, e, f]));
        let mine = postings
            .skip_while(|packed| packed >> 28 < lower)
            .take_while(|packed| packed >> 28 == lower)
            .filter(|packed| (low..=high).contains(&((packed & 63) as u8)));
        found.extend(mine.take(LATEST - found.len()).map(|packed| Posting {
            article: segment * self.size + (packed >> 14) as u32 % SEGMENT,
            weight: (packed >> 6) as u8,
        }));
        Ok(())
    }
}

impl Recent {
    /// The postings of the next part, and in `closing` where its buckets begin.
    fn write(&self, closing: &mut Closing) -> Vec<u8> {
        let part = closing.starts.len() * PARTS / BUCKETS;
        let postings = self.part(part, &closing.times, &mut closing.starts, closing.written);
        closing.written += (postings.len() / POSTING) as u32;
        postings
    }
}

/// How many of `parts` are due after so many articles of a segment of `size`: all after half of them, so that what is put off is
/// done long before the segment is full.
pub(crate) fn due(articles: u32, size: u32, parts: usize) -> usize {
    (articles as usize * 2 * parts / size.max(1) as usize).min(parts)
}

#[cfg(test)]
mod tests;
