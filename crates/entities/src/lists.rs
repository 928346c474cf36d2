//! The user's gazetteers as files: read at the start, and again when they have changed.
//!
//! A look at the files costs a `stat` each. When they look different and then stand still, a thread of its own reads
//! all of them into a new table beside the one in force, and a later look puts it there. So a table is in force whole
//! or not at all, documents never wait for one, and for a moment there are two in memory.

use std::fs::{File, metadata};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use gristmill_core::{Basis, BasisFile, Renewal, Sha256};
use sha2::Digest;

use crate::gazetteer::{Gazetteer, GazetteerError, is_json};

/// The files are looked at no more often, and must have stood still as long before they are read.
const PAUSE: Duration = Duration::from_millis(500);

/// Where each file is, under the name that the configuration gives it.
type Places = Arc<[(String, PathBuf)]>;

/// Gazetteers that follow their files.
pub(crate) struct Lists {
    places: Places,
    in_force: RwLock<Arc<Table>>,
    watch: Mutex<Watch>,
}

/// All gazetteers as they were at one moment.
pub(crate) struct Table {
    pub(crate) gazetteer: Gazetteer,
    files: Vec<BasisFile>,
}

/// What tells one version of a file from another without reading it: when its content and its entry were changed, its
/// length and its inode. None where it cannot be looked at.
type Stamp = Option<[i64; 6]>;

/// How far the files are followed.
struct Watch {
    /// When the files were last looked at.
    looked: Instant,
    /// As they looked then.
    seen: Vec<Stamp>,
    /// As they looked when they were last read.
    read: Vec<Stamp>,
    /// The thread that reads them.
    reading: Option<JoinHandle<Result<Table, String>>>,
}

impl Lists {
    /// Reads the files.
    ///
    /// # Errors
    /// The number of the first file that cannot be used, and why.
    pub(crate) fn read(places: Vec<(String, PathBuf)>) -> Result<Self, (usize, GazetteerError)> {
        let places = Places::from(places);
        // Before they are read, so that a change meanwhile is one that is seen.
        let stamps = stamps(&places);
        Ok(Self {
            in_force: RwLock::new(Arc::new(table(&places)?)),
            places,
            watch: Mutex::new(Watch {
                looked: Instant::now(),
                seen: stamps.clone(),
                read: stamps,
                reading: None,
            }),
        })
    }

    /// The table in force.
    pub(crate) fn in_force(&self) -> Arc<Table> {
        Arc::clone(&self.in_force.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether there is any file.
    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Puts `table` in force, unless it is of the same bytes.
    fn put(&self, table: Table) -> Renewal {
        if table.files == self.in_force().files {
            return Renewal::Unchanged;
        }
        *self.in_force.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
        Renewal::Renewed
    }
}

impl Basis for Lists {
    fn files(&self) -> Vec<BasisFile> {
        self.in_force().files.clone()
    }

    fn renew(&self) -> Renewal {
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reading) = watch.reading.take_if(|reading| reading.is_finished()) {
            let read = reading
                .join()
                .unwrap_or_else(|_| Err("reading them failed".to_owned()));
            // What changed while it was read is read again, and is not judged before.
            if stamps(&self.places) == watch.read {
                return match read {
                    Ok(table) => self.put(table),
                    Err(why) => Renewal::Refused(why),
                };
            }
        }
        if watch.reading.is_some() || watch.looked.elapsed() < PAUSE {
            return Renewal::Unchanged;
        }
        watch.looked = Instant::now();
        let now = stamps(&self.places);
        let stands_still = now == watch.seen;
        watch.seen = now;
        if !stands_still || watch.seen == watch.read {
            return Renewal::Unchanged;
        }
        watch.read = watch.seen.clone();
        let places = Arc::clone(&self.places);
        let read = move || table(&places).map_err(|(number, error)| format!("{}: {error}", places[number].0));
        match thread::Builder::new()
            .name("gristmill-lists".to_owned())
            .spawn(read)
        {
            Ok(reading) => {
                watch.reading = Some(reading);
                Renewal::Unchanged
            }
            Err(error) => Renewal::Refused(format!("no thread to read them: {error}")),
        }
    }
}

fn stamps(places: &[(String, PathBuf)]) -> Vec<Stamp> {
    let stamp = |path: &Path| {
        let file = metadata(path).ok()?;
        Some([
            file.mtime(),
            file.mtime_nsec(),
            file.ctime(),
            file.ctime_nsec(),
            file.size() as i64,
            file.ino() as i64,
        ])
    };
    places.iter().map(|(_, path)| stamp(path)).collect()
}

/// Reads all files into one table; of two entries with one name the earlier counts.
fn table(places: &[(String, PathBuf)]) -> Result<Table, (usize, GazetteerError)> {
    let mut table = Table {
        gazetteer: Gazetteer::default(),
        files: Vec::new(),
    };
    for (number, (name, path)) in places.iter().enumerate() {
        let sha256 = add(&mut table.gazetteer, path).map_err(|error| (number, error))?;
        table.files.push(BasisFile {
            file: name.clone(),
            sha256,
        });
    }
    Ok(table)
}

/// Adds the names of the file at `path`, and gives the hash of its content.
fn add(gazetteer: &mut Gazetteer, path: &Path) -> Result<Sha256, GazetteerError> {
    let file = Hashed {
        file: File::open(path)?,
        hash: sha2::Sha256::new(),
    };
    let mut lines = BufReader::with_capacity(1 << 16, file);
    gazetteer.add(&mut lines, is_json(path))?;
    Ok(Sha256::from_bytes(lines.into_inner().hash.finalize().into()))
}

/// A file whose bytes are hashed as they are read.
struct Hashed {
    file: File,
    hash: sha2::Sha256,
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
        self.hash.update(buffer.get(..length).unwrap_or_default());
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::tokens::tokenize;

