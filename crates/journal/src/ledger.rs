use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};

use gristmill_core::DocumentId;
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use crate::known::Noted;
use crate::names::{DOCUMENTS, FILES, name};
use crate::rows::{
    BasisRow, DOCUMENT, DOCUMENTS_WITH_FILES, DocumentRow, FILE, FileRow, Outcome, SegmentRow, Totals, basis,
    document, file, number, outcome, segment, time,
};
use crate::{JournalError, KnownFile, PathKey, schema};

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

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(crate) fn connection_mut(&mut self) -> &mut Connection {
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
        let mut select = self.connection.prepare_cached(&format!(
            "SELECT {DOCUMENT} FROM {DOCUMENTS_WITH_FILES} WHERE documents.number = ?1"
        ))?;
        let number = self.number_of_document(id)?;
        Ok(select.query_row([number], document).optional()?)
    }

    /// The file that the document called `id` came from.
    ///
    /// # Errors
    /// The books cannot be read.
    pub fn file_of(&self, id: &DocumentId) -> Result<Option<FileRow>, JournalError> {
        let mut select = self.connection.prepare_cached(&format!(
            "SELECT {FILE} FROM {DOCUMENTS_WITH_FILES} WHERE documents.number = ?1"
        ))?;
        let number = self.number_of_document(id)?;
        Ok(select.query_row([number], file).optional()?)
    }

    fn number_of_document(&self, id: &DocumentId) -> Result<Option<i64>, JournalError> {
        let id = id.as_bytes();
        let mut is_it = self
            .connection
            .prepare_cached("SELECT 1 FROM documents WHERE number = ?1 AND id = ?2")?;
        for number in DOCUMENTS.find(&self.connection, name(id))? {
            if is_it.exists(params![number, id])? {
                return Ok(Some(number));
            }
        }
        let (last, _) = DOCUMENTS.last(&self.connection)?;
        let mut later = self
            .connection
            .prepare_cached("SELECT number FROM documents WHERE number > ?1 AND id = ?2")?;
        Ok(later.query_row(params![last, id], |row| row.get(0)).optional()?)
    }

    /// The file at `key`, whose path the lines write as `path`.
    ///
    /// # Errors
    /// The books cannot be read.
    pub fn file(&self, key: &PathKey, path: &str) -> Result<Option<FileRow>, JournalError> {
        let number = self.number_of_file(key, path)?;
        let mut select = self
            .connection
            .prepare_cached(&format!("SELECT {FILE} FROM files WHERE number = ?1"))?;
        Ok(select.query_row([number], file).optional()?)
    }

    /// The documents of the file at `key`, whose path the lines write as `path`, by record.
    ///
    /// # Errors
    /// The books cannot be read.
    pub fn documents_of(&self, key: &PathKey, path: &str) -> Result<Vec<DocumentRow>, JournalError> {
        let number = self.number_of_file(key, path)?;
        let mut select = self.connection.prepare_cached(&format!(
            "SELECT {DOCUMENT} FROM {DOCUMENTS_WITH_FILES} WHERE file = ?1 ORDER BY record"
        ))?;
        let rows = select.query_map([number], document)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn number_of_file(&self, key: &PathKey, path: &str) -> Result<Option<i64>, JournalError> {
        let name = schema::name_of_path(path);
        let mut is_it = self
            .connection
            .prepare_cached("SELECT 1 FROM files WHERE number = ?1 AND key = ?2")?;
        for number in FILES.find(&self.connection, name)? {
            if is_it.exists(params![number, key])? {
                return Ok(Some(number));
            }
        }
        let (last, _) = FILES.last(&self.connection)?;
        let mut later = self
            .connection
            .prepare_cached("SELECT number FROM files WHERE number > ?1 AND name = ?2 AND key = ?3")?;
        Ok(later
            .query_row(params![last, name, key], |row| row.get(0))
            .optional()?)
    }

    /// Visits what a walk has to know of all files: the name of the path, then what the file is known by. In the order of
    /// their numbers, which come first.
    pub(crate) fn known_files(&self, visit: &mut dyn FnMut(i64, Noted)) -> Result<(), JournalError> {
        let mut select = self
            .connection
            .prepare("SELECT number, name, key, fingerprint, records, complete FROM files ORDER BY number")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let file = if row.get(5)? {
                KnownFile::Complete
            } else {
                KnownFile::Begun(number(row, 4)?)
            };
            visit(row.get(0)?, (row.get(1)?, row.get(2)?, row.get(3)?, file));
        }
        Ok(())
    }

    /// The documents that came to `outcome`, in the order in which they first came.
    pub fn documents(&self, outcome: Outcome) -> Documents<'_> {
        Documents {
            connection: &self.connection,
            outcome,
            last: 0,
            page: VecDeque::new(),
        }
    }

    /// Counts the documents anew.
    ///
    /// # Errors
    /// The books cannot be read.
    pub fn count(&self) -> Result<Totals, JournalError> {
        self.outcomes("SELECT outcome, count(*) FROM documents GROUP BY outcome")
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
        // No row is ever removed, so that the last one's number counts them.
        let mut select = self
            .connection
            .prepare("SELECT coalesce(max(number), 0) FROM files")?;
        let files = select.query_row([], |row| number(row, 0))?;
        let mut select = self.connection.prepare("SELECT taken FROM latest")?;
        let last = select.query_row([], |row| time(row, 0)).optional()?;
        Ok((files, last))
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
        self.outcomes("SELECT outcome, count FROM totals")
    }

    fn outcomes(&self, select: &str) -> Result<Totals, JournalError> {
        let mut totals = Totals::default();
        let mut select = self.connection.prepare(select)?;
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

/// The documents that came to one outcome, a page at a time, so that as many as there are take no memory.
#[derive(Debug)]
pub struct Documents<'l> {
    connection: &'l Connection,
    outcome: Outcome,
    last: i64,
    page: VecDeque<(i64, DocumentRow)>,
}

impl Documents<'_> {
    /// The next of them, which stays the next until [`advance`](Self::advance).
    ///
    /// # Errors
    /// The books cannot be read.
    pub fn peek(&mut self) -> Result<Option<&DocumentRow>, JournalError> {
        const PAGE: usize = 1000;
        if self.page.is_empty() {
            let mut select = self.connection.prepare_cached(&format!(
                "SELECT {DOCUMENT}, documents.number FROM {DOCUMENTS_WITH_FILES}
                WHERE documents.number > ?1 AND outcome = ?2 ORDER BY documents.number LIMIT {PAGE}"
            ))?;
            let rows = select.query_map(params![self.last, self.outcome as i64], |row| {
                Ok((row.get(7)?, document(row)?))
            })?;
            self.page = rows.collect::<Result<_, _>>()?;
        }
        Ok(self.page.front().map(|(_, row)| row))
    }

    /// Goes past the next of them.
    pub fn advance(&mut self) {
        if let Some((number, _)) = self.page.pop_front() {
            self.last = number;
        }
    }
}
