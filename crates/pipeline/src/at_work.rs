//! Which document each thread is at, kept where it outlives the process.
//!
//! A stack that overflows, memory that is not there: some ends of a process cannot be caught in it. So each thread
//! writes the document and the stage that it is at into its place of a small file, which costs a call to the system
//! and no sync: what is written to a file is there for the next process, whatever became of the last one. The next
//! start finds in it the few documents that may have been the reason.
//!
//! The first place names the process. A run that begins anew in the same process, after a failure of the machine,
//! follows on no end: what the workers of the run before it are still at is under no suspicion.

use std::collections::HashMap;
use std::fs::File;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use gristmill_core::DocumentId;

/// A thread's place: an id, the length of the stage's name, the name as far as it fits.
const PLACE: usize = 64;
const NAME: usize = 17;

/// A name that no other process has: numbers of processes come again, in a container after each start.
static PROCESS: LazyLock<u64> = LazyLock::new(|| RandomState::new().build_hasher().finish());

/// The places of all threads.
#[derive(Debug, Clone)]
pub(crate) struct AtWork {
    file: Arc<File>,
    next: Arc<AtomicU64>,
}

/// The place of one thread. A place that cannot be written to is left alone: all that hangs on it is what the next
/// start knows of an end like this.
#[derive(Debug)]
pub(crate) struct Mark {
    file: Arc<File>,
    start: u64,
}

impl AtWork {
    /// Opens the places in the state folder `state`, and gives the documents that a process was at when it ended,
    /// each with the stage.
    pub(crate) fn open(state: &Path) -> io::Result<(Self, HashMap<DocumentId, String>)> {
        Self::open_in(*PROCESS, state)
    }

    fn open_in(process: u64, state: &Path) -> io::Result<(Self, HashMap<DocumentId, String>)> {
        let path = state.join("at-work");
        let before = match std::fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read?,
        };
        let file = File::create(&path)?;
        let mut name = [0; PLACE];
        name[..8].copy_from_slice(&process.to_le_bytes());
        file.write_all_at(&name, 0)?;
        let at_work = Self {
            file: Arc::new(file),
            next: Arc::new(AtomicU64::new(1)),
        };
        let ended = !before.starts_with(&process.to_le_bytes());
        let places = before.chunks_exact(PLACE).skip(1).filter(|_| ended);
        Ok((at_work, places.filter_map(read).collect()))
    }

    /// A place for one more thread.
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            file: Arc::clone(&self.file),
            start: self.next.fetch_add(1, Ordering::Relaxed) * PLACE as u64,
        }
    }
}

fn read(place: &[u8]) -> Option<(DocumentId, String)> {
    let (id, rest) = place.split_first_chunk()?;
    let (length, name) = rest.split_first()?;
    let name = name.get(..usize::from(*length))?;
    let set = id.iter().any(|byte| *byte != 0);
    set.then(|| {
        (
            DocumentId::from_bytes(*id),
            String::from_utf8_lossy(name).into_owned(),
        )
    })
}

impl Mark {
    /// The thread is at `id` in `stage` from now on.
    pub(crate) fn set(&self, id: &DocumentId, stage: &str) {
        let mut place = [0; PLACE];
        let name = &stage.as_bytes()[..stage.len().min(PLACE - NAME)];
        place[..NAME - 1].copy_from_slice(id.as_bytes());
        place[NAME - 1] = name.len() as u8;
        place[NAME..NAME + name.len()].copy_from_slice(name);
        let _ = self.file.write_all_at(&place, self.start);
    }

    /// The thread is at nothing.
    pub(crate) fn clear(&self) {
        let _ = self.file.write_all_at(&[0; PLACE], self.start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_start_finds_what_was_not_finished() {
        let dir = tempfile::tempdir().unwrap();
        let ids = [1, 2, 3].map(|byte| DocumentId::from_bytes([byte; 16]));
        let (at_work, before) = AtWork::open_in(1, dir.path()).unwrap();
        assert!(before.is_empty());
        let marks = [(); 3].map(|()| at_work.mark());
        marks[0].set(&ids[0], "clean");
        marks[1].set(
            &ids[1],
            "a name that is longer than there is room for in a place of sixty-four bytes",
        );
        marks[2].set(&ids[2], "dedup");
        marks[0].set(&ids[0], "language");
        marks[2].clear();
        let (_, before) = AtWork::open_in(2, dir.path()).unwrap();
        assert_eq!(before.len(), 2);
        assert_eq!(before[&ids[0]], "language");
        assert!(before[&ids[1]].starts_with("a name that is longer"));
        let (_, before) = AtWork::open_in(3, dir.path()).unwrap();
        assert!(before.is_empty());
    }

    #[test]
    fn a_run_in_the_same_process_suspects_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let id = DocumentId::from_bytes([1; 16]);
        let (at_work, _) = AtWork::open(dir.path()).unwrap();
        at_work.mark().set(&id, "clean");
        let (at_work, before) = AtWork::open(dir.path()).unwrap();
        assert!(before.is_empty());
        at_work.mark().set(&id, "clean");
        let (_, before) = AtWork::open_in(1, dir.path()).unwrap();
        assert_eq!(before[&id], "clean");
    }
}
