//! The bytes of a file, as its readers see them.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

/// Bytes that can be read again from the start.
pub(crate) trait Bytes: Read + Seek {}
impl<T: Read + Seek> Bytes for T {}

/// A file up to the length that it had when it was opened: one that grows while it is read would have no end.
pub(super) struct Bounded {
    pub(super) file: BufReader<File>,
    pub(super) size: u64,
    pub(super) at: u64,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.size.saturating_sub(self.at);
        let count = (&mut self.file).take(left).read(buffer)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Bounded {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::End(offset) => SeekFrom::Start(self.size.saturating_add_signed(offset)),
            to => to,
        };
        self.at = self.file.seek(to)?;
        Ok(self.at)
    }
}
