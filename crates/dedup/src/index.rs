//! Fingerprints and where they were seen, on disk.
//!
//! A log-structured index: postings of the latest documents stand in a log and in memory; when there are many,
//! they become a sorted run, a file written once, of which memory holds one fingerprint a block. Runs of like
//! size are merged four at a time, so that a look-up meets few of them. A fingerprint that many documents have
//! is furniture, and so no more postings are kept than tell that.

use std::collections::HashMap;

use gristmill_core::{State, StateError};

/// Where a fingerprint was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Posting {
    /// The document's number in arrival order.
    pub(crate) document: u32,
    /// The number of the shingle's first word.
    pub(crate) at: u16,
}

/// A fingerprint seen in so many documents is furniture; more are not kept.
pub(crate) const HOT: usize = 6;

type Entry = (u64, Posting);

const ENTRY: usize = 14;
/// Entries a block: one read of less than a page.
const BLOCK: usize = 256;
/// Postings in memory before they become a run.
const RECENT: usize = 400_000;
/// Runs of one size before they are merged.
const FAN: usize = 4;

#[derive(Debug)]
struct Run {
    number: u64,
    entries: usize,
    /// The first fingerprint of each block.
    fence: Vec<u64>,
}

/// The index; everything but `fence`s and the latest postings is in the state.
#[derive(Debug, Default)]
pub(crate) struct Index {
    recent: HashMap<u64, Vec<Posting>>,
    count: usize,
    log: u64,
    runs: Vec<Run>,
}

const NEXT: &[u8] = b"next-file";

fn name(kind: &str, number: u64) -> String {
    format!("{kind}-{number:010}")
}

fn encode((hash, posting): Entry, into: &mut Vec<u8>) {
    into.extend_from_slice(&hash.to_le_bytes());
    into.extend_from_slice(&posting.document.to_le_bytes());
    into.extend_from_slice(&posting.at.to_le_bytes());
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut number = [0; N];
    number.copy_from_slice(&bytes[at..at + N]);
    number
}

fn decode(bytes: &[u8]) -> Entry {
    let posting = Posting {
        document: u32::from_le_bytes(number(bytes, 8)),
        at: u16::from_le_bytes(number(bytes, 12)),
    };
    (u64::from_le_bytes(number(bytes, 0)), posting)
}

impl Index {
    /// Reads what memory holds.
    pub(crate) fn open(state: &mut dyn State) -> Result<Self, StateError> {
        let mut index = Self::default();
        for file in state.files() {
            let length = state.len(&file).unwrap_or_default() as usize;
            let Some((kind, id)) = file
                .split_once('-')
                .and_then(|(kind, id)| Some((kind, id.parse().ok()?)))
            else {
                continue;
            };
            match kind {
                "log" => {
                    index.log = id;
                    let mut bytes = vec![0; length];
                    state.read(&file, 0, &mut bytes)?;
                    for entry in bytes.chunks_exact(ENTRY).map(decode) {
                        index.remember(entry);
                    }
                }
                "run" => {
                    let entries = length / ENTRY;
                    let mut bytes = vec![0; entries.div_ceil(BLOCK) * 8];
                    state.read(&name("fence", id), 0, &mut bytes)?;
                    let fence = bytes.chunks_exact(8).map(|b| u64::from_le_bytes(number(b, 0)));
                    index.runs.push(Run {
                        number: id,
                        entries,
                        fence: fence.collect(),
                    });
                }
                _ => {}
            }
        }
        if index.log == 0 {
            index.log = next(state)?;
        }
        Ok(index)
    }

    fn remember(&mut self, (hash, posting): Entry) {
        self.recent.entry(hash).or_default().push(posting);
        self.count += 1;
    }