    fn lists(path: &Path) -> Lists {
        Lists::read(vec![("names.tsv".to_owned(), path.to_owned())])
            .map_err(|(_, error)| error)
            .unwrap()
    }

    /// What comes of the files as they are now, once somebody has looked often enough.
    fn settled(lists: &Lists) -> Renewal {
        let given_up = Instant::now() + Duration::from_secs(30);
        let mut reading = false;
        while Instant::now() < given_up {
            match lists.renew() {
                Renewal::Unchanged => {}
                other => return other,
            }
            let watch = lists.watch.lock().unwrap();
            // Read to its end, and nothing came of it.
            if reading && watch.reading.is_none() {
                return Renewal::Unchanged;
            }
            reading = watch.reading.is_some();
            drop(watch);
            thread::sleep(Duration::from_millis(5));
        }
        panic!("the files were not read");
    }

    fn knows(lists: &Lists, name: &str) -> bool {
        let mut tokens = Vec::new();
        tokenize(name, &mut tokens);
        lists.in_force().gazetteer.longest(name, &tokens, 0).is_some()
    }

    #[test]
    fn a_changed_file_is_in_force_whole_and_a_broken_one_never() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("names.tsv");
        fs::write(&path, "Torvak\tPER\n").unwrap();
        let lists = lists(&path);
        let first = lists.files();
        assert_eq!(first[0].sha256, Sha256::of(b"Torvak\tPER\n"));

        fs::write(&path, "Torvak\tPER\nQuillon\tORG\n").unwrap();
        let held = lists.in_force();
        assert_eq!(settled(&lists), Renewal::Renewed);
        assert!(knows(&lists, "Torvak") && knows(&lists, "Quillon"));
        assert_eq!(held.files, first, "who began with the old table keeps it");

        fs::write(&path, "Torvak\tPER\nQuillon\tORG\nZembla\tPLACE\n").unwrap();
        let Renewal::Refused(why) = settled(&lists) else {
            panic!("a broken file")
        };
        assert!(why.starts_with("names.tsv: line 3: type"), "{why}");
        assert!(knows(&lists, "Quillon") && !knows(&lists, "Zembla"));
        thread::sleep(PAUSE);
        assert_eq!(lists.renew(), Renewal::Unchanged, "said once");

        fs::remove_file(&path).unwrap();
        let Renewal::Refused(why) = settled(&lists) else {
            panic!("a lost file")
        };
        assert!(why.contains("cannot be read"), "{why}");

        fs::write(&path, "Torvak\tPER\nQuillon\tORG\n").unwrap();
        assert_eq!(
            settled(&lists),
            Renewal::Unchanged,
            "the bytes are those in force"
        );
        fs::write(&path, "Zembla\tLOC\n").unwrap();
        assert_eq!(settled(&lists), Renewal::Renewed);
        assert!(knows(&lists, "Zembla") && !knows(&lists, "Quillon"));
    }
}
