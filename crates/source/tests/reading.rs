//! What becomes of the files that land.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod landed;

use std::fs;
use std::io::Write;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;

use gristmill_core::{DocumentId, Sha256};
use gristmill_source::{
    Content, Fault, FaultReason, Inbox, Item, NoBooks, Outcome, Record, Settings, Watched,
};
use landed::{become_of, check, inbox, read, scan};
use tempfile::TempDir;

#[test]
fn single_documents() {
    check("a.txt", b"Body.\r\nMore.", &["a.txt: Body.\nMore."]);
    check("a", b"\xef\xbb\xbfBody.", &["a: Body."]);
    check("a.html", b"<p>x</p>", &["a.html: <p>x</p>"]);
    check("a.txt", b"", &["a.txt: empty"]);
    check("a.txt", b" \n\t ", &["a.txt: empty"]);
    check("a.pdf", b"%PDF-1.7 ...", &["a.pdf: unsupported"]);
    check(
        "a.txt",
        &[0, 1, 2, 3, 200, 201, 5, 6, 7, 8],
        &["a.txt: unsupported"],
    );
    check("a.xml", b"<?xml version='1.0'?><rss/>", &["a.xml: unsupported"]);
    assert_eq!(become_of("a.txt", b"0123456789", 9), ["a.txt: too_large"]);
    assert_eq!(become_of("a.txt", b"0123456789", 10), ["a.txt: 0123456789"]);
}

#[test]
fn records_of_json() {
    check("a.json", b"{\"text\": \"x\"}", &["a.json: x"]);
    check("a.json", b"{\n \"text\": \"}{\\\"\"\n}\n", &["a.json: }{\""]);
    check(
        "a.json",
        b"[{\"text\":\"x\"}, {\"text\":\"y\"}]",
        &["a.json: x", "a.json: y"],
    );
    check(
        "a.json",
        b"{\n\"text\":\"x\"}\n{\n\"text\":\"y\"}",
        &["a.json: x", "a.json: y"],
    );
    check("a.json", b"[]", &["a.json: empty"]);
    check("a.json", b"", &["a.json: empty"]);
    check(
        "a.json",
        b"[{\"text\":\"x\"}, 7, {}]",
        &["a.json: x", "a.json: bad_record", "a.json: empty"],
    );
    check(
        "a.json",
        b"[{\"text\":\"x\"}",
        &["a.json: x", "a.json: truncated"],
    );
    check(
        "a.json",
        b"[{\"text\":\"x\"}, {\"te",
        &["a.json: x", "a.json: truncated"],
    );
    check("a.json", b"{\n\"text\":\"x", &["a.json: truncated"]);
    check(
        "a.json",
        b"[{\"text\":\"x\"}] tail",
        &["a.json: x", "a.json: bad_record"],
    );
    check("a.json", b"nonsense", &["a.json: bad_record"]);
    let wide: Vec<u8> = "\u{feff}{\"text\":\"й\"}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    check("a.json", &wide, &["a.json: й"]);
}

#[test]
fn a_bad_line_stops_only_itself() {
    let lines = b"\xef\xbb\xbf{\"text\":\"x\"}\r\n\n{\"text\":\n[]\n\xff\n{\"text\":\"y\"}";
    let expected = [
        "a.jsonl: x",
        "a.jsonl: bad_record",
        "a.jsonl: bad_record",
        "a.jsonl: bad_record",
        "a.jsonl: y",
    ];
    check("a.jsonl", lines, &expected);
    check("a.jsonl", b"\n\n", &["a.jsonl: empty"]);
    let long = format!(
        "{{\"text\":\"x\"}}\n{{\"text\":\"{}\"}}\n{{\"text\":\"y\"}}\n",
        "z".repeat(100_000)
    );
    let expected = ["a.jsonl: x", "a.jsonl: too_large", "a.jsonl: y"];
    assert_eq!(become_of("a.jsonl", long.as_bytes(), 1000), expected);
    let array = format!("[{{\"text\":\"{}\"}},{{\"text\":\"y\"}}]", "z".repeat(100_000));
    assert_eq!(
        become_of("a.json", array.as_bytes(), 1000),
        ["a.json: too_large", "a.json: y"]
    );
}

#[test]
fn names_and_hashes_are_of_the_records_own_bytes() {
    let dir = TempDir::new().unwrap();
    fs::write(
        dir.path().join("a.jsonl"),
        "{\"text\":\"x\"}\r\n{\"text\":\"y\"}\n",
    )
    .unwrap();
    let inbox = inbox(dir.path(), 1 << 20);
    let (_, records, _) = read(&inbox, &scan(&inbox)[0], 0);
    let bytes = b"{\"text\":\"y\"}";
    let record = &records[1];
    assert_eq!(record.raw, bytes);
    assert_eq!(
        (record.source.bytes, record.source.sha256),
        (bytes.len() as u64, Sha256::of(bytes))
    );
    assert_eq!(record.id, DocumentId::of(b"a.jsonl", 1, &Sha256::of(bytes)));
    let Content::Document(document) = &record.content else {
        panic!("{record:?}")
    };
    assert_eq!((document.id, &document.source), (record.id, &record.source));
}

#[test]
fn ids_hold_the_folders_name_and_raw_bytes() {
    let dir = TempDir::new().unwrap();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.txt");
    fs::write(dir.path().join(name), "x").unwrap();
    let inbox = Inbox::new(Settings {
        watch: vec![Watched {
            path: dir.path().to_owned(),
            name: Some("wire".into()),
        }],
        settle: std::time::Duration::ZERO,
        ..Settings::default()
    })
    .unwrap();
    let (_, records, _) = read(&inbox, &scan(&inbox)[0], 0);
    assert_eq!(records[0].source.path, "wire:caf%E9.txt");
    assert_eq!(
        records[0].id,
        DocumentId::of(b"wire:caf\xe9.txt", 0, &Sha256::of(b"x"))
    );
}