    /// Where each of `hashes` was seen from document `floor` on, by document; in the order of `hashes`.
    pub(crate) fn look_up(
        &self,
        hashes: &[u64],
        floor: u32,
        state: &dyn State,
    ) -> Result<Vec<Vec<Posting>>, StateError> {
        let mut found: Vec<Vec<Posting>> = vec![Vec::new(); hashes.len()];
        let mut order: Vec<usize> = (0..hashes.len()).collect();
        if !self.runs.is_empty() {
            order.sort_unstable_by_key(|&n| hashes[n]);
        }
        let mut bytes = Vec::new();
        for run in &self.runs {
            let mut loaded = usize::MAX;
            for &n in &order {
                let hash = hashes[n];
                // Equal fingerprints may begin at the end of the block before.
                let mut block = run.fence.partition_point(|&first| first < hash).saturating_sub(1);
                while run.fence.get(block).is_some_and(|&first| first <= hash) {
                    if loaded != block {
                        let first = block * BLOCK;
                        bytes.resize((run.entries - first).min(BLOCK) * ENTRY, 0);
                        state.read(&name("run", run.number), (first * ENTRY) as u64, &mut bytes)?;
                        loaded = block;
                    }
                    let entries = bytes.len() / ENTRY;
                    let from = partition(entries, |n| hash_at(&bytes, n) < hash);
                    let equal = (from..entries).take_while(|&n| hash_at(&bytes, n) == hash);
                    found[n].extend(equal.map(|n| decode(&bytes[n * ENTRY..]).1));
                    block += 1;
                }
            }
        }
        for (hash, postings) in hashes.iter().zip(&mut found) {
            postings.extend(self.recent.get(hash).into_iter().flatten());
            postings.retain(|posting| posting.document >= floor);
            postings.sort_unstable();
        }
        Ok(found)
    }

    /// Adds postings.
    pub(crate) fn insert(&mut self, entries: &[Entry], state: &mut dyn State) -> Result<(), StateError> {
        let mut bytes = Vec::with_capacity(entries.len() * ENTRY);
        for &entry in entries {
            encode(entry, &mut bytes);
            self.remember(entry);
        }
        state.append(&name("log", self.log), &bytes).map(drop)
    }

    /// Makes a run of the latest postings if there are many, merges runs of like size, and drops what is below
    /// `floor`. No look-up from `floor` on is answered otherwise than before.
    pub(crate) fn tend(&mut self, floor: u32, state: &mut dyn State) -> Result<(), StateError> {
        if self.count < RECENT {
            return Ok(());
        }
        let recent = std::mem::take(&mut self.recent);
        let mut entries: Vec<Entry> = recent
            .into_iter()
            .flat_map(|(hash, postings)| postings.into_iter().map(move |posting| (hash, posting)))
            .collect();
        entries.sort_unstable();
        let mut writer = Writer::new(next(state)?);
        for entry in entries {
            writer.push(entry, state)?;
        }
        self.runs.push(writer.finish(state)?);
        let full = name("log", self.log);
        if state.len(&full).is_some() {
            state.remove(&full)?;
        }
        (self.log, self.count) = (next(state)?, 0);
        self.merge(floor, state)
    }

    fn merge(&mut self, floor: u32, state: &mut dyn State) -> Result<(), StateError> {
        let tier = |run: &Run| (run.entries / RECENT + 1).ilog(FAN);
        while let Some(size) = self
            .runs
            .iter()
            .map(tier)
            .find(|&size| self.runs.iter().filter(|run| tier(run) == size).count() >= FAN)
        {
            let (old, rest) = std::mem::take(&mut self.runs)
                .into_iter()
                .partition(|run| tier(run) == size);
            self.runs = rest;
            let mut readers: Vec<Reader> = Vec::new();
            for run in &old {
                readers.push(Reader::new(run, state)?);
            }
            let mut writer = Writer::new(next(state)?);
            while let Some(least) = (0..readers.len())
                .filter(|&n| readers[n].head.is_some())
                .min_by_key(|&n| readers[n].head)
            {
                if let Some(entry) = readers[least].advance(state)?
                    && entry.1.document >= floor
                {
                    writer.push(entry, state)?;
                }
            }
            self.runs.push(writer.finish(state)?);
            let removed: Vec<u64> = old.iter().map(|run: &Run| run.number).collect();
            for number in removed {
                state.remove(&name("run", number))?;
                state.remove(&name("fence", number))?;
            }
        }
        Ok(())
    }
}

