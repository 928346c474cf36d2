//! What the books promise, seen from outside.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use gristmill_core::{BasisFile, DocumentId, MemoryState, Sha256, State};
use gristmill_disk::{Ending, FaultyDisk, Plan, RealDisk};
use gristmill_journal::{
    BasisRow, Batch, DocumentRow, FileRow, Journal, JournalError, KnownFile, Ledger, Outcome, SegmentKind,
    SegmentRow, StageState, Totals,
};
use jiff::Timestamp;
use proptest::prelude::*;

fn open(dir: &Path) -> Journal {
    Journal::open(dir, Arc::new(RealDisk)).unwrap()
}

fn document(record: u64, outcome: Outcome) -> DocumentRow {
    let id = DocumentId::of(b"a.jsonl", record, &Sha256::default());
    DocumentRow {
        id,
        file: [7; 16],
        record,
        outcome,
        segment: 1,
        start: record * 10,
        length: 10,
    }
}

fn batch() -> Batch {
    Batch {
        files: vec![FileRow {
            key: [7; 16],
            path: "a.jsonl".to_owned(),
            fingerprint: [1; 16],
            records: 3,
            complete: true,
            taken: Timestamp::UNIX_EPOCH,
        }],
        documents: vec![
            document(0, Outcome::Written),
            document(1, Outcome::Rejected),
            document(2, Outcome::Quarantined),
        ],
        segments: vec![SegmentRow {
            kind: SegmentKind::Documents,
            number: 1,
            length: 10,
            lines: 1,
            opened: Timestamp::UNIX_EPOCH,
            sha256: None,
        }],
        bases: Vec::new(),
    }
}

#[test]
fn a_batch_is_in_the_books_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path());
    journal.commit(&batch(), []).unwrap();
    drop(journal);

    let journal = open(dir.path());
    let known = journal.known_files();
    assert_eq!(known.get(&[7; 16], &[1; 16]), Some(KnownFile::Complete));
    assert_eq!(known.get(&[7; 16], &[2; 16]), None);
    assert_eq!(
        journal.totals(),
        Totals {
            written: 1,
            rejected: 1,
            quarantined: 1
        }
    );
    let ledger = Ledger::open(dir.path()).unwrap();
    assert_eq!(
        ledger.document(&document(1, Outcome::Rejected).id).unwrap(),
        Some(document(1, Outcome::Rejected))
    );
    assert_eq!(
        ledger.file(&[7; 16], "a.jsonl").unwrap(),
        Some(batch().files.remove(0))
    );
    assert_eq!(
        ledger.documents_of(&[7; 16], "a.jsonl").unwrap(),
        batch().documents
    );
    assert_eq!(ledger.segments().unwrap(), batch().segments);
    assert_eq!(
        ledger.quarantined().unwrap(),
        [document(2, Outcome::Quarantined).id]
    );
}

#[test]
fn a_document_that_leaves_quarantine_is_counted_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path());
    journal.commit(&batch(), []).unwrap();
    let again = Batch {
        documents: vec![document(2, Outcome::Written)],
        segments: Vec::new(),
        ..batch()
    };
    journal.commit(&again, []).unwrap();
    assert_eq!(
        journal.totals(),
        Totals {
            written: 2,
            rejected: 1,
            quarantined: 0
        }
    );
    assert_eq!(journal.ledger().quarantined().unwrap(), []);
}

fn basis(start: u64, content: &[&str]) -> BasisRow {
    BasisRow {
        stage: "entities".to_owned(),
        segment: 1,
        start,
        since: Timestamp::UNIX_EPOCH,
        files: content
            .iter()
            .map(|content| BasisFile {
                file: "people.tsv".to_owned(),
                sha256: Sha256::of(content.as_bytes()),
            })
            .collect(),
    }
}

#[test]
fn a_line_rests_on_what_was_in_force_when_it_was_made() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path());
    for (start, content) in [(10, &["one"][..]), (30, &["two"]), (50, &[])] {
        let batch = Batch {
            bases: vec![basis(start, content)],
            ..Batch::default()
        };
        journal.commit(&batch, []).unwrap();
    }
    let ledger = Ledger::open(dir.path()).unwrap();
    let of = |record| ledger.bases_of(&document(record, Outcome::Written)).unwrap();
    assert_eq!(of(0), []);
    assert_eq!(of(1), [basis(10, &["one"])]);
    assert_eq!(of(2), [basis(10, &["one"])]);
    assert_eq!(of(4), [basis(30, &["two"])]);
    assert_eq!(of(5), []);
    assert_eq!(ledger.bases_of(&document(4, Outcome::Rejected)).unwrap(), []);
    assert_eq!(ledger.latest_bases().unwrap(), []);
}

