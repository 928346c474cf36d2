//! A state whose files lie in a folder, as the daemon's do, and whose keys do not outlive the process.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::{Bound, ControlFlow};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use gristmill_core::{State, StateError, Visit};

/// Bytes that wait in memory.
const BUFFER: usize = 1 << 20;

struct Log {
    file: File,
    written: u64,
    buffer: Vec<u8>,
}

pub(crate) struct Files {
    dir: PathBuf,
    keys: BTreeMap<Vec<u8>, Vec<u8>>,
    files: BTreeMap<String, Log>,
}

impl Files {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self {
            dir,
            keys: BTreeMap::new(),
            files: BTreeMap::new(),
        }
    }

    /// The length of all files and keys in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        let keys: usize = self.keys.iter().map(|(key, value)| key.len() + value.len()).sum();
        let files: u64 = self
            .files
            .values()
            .map(|log| log.written + log.buffer.len() as u64)
            .sum();
        keys as u64 + files
    }

    /// Writes what waits.
    pub(crate) fn commit(&mut self) -> io::Result<()> {
        for log in self.files.values_mut() {
            log.file.write_all_at(&log.buffer, log.written)?;
            log.written += log.buffer.len() as u64;
            log.buffer.clear();
        }
        Ok(())
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
        Ok(self.keys.get(key).cloned())
    }

    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StateError> {
        self.keys.insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    fn delete(&mut self, key: &[u8]) -> Result<(), StateError> {
        self.keys.remove(key);
        Ok(())
    }

    fn range(&self, from: &[u8], to: &[u8], visit: &mut Visit<'_>) -> Result<(), StateError> {
        if from < to {
            let keys = self
                .keys
                .range::<[u8], _>((Bound::Included(from), Bound::Excluded(to)));
            for (key, value) in keys {
                if visit(key, value) == ControlFlow::Break(()) {
                    break;
                }
            }
        }
        Ok(())
    }

    fn files(&self) -> Vec<String> {
        self.files.keys().cloned().collect()
    }

    fn len(&self, file: &str) -> Option<u64> {
        self.files
            .get(file)
            .map(|log| log.written + log.buffer.len() as u64)
    }

    fn append(&mut self, file: &str, bytes: &[u8]) -> Result<u64, StateError> {
        if !self.files.contains_key(file) {
            let mut options = File::options();
            options.read(true).write(true).create(true).truncate(true);
            let log = Log {
                file: options.open(self.dir.join(file)).map_err(failed(file))?,
                written: 0,
                buffer: Vec::new(),
            };
            self.files.insert(file.to_owned(), log);
        }
        let Some(log) = self.files.get_mut(file) else {
            return Err(failed(file)(io::ErrorKind::NotFound.into()));
        };
        let offset = log.written + log.buffer.len() as u64;
        log.buffer.extend_from_slice(bytes);
        if log.buffer.len() > BUFFER {
            log.file
                .write_all_at(&log.buffer, log.written)
                .map_err(failed(file))?;
            log.written += log.buffer.len() as u64;
            log.buffer.clear();
        }
        Ok(offset)
    }

    fn read(&self, file: &str, offset: u64, buffer: &mut [u8]) -> Result<(), StateError> {
        let Some(log) = self.files.get(file) else {
            return Err(failed(file)(io::ErrorKind::NotFound.into()));
        };
        let stored = (log.written.saturating_sub(offset) as usize).min(buffer.len());
        let (stored, fresh) = buffer.split_at_mut(stored);
        log.file.read_exact_at(stored, offset).map_err(failed(file))?;
        if !fresh.is_empty() {
            let start = (offset.max(log.written) - log.written) as usize;
            let waiting = log.buffer.get(start..start + fresh.len());
            fresh.copy_from_slice(waiting.ok_or_else(|| failed(file)(io::ErrorKind::UnexpectedEof.into()))?);
        }
        Ok(())
    }

    fn remove(&mut self, file: &str) -> Result<(), StateError> {
        self.files.remove(file);
        std::fs::remove_file(self.dir.join(file)).map_err(failed(file))
    }
}