/// A number that no file had before.
fn next(state: &mut dyn State) -> Result<u64, StateError> {
    let bytes = state.get(NEXT)?.and_then(|bytes| <[u8; 8]>::try_from(bytes).ok());
    let number = bytes.map_or(1, u64::from_le_bytes);
    state.put(NEXT, &(number + 1).to_le_bytes())?;
    Ok(number)
}

fn hash_at(bytes: &[u8], entry: usize) -> u64 {
    u64::from_le_bytes(number(bytes, entry * ENTRY))
}

/// The first of `0..count` for which `before` does not hold.
fn partition(count: usize, before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low.midpoint(high);
        if before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

struct Writer {
    run: Run,
    buffer: Vec<u8>,
}

impl Writer {
    fn new(number: u64) -> Self {
        let run = Run {
            number,
            entries: 0,
            fence: Vec::new(),
        };
        Self {
            run,
            buffer: Vec::new(),
        }
    }

    fn push(&mut self, entry: Entry, state: &mut dyn State) -> Result<(), StateError> {
        if self.run.entries.is_multiple_of(BLOCK) {
            self.run.fence.push(entry.0);
            if self.buffer.len() > 1 << 18 {
                state.append(&name("run", self.run.number), &self.buffer)?;
                self.buffer.clear();
            }
        }
        self.run.entries += 1;
        encode(entry, &mut self.buffer);
        Ok(())
    }

    fn finish(self, state: &mut dyn State) -> Result<Run, StateError> {
        state.append(&name("run", self.run.number), &self.buffer)?;
        let fence: Vec<u8> = self
            .run
            .fence
            .iter()
            .flat_map(|first| first.to_le_bytes())
            .collect();
        state.append(&name("fence", self.run.number), &fence)?;
        Ok(self.run)
    }
}

struct Reader {
    file: String,
    entries: usize,
    read: usize,
    buffer: Vec<u8>,
    at: usize,
    head: Option<Entry>,
}

impl Reader {
    fn new(run: &Run, state: &dyn State) -> Result<Self, StateError> {
        let mut reader = Self {
            file: name("run", run.number),
            entries: run.entries,
            read: 0,
            buffer: Vec::new(),
            at: 0,
            head: None,
        };
        reader.advance(state)?;
        Ok(reader)
    }

    /// Gives the head and reads the next.
    fn advance(&mut self, state: &dyn State) -> Result<Option<Entry>, StateError> {
        if self.at == self.buffer.len() {
            let count = (self.entries - self.read).min(16 * BLOCK);
            self.buffer.resize(count * ENTRY, 0);
            state.read(&self.file, (self.read * ENTRY) as u64, &mut self.buffer)?;
            (self.read, self.at) = (self.read + count, 0);
        }
        let following = self.buffer.get(self.at..self.at + ENTRY).map(decode);
        self.at = (self.at + ENTRY).min(self.buffer.len());
        Ok(std::mem::replace(&mut self.head, following))
    }
}

#[cfg(test)]
mod tests {
    use gristmill_core::MemoryState;

    use super::*;

    #[test]
    fn runs_and_restarts_do_not_change_an_answer() {
        let mut state = MemoryState::new();
        let mut index = Index::open(&mut state).unwrap();
        let hash = |n: u32| crate::words::mix(u64::from(n / 2));
        for document in 0..7_u32 {
            let entries: Vec<Entry> = (0..RECENT as u32)
                .map(|n| {
                    (
                        hash(n),
                        Posting {
                            document,
                            at: n as u16,
                        },
                    )
                })
                .collect();
            index.insert(&entries, &mut state).unwrap();
            let hashes = [hash(0), hash(1_000), hash(399_999), 42];
            let before = index.look_up(&hashes, 1, &state).unwrap();
            assert_eq!(before[0].len(), 2 * document as usize);
            index.tend(1, &mut state).unwrap();
            assert_eq!(index.look_up(&hashes, 1, &state).unwrap(), before);
            index = Index::open(&mut state).unwrap();
            assert_eq!(index.look_up(&hashes, 1, &state).unwrap(), before);
        }
        assert!(index.runs.len() <= FAN, "{}", index.runs.len());
    }
}
