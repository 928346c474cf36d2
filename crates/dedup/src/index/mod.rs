//! Fingerprints and where they were seen, on disk.
//!
//! A log-structured index. Postings of the latest documents stand in a log and in memory ([`recent`]); when
//! there are many, they become a sorted [`run`], a file that is written once, of which memory holds where its
//! buckets begin, and all of the latest. Runs are merged into longer ones, so that a look-up meets few of them: one look into a
//! [`filter`] tells, most often, that there is no bucket to read. Merging goes on a little with each batch,
//! in proportion to what came in, and nobody waits for it; a process that ends while it is under way begins that
//! merge again. A fingerprint that many documents have is [`furniture`], and no more postings of it are kept than
//! tell that.

mod bucket;
mod filter;
mod furniture;
mod offsets;
mod recent;
mod run;

use gristmill_core::{State, StateError};

use crate::bits::{BitReader, BitWriter};

use furniture::Furniture;
use recent::Recent;
use run::{Reader, Run, Scratch, Shape, Writer};

/// Where a fingerprint was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Posting {
    /// The document's number in arrival order.
    pub(crate) document: u32,
    /// The number of the shingle's first word, or its context where the document's trace tells the place.
    pub(crate) at: u16,
}

/// A fingerprint seen in so many documents is furniture; more are not kept.
pub(crate) const HOT: usize = 6;

/// Bits of a fingerprint that are kept. Among the two hundred million of a million articles one look-up in three
/// hundred meets a stranger, which no answer is built on: it counts only beside others, or is compared by word.
pub(crate) const KEY_BITS: u32 = 36;

type Entry = (u64, Posting);

/// Postings in memory before they become a run: those of a last batch still have room.
const RECENT: usize = 1_500_000;
/// So many of the latest runs stand in memory too, and are not merged yet: a copy asks for a hundred postings of one
/// document, which most often came in a moment ago.
const HELD: usize = 1;
/// At least so many runs are merged at once.
const FAN: usize = 4;
/// Runs are merged with a longer one when it has so many times their length at most.
const LONGER: u64 = 3;
/// Postings that a merge moves for each that came in since the last time: more than it takes to keep up.
const PACE: u64 = 20;
/// A run is not longer than this, since places in it are kept in 32 bits.
const LONGEST: u64 = u32::MAX as u64;

/// The index; everything but the runs' tables and the latest postings is in the state.
#[derive(Debug)]
pub(crate) struct Index {
    furniture: Furniture,
    recent: Recent,
    log: u64,
    /// From the oldest documents to the latest.
    runs: Vec<Run>,
    merges: Vec<Merge>,
    /// Postings that merges may move.
    credit: u64,
    /// Postings in memory before they become a run.
    pub(crate) limit: usize,
}

impl Default for Index {
    fn default() -> Self {
        Self {
            furniture: Furniture::default(),
            recent: Recent::default(),
            log: 0,
            runs: Vec::new(),
            merges: Vec::new(),
            credit: 0,
            limit: RECENT,
        }
    }
}

/// Neighbouring runs on their way into one.
#[derive(Debug)]
struct Merge {
    /// The numbers of the runs.
    inputs: Vec<u64>,
    readers: Vec<Reader>,
    writer: Writer,
}

const NEXT: &[u8] = b"next-file";
const LOG: &[u8] = b"log";
const RUNS: &[u8] = b"runs";

fn log_file(number: u64) -> String {
    format!("log-{number:010}")
}

impl Index {
    /// Reads what memory holds. Files that a merge had begun are removed.
    pub(crate) fn open(state: &mut dyn State) -> Result<Self, StateError> {
        let mut index = Self::default();
        let shapes = state.get(RUNS)?.unwrap_or_default();
        for shape in shapes.as_chunks::<{ Shape::BYTES }>().0 {
            index.runs.push(Run::open(Shape::decode(shape), state)?);
        }
        index.hold(state)?;
        index.log = match state.get(LOG)?.as_deref().and_then(<[u8]>::first_chunk::<8>) {
            Some(bytes) => u64::from_le_bytes(*bytes),
            None => index.begin_log(state)?,
        };
        for file in state.files() {
            let stray = ["run-", "filter-"]
                .iter()
                .find_map(|kind| file.strip_prefix(kind)?.parse::<u64>().ok());
            if stray.is_some_and(|number| index.runs.iter().all(|run| run.shape.number != number)) {
                state.remove(&file)?;
            }
        }
        if let Some(length) = state.len(&log_file(index.log)) {
            let mut bytes = vec![0; length as usize];
            state.read(&log_file(index.log), 0, &mut bytes)?;
            replay(&bytes, |entry| index.recent.insert(entry));
        }
        Ok(index)
    }

