//! A disk that does what disks do in the worst instant, for tests.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{Disk, DiskFile, RealDisk};

/// What happens at the chosen operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The process stops as by `kill -9`: what was written stays.
    Kill,
    /// The power goes, and with it what was not synced, contents and names alike: all of it for 0, else a part
    /// that this seed draws. Disks write back in any order, so of two writes the second may be the one that
    /// survives, and a sector of 512 bytes is all that is written whole. Names change in order within a folder.
    PowerLoss(u64),
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
    /// What a loss of power leaves of each file that was opened.
    contents: BTreeMap<PathBuf, Content>,
    /// Names made or changed since their folder was synced, oldest first.
    pending: Vec<Pending>,
}

/// A file's content as it was last synced, and what was done to it since.
#[derive(Debug, Default, Clone)]
struct Content {
    durable: Vec<u8>,
    since: Vec<Change>,
}

#[derive(Debug, Clone)]
enum Change {
    Write(u64, Vec<u8>),
    Length(u64),
}

/// The unit that a disk writes whole or not at all.
const SECTOR: usize = 512;

impl Change {
    /// Does it to `content`, or as much of it as `survives` lets.
    fn apply(&self, content: &mut Vec<u8>, mut survives: impl FnMut() -> bool) {
        match self {
            Self::Length(length) => {
                if survives() {
                    content.resize(*length as usize, 0);
                }
            }
            Self::Write(offset, bytes) => {
                let places = (*offset as usize..).step_by(SECTOR);
                for (start, sector) in places.zip(bytes.chunks(SECTOR)).filter(|_| survives()) {
                    content.resize(content.len().max(start + sector.len()), 0);
                    content[start..start + sector.len()].copy_from_slice(sector);
                }
            }
        }
    }
}

impl Content {
    /// What is there once the power is back.
    fn survivors(&self, chance: &mut Chance) -> Vec<u8> {
        let mut content = self.durable.clone();
        for change in &self.since {
            change.apply(&mut content, || chance.survives());
        }
        content
    }

    fn sync(&mut self) {
        for change in self.since.drain(..) {
            change.apply(&mut self.durable, || true);
        }
    }
}

/// Draws what survives: nothing for the seed 0, else about half. (SplitMix64.)
#[derive(Debug)]
struct Chance(u64);

impl Chance {
    fn survives(&mut self) -> bool {
        if self.0 == 0 {
            return false;
        }
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed >> 63 == 1
    }
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
        content: Content,
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
            contents: BTreeMap::new(),
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
            Ending::PowerLoss(seed) if number == plan.at => {
                torn();
                faults.lose_power(seed);
                std::process::abort()
            }
            _ => Ok(()),
        }
    }
}

impl Faults {
    /// Takes back what no sync made durable and chance does not let survive: of names the newest first, so that in
    /// each folder those up to some moment remain. Whatever fails here was not there to be lost.
    fn lose_power(&mut self, seed: u64) {
        let mut chance = Chance(seed);
        for (path, content) in &self.contents {
            if path.exists() && !content.since.is_empty() {
                drop(std::fs::write(path, content.survivors(&mut chance)));
            }
        }
        let mut settled = BTreeSet::new();
        for change in self.pending.drain(..).rev() {
            let folder = change.folder().map(Path::to_owned);
            if settled.contains(&folder) || chance.survives() {
                settled.insert(folder);
                continue;
            }
            drop(match change {
                Pending::Created(path) => std::fs::remove_file(path),
                Pending::Removed { path, content } => std::fs::write(path, content.survivors(&mut chance)),
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
        // What was there before this disk is taken to be durable.
        if let Entry::Vacant(place) = faults.contents.entry(path.to_owned()) {
            place.insert(Content {
                durable: std::fs::read(path)?,
                since: Vec::new(),
            });
        }
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
        if let Some(content) = faults.contents.remove(from) {
            faults.contents.insert(to.to_owned(), content);
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
        let there = std::fs::read(path).unwrap_or_default();
        RealDisk.remove(path)?;
        let mut faults = self.faults();
        let content = faults.contents.remove(path).unwrap_or(Content {
            durable: there,
            since: Vec::new(),
        });
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

impl FaultyFile {
    fn did(&self, change: Change) {
        if let Some(content) = self.disk.faults().contents.get_mut(&self.path) {
            content.since.push(change);
        }
    }
}

impl DiskFile for FaultyFile {
    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let Self { path, file, disk } = self;
        disk.step("write", path, || {
            drop(file.write_all_at(&bytes[..bytes.len() / 2], offset))
        })?;
        file.write_all_at(bytes, offset)?;
        self.did(Change::Write(offset, bytes.to_owned()));
        Ok(())
    }

    fn set_len(&mut self, length: u64) -> io::Result<()> {
        self.disk.step("truncate", &self.path, || ())?;
        self.file.set_len(length)?;
        self.did(Change::Length(length));
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.step("sync", &self.path, || ())?;
        self.file.sync()?;
        if let Some(content) = self.disk.faults().contents.get_mut(&self.path) {
            content.sync();
        }
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
        disk.faults().lose_power(0);
        assert_eq!(fs::read(&kept).unwrap(), b"old");
        assert!(!torn.exists());
        assert!(!folder.path().join("renamed").exists());
    }

    #[test]
    fn power_takes_any_part_of_what_was_not_synced() {
        let mut seen = BTreeSet::new();
        for seed in 1..200 {
            let folder = tempfile::tempdir().unwrap();
            let disk = FaultyDisk::new(None);
            write_atomically(&disk, &folder.path().join("a"), b"0").unwrap();
            let mut file = disk.open(&folder.path().join("a")).unwrap();
            file.write_all_at(&[b'1'; 2 * SECTOR], 0).unwrap();
            drop(disk.open(&folder.path().join("b")).unwrap());
            drop(disk.open(&folder.path().join("c")).unwrap());
            disk.faults().lose_power(seed);
            let content = fs::read(folder.path().join("a")).unwrap();
            let (b, c) = (folder.path().join("b").exists(), folder.path().join("c").exists());
            assert!(b || !c, "names change in order");
            seen.insert((content.len(), content[0], content.last().copied(), b, c));
        }
        // The first sector, the second, both or none, by the names of none, one or both of the new files.
        assert_eq!(seen.len(), 4 * 3);
    }
}
