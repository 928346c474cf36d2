//! A state whose files lie in a folder, as the daemon's do, and whose keys do not outlive the process.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use gristmill_core::{MemoryState, State, StateError, Visit};

/// A file, and what waits to be written to it.
struct Log {
    file: File,
    written: u64,
    waits: Vec<u8>,
}

impl Log {
    fn len(&self) -> u64 {
        self.written + self.waits.len() as u64
    }

    fn write(&mut self) -> io::Result<()> {
        // What is written in the next batch is another file, as a rule.
        let waits = std::mem::take(&mut self.waits);
        self.file.write_all_at(&waits, self.written)?;
        self.written += waits.len() as u64;
        Ok(())
    }
}

/// Bytes of one file that wait in memory.
const WAITS: usize = 1 << 20;

pub(crate) struct Files {
    folder: PathBuf,
    keys: MemoryState,
    logs: BTreeMap<String, Log>,
}

impl Files {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            keys: MemoryState::new(),
            logs: BTreeMap::new(),
        }
    }

    /// The length of all files in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.logs.values().map(Log::len).sum()
    }

    /// Writes what waits.
    pub(crate) fn commit(&mut self) -> io::Result<()> {
        self.logs
            .values_mut()
            .filter(|log| !log.waits.is_empty())
            .try_for_each(Log::write)
    }
}

fn failed(what: &str) -> impl Fn(io::Error) -> StateError {
    move |source| StateError::Io {
        what: what.to_owned(),
        source,
    }
}

impl State for Files {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        self.keys.get(key)
    }

    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StateError> {
        self.keys.put(key, value)
    }

    fn delete(&mut self, key: &[u8]) -> Result<(), StateError> {
        self.keys.delete(key)
    }

    fn range(&self, from: &[u8], to: &[u8], visit: &mut Visit<'_>) -> Result<(), StateError> {
        self.keys.range(from, to, visit)
    }

    fn files(&self) -> Vec<String> {
        self.logs.keys().cloned().collect()
    }

    fn len(&self, file: &str) -> Option<u64> {
        self.logs.get(file).map(Log::len)
    }

    fn append(&mut self, file: &str, bytes: &[u8]) -> Result<u64, StateError> {
        if !self.logs.contains_key(file) {
            let mut options = File::options();
            options.read(true).write(true).create(true).truncate(true);
            let log = Log {
                file: options.open(self.folder.join(file)).map_err(failed(file))?,
                written: 0,
                waits: Vec::new(),
            };
            self.logs.insert(file.to_owned(), log);
        }
        let Some(log) = self.logs.get_mut(file) else {
            return Err(failed(file)(io::ErrorKind::NotFound.into()));
        };
        let offset = log.len();
        log.waits.extend_from_slice(bytes);
        if log.waits.len() > WAITS {
            log.write().map_err(failed(file))?;
        }
        Ok(offset)
    }

    fn read(&self, file: &str, offset: u64, buffer: &mut [u8]) -> Result<(), StateError> {
        let Some(log) = self.logs.get(file) else {
            return Err(failed(file)(io::ErrorKind::NotFound.into()));
        };
        let stored = (log.written.saturating_sub(offset) as usize).min(buffer.len());
        let (stored, fresh) = buffer.split_at_mut(stored);
        log.file.read_exact_at(stored, offset).map_err(failed(file))?;
        if !fresh.is_empty() {
            let start = (offset.max(log.written) - log.written) as usize;
            let waiting = log.waits.get(start..start + fresh.len());
            fresh.copy_from_slice(waiting.ok_or_else(|| failed(file)(io::ErrorKind::UnexpectedEof.into()))?);
        }
        Ok(())
    }

    fn remove(&mut self, file: &str) -> Result<(), StateError> {
        self.logs.remove(file);
        std::fs::remove_file(self.folder.join(file)).map_err(failed(file))
    }
}
