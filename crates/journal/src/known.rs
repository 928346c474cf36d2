use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// 128 bits that stand for a path within its watched folder.
pub type PathKey = [u8; 16];

/// What tells one version of a file from another; the journal only compares it.
pub type Fingerprint = [u8; 16];

/// What the books say about a version of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownFile {
    /// All its records are in the books.
    Complete,
    /// So many of its records are in the books, and not all.
    Begun(u64),
}

/// All files that were ever taken, in memory: 19 to 39 bytes a file, so that a walk over a folder of a million
/// known files asks no disk.
#[derive(Debug, Default)]
pub struct KnownFiles(RwLock<Tables>);

/// Hardly a file is ever begun and not complete: so all but a few are a member of a set and no more.
#[derive(Debug, Default)]
struct Tables {
    complete: HashSet<Version, BuildHasherDefault<VersionHasher>>,
    begun: HashMap<PathKey, (Fingerprint, u64)>,
}

/// Path and version in one. Two versions of one path never look the same. A version of another path does with a
/// probability of 2^-128, as the key of a path is half a SHA-256.
type Version = [u8; 16];

fn version(key: &PathKey, fingerprint: &Fingerprint) -> Version {
    (u128::from_le_bytes(*key) ^ u128::from_le_bytes(*fingerprint)).to_le_bytes()
}

impl KnownFiles {
    /// What is known of this version of the file at `key`.
    pub fn get(&self, key: &PathKey, fingerprint: &Fingerprint) -> Option<KnownFile> {
        let tables = self.read();
        if tables.complete.contains(&version(key, fingerprint)) {
            return Some(KnownFile::Complete);
        }
        let (begun, records) = tables.begun.get(key)?;
        (begun == fingerprint).then_some(KnownFile::Begun(*records))
    }

    /// Whether of some file not all records are in the books.
    pub fn any_incomplete(&self) -> bool {
        !self.read().begun.is_empty()
    }

    pub(crate) fn put(&self, files: impl IntoIterator<Item = (PathKey, Fingerprint, KnownFile)>) {
        let mut tables = self.write();
        for (key, fingerprint, file) in files {
            match file {
                KnownFile::Complete => {
                    tables.begun.remove(&key);
                    tables.complete.insert(version(&key, &fingerprint));
                }
                KnownFile::Begun(records) => {
                    tables.begun.insert(key, (fingerprint, records));
                }
            }
        }
    }

    /// Makes room for so many more files at once.
    pub(crate) fn reserve(&self, files: usize) {
        self.write().complete.reserve(files);
    }

    fn read(&self) -> RwLockReadGuard<'_, Tables> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Tables> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A version is a hash already: its first half serves as it is.
#[derive(Debug, Default)]
pub(crate) struct VersionHasher(u64);

impl Hasher for VersionHasher {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_is_known_for_itself() {
        let (known, key, other) = (KnownFiles::default(), [7; 16], [8; 16]);
        known.put([(key, [1; 16], KnownFile::Begun(3))]);
        assert_eq!(known.get(&key, &[1; 16]), Some(KnownFile::Begun(3)));
        assert_eq!(known.get(&key, &[2; 16]), None);
        assert!(known.any_incomplete());
        known.put([(key, [1; 16], KnownFile::Complete)]);
        assert_eq!(known.get(&key, &[1; 16]), Some(KnownFile::Complete));
        assert_eq!(known.get(&key, &[2; 16]), None);
        assert_eq!(known.get(&other, &[1; 16]), None);
        assert!(!known.any_incomplete());
        known.put([(key, [2; 16], KnownFile::Begun(0))]);
        assert_eq!(known.get(&key, &[2; 16]), Some(KnownFile::Begun(0)));
    }
}
