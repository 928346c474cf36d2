//! What reading yields.

use std::fmt;

use gristmill_core::{Document, DocumentId, Source};
use jiff::Timestamp;

/// What reading a file yields, in order.
#[derive(Debug)]
pub enum Item {
    /// A record, good or not.
    Record(Box<Record>),
    /// The file was read to its end.
    Complete {
        /// The number of records in it.
        records: u64,
    },
}

/// One record of a file: each becomes a document, a reject or an entry in quarantine.
#[derive(Debug)]
pub struct Record {
    /// The number of the record in its file, from 0; in an archive it counts through all members.
    pub number: u64,
    /// The name of the document that it is, or would have been.
    pub id: DocumentId,
    /// Where it came from.
    pub source: Source,
    /// Its own bytes, for the quarantine; of a record over `max_document` only the beginning.
    pub raw: Vec<u8>,
    /// When it was read.
    pub added: Timestamp,
    /// What it is.
    pub content: Content,
}

/// What a record turned out to be.
#[derive(Debug)]
pub enum Content {
    /// A document for the chain.
    Document(Box<Document>),
    /// Nothing: no bytes, or no text among them. To be rejected as `empty`.
    Empty,
    /// Something that cannot be read. To be put in quarantine.
    Fault(Fault),
}

/// Why a record cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The reason for programs.
    pub reason: FaultReason,
    /// The reason for people.
    pub detail: String,
}

impl Fault {
    pub(crate) fn new(reason: FaultReason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
        }
    }
}

/// The reason of a [`Fault`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultReason {
    /// It is of a kind that no reader reads.
    Unsupported,
    /// It claims to be of a kind that is read, and its bytes do not make sense as that.
    Undecodable,
    /// The machine does not let it be read.
    Unreadable,
    /// It ends before its end.
    Truncated,
    /// A record in a file of records is not well-formed.
    BadRecord,
    /// It is longer than a document may be, or unpacks to far more than an honest file does.
    TooLarge,
    /// It made a reader panic.
    Panic,
    /// It ended the process that read it.
    Crash,
}

impl FaultReason {
    /// The word that programs group by.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unsupported => "unsupported",
            Self::Undecodable => "undecodable",
            Self::Unreadable => "unreadable",
            Self::Truncated => "truncated",
            Self::BadRecord => "bad_record",
            Self::TooLarge => "too_large",
            Self::Panic => "panic",
            Self::Crash => "crash",
        }
    }
}

impl fmt::Display for FaultReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
