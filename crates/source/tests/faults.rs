//! What reading makes of faults that are not the file's own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;

use gristmill_source::{Content, FileRef, Inbox, Item, NoBooks, Outcome, Settings, Watched};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

fn one_file(dir: &Path) -> (Inbox, FileRef) {
    let inbox = Inbox::new(Settings {
        watch: vec![Watched {
            path: dir.to_owned(),
            name: None,
        }],
        settle: std::time::Duration::ZERO,
        ..Settings::default()
    })
    .unwrap();
    let mut found = None;
    let mut visit = |file| {
        found = Some(file);
        ControlFlow::Break(())
    };
    inbox.scan(&NoBooks, &mut visit).unwrap();
    (inbox, found.unwrap())
}

#[test]
fn a_reader_that_panics_sets_the_file_aside() {
    let dir = tempfile::tempdir().unwrap();
    let lines = "{\"text\": \"one\"}\n{\"text\": \"two\"}\n";
    fs::write(dir.path().join("a.jsonl"), lines).unwrap();
    let (inbox, file) = one_file(dir.path());
    let (mut calls, mut faults, mut total) = (0, Vec::new(), None);
    let outcome = inbox.read(&file, 0, &mut |item| {
        calls += 1;
        if calls == 1 {
            std::panic::resume_unwind(Box::new("out of temper"));
        }
        match item {
            // What came before the reader gave up stands.
            Item::Record(record) => {
                if let Content::Fault(fault) = record.content {
                    faults.push((fault.reason.as_str(), fault.detail, record.raw.len()));
                }
            }
            Item::Complete { records } => total = Some(records),
        }
        ControlFlow::Continue(())
    });
    assert_eq!(outcome, Outcome::Complete);
    let detail = "the reader panicked: out of temper".to_owned();
    assert_eq!(faults, [("panic", detail, lines.len())]);
    assert!(total.is_some());
}

/// Not a test by itself: a process that may open no file.
#[test]
fn out_of_handles() {
    let Some(dir) = std::env::var_os("OUT_OF_HANDLES") else {
        return;
    };
    let (inbox, file) = one_file(Path::new(&dir));
    let before = getrlimit(Resource::Nofile);
    let none = Rlimit {
        current: Some(0),
        ..before
    };
    setrlimit(Resource::Nofile, none).unwrap();
    let mut items = 0;
    let mut count = |_| {
        items += 1;
        ControlFlow::Continue(())
    };
    let outcome = inbox.read(&file, 0, &mut count);
    assert_eq!(outcome, Outcome::Exhausted(24));
    setrlimit(Resource::Nofile, before).unwrap();
    assert_eq!(inbox.read(&file, 0, &mut count), Outcome::Complete);
    assert_eq!(items, 2);
}

#[test]
fn a_file_is_not_set_aside_because_the_machine_is_out_of_handles() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.txt"), "Body.").unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "out_of_handles"])
        .env("OUT_OF_HANDLES", dir.path())
        .status()
        .unwrap();
    assert!(status.success());
}
