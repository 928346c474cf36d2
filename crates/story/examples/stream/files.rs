//! A state whose files lie in a folder, as the daemon's do.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use gristmill_core::{State, StateError, Visit};

/// A file, and what waits to be written to it.
struct Log {
    file: File,
    written: u64,
    waits: Vec<u8>,
}

pub(crate) struct Files {
    folder: PathBuf,
    logs: BTreeMap<String, Log>,
}

impl Files {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            logs: BTreeMap::new(),
        }
    }

    /// The length of all files.
    pub(crate) fn bytes(&self) -> u64 {
        self.logs
            .values()
            .map(|log| log.written + log.waits.len() as u64)
            .sum()
    }

    /// Writes what waits.
    pub(crate) fn commit(&mut self) -> io::Result<()> {
        for log in self.logs.values_mut() {
            log.file.write_all_at(&log.waits, log.written)?;
            log.written += log.waits.len() as u64;
            log.waits = Vec::new();
        }
        Ok(())
    }
}

fn fault(file: &str, source: io::Error) -> StateError {
    StateError::Io {
        what: format!("file {file}"),
        source,
    }
}

/// The stage keeps no keys.
fn no_keys() -> StateError {
    StateError::Invalid("holds no keys".to_owned())
}

impl State for Files {
    fn get(&self, _: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        Ok(None)
    }

    fn put(&mut self, _: &[u8], _: &[u8]) -> Result<(), StateError> {
        Err(no_keys())
    }

    fn delete(&mut self, _: &[u8]) -> Result<(), StateError> {
        Err(no_keys())
    }

    fn range(&self, _: &[u8], _: &[u8], _: &mut Visit<'_>) -> Result<(), StateError> {
        Ok(())
    }

    fn files(&self) -> Vec<String> {
        self.logs.keys().cloned().collect()
    }

    fn len(&self, file: &str) -> Option<u64> {
        self.logs
            .get(file)
            .map(|log| log.written + log.waits.len() as u64)
    }

    fn append(&mut self, file: &str, bytes: &[u8]) -> Result<u64, StateError> {
        if !self.logs.contains_key(file) {
            let path = self.folder.join(file);
            let mut options = File::options();
            let opened = options
                .read(true)
                .write(true)
                .create(true)
                .truncate(true)
                .open(path);
            let log = Log {
                file: opened.map_err(|error| fault(file, error))?,
                written: 0,
                waits: Vec::new(),
            };
            self.logs.insert(file.to_owned(), log);
        }
        let offset = self.len(file).unwrap_or_default();
        if let Some(log) = self.logs.get_mut(file) {
            log.waits.extend_from_slice(bytes);
        }
        Ok(offset)
    }

    fn read(&self, file: &str, offset: u64, buffer: &mut [u8]) -> Result<(), StateError> {
        let log = self
            .logs
            .get(file)
            .ok_or_else(|| fault(file, io::ErrorKind::NotFound.into()))?;
        let split = (log.written.saturating_sub(offset) as usize).min(buffer.len());
        let (stored, waiting) = buffer.split_at_mut(split);
        let read = log.file.read_exact_at(stored, offset);
        read.map_err(|error| fault(file, error))?;
        let start = offset.saturating_sub(log.written) as usize;
        let part = log.waits.get(start..start + waiting.len());
        let part = part.ok_or_else(|| fault(file, io::ErrorKind::UnexpectedEof.into()))?;
        waiting.copy_from_slice(part);
        Ok(())
    }

    fn remove(&mut self, file: &str) -> Result<(), StateError> {
        self.logs.remove(file);
        std::fs::remove_file(self.folder.join(file)).map_err(|error| fault(file, error))
    }
}
