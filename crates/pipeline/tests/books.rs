//! What can be asked of the books: whether they agree with the output, and to try again what failed.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gristmill_core::{Built, Document, Note, Reason, Stage, StageError, Verdict};
use gristmill_disk::RealDisk;
use gristmill_journal::{Journal, Ledger, Totals};
use gristmill_pipeline::{
    BatchLimits, Counters, Ending, Explainer, LastResort, Mode, Pipeline, Probe, RetryRequests, Settings,
    StopFlag, WhenDone, verify,
};
use gristmill_sink::{Compression, Rotation};
use gristmill_source::{Inbox, Watched};

/// Cannot stand `bad` as long as it is in a mood, and turns `away` away.
struct Moody(Arc<AtomicBool>);

impl Stage for Moody {
    fn process(&self, document: &mut Document) -> Result<Verdict, StageError> {
        document.note(|| Note::new("looked at it"));
        document.title = Some("Title".to_owned());
        match document.text.trim() {
            "bad" if self.0.load(Ordering::Relaxed) => Err(StageError::Document("no".to_owned())),
            "away" => Ok(Verdict::Reject(Reason::new("mood"))),
            _ => Ok(Verdict::Keep),
        }
    }
}

struct House {
    dir: tempfile::TempDir,
    mood: Arc<AtomicBool>,
    compression: Compression,
}

impl House {
    fn new(compression: Compression) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("inbox")).unwrap();
        let mood = Arc::new(AtomicBool::new(true));
        Self {
            dir,
            mood,
            compression,
        }
    }

    /// With a file of each kind, taken.
    fn full(compression: Compression) -> Self {
        let house = Self::new(compression);
        let lines: String = ["one", "bad", "two", "away"]
            .map(|text| format!("{{\"text\": \"{text}\"}}\n"))
            .concat();
        fs::write(house.path("inbox/lines.jsonl"), lines).unwrap();
        fs::write(house.path("inbox/single.txt"), "three").unwrap();
        house.run();
        house
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.dir.path().join(relative)
    }

    fn chain(&self) -> Vec<(String, Built)> {
        let moody = Moody(Arc::clone(&self.mood));
        vec![("moody".to_owned(), Built::Pure(Arc::new(moody)))]
    }

    fn inbox(&self) -> Inbox {
        let settings = gristmill_source::Settings {
            watch: vec![Watched {
                path: self.path("inbox"),
                name: None,
            }],
            settle: Duration::ZERO,
            ..gristmill_source::Settings::default()
        };
        Inbox::new(settings).unwrap()
    }

    fn run(&self) {
        let settings = Settings {
            output: self.path("out"),
            state: self.path("state"),
            compression: self.compression,
            rotation: Rotation {
                size: 400,
                age: Duration::from_secs(3600),
            },
            when_done: WhenDone::Keep,
            workers: 2,
            document_time: Duration::from_secs(60),
            in_flight: 1 << 20,
            batch: BatchLimits {
                documents: 2,
                bytes: 1 << 20,
                time: Duration::from_millis(50),
            },
            last_resort: LastResort::new(|_| std::process::exit(74)),
            probe: Probe::none(),
        };
        let (counters, stop) = (Arc::new(Counters::default()), StopFlag::default());
        Pipeline::open(
            settings,
            self.chain(),
            self.inbox(),
            Arc::new(RealDisk),
            counters,
            stop,
        )
        .and_then(|pipeline| pipeline.run(Mode::Once))
        .unwrap();
    }

    fn faults(&self) -> Vec<String> {
        verify(&self.path("out"), &self.path("state")).unwrap().faults
    }

    fn documents(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> = fs::read_dir(self.path("out/documents"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        files
    }

    fn totals(&self) -> (u64, u64, u64) {
        let Totals {
            written,
            rejected,
            quarantined,
        } = Ledger::open(&self.path("state")).unwrap().totals().unwrap();
        (written, rejected, quarantined)
    }
}

fn append(path: &Path, bytes: &[u8]) {
    let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(bytes).unwrap();
}

#[test]
fn an_untouched_house_is_in_order() {
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let house = House::full(compression);
        let report = verify(&house.path("out"), &house.path("state")).unwrap();
        assert_eq!(report.faults, Vec::<String>::new());
        assert_eq!(report.notes, Vec::<String>::new());
        assert_eq!((report.lines, report.files), (4, 2));
        assert_eq!(house.totals(), (3, 1, 1));
    }
}

