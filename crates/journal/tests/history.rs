//! Long histories, and books in formats of earlier versions.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;
use std::sync::Arc;

use gristmill_core::{DocumentId, Sha256};
use gristmill_disk::RealDisk;
use gristmill_journal::{Batch, DocumentRow, FileRow, Journal, JournalError, KnownFile, Ledger, Outcome};
use jiff::Timestamp;

fn open(dir: &Path) -> Journal {
    Journal::open(dir, Arc::new(RealDisk)).unwrap()
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
