//! From files to entries: reads one file after the other and waits where the pipeline is full.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use futures::executor::block_on;
use gristmill_core::{DocumentId, Rejected, SCHEMA};
use gristmill_source::{Content, Fault, FaultReason, FileRef, Inbox, Item, Known, Outcome, Watcher};
use jiff::Timestamp;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::StopFlag;
use crate::after::{AfterCommit, WhenDone};
use crate::at_work::Mark;
use crate::books::{InFlight, JournalBooks};
use crate::counters::Counters;
use crate::poison::{Poison, Probe};
use crate::record::{Entry, EntryKind, Failure, Fate, Record, UNIT, units};

/// Reads files into the pipeline.
pub(crate) struct Intake {
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) books: Arc<JournalBooks>,
    pub(crate) in_flight: Arc<InFlight>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) poison: Poison,
    pub(crate) probe: Probe,
    /// Names the file that a reader is at, in case it ends the process.
    pub(crate) reading: Mark,
    pub(crate) output: mpsc::Sender<Entry>,
    pub(crate) room: Arc<Semaphore>,
    /// All units of `room`.
    pub(crate) units: u32,
    pub(crate) stop: StopFlag,
    /// The arrival time of all documents of a `run --once`, so that such runs repeat.
    pub(crate) moment: Option<Timestamp>,
}

impl Intake {
    /// The number of units for a bound of `bytes`.
    pub(crate) fn units(bytes: u64) -> u32 {
        u32::try_from(bytes / UNIT as u64)
            .unwrap_or(u32::MAX)
            .clamp(1, (Semaphore::MAX_PERMITS >> 3) as u32)
    }

    /// Reads all files that are there now.
    ///
    /// # Errors
    /// A watched folder cannot be listed, or the machine had no room to read a file.
    pub(crate) fn once(&self) -> io::Result<()> {
        if self.go_on()?.is_break() {
            return Ok(());
        }
        let mut failed = None;
        self.inbox
            .scan(&*self.books, &mut |file| match self.take(&file) {
                Ok(step) => step,
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            })?;
        failed.map_or(Ok(()), Err)
    }

    /// Reads what comes until `watcher` is stopped.
    ///
    /// # Errors
    /// The machine had no room to read the file that the last run was reading.
    pub(crate) fn watch(&self, watcher: Watcher) -> io::Result<()> {
        if self.go_on()?.is_break() {
            return Ok(());
        }
        watcher.run(&*self.books, &mut |file| {
            // The next walk comes back to a file that could not be read now.
            self.take(&file).unwrap_or_else(|error| {
                tracing::warn!(path = file.source_path(), %error, "not read now");
                ControlFlow::Continue(())
            })
        });
        Ok(())
    }

    /// Goes on with the file that the last run was reading when it ended, before any other: so its records stand
    /// together, as if nothing had been.
    fn go_on(&self) -> io::Result<ControlFlow<()>> {
        let mut step = Ok(ControlFlow::Continue(()));
        if self.books.known.any_incomplete() {
            self.inbox.recorded(&*self.books, &mut |file, known| {
                if known != Known::Complete {
                    step = self.take(&file);
                }
                match step {
                    Ok(step) => step,
                    Err(_) => ControlFlow::Break(()),
                }
            });
        }
        step
    }

    /// Puts away the files that were finished when the last run ended before it could do so.
    pub(crate) fn put_away(&self, after: &AfterCommit) {
        if after.when_done == WhenDone::Keep {
            return;
        }
        self.inbox.recorded(&*self.books, &mut |file, known| {
            if known == Known::Complete {
                after.act(&file);
            }
            ControlFlow::Continue(())
        });
    }

    /// Reads one file into the pipeline; breaks off when the pipeline takes no more.
    fn take(&self, file: &FileRef) -> io::Result<ControlFlow<()>> {
        if self.stop.is_set() {
            return Ok(ControlFlow::Break(()));
        }
        if !self.in_flight.enter(file) {
            return Ok(ControlFlow::Continue(()));
        }
        let file = Arc::new(file.clone());
        let resume = self.books.resume(&file.key(), &file.fingerprint().to_bytes());
        let emit = &mut |item| self.emit(&file, item);
        let outcome = match self.must_not_read(&file) {
            Some(fault) => self.inbox.set_aside(&file, resume, fault, emit),
            None => {
                self.reading.set(&named(&file), SOURCE);
                self.inbox.read(&file, resume, emit)
            }
        };
        self.reading.clear();
        match outcome {
            Outcome::Complete => Ok(ControlFlow::Continue(())),
            Outcome::Changed => {
                // The watcher's next look takes what has become of it.
                self.in_flight.leave(&file);
                Ok(ControlFlow::Continue(()))
            }
            Outcome::Exhausted(errno) => {
                self.in_flight.leave(&file);
                Err(io::Error::from_raw_os_error(errno))
            }
            Outcome::Stopped => Ok(ControlFlow::Break(())),
        }
    }

