//! Numbers in as many bits as they need.

/// A long row of ones is written in parts of so many, so that each number is read in one look.
const ONES: u32 = 24;

/// So many low bits are written at most.
const LOW: u32 = 30;

/// Bits that one look shows at least.
const PEEKED: u32 = 56;

/// Writes numbers one after the other, low bits first.
#[derive(Debug, Default)]
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    pending: u64,
    filled: u32,
}

impl BitWriter {
    /// Appends the low `width` bits of `value`, 32 at most; the bits above must be 0.
    #[inline]
    pub(crate) fn push(&mut self, value: u32, width: u32) {
        self.pending |= u64::from(value) << self.filled;
        self.filled += width;
        if self.filled >= 32 {
            self.bytes.extend_from_slice(&(self.pending as u32).to_le_bytes());
            self.pending >>= 32;
            self.filled -= 32;
        }
    }

    /// Appends `value` by Rice's code: what is above the low `low` bits as so many ones and a zero, then these
    /// bits. It is short for numbers of about `2^low`.
    #[inline]
    pub(crate) fn rice(&mut self, value: u64, low: u32) {
        debug_assert!(low <= LOW, "{low} bits");
        let mut ones = value >> low;
        while ones >= u64::from(ONES) {
            self.push((1 << ONES) - 1, ONES);
            ones -= u64::from(ONES);
        }
        let ones = ones as u32;
        let (prefix, rest) = ((1_u32 << ones) - 1, (value & ((1 << low) - 1)) as u32);
        if ones + 1 + low <= 32 {
            self.push(
                prefix | rest.checked_shl(ones + 1).unwrap_or_default(),
                ones + 1 + low,
            );
        } else {
            self.push(prefix, ones + 1);
            self.push(rest, low);
        }
    }

    /// Appends two numbers by Rice's code, the second with `low` low bits, the first with none.
    #[inline]
    pub(crate) fn rice_pair(&mut self, first: u64, second: u64, low: u32) {
        let ones = second >> low;
        if first + ones > 8 || low > 8 {
            self.rice(first, 0);
            self.rice(second, low);
            return;
        }
        let (first, ones) = (first as u32, ones as u32);
        let below = (second & ((1 << low) - 1)) as u32;
        let above = ((1 << ones) - 1) | (below << (ones + 1));
        let bits = (above << (first + 1)) | ((1 << first) - 1);
        self.push(bits, first + ones + 2 + low);
    }

    /// The bytes so far, the last filled up with zeros; the next number begins a new byte.
    pub(crate) fn aligned(&mut self) -> &mut Vec<u8> {
        let bytes = self.pending.to_le_bytes();
        self.bytes
            .extend_from_slice(&bytes[..self.filled.div_ceil(8) as usize]);
        (self.pending, self.filled) = (0, 0);
        &mut self.bytes
    }
}

