//! Inputs in quarantine that somebody wants tried again.
//!
//! A request is an empty file in the state folder, named by the document, so that it survives a crash and can be
//! made whether or not a daemon is at work. The daemon answers it by reading the document's file again: the
//! records that the books have elsewhere are skipped as with any file that is read a second time, the wanted ones
//! take their way through the chain, and leave quarantine in the very commit that gives them their new place.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gristmill_core::DocumentId;
use gristmill_disk::{SharedDisk, make_folder};
use gristmill_journal::PathKey;

/// The requests in a state folder.
#[derive(Debug, Clone)]
pub struct RetryRequests {
    dir: PathBuf,
    disk: SharedDisk,
}

impl RetryRequests {
    /// The requests in the state folder `state`.
    pub fn new(state: &Path, disk: SharedDisk) -> Self {
        Self {
            dir: state.join("retry"),
            disk,
        }
    }

    /// Asks for `id` to be tried again, durably.
    ///
    /// # Errors
    /// The state folder cannot be written.
    pub fn put(&self, id: &DocumentId) -> io::Result<()> {
        make_folder(&*self.disk, &self.dir)?;
        self.disk.open(&self.dir.join(id.to_string()))?.sync()?;
        self.disk.sync_dir(&self.dir)
    }

    /// The documents asked for, sorted.
    pub(crate) fn list(&self) -> io::Result<Vec<DocumentId>> {
        let mut ids = Vec::new();
        match std::fs::read_dir(&self.dir) {
            Ok(entries) => {
                for entry in entries {
                    let name = entry?.file_name();
                    ids.extend(name.to_str().and_then(|name| name.parse::<DocumentId>().ok()));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        ids.sort_unstable();
        Ok(ids)
    }

    /// Forgets the request for `id`; not durably, since an answered request asks for nothing.
    pub(crate) fn remove(&self, id: &DocumentId) -> io::Result<()> {
        self.disk.remove(&self.dir.join(id.to_string()))
    }
}

/// The requests that this run knows of, by the file that holds the document, each with whether the document came again.
#[derive(Debug, Default)]
pub(crate) struct Wanted(Mutex<HashMap<PathKey, HashMap<DocumentId, bool>>>);

impl Wanted {
    fn files(&self) -> MutexGuard<'_, HashMap<PathKey, HashMap<DocumentId, bool>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that `id` is wanted from `file`, and says whether that is news.
    pub(crate) fn add(&self, file: PathKey, id: DocumentId) -> bool {
        let mut files = self.files();
        match files.entry(file).or_default().entry(id) {
            Entry::Occupied(_) => false,
            Entry::Vacant(place) => {
                place.insert(false);
                true
            }
        }
    }

    /// Whether something is wanted from `file`.
    pub(crate) fn is_wanted(&self, file: &PathKey) -> bool {
        self.files().contains_key(file)
    }

    /// Whether `id` is wanted from `file`.
    pub(crate) fn contains(&self, file: &PathKey, id: &DocumentId) -> bool {
        self.files().get(file).is_some_and(|ids| ids.contains_key(id))
    }

    /// Notes that `id` came, from whatever file.
    pub(crate) fn came(&self, id: &DocumentId) {
        for came in self.files().values_mut().filter_map(|ids| ids.get_mut(id)) {
            *came = true;
        }
    }

    /// Takes what was wanted from `file` off the list.
    pub(crate) fn take(&self, file: &PathKey) -> HashMap<DocumentId, bool> {
        self.files().remove(file).unwrap_or_default()
    }
}
