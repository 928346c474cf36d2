//! A disk as a log of what it was asked for, and what is on it when the power goes.

use std::fs;
use std::path::Path;

use crate::common::landing::Random;

/// What a file system takes for written whole or not at all.
const BLOCK: usize = 4096;

/// One thing that a disk was asked for.
pub(crate) enum Asked {
    /// To write these bytes there.
    Write(usize, Vec<u8>),
    /// To bring all that was written to where a loss of power leaves it.
    Flush,
}

/// Reads a log in the format of Linux's `dm-log-writes`, which `blklogwrites` of QEMU writes.
pub(crate) fn read(log: &Path) -> Vec<Asked> {
    const MAGIC: u64 = 0x006a_7366_7773_6872;
    const FLUSH: u64 = 1;
    const DISCARD: u64 = 4;
    let log = fs::read(log).unwrap();
    let word = |at: usize| u64::from_le_bytes(log[at..at + 8].try_into().unwrap());
    assert_eq!((word(0), word(8)), (MAGIC, 1), "not a log of writes");
    let sector = u32::from_le_bytes(log[24..28].try_into().unwrap()) as usize;
    let mut at = sector;
    let mut asked = Vec::new();
    for _ in 0..word(16) {
        let (place, sectors, flags) = (word(at) as usize, word(at + 8) as usize, word(at + 16));
        assert_eq!(
            flags & DISCARD,
            0,
            "the file systems are mounted such that they discard nothing"
        );
        at += sector;
        if flags & FLUSH != 0 {
            asked.push(Asked::Flush);
        }
        if sectors > 0 {
            let bytes = log[at..at + sectors * sector].to_owned();
            at += bytes.len();
            asked.push(Asked::Write(place * sector, bytes));
        }
    }
    asked
}

/// A disk with a cache that a loss of power empties.
pub(crate) struct Blocks {
    /// What a loss of power leaves in any case.
    safe: Vec<u8>,
    /// What was written since, in order, in pieces that are not torn.
    since: Vec<(usize, Vec<u8>)>,
}

impl Blocks {
    pub(crate) fn new(safe: Vec<u8>) -> Self {
        Self {
            safe,
            since: Vec::new(),
        }
    }

    pub(crate) fn take(&mut self, asked: &Asked) {
        match asked {
            Asked::Write(at, bytes) => {
                let pieces = bytes.chunks(BLOCK).map(<[u8]>::to_owned);
                self.since.extend((*at..).step_by(BLOCK).zip(pieces));
            }
            Asked::Flush => {
                self.safe = self.left(|| true);
                self.since.clear();
            }
        }
    }

    /// How much was written that is not safe yet.
    pub(crate) fn unsafe_blocks(&self) -> usize {
        self.since.len()
    }

    /// The disk where everything up to here was kept.
    pub(crate) fn whole(&self) -> Vec<u8> {
        self.left(|| true)
    }

    /// The disk where chance kept what was not safe, block by block, so that a later one may be there without an earlier one.
    pub(crate) fn part(&self, random: &mut Random) -> Vec<u8> {
        self.left(|| random.below(2) == 0)
    }

    fn left(&self, mut kept: impl FnMut() -> bool) -> Vec<u8> {
        let mut disk = self.safe.clone();
        for (at, bytes) in &self.since {
            if kept() {
                disk[*at..*at + bytes.len()].copy_from_slice(bytes);
            }
        }
        disk
    }
}
