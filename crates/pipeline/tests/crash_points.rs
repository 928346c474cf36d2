//! Stops a run at every operation on the disk, starts again, and compares with a run that nobody disturbed.
//!
//! `cargo test -p gristmill-pipeline --test crash_points -- --nocapture` prints how many points there were, and
//! `POWER_SEEDS=50` before it draws as many losses of power at each.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod house;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use gristmill_core::DocumentId;
use gristmill_journal::Ledger;
use gristmill_pipeline::{Counters, RetryRequests, WhenDone};
use gristmill_sink::Quarantine;
use house::{
    FILES, child, expected, fill, folder, found, inbox, once, real, run, settings, stop_at_each, told,
    totals, when_done, word,
};

/// Not a test by itself: the process that is stopped.
#[test]
fn the_run_that_is_stopped() {
    if let Some(told) = told() {
        let when_done = when_done(&word("WHEN_DONE"), &told.dir);
        once(&told.dir, told.disk, 2, when_done).unwrap();
    }
}

/// Stops at every operation in turn. Inputs that are deleted as they are done show best what is lost.
fn crash_everywhere(ending: &str, done: &str) {
    let expected = expected();
    let told = [("ENDING", ending), ("WHEN_DONE", done)];
    let at = stop_at_each("the_run_that_is_stopped", &told, 1, fill, |dir, at| {
        once(dir, real(), 2, when_done(done, dir)).unwrap();
        let place = format!("{ending} at operation {at}, {done}");
        assert_eq!(found(dir), expected, "{place}");
        assert_eq!(totals(dir).accepted(), 15, "{place}");
        let files = |folder: &str| fs::read_dir(dir.join(folder)).map_or(0, Iterator::count);
        let left = match done {
            "keep" => (FILES, 0),
            "delete" => (0, 0),
            _ => (0, FILES),
        };
        assert_eq!((files("inbox"), files("done")), left, "{place}");
    });
    assert!(at > 50, "only {at} operations");
    println!("{at} points, ending {ending}, inputs {done}: all passed");
}

#[test]
fn kill_at_every_operation_and_keep() {
    crash_everywhere("kill", "keep");
}

#[test]
fn kill_at_every_operation_and_delete() {
    crash_everywhere("kill", "delete");
}

#[test]
fn kill_at_every_operation_and_move() {
    crash_everywhere("kill", "move");
}

#[test]
fn power_loss_at_every_operation_and_delete() {
    crash_everywhere("0", "delete");
}

#[test]
fn power_loss_at_every_operation_and_move() {
    crash_everywhere("0", "move");
}

/// What was not synced survives in part and out of order.
#[test]
fn partial_power_loss_at_every_operation() {
    let seeds = std::env::var("POWER_SEEDS").map_or(2, |seeds| seeds.parse().unwrap());
    for seed in 1..=seeds {
        crash_everywhere(&u64::to_string(&seed), "delete");
    }
}

/// The documents in quarantine that a better mood lets pass.
fn failed(dir: &Path) -> Vec<DocumentId> {
    Ledger::open(&dir.join("state")).unwrap().quarantined().unwrap()
}

/// Not a test by itself: asks for all that failed to be tried again, and runs.
#[test]
fn the_retry_that_is_stopped() {
    if let Some(told) = told() {
        let ids = failed(&told.dir);
        let requests = RetryRequests::new(&told.dir.join("state"), Arc::clone(&told.disk));
        for id in &ids {
            requests.put(id).unwrap();
        }
        let settings = settings(&told.dir, 2, WhenDone::Keep);
        run(&settings, told.disk, true, &Arc::default()).unwrap();
    }
}

/// A drop folder that was taken, then tried again with `disturb` in between.
fn retried(disturb: impl FnOnce(&Path) -> bool) -> (house::Found, bool) {
    let dir = folder();
    let dir = dir.path();
    fill(dir);
    // A file that is set aside whole: twelve processes have ended while they read it.
    let packed = dir.join("inbox/21.jsonl");
    fs::write(&packed, "{\"text\": \"seven\"}\n{\"text\": \"eight\"}\n").unwrap();
    let name = DocumentId::from_bytes(inbox(dir).find(&packed).unwrap().key());
    fs::create_dir_all(dir.join("state")).unwrap();
    fs::write(dir.join("state/ends"), format!("{name} 12 source\n")).unwrap();
    once(dir, real(), 2, WhenDone::Keep).unwrap();
    let ended = disturb(dir);
    // Whoever saw the request fail asks again.
    let requests = RetryRequests::new(&dir.join("state"), real());
    for id in failed(dir) {
        requests.put(&id).unwrap();
    }
    let counters = Arc::<Counters>::default();
    run(&settings(dir, 2, WhenDone::Keep), real(), true, &counters).unwrap();
    assert_eq!(totals(dir).accepted(), 18);
    assert_eq!(fs::read_dir(dir.join("state/retry")).unwrap().count(), 0);
    // Its documents came, and the entry stays and says that it was tried again; what failed again is as new.
    let quarantine = Quarantine::new(&dir.join("out/quarantine"), real());
    for id in failed(dir) {
        let entry = quarantine.entry(&id).unwrap();
        assert_eq!(
            entry.retried.is_some(),
            entry.source.path == "21.jsonl",
            "{entry:?}"
        );
    }
    (found(dir), ended)
}

fn crash_in_retry(ending: &str) {
    let (expected, _) = retried(|_| true);
    assert_eq!((expected.documents.len(), expected.quarantine.len()), (12, 4));
    let mut at = 0;
    loop {
        let number = at.to_string();
        let told = [("AT", number.as_str()), ("ENDING", ending)];
        let (found, ended) = retried(|dir| child("the_retry_that_is_stopped", dir, &told));
        assert_eq!(found, expected, "{ending} at operation {at} of a retry");
        if ended {
            break;
        }
        at += 1;
    }
    println!("{at} points in a retry, ending {ending}: all passed");
}

#[test]
fn kill_at_every_operation_of_a_retry() {
    crash_in_retry("kill");
}

#[test]
fn power_loss_at_every_operation_of_a_retry() {
    crash_in_retry("0");
}
