//! How a run ends when it is told to, at once or in its own time, and that the next one takes what is left.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::io::Read;
use std::process::{Command, Stdio};

use common::{Daemon, House, said};

/// A stage that takes its time over every document.
const SLOW: &str =
    "[{exec: {name: slow, command: [sh, -c, 'while read -r line; do sleep 0.02; echo {}; done']}}]";
/// A stage that says when it has a document and never answers; it ends with the process that asks it.
const SILENT: &str = "[{exec: {name: silent, command: [sh, -c, 'read -r line; touch asked; cat > /dev/null'], timeout: 600s}}]";
const PATIENT: &str = "document_time: 600s";

fn article(number: usize) -> String {
    format!("The {number}th report of the day says nothing of note about anything.\n")
}

/// The run with its log and what it prints, to be read when it has ended.
fn loud(mut command: Command) -> std::process::Child {
    command
        .env("GRISTMILL_LOG", "info")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn signal(pid: u32, signal: &str) {
    let kill = Command::new("kill").args([signal, &pid.to_string()]).status();
    assert!(kill.unwrap().success());
}

/// All files are taken once, and a further run finds nothing to do.
fn complete(house: &House, files: usize) {
    house.once(0);
    let taken = house.taken();
    assert_eq!(taken.len(), files);
    assert!(taken.values().all(|times| *times == 1), "{taken:?}");
    house.verify();
}

#[test]
fn a_pass_that_is_interrupted_says_so_and_the_next_takes_the_rest() {
    const FILES: usize = 50;
    for told in ["-INT", "-TERM"] {
        let house = House::new(
            SLOW,
            "workers: 1\nlimits: {batch: {documents: 4}, in_flight: 1KiB}",
        );
        for number in 0..FILES {
            house.drop_in(&format!("{number:03}.txt"), article(number));
        }
        let run = loud(house.command(&["run", "--once"]));
        house.wait_for(4);
        signal(run.id(), told);
        let output = run.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains("interrupted: the next run takes what is left"));
        // It drained: what it has begun is finished, sealed and in the books.
        let done = house.taken().len();
        assert!((4..FILES).contains(&done), "{done}");
        assert!(common::files(&house.path("out/documents"), ".open").is_empty());
        house.verify();
        complete(&house, FILES);
    }
}

/// A run that has a document with a stage that does not answer, told to stop; and what it logs from there.
fn stuck(house: &House, arguments: &[&str]) -> (std::process::Child, std::process::ChildStderr) {
    house.drop_in("a.txt", article(1));
    let mut run = loud(house.command(arguments));
    let log = run.stderr.take().unwrap();
    house.wait_until("asked");
    signal(run.id(), "-TERM");
    (run, log)
}

/// Reads the log up to `words`, which are to come.
fn until(log: &mut impl Read, words: &str) {
    let (mut seen, mut byte) = (String::new(), [0]);
    while !seen.contains(words) {
        assert!(log.read(&mut byte).unwrap() > 0, "{words:?} is not in: {seen}");
        seen.push(char::from(byte[0]));
    }
}

#[test]
fn a_second_signal_stops_at_once_and_loses_nothing() {
    for (arguments, code) in [(&["run"][..], 0), (&["run", "--once"], 1)] {
        let house = House::new(SILENT, &format!("limits: {{{PATIENT}, drain: 600s}}"));
        let (mut run, mut log) = stuck(&house, arguments);
        until(&mut log, "a second signal stops at once");
        signal(run.id(), "-INT");
        until(&mut log, "stopping at once");
        assert_eq!(run.wait().unwrap().code(), Some(code));
        assert!(house.taken().is_empty());
        house.change(SILENT, "[]");
        complete(&house, 1);
    }
}

#[test]
fn signals_that_mean_something_to_others_end_nothing() {
    let house = House::new("[]", "");
    let mut command = house.command(&["run"]);
    command.env("GRISTMILL_LOG", "info").stdin(Stdio::null());
    let mut run = loud(command);
    let mut log = run.stderr.take().unwrap();
    until(&mut log, "watching");
    for told in ["HUP", "USR1", "USR2"] {
        signal(run.id(), &format!("-{told}"));
        until(&mut log, &format!("SIG{told} changes nothing"));
    }
    house.drop_in("a.txt", article(1));
    house.wait_for(1);
    signal(run.id(), "-TERM");
    assert_eq!(run.wait().unwrap().code(), Some(0));
    complete(&house, 1);
}

#[test]
fn a_drain_has_its_limit() {
    let house = House::new(SILENT, &format!("limits: {{{PATIENT}, drain: 200ms}}"));
    let (mut run, mut log) = stuck(&house, &["run"]);
    until(&mut log, "not drained within 200ms");
    assert_eq!(run.wait().unwrap().code(), Some(0));
    house.change(SILENT, "[]");
    complete(&house, 1);
}

/// Stops a daemon at work with these signals, one right after the other.
fn finishes_what_it_has_begun(signals: &[&str]) {
    let house = House::new(SLOW, "workers: 1\nlimits: {batch: {documents: 4}}");
    let mut daemon = Daemon::of(house.command(&["run"]));
    for number in 0..40 {
        house.drop_in(&format!("{number:03}.txt"), article(number));
    }
    house.wait_for(2);
    signals.iter().for_each(|name| daemon.signal(name));
    assert_eq!(daemon.wait(), Some(0));
    assert!(common::files(&house.path("out/documents"), ".open").is_empty());
    house.verify();
    complete(&house, 40);
}

#[test]
fn a_daemon_that_is_told_to_stop_finishes_what_it_has_begun() {
    finishes_what_it_has_begun(&["-TERM"]);
}

#[test]
fn the_same_signal_twice_at_once_is_one() {
    // As `timeout` does it.
    finishes_what_it_has_begun(&["-TERM", "-TERM"]);
}

#[test]
fn a_document_is_not_charged_with_the_time_in_which_the_daemon_was_stopped() {
    const WAITING: &str = "[{exec: {name: waiting, command: [sh, -c, \
        'read -r line; touch asked; while [ ! -e go ]; do sleep 0.02; done; echo {}; cat > /dev/null'], timeout: 600s}}]";
    let house = House::new(WAITING, "limits: {document_time: 3s}");
    house.drop_in("a.txt", article(1));
    let mut daemon = Daemon::of(house.command(&["run"]));
    house.wait_until("asked");
    daemon.signal("-STOP");
    std::thread::sleep(std::time::Duration::from_secs(5));
    daemon.signal("-CONT");
    // Long enough for the one who looks to look.
    std::thread::sleep(std::time::Duration::from_millis(700));
    std::fs::write(house.path("go"), "").unwrap();
    house.wait_for(1);
    assert!(common::files(&house.path("out/quarantine"), ".json").is_empty());
    daemon.signal("-TERM");
    assert_eq!(daemon.wait(), Some(0));
}

#[test]
fn killed_over_a_document_the_next_start_tries_it_and_takes_it() {
    let house = House::new(SILENT, &format!("limits: {{{PATIENT}}}"));
    house.drop_in("a.txt", article(1));
    let mut run = loud(house.command(&["run", "--once"]));
    house.wait_until("asked");
    run.kill().unwrap();
    run.wait().unwrap();
    house.change(SILENT, "[dedup]");
    complete(&house, 1);
}
