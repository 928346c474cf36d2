use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use gristmill_core::DocumentId;
use gristmill_disk::{ReadOnlyDisk, SharedDisk, make_folder};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use crate::ledger::Ledger;
use crate::names::{DOCUMENTS, FILES, RUN};
use crate::rows::{
    BasisRow, DOCUMENT, DOCUMENTS_WITH_FILES, DocumentRow, FileRow, SegmentRow, Totals, document,
};
use crate::stage_state::BUFFER;
use crate::{JournalError, KnownFiles, StageState, schema, write};

/// The writer's side of the books. One at a time for a state folder.
#[derive(Debug)]
pub struct Journal {
    dir: PathBuf,
    disk: SharedDisk,
    ledger: Ledger,
    known: Arc<KnownFiles>,
    totals: Totals,
    /// How many files are in the books.
    files: i64,
    /// The names and numbers of those that are in no run of [`names`](crate::names) yet.
    recent: BTreeSet<(i64, i64)>,
    /// Locked as long as it is open.
    _lock: File,
}

/// The files in the books of which a record may have the same id as one of a file that comes now: its earlier version, and
/// those of other watched folders with the same path. Good until the next commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier(pub(crate) Vec<i64>);

/// What one batch adds to the books.
#[derive(Debug, Default)]
pub struct Batch {
    /// Files of which records are in the batch, or that are complete with it, each once.
    pub files: Vec<FileRow>,
    /// What became of each document, each once; their files are among `files`.
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
        let totals = ledger.totals()?;
        let mut journal = Self {
            dir: dir.to_owned(),
            disk,
            ledger,
            known: Arc::default(),
            totals,
            files: 0,
            recent: BTreeSet::new(),
            _lock: lock,
        };
        journal.read_known_files()?;
        Ok(journal)
    }

    fn read_known_files(&mut self) -> Result<(), JournalError> {
        self.files = self.ledger.taken()?.0 as i64;
        let (last, _) = FILES.last(self.ledger.connection())?;
        let (ledger, recent) = (&self.ledger, &mut self.recent);
        let known = KnownFiles::of_history(self.files as usize, |note| {
            ledger.known_files(&mut |number, file| {
                if number > last {
                    recent.insert((file.0, number));
                }
                note(file);
            })
        })?;
        self.known = Arc::new(known);
        Ok(())
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

    /// The files of which a record may have the id of one of the file whose path the lines write as `path`.
    ///
    /// # Errors
    /// The books cannot be read.
    pub fn earlier(&self, path: &str) -> Result<Earlier, JournalError> {
        let name = schema::name_of_path(path);
        Ok(write::earlier(
            self.ledger.connection(),
            &self.known,
            &self.recent,
            name,
        )?)
    }

    /// The document called `id` in record `record` of one of these files. Costs nothing where there are none.
    ///
    /// # Errors
    /// The books cannot be read.
    pub fn document_in(
        &self,
        files: &Earlier,
        record: u64,
        id: &DocumentId,
    ) -> Result<Option<DocumentRow>, JournalError> {
        for file in &files.0 {
            let mut select = self.ledger.connection().prepare_cached(&format!(
                "SELECT {DOCUMENT} FROM {DOCUMENTS_WITH_FILES} WHERE file = ?1 AND record = ?2 AND id = ?3"
            ))?;
            let found = select
                .query_row(params![file, record as i64, id.as_bytes()], document)
                .optional()?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
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
        let (known, recent) = (&self.known, &self.recent);
        let transaction = self.ledger.connection_mut().transaction()?;
        let mut written = write::files(&transaction, known, recent, &batch.files)?;
        let last = write::documents(&transaction, &written, &batch.documents, &mut totals)?;
        write::segments(&transaction, &batch.segments)?;
        write::bases(&transaction, &batch.bases)?;
        write::totals(&transaction, totals)?;
        let sealed = FILES.seal(&transaction, self.files + written.fresh.len() as i64, RUN)?;
        if let Some(last) = last {
            DOCUMENTS.seal(&transaction, last, RUN)?;
        }
        for state in &states {
            state.write(&transaction)?;
        }
        self.disk
            .point("commit")
            .map_err(JournalError::io("commit the transaction"))?;
        transaction.commit()?;
        self.totals = totals;
        self.files += written.fresh.len() as i64;
        self.recent.append(&mut written.fresh);
        self.recent.retain(|(_, number)| *number > sealed);
        self.known.put(batch.files.iter().map(write::known));
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
