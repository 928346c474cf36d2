use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{PoisonError, RwLock};

/// 128 bits that stand for a path within its watched folder.
pub type PathKey = [u8; 16];

/// What tells one version of a file from another; the journal only compares it.
pub type Fingerprint = [u8; 16];

/// What the books say about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownFile {
    /// The version that was last taken.
    pub fingerprint: Fingerprint,
    /// The records of it that are in the books.
    pub records: u64,
    /// Whether that is all of them.
    pub complete: bool,
}

/// All files that were ever taken, in memory: 47 to 94 bytes a file, so that a walk over a folder of a million
/// known files asks no disk.
#[derive(Debug, Default)]
pub struct KnownFiles(RwLock<Table>);

type Table = HashMap<PathKey, Packed, BuildHasherDefault<PathKeyHasher>>;

/// A known file in 24 bytes: the count of its records is doubled, and one more where that is all of them.
#[derive(Debug, Clone, Copy)]
struct Packed {
    fingerprint: Fingerprint,
    records: u64,
}

impl From<KnownFile> for Packed {
    fn from(file: KnownFile) -> Self {
        Self {
            fingerprint: file.fingerprint,
            records: file.records << 1 | u64::from(file.complete),
        }
    }
}

impl From<Packed> for KnownFile {
    fn from(packed: Packed) -> Self {
        Self {
            fingerprint: packed.fingerprint,
            records: packed.records >> 1,
            complete: packed.records & 1 == 1,
        }
    }
}

impl KnownFiles {
    /// What is known of the file at `key`.
    pub fn get(&self, key: &PathKey) -> Option<KnownFile> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key)
            .map(|&packed| packed.into())
    }

    /// Whether of some file not all records are in the books.
    pub fn any_incomplete(&self) -> bool {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        table.values().any(|&packed| !KnownFile::from(packed).complete)
    }

    /// The number of files known.
    pub fn len(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether no file is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn put(&self, files: impl IntoIterator<Item = (PathKey, KnownFile)>) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(files.into_iter().map(|(key, file)| (key, file.into())));
    }

    /// Makes room for so many more files at once.
    pub(crate) fn reserve(&self, files: usize) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .reserve(files);
    }
}

/// A path key is a hash already: its first half serves as it is.
#[derive(Debug, Default)]
pub(crate) struct PathKeyHasher(u64);

impl Hasher for PathKeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(half) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*half);
        }
    }

    fn write_usize(&mut self, _: usize) {}
}