#[test]
fn reading_goes_on_where_it_stopped() {
    let dir = TempDir::new().unwrap();
    let lines: String = (0..10).map(|n| format!("{{\"text\":\"{n}\"}}\n")).collect();
    fs::write(dir.path().join("a.jsonl"), lines).unwrap();
    let inbox = inbox(dir.path(), 1 << 20);
    let file = &scan(&inbox)[0];
    let (_, all, total) = read(&inbox, file, 0);
    let (_, rest, again) = read(&inbox, file, 7);
    assert_eq!((total, again), (Some(10), Some(10)));
    let ids = |records: &[Record]| records.iter().map(|record| record.id).collect::<Vec<_>>();
    assert_eq!(ids(&rest), ids(&all[7..]));
    let mut taken = 0;
    let outcome = inbox.read(file, 0, &mut |_| {
        taken += 1;
        if taken == 3 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    assert_eq!((outcome, taken), (Outcome::Stopped, 3));
}

#[test]
fn a_file_that_no_reader_may_see_is_one_fault_with_its_bytes() {
    let dir = TempDir::new().unwrap();
    let lines = "{\"text\": \"one\"}\n{\"text\": \"two\"}\n{\"text\": \"three\"}\n";
    fs::write(dir.path().join("a.jsonl"), lines).unwrap();
    // Two of its records are known already; and it may well be longer than a document.
    for (max_document, kept) in [(1 << 20, lines.len()), (20, 20)] {
        let inbox = inbox(dir.path(), max_document);
        let file = &scan(&inbox)[0];
        let fault = Fault {
            reason: FaultReason::Crash,
            detail: "signal 6".to_owned(),
        };
        let mut items = Vec::new();
        let outcome = inbox.set_aside(file, 2, fault.clone(), &mut |item| {
            items.push(item);
            ControlFlow::Continue(())
        });
        assert_eq!(outcome, Outcome::Complete);
        let [Item::Record(record), Item::Complete { records: 3 }] = &*items else {
            panic!("{items:?}");
        };
        assert!(matches!(&record.content, Content::Fault(found) if *found == fault));
        assert_eq!((record.number, record.source.bytes), (2, lines.len() as u64));
        assert_eq!(record.raw, lines.as_bytes()[..kept]);
        assert_eq!(record.source.sha256, Sha256::of(lines.as_bytes()));
    }
}

#[test]
fn a_file_that_moves_gives_nothing() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("a.txt");
    fs::write(&path, "half").unwrap();
    let inbox = inbox(dir.path(), 1 << 20);
    let file = scan(&inbox).remove(0);
    fs::write(&path, "half and half").unwrap();
    assert_eq!(read(&inbox, &file, 0).0, Outcome::Changed);
    fs::remove_file(&path).unwrap();
    assert_eq!(read(&inbox, &file, 0).0, Outcome::Changed);
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(read(&inbox, &file, 0).0, Outcome::Changed);
}

#[test]
fn the_last_record_of_a_large_file_waits_for_a_last_look() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("a.jsonl");
    let line = format!("{{\"text\":\"{}\"}}\n", "x".repeat(9 << 20));
    fs::write(
        &path,
        [line.as_bytes(), b"{\"text\":\"last, and to be contin"].concat(),
    )
    .unwrap();
    let inbox = inbox(dir.path(), 16 << 20);
    let file = scan(&inbox).remove(0);
    let mut numbers = Vec::new();
    let outcome = inbox.read(&file, 0, &mut |item| {
        if let Item::Record(record) = item {
            numbers.push(record.number);
            let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
            file.write_all(b"ued\"}\n").unwrap();
        }
        ControlFlow::Continue(())
    });
    assert_eq!((outcome, numbers), (Outcome::Changed, vec![0]));
}

#[test]
fn what_lands_is_found_in_byte_order() {
    let dir = TempDir::new().unwrap();
    for path in [
        "a.txt",
        "a/b.txt",
        "a/b/c",
        "a0",
        "B",
        "é",
        ".hidden/x",
        "y.part",
        "line\nend",
    ] {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    }
    std::os::unix::fs::symlink(dir.path().join("B"), dir.path().join("link")).unwrap();
    std::os::unix::fs::symlink(dir.path(), dir.path().join("loop")).unwrap();
    let paths = |follow_links| {
        let inbox = Inbox::new(Settings {
            watch: vec![Watched {
                path: dir.path().to_owned(),
                name: None,
            }],
            settle: std::time::Duration::ZERO,
            follow_links,
            ..Settings::default()
        })
        .unwrap();
        scan(&inbox)
            .iter()
            .map(|file| file.source_path().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        paths(false),
        ["B", "a.txt", "a/b.txt", "a/b/c", "a0", "line\nend", "é"]
    );
    assert_eq!(
        paths(true),
        ["B", "a.txt", "a/b.txt", "a/b/c", "a0", "line\nend", "link", "é"]
    );
}

#[test]
fn a_missing_folder_is_an_error() {
    let dir = TempDir::new().unwrap();
    let inbox = inbox(&dir.path().join("absent"), 1);
    assert!(inbox.scan(&NoBooks, &mut |_| ControlFlow::Continue(())).is_err());
}
