//! Documents that make a stage fail in the worst ways: each is set aside, and the others go on.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod house;

use std::env;
use std::fs;
use std::io::Write;
use std::ops::ControlFlow;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use gristmill_core::{Built, Document, DocumentId, OrderedStage, StageError, State, StateError, Verdict};
use gristmill_journal::Ledger;
use gristmill_pipeline::{Counters, Explainer, Probe, RetryRequests, Settings, WhenDone};
use gristmill_sink::Quarantine;
use house::{child, ends_well, folder, found, inbox_of, real, run_over, run_through, settings, totals};

/// Lets `texts` land, a file each.
fn fill(dir: &Path, texts: &[&str]) {
    fs::create_dir_all(dir.join("inbox")).unwrap();
    for (number, text) in texts.iter().enumerate() {
        fs::write(dir.join(format!("inbox/{number:02}.txt")), text).unwrap();
    }
}

/// A run with little patience.
fn hasty(dir: &Path) -> Arc<Counters> {
    run_within(Duration::from_millis(300), dir)
}

/// A run in which a document may take so long.
fn run_within(document_time: Duration, dir: &Path) -> Arc<Counters> {
    let settings = Settings {
        document_time,
        probe: Probe::new(tried),
        ..settings(dir, 2, WhenDone::Keep)
    };
    let counters = Arc::default();
    run_over(&inbox_of(dir, LONGEST), &settings, real(), false, &counters).unwrap();
    counters
}

/// Longer than a process has memory for that is held short of it.
const LONGEST: u64 = 1 << 30;

/// How a process that takes `record` of `file` through the chain, or only reads it, ends, where it is not at its end.
fn tried(file: &Path, record: Option<u64>) -> Option<String> {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "the_process_that_tries"])
        .env("AT", "try")
        .env("FILE", file)
        .env(
            "RECORD",
            record.map_or_else(String::new, |record| record.to_string()),
        )
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // One that hangs accuses nobody.
    for _ in 0..1000 {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(format!("signal {}", status.signal()?));
        }
        thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

/// Not a test by itself: a process that a document may end.
#[test]
fn the_process_that_tries() {
    if env::var("AT").is_ok_and(|at| at == "try") {
        let file = PathBuf::from(env::var("FILE").unwrap());
        let dir = file.ancestors().nth(2).unwrap();
        let inbox = inbox_of(dir, LONGEST);
        let Ok(record) = env::var("RECORD").unwrap().parse() else {
            // Stands for a process that has the memory which the daemon has not.
            if env::var_os("SPARED").is_none() {
                inbox.read(&inbox.find(&file).unwrap(), 0, &mut |_| ControlFlow::Continue(()));
            }
            return;
        };
        let mut explainer = Explainer::new(house::chain(false), Some(&dir.join("state"))).unwrap();
        let visit = &mut |_| ControlFlow::Continue(());
        explainer.explain(&inbox, &file, Some(record), visit).unwrap();
    }
}

