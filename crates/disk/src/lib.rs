//! The one seam through which everything durable is written.
//!
//! Exactly-once is a promise about instants: between any two operations on the disk the machine may stop, and
//! any operation may fail. So every write, sync, rename and removal on the way of a batch goes through
//! [`Disk`], and a commit of the database announces itself to it. In the daemon that is [`RealDisk`], which
//! only calls the system; in tests it is [`FaultyDisk`], which counts the operations and stops the process, fails or forgets
//! what was not synced at the one it was told to.
//!
//! Reading is not part of the seam: a read changes nothing that could be lost.

mod faulty;
mod observed;
mod real;

use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::sync::Arc;

pub use faulty::{Ending, FaultyDisk, Plan};
pub use observed::{ObservedDisk, Observer};
pub use real::{ReadOnlyDisk, RealDisk};

/// A disk, shared by all who write to it.
pub type SharedDisk = Arc<dyn Disk>;

/// What can be done to folders and to names in them. Nothing is durable before it was synced.
pub trait Disk: Send + Sync + Debug {
    /// Makes the folder `path` and those above it, and syncs what it made into the folders above.
    ///
    /// # Errors
    /// As the system says.
    fn create_dir_all(&self, path: &Path) -> io::Result<()>;

    /// Opens the file at `path` for reading and writing, and makes it if there is none.
    ///
    /// # Errors
    /// As the system says.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Renames `from` to `to`, over what was there.
    ///
    /// # Errors
    /// As the system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes the file at `path`.
    ///
    /// # Errors
    /// As the system says.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in the folder `path` durable.
    ///
    /// # Errors
    /// As the system says.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Says that something outside this seam, such as the commit of a database, is about to become durable.
    ///
    /// # Errors
    /// Only in tests: the operation is to fail.
    fn point(&self, what: &str) -> io::Result<()>;
}

/// A file open for writing.
pub trait DiskFile: Send + Sync + Debug {
    /// Writes all `bytes` at `offset`.
    ///
    /// # Errors
    /// As the system says; a part may have been written.
    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Cuts the file to `length`, or fills it up with zeros.
    ///
    /// # Errors
    /// As the system says.
    fn set_len(&mut self, length: u64) -> io::Result<()>;

    /// Makes the content durable, though not the name.
    ///
    /// # Errors
    /// As the system says.
    fn sync(&mut self) -> io::Result<()>;

    /// Fills `buffer` from `offset` on.
    ///
    /// # Errors
    /// As the system says, or `UnexpectedEof`.
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;

    /// The length of the file in bytes.
    ///
    /// # Errors
    /// As the system says.
    fn length(&self) -> io::Result<u64>;
}

/// Makes the folder `path` if there is none, and its name durable also where it was there: whoever made it may
/// have been stopped before that.
///
/// # Errors
/// As the system says.
pub fn make_folder(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    disk.create_dir_all(path)?;
    match path.parent() {
        Some(above) if !above.as_os_str().is_empty() => disk.sync_dir(above),
        _ => disk.sync_dir(Path::new(".")),
    }
}

/// Writes `bytes` to a new file at `path` such that after a crash there is the whole file or none, durably
/// once this returns: to a name of its own beside it first, then renamed.
///
/// # Errors
/// As the system says.
pub fn write_atomically(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(disk, path, bytes)?;
    disk.sync_dir(path.parent().unwrap_or(Path::new(".")))
}

/// As [`write_atomically`], but for the name, which is durable once its folder is synced.
///
/// # Errors
/// As the system says.
pub fn replace(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".tmp");
    replace_from(disk, Path::new(&aside), path, bytes)
}

/// As [`replace`], with `aside` for the name that the file has until it is whole: where others read the folder, they must
/// know to leave such names alone.
///
/// # Errors
/// As the system says.
pub fn replace_from(disk: &dyn Disk, aside: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = disk.open(aside)?;
    file.set_len(0)?;
    file.write_all_at(bytes, 0)?;
    file.sync()?;
    disk.rename(aside, path)
}
