use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use gristmill_disk::{ReadOnlyDisk, SharedDisk, make_folder};
use rusqlite::{Connection, OpenFlags, Transaction, params};

use crate::ledger::{BasisRow, DocumentRow, FileRow, Ledger, Outcome, SegmentRow, Totals};
use crate::stage_state::BUFFER;
use crate::{Fingerprint, JournalError, KnownFile, KnownFiles, PathKey, StageState, schema};

/// The writer's side of the books. One at a time for a state folder.
#[derive(Debug)]
pub struct Journal {
    dir: PathBuf,
    disk: SharedDisk,
    ledger: Ledger,
    known: Arc<KnownFiles>,
    totals: Totals,
    /// Locked as long as it is open.
    _lock: File,
}

/// What one batch adds to the books.
#[derive(Debug, Default)]
pub struct Batch {
    /// Files of which records are in the batch, or that are complete with it.
    pub files: Vec<FileRow>,
    /// What became of each document.
    pub documents: Vec<DocumentRow>,
    /// How far the segments are good now.
    pub segments: Vec<SegmentRow>,
    /// What the stages rest on from this batch on, where it is not what the books say.
    pub bases: Vec<BasisRow>,
}

impl Journal {
    /// Opens the books in the state folder `dir`, which is made if there is none.
    ///
    /// # Errors
    /// Another daemon has them open, they are of another format, or the machine fails.
    pub fn open(dir: &Path, disk: SharedDisk) -> Result<Self, JournalError> {
        make_folder(&*disk, dir).map_err(JournalError::io(format!("make {}", dir.display())))?;
        let lock = lock(dir)?;
        let mut connection = Connection::open(dir.join(schema::FILE_NAME))?;
        schema::prepare(&connection)?;
        schema::create(&mut connection, dir)?;
        let ledger = Ledger::over(connection);
        let known = Arc::new(KnownFiles::default());
        known.reserve(ledger.taken()?.0 as usize);
        ledger.known_files(&mut |key, fingerprint, file| known.put([(key, fingerprint, file)]))?;
        let totals = ledger.totals()?;
        Ok(Self {
            dir: dir.to_owned(),
            disk,
            ledger,
            known,
            totals,
            _lock: lock,
        })
    }

    /// The files that were ever taken.
    pub fn known_files(&self) -> Arc<KnownFiles> {
        Arc::clone(&self.known)
    }

    /// The books for reading.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// How many documents came to which end.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// The state of the ordered stage called `stage`, which is unique in the chain. Must not be opened twice.
    ///
    /// # Errors
    /// The state's files are not as the books say, or the machine fails.
    pub fn stage_state(&self, stage: &str) -> Result<StageState, JournalError> {
        let dir = self.dir.join(stage);
        let state = StageState::open(stage, dir, Arc::clone(&self.disk), reader(&self.dir)?, BUFFER)?;
        state.clear_strays()?;
        Ok(state)
    }

    /// The state of `stage` as it is at this moment in the books in `dir`, for somebody who looks on beside the
    /// daemon. What is written to it stays in memory.
    ///
    /// # Errors
    /// There are no books, or they cannot be read.
    pub fn peek_stage_state(dir: &Path, stage: &str) -> Result<StageState, JournalError> {
        /// A merge may remove a file between its mention in the books and our opening it.
        const ATTEMPTS: usize = 5;
        let disk: SharedDisk = Arc::new(ReadOnlyDisk);
        let mut attempt = 0;
        loop {
            attempt += 1;
            let reader = reader(dir)?;
            // Begun and never ended, so that keys and files are of one moment.
            reader.execute_batch("BEGIN")?;
            match StageState::open(stage, dir.join(stage), Arc::clone(&disk), reader, usize::MAX) {
                Err(JournalError::Damaged(_)) if attempt < ATTEMPTS => {}
                opened => return opened,
            }
        }
    }

    /// Makes `batch` durable together with what the ordered stages learned. The segments' files must be synced
    /// before.
    ///
    /// # Errors
    /// Nothing of the batch is in the books then, and the same commit may be tried again.
    pub fn commit<'s>(
        &mut self,
        batch: &Batch,
        states: impl IntoIterator<Item = &'s mut StageState>,
    ) -> Result<(), JournalError> {
        let mut states: Vec<_> = states.into_iter().collect();
        for state in &mut states {
            state.sync()?;
        }
        let mut totals = self.totals;
        self.disk
            .point("begin")
            .map_err(JournalError::io("begin the transaction"))?;
        let transaction = self.ledger.connection().transaction()?;
        write_files(&transaction, &batch.files)?;
        write_documents(&transaction, &batch.documents, &mut totals)?;
        write_segments(&transaction, &batch.segments)?;
        write_bases(&transaction, &batch.bases)?;
        write_totals(&transaction, totals)?;
        for state in &states {
            state.write(&transaction)?;
        }
        self.disk
            .point("commit")
            .map_err(JournalError::io("commit the transaction"))?;
        transaction.commit()?;
        self.totals = totals;
        self.known.put(batch.files.iter().map(entry));
        for state in states {
            state.committed();
        }
        // The batch stands, so nothing can fail any more.
        let _ = self.disk.point("committed");
        Ok(())
    }

    /// Whether a daemon has the books in `dir` open.
    pub fn is_in_use(dir: &Path) -> bool {
        File::open(dir.join(LOCK))
            .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// Closes the books, folding the database's log into it.
    ///
    /// # Errors
    /// The database cannot be closed.
    pub fn close(self) -> Result<(), JournalError> {
        let connection = self.ledger.into_connection();
        // The stages' states may still be open to read, which keeps a mere `close` from doing it.
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        connection.close().map_err(|(_, error)| error.into())
    }
}

