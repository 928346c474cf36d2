//! A sorted run of postings: a file that is written once.
//!
//! Keys are hashes and so spread evenly: their high bits number a [`bucket`] of some [`BUCKET`] postings, which is
//! found by a table of offsets at the end of the file, held in memory, and is read at once. Postings take some 4 bytes
//! each, less in longer runs, and more where places are kept.

use std::ops::Range;
use std::sync::Arc;

use gristmill_core::{State, StateError};

use super::bucket::{self, Bucket};
use super::filter::{self, Equation, Filter};
use super::offsets::Offsets;
use super::{Entry, KEY_BITS, Posting};
use crate::bits::BitWriter;

/// Postings a bucket, to the next power of two.
const BUCKET: usize = 64;
/// A reader takes so many bytes at a time, or one bucket if that is longer.
const CHUNK: usize = 1 << 16;

/// What tells how a run is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// The number in the name of its file.
    pub(crate) number: u64,
    pub(crate) entries: u64,
    /// The lowest number of a document in it.
    pub(super) first: u32,
    /// The bits that the difference to it takes.
    pub(super) document_bits: u32,
    /// There are `2^bucket_bits` buckets.
    bucket_bits: u32,
}

impl Shape {
    pub(crate) const BYTES: usize = 28;

    pub(crate) fn encode(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..8].copy_from_slice(&self.number.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.entries.to_le_bytes());
        for (part, value) in bytes[16..].as_chunks_mut::<4>().0.iter_mut().zip([
            self.first,
            self.document_bits,
            self.bucket_bits,
        ]) {
            *part = value.to_le_bytes();
        }
        bytes
    }

    pub(crate) fn decode(bytes: &[u8; Self::BYTES]) -> Self {
        let long = |at: usize| u64::from(short(bytes, at)) | u64::from(short(bytes, at + 4)) << 32;
        Self {
            number: long(0),
            entries: long(8),
            first: short(bytes, 16),
            document_bits: short(bytes, 20),
            bucket_bits: short(bytes, 24),
        }
    }

    /// The lowest and the highest number that a document in it may have.
    pub(crate) fn documents(&self) -> (u32, u32) {
        let spread = u32::MAX
            .checked_shr(u32::BITS - self.document_bits)
            .unwrap_or_default();
        (self.first, self.first.saturating_add(spread))
    }

    pub(super) fn remainder_bits(&self) -> u32 {
        KEY_BITS - self.bucket_bits
    }

    /// The low bits of a key that are written as they are. Those between them and the bucket's make a group.
    pub(super) fn low(&self) -> u32 {
        self.remainder_bits().saturating_sub(BUCKET.ilog2())
    }

    /// Groups a bucket.
    pub(super) fn groups(&self) -> u64 {
        1 << (self.remainder_bits() - self.low())
    }
}

fn short(bytes: &[u8], at: usize) -> u32 {
    bytes[at..]
        .first_chunk::<4>()
        .map_or(0, |chunk| u32::from_le_bytes(*chunk))
}

pub(crate) fn file(number: u64) -> String {
    format!("run-{number:010}")
}

/// A run that can be looked up.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) shape: Shape,
    file: String,
    /// Where each bucket begins, and the end of the last.
    offsets: Arc<Offsets>,
    filter: Option<Filter>,
    /// The buckets, where they are held in memory.
    held: Option<Vec<u8>>,
}

impl Run {
    pub(crate) fn open(shape: Shape, state: &mut dyn State) -> Result<Self, StateError> {
        let file = file(shape.number);
        let count = (1 << shape.bucket_bits) + 1;
        let end = state.len(&file).unwrap_or_default();
        let mut at = end
            .checked_sub(count as u64 * 4)
            .ok_or_else(|| StateError::Invalid(format!("{file} is too short")))?;
        let mut offsets = Offsets::with_capacity(count);
        let mut bytes = vec![0; CHUNK];
        while at < end {
            bytes.truncate((end - at) as usize);
            state.read(&file, at, &mut bytes)?;
            for &offset in bytes.as_chunks::<4>().0 {
                let offset = u32::from_le_bytes(offset);
                if offsets.last().is_some_and(|last| last > offset) {
                    return Err(StateError::Invalid(format!("{file} has a damaged table")));
                }
                offsets.push(offset);
            }
            at += bytes.len() as u64;
        }
        let mut run = Self {
            shape,
            file,
            offsets: Arc::new(offsets),
            filter: None,
            held: None,
        };
        let kept = filter::file(shape.number);
        if state.len(&kept).is_some() {
            run.filter = Filter::open(&kept, state)?;
            if run.filter.is_some() {
                return Ok(run);
            }
            state.remove(&kept)?;
        }
        run.filter = run.make_filter(state)?;
        Ok(run)
    }

