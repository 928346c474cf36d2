use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::ops::{Bound, ControlFlow};
use std::path::PathBuf;

use gristmill_core::{State, StateError, Visit};
use gristmill_disk::{DiskFile, SharedDisk, make_folder};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::JournalError;

/// Appended bytes are kept in memory up to this, so that a document costs no call to the system.
pub(crate) const BUFFER: usize = 1 << 20;

/// The state of one ordered stage: keys in the journal's database, files in a folder of its own.
///
/// What the stage writes is seen by the stage at once, becomes durable with the batch, and is gone if the
/// process ends before. [`mark`](Self::mark) and [`undo`](Self::undo) take back what one document did.
#[derive(Debug)]
pub struct StageState {
    stage: String,
    dir: PathBuf,
    disk: SharedDisk,
    reader: Connection,
    files: BTreeMap<String, LogFile>,
    /// Files removed since the last commit.
    removed: BTreeMap<String, LogFile>,
    /// Keys written since the last commit; `None` stands for deleted.
    keys: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    undo: Vec<Undo>,
    /// Whether the folder got a new name since it was last synced.
    names_changed: bool,
    /// A buffer of so many bytes goes to its file.
    spill: usize,
}

/// An append-only file: `good` bytes are durable and in the books, then `written` bytes that are only on the
/// file, then the buffer.
#[derive(Debug)]
struct LogFile {
    file: Box<dyn DiskFile>,
    good: u64,
    written: u64,
    buffer: Vec<u8>,
}

#[derive(Debug)]
enum Undo {
    Key(Vec<u8>, Option<Option<Vec<u8>>>),
    Append(String, u64),
    Create(String),
    Remove(String),
}

impl LogFile {
    fn len(&self) -> u64 {
        self.good + self.written + self.buffer.len() as u64
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.buffer.is_empty() {
            self.file.write_all_at(&self.buffer, self.good + self.written)?;
            self.written += self.buffer.len() as u64;
            // A stage may have a hundred files that it has done writing: none keeps its room.
            self.buffer = Vec::new();
        }
        Ok(())
    }

    fn shorten(&mut self, len: u64) {
        let on_file = self.good + self.written;
        if len >= on_file {
            self.buffer.truncate((len - on_file) as usize);
        } else {
            self.buffer.clear();
            self.written = len - self.good;
        }
    }

    fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let on_file = self.good + self.written;
        let split =
            usize::try_from(on_file.saturating_sub(offset)).map_or(buffer.len(), |n| n.min(buffer.len()));
        let (stored, fresh) = buffer.split_at_mut(split);
        if !stored.is_empty() {
            self.file.read_exact_at(stored, offset)?;
        }
        if !fresh.is_empty() {
            let start = (offset.max(on_file) - on_file) as usize;
            let part = self.buffer.get(start..).and_then(|rest| rest.get(..fresh.len()));
            fresh.copy_from_slice(part.ok_or(io::ErrorKind::UnexpectedEof)?);
        }
        Ok(())
    }
}

