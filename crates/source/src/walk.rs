//! Walks over the watched folders.

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use crate::file::{Books, FileRef, Fingerprint, Folder, Known, key};
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

    fn known(&self, books: &dyn Books) -> Option<Known> {
        books.known(&key(self.folder, self.relative), &self.fingerprint.to_bytes())
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
                if is_taken(books, found) || !self.takes_here(found.relative) {
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

    /// Visits all files of which the books have the very version that is there, in whole or in part. A folder that
    /// cannot be listed is passed over: those who look for new files tell of it.
    pub fn recorded(&self, books: &dyn Books, visit: &mut dyn FnMut(FileRef, Known) -> ControlFlow<()>) {
        for folder in &self.folders {
            let walked = self.walk(folder, Path::new(""), &mut |found| match found.known(books) {
                Some(known) => visit(found.file(), known),
                None => ControlFlow::Continue(()),
            });
            if walked.is_ok_and(|step| step.is_break()) {
                break;
            }
        }
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

    /// Visits the files at and below `relative` in byte order of their paths, also those that are not to be taken:
    /// whether the books have a file is cheaper to ask than whether a glob matches it.
    pub(crate) fn walk(
        &self,
        folder: &Arc<Folder>,
        relative: &Path,
        visit: &mut Visit<'_>,
    ) -> io::Result<ControlFlow<()>> {
        let mut place = Place {
            absolute: folder.path.join(relative),
            relative: relative.to_owned(),
        };
        let metadata = place.absolute.metadata()?;
        let mut above = vec![(metadata.dev(), metadata.ino())];
        self.walk_dir(folder, &mut place, &mut above, visit)
    }

    fn walk_dir(
        &self,
        folder: &Arc<Folder>,
        place: &mut Place,
        above: &mut Vec<(u64, u64)>,
        visit: &mut Visit<'_>,
    ) -> io::Result<ControlFlow<()>> {
        let names = Names::list(self, &place.absolute)?;
        for (name, is_dir) in names.iter() {
            place.enter(name);
            let step = if is_dir {
                self.walk_below(folder, place, above, visit)
            } else {
                self.visit(folder, place, visit)
            };
            place.leave();
            if step.is_break() {
                return Ok(step);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn visit(&self, folder: &Arc<Folder>, place: &Place, visit: &mut Visit<'_>) -> ControlFlow<()> {
        // What is gone again, or became something else, is simply not there.
        match self.look(&place.absolute) {
            Ok(metadata) if metadata.is_file() => visit(&Found {
                folder,
                relative: &place.relative,
                fingerprint: Fingerprint::of(&metadata),
            }),
            _ => ControlFlow::Continue(()),
        }
    }

    fn walk_below(
        &self,
        folder: &Arc<Folder>,
        place: &mut Place,
        above: &mut Vec<(u64, u64)>,
        visit: &mut Visit<'_>,
    ) -> ControlFlow<()> {
        if !self.enters(&place.relative) {
            return ControlFlow::Continue(());
        }
        let Ok(metadata) = self.look(&place.absolute) else {
            return ControlFlow::Continue(());
        };
        let identity = (metadata.dev(), metadata.ino());
        // Only a link can lead back up.
        if above.contains(&identity) {
            return ControlFlow::Continue(());
        }
        above.push(identity);
        let walked = self.walk_dir(folder, place, above, visit);
        above.pop();
        match walked {
            Ok(step) => step,
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::warn!(path = %place.absolute.display(), %error, "cannot list a folder");
                }
                ControlFlow::Continue(())
            }
        }
    }
}

/// Where a walk is, as a path on the disk and from the watched folder.
struct Place {
    absolute: PathBuf,
    relative: PathBuf,
}

impl Place {
    fn enter(&mut self, name: &OsStr) {
        self.absolute.push(name);
        self.relative.push(name);
    }

    fn leave(&mut self) {
        self.absolute.pop();
        self.relative.pop();
    }
}

/// Whether the books have all of this version.
pub(crate) fn is_taken(books: &dyn Books, found: &Found<'_>) -> bool {
    found.known(books) == Some(Known::Complete)
}

/// The names in a folder, packed: a drop folder may hold a million.
struct Names {
    bytes: Vec<u8>,
    /// Where each begins and ends, and whether it is a folder; sorted such that walking them in turn meets all
    /// paths in byte order: `a.txt` comes before `a/b`, since `.` comes before `/`.
    entries: Vec<(usize, u32, bool)>,
}

impl Names {
    /// The folders and files in `dir`; what is neither is left out.
    fn list(inbox: &Inbox, dir: &Path) -> io::Result<Self> {
        let (mut bytes, mut entries) = (Vec::new(), Vec::new());
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let Ok(mut kind) = entry.file_type() else {
                continue;
            };
            if kind.is_symlink() && inbox.settings.follow_links {
                match entry.path().metadata() {
                    Ok(target) => kind = target.file_type(),
                    Err(_) => continue,
                }
            }
            if kind.is_dir() || kind.is_file() {
                let name = entry.file_name();
                let name = name.as_bytes();
                entries.push((bytes.len(), name.len() as u32, kind.is_dir()));
                bytes.extend_from_slice(name);
            }
        }
        let order = |entry: &(usize, u32, bool)| {
            let (start, length, is_dir) = *entry;
            let end: &[u8] = if is_dir { b"/" } else { b"" };
            bytes[start..start + length as usize].iter().chain(end)
        };
        entries.sort_unstable_by(|a, b| order(a).cmp(order(b)));
        Ok(Self { bytes, entries })
    }

    fn iter(&self) -> impl Iterator<Item = (&OsStr, bool)> {
        self.entries.iter().map(|&(start, length, is_dir)| {
            let name = &self.bytes[start..start + length as usize];
            (OsStr::from_bytes(name), is_dir)
        })
    }
}
