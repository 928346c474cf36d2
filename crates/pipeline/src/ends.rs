//! How often the process ended over the same document.
//!
//! A document that comes to its end in a process of its own can still end this one, which has less memory to spare:
//! then it is let in, ends the process, is tried, is let in again. So each start that follows on such an end counts,
//! durably, for each document that was at work, until the document is through.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gristmill_core::DocumentId;
use gristmill_disk::{SharedDisk, write_atomically};

/// So many ends in a row with it at work, and a document is set aside though nothing came of trying it. One end can be
/// anybody's doing: a kill, a loss of power, the document beside it. After that it is let in alone, so at the second
/// nothing else was at work. Chance meets a document that is alone now and then, where a process is killed every few
/// seconds; it does not meet it so often in a row.
pub(crate) const ENDS: u32 = 12;

/// Ends that follow faster on one another count as one. A process that is killed several times a second on a busy machine
/// may never come through its first document; one that a document ends is started again after seconds, or ends long enough.
const APART: Duration = Duration::from_secs(5);

/// What was at work when the process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Suspect {
    /// The stage that was at it last.
    pub(crate) stage: String,
    /// How many ends in a row found it at work.
    pub(crate) ends: u32,
}

/// The count in a state folder: a line for each document, with the number of ends and the stage.
#[derive(Debug)]
pub(crate) struct Ends {
    path: PathBuf,
    disk: SharedDisk,
    suspects: Mutex<HashMap<DocumentId, Suspect>>,
}

impl Ends {
    /// Reads the count in the state folder `state` and adds the end over the documents in `at_work`, each with its stage. In
    /// a row are those ends alone that found something at work: another says nothing, and changes nothing. Nor does one within
    /// [`APART`] of the last that counted.
    pub(crate) fn open(
        state: &Path,
        disk: SharedDisk,
        at_work: HashMap<DocumentId, String>,
    ) -> io::Result<Self> {
        let path = state.join("ends");
        let before = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read?,
        };
        let before = String::from_utf8_lossy(&before);
        let mut suspects: HashMap<_, _> = before.lines().filter_map(parse).collect();
        let last = fs::metadata(&path).and_then(|count| count.modified());
        // A clock that was set back says nothing: then the end counts.
        let age = last.ok().and_then(|last| last.elapsed().ok());
        let again = at_work.keys().all(|id| suspects.contains_key(id)) && age.is_some_and(|age| age < APART);
        let news = !at_work.is_empty() && !again;
        if news {
            let counted = at_work.into_iter().map(|(id, stage)| {
                let before = suspects.get(&id).map_or(0, |suspect| suspect.ends);
                let ends = before.saturating_add(1);
                (id, Suspect { stage, ends })
            });
            suspects = counted.collect();
        }
        let ends = Self {
            path,
            disk,
            suspects: Mutex::new(suspects),
        };
        if news {
            ends.write(&ends.lock());
        }
        Ok(ends)
    }

    /// The documents on which suspicion rests.
    pub(crate) fn suspects(&self) -> HashMap<DocumentId, Suspect> {
        self.lock().clone()
    }

    /// Forgets `ids`, which are through.
    pub(crate) fn forget(&self, ids: impl Iterator<Item = DocumentId>) {
        let mut suspects = self.lock();
        if suspects.is_empty() {
            return;
        }
        let before = suspects.len();
        for id in ids {
            suspects.remove(&id);
        }
        if suspects.len() < before {
            self.write(&suspects);
        }
    }

    /// A count that cannot be written is only a chance missed to end a row of ends.
    fn write(&self, suspects: &HashMap<DocumentId, Suspect>) {
        let lines: String = suspects
            .iter()
            .map(|(id, Suspect { stage, ends })| format!("{id} {ends} {stage}\n"))
            .collect();
        if let Err(error) = write_atomically(&*self.disk, &self.path, lines.as_bytes()) {
            tracing::warn!(path = %self.path.display(), %error, "cannot write how often the process ended over a document");
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DocumentId, Suspect>> {
        self.suspects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parse(line: &str) -> Option<(DocumentId, Suspect)> {
    let mut words = line.splitn(3, ' ');
    let id = words.next()?.parse().ok()?;
    let ends = words.next()?.parse().ok()?;
    let stage = words.next()?.to_owned();
    Some((id, Suspect { stage, ends }))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::SystemTime;

    use gristmill_disk::RealDisk;

    use super::*;

    #[test]
    fn ends_in_a_row_are_counted_until_a_document_is_through() {
        let dir = tempfile::tempdir().unwrap();
        let [first, second] = [1, 2].map(|byte| DocumentId::from_bytes([byte; 16]));
        let open = |ids: &[DocumentId]| {
            let at_work = ids.iter().map(|id| (*id, "two words".to_owned())).collect();
            Ends::open(dir.path(), Arc::new(RealDisk), at_work).unwrap()
        };
        let later = || {
            let count = fs::File::options()
                .write(true)
                .open(dir.path().join("ends"))
                .unwrap();
            count.set_modified(SystemTime::now() - APART).unwrap();
        };
        let counts = |ends: &Ends| {
            let suspects = ends.suspects();
            assert!(suspects.values().all(|suspect| suspect.stage == "two words"));
            [first, second].map(|id| suspects.get(&id).map_or(0, |suspect| suspect.ends))
        };
        assert_eq!(counts(&open(&[])), [0, 0]);
        assert_eq!(counts(&open(&[first, second])), [1, 1]);
        // Too soon after the last.
        assert_eq!(counts(&open(&[first, second])), [1, 1]);
        later();
        assert_eq!(counts(&open(&[first, second])), [2, 2]);
        // Nobody was at work: that says nothing.
        let ends = open(&[]);
        assert_eq!(counts(&ends), [2, 2]);
        ends.forget([second].into_iter());
        assert_eq!(counts(&ends), [2, 0]);
        later();
        assert_eq!(counts(&open(&[first, second])), [3, 1]);
        // It ended over another: the row is broken.
        later();
        assert_eq!(counts(&open(&[second])), [0, 2]);
        later();
        assert_eq!(counts(&open(&[first])), [1, 0]);
    }
}
