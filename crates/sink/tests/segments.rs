//! What lies in the output folders after each kind of ending.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gristmill_core::{Document, DocumentId, Sha256};
use gristmill_disk::{Ending, FaultyDisk, Plan, RealDisk};
use gristmill_sink::{
    Compression, Position, Quarantine, QuarantineEntry, Rotation, Segment, SegmentWriter, SinkError,
    read_line,
};
use jiff::{SignedDuration, Timestamp};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const ROTATION: Rotation = Rotation {
    size: 1 << 20,
    age: Duration::from_secs(3600),
};

fn open(dir: &Path, compression: Compression, books: &[Segment]) -> SegmentWriter {
    SegmentWriter::open(dir, Arc::new(RealDisk), compression, ROTATION, books).unwrap()
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Applies what a sync said to what the books knew.
fn enter(books: &mut Vec<Segment>, changed: Vec<Segment>) {
    for segment in changed {
        books.retain(|known| known.number != segment.number);
        books.push(segment);
    }
}

#[test]
fn lines_stand_where_they_were_said_to() {
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = open(dir.path(), compression, &[]);
        let mut books = Vec::new();
        let mut positions = Vec::new();
        for batch in 0..3 {
            for line in 0..4 {
                positions.push(writer.append(&format!("{batch}.{line} ü"), NOW).unwrap());
            }
            enter(&mut books, writer.sync(NOW, false).unwrap());
        }
        drop(writer);
        // A restart in between changes nothing.
        let mut writer = open(dir.path(), compression, &books);
        positions.push(writer.append(&"3.0 ü", NOW).unwrap());
        enter(&mut books, writer.sync(NOW, true).unwrap());
        writer.settle().unwrap();
        for (number, position) in positions.into_iter().enumerate() {
            let expected = format!("\"{}.{} ü\"", number / 4, number % 4);
            assert_eq!(
                read_line(dir.path(), position).unwrap(),
                expected,
                "{compression:?}"
            );
        }
        assert_eq!((books.len(), books[0].lines), (1, 13));
        let file = fs::read(dir.path().join(&names(dir.path())[0])).unwrap();
        assert_eq!(books[0].sha256, Some(Sha256::of(&file)));
        assert_eq!(books[0].length, file.len() as u64);
    }
}

#[test]
fn what_the_books_do_not_know_is_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = open(dir.path(), Compression::None, &[]);
    writer.append(&"good", NOW).unwrap();
    let books = writer.sync(NOW, false).unwrap();
    writer.append(&"lost", NOW).unwrap();
    drop(writer.sync(NOW, true).unwrap());
    drop(writer);
    fs::write(dir.path().join("part-00000002.jsonl.open"), "\"torn").unwrap();

    drop(open(dir.path(), Compression::None, &books));
    assert_eq!(names(dir.path()), ["part-00000001.jsonl.open"]);
    assert_eq!(
        fs::read_to_string(dir.path().join("part-00000001.jsonl.open")).unwrap(),
        "\"good\"\n"
    );
}

#[test]
fn a_seal_that_the_books_know_is_finished_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = open(dir.path(), Compression::Zstd, &[]);
    writer.append(&"line", NOW).unwrap();
    let books = writer.sync(NOW, true).unwrap();
    assert_eq!(names(dir.path()), ["part-00000001.jsonl.zst.open"]);
    drop(writer);
    let mut writer = open(dir.path(), Compression::Zstd, &books);
    assert_eq!(names(dir.path()), ["part-00000001.jsonl.zst"]);
    assert_eq!(
        writer.append(&"line", NOW).unwrap(),
        Position {
            segment: 2,
            start: 0,
            length: 7
        }
    );
}

#[test]
fn a_sync_that_failed_is_repeated_whole() {
    const EIO: i32 = 5;
    let dir = tempfile::tempdir().unwrap();
    for at in 3..6 {
        let dir = dir.path().join(at.to_string());
        let disk = Arc::new(FaultyDisk::new(Some(Plan {
            at,
            ending: Ending::Fail(EIO),
        })));
        let mut writer = SegmentWriter::open(&dir, disk.clone(), Compression::None, ROTATION, &[]).unwrap();
        writer.append(&"line", NOW).unwrap();
        assert!(writer.sync(NOW, false).is_err(), "{:?}", disk.operations());
        let told = writer.sync(NOW, false).unwrap();
        assert_eq!((told[0].lines, told[0].length), (1, 7));
        // The books failed: it is told again, and no longer once they know.
        assert_eq!(writer.sync(NOW, false).unwrap(), told);
        writer.settle().unwrap();
        assert_eq!(writer.sync(NOW, false).unwrap(), []);
        assert_eq!(
            fs::read_to_string(dir.join("part-00000001.jsonl.open")).unwrap(),
            "\"line\"\n"
        );
    }
}

