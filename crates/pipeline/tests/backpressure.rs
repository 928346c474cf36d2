//! A disk or a stage that is slower than the reader fills queues that have bounds, never memory.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod house;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use gristmill_disk::{ObservedDisk, Observer};
use gristmill_pipeline::{BatchLimits, Counters, Settings, WhenDone};
use house::{folder, run, settings, totals};

/// Takes its time for each sync, and counts at each how many documents are on their way.
#[derive(Debug)]
struct Slow {
    pause: Duration,
    counters: Arc<Counters>,
    most: AtomicU64,
}

impl Observer for Slow {
    fn sync(&self) {
        thread::sleep(self.pause);
        self.most
            .fetch_max(self.counters.now().in_flight(), Ordering::Relaxed);
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
    let slow = Arc::new(Slow {
        pause: Duration::from_millis(5),
        counters: Arc::default(),
        most: AtomicU64::default(),
    });
    let disk = Arc::new(ObservedDisk::new(Arc::clone(&slow)));
    run(&settings, disk, false, &slow.counters).unwrap();
    assert_eq!(totals(dir.path()).written, count);
    slow.most.load(Ordering::Relaxed)
}

#[test]
fn a_slow_disk_holds_no_more_documents_than_two_batches_and_a_few() {
    const BATCH: u64 = 256;
    const FEW: u64 = 64;
    let most = most_in_flight(3000, 10, |settings| {
        settings.batch = BatchLimits {
            documents: BATCH as usize,
            bytes: 1 << 20,
            time: Duration::from_millis(50),
        };
    });
    // One batch each being gathered and being committed, a few each before the workers and with them, and one in the reader's hand.
    assert!(most <= 2 * (BATCH + FEW) + 1, "{most}");
    assert!(most > BATCH, "the reader does not run ahead: {most}");
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
