//! Stops a run at every operation on the disk, starts again, and compares with a run that nobody disturbed.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use gristmill_core::{
    Built, Document, DuplicateKind, OrderedStage, Reason, Sha256, Stage, StageError, State, StateError,
    Verdict,
};
use gristmill_disk::{Ending, FaultyDisk, Plan, SharedDisk};
use gristmill_journal::{JournalError, Ledger};
use gristmill_pipeline::{
    BatchLimits, Counters, Mode, Pipeline, PipelineError, Settings, StopFlag, WhenDone,
};
use gristmill_sink::{Compression, Rotation};
use gristmill_source::{Inbox, Watched};
use serde_json::Value;

const EIO: i32 = 5;

/// Fails on some documents in each way that a stage can fail.
struct Moody;

impl Stage for Moody {
    fn process(&self, document: &mut Document) -> Result<Verdict, StageError> {
        match document.text.trim() {
            "error" => Err(StageError::Document("cannot stand it".to_owned())),
            "panic" => panic!("out of temper"),
            "reject" => Ok(Verdict::Reject(Reason::new("mood"))),
            "hang" => {
                thread::sleep(Duration::from_secs(3600));
                Ok(Verdict::Keep)
            }
            _ => Ok(Verdict::Keep),
        }
    }
}

/// Exact duplicates by a key each, and a count in an append-only file.
#[derive(Default)]
struct Seen(u64);

impl OrderedStage for Seen {
    fn open(&mut self, state: &mut dyn State) -> Result<(), StateError> {
        self.0 = state.len("log").unwrap_or(0) / 16;
        Ok(())
    }

    fn process(&mut self, document: &mut Document, state: &mut dyn State) -> Result<Verdict, StageError> {
        let key = Sha256::of(document.text.as_bytes());
        match state.get(key.as_bytes())? {
            Some(first) => {
                document.duplicate.kind = Some(DuplicateKind::Exact);
                document.duplicate.of =
                    Some(gristmill_core::DocumentId::from_bytes(first.try_into().unwrap()));
            }
            None => state.put(key.as_bytes(), document.id.as_bytes())?,
        }
        state.append("log", document.id.as_bytes())?;
        self.0 += 1;
        document.attributes.insert("seen".to_owned(), self.0.into());
        if document.text.trim() == "late panic" {
            panic!("after it has changed the state");
        }
        Ok(Verdict::Keep)
    }
}

fn chain() -> Vec<(String, Built)> {
    vec![
        ("moody".to_owned(), Built::Pure(Arc::new(Moody))),
        (
            "seen".to_owned(),
            Built::Ordered {
                prepare: None,
                ordered: Box::<Seen>::default(),
            },
        ),
        ("later".to_owned(), Built::Pure(Arc::new(Moody))),
    ]
}

fn settings(dir: &Path, workers: usize, when_done: WhenDone) -> Settings {
    Settings {
        output: dir.join("out"),
        state: dir.join("state"),
        compression: Compression::None,
        rotation: Rotation {
            size: 2_000,
            age: Duration::from_secs(3600),
        },
        when_done,
        workers,
        // Long enough for a busy machine; the test of hanging documents sets its own.
        document_time: Duration::from_secs(60),
        in_flight: 1 << 20,
        batch: BatchLimits {
            documents: 3,
            time: Duration::from_millis(50),
        },
    }
}

fn once(
    dir: &Path,
    disk: SharedDisk,
    workers: usize,
    when_done: WhenDone,
) -> Result<Arc<Counters>, PipelineError> {
    run(dir, disk, &settings(dir, workers, when_done))
}

fn run(dir: &Path, disk: SharedDisk, settings: &Settings) -> Result<Arc<Counters>, PipelineError> {
    let source = gristmill_source::Settings {
        watch: vec![Watched {
            path: dir.join("inbox"),
            name: None,
        }],
        settle: Duration::ZERO,
        ..gristmill_source::Settings::default()
    };
    let counters = Arc::new(Counters::default());
    let open = || {
        let inbox = Inbox::new(source.clone()).unwrap();
        Pipeline::open(
            settings.clone(),
            chain(),
            inbox,
            Arc::clone(&disk),
            Arc::clone(&counters),
            StopFlag::default(),
        )
    };
    // Between fork and exec, a process that another test starts holds this test's lock as well.
    let mut opened = open();
    for _ in 0..100 {
        if !matches!(opened, Err(PipelineError::Journal(JournalError::Locked { .. }))) {
            break;
        }
        thread::sleep(Duration::from_millis(20));
        opened = open();
    }
    opened?.run(Mode::Once)?;
    Ok(counters)
}

fn real() -> SharedDisk {
    Arc::new(gristmill_disk::RealDisk)
}