    /// Makes a filter that is not kept, if there is to be one.
    fn make_filter(&self, state: &mut dyn State) -> Result<Option<Filter>, StateError> {
        let Some(mut filter) = filter::Maker::new(self.shape.number, self.shape.entries) else {
            return Ok(None);
        };
        let mut reader = Reader::new(self);
        while let Some((key, _)) = reader.head(state)? {
            filter.insert(key, state)?;
            reader.skip();
        }
        filter.finish(state).map(Some)
    }

    /// Removes its files.
    pub(crate) fn remove(self, state: &mut dyn State) -> Result<(), StateError> {
        state.remove(&self.file)?;
        let kept = filter::file(self.shape.number);
        match state.len(&kept) {
            Some(_) => state.remove(&kept),
            None => Ok(()),
        }
    }

    /// Holds the buckets in memory.
    pub(crate) fn hold(&mut self, state: &dyn State) -> Result<(), StateError> {
        if self.held.is_none() {
            let mut bytes = vec![0; self.bytes() as usize];
            state.read(&self.file, 0, &mut bytes)?;
            self.held = Some(bytes);
        }
        Ok(())
    }

    /// Leaves the buckets to the disk.
    pub(crate) fn release(&mut self) {
        self.held = None;
    }

    /// The length of its postings in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.offsets.last().map_or(0, u64::from)
    }

    /// Calls `found` with the number of each of `keys` that is in the run, and its postings.
    pub(crate) fn look_up(
        &self,
        keys: &[u64],
        scratch: &mut Scratch,
        state: &dyn State,
        mut found: impl FnMut(usize, Posting),
    ) -> Result<(), StateError> {
        let Scratch {
            bytes,
            equations,
            asked,
        } = scratch;
        asked.clear();
        let ask = |n: usize| {
            let bucket = (keys[n] >> self.shape.remainder_bits()) as usize;
            if let Some(range) = self.offsets.bucket(bucket).filter(|range| !range.is_empty()) {
                asked.push((n, range.start as usize..range.end as usize));
            }
        };
        match &self.filter {
            Some(filter) => filter.likely(keys, equations, ask),
            None => (0..keys.len()).for_each(ask),
        }
        if let Some(held) = &self.held {
            // A bucket is some lines of the cache, all of them far away: each is asked for before the first is needed.
            let lines = asked
                .iter()
                .flat_map(|(_, range)| held[range.clone()].iter().step_by(64));
            std::hint::black_box(lines.fold(0, |touched, byte| touched ^ byte));
        }
        for (n, range) in asked.drain(..) {
            let bucket = match &self.held {
                Some(held) => &held[range],
                None => {
                    bytes.resize(range.len(), 0);
                    state.read(&self.file, range.start as u64, bytes)?;
                    bytes.as_slice()
                }
            };
            let remainder = keys[n] & ((1 << self.shape.remainder_bits()) - 1);
            Bucket::new(bucket, &self.shape).find(remainder, |posting| found(n, posting));
        }
        Ok(())
    }
}

/// What the look-ups of the same keys share.
#[derive(Debug)]
pub(crate) struct Scratch {
    bytes: Vec<u8>,
    /// The keys' equations in filters.
    equations: Vec<Equation>,
    /// The numbers of keys that a run may hold, and where in its file.
    asked: Vec<(usize, Range<usize>)>,
}

impl Scratch {
    pub(crate) fn new(keys: &[u64]) -> Self {
        Self {
            equations: keys.iter().map(|&key| Equation::of(key)).collect(),
            bytes: Vec::new(),
            asked: Vec::new(),
        }
    }
}

/// Writes a run from postings in order.
#[derive(Debug)]
pub(crate) struct Writer {
    shape: Shape,
    file: String,
    offsets: Offsets,
    filter: Option<filter::Maker>,
    bits: BitWriter,
    /// The bytes that are in the file already.
    written: usize,
    /// The bucket that is being filled.
    bucket: Vec<Entry>,
}