#[test]
fn every_damage_is_found() {
    type Damage = fn(&House);
    let damages: [(&str, Damage); 9] = [
        ("a line more", |house| {
            let line = fs::read(&house.documents()[0]).unwrap();
            append(&house.documents()[0], &line);
        }),
        ("a changed letter", |house| {
            let path = &house.documents()[0];
            let text = fs::read_to_string(path).unwrap();
            fs::write(path, text.replacen("Title", "Tatle", 1)).unwrap();
        }),
        ("a cut line", |house| {
            let path = &house.documents()[0];
            let bytes = fs::read(path).unwrap();
            fs::write(path, &bytes[..bytes.len() - 5]).unwrap();
        }),
        ("a segment gone", |house| {
            fs::remove_file(&house.documents()[0]).unwrap();
        }),
        ("a segment that nobody wrote", |house| {
            fs::copy(
                &house.documents()[0],
                house.path("out/documents/part-00000099.jsonl"),
            )
            .unwrap();
        }),
        ("two segments in each other's place", |house| {
            let [first, second, ..] = &house.documents()[..] else {
                panic!("too few segments")
            };
            let aside = house.path("aside");
            fs::rename(first, &aside).unwrap();
            fs::rename(second, first).unwrap();
            fs::rename(&aside, second).unwrap();
        }),
        ("a reject gone", |house| {
            fs::remove_dir_all(house.path("out/rejects")).unwrap();
        }),
        ("an entry of quarantine gone", |house| {
            fs::remove_dir_all(house.path("out/quarantine")).unwrap();
        }),
        ("other bytes in quarantine", |house| {
            for entry in fs::read_dir(house.path("out/quarantine")).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().unwrap() == "bin" {
                    let length = fs::metadata(&path).unwrap().len() as usize;
                    fs::write(path, vec![b'x'; length]).unwrap();
                }
            }
        }),
    ];
    for (name, damage) in damages {
        let house = House::full(Compression::None);
        damage(&house);
        assert_ne!(house.faults(), Vec::<String>::new(), "{name} was not found");
    }
}

#[test]
fn what_a_crash_leaves_behind_is_no_fault() {
    let house = House::full(Compression::None);
    fs::write(
        house.path("out/documents/part-00000009.jsonl.open"),
        b"{\"id\": \"to",
    )
    .unwrap();
    fs::write(
        house.path("out/quarantine/00000000000000000000000000000000.json"),
        "{}",
    )
    .unwrap();
    let report = verify(&house.path("out"), &house.path("state")).unwrap();
    assert_eq!(report.faults, Vec::<String>::new());
    assert_eq!(report.notes.len(), 2);
}

#[test]
fn what_failed_is_tried_again_once() {
    let house = House::full(Compression::None);
    let id = Ledger::open(&house.path("state")).unwrap().quarantined().unwrap()[0];
    let requests = RetryRequests::new(&house.path("state"), Arc::new(RealDisk));

    // It fails again and stays where it is.
    requests.put(&id).unwrap();
    house.run();
    assert_eq!(house.totals(), (3, 1, 1));
    assert_eq!(house.faults(), Vec::<String>::new());

    // The reason is gone, but nobody asked.
    house.mood.store(false, Ordering::Relaxed);
    house.run();
    assert_eq!(house.totals(), (3, 1, 1));

    requests.put(&id).unwrap();
    house.run();
    assert_eq!(house.totals(), (4, 1, 0));
    assert_eq!(house.faults(), Vec::<String>::new());
    assert_eq!(
        fs::read_dir(house.path("out/quarantine")).unwrap().count(),
        0,
        "its files are gone"
    );

    // A request that was answered, or that makes no sense, changes nothing.
    requests.put(&id).unwrap();
    house.run();
    assert_eq!(house.totals(), (4, 1, 0));
    assert_eq!(fs::read_dir(house.path("state/retry")).unwrap().count(), 0);
}

#[test]
fn an_explanation_tells_all_and_touches_nothing() {
    let house = House::full(Compression::None);
    fs::write(house.path("inbox/new.txt"), "four").unwrap();
    let before = (house.documents(), house.totals());
    let mut explainer = Explainer::new(house.chain(), Some(&house.path("state"))).unwrap();
    let mut seen = Vec::new();
    for file in ["inbox/lines.jsonl", "inbox/new.txt"] {
        explainer
            .explain(&house.inbox(), &house.path(file), None, &mut |explanation| {
                seen.push(explanation);
                ControlFlow::Continue(())
            })
            .unwrap();
    }
    let mut second = None;
    let lines = house.path("inbox/lines.jsonl");
    let mut visit = |explanation| {
        second = Some(explanation);
        ControlFlow::Continue(())
    };
    explainer
        .explain(&house.inbox(), &lines, Some(1), &mut visit)
        .unwrap();
    assert_eq!(second.unwrap().id, seen[1].id);
    let endings: Vec<_> = seen
        .iter()
        .map(|explanation| match &explanation.ending {
            Ending::Written(_) => "written",
            Ending::Rejected { reason, .. } => &reason.reason,
            Ending::Failed { reason, .. } => reason,
        })
        .collect();
    assert_eq!(endings, ["written", "error", "written", "mood", "written"]);
    let known: Vec<_> = seen.iter().map(|explanation| explanation.known).collect();
    assert_eq!(known, [true, true, true, true, false]);
    let step = &seen[4].steps[0];
    assert_eq!(step.notes, [Note::new("looked at it")]);
    let changes: Vec<_> = step.changes.iter().map(|change| change.key.as_str()).collect();
    assert_eq!(changes, ["title"]);
    assert_eq!((house.documents(), house.totals()), before);
    assert!(!Journal::is_in_use(&house.path("state")));
}
