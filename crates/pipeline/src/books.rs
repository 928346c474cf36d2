//! What the source may ask the books, and which files are on their way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gristmill_journal::{KnownFiles, PathKey};
use gristmill_source::{Books, FileRef, Known};

/// Files that were handed to the pipeline and are not durable yet.
#[derive(Debug, Default)]
pub(crate) struct InFlight(Mutex<HashMap<PathKey, [u8; 32]>>);

impl InFlight {
    fn files(&self) -> MutexGuard<'_, HashMap<PathKey, [u8; 32]>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets `file` in unless a version of it is on its way; then a later walk finds it again.
    pub(crate) fn enter(&self, file: &FileRef) -> bool {
        match self.files().entry(file.key()) {
            std::collections::hash_map::Entry::Occupied(_) => false,
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(file.fingerprint().to_bytes());
                true
            }
        }
    }

    pub(crate) fn leave(&self, file: &FileRef) {
        self.files().remove(&file.key());
    }

    fn get(&self, key: &PathKey) -> Option<[u8; 32]> {
        self.files().get(key).copied()
    }
}

/// The journal's table of files as the source asks it.
pub(crate) struct JournalBooks {
    pub(crate) known: Arc<KnownFiles>,
    pub(crate) in_flight: Arc<InFlight>,
}

impl Books for JournalBooks {
    fn known(&self, key: &PathKey) -> Option<Known> {
        if let Some(fingerprint) = self.in_flight.get(key) {
            return Some(Known {
                fingerprint,
                complete: true,
                records: 0,
            });
        }
        let known = self.known.get(key)?;
        Some(Known {
            fingerprint: known.fingerprint,
            complete: known.complete,
            records: known.records,
        })
    }
}
