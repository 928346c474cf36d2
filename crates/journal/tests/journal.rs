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

/// A history of so many files with a document each, in batches.
fn history(journal: &mut Journal, files: std::ops::Range<u64>) {
    let numbers: Vec<u64> = files.collect();
    for numbers in numbers.chunks(8192) {
        let (files, documents) = numbers.iter().map(|&number| taken(number)).unzip();
        let batch = Batch {
            files,
            documents,
            ..Batch::default()
        };
        journal.commit(&batch, []).unwrap();
    }
}

fn taken(number: u64) -> (FileRow, DocumentRow) {
    let path = format!("{number}.txt");
    let mut key = [0; 16];
    key.copy_from_slice(&Sha256::of(path.as_bytes()).as_bytes()[..16]);
    let document = DocumentRow {
        id: DocumentId::of(path.as_bytes(), 0, &Sha256::default()),
        file: key,
        record: 0,
        outcome: Outcome::Written,
        segment: 1,
        start: number * 10,
        length: 10,
    };
    let file = FileRow {
        key,
        path,
        fingerprint: [1; 16],
        records: 1,
        complete: true,
        taken: Timestamp::from_second(number as i64).unwrap(),
    };
    (file, document)
}

#[test]
fn a_long_history_is_found_by_path_and_by_id() {
    const COUNT: u64 = (1 << 16) + 20_000;
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path());
    history(&mut journal, 0..COUNT - 10_000);
    drop(journal);
    let mut journal = open(dir.path());
    history(&mut journal, COUNT - 10_000..COUNT);
    // The first and the last come in another version, without another row.
    let changed = [0, COUNT - 1].map(|number| {
        let (mut file, document) = taken(number);
        (file.fingerprint, file.records) = ([2; 16], 2);
        let document = DocumentRow {
            id: DocumentId::of(file.path.as_bytes(), 1, &Sha256::default()),
            record: 1,
            ..document
        };
        (file, document)
    });
    let (files, documents) = changed.iter().cloned().unzip();
    journal
        .commit(
            &Batch {
                files,
                documents,
                ..Batch::default()
            },
            [],
        )
        .unwrap();

    let ledger = Ledger::open(dir.path()).unwrap();
    assert_eq!(ledger.taken().unwrap().0, COUNT);
    for number in [1, 2, 1000, 1 << 15, (1 << 16) - 1, 1 << 16, COUNT - 2] {
        let (file, document) = taken(number);
        assert_eq!(ledger.document(&document.id).unwrap(), Some(document));
        assert_eq!(ledger.file(&file.key, &file.path).unwrap().as_ref(), Some(&file));
        assert_eq!(ledger.file_of(&document.id).unwrap().as_ref(), Some(&file));
        assert_eq!(ledger.documents_of(&file.key, &file.path).unwrap(), [document]);
        let earlier = journal.earlier(&file.path).unwrap();
        assert_eq!(
            journal.document_in(&earlier, 0, &document.id).unwrap(),
            Some(document)
        );
        assert_eq!(journal.document_in(&earlier, 1, &document.id).unwrap(), None);
    }
    for (number, (file, second)) in [0, COUNT - 1].into_iter().zip(changed) {
        let first = taken(number).1;
        assert_eq!(ledger.file(&file.key, &file.path).unwrap().as_ref(), Some(&file));
        assert_eq!(
            ledger.documents_of(&file.key, &file.path).unwrap(),
            [first, second]
        );
    }
    let (file, document) = taken(COUNT);
    assert_eq!(ledger.document(&document.id).unwrap(), None);
    assert_eq!(ledger.file(&file.key, &file.path).unwrap(), None);
    let none = journal.earlier(&file.path).unwrap();
    assert_eq!(journal.document_in(&none, 0, &document.id).unwrap(), None);
    let mut rows = ledger.documents(Outcome::Written);
    let mut count = 0;
    while let Some(row) = rows.peek().unwrap() {
        assert!(count >= COUNT || row.start == count * 10);
        count += 1;
        rows.advance();
    }
    assert_eq!(count, COUNT + 2);
    assert_eq!(ledger.count().unwrap(), journal.totals());
}

