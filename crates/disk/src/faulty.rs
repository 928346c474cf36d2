//! A disk that does what disks do in the worst instant, for tests.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{Disk, DiskFile, RealDisk};

/// What happens at the chosen operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The process stops as by `kill -9`: what was written stays.
    Kill,
    /// The power goes: what was not synced is gone, contents and names alike.
    PowerLoss,
    /// The operation fails with this error number, once.
    Fail(i32),
    /// This operation and all later ones that write fail with this error number, until
    /// [`FaultyDisk::heal`].
    FailFromHere(i32),
}

/// Which operation is chosen, counted from 0 over everything that goes through the disk, and what happens
/// there. A `write` that is chosen is done by half first, as a torn write is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// The number of the operation.
    pub at: u64,
    /// What happens there.
    pub ending: Ending,
}

/// A [`RealDisk`] whose operations are counted, and one of which ends badly.
#[derive(Debug, Clone)]
pub struct FaultyDisk(Arc<Mutex<Faults>>);

#[derive(Debug)]
struct Faults {
    plan: Option<Plan>,
    done: u64,
    names: Vec<String>,
    /// The length of each open file that is safe from a loss of power.
    synced: BTreeMap<PathBuf, u64>,
    /// Names made or changed since their folder was synced, oldest first.
    pending: Vec<Pending>,
}

#[derive(Debug)]
enum Pending {
    Created(PathBuf),
    Renamed {
        from: PathBuf,
        to: PathBuf,
        over: Option<Vec<u8>>,
    },
    Removed {
        path: PathBuf,
        content: Vec<u8>,
    },
}

impl Pending {
    fn folder(&self) -> Option<&Path> {
        match self {
            Self::Created(path) | Self::Removed { path, .. } | Self::Renamed { to: path, .. } => {
                path.parent()
            }
        }
    }
}

impl FaultyDisk {
    /// A disk that follows `plan`, or only counts.
    pub fn new(plan: Option<Plan>) -> Self {
        Self(Arc::new(Mutex::new(Faults {
            plan,
            done: 0,
            names: Vec::new(),
            synced: BTreeMap::new(),
            pending: Vec::new(),
        })))
    }

    /// The operations so far, by kind and name, in order.
    pub fn operations(&self) -> Vec<String> {
        self.faults().names.clone()
    }