/// A drop folder with good documents, copies, poison and a file of records with a bad one.
fn fill(dir: &Path) {
    let inbox = dir.join("inbox");
    fs::create_dir_all(&inbox).unwrap();
    let texts = [
        "one",
        "two",
        "one",
        "error",
        "three",
        "panic",
        "reject",
        "late panic",
        "two",
        "four",
        "",
    ];
    for (number, text) in texts.iter().enumerate() {
        fs::write(inbox.join(format!("{number:02}.txt")), text).unwrap();
    }
    let lines = "{\"text\": \"five\", \"id\": 5}\n{broken\n{\"text\": \"one\"}\n{\"text\": \"six\"}\n";
    fs::write(inbox.join("20.jsonl"), lines).unwrap();
}

/// Everything that a user finds, but for the time of arrival: the lines in order and the quarantine.
#[derive(Debug, PartialEq)]
struct Found {
    documents: Vec<Value>,
    rejects: Vec<Value>,
    quarantine: BTreeMap<String, (String, Vec<u8>)>,
}

fn found(dir: &Path) -> Found {
    let lines = |kind: &str| {
        let mut parts: Vec<_> = fs::read_dir(dir.join("out").join(kind))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        parts.sort();
        let mut lines = Vec::new();
        for part in parts {
            let text = fs::read_to_string(&part).unwrap();
            assert!(
                text.is_empty() || text.ends_with('\n'),
                "torn: {}",
                part.display()
            );
            assert_eq!(
                part.extension().unwrap(),
                "jsonl",
                "not sealed: {}",
                part.display()
            );
            for line in text.lines() {
                let mut line: Value = serde_json::from_str(line).unwrap();
                line["added"] = Value::Null;
                lines.push(line);
            }
        }
        lines
    };
    let mut quarantine = BTreeMap::new();
    for entry in fs::read_dir(dir.join("out/quarantine")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().unwrap() == "json" {
            let entry: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            let bytes = fs::read(path.with_extension("bin")).unwrap();
            let path = entry["source"]["path"].as_str().unwrap().to_owned();
            quarantine.insert(path, (entry["reason"].as_str().unwrap().to_owned(), bytes));
        }
    }
    Found {
        documents: lines("documents"),
        rejects: lines("rejects"),
        quarantine,
    }
}

/// What an undisturbed run finds, looked at closely.
fn expected() -> Found {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path());
    let counts = once(dir.path(), real(), 2, WhenDone::Keep).unwrap().now();
    let found = found(dir.path());
    let texts: Vec<_> = found
        .documents
        .iter()
        .map(|line| line["text"].as_str().unwrap())
        .collect();
    assert_eq!(
        texts,
        ["one", "two", "one", "three", "two", "four", "five", "one", "six"]
    );
    let copies: Vec<_> = found
        .documents
        .iter()
        .filter(|line| !line["duplicate"]["of"].is_null())
        .collect();
    assert_eq!(copies.len(), 3);
    assert!(copies.iter().all(|line| line["duplicate"]["of"] != line["id"]));
    let numbers: Vec<_> = found
        .documents
        .iter()
        .map(|line| line["attributes"]["seen"].as_u64().unwrap())
        .collect();
    assert_eq!(
        numbers,
        (1..=9).collect::<Vec<_>>(),
        "a failed document leaves no trace in the state"
    );
    let reasons: Vec<_> = found
        .rejects
        .iter()
        .map(|line| line["reason"].as_str().unwrap())
        .collect();
    assert_eq!(reasons, ["mood", "empty"]);
    let quarantine: Vec<_> = found
        .quarantine
        .iter()
        .map(|(path, (reason, bytes))| (path.as_str(), reason.as_str(), bytes.len()))
        .collect();
    let failed = [
        ("03.txt", "error", 5),
        ("05.txt", "panic", 5),
        ("07.txt", "panic", 10),
        ("20.jsonl", "bad_record", 7),
    ];
    assert_eq!(quarantine, failed);
    assert_eq!(
        (
            counts.accepted,
            counts.written,
            counts.rejected,
            counts.quarantined
        ),
        (15, 9, 2, 4)
    );
    found
}

#[test]
fn the_lines_do_not_depend_on_workers_and_a_second_run_writes_nothing() {
    let expected = expected();
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path());
    once(dir.path(), real(), 4, WhenDone::Keep).unwrap();
    assert_eq!(found(dir.path()), expected);
    let again = once(dir.path(), real(), 1, WhenDone::Keep).unwrap().now();
    assert_eq!(again.accepted, 0);
    assert_eq!(found(dir.path()), expected);
}

