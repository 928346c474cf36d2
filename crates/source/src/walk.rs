//! Walks over the watched folders.

use std::fs::{self, Metadata};
use std::io;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use crate::file::{Books, FileRef, Fingerprint, Folder, key};
use crate::settings::Inbox;
use crate::settle::stood_still;

/// One file of a walk, before anybody has looked at it.
pub(crate) struct Found<'a> {
    pub(crate) folder: &'a Arc<Folder>,
    pub(crate) relative: &'a Path,
    pub(crate) fingerprint: Fingerprint,
}

impl Found<'_> {
    pub(crate) fn file(&self) -> FileRef {
        FileRef::new(self.folder.clone(), self.relative.to_owned(), self.fingerprint)
    }
}

/// Called for each file of a walk.
pub(crate) type Visit<'a> = dyn FnMut(&Found<'_>) -> ControlFlow<()> + 'a;

impl Inbox {
    /// Visits all files that the books do not have yet, folder by folder, each in byte order of its paths:
    /// what `run --once` takes. A file that was touched a moment ago is waited for; one that is still being
    /// written after ten times `settle` is left for the next run, with a warning.
    ///
    /// # Errors
    /// A watched folder is not there or cannot be listed. Folders below it that cannot be listed are warned of.
    pub fn scan(
        &self,
        books: &dyn Books,
        visit: &mut dyn FnMut(FileRef) -> ControlFlow<()>,
    ) -> io::Result<()> {
        for folder in &self.folders {
            let walked = self.walk(folder, Path::new(""), &mut |found| {
                if is_taken(books, found) {
                    return ControlFlow::Continue(());
                }
                match self.settled(found.file()) {
                    Some(file) => visit(file),
                    None => ControlFlow::Continue(()),
                }
            })?;
            if walked.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Waits until `file` stands still, and gives it as it is then.
    fn settled(&self, mut file: FileRef) -> Option<FileRef> {
        const PATIENCE: u32 = 10;
        for _ in 0..PATIENCE {
            if stood_still(file.fingerprint(), self.settings.settle) {
                return Some(file);
            }
            thread::sleep(self.settings.settle);
            let now = self.look(file.absolute()).ok().filter(Metadata::is_file)?;
            let fingerprint = Fingerprint::of(&now);
            // A clock that differs from the file system's never lets a file look old; standing still does.
            if fingerprint == *file.fingerprint() {
                return Some(file);
            }
            file = file.at(fingerprint);
        }
        tracing::warn!(
            path = file.source_path(),
            "still being written: left for the next run"
        );
        None
    }

    /// Metadata of `path`, through links where they are followed.
    pub(crate) fn look(&self, path: &Path) -> io::Result<Metadata> {
        if self.settings.follow_links {
            path.metadata()
        } else {
            path.symlink_metadata()
        }
    }

    /// Visits the files at and below `relative` in byte order of their paths.
    pub(crate) fn walk(
        &self,
        folder: &Arc<Folder>,
        relative: &Path,
        visit: &mut Visit<'_>,
    ) -> io::Result<ControlFlow<()>> {
        let top = folder.path.join(relative);
        let metadata = top.metadata()?;
        let mut above = vec![(metadata.dev(), metadata.ino())];
        self.walk_dir(folder, &top, relative, &mut above, visit)
    }

    fn walk_dir(
        &self,
        folder: &Arc<Folder>,
        absolute: &Path,
        relative: &Path,
        above: &mut Vec<(u64, u64)>,
        visit: &mut Visit<'_>,
    ) -> io::Result<ControlFlow<()>> {
        for entry in entries(absolute, self.settings.follow_links)? {
            let path = relative.join(&entry.name);
            if entry.is_dir {
                if !self.enters(&path) {
                    continue;
                }
                let identity = (entry.metadata.dev(), entry.metadata.ino());
                // Only a link can lead back up.
                if above.contains(&identity) {
                    continue;
                }
                above.push(identity);
                let walked = self.walk_dir(folder, &absolute.join(&entry.name), &path, above, visit);
                above.pop();
                match walked {
                    Ok(ControlFlow::Continue(())) => {}
                    Ok(ControlFlow::Break(())) => return Ok(ControlFlow::Break(())),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => {
                        tracing::warn!(path = %absolute.join(&entry.name).display(), %error, "cannot list a folder");
                    }
                }
            } else if self.takes_here(&path) {
                let fingerprint = Fingerprint::of(&entry.metadata);
                if visit(&Found {
                    folder,
                    relative: &path,
                    fingerprint,
                })
                .is_break()
                {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// Whether the books have all of this version.
pub(crate) fn is_taken(books: &dyn Books, found: &Found<'_>) -> bool {
    books
        .known(&key(found.folder, found.relative))
        .is_some_and(|known| known.complete && known.fingerprint == found.fingerprint.to_bytes())
}

struct Entry {
    name: PathBuf,
    metadata: Metadata,
    is_dir: bool,
}

impl Entry {
    fn order(&self) -> impl Iterator<Item = &u8> {
        let end: &[u8] = if self.is_dir { b"/" } else { b"" };
        self.name.as_os_str().as_bytes().iter().chain(end)
    }
}

/// The folders and regular files in a folder, such that walking them in turn meets all paths in byte order:
/// `a.txt` comes before `a/b`, since `.` comes before `/`.
fn entries(dir: &Path, follow_links: bool) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        // What is gone again is simply not there.
        let Ok(mut metadata) = entry.metadata() else {
            continue;
        };
        if metadata.is_symlink() && follow_links {
            match entry.path().metadata() {
                Ok(target) => metadata = target,
                Err(_) => continue,
            }
        }
        let is_dir = metadata.is_dir();
        if is_dir || metadata.is_file() {
            entries.push(Entry {
                name: entry.file_name().into(),
                metadata,
                is_dir,
            });
        }
    }
    entries.sort_unstable_by(|a: &Entry, b: &Entry| a.order().cmp(b.order()));
    Ok(entries)
}