/// Not a test by itself: a process that only a new one can help.
#[test]
fn the_run_that_hangs() {
    let dir = || PathBuf::from(env::var("CHILD_DIR").unwrap());
    match env::var("AT").as_deref() {
        Ok("hang") => drop(hasty(&dir())),
        // A process takes its time to end on a busy machine, which is not to be taken for hanging.
        Ok("end") => drop(run_within(Duration::from_secs(60), &dir())),
        _ => {}
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
fn until_done(dir: &Path, at: &str) -> usize {
    (0..20)
        .find(|_| {
            seconds_later(dir);
            child("the_run_that_hangs", dir, &[("AT", at)])
        })
        .unwrap()
}

/// Makes the last end that counted one of some seconds ago: those that follow fast on one another count as one.
fn seconds_later(dir: &Path) {
    if let Ok(count) = fs::File::options().write(true).open(dir.join("state/ends")) {
        count
            .set_modified(SystemTime::now() - Duration::from_secs(5))
            .unwrap();
    }
}

#[test]
fn an_ordered_stage_that_does_not_return_costs_a_process_each() {
    let dir = folder();
    fill(dir.path(), &["fine", "late hang", "well", "late hang", "good"]);
    assert_eq!(until_done(dir.path(), "hang"), 2);
    check(dir.path(), 3, &[("late hang", "timeout"); 2]);
    assert_eq!(fs::read_dir(dir.path().join("state/poison")).unwrap().count(), 0);
}

#[test]
fn workers_that_hang_are_bounded_and_a_new_process_goes_on() {
    let dir = folder();
    let texts = [["hang"; 40].as_slice(), &["fine"]].concat();
    fill(dir.path(), &texts);
    assert_eq!(until_done(dir.path(), "hang"), 1);
    check(dir.path(), 1, &[("hang", "timeout"); 40]);
}

#[test]
fn a_document_that_ends_its_process_is_set_aside_and_the_others_go_on() {
    for text in ["overflow", "swallow", "late abort"] {
        let dir = folder();
        fill(dir.path(), &["fine", text, "well", text, "good"]);
        let ended = until_done(dir.path(), "end");
        assert!((1..=2).contains(&ended), "{text}: {ended}");
        check(dir.path(), 3, &[(text, "crash"); 2]);
        assert_eq!(fs::read_dir(dir.path().join("state/poison")).unwrap().count(), 0);
    }
}

#[test]
fn a_document_that_survives_its_trial_and_ends_the_process_is_set_aside_at_the_twelfth_end() {
    let dir = folder();
    // Whatever is at work beside it at one end is let in alone at the next start, and through.
    fill(dir.path(), &["fine", "sly", "slow", "well"]);
    assert_eq!(until_done(dir.path(), "end"), 12);
    check(dir.path(), 3, &[("sly", "crash")]);
    assert_eq!(fs::read_to_string(dir.path().join("state/ends")).unwrap(), "");
}

#[test]
fn a_document_that_is_at_work_at_eleven_ends_is_let_in_again() {
    let dir = folder();
    fill(dir.path(), &["fine", "unlucky", "well"]);
    assert_eq!(until_done(dir.path(), "end"), 11);
    check(dir.path(), 3, &[]);
    assert_eq!(fs::read_to_string(dir.path().join("state/ends")).unwrap(), "");
}

/// Runs as [`until_done`] does, in processes that may have so many KiB of memory.
fn until_done_within(memory: u64, dir: &Path, told: &[(&str, &str)]) -> usize {
    let limited = || {
        seconds_later(dir);
        let mut command = Command::new("sh");
        command
            .args(["-c", "ulimit -v $MEMORY; exec \"$0\" --exact the_run_that_hangs"])
            .arg(env::current_exe().unwrap())
            .envs([
                ("AT", "end"),
                ("MALLOC_ARENA_MAX", "1"),
                ("MEMORY", &memory.to_string()),
            ]);
        ends_well(&mut command, dir, told)
    };
    (0..20).find(|_| limited()).unwrap()
}

#[test]
fn a_document_that_takes_all_memory_is_set_aside_and_the_others_go_on() {
    let dir = folder();
    fill(dir.path(), &["fine", "gorge", "well", "good"]);
    assert_eq!(until_done_within(450 << 10, dir.path(), &[]), 1);
    check(dir.path(), 3, &[("gorge", "crash")]);
}

/// A group of processes that the kernel ends when they take more than so many bytes together.
struct Group(PathBuf);

impl Group {
    /// None where the system lets nobody make one.
    fn held_to(bytes: u64) -> Option<Self> {
        let name = format!("gristmill-test-{}", std::process::id());
        // The second version of such groups, then the first.
        [
            ("/sys/fs/cgroup", "memory.max"),
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
        ]
        .into_iter()
        .find_map(|(root, limit)| {
            let group = Self(Path::new(root).join(&name));
            fs::create_dir(&group.0).ok()?;
            // A folder that is a group has its files from the beginning.
            let mut limit = fs::File::options().write(true).open(group.0.join(limit)).ok()?;
            write!(limit, "{bytes}").ok()?;
            Some(group)
        })
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

#[test]
fn a_document_for_which_the_kernel_kills_the_process_is_set_aside_and_the_others_go_on() {
    let Some(group) = Group::held_to(200 << 20) else {
        println!("skipped: no group of processes can be held to an amount of memory here");
        return;
    };
    let dir = folder();
    fill(dir.path(), &["fine", "gorge", "well", "good"]);
    let held = || {
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                "echo $$ > \"$GROUP/cgroup.procs\" && exec \"$0\" --exact the_run_that_hangs",
            ])
            .arg(env::current_exe().unwrap())
            .env("AT", "end")
            .env("GROUP", &group.0);
        ends_well(&mut command, dir.path(), &[])
    };
    // The second process tries the document in a third, which is killed in its place.
    assert_eq!((0..20).find(|_| held()), Some(1));
    check(dir.path(), 3, &[("gorge", "crash")]);
}

/// Takes a file for which a reader has not the memory, in processes that are told so; it is set aside after so many ends.
fn check_file_without_memory(told: &[(&str, &str)], ends: usize) {
    const LENGTH: usize = 48 << 20;
    let dir = folder();
    fill(dir.path(), &["fine", "", "well"]);
    // Its bytes fit into memory, and the text that they may be at the longest does not beside them.
    let mut text = b"caf\xe9 and so on, in an encoding of old ".repeat(1 << 10);
    text.resize(LENGTH, b' ');
    fs::write(dir.path().join("inbox/01.txt"), text).unwrap();
    assert_eq!(until_done_within(200 << 10, dir.path(), told), ends);
    let found = found(dir.path());
    let (reason, bytes) = &found.quarantine["01.txt"];
    assert_eq!((reason.as_str(), bytes.len()), ("crash", LENGTH));
    assert_eq!(found.quarantine.len(), 1);
    assert_eq!(totals(dir.path()).written, 2);
}

#[test]
fn a_file_that_ends_the_process_while_it_is_read_is_set_aside_and_the_others_go_on() {
    check_file_without_memory(&[], 1);
}

#[test]
fn a_file_that_survives_its_trial_and_ends_the_process_is_set_aside_at_the_twelfth_end() {
    check_file_without_memory(&[("SPARED", "1")], 12);
}

/// An ordered stage whose state fails at a document.
struct Stopping;

impl OrderedStage for Stopping {
    fn open(&mut self, _: &mut dyn State) -> Result<(), StateError> {
        Ok(())
    }

    fn process(&mut self, document: &mut Document, _: &mut dyn State) -> Result<Verdict, StageError> {
        if document.text == "four" {
            return Err(StateError::Invalid("for this test".to_owned()).into());
        }
        Ok(Verdict::Keep)
    }
}

#[test]
fn the_rest_of_a_file_that_was_set_aside_comes_once_when_it_is_tried_again() {
    let dir = folder();
    let inbox = inbox_of(dir.path(), LONGEST);
    let path = dir.path().join("inbox/a.jsonl");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let texts = ["one", "two", "three", "four", "five", "six", "seven"];
    let lines: String = texts
        .iter()
        .map(|text| format!("{{\"text\": \"{text}\"}}\n"))
        .collect();
    fs::write(&path, &lines).unwrap();
    let settings = settings(dir.path(), 2, WhenDone::Keep);
    let stopping = || {
        let stage = Built::Ordered {
            prepare: None,
            ordered: Box::new(Stopping) as Box<dyn OrderedStage>,
        };
        vec![("stopping".to_owned(), stage)]
    };
    let counters = || Arc::new(Counters::default());
    run_through(&inbox, &settings, real(), &stopping, &counters()).unwrap_err();
    // Twelve processes have ended while they read on behind the third record.
    let name = DocumentId::from_bytes(inbox.find(&path).unwrap().key());
    fs::write(dir.path().join("state/ends"), format!("{name} 12 source\n")).unwrap();
    let texts_of = || {
        let documents = found(dir.path()).documents;
        let texts = documents
            .iter()
            .map(|line| line["text"].as_str().unwrap().to_owned());
        texts.collect::<Vec<_>>()
    };
    let run = || run_over(&inbox, &settings, real(), false, &counters()).unwrap();
    for _ in 0..2 {
        run();
        assert_eq!(texts_of(), ["one", "two", "three"]);
        let set_aside = found(dir.path()).quarantine;
        assert_eq!(
            set_aside["a.jsonl"],
            ("crash".to_owned(), lines.clone().into_bytes())
        );
        let totals = totals(dir.path());
        assert_eq!((totals.written, totals.quarantined), (3, 1));
    }
    let id = Ledger::open(&dir.path().join("state"))
        .unwrap()
        .quarantined()
        .unwrap()[0];
    let retried = || {
        let quarantine = Quarantine::new(&settings.output.join("quarantine"), real());
        quarantine.entry(&id).unwrap().retried
    };
    assert_eq!(retried(), None);
    for _ in 0..2 {
        RetryRequests::new(&settings.state, real()).put(&id).unwrap();
        run();
        assert_eq!(texts_of(), texts);
        let totals = totals(dir.path());
        assert_eq!((totals.written, totals.quarantined), (7, 1));
        // It stays as what the file was once, and says so.
        assert!(retried().is_some());
    }
}

#[test]
fn ten_in_a_row_that_end_their_process_stop_nothing() {
    let dir = folder();
    let texts = [["fine"; 1].as_slice(), &["overflow"; 10], &["well"]].concat();
    fill(dir.path(), &texts);
    assert!(until_done(dir.path(), "end") <= 10);
    check(dir.path(), 2, &[("overflow", "crash"); 10]);
}
