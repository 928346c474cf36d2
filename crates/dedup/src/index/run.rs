//! A sorted run of postings: a file that is written once.
//!
//! Keys are hashes and so spread evenly: their high bits number a bucket of some [`BUCKET`] postings, which is
//! found by a table of offsets at the end of the file, held in memory, and is read at once. In a bucket stand the
//! postings in as many bits as the run's documents and the bucket's places need, then the differences of the keys
//! by Rice's code: some 4 bytes a posting, less in longer runs, and more where places are kept.

use gristmill_core::{State, StateError};

use super::filter::Filter;
use super::{Entry, KEY_BITS, Posting};
use crate::bits::{BitReader, BitWriter};

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
    first: u32,
    /// The bits that the difference to it takes.
    document_bits: u32,
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

    fn remainder_bits(&self) -> u32 {
        KEY_BITS - self.bucket_bits
    }

    /// The bits of a difference of keys that are written as they are.
    fn low(&self) -> u32 {
        self.remainder_bits().saturating_sub(BUCKET.ilog2())
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
    offsets: Vec<u32>,
    pub(crate) filter: Option<Filter>,
}

impl Run {
    pub(crate) fn open(shape: Shape, state: &dyn State) -> Result<Self, StateError> {
        let file = file(shape.number);
        let mut bytes = vec![0; ((1 << shape.bucket_bits) + 1) * 4];
        let start = state
            .len(&file)
            .and_then(|length| length.checked_sub(bytes.len() as u64))
            .ok_or_else(|| StateError::Invalid(format!("{file} is too short")))?;
        state.read(&file, start, &mut bytes)?;
        let offsets = bytes
            .as_chunks::<4>()
            .0
            .iter()
            .map(|&chunk| u32::from_le_bytes(chunk))
            .collect();
        Ok(Self {
            shape,
            file,
            offsets,
            filter: None,
        })
    }

    /// The length of its postings in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.offsets.last().map_or(0, |&end| u64::from(end))
    }

    /// Calls `found` with the number of each of `keys` that is in the run, and its postings.
    pub(crate) fn look_up(
        &self,
        keys: &[u64],
        buffer: &mut Vec<u8>,
        state: &dyn State,
        mut found: impl FnMut(usize, Posting),
    ) -> Result<(), StateError> {
        for (n, &key) in keys.iter().enumerate() {
            if self.filter.as_ref().is_some_and(|filter| !filter.may_hold(key)) {
                continue;
            }
            let bucket = (key >> self.shape.remainder_bits()) as usize;
            let (start, end) = (self.offsets[bucket], self.offsets[bucket + 1]);
            if start == end {
                continue;
            }
            buffer.resize((end - start) as usize, 0);
            state.read(&self.file, u64::from(start), buffer)?;
            let mut bucket = Bucket::new(buffer, &self.shape);
            let remainder = key & ((1 << self.shape.remainder_bits()) - 1);
            while let Some(number) = bucket.next_key() {
                if bucket.key >= remainder {
                    if bucket.key > remainder {
                        break;
                    }
                    found(n, bucket.posting(number));
                }
            }
        }
        Ok(())
    }
}

/// A bucket while it is read.
struct Bucket<'b> {
    shape: &'b Shape,
    count: usize,
    at_bits: u32,
    keys: BitReader<'b>,
    postings: BitReader<'b>,
    read: usize,
    /// The low bits of the key that was read last.
    key: u64,
}

impl<'b> Bucket<'b> {
    fn new(bytes: &'b [u8], shape: &'b Shape) -> Self {
        let count = bytes
            .first_chunk::<2>()
            .map_or(0, |chunk| usize::from(u16::from_le_bytes(*chunk)));
        let at_bits = u32::from(bytes.get(2).copied().unwrap_or_default());
        let postings = BitReader::new(bytes.get(3..).unwrap_or_default());
        let mut keys = postings.clone();
        keys.seek(count * (shape.document_bits + at_bits) as usize);
        Self {
            shape,
            count,
            at_bits,
            keys,
            postings,
            read: 0,
            key: 0,
        }
    }