    fn begin_log(&mut self, state: &mut dyn State) -> Result<u64, StateError> {
        self.log = next(state)?;
        state.put(LOG, &self.log.to_le_bytes())?;
        Ok(self.log)
    }

    /// Where each of `keys` was seen from document `floor` on: the number of the key and the posting, in order.
    pub(crate) fn look_up(
        &mut self,
        keys: &[u64],
        floor: u32,
        state: &dyn State,
    ) -> Result<Vec<(usize, Posting)>, StateError> {
        let mut found = Vec::new();
        // What is asked, and the numbers of these keys.
        let (mut asked, mut numbers) = (Vec::with_capacity(keys.len()), Vec::with_capacity(keys.len()));
        for (n, &key) in keys.iter().enumerate() {
            match self.furniture.get(key, floor) {
                Some(postings) => found.extend(postings.map(|posting| (n, posting))),
                None => {
                    asked.push(key);
                    numbers.push(n);
                }
            }
        }
        let known = found.len();
        let mut scratch = Scratch::new(&asked);
        self.recent
            .get(&asked, |n, posting| found.push((numbers[n], posting)));
        for run in &self.runs {
            run.look_up(&asked, &mut scratch, state, |n, posting| {
                found.push((numbers[n], posting));
            })?;
        }
        found.retain(|(_, posting)| posting.document >= floor);
        found[known..].sort_unstable();
        for same in found[known..].chunk_by(|a, b| a.0 == b.0) {
            if let Ok(same) = <&[_; HOT]>::try_from(same) {
                self.furniture
                    .put(keys[same[0].0], same.map(|(_, posting)| posting));
            }
        }
        if known > 0 {
            found.sort_unstable();
        }
        Ok(found)
    }

    /// Adds a document's postings: keys with the places, 16 bits, below them.
    pub(crate) fn insert(
        &mut self,
        document: u32,
        mut entries: Vec<u64>,
        state: &mut dyn State,
    ) -> Result<(), StateError> {
        if entries.is_empty() {
            return Ok(());
        }
        if !self.recent.has_room(document, entries.len()) {
            // A batch of very long documents, or very many that gave next to nothing.
            self.flush(state)?;
        }
        self.recent.fetch(entries.iter().map(|&entry| entry >> u16::BITS));
        entries.sort_unstable();
        let most = entries.iter().map(|&entry| entry as u16).max();
        let (low, at_bits) = (
            low(entries.len()),
            u16::BITS - most.unwrap_or_default().leading_zeros(),
        );
        let mut bits = BitWriter::default();
        bits.push(document, 32);
        bits.push(entries.len() as u32, 32);
        bits.push(at_bits, 8);
        let mut before = 0;
        for &entry in &entries {
            let (key, at) = (entry >> u16::BITS, entry as u16);
            bits.rice(key - before, low);
            bits.push(u32::from(at), at_bits);
            before = key;
            self.furniture.remove(key);
            self.recent.insert((key, Posting { document, at }));
        }
        self.credit += entries.len() as u64 * PACE;
        state.append(&log_file(self.log), bits.aligned()).map(drop)
    }

    /// Makes a run of the latest postings if there are many, and goes on with merging, which drops what is below
    /// `floor`. No look-up from `floor` on is answered otherwise than before.
    pub(crate) fn tend(&mut self, floor: u32, state: &mut dyn State) -> Result<(), StateError> {
        if self.recent.len() >= self.limit {
            self.flush(state)?;
        }
        self.plan(state)?;
        self.merge(floor, state)
    }

    fn flush(&mut self, state: &mut dyn State) -> Result<(), StateError> {
        let range = self.recent.documents();
        let number = next(state)?;
        let mut writer = Writer::new(number, self.recent.len() as u64, range);
        self.recent.sorted(|entry| writer.push(entry, state))?;
        self.runs.push(writer.finish(state)?);
        self.hold(state)?;
        self.recent.clear();
        let full = log_file(self.log);
        if state.len(&full).is_some() {
            state.remove(&full)?;
        }
        self.begin_log(state)?;
        self.put_runs(state)
    }

    /// Takes the latest runs into memory, and leaves the others to the disk.
    fn hold(&mut self, state: &dyn State) -> Result<(), StateError> {
        let older = self.runs.len().saturating_sub(HELD);
        let (older, latest) = self.runs.split_at_mut(older);
        older.iter_mut().for_each(Run::release);
        latest.iter_mut().try_for_each(|run| run.hold(state))
    }

    fn put_runs(&self, state: &mut dyn State) -> Result<(), StateError> {
        let shapes: Vec<u8> = self.runs.iter().flat_map(|run| run.shape.encode()).collect();
        state.put(RUNS, &shapes)
    }

