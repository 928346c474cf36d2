//! Documents that cost the process a thread, or itself.
//!
//! A stage that never returns cannot be stopped. On a worker that costs a thread, which is replaced. In an ordered
//! stage, or once too many workers hang, it costs the process: it has to begin anew, from the last batch. So that
//! it does not meet the same document again, the document is noted in the state folder first, durably; the next run
//! sets it aside without running it.
//!
//! A stage that overflows its stack or allocates without end takes the process with it before anything can be noted.
//! What the threads were at is known to the next start all the same ([`AtWork`]), and each of these few documents is
//! tried in a process of its own ([`Probe`]) before it is let in again: if that one ends badly too, it is noted.
//! One that survives its trial is let in alone, and noted all the same once it has been at work at too many ends in a
//! row ([`ENDS`]).

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gristmill_core::DocumentId;
use gristmill_disk::{SharedDisk, make_folder, write_atomically};

use crate::at_work::{AtWork, Mark};
use crate::ends::{ENDS, Ends, Suspect};
use crate::record::Failure;
use crate::standstill::{Since, Standstill};

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

/// Tries a record, or the reading of a file, in a process of its own, where it can do no harm.
#[derive(Clone)]
pub struct Probe(Option<Arc<Try>>);

type Try = dyn Fn(&Path, Option<u64>) -> Option<String> + Send + Sync;

impl Probe {
    /// Calls `run` with the path of a file and the number of a record in it, or `None`. It gives how a process that took
    /// that record through the chain, or only read the whole file, was ended by that, and `None` where it came to its end.
    pub fn new(run: impl Fn(&Path, Option<u64>) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(run)))
    }

    /// Tries nothing: every document is let in.
    pub fn none() -> Self {
        Self(None)
    }

    pub(crate) fn run(&self, file: &Path, record: Option<u64>) -> Option<String> {
        self.0.as_ref()?(file, record)
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Probe")
    }
}

/// The notes in a state folder: a file for each document, named by it, with the stage that did not return, or on a second line
/// how it ended.
#[derive(Debug, Clone)]
pub(crate) struct Poison {
    dir: PathBuf,
    disk: SharedDisk,
    limit: Duration,
    known: Arc<Mutex<HashMap<DocumentId, Failure>>>,
    suspects: Arc<Mutex<HashMap<DocumentId, Suspect>>>,
    ends: Arc<Ends>,
    at_work: AtWork,
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
                let note = std::fs::read_to_string(&path)?;
                let failure = match note.split_once('\n') {
                    Some((stage, how)) => Failure::crash(stage, how),
                    None => Failure::timeout(&note, limit),
                };
                known.insert(id, failure);
            }
        }
        let (at_work, at_the_end) = AtWork::open(state)?;
        let ends = Ends::open(state, Arc::clone(&disk), at_the_end)?;
        Ok(Self {
            dir,
            disk,
            limit,
            known: Arc::new(Mutex::new(known)),
            suspects: Arc::new(Mutex::new(ends.suspects())),
            ends: Arc::new(ends),
            at_work,
        })
    }

    /// Why `id` must not be run, where it must not.
    pub(crate) fn of(&self, id: &DocumentId) -> Option<Failure> {
        self.known().get(id).cloned()
    }

    fn known(&self) -> MutexGuard<'_, HashMap<DocumentId, Failure>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of `id` where a process ended before its time with it at work, and it is not through since; asked
    /// once.
    pub(crate) fn suspected(&self, id: &DocumentId) -> Option<Suspect> {
        let mut suspects = self.suspects.lock().unwrap_or_else(PoisonError::into_inner);
        suspects.remove(id)
    }

    /// Where one more thread says what it is at.
    pub(crate) fn mark(&self) -> Mark {
        self.at_work.mark()
    }

    /// Notes that `stage` did not return from `id`, and gives it as the reason.
    pub(crate) fn note(&self, id: &DocumentId, stage: &str) -> Failure {
        self.write(id, stage);
        Failure::timeout(stage, self.limit)
    }

    /// Notes that `stage` ended its process over `id`, and `how`, and gives it as the reason.
    pub(crate) fn note_crash(&self, id: &DocumentId, stage: &str, how: &str) -> Failure {
        self.write(id, &format!("{stage}\n{how}"));
        Failure::crash(stage, how)
    }

    fn write(&self, id: &DocumentId, note: &str) {
        let path = self.dir.join(id.to_string());
        let noted = make_folder(&*self.disk, &self.dir)
            .and_then(|()| write_atomically(&*self.disk, &path, note.as_bytes()));
        if let Err(error) = noted {
            tracing::error!(%id, %error, "cannot note a document that must not be run again");
        }
    }

    /// Takes all suspicion from `ids`, which are through.
    pub(crate) fn clear(&self, ids: impl Iterator<Item = DocumentId>) {
        self.ends.forget(ids);
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

impl Suspect {
    /// How it ends its process: as its trial with `probe` shows, or as must be concluded where that shows nothing.
    pub(crate) fn guilt(&self, probe: impl FnOnce() -> Option<String>) -> Option<String> {
        if self.ends < ENDS {
            return probe();
        }
        let ends = self.ends;
        Some(format!(
            "the process ended {ends} times in a row with it at work; trying it in a process of its own showed nothing"
        ))
    }
}

/// Since when a stage has been at a document, and which.
type Work = (Since, DocumentId, Arc<str>);

/// The document that an ordered stage is at, for the one who looks whether it returns.
#[derive(Debug, Clone)]
pub(crate) struct OrderedWork {
    at: Arc<Mutex<Option<Work>>>,
    mark: Arc<Mark>,
    standstill: Standstill,
}

impl OrderedWork {
    /// Nothing is at work yet; what is to come also stands at `mark`.
    pub(crate) fn new(mark: Mark) -> Self {
        Self {
            at: Arc::default(),
            mark: Arc::new(mark),
            standstill: Standstill::default(),
        }
    }

    /// What time is not to be counted.
    pub(crate) fn standstill(&self) -> &Standstill {
        &self.standstill
    }

    /// Does `work` of the stage `stage` on `id`.
    pub(crate) fn at<T>(&self, id: DocumentId, stage: &Arc<str>, work: impl FnOnce() -> T) -> T {
        *self.lock() = Some((self.standstill.now(), id, Arc::clone(stage)));
        self.mark.set(&id, stage);
        let done = work();
        self.mark.clear();
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
        self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