    /// No operation fails from now on.
    pub fn heal(&self) {
        self.faults().plan = None;
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an operation, and ends it as planned. `torn` is what is done of it before.
    fn step(&self, what: &str, path: &Path, torn: impl FnOnce()) -> io::Result<()> {
        let mut faults = self.faults();
        let number = faults.done;
        faults.done += 1;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        let name = format!("{what} {name}");
        faults.names.push(name);
        let Some(plan) = faults.plan else { return Ok(()) };
        match plan.ending {
            Ending::FailFromHere(errno) if number >= plan.at => Err(io::Error::from_raw_os_error(errno)),
            Ending::Fail(errno) if number == plan.at => Err(io::Error::from_raw_os_error(errno)),
            Ending::Kill if number == plan.at => {
                torn();
                std::process::abort()
            }
            Ending::PowerLoss if number == plan.at => {
                torn();
                faults.lose_power();
                std::process::abort()
            }
            _ => Ok(()),
        }
    }
}

impl Faults {
    /// Takes back, newest first, what no sync made durable. Whatever fails here was not there to be lost.
    fn lose_power(&mut self) {
        for (path, length) in &self.synced {
            if let Ok(file) = std::fs::OpenOptions::new().write(true).open(path) {
                let now = file.metadata().map_or(0, |metadata| metadata.len());
                drop(file.set_len(now.min(*length)));
            }
        }
        for change in self.pending.drain(..).rev() {
            drop(match change {
                Pending::Created(path) => std::fs::remove_file(path),
                Pending::Removed { path, content } => std::fs::write(path, content),
                Pending::Renamed { from, to, over } => std::fs::rename(&to, from)
                    .and_then(|()| over.map_or(Ok(()), |old| std::fs::write(to, old))),
            });
        }
    }
}

impl Disk for FaultyDisk {
    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        if path.is_dir() {
            return Ok(());
        }
        self.step("mkdir", path, || ())?;
        RealDisk.create_dir_all(path)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let fresh = !path.exists();
        self.step("open", path, || ())?;
        let file = RealDisk.open(path)?;
        let mut faults = self.faults();
        if fresh {
            faults.pending.push(Pending::Created(path.to_owned()));
        }
        let length = file.length()?;
        faults.synced.entry(path.to_owned()).or_insert(length);
        Ok(Box::new(FaultyFile {
            path: path.to_owned(),
            file,
            disk: self.clone(),
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step("rename", to, || ())?;
        let over = std::fs::read(to).ok();
        RealDisk.rename(from, to)?;
        let mut faults = self.faults();
        if let Some(length) = faults.synced.remove(from) {
            faults.synced.insert(to.to_owned(), length);
        }
        faults.pending.push(Pending::Renamed {
            from: from.to_owned(),
            to: to.to_owned(),
            over,
        });
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step("remove", path, || ())?;
        let content = std::fs::read(path).unwrap_or_default();
        RealDisk.remove(path)?;
        let mut faults = self.faults();
        faults.synced.remove(path);
        faults.pending.push(Pending::Removed {
            path: path.to_owned(),
            content,
        });
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.step("syncdir", path, || ())?;
        RealDisk.sync_dir(path)?;
        self.faults()
            .pending
            .retain(|change| change.folder() != Some(path));
        Ok(())
    }

    fn point(&self, what: &str) -> io::Result<()> {
        self.step("point", Path::new(what), || ())
    }
}

#[derive(Debug)]
struct FaultyFile {
    path: PathBuf,
    file: Box<dyn DiskFile>,
    disk: FaultyDisk,
}

impl DiskFile for FaultyFile {
    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let Self { path, file, disk } = self;
        disk.step("write", path, || {
            drop(file.write_all_at(&bytes[..bytes.len() / 2], offset))
        })?;
        file.write_all_at(bytes, offset)
    }

    fn set_len(&mut self, length: u64) -> io::Result<()> {
        self.disk.step("truncate", &self.path, || ())?;
        self.file.set_len(length)?;
        if let Some(synced) = self.disk.faults().synced.get_mut(&self.path) {
            *synced = length.min(*synced);
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.step("sync", &self.path, || ())?;
        self.file.sync()?;
        let length = self.file.length()?;
        self.disk.faults().synced.insert(self.path.clone(), length);
        Ok(())
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }

    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::write_atomically;

    const ENOSPC: i32 = 28;

    #[test]
    fn operations_are_counted_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let disk = FaultyDisk::new(None);
        write_atomically(&disk, &folder.path().join("a"), b"x").unwrap();
        let folder = folder.path().file_name().unwrap().to_string_lossy().into_owned();
        let expected = [
            "open a.tmp",
            "truncate a.tmp",
            "write a.tmp",
            "sync a.tmp",
            "rename a",
            &format!("syncdir {folder}"),
        ];
        assert_eq!(disk.operations(), expected);
    }

    #[test]
    fn the_chosen_operation_fails_once_or_until_healed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let disk = FaultyDisk::new(Some(Plan {
            at: 2,
            ending: Ending::Fail(ENOSPC),
        }));
        assert_eq!(
            write_atomically(&disk, &path, b"x").unwrap_err().raw_os_error(),
            Some(ENOSPC)
        );
        assert!(!path.exists());
        write_atomically(&disk, &path, b"x").unwrap();

        let disk = FaultyDisk::new(Some(Plan {
            at: 2,
            ending: Ending::FailFromHere(ENOSPC),
        }));
        assert!(write_atomically(&disk, &path, b"y").is_err());
        assert!(write_atomically(&disk, &path, b"y").is_err());
        disk.heal();
        write_atomically(&disk, &path, b"y").unwrap();
        assert_eq!(fs::read(path).unwrap(), b"y");
    }

    #[test]
    fn power_takes_what_was_not_synced() {
        let folder = tempfile::tempdir().unwrap();
        let (kept, torn) = (folder.path().join("kept"), folder.path().join("torn"));
        let disk = FaultyDisk::new(None);
        write_atomically(&disk, &kept, b"old").unwrap();
        let mut file = disk.open(&kept).unwrap();
        file.write_all_at(b" and new", 3).unwrap();
        disk.open(&torn).unwrap().write_all_at(b"nameless", 0).unwrap();
        disk.rename(&kept, &folder.path().join("renamed")).unwrap();
        disk.faults().lose_power();
        assert_eq!(fs::read(&kept).unwrap(), b"old");
        assert!(!torn.exists());
        assert!(!folder.path().join("renamed").exists());
    }
}
