//! Documents that cost the process a thread, or itself.
//!
//! A stage that never returns cannot be stopped. On a worker that costs a thread, which is replaced. In an ordered
//! stage, or once too many workers hang, it costs the process: it has to begin anew, from the last batch. So that
//! it does not meet the same document again, the document is noted in the state folder first, durably; the next run
//! sets it aside without running it.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gristmill_core::DocumentId;
use gristmill_disk::{SharedDisk, make_folder, write_atomically};

use crate::record::Failure;

/// What to do when only a new process helps; it must not return before there is one, or this one has ended.
#[derive(Clone)]
pub struct LastResort(Arc<dyn Fn(&str) + Send + Sync>);

impl LastResort {
    /// Calls `act` with the reason, for people.
    pub fn new(act: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(act))
    }

    pub(crate) fn take(&self, why: &str) {
        (self.0)(why);
    }
}

impl fmt::Debug for LastResort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LastResort")
    }
}

/// The notes in a state folder: a file for each document, named by it, with the stage that did not return.
#[derive(Debug, Clone)]
pub(crate) struct Poison {
    dir: PathBuf,
    disk: SharedDisk,
    limit: Duration,
    known: Arc<Mutex<HashMap<DocumentId, Failure>>>,
}

impl Poison {
    /// Reads the notes in the state folder `state`.
    pub(crate) fn open(state: &Path, disk: SharedDisk, limit: Duration) -> io::Result<Self> {
        let dir = state.join("poison");
        let mut known = HashMap::new();
        for entry in std::fs::read_dir(&dir).into_iter().flatten() {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            if let Some(id) = name.and_then(|name| name.parse().ok()) {
                known.insert(id, Failure::timeout(&std::fs::read_to_string(&path)?, limit));
            }
        }
        Ok(Self {
            dir,
            disk,
            limit,
            known: Arc::new(Mutex::new(known)),
        })
    }

    /// Why `id` must not be run, where it must not.
    pub(crate) fn of(&self, id: &DocumentId) -> Option<Failure> {
        self.known().get(id).cloned()
    }

    fn known(&self) -> MutexGuard<'_, HashMap<DocumentId, Failure>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that `stage` did not return from `id`, and gives it as the reason.
    pub(crate) fn note(&self, id: &DocumentId, stage: &str) -> Failure {
        let path = self.dir.join(id.to_string());
        let noted = make_folder(&*self.disk, &self.dir)
            .and_then(|()| write_atomically(&*self.disk, &path, stage.as_bytes()));
        if let Err(error) = noted {
            tracing::error!(%id, %error, "cannot note a document that is out of time");
        }
        Failure::timeout(stage, self.limit)
    }

    /// Forgets `id`, which is in quarantine now. Not durably: a note that comes back is forgotten at the next start.
    pub(crate) fn forget(&self, id: &DocumentId) {
        self.known().remove(id);
        let path = self.dir.join(id.to_string());
        if path.exists()
            && let Err(error) = self.disk.remove(&path)
        {
            tracing::warn!(%id, %error, "cannot remove a note on a document");
        }
    }

    /// The documents that are noted.
    pub(crate) fn ids(&self) -> Vec<DocumentId> {
        self.known().keys().copied().collect()
    }
}

/// Since when a stage has been at a document, and which.
type Work = (Instant, DocumentId, Arc<str>);

/// The document that an ordered stage is at, for the one who looks whether it returns.
#[derive(Debug, Clone, Default)]
pub(crate) struct OrderedWork(Arc<Mutex<Option<Work>>>);

impl OrderedWork {
    /// Does `work` of the stage `stage` on `id`.
    pub(crate) fn at<T>(&self, id: DocumentId, stage: &Arc<str>, work: impl FnOnce() -> T) -> T {
        *self.lock() = Some((Instant::now(), id, Arc::clone(stage)));
        let done = work();
        *self.lock() = None;
        done
    }

    /// What a stage has been at for longer than `limit`.
    pub(crate) fn stuck(&self, limit: Duration) -> Option<(DocumentId, Arc<str>)> {
        self.lock()
            .as_ref()
            .filter(|(since, ..)| since.elapsed() >= limit)
            .map(|(_, id, stage)| (*id, Arc::clone(stage)))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Work>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
