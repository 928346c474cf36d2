//! What the books say, as rows of their tables.

use gristmill_core::{BasisFile, DocumentId, Sha256};
use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::Type;

use crate::{Fingerprint, PathKey};

/// What became of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It is a line in `documents/`.
    Written = 0,
    /// It is a line in `rejects/`.
    Rejected = 1,
    /// It is a file in `quarantine/`.
    Quarantined = 2,
}

/// Which kind of lines a segment holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SegmentKind {
    /// Documents.
    Documents = 0,
    /// Rejects.
    Rejects = 1,
}

/// A document in the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentRow {
    /// The document.
    pub id: DocumentId,
    /// The file that it came from.
    pub file: PathKey,
    /// The number of its record there.
    pub record: u64,
    /// What became of it.
    pub outcome: Outcome,
    /// The segment with its line, 0 if it is in quarantine.
    pub segment: u64,
    /// The byte of the (uncompressed) segment at which its line starts.
    pub start: u64,
    /// The length of the line in bytes, with its end.
    pub length: u64,
}

/// A file in the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRow {
    /// Its key.
    pub key: PathKey,
    /// Its path as the lines write it.
    pub path: String,
    /// The version that was taken.
    pub fingerprint: Fingerprint,
    /// The records of it that are in the books.
    pub records: u64,
    /// Whether that is all of them.
    pub complete: bool,
    /// When its last record was taken.
    pub taken: Timestamp,
}

/// A segment in the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentRow {
    /// What it holds.
    pub kind: SegmentKind,
    /// Its number, from 1.
    pub number: u64,
    /// How many bytes of the file are good.
    pub length: u64,
    /// How many lines these are.
    pub lines: u64,
    /// When it was opened.
    pub opened: Timestamp,
    /// The SHA-256 of the file once it is sealed.
    pub sha256: Option<Sha256>,
}

/// What the lines that a stage had a hand in rest on, from one line on to the next such row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasisRow {
    /// The stage's name in the chain.
    pub stage: String,
    /// The segment of `documents/` with the first line that rests on it.
    pub segment: u64,
    /// The byte of the (uncompressed) segment at which that line starts.
    pub start: u64,
    /// When that line became durable.
    pub since: Timestamp,
    /// The files; none where the stage rests on no files any more.
    pub files: Vec<BasisFile>,
}

/// How many documents came to which end, ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Lines in `documents/`.
    pub written: u64,
    /// Lines in `rejects/`.
    pub rejected: u64,
    /// Entries in `quarantine/`.
    pub quarantined: u64,
}

impl Totals {
    /// All documents that are in the books.
    pub fn accepted(&self) -> u64 {
        self.written + self.rejected + self.quarantined
    }

    /// The count of one outcome.
    pub fn of(&mut self, outcome: Outcome) -> &mut u64 {
        match outcome {
            Outcome::Written => &mut self.written,
            Outcome::Rejected => &mut self.rejected,
            Outcome::Quarantined => &mut self.quarantined,
        }
    }
}

/// SQLite's integers are signed; all of ours are counts.
pub(crate) fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(|value| value as u64)
}

pub(crate) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    Timestamp::from_millisecond(row.get(column)?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, Box::new(error)))
}

pub(crate) fn outcome(row: &Row<'_>, column: usize) -> rusqlite::Result<Outcome> {
    match row.get(column)? {
        0 => Ok(Outcome::Written),
        1 => Ok(Outcome::Rejected),
        2 => Ok(Outcome::Quarantined),
        other => Err(rusqlite::Error::IntegralValueOutOfRange(column, other)),
    }
}

pub(crate) fn document(row: &Row<'_>) -> rusqlite::Result<DocumentRow> {
    Ok(DocumentRow {
        id: DocumentId::from_bytes(row.get(0)?),
        file: row.get(1)?,
        record: number(row, 2)?,
        outcome: outcome(row, 3)?,
        segment: number(row, 4)?,
        start: number(row, 5)?,
        length: number(row, 6)?,
    })
}

pub(crate) fn file(row: &Row<'_>) -> rusqlite::Result<FileRow> {
    Ok(FileRow {
        key: row.get(0)?,
        path: row.get(1)?,
        fingerprint: row.get(2)?,
        records: number(row, 3)?,
        complete: row.get(4)?,
        taken: time(row, 5)?,
    })
}

pub(crate) fn segment(row: &Row<'_>) -> rusqlite::Result<SegmentRow> {
    let kind = match row.get(0)? {
        0 => SegmentKind::Documents,
        1 => SegmentKind::Rejects,
        other => return Err(rusqlite::Error::IntegralValueOutOfRange(0, other)),
    };
    Ok(SegmentRow {
        kind,
        number: number(row, 1)?,
        length: number(row, 2)?,
        lines: number(row, 3)?,
        opened: time(row, 4)?,
        sha256: row.get::<_, Option<[u8; 32]>>(5)?.map(Sha256::from_bytes),
    })
}

pub(crate) fn basis(row: &Row<'_>) -> rusqlite::Result<BasisRow> {
    let files = serde_json::from_str(&row.get::<_, String>(4)?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(4, Type::Text, Box::new(error)))?;
    Ok(BasisRow {
        stage: row.get(0)?,
        segment: number(row, 1)?,
        start: number(row, 2)?,
        since: time(row, 3)?,
        files,
    })
}

/// The columns of a [`FileRow`].
pub(crate) const FILE: &str = "files.key, path, fingerprint, records, complete, taken";

/// Documents beside their files, each document looked at before its file.
pub(crate) const DOCUMENTS_WITH_FILES: &str = "documents CROSS JOIN files ON files.number = documents.file";

/// The columns of a [`DocumentRow`].
pub(crate) const DOCUMENT: &str = "id, files.key, record, outcome, segment, start, length";
