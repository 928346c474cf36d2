//! What an ordered stage may remember.

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;

/// The memory of one ordered stage, durable exactly as far as the batch is.
///
/// It has two forms. *Keys* live in an embedded database and cost microseconds each: keep few of them, such as
/// counters, tables of contents, one small record a document. *Files* are append-only and cost what their
/// bytes cost: logs, postings, sorted runs written once. Both see the stage's own writes at once; both fall
/// back to the last batch together after a crash, and to the last document after a fault.
///
/// Names of files are of ASCII letters, digits, `.`, `-` and `_`.
pub trait State {
    /// The value of `key`.
    ///
    /// # Errors
    /// The database cannot be read.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError>;

    /// Sets `key` to `value`.
    ///
    /// # Errors
    /// The database cannot be written.
    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StateError>;

    /// Forgets `key`.
    ///
    /// # Errors
    /// The database cannot be written.
    fn delete(&mut self, key: &[u8]) -> Result<(), StateError>;

    /// Visits the keys from `from` up to but not including `to` in byte order, until `visit` breaks off.
    ///
    /// # Errors
    /// The database cannot be read.
    fn range(&self, from: &[u8], to: &[u8], visit: &mut Visit<'_>) -> Result<(), StateError>;

    /// The names of the stage's files, sorted.
    fn files(&self) -> Vec<String>;

    /// The length of `file` in bytes, `None` where there is no such file.
    fn len(&self, file: &str) -> Option<u64>;

    /// Appends `bytes` to `file`, which is made if there is none, and gives the offset where they begin.
    ///
    /// # Errors
    /// The file cannot be written.
    fn append(&mut self, file: &str, bytes: &[u8]) -> Result<u64, StateError>;

    /// Fills `buffer` with the bytes of `file` from `offset` on.
    ///
    /// # Errors
    /// The file cannot be read, or ends before the buffer is full.
    fn read(&self, file: &str, offset: u64, buffer: &mut [u8]) -> Result<(), StateError>;

    /// Removes `file`. Its name must not be used again.
    ///
    /// # Errors
    /// There is no such file.
    fn remove(&mut self, file: &str) -> Result<(), StateError>;
}

/// What [`State::range`] calls with each key and its value.
pub type Visit<'v> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'v;

/// Why a stage's state could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The machine failed: a full disk, a device error.
    #[error("state {what}: {source}")]
    Io {
        /// The file or key and what was to be done with it.
        what: String,
        /// The failure.
        source: io::Error,
    },
    /// What is stored is not what the stage stored, or was stored by a version that this one does not know.
    #[error("state {0}")]
    Invalid(String),
}

/// Marks a new state of `stage` with the `format` of its files, and refuses one that is marked otherwise or not at all: a stage changes the mark
/// when an earlier version's files could not be read any more.
///
/// # Errors
/// The state has another format, or cannot be read or written.
pub fn check_format(state: &mut dyn State, stage: &str, format: &[u8]) -> Result<(), StateError> {
    const KEY: &[u8] = b"format";
    match state.get(KEY)? {
        Some(there) if there == format => Ok(()),
        None if state.files().is_empty() => state.put(KEY, format),
        _ => Err(StateError::Invalid(format!(
            "of {stage} has another format: use the version that wrote it, or a new state folder"
        ))),
    }
}

/// A [`State`] in memory, for tests, for benchmarks and for those who use a stage as a library.
#[derive(Debug, Clone, Default)]
pub struct MemoryState {
    keys: BTreeMap<Vec<u8>, Vec<u8>>,
    files: BTreeMap<String, Vec<u8>>,
}

impl MemoryState {
    /// An empty state.
    pub fn new() -> Self {
        Self::default()
    }

    fn file(&self, file: &str) -> Result<&Vec<u8>, StateError> {
        self.files.get(file).ok_or_else(|| no_such_file(file))
    }
}

fn no_such_file(file: &str) -> StateError {
    StateError::Io {
        what: format!("file {file}"),
        source: io::ErrorKind::NotFound.into(),
    }
}

impl State for MemoryState {
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
            for (key, value) in self
                .keys
                .range::<[u8], _>((std::ops::Bound::Included(from), std::ops::Bound::Excluded(to)))
            {
                if visit(key, value).is_break() {
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
        self.files.get(file).map(|bytes| bytes.len() as u64)
    }

    fn append(&mut self, file: &str, bytes: &[u8]) -> Result<u64, StateError> {
        let content = self.files.entry(file.to_owned()).or_default();
        let offset = content.len() as u64;
        content.extend_from_slice(bytes);
        Ok(offset)
    }

    fn read(&self, file: &str, offset: u64, buffer: &mut [u8]) -> Result<(), StateError> {
        let content = self.file(file)?;
        let part = usize::try_from(offset)
            .ok()
            .and_then(|start| content.get(start..start + buffer.len()));
        let part = part.ok_or_else(|| StateError::Io {
            what: format!("file {file} at {offset}"),
            source: io::ErrorKind::UnexpectedEof.into(),
        })?;
        buffer.copy_from_slice(part);
        Ok(())
    }

    fn remove(&mut self, file: &str) -> Result<(), StateError> {
        self.files
            .remove(file)
            .map(drop)
            .ok_or_else(|| no_such_file(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_in_order_and_stop_when_told() {
        let mut state = MemoryState::new();
        for key in ["b", "a", "d", "c"] {
            state.put(key.as_bytes(), b"1").unwrap();
        }
        state.delete(b"a").unwrap();
        let mut seen = Vec::new();
        let mut visit = |key: &[u8], _: &[u8]| {
            seen.push(key[0]);
            if key == b"c" {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        state.range(b"a", b"z", &mut visit).unwrap();
        state.range(b"z", b"a", &mut visit).unwrap();
        assert_eq!(seen, b"bc");
    }

    #[test]
    fn files_grow_at_the_end() {
        let mut state = MemoryState::new();
        assert_eq!(state.append("log", b"abc").unwrap(), 0);
        assert_eq!(state.append("log", b"de").unwrap(), 3);
        let mut buffer = [0; 3];
        state.read("log", 2, &mut buffer).unwrap();
        assert_eq!(&buffer, b"cde");
        assert!(state.read("log", 3, &mut buffer).is_err());
        assert_eq!(state.len("log"), Some(5));
        state.remove("log").unwrap();
        assert_eq!(state.len("log"), None);
        assert!(state.remove("log").is_err());
    }
}
