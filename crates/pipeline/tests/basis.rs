//! A stage whose answers rest on files: all documents of a batch rest on the same content, and the books say on which.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod house;

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gristmill_core::{Basis, BasisFile, Built, Document, Renewal, Sha256, Stage, StageError, Verdict};
use gristmill_disk::RealDisk;
use gristmill_journal::Ledger;
use gristmill_pipeline::{Counters, Mode, Pipeline, StopFlag, WhenDone};
use house::{chain, folder, inbox, settings};

const FILES: usize = 60;

/// Rests on something that is different at each look, and writes into each document what it was.
#[derive(Default)]
struct Versioned(AtomicU64);

fn digest(version: u64) -> Sha256 {
    Sha256::of(&version.to_le_bytes())
}

impl Stage for Versioned {
    fn process(&self, document: &mut Document) -> Result<Verdict, StageError> {
        let version = self.0.load(Ordering::SeqCst);
        // Time for a change to come between, if one could.
        thread::sleep(Duration::from_millis(2));
        let hash = digest(version).to_string();
        document.attributes.insert("made_with".to_owned(), hash.into());
        Ok(Verdict::Keep)
    }

    fn basis(&self) -> Option<&dyn Basis> {
        Some(self)
    }
}

impl Basis for Versioned {
    fn files(&self) -> Vec<BasisFile> {
        vec![BasisFile {
            file: "list".to_owned(),
            sha256: digest(self.0.load(Ordering::SeqCst)),
        }]
    }

    fn renew(&self) -> Renewal {
        self.0.fetch_add(1, Ordering::SeqCst);
        Renewal::Renewed
    }
}

#[test]
fn a_batch_rests_on_one_content_wherever_the_stage_stands() {
    for place in [0, 1, 3] {
        let dir = folder();
        fs::create_dir(dir.path().join("inbox")).unwrap();
        for number in 0..FILES {
            let path = dir.path().join(format!("inbox/{number:02}.txt"));
            fs::write(path, format!("The text of article {number}.")).unwrap();
        }
        let mut stages = chain(true);
        stages.insert(
            place,
            ("versioned".to_owned(), Built::Pure(Arc::<Versioned>::default())),
        );
        let (counters, stop) = (Arc::<Counters>::default(), StopFlag::default());
        let settings = settings(dir.path(), 2, WhenDone::Keep);
        let pipeline = Pipeline::open(
            settings.clone(),
            stages,
            inbox(dir.path()),
            Arc::new(RealDisk),
            Arc::clone(&counters),
            stop.clone(),
        );
        let running = thread::spawn(|| pipeline.unwrap().run(Mode::Watch));
        let given_up = Instant::now() + Duration::from_secs(60);
        while counters.now().written < FILES as u64 && Instant::now() < given_up {
            thread::sleep(Duration::from_millis(5));
        }
        stop.set();
        running.join().unwrap().unwrap();

        let ledger = Ledger::open(&settings.state).unwrap();
        let mut contents = BTreeSet::new();
        for line in house::output::lines(&settings.output, "documents") {
            let id = line["id"].as_str().unwrap().parse().unwrap();
            let row = ledger.document(&id).unwrap().unwrap();
            let bases = ledger.bases_of(&row).unwrap();
            let made_with = line["attributes"]["made_with"].as_str().unwrap();
            assert_eq!(made_with, bases[0].files[0].sha256.to_string());
            contents.insert(made_with.to_owned());
        }
        assert!(contents.len() > 1, "a change between two batches counts");
        assert!(counters.now().renewed as usize >= contents.len());
    }
}