    /// Begins a merge of the latest runs, where the length of the older among them is in proportion.
    fn plan(&mut self, state: &mut dyn State) -> Result<(), StateError> {
        let busy = self
            .runs
            .iter()
            .rposition(|run| {
                self.merges
                    .iter()
                    .any(|merge| merge.inputs.contains(&run.shape.number))
            })
            .map_or(0, |last| last + 1);
        let free = &self.runs[..self.runs.len().saturating_sub(HELD)];
        let free = free.get(busy..).unwrap_or_default();
        let entries = |runs: &[Run]| runs.iter().map(|run| run.shape.entries).sum::<u64>();
        let bytes = |runs: &[Run]| runs.iter().map(Run::bytes).sum::<u64>();
        let worth = |&oldest: &usize| {
            let (run, later) = (&free[oldest], &free[oldest + 1..]);
            later.len() + 1 >= FAN
                && run.shape.entries <= entries(later) * LONGER
                && bytes(&free[oldest..]) <= LONGEST
        };
        let Some(oldest) = (0..free.len()).find(worth) else {
            return Ok(());
        };
        let chosen = &free[oldest..];
        let range = chosen.iter().map(|run| run.shape.documents());
        let range = range
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
            .unwrap_or_default();
        let total = entries(chosen);
        let merge = Merge {
            inputs: chosen.iter().map(|run| run.shape.number).collect(),
            readers: chosen.iter().map(Reader::new).collect(),
            writer: Writer::new(next(state)?, total, range),
        };
        self.merges.push(merge);
        Ok(())
    }

    /// Spends the credit on merges, the latest and shortest first.
    fn merge(&mut self, floor: u32, state: &mut dyn State) -> Result<(), StateError> {
        while self.credit > 0
            && let Some(merge) = self.merges.last_mut()
        {
            if !merge.advance(&mut self.credit, floor, state)? {
                continue;
            }
            let Some(Merge { inputs, writer, .. }) = self.merges.pop() else {
                return Ok(());
            };
            let is_input = |run: &Run| inputs.contains(&run.shape.number);
            let place = self.runs.iter().position(is_input).unwrap_or_default();
            // Their filters go before that of the new one is read.
            for run in self.runs.extract_if(.., |run| is_input(run)) {
                run.remove(state)?;
            }
            self.runs.insert(place, writer.finish(state)?);
            self.put_runs(state)?;
            self.plan(state)?;
        }
        if self.merges.is_empty() {
            self.credit = 0;
        }
        Ok(())
    }
}

impl Merge {
    /// Moves postings while there is `credit`, and says whether all are moved.
    fn advance(&mut self, credit: &mut u64, floor: u32, state: &mut dyn State) -> Result<bool, StateError> {
        let mut heads = Vec::with_capacity(self.readers.len());
        for reader in &mut self.readers {
            heads.push(reader.head(state)?);
        }
        while *credit > 0 {
            let least = (0..heads.len())
                .filter_map(|n| Some((heads[n]?, n)))
                .min_by_key(|&((key, _), n)| (key, n));
            let Some((entry, n)) = least else {
                return Ok(true);
            };
            if entry.1.document >= floor {
                self.writer.push(entry, state)?;
            }
            self.readers[n].skip();
            heads[n] = self.readers[n].head(state)?;
            *credit -= 1;
        }
        Ok(false)
    }
}

/// The bits of the difference between two of `count` keys that are written as they are.
fn low(count: usize) -> u32 {
    KEY_BITS - count.max(1).ilog2().clamp(6, KEY_BITS)
}

/// Gives the postings of a log.
fn replay(mut bytes: &[u8], mut give: impl FnMut(Entry)) {
    while !bytes.is_empty() {
        let mut bits = BitReader::new(bytes);
        let document = bits.take(32) as u32;
        let count = bits.take(32) as usize;
        let at_bits = bits.take(8) as u32;
        let mut key = 0;
        for _ in 0..count {
            key += bits.rice(low(count));
            let at = bits.take(at_bits) as u16;
            give((key, Posting { document, at }));
        }
        bytes = bytes.get(bits.bytes_read()..).unwrap_or_default();
    }
}

/// A number that no file had before.
fn next(state: &mut dyn State) -> Result<u64, StateError> {
    let bytes = state.get(NEXT)?.and_then(|bytes| <[u8; 8]>::try_from(bytes).ok());
    let number = bytes.map_or(1, u64::from_le_bytes);
    state.put(NEXT, &(number + 1).to_le_bytes())?;
    Ok(number)
}

#[cfg(test)]
mod tests;
