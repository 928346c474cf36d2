use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::{Disk, DiskFile};

/// The disk of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        if path.as_os_str().is_empty() || path.is_dir() {
            return Ok(());
        }
        let above = path.parent().unwrap_or(Path::new(""));
        self.create_dir_all(above)?;
        match fs::create_dir(path) {
            Ok(()) => self.sync_dir(if above.as_os_str().is_empty() {
                Path::new(".")
            } else {
                above
            }),
            Err(_) if path.is_dir() => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        Ok(Box::new(RealFile {
            file,
            path: path.to_owned(),
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn point(&self, _: &str) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
struct RealFile {
    file: File,
    path: PathBuf,
}

impl DiskFile for RealFile {
    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    fn set_len(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    /// A file that somebody has removed, or moved away with its folder, would take what is written to it along.
    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        let (ours, there) = (self.file.metadata()?, fs::metadata(&self.path)?);
        if (ours.dev(), ours.ino()) == (there.dev(), there.ino()) {
            Ok(())
        } else {
            let message = "another file took its place while it was being written";
            Err(io::Error::new(io::ErrorKind::NotFound, message))
        }
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }

    fn length(&self) -> io::Result<u64> {
        self.file.metadata().map(|metadata| metadata.len())
    }
}

/// The disk of the machine for those who only look: nothing is made, changed or removed.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReadOnlyDisk;

fn refused<T>() -> io::Result<T> {
    Err(io::ErrorKind::ReadOnlyFilesystem.into())
}

impl Disk for ReadOnlyDisk {
    /// There is nothing to be made: files in it are not made either.
    fn create_dir_all(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    /// A file that is not there is an empty one.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        match File::open(path) {
            Ok(file) => Ok(Box::new(ReadOnlyFile(Some(file)))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Box::new(ReadOnlyFile(None))),
            Err(error) => Err(error),
        }
    }

    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        refused()
    }

    fn remove(&self, _: &Path) -> io::Result<()> {
        refused()
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn point(&self, _: &str) -> io::Result<()> {
        refused()
    }
}

#[derive(Debug)]
struct ReadOnlyFile(Option<File>);

impl DiskFile for ReadOnlyFile {
    fn write_all_at(&mut self, _: &[u8], _: u64) -> io::Result<()> {
        refused()
    }

    fn set_len(&mut self, _: u64) -> io::Result<()> {
        refused()
    }

    fn sync(&mut self) -> io::Result<()> {
        refused()
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        match &self.0 {
            Some(file) => file.read_exact_at(buffer, offset),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    fn length(&self) -> io::Result<u64> {
        self.0
            .as_ref()
            .map_or(Ok(0), |file| file.metadata().map(|metadata| metadata.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_taken_away_is_not_safe() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        fs::create_dir(folder.path().join("a")).unwrap();
        let mut file = RealDisk.open(&path).unwrap();
        file.write_all_at(b"x", 0).unwrap();
        file.sync().unwrap();
        let mut refused = || assert_eq!(file.sync().unwrap_err().kind(), io::ErrorKind::NotFound);
        fs::rename(folder.path().join("a"), folder.path().join("aside")).unwrap();
        refused();
        fs::create_dir(folder.path().join("a")).unwrap();
        fs::write(&path, "another").unwrap();
        refused();
        fs::remove_file(folder.path().join("aside/b")).unwrap();
        refused();
    }
}
