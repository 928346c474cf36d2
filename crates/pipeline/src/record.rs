//! A record on its way.

use std::sync::Arc;
use std::time::Duration;

use gristmill_core::{Document, DocumentId, Rejected, Source, StageError};
use gristmill_source::FileRef;
use jiff::Timestamp;
use tokio::sync::OwnedSemaphorePermit;

/// What comes out of a source, in order: a record of a file, or the news that the file has no more.
pub(crate) struct Entry {
    pub(crate) file: Arc<FileRef>,
    pub(crate) kind: EntryKind,
    /// The entry's share of the bound on bytes in flight; given back when it is dropped.
    pub(crate) room: OwnedSemaphorePermit,
}

/// The unit in which the bound on bytes in flight is kept: a semaphore counts no more than 2^29.
pub(crate) const UNIT: usize = 1024;

impl Entry {
    /// Roughly the bytes that the entry holds, as they count against the bounds.
    pub(crate) fn weight(&self) -> u64 {
        (self.room.num_permits() * UNIT) as u64
    }

    /// Gives back what the entry does not hold any more of its share: of a page only the text is left once it is cleaned.
    pub(crate) fn give_back(&mut self) {
        if let EntryKind::Record(record) = &self.kind {
            let surplus = self.room.num_permits().saturating_sub(units(record.weight()));
            drop(self.room.split(surplus));
        }
    }
}

/// The units that `bytes` take.
pub(crate) fn units(bytes: usize) -> usize {
    bytes / UNIT + 1
}

pub(crate) enum EntryKind {
    Record(Box<Record>),
    /// The file has been read to its end; so many records were in it.
    Complete(u64),
}

/// One record and what became of it so far.
pub(crate) struct Record {
    pub(crate) number: u64,
    pub(crate) id: DocumentId,
    pub(crate) source: Source,
    /// The record's own bytes, for the quarantine.
    pub(crate) raw: Vec<u8>,
    pub(crate) added: Timestamp,
    pub(crate) fate: Fate,
}

impl Record {
    /// Roughly the bytes that the record holds while it is on its way.
    pub(crate) fn weight(&self) -> usize {
        let document = match &self.fate {
            Fate::Kept(document) => document.weight(),
            _ => 0,
        };
        self.raw.len() + document
    }
}

/// What became of a record so far.
pub(crate) enum Fate {
    /// It is on its way, or through.
    Kept(Box<Document>),
    /// A stage turned it away.
    Rejected(Box<Rejected>),
    /// It could not be read, or made a stage fail.
    Failed(Failure),
    /// The books have it already.
    Known,
}

impl Fate {
    /// Takes the document out to work on it; what is decided stays.
    pub(crate) fn take(&mut self) -> Option<Box<Document>> {
        if !matches!(self, Self::Kept(_)) {
            return None;
        }
        let lost = Self::Failed(Failure {
            stage: "pipeline".into(),
            reason: "lost".into(),
            detail: String::new(),
        });
        match std::mem::replace(self, lost) {
            Self::Kept(document) => Some(document),
            _ => None,
        }
    }
}

/// The reason of a document that a stage did not return from.
pub(crate) const TIMEOUT: &str = "timeout";

/// The reason of a document over which a process ended.
pub(crate) const CRASH: &str = "crash";

/// Why a record goes into quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) stage: String,
    pub(crate) reason: String,
    pub(crate) detail: String,
}

impl Failure {
    pub(crate) fn error(stage: &str, error: &StageError) -> Self {
        Self {
            stage: stage.to_owned(),
            reason: "error".to_owned(),
            detail: error.to_string(),
        }
    }

    pub(crate) fn timeout(stage: &str, limit: Duration) -> Self {
        Self {
            stage: stage.to_owned(),
            reason: TIMEOUT.to_owned(),
            detail: format!("not done after {limit:?}"),
        }
    }

    pub(crate) fn crash(stage: &str, how: &str) -> Self {
        Self {
            stage: stage.to_owned(),
            reason: CRASH.to_owned(),
            detail: how.to_owned(),
        }
    }

    pub(crate) fn panic(stage: &str, message: &str) -> Self {
        Self {
            stage: stage.to_owned(),
            reason: "panic".to_owned(),
            detail: message.to_owned(),
        }
    }
}