    fn emit(&self, file: &Arc<FileRef>, item: Item) -> ControlFlow<()> {
        if self.stop.is_set() {
            // The next run goes on within the file.
            return ControlFlow::Break(());
        }
        let (kind, alone) = match item {
            Item::Complete { records } => (EntryKind::Complete(records), false),
            Item::Record(record) => {
                let (record, alone) = self.begin(file, *record);
                (EntryKind::Record(Box::new(record)), alone)
            }
        };
        let weight = match &kind {
            EntryKind::Record(_) if alone => usize::MAX,
            EntryKind::Record(record) => record.weight(),
            EntryKind::Complete(_) => 0,
        };
        let is_record = matches!(kind, EntryKind::Record(_));
        let Some(room) = self.room(file, weight) else {
            return ControlFlow::Break(());
        };
        if is_record {
            self.counters.accept();
        }
        let entry = Entry {
            file: Arc::clone(file),
            kind,
            room,
        };
        let sent = match self.output.try_send(entry) {
            Ok(()) => true,
            Err(TrySendError::Full(entry)) => self.waiting(file, || self.output.blocking_send(entry)).is_ok(),
            Err(TrySendError::Closed(_)) => false,
        };
        if sent {
            if alone {
                self.waiting(file, || self.idle());
            }
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }

    /// Waits with `wait`, in which nobody is at `file`: a process that ends meanwhile, as most do that are ended from
    /// outside, throws no suspicion on it.
    fn waiting<T>(&self, file: &FileRef, wait: impl FnOnce() -> T) -> T {
        self.reading.clear();
        let waited = wait();
        self.reading.set(&named(file), SOURCE);
        waited
    }

    /// Waits until nothing is on its way.
    fn idle(&self) {
        drop(block_on(Arc::clone(&self.room).acquire_many_owned(self.units)));
    }

    /// A record as the source read it, at the beginning of its way, and whether it has to go that alone.
    fn begin(&self, file: &FileRef, record: gristmill_source::Record) -> (Record, bool) {
        let gristmill_source::Record {
            number,
            id,
            source,
            raw,
            added,
            content,
        } = record;
        let added = self.moment.unwrap_or(added);
        let mut alone = false;
        let fate = match content {
            Content::Document(mut document) => match self.admit(file, number, &id) {
                Admission::Barred(failure) => Fate::Failed(failure),
                admission => {
                    alone = matches!(admission, Admission::Alone);
                    document.added = added;
                    Fate::Kept(document)
                }
            },
            Content::Empty => Fate::Rejected(Box::new(Rejected {
                id,
                source: source.clone(),
                stage: SOURCE.into(),
                reason: "empty".into(),
                detail: None,
                of: None,
                added,
                schema: SCHEMA,
            })),
            Content::Fault(fault) => Fate::Failed(Failure {
                stage: SOURCE.to_owned(),
                reason: fault.reason.to_string(),
                detail: fault.detail,
            }),
        };
        let record = Record {
            number,
            id,
            source,
            raw,
            added,
            fate,
        };
        (record, alone)
    }

    /// Whether a document may be run: not where it is noted, nor where processes ended over it and so does another one
    /// that is made for it, or too many did. One that survives its trial goes alone: what ends then, ends over it.
    fn admit(&self, file: &FileRef, number: u64, id: &DocumentId) -> Admission {
        if let Some(failure) = self.poison.of(id) {
            return Admission::Barred(failure);
        }
        let Some(suspect) = self.poison.suspected(id) else {
            return Admission::Free;
        };
        let probe = || self.waiting(file, || self.probe.run(file.absolute(), Some(number)));
        let Some(how) = suspect.guilt(probe) else {
            return Admission::Alone;
        };
        let stage = &suspect.stage;
        tracing::error!(%id, stage, how, "a document ends the process; it is set aside");
        Admission::Barred(self.poison.note_crash(id, stage, &how))
    }

    /// Why `file` must not be read, where it must not: processes ended while it was read, and so does another one that is
    /// made for it, or too many did. No note is needed: whatever ends this process too, the file is met and tried again.
    fn must_not_read(&self, file: &FileRef) -> Option<Fault> {
        let suspect = self.poison.suspected(&named(file))?;
        let Some(how) = suspect.guilt(|| self.probe.run(file.absolute(), None)) else {
            self.idle();
            return None;
        };
        tracing::error!(
            path = file.source_path(),
            how,
            "reading a file ends the process; it is set aside"
        );
        Some(Fault {
            reason: FaultReason::Crash,
            detail: how,
        })
    }

    /// Waits for room. A document larger than the whole bound goes alone.
    fn room(&self, file: &FileRef, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let units = u32::try_from(units(bytes)).unwrap_or(u32::MAX).min(self.units);
        let room = || Arc::clone(&self.room);
        room()
            .try_acquire_many_owned(units)
            .or_else(|_| self.waiting(file, || block_on(room().acquire_many_owned(units))))
            .ok()
    }
}

/// Whether a document is let in.
enum Admission {
    Free,
    /// While nothing else is on its way.
    Alone,
    Barred(Failure),
}

/// What stands for the readers where a stage would.
const SOURCE: &str = "source";

/// The name of a file among documents at work.
pub(crate) fn named(file: &FileRef) -> DocumentId {
    DocumentId::from_bytes(file.key())
}