#[test]
fn files_of_one_path_in_two_folders_are_told_apart_and_share_their_ids() {
    let dir = tempfile::tempdir().unwrap();
    let (first, document) = taken(1);
    let second = FileRow {
        key: [9; 16],
        ..first.clone()
    };
    for (file, reopened) in [(first, false), (second, true)] {
        let mut journal = open(dir.path());
        let earlier = journal.earlier(&file.path).unwrap();
        let found = journal.document_in(&earlier, 0, &document.id).unwrap();
        assert_eq!(found.is_some(), reopened);
        let documents = if reopened { Vec::new() } else { vec![document] };
        let batch = Batch {
            files: vec![file.clone()],
            documents,
            ..Batch::default()
        };
        journal.commit(&batch, []).unwrap();
        assert_eq!(journal.ledger().file(&file.key, &file.path).unwrap(), Some(file));
    }
    assert_eq!(open(dir.path()).ledger().taken().unwrap().0, 2);
}

#[test]
fn the_format_before_this_one_is_brought_up_to_date() {
    let dir = tempfile::tempdir().unwrap();
    let books = rusqlite::Connection::open(dir.path().join("journal.sqlite")).unwrap();
    books.execute_batch(FORMAT_2).unwrap();
    for number in (0..5).rev() {
        let (file, row) = taken(number);
        // A file that came again has left a gap.
        books
            .execute(
                "INSERT INTO files (rowid, key, path, fingerprint, records, complete, taken) VALUES (?1, ?2, ?3, ?4, 1, 1, ?5)",
                rusqlite::params![number as i64 * 2, file.key, file.path, file.fingerprint, file.taken.as_millisecond()],
            )
            .unwrap();
        books
            .execute(
                "INSERT INTO documents VALUES (?1, ?2, 0, 0, 1, ?3, 10)",
                rusqlite::params![row.id.as_bytes(), row.file, row.start as i64],
            )
            .unwrap();
    }
    drop(books);
    assert!(matches!(
        Ledger::open(dir.path()),
        Err(JournalError::Outdated { .. })
    ));
    let mut journal = open(dir.path());
    history(&mut journal, 5..8);
    let ledger = Ledger::open(dir.path()).unwrap();
    let last = Timestamp::from_second(7).unwrap();
    assert_eq!(ledger.taken().unwrap(), (8, Some(last)));
    for number in 0..8 {
        let (file, document) = taken(number);
        assert_eq!(
            journal.known_files().get(&file.key, &[1; 16]),
            Some(KnownFile::Complete)
        );
        assert_eq!(ledger.document(&document.id).unwrap(), Some(document));
        assert_eq!(ledger.documents_of(&file.key, &file.path).unwrap(), [document]);
    }
    assert_eq!(ledger.totals().unwrap().written, 5 + 3);
}

/// The tables of format 2, but for those that are as they were.
const FORMAT_2: &str = "
    CREATE TABLE files (key BLOB PRIMARY KEY, path TEXT NOT NULL, fingerprint BLOB NOT NULL, records INTEGER NOT NULL,
        complete INTEGER NOT NULL, taken INTEGER NOT NULL);
    CREATE TABLE documents (id BLOB PRIMARY KEY, file BLOB NOT NULL, record INTEGER NOT NULL, outcome INTEGER NOT NULL,
        segment INTEGER NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL);
    CREATE TABLE quarantine (id BLOB PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE segments (kind INTEGER NOT NULL, number INTEGER NOT NULL, length INTEGER NOT NULL, lines INTEGER NOT NULL,
        opened INTEGER NOT NULL, sha256 BLOB, PRIMARY KEY (kind, number)) WITHOUT ROWID;
    CREATE TABLE totals (outcome INTEGER PRIMARY KEY, count INTEGER NOT NULL);
    INSERT INTO totals VALUES (0, 5), (1, 0), (2, 0);
    CREATE TABLE stage_keys (stage TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (stage, key)) WITHOUT ROWID;
    CREATE TABLE stage_files (stage TEXT NOT NULL, file TEXT NOT NULL, length INTEGER NOT NULL, PRIMARY KEY (stage, file)) WITHOUT ROWID;
    PRAGMA user_version = 2;
";

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