impl Writer {
    /// For at most `entries` postings, at least one, of documents from `first` to `last`.
    pub(crate) fn new(number: u64, entries: u64, (first, last): (u32, u32)) -> Self {
        let bucket_bits = (entries / BUCKET as u64 * 3 / 2).max(1).ilog2();
        Self {
            shape: Shape {
                number,
                entries: 0,
                first,
                document_bits: u32::BITS - (last - first).leading_zeros(),
                bucket_bits,
            },
            file: file(number),
            offsets: Offsets::with_capacity((1 << bucket_bits) + 1),
            filter: filter::Maker::new(number, entries),
            bits: BitWriter::default(),
            written: 0,
            bucket: Vec::with_capacity(BUCKET * 2),
        }
    }

    pub(crate) fn push(&mut self, entry: Entry, state: &mut dyn State) -> Result<(), StateError> {
        let bucket = (entry.0 >> self.shape.remainder_bits()) as usize;
        if bucket >= self.offsets.len() {
            self.close_buckets(bucket);
            if self.bits.aligned().len() > CHUNK {
                self.write(state)?;
            }
        }
        if let Some(filter) = &mut self.filter {
            filter.insert(entry.0, state)?;
        }
        self.shape.entries += 1;
        self.bucket.push(entry);
        Ok(())
    }

    /// Writes the bucket that was being filled, and opens all up to number `next`.
    fn close_buckets(&mut self, next: usize) {
        if !self.bucket.is_empty() {
            bucket::write(&self.bucket, &self.shape, &mut self.bits);
            self.bucket.clear();
        }
        let end = (self.written + self.bits.aligned().len()) as u32;
        while self.offsets.len() <= next {
            self.offsets.push(end);
        }
    }

    fn write(&mut self, state: &mut dyn State) -> Result<(), StateError> {
        let bytes = self.bits.aligned();
        state.append(&self.file, bytes)?;
        self.written += bytes.len();
        bytes.clear();
        Ok(())
    }

    pub(crate) fn finish(mut self, state: &mut dyn State) -> Result<Run, StateError> {
        self.close_buckets(1 << self.shape.bucket_bits);
        for offset in self.offsets.iter() {
            self.bits.aligned().extend_from_slice(&offset.to_le_bytes());
        }
        self.write(state)?;
        let filter = self.filter.map(|filter| filter.finish(state));
        Ok(Run {
            shape: self.shape,
            file: self.file,
            offsets: Arc::new(self.offsets),
            filter: filter.transpose()?,
            held: None,
        })
    }
}

/// Reads a run from its first posting to its last.
#[derive(Debug)]
pub(crate) struct Reader {
    shape: Shape,
    file: String,
    offsets: Arc<Offsets>,
    /// The next bucket to decode.
    next: usize,
    /// Bytes of the file, and where in the file they begin.
    chunk: Vec<u8>,
    start: u32,
    /// The entries of a bucket that are left, the next at the end.
    bucket: Vec<Entry>,
}

impl Reader {
    pub(crate) fn new(run: &Run) -> Self {
        Self {
            shape: run.shape,
            file: run.file.clone(),
            offsets: Arc::clone(&run.offsets),
            next: 0,
            chunk: Vec::new(),
            start: 0,
            bucket: Vec::new(),
        }
    }

    /// The next posting, which stays.
    pub(crate) fn head(&mut self, state: &dyn State) -> Result<Option<Entry>, StateError> {
        while self.bucket.is_empty() {
            let Some(Range { start, end }) = self.offsets.bucket(self.next) else {
                return Ok(None);
            };
            self.read(start, end, state)?;
            let bytes = &self.chunk[(start - self.start) as usize..(end - self.start) as usize];
            let above = (self.next as u64) << self.shape.remainder_bits();
            Bucket::new(bytes, &self.shape).entries(above, &mut self.bucket);
            self.bucket.reverse();
            self.next += 1;
        }
        Ok(self.bucket.last().copied())
    }

    /// Goes on to the next posting.
    pub(crate) fn skip(&mut self) {
        self.bucket.pop();
    }

    /// Makes sure that the bytes from `start` to `end` are in the chunk.
    fn read(&mut self, start: u32, end: u32, state: &dyn State) -> Result<(), StateError> {
        if u64::from(end) > u64::from(self.start) + self.chunk.len() as u64 {
            let last = self.offsets.last().unwrap_or(end);
            let length = ((last - start) as usize).min(CHUNK.max((end - start) as usize));
            self.chunk.resize(length, 0);
            self.start = start;
            state.read(&self.file, u64::from(start), &mut self.chunk)?;
        }
        Ok(())
    }
}