impl StageState {
    /// Opens the state of `stage`, whose files lie in `dir`. `reader` is a connection of its own.
    pub(crate) fn open(
        stage: &str,
        dir: PathBuf,
        disk: SharedDisk,
        reader: Connection,
        spill: usize,
    ) -> Result<Self, JournalError> {
        let mut lengths = Vec::new();
        {
            let mut rows = reader.prepare("SELECT file, length FROM stage_files WHERE stage = ?1")?;
            for row in rows.query_map([stage], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
            })? {
                lengths.push(row?);
            }
        }
        let mut files = BTreeMap::new();
        for (name, good) in lengths {
            let path = dir.join(&name);
            let good = good as u64;
            let found = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
            if found < good {
                let message = format!(
                    "{} has {found} bytes where the journal counts {good}",
                    path.display()
                );
                return Err(JournalError::Damaged(message));
            }
            let file = disk
                .open(&path)
                .map_err(JournalError::io(format!("open {}", path.display())))?;
            files.insert(
                name,
                LogFile {
                    file,
                    good,
                    written: 0,
                    buffer: Vec::new(),
                },
            );
        }
        Ok(Self {
            stage: stage.to_owned(),
            dir,
            disk,
            reader,
            files,
            removed: BTreeMap::new(),
            keys: BTreeMap::new(),
            undo: Vec::new(),
            names_changed: false,
            spill,
        })
    }

    /// Removes files that are not in the books; what is past the good length of the others is written over in
    /// time.
    pub(crate) fn clear_strays(&self) -> Result<(), JournalError> {
        let Ok(entries) = std::fs::read_dir(&self.dir) else {
            return Ok(());
        };
        for entry in entries.flatten() {
            let known = entry
                .file_name()
                .to_str()
                .is_some_and(|name| self.files.contains_key(name));
            if !known {
                let what = format!("remove {}", entry.path().display());
                self.disk.remove(&entry.path()).map_err(JournalError::io(what))?;
            }
        }
        Ok(())
    }

    /// The name of the stage whose state this is.
    pub fn stage(&self) -> &str {
        &self.stage
    }

    /// Begins a new document: [`undo`](Self::undo) comes back to here.
    pub fn mark(&mut self) {
        self.undo.clear();
    }

    /// Takes back everything since the last [`mark`](Self::mark).
    pub fn undo(&mut self) {
        while let Some(change) = self.undo.pop() {
            match change {
                Undo::Key(key, Some(old)) => drop(self.keys.insert(key, old)),
                Undo::Key(key, None) => drop(self.keys.remove(&key)),
                Undo::Append(name, len) => {
                    if let Some(file) = self.files.get_mut(&name) {
                        file.shorten(len);
                    }
                }
                // The empty file itself is a stray of no consequence.
                Undo::Create(name) => drop(self.files.remove(&name)),
                Undo::Remove(name) => {
                    if let Some(file) = self.removed.remove(&name) {
                        self.files.insert(name, file);
                    }
                }
            }
        }
    }

    /// Writes and syncs the files, so that the transaction may say how long they are.
    pub(crate) fn sync(&mut self) -> Result<(), JournalError> {
        for (name, file) in &mut self.files {
            if file.len() > file.good {
                file.flush()
                    .and_then(|()| file.file.sync())
                    .map_err(JournalError::io(format!(
                        "write {}",
                        self.dir.join(name).display()
                    )))?;
            }
        }
        if self.names_changed {
            let what = format!("sync {}", self.dir.display());
            self.disk.sync_dir(&self.dir).map_err(JournalError::io(what))?;
            self.names_changed = false;
        }
        Ok(())
    }

    /// Puts keys and lengths into the transaction.
    pub(crate) fn write(&self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let mut put = transaction
            .prepare_cached("INSERT OR REPLACE INTO stage_keys (stage, key, value) VALUES (?1, ?2, ?3)")?;
        let mut delete =
            transaction.prepare_cached("DELETE FROM stage_keys WHERE stage = ?1 AND key = ?2")?;
        for (key, value) in &self.keys {
            match value {
                Some(value) => put.execute(params![self.stage, key, value])?,
                None => delete.execute(params![self.stage, key])?,
            };
        }
        let mut length = transaction
            .prepare_cached("INSERT OR REPLACE INTO stage_files (stage, file, length) VALUES (?1, ?2, ?3)")?;
        for (name, file) in &self.files {
            if file.len() > file.good || file.good == 0 {
                length.execute(params![self.stage, name, file.len() as i64])?;
            }
        }
        let mut forget =
            transaction.prepare_cached("DELETE FROM stage_files WHERE stage = ?1 AND file = ?2")?;
        for name in self.removed.keys() {
            forget.execute(params![self.stage, name])?;
        }
        Ok(())
    }

    /// Tells the state that the transaction stands.
    pub(crate) fn committed(&mut self) {
        for file in self.files.values_mut() {
            file.good += file.written;
            file.written = 0;
        }
        self.keys.clear();
        self.undo.clear();
        for name in std::mem::take(&mut self.removed).into_keys() {
            let path = self.dir.join(name);
            if let Err(error) = self.disk.remove(&path) {
                // Nothing depends on it: the next start removes what is not in the books.
                tracing::warn!(path = %path.display(), %error, "cannot remove an outdated state file");
            }
        }
    }
}

fn database(error: rusqlite::Error) -> StateError {
    StateError::Io {
        what: "database".to_owned(),
        source: io::Error::other(error),
    }
}

