use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gristmill_core::{BasisFile, DocumentId, Sha256};
use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row};

use crate::{Fingerprint, JournalError, KnownFile, PathKey, schema};

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

/// The reader's side of the books. May be open beside the writer, and sees whole batches only.
#[derive(Debug)]
pub struct Ledger {
    connection: Connection,
}

impl Ledger {
    /// Opens the books in the state folder `dir` for reading.
    ///
    /// # Errors
    /// There are none, or they are of another format.
    pub fn open(dir: &Path) -> Result<Self, JournalError> {
        let path = dir.join(schema::FILE_NAME);
        if !path.exists() {
            return Err(JournalError::Absent { dir: dir.to_owned() });
        }
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.pragma_update(None, "busy_timeout", 10_000)?;
        schema::check(&connection, dir)?;
        Ok(Self { connection })
    }

    pub(crate) fn over(connection: Connection) -> Self {
        Self { connection }
    }

    pub(crate) fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    pub(crate) fn into_connection(self) -> Connection {
        self.connection
    }

    /// Holds the books as they are now for all that is read until `read` returns.
    ///
    /// # Errors
    /// The books cannot be read, or `read` failed.
    pub fn at_one_moment<T, E: From<JournalError>>(
        &self,
        read: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        self.connection
            .execute_batch("BEGIN")
            .map_err(JournalError::from)?;
        let result = read();
        self.connection
            .execute_batch("ROLLBACK")
            .map_err(JournalError::from)?;
        result
    }

    /// The document called `id`.
    ///
    /// # Errors
    /// The books cannot be read.
    pub fn document(&self, id: &DocumentId) -> Result<Option<DocumentRow>, JournalError> {
        let mut select = self.connection.prepare_cached(
            "SELECT id, file, record, outcome, segment, start, length FROM documents WHERE id = ?1",
        )?;
        Ok(select.query_row([id.as_bytes()], document).optional()?)
    }

    /// The file at `key`.
    ///
    /// # Errors
    /// The books cannot be read.
    pub fn file(&self, key: &PathKey) -> Result<Option<FileRow>, JournalError> {
        let mut select = self.connection.prepare_cached(
            "SELECT key, path, fingerprint, records, complete, taken FROM files WHERE key = ?1",
        )?;
        Ok(select.query_row([key], file).optional()?)
    }