#[test]
fn books_from_before_bases_were_kept_are_read_and_written() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).commit(&batch(), []).unwrap();
    let database = rusqlite::Connection::open(dir.path().join("journal.sqlite")).unwrap();
    database.execute_batch("DROP TABLE bases").unwrap();
    drop(database);
    assert_eq!(Ledger::open(dir.path()).unwrap().latest_bases().unwrap(), []);
    let later = Batch {
        bases: vec![basis(10, &["one"])],
        ..Batch::default()
    };
    open(dir.path()).commit(&later, []).unwrap();
    let ledger = Ledger::open(dir.path()).unwrap();
    assert_eq!(ledger.latest_bases().unwrap(), later.bases);
    assert_eq!(ledger.segments().unwrap(), batch().segments);
}

#[test]
fn a_second_daemon_is_refused_and_a_reader_is_not() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(
        Ledger::open(dir.path()),
        Err(JournalError::Absent { .. })
    ));
    let _first = open(dir.path());
    let second = Journal::open(dir.path(), Arc::new(RealDisk));
    assert!(matches!(second, Err(JournalError::Locked { .. })));
    assert_eq!(
        Ledger::open(dir.path()).unwrap().totals().unwrap(),
        Totals::default()
    );
}

#[test]
fn a_commit_that_fails_leaves_nothing_and_can_be_repeated() {
    let dir = tempfile::tempdir().unwrap();
    let points = {
        let dir = tempfile::tempdir().unwrap();
        let disk = FaultyDisk::new(None);
        let mut journal = Journal::open(dir.path(), Arc::new(disk.clone())).unwrap();
        let mut state = journal.stage_state("dedup").unwrap();
        let before = disk.operations().len() as u64;
        state.append("log", b"x").unwrap();
        journal.commit(&batch(), [&mut state]).unwrap();
        before..disk.operations().len() as u64 - 1
    };
    assert!(points.clone().count() >= 5, "{points:?}");
    for at in points {
        let dir = dir.path().join(at.to_string());
        std::fs::create_dir(&dir).unwrap();
        let disk = FaultyDisk::new(Some(Plan {
            at,
            ending: Ending::Fail(5),
        }));
        let mut journal = Journal::open(&dir, Arc::new(disk)).unwrap();
        let mut state = journal.stage_state("dedup").unwrap();
        let mut append = state.append("log", b"x");
        if append.is_err() {
            state.undo();
            append = state.append("log", b"x");
        } else {
            assert!(journal.commit(&batch(), [&mut state]).is_err());
            assert_eq!(Ledger::open(&dir).unwrap().totals().unwrap(), Totals::default());
        }
        append.unwrap();
        journal.commit(&batch(), [&mut state]).unwrap();
        drop((journal, state));
        let journal = open(&dir);
        assert_eq!(journal.totals().accepted(), 3);
        assert_eq!(journal.stage_state("dedup").unwrap().len("log"), Some(1));
    }
}

#[test]
fn what_was_not_committed_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path());
    let mut state = journal.stage_state("dedup").unwrap();
    state.append("log", b"good").unwrap();
    state.put(b"key", b"good").unwrap();
    journal.commit(&Batch::default(), [&mut state]).unwrap();
    state.append("log", &vec![b'x'; 3 << 20]).unwrap();
    state.append("stray", b"x").unwrap();
    state.put(b"key", b"lost").unwrap();
    drop((journal, state));

    let state = open(dir.path()).stage_state("dedup").unwrap();
    assert_eq!(state.files(), ["log"]);
    assert_eq!(state.len("log"), Some(4));
    assert_eq!(state.get(b"key").unwrap().as_deref(), Some(&b"good"[..]));
    assert!(!dir.path().join("dedup/stray").exists());
}

#[test]
fn who_looks_on_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path());
    let mut state = journal.stage_state("dedup").unwrap();
    state.put(b"k", b"1").unwrap();
    state.append("log", b"abc").unwrap();
    journal.commit(&batch(), [&mut state]).unwrap();
    let files = || {
        let entries = std::fs::read_dir(dir.path().join("dedup")).unwrap();
        let mut files: Vec<_> = entries
            .map(|entry| {
                (
                    entry.as_ref().unwrap().file_name(),
                    std::fs::read(entry.unwrap().path()).unwrap(),
                )
            })
            .collect();
        files.sort();
        files
    };
    let before = files();

    let mut peeked = Journal::peek_stage_state(dir.path(), "dedup").unwrap();
    // More than what the daemon's own state would keep in memory.
    peeked.append("log", &vec![b'x'; 2 << 20]).unwrap();
    peeked.append("other", b"new").unwrap();
    peeked.put(b"k", b"2").unwrap();
    assert_eq!(peeked.get(b"k").unwrap().unwrap(), b"2");
    let mut start = [0; 4];
    peeked.read("log", 0, &mut start).unwrap();
    assert_eq!(&start, b"abcx");
    drop(peeked);

    assert_eq!(files(), before);
    assert_eq!(state.get(b"k").unwrap().unwrap(), b"1");
}

