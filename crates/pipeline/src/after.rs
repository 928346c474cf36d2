//! What happens to an input file once its documents are durable.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use gristmill_disk::{Disk, SharedDisk};
use gristmill_source::FileRef;

/// What happens to an input file once its documents are durable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum WhenDone {
    /// It stays where it is; the books remember it.
    #[default]
    Keep,
    /// It is deleted.
    Delete,
    /// It is moved to this folder, under its path within the watched folder.
    Move(PathBuf),
}

/// Does it.
#[derive(Debug)]
pub(crate) struct AfterCommit {
    pub(crate) when_done: WhenDone,
    pub(crate) disk: SharedDisk,
}

impl AfterCommit {
    /// Deletes or moves `file`, of which every document is durable, unless it has changed since. A failure is
    /// told and tried again at the next walk: the books know the file, so it is never read twice.
    pub(crate) fn act(&self, file: &FileRef) {
        let done = match &self.when_done {
            WhenDone::Keep => return,
            _ if !file.is_unchanged() => return,
            WhenDone::Delete => self.disk.remove(file.absolute()),
            WhenDone::Move(to) => move_file(&*self.disk, file.absolute(), &to.join(file.relative())),
        };
        match done {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(path = file.source_path(), %error, "cannot put a finished file away");
            }
            _ => {}
        }
    }
}

/// Moves a file, also between file systems; what is at the goal already is not overwritten.
fn move_file(disk: &dyn Disk, from: &Path, to: &Path) -> io::Result<()> {
    disk.create_dir_all(to.parent().unwrap_or(Path::new(".")))?;
    let to = free_name(to);
    match disk.rename(from, &to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let mut aside = to.clone().into_os_string();
            aside.push(".part");
            fs::copy(from, &aside)?;
            fs::File::open(&aside)?.sync_all()?;
            disk.rename(Path::new(&aside), &to)?;
            disk.sync_dir(to.parent().unwrap_or(Path::new(".")))?;
            disk.remove(from)
        }
        moved => moved,
    }
}

/// `path`, or `path.1`, `path.2` … where that is taken.
fn free_name(path: &Path) -> PathBuf {
    let mut name = path.to_owned();
    let mut number = 0;
    while name.symlink_metadata().is_ok() {
        number += 1;
        let mut numbered = path.as_os_str().to_owned();
        numbered.push(format!(".{number}"));
        name = numbered.into();
    }
    name
}

#[cfg(test)]
mod tests {
    use gristmill_disk::RealDisk;

    use super::*;

    #[test]
    fn a_moved_file_never_overwrites_another() {
        let dir = tempfile::tempdir().unwrap();
        let done = dir.path().join("done/a.txt");
        for version in ["one", "two", "three"] {
            let from = dir.path().join("a.txt");
            fs::write(&from, version).unwrap();
            move_file(&RealDisk, &from, &done).unwrap();
        }
        assert_eq!(fs::read_to_string(&done).unwrap(), "one");
        assert_eq!(fs::read_to_string(done.with_extension("txt.1")).unwrap(), "two");
        assert_eq!(fs::read_to_string(done.with_extension("txt.2")).unwrap(), "three");
    }
}
