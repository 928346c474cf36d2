//! What the source may ask the books, and which files are on their way.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use gristmill_journal::{KnownFile, KnownFiles, PathKey};
use gristmill_source::{Books, FileRef, Known, WatchHandle};

use crate::retry::Wanted;

/// Files that were handed to the pipeline and are not durable yet.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    files: Mutex<HashMap<PathKey, Flight>>,
    /// Asked to look again at a file that changed while it was on its way.
    watcher: OnceLock<WatchHandle>,
}

#[derive(Debug)]
struct Flight {
    fingerprint: [u8; 16],
    /// Whether another version was seen meanwhile.
    outdated: bool,
}

impl InFlight {
    fn files(&self) -> MutexGuard<'_, HashMap<PathKey, Flight>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Names the watcher that finds the files.
    pub(crate) fn watched_by(&self, watcher: WatchHandle) {
        // A run has one watcher, so there is none before it.
        drop(self.watcher.set(watcher));
    }

    /// Lets `file` in unless a version of it is on its way; then it is looked at again afterwards.
    pub(crate) fn enter(&self, file: &FileRef) -> bool {
        match self.files().entry(file.key()) {
            Entry::Occupied(mut flight) => {
                flight.get_mut().outdated = true;
                false
            }
            Entry::Vacant(place) => {
                place.insert(Flight {
                    fingerprint: file.fingerprint().to_bytes(),
                    outdated: false,
                });
                true
            }
        }
    }

    pub(crate) fn leave(&self, file: &FileRef) {
        let flight = self.files().remove(&file.key());
        if let (Some(Flight { outdated: true, .. }), Some(watcher)) = (flight, self.watcher.get()) {
            watcher.look_again(file);
        }
    }

    /// Has the drop folder walked soon, for files that nothing else points to.
    pub(crate) fn walk(&self) {
        if let Some(watcher) = self.watcher.get() {
            watcher.walk();
        }
    }

    fn get(&self, key: &PathKey) -> Option<[u8; 16]> {
        self.files().get(key).map(|flight| flight.fingerprint)
    }
}

/// The journal's table of files as the source asks it.
pub(crate) struct JournalBooks {
    pub(crate) known: Arc<KnownFiles>,
    pub(crate) in_flight: Arc<InFlight>,
    pub(crate) wanted: Arc<Wanted>,
}

impl JournalBooks {
    /// How many records of the file at `key` need not be read again if it is still the version with `fingerprint`.
    pub(crate) fn resume(&self, key: &PathKey, fingerprint: &[u8; 16]) -> u64 {
        match self.known.get(key, fingerprint) {
            Some(KnownFile::Begun(records)) if !self.wanted.is_wanted(key) => records,
            // What is complete is read again only where somebody wants records of it again.
            _ => 0,
        }
    }
}

impl Books for JournalBooks {
    fn known(&self, key: &PathKey, fingerprint: &[u8; 16]) -> Option<Known> {
        if let Some(on_its_way) = self.in_flight.get(key) {
            return (on_its_way == *fingerprint).then_some(Known::Complete);
        }
        if self.wanted.is_wanted(key) {
            return None;
        }
        match self.known.get(key, fingerprint)? {
            KnownFile::Complete => Some(Known::Complete),
            KnownFile::Begun(records) => Some(Known::Begun(records)),
        }
    }
}
