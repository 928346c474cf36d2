//! A file that is there: its names, its version, and what the books say about it.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::Metadata;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::Digest;

/// A watched folder as its files know it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    pub(crate) name: Option<String>,
    /// Whether a folder before it has the same name, or none either.
    pub(crate) namesake: bool,
}

/// 128 bits that stand for a path within its watched folder: the first half of a SHA-256.
pub type PathKey = [u8; 16];

/// What tells one version of a file from another.
///
/// The change time is part of it, since nobody can set it back: a file that was rewritten to the same length
/// and then backdated is still seen, and a file that could not be read comes again once its mode changed. The
/// price is that a new hard link or a `chmod` makes a file be read again, which gives the same ids and so no
/// new documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    /// The length in bytes.
    pub size: u64,
    /// The modification time in nanoseconds since 1970.
    pub mtime: i64,
    /// The change time in nanoseconds since 1970.
    pub ctime: i64,
    /// The inode number.
    pub inode: u64,
}

impl Fingerprint {
    /// The fingerprint in a file's metadata.
    pub fn of(metadata: &Metadata) -> Self {
        let nanoseconds =
            |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
        Self {
            size: metadata.size(),
            mtime: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            ctime: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
        }
    }

    /// The fingerprint as the journal keeps it: its words mixed into 128 bits, since a million known files are
    /// held in memory. Two versions that differ in one word never look the same.
    pub fn to_bytes(&self) -> [u8; 16] {
        /// Odd, so that a multiplication by it can be undone.
        const FACTOR: u128 = 0xda94_2042_e4dd_58b5_2360_ed05_1fc6_5da5;
        let words = [self.size, self.mtime as u64, self.ctime as u64, self.inode];
        let mixed = words.into_iter().fold(FACTOR, |mixed, word| {
            let mixed = (mixed ^ u128::from(word)).wrapping_mul(FACTOR);
            mixed ^ (mixed >> 64)
        });
        mixed.to_le_bytes()
    }
}

/// What the books say about a version of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// All its records are durable, or on their way.
    Complete,
    /// So many of its records are durable and not all; they are skipped when it is read again.
    Begun(u64),
}

/// The books, as far as a walk asks them. It does so for every file of every walk, so they answer from memory.
pub trait Books: Send + Sync {
    /// What is known of the file at `key` in the version with `fingerprint`, as [`Fingerprint::to_bytes`] gives it.
    fn known(&self, key: &PathKey, fingerprint: &[u8; 16]) -> Option<Known>;
}

/// Books that know nothing, for reading without a memory.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoBooks;

impl Books for NoBooks {
    fn known(&self, _: &PathKey, _: &[u8; 16]) -> Option<Known> {
        None
    }
}

/// A file that is there, in one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRef {
    folder: Arc<Folder>,
    relative: PathBuf,
    absolute: PathBuf,
    source_path: String,
    fingerprint: Fingerprint,
}

impl FileRef {
    pub(crate) fn new(folder: Arc<Folder>, relative: PathBuf, fingerprint: Fingerprint) -> Self {
        let absolute = folder.path.join(&relative);
        let source_path = source_path(folder.name.as_deref(), &relative);
        Self {
            folder,
            relative,
            absolute,
            source_path,
            fingerprint,
        }
    }

    /// A file named on a command line rather than found in a watched folder; its `source.path` is the path as
    /// it was given.
    ///
    /// # Errors
    /// There is no such file.
    pub fn lone(path: &Path) -> io::Result<Self> {
        let fingerprint = Fingerprint::of(&path.metadata()?);
        let folder = Folder {
            path: PathBuf::new(),
            name: None,
            namesake: false,
        };
        Ok(Self::new(Arc::new(folder), path.to_owned(), fingerprint))
    }

    /// The same file in another version.
    pub(crate) fn at(mut self, fingerprint: Fingerprint) -> Self {
        self.fingerprint = fingerprint;
        self
    }

    /// What names the file in the books.
    pub fn key(&self) -> PathKey {
        key(&self.folder, &self.relative)
    }