#[test]
fn a_document_out_of_time_is_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("inbox")).unwrap();
    for number in 0..12 {
        let text = if number < 10 { "hang" } else { "fine" };
        fs::write(dir.path().join(format!("inbox/{number:02}.txt")), text).unwrap();
    }
    let hasty = Settings {
        document_time: Duration::from_millis(300),
        ..settings(dir.path(), 2, WhenDone::Keep)
    };
    let counts = run(dir.path(), real(), &hasty).unwrap().now();
    assert_eq!((counts.written, counts.quarantined), (2, 10));
    assert!(
        found(dir.path())
            .quarantine
            .values()
            .all(|(reason, _)| reason == "timeout")
    );
}

#[test]
fn finished_inputs_are_moved_or_deleted() {
    for when_done in [WhenDone::Delete, WhenDone::Move(PathBuf::from("done"))] {
        let dir = tempfile::tempdir().unwrap();
        fill(dir.path());
        let to = dir.path().join("done");
        let when_done = if when_done == WhenDone::Delete {
            when_done
        } else {
            WhenDone::Move(to.clone())
        };
        once(dir.path(), real(), 2, when_done.clone()).unwrap();
        assert_eq!(fs::read_dir(dir.path().join("inbox")).unwrap().count(), 0);
        assert_eq!(to.exists(), when_done != WhenDone::Delete);
        assert_eq!(found(dir.path()), expected());
    }
}

#[test]
fn a_changed_file_gives_only_what_is_new() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path());
    once(dir.path(), real(), 2, WhenDone::Keep).unwrap();
    let path = dir.path().join("inbox/20.jsonl");
    let longer = fs::read_to_string(&path).unwrap() + "{\"text\": \"seven\"}\n";
    fs::write(&path, longer).unwrap();
    let counts = once(dir.path(), real(), 2, WhenDone::Keep).unwrap().now();
    assert_eq!((counts.accepted, counts.written, counts.quarantined), (1, 1, 0));
    assert_eq!(found(dir.path()).documents.last().unwrap()["text"], "seven");
    let totals = Ledger::open(&dir.path().join("state")).unwrap().totals().unwrap();
    assert_eq!(totals.accepted(), 16);
}

#[test]
fn a_failing_disk_loses_nothing() {
    let expected = expected();
    let operations = {
        let dir = tempfile::tempdir().unwrap();
        fill(dir.path());
        let disk = FaultyDisk::new(None);
        once(dir.path(), Arc::new(disk.clone()), 2, WhenDone::Keep).unwrap();
        disk.operations().len() as u64
    };
    for at in 0..operations {
        let dir = tempfile::tempdir().unwrap();
        fill(dir.path());
        let disk = FaultyDisk::new(Some(Plan {
            at,
            ending: Ending::FailFromHere(EIO),
        }));
        // Whether it gets to the end depends on how batches fall; what counts is what there is afterwards.
        drop(once(dir.path(), Arc::new(disk.clone()), 2, WhenDone::Keep));
        disk.heal();
        once(dir.path(), Arc::new(disk), 2, WhenDone::Keep).unwrap();
        assert_eq!(found(dir.path()), expected, "operation {at}");
    }
}

/// Not a test by itself: the process that is stopped.
#[test]
fn child() {
    let (Ok(dir), Ok(at), Ok(ending)) = (
        env::var("CRASH_DIR"),
        env::var("CRASH_AT"),
        env::var("CRASH_ENDING"),
    ) else {
        return;
    };
    let ending = if ending == "kill" {
        Ending::Kill
    } else {
        Ending::PowerLoss
    };
    let disk = FaultyDisk::new(Some(Plan {
        at: at.parse().unwrap(),
        ending,
    }));
    once(Path::new(&dir), Arc::new(disk), 2, WhenDone::Delete).unwrap();
}

/// Stops at every operation in turn; inputs are deleted as they are done, so what is lost is lost.
fn crash_everywhere(ending: &str) {
    let expected = expected();
    let mut at = 0;
    loop {
        let dir = tempfile::tempdir().unwrap();
        fill(dir.path());
        let status = Command::new(env::current_exe().unwrap())
            .args(["--exact", "child"])
            .env("CRASH_DIR", dir.path())
            .env("CRASH_AT", at.to_string())
            .env("CRASH_ENDING", ending)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        once(dir.path(), real(), 2, WhenDone::Delete).unwrap();
        assert_eq!(found(dir.path()), expected, "{ending} at operation {at}");
        let totals = Ledger::open(&dir.path().join("state")).unwrap().totals().unwrap();
        assert_eq!(totals.accepted(), 15, "{ending} at operation {at}");
        if status.success() {
            break;
        }
        at += 1;
    }
    assert!(at > 50, "only {at} operations");
}

#[test]
fn kill_at_every_operation() {
    crash_everywhere("kill");
}

#[test]
fn power_loss_at_every_operation() {
    crash_everywhere("power");
}