/// Reads what a [`BitWriter`] wrote. Behind the end there are zeros.
#[derive(Debug, Clone)]
pub(crate) struct BitReader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> BitReader<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Goes to bit number `at`.
    pub(crate) fn seek(&mut self, at: usize) {
        self.at = at;
    }

    /// The next 57 bits at least.
    #[inline]
    fn peek(&self) -> u64 {
        let first = self.at / 8;
        let word = match self.bytes.get(first..).and_then(|rest| rest.first_chunk::<8>()) {
            Some(chunk) => u64::from_le_bytes(*chunk),
            None => {
                let rest = self.bytes.get(first..).unwrap_or_default();
                rest.iter()
                    .rev()
                    .fold(0, |word, &byte| word << 8 | u64::from(byte))
            }
        };
        word >> (self.at % 8)
    }

    /// The next `width` bits, 56 at most.
    pub(crate) fn take(&mut self, width: u32) -> u64 {
        let value = self.peek() & ((1 << width) - 1);
        self.at += width as usize;
        value
    }

    /// How many zeros come before the next one, as far as there are bits.
    pub(crate) fn zeros(&self) -> usize {
        let mut reader = self.clone();
        while reader.at < self.bytes.len() * 8 {
            let word = reader.peek() | 1 << PEEKED;
            reader.at += word.trailing_zeros() as usize;
            if word.trailing_zeros() < PEEKED {
                break;
            }
        }
        reader.at - self.at
    }

    /// How many ones come before the next zero.
    pub(crate) fn ones(&self) -> usize {
        let mut reader = self.clone();
        loop {
            let ones = (reader.peek() & ((1 << PEEKED) - 1)).trailing_ones();
            reader.at += ones as usize;
            if ones < PEEKED {
                return reader.at - self.at;
            }
        }
    }

    /// The place behind the next `count` zeros.
    pub(crate) fn behind_zeros(&self, mut count: usize) -> usize {
        let mut reader = self.clone();
        loop {
            let mut zeros = !reader.peek() & ((1 << PEEKED) - 1);
            let found = zeros.count_ones() as usize;
            if found >= count {
                for _ in 1..count {
                    zeros &= zeros - 1;
                }
                let last = if count == 0 { 0 } else { zeros.trailing_zeros() + 1 };
                return reader.at + last as usize;
            }
            count -= found;
            reader.at += PEEKED as usize;
        }
    }

    /// The next number by Rice's code, `low` being [`LOW`] at most.
    pub(crate) fn rice(&mut self, low: u32) -> u64 {
        let mut above = 0;
        loop {
            let word = self.peek();
            let ones = word.trailing_ones();
            if ones < ONES {
                self.at += (ones + 1 + low) as usize;
                return (above + u64::from(ones)) << low | word >> (ones + 1) & ((1 << low) - 1);
            }
            // Damaged bytes may be ones to the end, but what lies behind is zeros.
            self.at += ONES as usize;
            above += u64::from(ONES);
        }
    }

    /// Calls `give` with the next `count` pairs that [`BitWriter::rice_pair`] wrote.
    pub(crate) fn rice_pairs(&mut self, count: usize, low: u32, mut give: impl FnMut(u64, u64)) {
        // Bits that were looked at, and how many of them are left.
        let (mut word, mut left) = (0, 0);
        for _ in 0..count {
            let mut parts = Self::split(word, low);
            if parts.2 > left {
                (word, left) = (self.peek(), PEEKED);
                parts = Self::split(word, low);
            }
            let (first, second, bits) = parts;
            // Hardly ever is not all of both in the bits that were looked at.
            if bits > left || first >= ONES || second >> low >= u64::from(ONES) {
                let first = self.rice(0);
                give(first, self.rice(low));
                left = 0;
                continue;
            }
            give(u64::from(first), second);
            self.at += bits as usize;
            (word, left) = (word >> bits, left - bits);
        }
    }

    /// The pair at the low end of `word`, and its bits.
    #[inline]
    fn split(word: u64, low: u32) -> (u32, u64, u32) {
        let first = word.trailing_ones();
        let rest = word.checked_shr(first + 1).unwrap_or_default();
        let second = rest.trailing_ones();
        let below = rest.checked_shr(second + 1).unwrap_or_default() & ((1 << low) - 1);
        (first, u64::from(second) << low | below, first + second + 2 + low)
    }

    /// How many whole or begun bytes were read.
    pub(crate) fn bytes_read(&self) -> usize {
        self.at.div_ceil(8)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pairs_come_back(pairs in prop::collection::vec((0..60_u64, 0..200_u64), 0..100), low in 0..6_u32) {
            let mut writer = BitWriter::default();
            for &(first, second) in &pairs {
                writer.rice_pair(first, second, low);
            }
            let bytes = std::mem::take(writer.aligned());
            let mut reader = BitReader::new(&bytes);
            let mut back = Vec::new();
            reader.rice_pairs(pairs.len(), low, |first, second| back.push((first, second)));
            prop_assert_eq!(back, pairs);
        }

        #[test]
        fn zeros_and_ones_are_counted(gaps in prop::collection::vec(0..150_u32, 1..40)) {
            let mut writer = BitWriter::default();
            for &gap in &gaps {
                (0..gap).for_each(|_| writer.push(0, 1));
                writer.push(1, 1);
            }
            writer.push(0, 1);
            let bytes = std::mem::take(writer.aligned());
            let mut reader = BitReader::new(&bytes);
            let (mut at, mut before) = (0, 0);
            for &gap in &gaps {
                reader.seek(at);
                prop_assert_eq!(reader.zeros(), gap as usize);
                at += gap as usize;
                before += gap as usize;
                reader.seek(0);
                prop_assert!(gap == 0 || reader.behind_zeros(before) == at);
                reader.seek(at);
                prop_assert!(reader.ones() >= 1);
                at += 1;
            }
        }

        #[test]
        fn numbers_come_back(numbers in prop::collection::vec((0..1_u64 << 24, 0..24_u32), 0..200)) {
            let mut writer = BitWriter::default();
            for &(number, low) in &numbers {
                writer.push(number as u32, 24);
                writer.rice(number >> 12, low);
            }
            let bytes = std::mem::take(writer.aligned());
            let mut reader = BitReader::new(&bytes);
            for &(number, low) in &numbers {
                prop_assert_eq!(reader.take(24), number);
                prop_assert_eq!(reader.rice(low), number >> 12);
            }
            prop_assert_eq!(reader.bytes_read(), bytes.len());
        }
    }
}
