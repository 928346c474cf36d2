use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::names::name;

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

/// All files that were ever taken, in memory: 16 bytes a file, so that a walk over a folder of a million known files
/// asks no disk.
///
/// Keys and versions are hashes, of which 64 bits each are kept. Two of a million files have the same 64 bits of their keys
/// with a probability of 2^-25; one of them is then read again at each walk, which gives nothing new. A new version is
/// missed only where its 64 bits are those of the one before, with a probability of 2^-64.
#[derive(Debug, Default)]
pub struct KnownFiles(RwLock<Tables>);

#[derive(Debug, Default)]
struct Tables {
    /// In order; a table of hashes would take up to 39 bytes a file, and three times that while it grows.
    settled: Vec<Entry>,
    /// Those that came since the last time that all were put in order.
    fresh: HashMap<i64, Version>,
    begun: HashMap<PathKey, (Fingerprint, u64)>,
}

/// The name of a file's path, then what the file is known by.
pub(crate) type Noted = (i64, PathKey, Fingerprint, KnownFile);

/// The 64 bits of a version.
type Version = i64;
type Entry = (i64, Version);

/// So many fresh entries are put in order at once: each time costs a pass over all.
const FRESH: usize = 1 << 16;

/// The version of a path of which nothing is known but that some file has it.
const SOME: Version = 0;

impl Tables {
    fn version(&self, key: i64) -> Option<Version> {
        if let Some(version) = self.fresh.get(&key) {
            return Some(*version);
        }
        self.find(key).map(|at| self.settled[at].1)
    }

    /// Where `key` stands in order. Keys are hashes, so that its place is known but for a few times the root of how many
    /// there are: it is looked for there first.
    fn find(&self, key: i64) -> Option<usize> {
        let all = &self.settled[..];
        let count = all.len();
        let rank = ((i128::from(key) - i128::from(i64::MIN)) * count as i128) >> 64;
        let (rank, width) = (rank as usize, count.isqrt() * 4 + 1);
        let (from, to) = (rank.saturating_sub(width), (rank + width).min(count));
        let near = all.get(from..to)?;
        let place = near.binary_search_by_key(&key, |entry| entry.0);
        if let Ok(at) = place {
            return Some(from + at);
        }
        let beyond = (place == Err(0) && from > 0) || (place == Err(near.len()) && to < count);
        beyond
            .then(|| all.binary_search_by_key(&key, |entry| entry.0).ok())
            .flatten()
    }

    fn put(&mut self, key: i64, version: Version) {
        match self.find(key) {
            Some(at) => self.settled[at].1 = version,
            None => drop(self.fresh.insert(key, version)),
        }
        if self.fresh.len() >= FRESH {
            self.settle();
        }
    }

    /// Merges the fresh entries into those in order, from the back and in place, so that no second copy is ever needed.
    fn settle(&mut self) {
        let mut fresh: Vec<Entry> = self.fresh.drain().collect();
        fresh.sort_unstable();
        let (mut from, mut to) = (self.settled.len(), self.settled.len() + fresh.len());
        self.settled.reserve_exact(fresh.len());
        self.settled.resize(to, (0, 0));
        while let Some(next) = fresh.last() {
            to -= 1;
            if from > 0 && self.settled[from - 1].0 > next.0 {
                from -= 1;
                self.settled[to] = self.settled[from];
            } else {
                self.settled[to] = *next;
                fresh.pop();
            }
        }
    }
}

impl KnownFiles {
    /// What is known of this version of the file at `key`.
    pub fn get(&self, key: &PathKey, fingerprint: &Fingerprint) -> Option<KnownFile> {
        let tables = self.read();
        if let Some((begun, records)) = tables.begun.get(key) {
            return (begun == fingerprint).then_some(KnownFile::Begun(*records));
        }
        (tables.version(name(key))? == name(fingerprint)).then_some(KnownFile::Complete)
    }