#[test]
fn segments_are_sealed_by_size_and_by_age() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = open(dir.path(), Compression::None, &[]);
    writer.append(&"x".repeat(2 << 20), NOW).unwrap();
    assert!(writer.sync(NOW, false).unwrap()[0].sha256.is_some());
    writer.settle().unwrap();
    writer.append(&"small", NOW).unwrap();
    assert!(writer.sync(NOW, false).unwrap()[0].sha256.is_none());
    let later = NOW + SignedDuration::from_hours(1);
    assert!(!writer.is_due(NOW) && writer.is_due(later));
    assert!(writer.sync(later, false).unwrap()[0].sha256.is_some());
    writer.settle().unwrap();
    assert_eq!(names(dir.path()), ["part-00000001.jsonl", "part-00000002.jsonl"]);
}

#[test]
fn a_missing_or_shortened_segment_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = open(dir.path(), Compression::None, &[]);
    writer.append(&"line", NOW).unwrap();
    let books = writer.sync(NOW, false).unwrap();
    drop(writer);
    let path = dir.path().join("part-00000001.jsonl.open");
    fs::write(&path, "\"li").unwrap();
    let reopen = || {
        SegmentWriter::open(
            dir.path(),
            Arc::new(RealDisk),
            Compression::None,
            ROTATION,
            &books,
        )
    };
    let error = reopen().unwrap_err().to_string();
    assert!(
        error.contains("has 3 bytes where the journal counts 7"),
        "{error}"
    );
    fs::remove_file(&path).unwrap();
    assert!(matches!(reopen(), Err(SinkError::Damaged(_))));
}

#[test]
fn quarantine_keeps_bytes_and_reason() {
    let dir = tempfile::tempdir().unwrap();
    let quarantine = Quarantine::new(&dir.path().join("quarantine"), Arc::new(RealDisk));
    assert_eq!(quarantine.ids().unwrap(), []);
    let document = Document::from_text("a.bin", "x");
    let entry = QuarantineEntry::new(
        document.id,
        document.source,
        "source",
        "unsupported",
        "an image",
        NOW,
    );
    quarantine.put(&entry, b"\x89PNG").unwrap();
    let stray = DocumentId::of(b"stray", 0, &Sha256::default());
    quarantine
        .put(
            &QuarantineEntry {
                id: stray,
                ..entry.clone()
            },
            b"",
        )
        .unwrap();
    quarantine.clear_strays(|id| *id == entry.id).unwrap();
    assert_eq!(quarantine.ids().unwrap(), [entry.id]);
    assert_eq!(quarantine.entry(&entry.id).unwrap(), entry);
    assert_eq!(quarantine.bytes(&entry.id).unwrap(), b"\x89PNG");
    quarantine.note_retried(&stray, NOW).unwrap();
    assert_eq!(quarantine.ids().unwrap(), [entry.id]);
    quarantine.note_retried(&entry.id, NOW).unwrap();
    assert_eq!(quarantine.entry(&entry.id).unwrap().retried, Some(NOW));
    assert_eq!(quarantine.bytes(&entry.id).unwrap(), b"\x89PNG");
    quarantine.remove(&entry.id).unwrap();
    quarantine.remove(&entry.id).unwrap();
    assert_eq!(names(&dir.path().join("quarantine")), Vec::<String>::new());
}

#[test]
fn what_another_state_has_sealed_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let mut books = Vec::new();
    for line in ["one", "two"] {
        let mut writer = open(dir.path(), Compression::Gzip, &books);
        writer.append(&line, NOW).unwrap();
        enter(&mut books, writer.sync(NOW, true).unwrap());
        writer.settle().unwrap();
    }
    let all = ["part-00000001.jsonl.gz", "part-00000002.jsonl.gz"];
    assert_eq!(names(dir.path()), all);
    // Books that are new, and books of an earlier time.
    for known in [0, 1] {
        let again = SegmentWriter::open(
            dir.path(),
            Arc::new(RealDisk),
            Compression::None,
            ROTATION,
            &books[..known],
        );
        let error = again.unwrap_err();
        assert!(
            matches!(&error, SinkError::Foreign { path } if path.ends_with(all[known])),
            "{error}"
        );
        assert_eq!(names(dir.path()), all);
    }
}

#[test]
fn a_folder_has_one_writer() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = open(dir.path(), Compression::None, &[]);
    first.append(&"one", NOW).unwrap();
    first.sync(NOW, false).unwrap();
    let second = SegmentWriter::open(dir.path(), Arc::new(RealDisk), Compression::None, ROTATION, &[]);
    assert!(matches!(second, Err(SinkError::Claimed { .. })), "{second:?}");
    assert_eq!(names(dir.path()), ["part-00000001.jsonl.open"]);
    drop(first);
    open(dir.path(), Compression::None, &[]);
    assert!(names(dir.path()).is_empty());
}
