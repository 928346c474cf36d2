//! Documents that make a stage fail in the worst ways: each is set aside, and the others go on.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod house;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gristmill_pipeline::{Counters, Settings, WhenDone};
use house::{child, folder, found, real, run, settings, totals};

/// Lets `texts` land, a file each.
fn fill(dir: &Path, texts: &[&str]) {
    fs::create_dir_all(dir.join("inbox")).unwrap();
    for (number, text) in texts.iter().enumerate() {
        fs::write(dir.join(format!("inbox/{number:02}.txt")), text).unwrap();
    }
}

/// A run with little patience.
fn hasty(dir: &Path) -> Arc<Counters> {
    let hasty = Settings {
        document_time: Duration::from_millis(300),
        ..settings(dir, 2, WhenDone::Keep)
    };
    let counters = Arc::default();
    run(&hasty, real(), false, &counters).unwrap();
    counters
}

/// Not a test by itself: a process that only a new one can help.
#[test]
fn the_run_that_hangs() {
    if env::var("AT").is_ok_and(|at| at == "hang") {
        hasty(&PathBuf::from(env::var("CHILD_DIR").unwrap()));
    }
}

/// Every document that is not `fine` is in quarantine with its bytes and this reason, and `fine` ones are lines.
fn check(dir: &Path, fine: u64, poison: &[(&str, &str)]) {
    let found = found(dir);
    let set_aside: Vec<_> = found
        .quarantine
        .values()
        .map(|(reason, bytes)| (std::str::from_utf8(bytes).unwrap(), reason.as_str()))
        .collect();
    assert_eq!(set_aside, poison);
    assert_eq!(totals(dir).written, fine);
}

#[test]
fn ten_in_a_row_of_each_kind_stop_nothing() {
    for (text, reason) in [
        ("error", "error"),
        ("panic", "panic"),
        ("late panic", "panic"),
        ("hang", "timeout"),
    ] {
        let dir = folder();
        let texts = [["fine"; 1].as_slice(), &[text; 10], &["well"]].concat();
        fill(dir.path(), &texts);
        let counts = hasty(dir.path()).now();
        assert_eq!((counts.written, counts.quarantined), (2, 10), "{text}");
        check(dir.path(), 2, &[(text, reason); 10]);
    }
}

/// Runs as a process of its own until one comes to its end, and says how many did not.
fn until_done(dir: &Path) -> usize {
    (0..10)
        .find(|_| child("the_run_that_hangs", dir, &[("AT", "hang")]))
        .unwrap()
}

#[test]
fn an_ordered_stage_that_does_not_return_costs_a_process_each() {
    let dir = folder();
    fill(dir.path(), &["fine", "late hang", "well", "late hang", "good"]);
    assert_eq!(until_done(dir.path()), 2);
    check(dir.path(), 3, &[("late hang", "timeout"); 2]);
    assert_eq!(fs::read_dir(dir.path().join("state/poison")).unwrap().count(), 0);
}

#[test]
fn workers_that_hang_are_bounded_and_a_new_process_goes_on() {
    let dir = folder();
    let texts = [["hang"; 40].as_slice(), &["fine"]].concat();
    fill(dir.path(), &texts);
    assert_eq!(until_done(dir.path()), 1);
    check(dir.path(), 1, &[("hang", "timeout"); 40]);
}