    /// Whether of some file not all records are in the books.
    pub fn any_incomplete(&self) -> bool {
        !self.read().begun.is_empty()
    }

    /// Whether the books have, or are likely to have, a file with this name or with a key that begins like it.
    pub(crate) fn any(&self, name: i64) -> bool {
        self.read().version(name).is_some()
    }

    /// Notes files, each with the name of its path.
    pub(crate) fn put(&self, files: impl IntoIterator<Item = Noted>) {
        let mut tables = self.write();
        for (path, key, fingerprint, file) in files {
            match file {
                KnownFile::Complete => drop(tables.begun.remove(&key)),
                KnownFile::Begun(records) => drop(tables.begun.insert(key, (fingerprint, records))),
            }
            tables.put(name(&key), name(&fingerprint));
            // Of two watched folders with the same paths the second one's files have keys of their own.
            if tables.version(path).is_none() {
                tables.put(path, SOME);
            }
        }
    }

    /// All files of a history, `count` of them: much faster than to [`put`](Self::put) each.
    pub(crate) fn of_history<E>(
        count: usize,
        visit: impl FnOnce(&mut dyn FnMut(Noted)) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut tables = Tables::default();
        tables.settled.reserve_exact(count);
        let mut others = Vec::new();
        visit(&mut |(path, key, fingerprint, file)| {
            if path == name(&key) && file == KnownFile::Complete {
                tables.settled.push((path, name(&fingerprint)));
            } else {
                others.push((path, key, fingerprint, file));
            }
        })?;
        tables.settled.sort_unstable();
        let known = Self(RwLock::new(tables));
        known.put(others);
        Ok(known)
    }

    fn read(&self) -> RwLockReadGuard<'_, Tables> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Tables> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u64) -> PathKey {
        // Spread as a hash is.
        u128::from(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_le_bytes()
    }

    #[test]
    fn each_version_is_known_for_itself() {
        let (known, key, other) = (KnownFiles::default(), [7; 16], [8; 16]);
        known.put([(1, key, [1; 16], KnownFile::Begun(3))]);
        assert_eq!(known.get(&key, &[1; 16]), Some(KnownFile::Begun(3)));
        assert_eq!(known.get(&key, &[2; 16]), None);
        assert!(known.any_incomplete());
        known.put([(1, key, [1; 16], KnownFile::Complete)]);
        assert_eq!(known.get(&key, &[1; 16]), Some(KnownFile::Complete));
        assert_eq!(known.get(&key, &[2; 16]), None);
        assert_eq!(known.get(&other, &[1; 16]), None);
        assert!(!known.any_incomplete());
        known.put([(1, key, [2; 16], KnownFile::Begun(0))]);
        assert_eq!(known.get(&key, &[1; 16]), None);
        assert_eq!(known.get(&key, &[2; 16]), Some(KnownFile::Begun(0)));
        assert!(known.any(1) && known.any(name(&key)) && !known.any(name(&other)));
    }

    #[test]
    fn all_are_known_however_many_were_put_in_order() {
        let known = KnownFiles::default();
        let count = FRESH as u64 * 5 / 2;
        let file = |number, version: u8| {
            (
                name(&key(number)),
                key(number),
                [version; 16],
                KnownFile::Complete,
            )
        };
        for number in 0..count {
            known.put([file(number, 1)]);
        }
        // Some that were put in order long ago, and some that were not yet, come in another version.
        for number in [0, 17, count - 1] {
            known.put([file(number, 2)]);
        }
        for number in 0..count {
            let version = if [0, 17, count - 1].contains(&number) {
                2
            } else {
                1
            };
            assert_eq!(
                known.get(&key(number), &[version; 16]),
                Some(KnownFile::Complete),
                "{number}"
            );
            assert_eq!(known.get(&key(number), &[3; 16]), None);
        }
        assert!((count..count + 1000).all(|number| known.get(&key(number), &[1; 16]).is_none()));
    }
}
