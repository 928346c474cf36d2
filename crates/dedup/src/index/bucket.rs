//! A part of a run: the postings whose keys begin with the same bits.
//!
//! The postings stand there in as many bits as the run's documents and the bucket's places need, then the rest of the keys by the
//! code of Elias and Fano (Elias, Efficient Storage and Retrieval by Content and Address of Static Files, 1974), which is searched without
//! a look at more than one or two of them.

use super::run::Shape;
use super::{Entry, Posting};
use crate::bits::{BitReader, BitWriter};

/// Writes the bucket of these entries, at least one, in order: see [`Bucket`].
pub(super) fn write(entries: &[Entry], shape: &Shape, bits: &mut BitWriter) {
    let most = entries.iter().map(|(_, posting)| posting.at).max();
    let at_bits = u16::BITS - most.unwrap_or_default().leading_zeros();
    let bytes = bits.aligned();
    bytes.extend_from_slice(&(entries.len() as u16).to_le_bytes());
    bytes.push(at_bits as u8);
    for (_, posting) in entries {
        bits.push(posting.document - shape.first, shape.document_bits);
        bits.push(u32::from(posting.at), at_bits);
    }
    let (low, mut group) = (shape.low(), 0);
    let mut zeros_to = |bits: &mut BitWriter, next: u64| {
        // At most 64 of them.
        let zeros = (next - group) as u32;
        bits.push(0, zeros / 2);
        bits.push(0, zeros - zeros / 2);
        group = next;
    };
    for &(key, _) in entries {
        let remainder = key & ((1 << shape.remainder_bits()) - 1);
        zeros_to(bits, remainder >> low);
        bits.push(1, 1);
    }
    zeros_to(bits, shape.groups());
    for &(key, _) in entries {
        bits.push((key & ((1 << low) - 1)) as u32, low);
    }
}

/// The bytes of a bucket: how many entries it has, the bits of a place, the postings, the groups, the low bits of the keys.
/// In the groups stands a one for each entry and a zero behind each group.
pub(super) struct Bucket<'b> {
    shape: &'b Shape,
    count: usize,
    at_bits: u32,
    bits: BitReader<'b>,
}

impl<'b> Bucket<'b> {
    pub(super) fn new(bytes: &'b [u8], shape: &'b Shape) -> Self {
        Self {
            shape,
            count: bytes
                .first_chunk::<2>()
                .map_or(0, |chunk| usize::from(u16::from_le_bytes(*chunk))),
            at_bits: u32::from(bytes.get(2).copied().unwrap_or_default()).min(u16::BITS),
            bits: BitReader::new(bytes.get(3..).unwrap_or_default()),
        }
    }

    /// Where the groups begin.
    fn groups(&self) -> usize {
        self.count * (self.shape.document_bits + self.at_bits) as usize
    }

    /// Where the low bits of the keys begin.
    fn lows(&self) -> usize {
        self.groups() + self.count + self.shape.groups() as usize
    }

    fn low(&mut self, number: usize) -> u64 {
        let low = self.shape.low();
        self.bits.seek(self.lows() + number * low as usize);
        self.bits.take(low)
    }

    fn posting(&mut self, number: usize) -> Posting {
        let width = self.shape.document_bits + self.at_bits;
        self.bits.seek(number * width as usize);
        Posting {
            document: self
                .shape
                .first
                .saturating_add(self.bits.take(self.shape.document_bits) as u32),
            at: self.bits.take(self.at_bits) as u16,
        }
    }

    /// Calls `found` with the postings of the key that has these bits below the bucket's.
    pub(super) fn find(&mut self, remainder: u64, mut found: impl FnMut(Posting)) {
        let low = self.shape.low();
        let group = (remainder >> low) as usize;
        self.bits.seek(self.groups());
        let start = self.bits.behind_zeros(group);
        self.bits.seek(start);
        let ones = self.bits.ones();
        let first = (start - self.groups()).saturating_sub(group);
        for number in first..(first + ones).min(self.count) {
            if self.low(number) == remainder & ((1 << low) - 1) {
                found(self.posting(number));
            }
        }
    }

    /// Adds its entries to `entries`; `above` are the bits of a key above those that it has.
    pub(super) fn entries(&mut self, above: u64, entries: &mut Vec<Entry>) {
        let (mut at, mut group) = (self.groups(), 0);
        for number in 0..self.count {
            self.bits.seek(at);
            let zeros = self.bits.zeros();
            (at, group) = (at + zeros + 1, group + zeros as u64);
            let key = above | group << self.shape.low() | self.low(number);
            entries.push((key, self.posting(number)));
        }
    }
}