const LOCK: &str = "lock";

fn lock(dir: &Path) -> Result<File, JournalError> {
    /// Who only asks whether the lock is taken holds it for an instant.
    const ATTEMPTS: usize = 5;
    let path = dir.join(LOCK);
    let what = format!("lock {}", path.display());
    let file = match File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
    {
        Ok(file) => file,
        Err(source) => return Err(JournalError::Io { what, source }),
    };
    for _ in 0..ATTEMPTS {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(20)),
            Err(TryLockError::Error(source)) => return Err(JournalError::Io { what, source }),
        }
    }
    Err(JournalError::Locked { dir: dir.to_owned() })
}

fn reader(dir: &Path) -> Result<Connection, JournalError> {
    let path = dir.join(schema::FILE_NAME);
    let reader = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    reader.pragma_update(None, "busy_timeout", 10_000)?;
    Ok(reader)
}

fn entry(row: &FileRow) -> (PathKey, Fingerprint, KnownFile) {
    let file = if row.complete {
        KnownFile::Complete
    } else {
        KnownFile::Begun(row.records)
    };
    (row.key, row.fingerprint, file)
}

fn write_files(transaction: &Transaction<'_>, files: &[FileRow]) -> rusqlite::Result<()> {
    let mut put = transaction.prepare_cached(
        "INSERT OR REPLACE INTO files (key, path, fingerprint, records, complete, taken) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for file in files {
        let taken = file.taken.as_millisecond();
        put.execute(params![
            file.key,
            file.path,
            file.fingerprint,
            file.records as i64,
            file.complete,
            taken
        ])?;
    }
    Ok(())
}

/// A document that is in the books already can only be one that was in quarantine and comes again.
fn write_documents(
    transaction: &Transaction<'_>,
    documents: &[DocumentRow],
    totals: &mut Totals,
) -> rusqlite::Result<()> {
    let mut leave = transaction.prepare_cached("DELETE FROM quarantine WHERE id = ?1")?;
    let mut enter = transaction.prepare_cached("INSERT INTO quarantine (id) VALUES (?1)")?;
    let mut put = transaction.prepare_cached(
        "INSERT OR REPLACE INTO documents (id, file, record, outcome, segment, start, length) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for row in documents {
        let id = row.id.as_bytes();
        if leave.execute([id])? > 0 {
            totals.quarantined -= 1;
        }
        if row.outcome == Outcome::Quarantined {
            enter.execute([id])?;
        }
        *totals.of(row.outcome) += 1;
        put.execute(params![
            id,
            row.file,
            row.record as i64,
            row.outcome as i64,
            row.segment as i64,
            row.start as i64,
            row.length as i64
        ])?;
    }
    Ok(())
}

fn write_segments(transaction: &Transaction<'_>, segments: &[SegmentRow]) -> rusqlite::Result<()> {
    let mut put = transaction.prepare_cached(
        "INSERT OR REPLACE INTO segments (kind, number, length, lines, opened, sha256) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for row in segments {
        put.execute(params![
            row.kind as i64,
            row.number as i64,
            row.length as i64,
            row.lines as i64,
            row.opened.as_millisecond(),
            row.sha256.as_ref().map(|hash| hash.as_bytes().as_slice())
        ])?;
    }
    Ok(())
}

fn write_bases(transaction: &Transaction<'_>, bases: &[BasisRow]) -> Result<(), JournalError> {
    let mut put = transaction.prepare_cached(
        "INSERT OR REPLACE INTO bases (stage, segment, start, since, files) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for row in bases {
        put.execute(params![
            row.stage,
            row.segment as i64,
            row.start as i64,
            row.since.as_millisecond(),
            serde_json::Value::from_iter(row.files.iter().map(|file| serde_json::json!(file))).to_string()
        ])?;
    }
    Ok(())
}

fn write_totals(transaction: &Transaction<'_>, mut totals: Totals) -> rusqlite::Result<()> {
    let mut put = transaction.prepare_cached("UPDATE totals SET count = ?2 WHERE outcome = ?1")?;
    for outcome in [Outcome::Written, Outcome::Rejected, Outcome::Quarantined] {
        put.execute(params![outcome as i64, *totals.of(outcome) as i64])?;
    }
    Ok(())
}
