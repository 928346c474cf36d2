//! Files that a person names, rather than a walk finds.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::file::{FileRef, Fingerprint, Folder, PathKey, key, source_path};
use crate::settings::Inbox;

/// What a name may stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What names the file in the books.
    pub key: PathKey,
    /// Where it would be on the disk.
    pub absolute: PathBuf,
    /// The same from the watched folder.
    pub relative: PathBuf,
    /// The path as `source.path` has it.
    pub source_path: String,
}

/// The ending of files that gristmill itself is still writing in a drop folder. They are never taken, whatever is excluded.
pub(crate) const ASIDE: &str = ".gristmill-tmp";

impl Candidate {
    /// Beside the file, the name under which to write it until it is whole and can be renamed into its place: no walk
    /// takes it for an input.
    pub fn aside(&self) -> PathBuf {
        let mut aside = self.absolute.clone().into_os_string();
        aside.push(ASIDE);
        aside.into()
    }
}

impl Inbox {
    /// The file at `path`, which somebody named: as a walk would find it where it lies in a watched folder, else
    /// under the path as it was given.
    ///
    /// # Errors
    /// There is no such file.
    pub fn find(&self, path: &Path) -> io::Result<FileRef> {
        let fingerprint = Fingerprint::of(&path.metadata()?);
        let absolute = std::path::absolute(path)?;
        for folder in &self.folders {
            if let Ok(relative) = absolute.strip_prefix(std::path::absolute(&folder.path)?) {
                return Ok(FileRef::new(folder.clone(), relative.to_owned(), fingerprint));
            }
        }
        FileRef::lone(path)
    }

    /// Where the books and the disk may have what somebody named by a path on the disk or by a `source.path`,
    /// whether or not there is such a file: its key and its absolute path, the likeliest first.
    pub fn candidates(&self, named: &str) -> Vec<Candidate> {
        let file = named.split_once("!/").map_or(named, |(file, _)| file);
        let mut candidates: Vec<Candidate> = Vec::new();
        let mut add = |folder: &Arc<Folder>, relative: &Path| {
            let key = key(folder, relative);
            if !candidates.iter().any(|other| other.key == key) {
                candidates.push(Candidate {
                    key,
                    absolute: folder.path.join(relative),
                    relative: relative.to_owned(),
                    source_path: source_path(folder.name.as_deref(), relative),
                });
            }
        };
        for folder in &self.folders {
            let absolute = std::path::absolute(file).ok();
            let root = std::path::absolute(&folder.path).ok();
            let relative = absolute.as_deref().zip(root.as_deref());
            if let Some(relative) = relative.and_then(|(path, root)| path.strip_prefix(root).ok()) {
                add(folder, relative);
            }
        }
        // A name before a colon more likely means a folder's than a file's of the folder without one.
        let (named_folders, others): (Vec<_>, Vec<_>) =
            self.folders.iter().partition(|folder| folder.name.is_some());
        for folder in named_folders.into_iter().chain(others) {
            let inner = match &folder.name {
                Some(name) => file
                    .strip_prefix(name.as_str())
                    .and_then(|rest| rest.strip_prefix(':')),
                None => Some(file),
            };
            if let Some(inner) = inner {
                add(folder, Path::new(inner));
                add(folder, &raw(inner));
            }
        }
        candidates
    }
}

/// The bytes of a path that was written with `%XX` for those that are not UTF-8.
fn raw(written: &str) -> PathBuf {
    let (bytes, mut raw, mut at) = (written.as_bytes(), Vec::new(), 0);
    while let Some(&byte) = bytes.get(at) {
        let escaped = written
            .get(at + 1..at + 3)
            .filter(|_| byte == b'%')
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .filter(|byte| !byte.is_ascii());
        raw.push(escaped.unwrap_or(byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    OsString::from_vec(raw).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Settings, Watched};

    fn watched(path: &Path, name: Option<&str>) -> Watched {
        Watched {
            path: path.to_owned(),
            name: name.map(str::to_owned),
        }
    }

    #[test]
    fn a_file_has_many_names_and_one_key() {
        let dir = tempfile::tempdir().unwrap();
        let (plain, wire) = (dir.path().join("plain"), dir.path().join("wire"));
        std::fs::create_dir_all(wire.join("a")).unwrap();
        let path = wire
            .join("a")
            .join(OsString::from_vec(b"caf\xe9%41.txt".to_vec()));
        std::fs::write(&path, "Body.").unwrap();
        let watch = vec![watched(&plain, None), watched(&wire, Some("wire"))];
        let inbox = Inbox::new(Settings {
            watch,
            ..Settings::default()
        })
        .unwrap();

        let file = inbox.find(&path).unwrap();
        assert_eq!(file.source_path(), "wire:a/caf%E9%41.txt");
        for named in ["wire:a/caf%E9%41.txt", "wire:a/caf%E9%41.txt!/member.html"] {
            let candidates = inbox.candidates(named);
            let found = candidates
                .iter()
                .find(|candidate| candidate.key == file.key())
                .unwrap();
            assert_eq!(found.absolute, path);
        }
        let gone = inbox.candidates("a/gone.txt");
        assert_eq!(gone[0].absolute, plain.join("a/gone.txt"));

        let elsewhere = dir.path().join("b.txt");
        std::fs::write(&elsewhere, "Body.").unwrap();
        assert_eq!(inbox.find(&elsewhere).unwrap().absolute(), elsewhere);
        assert!(inbox.find(&plain.join("gone.txt")).is_err());
    }
}