impl State for StageState {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        if let Some(value) = self.keys.get(key) {
            return Ok(value.clone());
        }
        self.reader
            .prepare_cached("SELECT value FROM stage_keys WHERE stage = ?1 AND key = ?2")
            .and_then(|mut select| {
                select
                    .query_row(params![self.stage, key], |row| row.get(0))
                    .optional()
            })
            .map_err(database)
    }

    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StateError> {
        let old = self.keys.insert(key.to_owned(), Some(value.to_owned()));
        self.undo.push(Undo::Key(key.to_owned(), old));
        Ok(())
    }

    fn delete(&mut self, key: &[u8]) -> Result<(), StateError> {
        let old = self.keys.insert(key.to_owned(), None);
        self.undo.push(Undo::Key(key.to_owned(), old));
        Ok(())
    }

    fn range(&self, from: &[u8], to: &[u8], visit: &mut Visit<'_>) -> Result<(), StateError> {
        if from >= to {
            return Ok(());
        }
        let mut fresh = self
            .keys
            .range::<[u8], _>((Bound::Included(from), Bound::Excluded(to)))
            .peekable();
        let mut select = self
            .reader
            .prepare_cached(
                "SELECT key, value FROM stage_keys WHERE stage = ?1 AND key >= ?2 AND key < ?3 ORDER BY key",
            )
            .map_err(database)?;
        let mut stored = select.query(params![self.stage, from, to]).map_err(database)?;
        while let Some(row) = stored.next().map_err(database)? {
            let key = row
                .get_ref(0)
                .and_then(|key| Ok(key.as_blob()?))
                .map_err(database)?;
            let value = row
                .get_ref(1)
                .and_then(|value| Ok(value.as_blob()?))
                .map_err(database)?;
            let mut overwritten = false;
            while let Some((new_key, new_value)) = fresh.next_if(|(new_key, _)| new_key.as_slice() <= key) {
                overwritten = new_key == key;
                if let Some(new_value) = new_value
                    && visit(new_key, new_value) == ControlFlow::Break(())
                {
                    return Ok(());
                }
            }
            if !overwritten && visit(key, value) == ControlFlow::Break(()) {
                return Ok(());
            }
        }
        for (key, value) in fresh {
            if let Some(value) = value
                && visit(key, value) == ControlFlow::Break(())
            {
                return Ok(());
            }
        }
        Ok(())
    }

    fn files(&self) -> Vec<String> {
        self.files.keys().cloned().collect()
    }

    fn len(&self, file: &str) -> Option<u64> {
        self.files.get(file).map(LogFile::len)
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> Result<u64, StateError> {
        let fail = |source| StateError::Io {
            what: format!("file {name}"),
            source,
        };
        let file = match self.files.entry(name.to_owned()) {
            Entry::Occupied(file) => file.into_mut(),
            Entry::Vacant(place) => {
                if name.is_empty()
                    || !name
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
                {
                    return Err(StateError::Invalid(format!("cannot have a file named {name:?}")));
                }
                make_folder(&*self.disk, &self.dir).map_err(fail)?;
                let file = self.disk.open(&self.dir.join(name)).map_err(fail)?;
                self.names_changed = true;
                self.undo.push(Undo::Create(name.to_owned()));
                place.insert(LogFile {
                    file,
                    good: 0,
                    written: 0,
                    buffer: Vec::new(),
                })
            }
        };
        let offset = file.len();
        self.undo.push(Undo::Append(name.to_owned(), offset));
        file.buffer.extend_from_slice(bytes);
        if file.buffer.len() >= self.spill {
            file.flush().map_err(fail)?;
        }
        Ok(offset)
    }

    fn read(&self, name: &str, offset: u64, buffer: &mut [u8]) -> Result<(), StateError> {
        let fail = |source| StateError::Io {
            what: format!("file {name} at {offset}"),
            source,
        };
        let file = self
            .files
            .get(name)
            .ok_or_else(|| fail(io::ErrorKind::NotFound.into()))?;
        file.read(offset, buffer).map_err(fail)
    }

    fn remove(&mut self, name: &str) -> Result<(), StateError> {
        let file = self.files.remove(name).ok_or_else(|| StateError::Io {
            what: format!("file {name}"),
            source: io::ErrorKind::NotFound.into(),
        })?;
        self.removed.insert(name.to_owned(), file);
        self.undo.push(Undo::Remove(name.to_owned()));
        Ok(())
    }
}
