//! A drop folder with everything that can go wrong in it, a chain that fails in every way, and what must be found
//! in the end. Shared by the tests that disturb a run.

#![allow(dead_code, reason = "each test takes what it needs")]

pub(crate) mod output;

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
use gristmill_journal::{JournalError, Ledger, Totals};
use gristmill_pipeline::{
    BatchLimits, Counters, Counts, LastResort, Mode, Pipeline, PipelineError, Probe, Settings, StopFlag,
    WhenDone, verify,
};
use gristmill_sink::{Compression, Rotation};
use gristmill_source::{Inbox, Watched};
use serde_json::Value;

/// Fails on some documents in each way that a stage can fail; a good mood spares what only makes it err.
pub(crate) struct Moody {
    pub(crate) good: bool,
}

impl Stage for Moody {
    fn process(&self, document: &mut Document) -> Result<Verdict, StageError> {
        match document.text.trim() {
            "error" if !self.good => Err(StageError::Document("cannot stand it".to_owned())),
            "panic" => quiet_panic("out of temper"),
            "overflow" => Err(StageError::Document(dive(0).to_string())),
            "swallow" => Err(StageError::Document(swallow().to_string())),
            "gorge" => Err(StageError::Document(gorge().to_string())),
            "sly" => {
                if !is_tried() {
                    // Time for others to be tried, and to be at work as well.
                    thread::sleep(Duration::from_millis(600));
                    std::process::abort();
                }
                Ok(Verdict::Keep)
            }
            "unlucky" => {
                end_eleven_times();
                Ok(Verdict::Keep)
            }
            "slow" => {
                if !is_tried() {
                    thread::sleep(Duration::from_millis(900));
                }
                Ok(Verdict::Keep)
            }
            "reject" => Ok(Verdict::Reject(Reason::new("mood"))),
            "hang" => {
                thread::sleep(Duration::from_secs(3600));
                Ok(Verdict::Keep)
            }
            _ => Ok(Verdict::Keep),
        }
    }
}

/// A panic that does not print a backtrace thousands of times.
fn quiet_panic(message: &'static str) -> ! {
    std::panic::resume_unwind(Box::new(message))
}

/// Goes deeper than any stack.
fn dive(depth: u64) -> u64 {
    let deeper = [depth; 64];
    if std::hint::black_box(&deeper)[0] == u64::MAX {
        return 0;
    }
    dive(depth + 1) + std::hint::black_box(&deeper)[1]
}

/// Asks for more memory than any machine has, which ends the process.
fn swallow() -> usize {
    std::hint::black_box(Vec::<u8>::with_capacity(isize::MAX as usize)).capacity()
}

/// Takes memory, and uses it, until there is none.
fn gorge() -> usize {
    let mut held = Vec::new();
    while held.len() < usize::MAX {
        held.push(std::hint::black_box(vec![1_u8; 16 << 20]));
    }
    held.len()
}

/// Whether this process only tries a document.
fn is_tried() -> bool {
    word("AT") == "try"
}

/// Ends the first eleven processes that come here, beside those that only try a document, as somebody could from outside.
fn end_eleven_times() {
    let ended = Path::new(&word("CHILD_DIR")).join("ended");
    let before = fs::read_to_string(&ended).unwrap_or_default();
    if before.len() < 11 && !is_tried() {
        fs::write(ended, before + ".").unwrap();
        std::process::abort();
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
        match document.text.trim() {
            "late panic" => quiet_panic("after it has changed the state"),
            "late abort" => std::process::abort(),
            "late hang" => thread::sleep(Duration::from_secs(3600)),
            _ => {}
        }
        Ok(Verdict::Keep)
    }
}

pub(crate) fn chain(good: bool) -> Vec<(String, Built)> {
    vec![
        ("moody".to_owned(), Built::Pure(Arc::new(Moody { good }))),
        (
            "seen".to_owned(),
            Built::Ordered {
                prepare: None,
                ordered: Box::<Seen>::default(),
            },
        ),
        ("later".to_owned(), Built::Pure(Arc::new(Moody { good }))),
    ]
}

/// A folder in memory where there is one: what counts here is the order of operations, not what a disk makes of it.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

pub(crate) fn settings(dir: &Path, workers: usize, when_done: WhenDone) -> Settings {
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
            bytes: 1 << 20,
            time: Duration::from_millis(50),
        },
        last_resort: LastResort::new(|_| std::process::exit(74)),
        probe: Probe::none(),
    }
}

pub(crate) fn once(
    dir: &Path,
    disk: SharedDisk,
    workers: usize,
    when_done: WhenDone,
) -> Result<Counts, PipelineError> {
    let counters = Arc::new(Counters::default());
    run(&settings(dir, workers, when_done), disk, false, &counters)?;
    Ok(counters.now())
}

/// The drop folder in `dir`.
pub(crate) fn inbox(dir: &Path) -> Inbox {
    inbox_of(dir, gristmill_source::Settings::default().max_document)
}

/// The drop folder in `dir`, in which a document may be so long.
pub(crate) fn inbox_of(dir: &Path, max_document: u64) -> Inbox {
    let source = gristmill_source::Settings {
        watch: vec![Watched {
            path: dir.join("inbox"),
            name: None,
        }],
        settle: Duration::ZERO,
        max_document,
        ..gristmill_source::Settings::default()
    };
    Inbox::new(source).unwrap()
}

