//! The documents that were seen, by number in arrival order.
//!
//! Records of fixed size and the traces of texts stand in append-only files, a few thousand documents each, so
//! that old ones are forgotten by removing files.

use gristmill_core::{DocumentId, State, StateError};

use crate::trace::Trace;

/// What is kept of each document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) id: DocumentId,
    /// The hash of its words.
    pub(crate) content: u128,
    /// The number of the first document of its group.
    pub(crate) group: u32,
    /// The id of that document, known even when the document itself is forgotten.
    pub(crate) first: DocumentId,
    /// Its length in words.
    pub(crate) words: u32,
    /// When it was added, in milliseconds since 1970.
    pub(crate) added: i64,
    /// Where its trace stands, if kept: offset and length in bytes; set by [`Archive::push`].
    pub(crate) trace: (u32, u32),
}

const RECORD: usize = 72;
/// Documents a file.
const SEGMENT: u32 = 16_384;
const FLOOR: &[u8] = b"floor";

/// So many of the latest records are in memory too: most of what is repeated was new a moment ago.
const LATEST: usize = 8_192;

/// The documents.
#[derive(Debug, Default)]
pub(crate) struct Archive {
    /// The number that the next document gets.
    pub(crate) next: u32,
    /// Documents below are forgotten.
    pub(crate) floor: u32,
    /// The first segment that is still there.
    first: u32,
    /// The latest records, each at its number modulo [`LATEST`].
    latest: Vec<(u32, Record)>,
}

fn name(kind: &str, segment: u32) -> String {
    format!("{kind}-{segment:06}")
}

fn part<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(&bytes[at..at + N]);
    part
}

impl Archive {
    pub(crate) fn open(state: &dyn State) -> Result<Self, StateError> {
        let segments: Vec<u32> = state
            .files()
            .iter()
            .filter_map(|file| file.strip_prefix("documents-")?.parse().ok())
            .collect();
        let floor = state
            .get(FLOOR)?
            .and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
        let next = segments.last().map_or(0, |&last| {
            let bytes = state.len(&name("documents", last)).unwrap_or_default();
            last * SEGMENT + (bytes / RECORD as u64) as u32
        });
        Ok(Self {
            next,
            floor: floor.map_or(0, u32::from_le_bytes),
            first: segments.first().copied().unwrap_or_default(),
            latest: Vec::new(),
        })
    }

    pub(crate) fn get(&self, number: u32, state: &dyn State) -> Result<Record, StateError> {
        match self.latest.get(number as usize % LATEST) {
            Some(&(known, record)) if known == number => return Ok(record),
            _ => {}
        }
        let mut bytes = [0; RECORD];
        let at = u64::from(number % SEGMENT) * RECORD as u64;
        state.read(&name("documents", number / SEGMENT), at, &mut bytes)?;
        Ok(Record {
            id: DocumentId::from_bytes(part(&bytes, 0)),
            content: u128::from_le_bytes(part(&bytes, 16)),
            group: u32::from_le_bytes(part(&bytes, 32)),
            words: u32::from_le_bytes(part(&bytes, 36)),
            added: i64::from_le_bytes(part(&bytes, 40)),
            trace: (
                u32::from_le_bytes(part(&bytes, 48)),
                u32::from_le_bytes(part(&bytes, 52)),
            ),
            first: DocumentId::from_bytes(part(&bytes, 56)),
        })
    }

    /// The trace of document `number`, where it was kept.
    pub(crate) fn trace(
        &self,
        number: u32,
        record: &Record,
        state: &dyn State,
    ) -> Result<Option<Trace>, StateError> {
        let (offset, length) = record.trace;
        if length == 0 {
            return Ok(None);
        }
        let mut bytes = vec![0; length as usize];
        state.read(&name("traces", number / SEGMENT), u64::from(offset), &mut bytes)?;
        match Trace::from_bytes(bytes, record.words as usize) {
            Some(trace) => Ok(Some(trace)),
            None => Err(StateError::Invalid(format!(
                "trace of document {number} is too short"
            ))),
        }
    }

    /// Adds a document with its trace; its number is [`Archive::next`] before the call.
    pub(crate) fn push(
        &mut self,
        record: &Record,
        trace: &[u8],
        state: &mut dyn State,
    ) -> Result<(), StateError> {
        let (mut offset, mut length) = (0, 0);
        if !trace.is_empty() {
            let file = name("traces", self.next / SEGMENT);
            // What would not be found again by 32 bits is not kept.
            if state.len(&file).unwrap_or_default() + (trace.len() as u64) < u64::from(u32::MAX) {
                (offset, length) = (state.append(&file, trace)? as u32, trace.len() as u32);
            }
        }
        let mut bytes = Vec::with_capacity(RECORD);
        bytes.extend_from_slice(record.id.as_bytes());
        bytes.extend_from_slice(&record.content.to_le_bytes());
        bytes.extend_from_slice(&record.group.to_le_bytes());
        bytes.extend_from_slice(&record.words.to_le_bytes());
        bytes.extend_from_slice(&record.added.to_le_bytes());
        bytes.extend_from_slice(&u32::to_le_bytes(offset));
        bytes.extend_from_slice(&u32::to_le_bytes(length));
        bytes.extend_from_slice(record.first.as_bytes());
        state.append(&name("documents", self.next / SEGMENT), &bytes)?;
        let known = Record {
            trace: (offset, length),
            ..*record
        };
        self.latest.reserve_exact(LATEST - self.latest.len());
        let place = self.next as usize % LATEST;
        self.latest
            .resize(self.latest.len().max(place + 1), (u32::MAX, known));
        self.latest[place] = (self.next, known);
        self.next += 1;
        Ok(())
    }

    /// Forgets, for all answers to come, the documents that were added before `time` and before any later one.
    pub(crate) fn forget(&mut self, time: i64, state: &mut dyn State) -> Result<(), StateError> {
        let before = self.floor;
        while self.floor < self.next && self.get(self.floor, state)?.added < time {
            self.floor += 1;
        }
        if self.floor != before {
            state.put(FLOOR, &self.floor.to_le_bytes())?;
        }
        Ok(())
    }

    /// Removes the files of which every document is forgotten.
    pub(crate) fn tend(&mut self, state: &mut dyn State) -> Result<(), StateError> {
        while (self.first + 1) * SEGMENT <= self.floor {
            for kind in ["documents", "traces"] {
                let file = name(kind, self.first);
                if state.len(&file).is_some() {
                    state.remove(&file)?;
                }
            }
            self.first += 1;
        }
        Ok(())
    }
}