    /// Reads the next key and gives its number.
    fn next_key(&mut self) -> Option<usize> {
        if self.read == self.count {
            return None;
        }
        self.key += self.keys.rice(self.shape.low());
        self.read += 1;
        Some(self.read - 1)
    }

    fn posting(&mut self, number: usize) -> Posting {
        let width = self.shape.document_bits + self.at_bits;
        self.postings.seek(number * width as usize);
        Posting {
            document: self.shape.first + self.postings.take(self.shape.document_bits) as u32,
            at: self.postings.take(self.at_bits) as u16,
        }
    }
}

/// Writes a run from postings in order.
#[derive(Debug)]
pub(crate) struct Writer {
    shape: Shape,
    file: String,
    offsets: Vec<u32>,
    filter: Option<Filter>,
    bits: BitWriter,
    /// The bytes that are in the file already.
    written: usize,
    /// The bucket that is being filled.
    bucket: Vec<Entry>,
}

impl Writer {
    /// For at most `entries` postings, at least one, of documents from `first` to `last`.
    pub(crate) fn new(number: u64, entries: u64, (first, last): (u32, u32), filter: bool) -> Self {
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
            offsets: Vec::with_capacity((1 << bucket_bits) + 1),
            filter: filter.then(|| Filter::new(entries as usize)),
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
            filter.insert(entry.0);
        }
        self.shape.entries += 1;
        self.bucket.push(entry);
        Ok(())
    }

    /// Writes the bucket that was being filled, and opens all up to number `next`.
    fn close_buckets(&mut self, next: usize) {
        if !self.bucket.is_empty() {
            let shape = self.shape;
            let most = self
                .bucket
                .iter()
                .map(|(_, posting)| posting.at)
                .max()
                .unwrap_or_default();
            let at_bits = u16::BITS - most.leading_zeros();
            let bytes = self.bits.aligned();
            bytes.extend_from_slice(&(self.bucket.len() as u16).to_le_bytes());
            bytes.push(at_bits as u8);
            for (_, posting) in &self.bucket {
                self.bits
                    .push(posting.document - shape.first, shape.document_bits);
                self.bits.push(u32::from(posting.at), at_bits);
            }
            let mut before = 0;
            for (key, _) in self.bucket.drain(..) {
                let key = key & ((1 << shape.remainder_bits()) - 1);
                self.bits.rice(key - before, shape.low());
                before = key;
            }
        }
        let end = (self.written + self.bits.aligned().len()) as u32;
        self.offsets.resize(next + 1, end);
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
        for offset in &self.offsets {
            self.bits.aligned().extend_from_slice(&offset.to_le_bytes());
        }
        self.write(state)?;
        Ok(Run {
            shape: self.shape,
            file: self.file,
            offsets: self.offsets,
            filter: self.filter,
        })
    }
}

/// Reads a run from its first posting to its last.
#[derive(Debug)]
pub(crate) struct Reader {
    shape: Shape,
    file: String,
    offsets: Vec<u32>,
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
            offsets: run.offsets.clone(),
            next: 0,
            chunk: Vec::new(),
            start: 0,
            bucket: Vec::new(),
        }
    }

    /// The next posting, which stays.
    pub(crate) fn head(&mut self, state: &dyn State) -> Result<Option<Entry>, StateError> {
        while self.bucket.is_empty() {
            let Some(&[start, end]) = self.offsets.get(self.next..self.next + 2) else {
                return Ok(None);
            };
            self.read(start, end, state)?;
            let bytes = &self.chunk[(start - self.start) as usize..(end - self.start) as usize];
            let mut bucket = Bucket::new(bytes, &self.shape);
            let above = (self.next as u64) << self.shape.remainder_bits();
            while let Some(number) = bucket.next_key() {
                self.bucket.push((above | bucket.key, bucket.posting(number)));
            }
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
            let last = self.offsets.last().copied().unwrap_or(end);
            let length = ((last - start) as usize).min(CHUNK.max((end - start) as usize));
            self.chunk.resize(length, 0);
            self.start = start;
            state.read(&self.file, u64::from(start), &mut self.chunk)?;
        }
        Ok(())
    }
}
