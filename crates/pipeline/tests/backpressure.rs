//! A disk or a stage that is slower than the reader fills queues that have bounds, never memory.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod house;

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use gristmill_disk::{Disk, DiskFile, RealDisk};
use gristmill_pipeline::{BatchLimits, Counters, Settings, WhenDone};
use house::{folder, run, settings, totals};

/// A disk that takes its time for each sync, and counts at each how many documents are on their way.
#[derive(Debug, Clone)]
struct SlowDisk {
    pause: Duration,
    counters: Arc<Counters>,
    most: Arc<AtomicU64>,
}

impl SlowDisk {
    fn wait(&self) {
        thread::sleep(self.pause);
        self.most
            .fetch_max(self.counters.now().in_flight(), Ordering::Relaxed);
    }
}

impl Disk for SlowDisk {
    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        RealDisk.create_dir_all(path)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let (file, disk) = (RealDisk.open(path)?, self.clone());
        Ok(Box::new(SlowFile { file, disk }))
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

    fn point(&self, _: &str) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
struct SlowFile {
    file: Box<dyn DiskFile>,
    disk: SlowDisk,
}

impl DiskFile for SlowFile {
    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    fn set_len(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.wait();
        self.file.sync()
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }

    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }
}

/// Takes `count` records of `length` bytes each over a slow disk, and gives the most documents that were on their way at a time.
fn most_in_flight(count: u64, length: usize, change: impl FnOnce(&mut Settings)) -> u64 {
    let dir = folder();
    fs::create_dir(dir.path().join("inbox")).unwrap();
    let lines: String = (0..count)
        .map(|number| format!("{{\"text\": \"{number} {}\"}}\n", "x".repeat(length)))
        .collect();
    fs::write(dir.path().join("inbox/a.jsonl"), lines).unwrap();
    let mut settings = settings(dir.path(), 2, WhenDone::Keep);
    settings.rotation.size = u64::MAX;
    change(&mut settings);
    let disk = SlowDisk {
        pause: Duration::from_millis(5),
        counters: Arc::default(),
        most: Arc::default(),
    };
    run(&settings, Arc::new(disk.clone()), false, &disk.counters).unwrap();
    assert_eq!(totals(dir.path()).written, count);
    disk.most.load(Ordering::Relaxed)
}

#[test]
fn a_slow_disk_holds_no_more_documents_than_a_few_batches() {
    const BATCH: usize = 8;
    let most = most_in_flight(600, 10, |settings| {
        settings.batch = BatchLimits {
            documents: BATCH,
            bytes: 1 << 20,
            time: Duration::from_millis(50),
        };
    });
    // One batch each before the workers, with them, being gathered, waiting and being committed; and one in the reader's hand.
    assert!(most <= 5 * BATCH as u64 + 1, "{most}");
    assert!(most > BATCH as u64, "the reader does not run ahead: {most}");
}

#[test]
fn a_slow_disk_holds_no_more_bytes_than_may_be_in_flight() {
    const LENGTH: usize = 10 << 10;
    const BYTES: u64 = 200 << 10;
    let most = most_in_flight(300, LENGTH, |settings| {
        settings.in_flight = BYTES;
        settings.batch = BatchLimits {
            documents: 1000,
            bytes: 40 << 10,
            time: Duration::from_millis(50),
        };
    });
    assert!(most <= BYTES / LENGTH as u64, "{most}");
    assert!(most > 1, "the reader does not run ahead: {most}");
}
