//! Disks in files, mounted, and one whose every block is recorded.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Small, so that thousands of copies of it are soon made.
const SIZE: u64 = 32 << 20;

/// Nothing is flushed that nobody asked for: ext4's own care for files that are renamed over is off.
const OPTIONS: &str = "noauto_da_alloc,nodiscard,noatime";

fn must(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Makes an empty ext4 in the file `image`.
pub(crate) fn make_disk(image: &Path) {
    fs::File::create(image).unwrap().set_len(SIZE).unwrap();
    let options = ["-q", "-F", "-b", "4096", "-J", "size=4", "-E"];
    let lazy = "lazy_itable_init=0,lazy_journal_init=0,nodiscard";
    must(Command::new("mkfs.ext4").args(options).arg(lazy).arg(image));
}

/// A disk at its place, until it is dropped.
pub(crate) struct Mounted {
    place: PathBuf,
    /// Beside what `mount` frees by itself.
    device: Option<String>,
}

impl Mounted {
    /// Mounts the disk in the file `image` on the folder `place`.
    pub(crate) fn image(image: &Path, place: &Path) -> Self {
        fs::create_dir_all(place).unwrap();
        let options = format!("loop,{OPTIONS}");
        must(
            Command::new("mount")
                .args(["-t", "ext4", "-o", &options])
                .args([image, place]),
        );
        Self {
            place: place.to_owned(),
            device: None,
        }
    }

    /// Mounts what can be seen of a disk in the file `export`.
    fn export(export: &Path, place: &Path) -> Self {
        fs::create_dir_all(place).unwrap();
        let device = must(Command::new("losetup").args(["-f", "--show"]).arg(export));
        must(
            Command::new("mount")
                .args(["-t", "ext4", "-o", OPTIONS, &device])
                .arg(place),
        );
        Self {
            place: place.to_owned(),
            device: Some(device),
        }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        must(Command::new("umount").arg(&self.place));
        if let Some(device) = &self.device {
            must(Command::new("losetup").args(["-d", device]));
        }
    }
}

/// Does `work` on the disk in the file `image`, mounted on `place`, and records what is written to it in `log`.
pub(crate) fn record(image: &Path, log: &Path, place: &Path, work: impl FnOnce()) {
    let export = image.with_extension("export");
    for file in [log, &export] {
        fs::write(file, "").unwrap();
    }
    let mut daemon = storage_daemon(image, log, &export);
    let mounted = Mounted::export(&export, place);
    work();
    drop(mounted);
    let stopped = Command::new("kill").arg(daemon.id().to_string()).status();
    assert!(stopped.unwrap().success());
    daemon.wait().unwrap();
}

fn storage_daemon(image: &Path, log: &Path, export: &Path) -> Child {
    let file = |name: &str, path: &Path| format!("driver=file,node-name={name},filename={}", path.display());
    let mount = format!(
        "type=fuse,id=seen,node-name=recorded,mountpoint={},writable=on",
        export.display()
    );
    let mut daemon = Command::new("qemu-storage-daemon")
        .args([
            "--blockdev",
            &file("disk", image),
            "--blockdev",
            &file("log", log),
        ])
        .args([
            "--blockdev",
            "driver=blklogwrites,node-name=recorded,file=disk,log=log",
        ])
        .args(["--export", &mount])
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let given_up = Instant::now() + Duration::from_secs(20);
    while fs::metadata(export).unwrap().len() != SIZE {
        assert_eq!(daemon.try_wait().unwrap(), None, "the recorder ended");
        assert!(Instant::now() < given_up, "the recorder does not start");
        thread::sleep(Duration::from_millis(20));
    }
    daemon
}