/// Takes all that is in the drop folder beside the output.
pub(crate) fn run(
    settings: &Settings,
    disk: SharedDisk,
    good: bool,
    counters: &Arc<Counters>,
) -> Result<(), PipelineError> {
    let inbox = inbox(settings.output.parent().unwrap());
    run_over(&inbox, settings, disk, good, counters)
}

/// Takes all that is in `inbox`.
pub(crate) fn run_over(
    inbox: &Inbox,
    settings: &Settings,
    disk: SharedDisk,
    good: bool,
    counters: &Arc<Counters>,
) -> Result<(), PipelineError> {
    run_through(inbox, settings, disk, &|| chain(good), counters)
}

/// Takes all that is in `inbox` through a chain of one's own.
pub(crate) fn run_through(
    inbox: &Inbox,
    settings: &Settings,
    disk: SharedDisk,
    chain: &dyn Fn() -> Vec<(String, Built)>,
    counters: &Arc<Counters>,
) -> Result<(), PipelineError> {
    let open = || {
        Pipeline::open(
            settings.clone(),
            chain(),
            inbox.clone(),
            Arc::clone(&disk),
            Arc::clone(counters),
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
    opened?.run(Mode::Once)
}

pub(crate) fn real() -> SharedDisk {
    Arc::new(gristmill_disk::RealDisk)
}

/// A drop folder with good documents, copies, poison and a file of records with a bad one.
pub(crate) fn fill(dir: &Path) {
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

/// The files of [`fill`].
pub(crate) const FILES: usize = 12;

/// Everything that a user finds, but for the time of arrival: the lines in order and the quarantine.
#[derive(Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) documents: Vec<Value>,
    pub(crate) rejects: Vec<Value>,
    pub(crate) quarantine: BTreeMap<String, (String, Vec<u8>)>,
}

/// What lies in the output, where every line must be whole and every segment sealed.
pub(crate) fn found(dir: &Path) -> Found {
    let out = dir.join("out");
    let sealed = |kind: &str| {
        for part in output::listed(&out.join(kind)) {
            assert_eq!(
                part.extension().unwrap(),
                "jsonl",
                "not sealed: {}",
                part.display()
            );
        }
        output::lines(&out, kind)
    };
    let set_aside = output::quarantine(&out).into_values().map(|(entry, bytes)| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&entry["source"]["path"]), (text(&entry["reason"]), bytes))
    });
    Found {
        documents: sealed("documents"),
        rejects: sealed("rejects"),
        quarantine: set_aside.collect(),
    }
}

/// What the books say, when they agree with the output.
pub(crate) fn totals(dir: &Path) -> Totals {
    let report = verify(&dir.join("out"), &dir.join("state")).unwrap();
    assert_eq!(report.faults, Vec::<String>::new());
    Ledger::open(&dir.join("state")).unwrap().totals().unwrap()
}

/// What an undisturbed run finds, looked at closely.
pub(crate) fn expected() -> Found {
    let dir = folder();
    fill(dir.path());
    let counts = once(dir.path(), real(), 2, WhenDone::Keep).unwrap();
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
    let totals = totals(dir.path());
    assert_eq!((totals.written, totals.rejected, totals.quarantined), (9, 2, 4));
    found
}

/// What becomes of finished inputs, as a word that a child process can be told.
pub(crate) fn when_done(word: &str, dir: &Path) -> WhenDone {
    match word {
        "keep" => WhenDone::Keep,
        "delete" => WhenDone::Delete,
        _ => WhenDone::Move(dir.join("done")),
    }
}

/// Runs the test `name` of this program as a process of its own, with `dir` and the words in `told`, and says
/// whether it came to its end.
pub(crate) fn child(name: &str, dir: &Path, told: &[(&str, &str)]) -> bool {
    ends_well(
        Command::new(env::current_exe().unwrap()).args(["--exact", name]),
        dir,
        told,
    )
}

/// As [`child`], for a test that `command` runs.
pub(crate) fn ends_well(command: &mut Command, dir: &Path, told: &[(&str, &str)]) -> bool {
    command
        .env("CHILD_DIR", dir)
        .envs(told.iter().copied())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap()
        .success()
}

/// Stops the test `name`, a process of its own told `told`, at every so many operations in turn until it comes to its
/// end, each time in a folder that `fill` filled, and has `check` go on from there. Gives the last operation.
pub(crate) fn stop_at_each(
    name: &str,
    told: &[(&str, &str)],
    every: usize,
    fill: impl Fn(&Path),
    check: impl Fn(&Path, usize),
) -> usize {
    let mut at = 0;
    loop {
        let dir = folder();
        fill(dir.path());
        let number = at.to_string();
        let told = [told, &[("AT", number.as_str())]].concat();
        let ended = child(name, dir.path(), &told);
        check(dir.path(), at);
        if ended {
            return at;
        }
        at += every;
    }
}

/// What a process that [`child`] started was told; `None` for a test that was not started so.
pub(crate) struct Told {
    pub(crate) dir: PathBuf,
    pub(crate) disk: SharedDisk,
}

pub(crate) fn told() -> Option<Told> {
    let dir = env::var("CHILD_DIR").ok()?.into();
    let plan = Plan {
        at: word("AT").parse().unwrap(),
        ending: match word("ENDING").as_str() {
            "kill" => Ending::Kill,
            seed => Ending::PowerLoss(seed.parse().unwrap()),
        },
    };
    Some(Told {
        dir,
        disk: Arc::new(FaultyDisk::new(Some(plan))),
    })
}

/// One word of what this process was told.
pub(crate) fn word(name: &str) -> String {
    env::var(name).unwrap()
}