#[test]
fn a_shortened_state_file_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path());
    let mut state = journal.stage_state("dedup").unwrap();
    state.append("log", b"good").unwrap();
    journal.commit(&Batch::default(), [&mut state]).unwrap();
    drop(state);
    std::fs::write(dir.path().join("dedup/log"), "goo").unwrap();
    let error = journal.stage_state("dedup").unwrap_err().to_string();
    assert!(
        error.contains("log has 3 bytes where the journal counts 4"),
        "{error}"
    );
}

/// One thing that a stage may do, or that happens to its state.
#[derive(Debug, Clone)]
enum Step {
    Put(u8, u8),
    Delete(u8),
    Append(u8, usize),
    Remove(u8),
    Commit,
    UndoDocument,
    NextDocument,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..6_u8, any::<u8>()).prop_map(|(key, value)| Step::Put(key, value)),
        1 => (0..6_u8).prop_map(Step::Delete),
        3 => (0..3_u8, 0..700_000_usize).prop_map(|(file, length)| Step::Append(file, length)),
        1 => (0..3_u8).prop_map(Step::Remove),
        2 => Just(Step::Commit),
        1 => Just(Step::UndoDocument),
        2 => Just(Step::NextDocument),
        1 => Just(Step::Restart),
    ]
}

type Content = (Vec<(Vec<u8>, Vec<u8>)>, BTreeMap<String, Vec<u8>>);

fn content(state: &dyn State) -> Content {
    let mut keys = Vec::new();
    let mut visit = |key: &[u8], value: &[u8]| {
        keys.push((key.to_owned(), value.to_owned()));
        ControlFlow::Continue(())
    };
    state.range(&[0], &[9], &mut visit).unwrap();
    for (key, value) in &keys {
        assert_eq!(state.get(key).unwrap().as_ref(), Some(value));
    }
    let files = state.files().into_iter().map(|file| {
        let mut bytes = vec![0; state.len(&file).unwrap() as usize];
        state.read(&file, 0, &mut bytes).unwrap();
        (file, bytes)
    });
    (keys, files.collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// The state in the journal is the state in memory, through commits, faults and restarts.
    #[test]
    fn agrees_with_memory(steps in proptest::collection::vec(step(), 1..40)) {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = open(dir.path());
        let mut state = journal.stage_state("s").unwrap();
        let (mut memory, mut marked, mut durable) = (MemoryState::new(), MemoryState::new(), MemoryState::new());
        let mut generation = [0; 3];
        for (number, step) in steps.into_iter().enumerate() {
            let both: [&mut dyn State; 2] = [&mut state, &mut memory];
            match step {
                Step::Put(key, value) => both.into_iter().for_each(|s| s.put(&[key], &[value]).unwrap()),
                Step::Delete(key) => both.into_iter().for_each(|s| s.delete(&[key]).unwrap()),
                Step::Append(file, length) => {
                    let name = format!("f{file}.{}", generation[usize::from(file)]);
                    let bytes = vec![number as u8; length];
                    let offsets = both.map(|s| s.append(&name, &bytes).unwrap());
                    prop_assert_eq!(offsets[0], offsets[1]);
                }
                Step::Remove(file) => {
                    let name = format!("f{file}.{}", generation[usize::from(file)]);
                    let results = both.map(|s| s.remove(&name).is_ok());
                    prop_assert_eq!(results[0], results[1]);
                    generation[usize::from(file)] += 1;
                }
                Step::Commit => {
                    journal.commit(&Batch::default(), [&mut state]).unwrap();
                    (marked, durable) = (memory.clone(), memory.clone());
                }
                Step::NextDocument => {
                    state.mark();
                    marked = memory.clone();
                }
                Step::UndoDocument => {
                    state.undo();
                    memory = marked.clone();
                }
                Step::Restart => {
                    drop(std::mem::replace(&mut state, reopen(&mut journal, dir.path())));
                    (memory, marked) = (durable.clone(), durable.clone());
                }
            }
            prop_assert_eq!(content(&state), content(&memory));
        }
    }
}

fn reopen(journal: &mut Journal, dir: &Path) -> StageState {
    // The lock is let go of before the same folder is opened again.
    let placeholder = tempfile::tempdir().unwrap();
    drop(std::mem::replace(journal, open(placeholder.path())));
    *journal = open(dir);
    journal.stage_state("s").unwrap()
}