    /// The path from the watched folder.
    pub fn relative(&self) -> &Path {
        &self.relative
    }

    /// The watched folder's path and the file's.
    pub fn absolute(&self) -> &Path {
        &self.absolute
    }

    /// The path as `source.path` has it: after the folder's name and `:` where it has one, bytes that are not
    /// UTF-8 as `%XX`.
    pub fn source_path(&self) -> &str {
        &self.source_path
    }

    /// The version.
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// Whether this very version is still there.
    pub fn is_unchanged(&self) -> bool {
        self.absolute
            .metadata()
            .is_ok_and(|now| Fingerprint::of(&now) == self.fingerprint)
    }

    /// The bytes that ids are made of: name, `:` and raw path.
    pub(crate) fn id_path(&self) -> Vec<u8> {
        prefixed(self.folder.name.as_deref(), self.relative.as_os_str())
    }
}

fn prefixed(name: Option<&str>, relative: &OsStr) -> Vec<u8> {
    let mut bytes = name.map_or_else(Vec::new, |name| format!("{name}:").into_bytes());
    bytes.extend_from_slice(relative.as_bytes());
    bytes
}

/// Two folders without a name (or with the same) may both have an `a.txt`: the second folder's own path then
/// tells their files apart in the books.
pub(crate) fn key(folder: &Folder, relative: &Path) -> PathKey {
    let mut hash = sha2::Sha256::new();
    if let Some(name) = &folder.name {
        hash.update(name);
        hash.update(b":");
    }
    hash.update(relative.as_os_str().as_bytes());
    if folder.namesake {
        hash.update([0]);
        hash.update(folder.path.as_os_str().as_bytes());
    }
    let mut key = [0; 16];
    key.copy_from_slice(&hash.finalize()[..16]);
    key
}

pub(crate) fn source_path(name: Option<&str>, relative: &Path) -> String {
    text_of(&prefixed(name, relative.as_os_str()))
}

/// Bytes as text, those that are not UTF-8 as `%XX`.
pub(crate) fn text_of(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: Option<&str>, namesake: bool, relative: &[u8]) -> FileRef {
        let folder = Folder {
            path: "in".into(),
            name: name.map(str::to_owned),
            namesake,
        };
        let fingerprint = Fingerprint {
            size: 1,
            mtime: -2,
            ctime: 3,
            inode: 4,
        };
        FileRef::new(
            Arc::new(folder),
            Path::new(OsStr::from_bytes(relative)).to_owned(),
            fingerprint,
        )
    }

    #[test]
    fn paths_as_text() {
        let check = |name, relative: &[u8], expected| {
            assert_eq!(file(name, false, relative).source_path(), expected);
        };
        check(None, b"a/b.html", "a/b.html");
        check(Some("wire"), b"a/b.html", "wire:a/b.html");
        check(None, b"a\nb", "a\nb");
        check(None, b"caf\xe9/\xff.txt", "caf%E9/%FF.txt");
        check(None, "naïve.txt".as_bytes(), "naïve.txt");
    }

    #[test]
    fn keys_tell_files_apart() {
        let key = |name, namesake, relative: &[u8]| file(name, namesake, relative).key();
        let plain = key(None, false, b"a");
        assert_eq!(plain, key(None, false, b"a"));
        assert_ne!(plain, key(Some("wire"), false, b"a"));
        assert_ne!(plain, key(None, true, b"a"));
        assert_ne!(key(None, false, b"\xff"), key(None, false, b"%FF"));
    }

    #[test]
    fn fingerprints_tell_every_word_apart() {
        let bytes: std::collections::HashSet<_> = (0..256_u64)
            .map(|bits| {
                let word = |number: u64| 1_700_000_000_000_000_000 + (bits >> (2 * number) & 3);
                Fingerprint {
                    size: word(0),
                    mtime: word(1) as i64,
                    ctime: word(2) as i64,
                    inode: word(3),
                }
                .to_bytes()
            })
            .collect();
        assert_eq!(bytes.len(), 256);
    }
}