    /// Visits what a walk has to know of all files.
    pub(crate) fn known_files(
        &self,
        visit: &mut dyn FnMut(PathKey, Fingerprint, KnownFile),
    ) -> Result<(), JournalError> {
        let mut select = self
            .connection
            .prepare("SELECT key, fingerprint, records, complete FROM files")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let file = if row.get(3)? {
                KnownFile::Complete
            } else {
                KnownFile::Begun(number(row, 2)?)
            };
            visit(row.get(0)?, row.get(1)?, file);
        }
        Ok(())
    }

    /// Visits all documents.
    ///
    /// # Errors
    /// The books cannot be read.
    pub fn documents(&self, visit: &mut dyn FnMut(DocumentRow)) -> Result<(), JournalError> {
        let mut select = self
            .connection
            .prepare("SELECT id, file, record, outcome, segment, start, length FROM documents")?;
        for row in select.query_map([], document)? {
            visit(row?);
        }
        Ok(())
    }

    /// The documents of the file at `key`, by record; looks at every document there is.
    ///
    /// # Errors
    /// The books cannot be read.
    pub fn documents_of(&self, key: &PathKey) -> Result<Vec<DocumentRow>, JournalError> {
        let mut select = self.connection.prepare(
            "SELECT id, file, record, outcome, segment, start, length FROM documents WHERE file = ?1 ORDER BY record",
        )?;
        let rows = select.query_map([key], document)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The documents in quarantine, by id.
    ///
    /// # Errors
    /// The books cannot be read.
    pub fn quarantined(&self) -> Result<Vec<DocumentId>, JournalError> {
        let mut select = self.connection.prepare("SELECT id FROM quarantine ORDER BY id")?;
        let rows = select.query_map([], |row| Ok(DocumentId::from_bytes(row.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// All segments, by kind and number.
    ///
    /// # Errors
    /// The books cannot be read.
    pub fn segments(&self) -> Result<Vec<SegmentRow>, JournalError> {
        let mut select = self.connection.prepare(
            "SELECT kind, number, length, lines, opened, sha256 FROM segments ORDER BY kind, number",
        )?;
        let rows = select.query_map([], segment)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What the stages rested on when, in the order of the lines.
    ///
    /// # Errors
    /// The books cannot be read.
    pub fn bases(&self) -> Result<Vec<BasisRow>, JournalError> {
        if !self.connection.table_exists(None, "bases")? {
            return Ok(Vec::new());
        }
        let mut select = self.connection.prepare(
            "SELECT stage, segment, start, since, files FROM bases ORDER BY segment, start, stage",
        )?;
        let rows = select.query_map([], basis)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What the stages rest on now: a row for each that rests on files.
    ///
    /// # Errors
    /// The books cannot be read.
    pub fn latest_bases(&self) -> Result<Vec<BasisRow>, JournalError> {
        Ok(in_force(self.bases()?))
    }

    /// What the line of `document` rests on: a row for each stage that rests on files. A document that is no line has
    /// none.
    ///
    /// # Errors
    /// The books cannot be read.
    pub fn bases_of(&self, document: &DocumentRow) -> Result<Vec<BasisRow>, JournalError> {
        if document.outcome != Outcome::Written {
            return Ok(Vec::new());
        }
        let mut bases = self.bases()?;
        bases.retain(|row| (row.segment, row.start) <= (document.segment, document.start));
        Ok(in_force(bases))
    }

    /// The files of the ordered stages, each as its path from the state folder and how many of its bytes are good.
    ///
    /// # Errors
    /// The books cannot be read.
    pub fn stage_files(&self) -> Result<Vec<(PathBuf, u64)>, JournalError> {
        let mut select = self
            .connection
            .prepare("SELECT stage, file, length FROM stage_files ORDER BY stage, file")?;
        let rows = select.query_map([], |row| {
            let path = Path::new(&row.get::<_, String>(0)?).join(row.get::<_, String>(1)?);
            Ok((path, number(row, 2)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many files were taken, and when the last of them.
    ///
    /// # Errors
    /// The books cannot be read.
    pub fn taken(&self) -> Result<(u64, Option<Timestamp>), JournalError> {
        let mut select = self
            .connection
            .prepare("SELECT count(*), coalesce(max(taken), -1) FROM files")?;
        Ok(select.query_row([], |row| {
            let count = number(row, 0)?;
            let last = (count > 0).then(|| time(row, 1)).transpose()?;
            Ok((count, last))
        })?)
    }

    /// What the database finds wrong with itself.
    ///
    /// # Errors
    /// It cannot be read at all.
    pub fn database_faults(&self) -> Result<Vec<String>, JournalError> {
        let mut select = self.connection.prepare("PRAGMA quick_check")?;
        let rows = select.query_map([], |row| row.get::<_, String>(0))?;
        let faults: Vec<_> = rows.collect::<Result<_, _>>()?;
        Ok(faults.into_iter().filter(|fault| fault != "ok").collect())
    }

    /// How many documents came to which end.
    ///
    /// # Errors
    /// The books cannot be read.
    pub fn totals(&self) -> Result<Totals, JournalError> {
        let mut totals = Totals::default();
        let mut select = self.connection.prepare("SELECT outcome, count FROM totals")?;
        for row in select.query_map([], |row| Ok((outcome(row, 0)?, number(row, 1)?)))? {
            let (outcome, count) = row?;
            *totals.of(outcome) = count;
        }
        Ok(totals)
    }
}

/// The last row of each stage, by its name, without those that rest on nothing.
fn in_force(rows: Vec<BasisRow>) -> Vec<BasisRow> {
    let last: BTreeMap<_, _> = rows.into_iter().map(|row| (row.stage.clone(), row)).collect();
    last.into_values().filter(|row| !row.files.is_empty()).collect()
}

/// SQLite's integers are signed; all of ours are counts.
fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(|value| value as u64)
}

fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    Timestamp::from_millisecond(row.get(column)?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, Box::new(error)))
}

fn outcome(row: &Row<'_>, column: usize) -> rusqlite::Result<Outcome> {
    match row.get(column)? {
        0 => Ok(Outcome::Written),
        1 => Ok(Outcome::Rejected),
        2 => Ok(Outcome::Quarantined),
        other => Err(rusqlite::Error::IntegralValueOutOfRange(column, other)),
    }
}

fn document(row: &Row<'_>) -> rusqlite::Result<DocumentRow> {
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

fn file(row: &Row<'_>) -> rusqlite::Result<FileRow> {
    Ok(FileRow {
        key: row.get(0)?,
        path: row.get(1)?,
        fingerprint: row.get(2)?,
        records: number(row, 3)?,
        complete: row.get(4)?,
        taken: time(row, 5)?,
    })
}

fn segment(row: &Row<'_>) -> rusqlite::Result<SegmentRow> {
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

fn basis(row: &Row<'_>) -> rusqlite::Result<BasisRow> {
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
