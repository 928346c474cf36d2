use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::{Disk, DiskFile, RealDisk};

/// What an [`ObservedDisk`] tells.
pub trait Observer: Debug + Send + Sync + 'static {
    /// The content of a file is about to be synced.
    fn sync(&self) {}

    /// As [`Disk::point`].
    fn point(&self, _what: &str) {}
}

/// A real disk that tells somebody when things become durable, and waits for him: for measuring, and for what a slow
/// disk does.
#[derive(Debug)]
pub struct ObservedDisk<O>(Arc<O>);

impl<O: Observer> ObservedDisk<O> {
    /// Tells `observer`.
    pub fn new(observer: Arc<O>) -> Self {
        Self(observer)
    }
}

impl<O: Observer> Disk for ObservedDisk<O> {
    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        RealDisk.create_dir_all(path)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let (file, observer) = (RealDisk.open(path)?, Arc::clone(&self.0));
        Ok(Box::new(ObservedFile { file, observer }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        RealDisk.sync_dir(path)
    }

    fn point(&self, what: &str) -> io::Result<()> {
        self.0.point(what);
        RealDisk.point(what)
    }
}

#[derive(Debug)]
struct ObservedFile<O> {
    file: Box<dyn DiskFile>,
    observer: Arc<O>,
}

impl<O: Observer> DiskFile for ObservedFile<O> {
    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    fn set_len(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.observer.sync();
        self.file.sync()
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }

    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }
}
