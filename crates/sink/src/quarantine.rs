use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use gristmill_core::{DocumentId, SCHEMA, Source};
use gristmill_disk::{SharedDisk, make_folder, replace, write_atomically};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::SinkError;

/// The folder of inputs that could not be read or made a stage fail.
#[derive(Debug, Clone)]
pub struct Quarantine {
    dir: PathBuf,
    disk: SharedDisk,
}

/// Why an input is in quarantine: the content of `ID.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuarantineEntry {
    /// The document, or the input that would have become one.
    pub id: DocumentId,
    /// Where it came from.
    pub source: Source,
    /// The stage that failed, or `source` where it could not be read.
    pub stage: Cow<'static, str>,
    /// The reason as one word that programs can group by, such as `unsupported`, `panic` or `timeout`.
    pub reason: Cow<'static, str>,
    /// The reason for people.
    pub detail: String,
    /// When gristmill took it in.
    pub added: Timestamp,
    /// When its file was last taken again, because somebody wanted it tried again, and it did not come with it: what the file
    /// holds has other ids. That is so with a file which was set aside whole and holds many documents.
    #[serde(default)]
    pub retried: Option<Timestamp>,
    /// The version of this record's shape.
    pub schema: u32,
}

impl QuarantineEntry {
    /// An entry for the input `id` from `source`.
    pub fn new(
        id: DocumentId,
        source: Source,
        stage: impl Into<Cow<'static, str>>,
        reason: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
        added: Timestamp,
    ) -> Self {
        Self {
            id,
            source,
            stage: stage.into(),
            reason: reason.into(),
            detail: detail.into(),
            added,
            retried: None,
            schema: SCHEMA,
        }
    }
}

impl Quarantine {
    /// The quarantine in the folder `dir`, which is made when something comes in.
    pub fn new(dir: &Path, disk: SharedDisk) -> Self {
        Self {
            dir: dir.to_owned(),
            disk,
        }
    }

    /// Removes entries that `keep` does not know: a crash came between them and the books, so their inputs
    /// come again.
    ///
    /// # Errors
    /// The machine fails.
    pub fn clear_strays(&self, keep: impl Fn(&DocumentId) -> bool) -> Result<(), SinkError> {
        let Ok(entries) = std::fs::read_dir(&self.dir) else {
            return Ok(());
        };
        make_folder(&*self.disk, &self.dir).map_err(SinkError::io(format!("make {}", self.dir.display())))?;
        for path in entries.flatten().map(|entry| entry.path()) {
            let known = path
                .file_name()
                .and_then(|name| name.to_str())
                .and_then(|name| name.split('.').next())
                .and_then(|stem| stem.parse().ok())
                .is_none_or(|id| keep(&id));
            if !known || path.extension().is_some_and(|extension| extension == "tmp") {
                self.disk
                    .remove(&path)
                    .map_err(SinkError::io(format!("remove {}", path.display())))?;
            }
        }
        Ok(())
    }

    /// Puts an input in, durably. The same id replaces what was there.
    ///
    /// # Errors
    /// It is not safe.
    pub fn put(&self, entry: &QuarantineEntry, bytes: &[u8]) -> Result<(), SinkError> {
        let fail = |path: &Path| SinkError::io(format!("write {}", path.display()));
        self.disk.create_dir_all(&self.dir).map_err(fail(&self.dir))?;
        let path = self.path(&entry.id, "bin");
        replace(&*self.disk, &path, bytes).map_err(fail(&path))?;
        self.describe(entry)
    }

    fn describe(&self, entry: &QuarantineEntry) -> Result<(), SinkError> {
        let path = self.path(&entry.id, "json");
        let mut json = serde_json::to_vec_pretty(entry)?;
        json.push(b'\n');
        write_atomically(&*self.disk, &path, &json)
            .map_err(SinkError::io(format!("write {}", path.display())))
    }

    /// Notes that the file of `id` was taken again at `moment`, and `id` did not come with it; durably. An entry that somebody
    /// removed gets no note.
    ///
    /// # Errors
    /// The entry cannot be read, or it is not safe.
    pub fn note_retried(&self, id: &DocumentId, moment: Timestamp) -> Result<(), SinkError> {
        let path = self.path(id, "json");
        let mut entry = match self.entry(id) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entry => entry.map_err(SinkError::io(format!("read {}", path.display())))?,
        };
        entry.retried = Some(moment);
        self.describe(&entry)
    }

    /// Takes an input out, once the books have it elsewhere.
    ///
    /// # Errors
    /// A file of it is still there.
    pub fn remove(&self, id: &DocumentId) -> Result<(), SinkError> {
        for extension in ["json", "bin"] {
            let path = self.path(id, extension);
            if path.exists() {
                self.disk
                    .remove(&path)
                    .map_err(SinkError::io(format!("remove {}", path.display())))?;
            }
        }
        Ok(())
    }

    /// The entry of `id`.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn entry(&self, id: &DocumentId) -> io::Result<QuarantineEntry> {
        Ok(serde_json::from_slice(&std::fs::read(self.path(id, "json"))?)?)
    }

    /// The bytes of `id`.
    ///
    /// # Errors
    /// There are none, or they cannot be read.
    pub fn bytes(&self, id: &DocumentId) -> io::Result<Vec<u8>> {
        std::fs::read(self.path(id, "bin"))
    }

    /// The ids in the folder, sorted.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn ids(&self) -> io::Result<Vec<DocumentId>> {
        let mut ids = Vec::new();
        match std::fs::read_dir(&self.dir) {
            Ok(entries) => {
                for entry in entries {
                    let name = entry?.file_name();
                    let stem = name.to_str().and_then(|name| name.strip_suffix(".json"));
                    ids.extend(stem.and_then(|stem| stem.parse::<DocumentId>().ok()));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        ids.sort_unstable();
        Ok(ids)
    }

    fn path(&self, id: &DocumentId, extension: &str) -> PathBuf {
        self.dir.join(format!("{id}.{extension}"))
    }
}
