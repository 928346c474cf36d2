//! A machine that fails: nothing is lost, somebody is told, and the work goes on once it is well again.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod house;

use std::fs;
use std::sync::Arc;

use gristmill_disk::{Ending, FaultyDisk, Plan};
use gristmill_pipeline::{Counters, Counts, WhenDone};
use house::{expected, fill, folder, found, once, real, run, settings, totals};

const EIO: i32 = 5;
const EACCES: i32 = 13;
const EMFILE: i32 = 24;
const ENOSPC: i32 = 28;
const EROFS: i32 = 30;
const ERRORS: [i32; 5] = [EIO, EACCES, EMFILE, ENOSPC, EROFS];

/// The number of operations of an undisturbed run, roughly: it depends on how batches fall.
fn operations(when_done: WhenDone) -> u64 {
    let dir = folder();
    fill(dir.path());
    let disk = FaultyDisk::new(None);
    once(dir.path(), Arc::new(disk.clone()), 2, when_done).unwrap();
    disk.operations().len() as u64
}

/// Whatever the run came to, all that it took in is accounted for.
fn settled(counts: Counts) -> u64 {
    assert_eq!(counts.in_flight(), 0, "{counts:?}");
    counts.accepted
}

fn fail_everywhere(ending: impl Fn(i32) -> Ending, when_done: &WhenDone) {
    let expected = expected();
    let operations = operations(when_done.clone());
    let mut stopped = 0;
    for at in 0..operations {
        let errno = ERRORS[at as usize % ERRORS.len()];
        let dir = folder();
        fill(dir.path());
        let disk = FaultyDisk::new(Some(Plan {
            at,
            ending: ending(errno),
        }));
        let counters = Arc::<Counters>::default();
        let settings = settings(dir.path(), 2, when_done.clone());
        let first = run(&settings, Arc::new(disk.clone()), false, &counters);
        settled(counters.now());
        if let Err(error) = first {
            assert!(error.may_pass(), "{error}");
            stopped += 1;
        }
        disk.heal();
        run(&settings, Arc::new(disk), false, &counters).unwrap();
        assert_eq!(found(dir.path()), expected, "error {errno} at operation {at}");
        // What was counted before the failure is in the books, and nothing is counted twice.
        assert_eq!(settled(counters.now()), totals(dir.path()).accepted());
    }
    assert!(stopped > operations / 2, "{stopped} of {operations}");
}

#[test]
fn an_error_at_every_operation() {
    fail_everywhere(Ending::Fail, &WhenDone::Keep);
}

#[test]
fn errors_from_every_operation_on() {
    fail_everywhere(Ending::FailFromHere, &WhenDone::Delete);
}

#[test]
fn a_vanished_drop_folder_is_an_error_that_may_pass() {
    let dir = folder();
    fill(dir.path());
    let inbox = dir.path().join("inbox");
    fs::rename(&inbox, dir.path().join("aside")).unwrap();
    let error = once(dir.path(), real(), 2, WhenDone::Keep).unwrap_err();
    assert!(error.may_pass(), "{error}");
    fs::rename(dir.path().join("aside"), &inbox).unwrap();
    once(dir.path(), real(), 2, WhenDone::Keep).unwrap();
    assert_eq!(found(dir.path()), expected());
}
