//! What becomes of the files that land.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::io::Write;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use gristmill_core::{DocumentId, Markup, Sha256};
use gristmill_source::{Content, FileRef, Inbox, Item, NoBooks, Outcome, Record, Settings, Watched};
use tempfile::TempDir;

fn inbox(dir: &Path, max_document: u64) -> Inbox {
    Inbox::new(Settings {
        watch: vec![Watched {
            path: dir.to_owned(),
            name: None,
        }],
        settle: std::time::Duration::ZERO,
        max_document,
        ..Settings::default()
    })
    .unwrap()
}

fn scan(inbox: &Inbox) -> Vec<FileRef> {
    let mut files = Vec::new();
    let mut visit = |file| {
        files.push(file);
        ControlFlow::Continue(())
    };
    inbox.scan(&NoBooks, &mut visit).unwrap();
    files
}

/// Reads `file`: its records, and their number as `Complete` told it.
fn read(inbox: &Inbox, file: &FileRef, resume: u64) -> (Outcome, Vec<Record>, Option<u64>) {
    let (mut records, mut total) = (Vec::new(), None);
    let outcome = inbox.read(file, resume, &mut |item| {
        assert_eq!(total, None, "nothing follows the end");
        match item {
            Item::Record(record) => records.push(*record),
            Item::Complete { records } => total = Some(records),
        }
        ControlFlow::Continue(())
    });
    assert_eq!(outcome == Outcome::Complete, total.is_some());
    (outcome, records, total)
}

/// What became of one file of these bytes: a line a record.
fn become_of(name: &str, bytes: &[u8], max_document: u64) -> Vec<String> {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join(name), bytes).unwrap();
    let inbox = inbox(dir.path(), max_document);
    let files = scan(&inbox);
    assert_eq!(files.len(), 1);
    let (_, records, total) = read(&inbox, &files[0], 0);
    assert_eq!(total, Some(records.len() as u64));
    for (number, record) in records.iter().enumerate() {
        assert_eq!(
            (record.number, record.source.record),
            (number as u64, number as u64)
        );
    }
    records.iter().map(told).collect()
}

fn told(record: &Record) -> String {
    let path = &record.source.path;
    match &record.content {
        Content::Document(document) => format!("{path}: {}", document.text),
        Content::Empty => format!("{path}: empty"),
        Content::Fault(fault) => format!("{path}: {}", fault.reason),
    }
}

fn check(name: &str, bytes: &[u8], expected: &[&str]) {
    assert_eq!(become_of(name, bytes, 1 << 20), expected, "{name}");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (path, bytes) in members {
        writer
            .start_file(*path, zip::write::SimpleFileOptions::default())
            .unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        b'a' + (state >> 24) as u8 % 26
    };
    std::iter::repeat_with(next).take(length).collect()
}

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
fn packed_files() {
    let lines = b"{\"text\":\"x\"}\n{\"text\":\"y\"}\n";
    let [x, y] = [b"{\"text\":\"x\"}\n", b"{\"text\":\"y\"}\n"];
    check("a.jsonl.gz", &gzip(lines), &["a.jsonl.gz: x", "a.jsonl.gz: y"]);
    check("a.jsonl.zst", &zstd(lines), &["a.jsonl.zst: x", "a.jsonl.zst: y"]);
    check(
        "a.jsonl.bz2",
        &bzip2(lines),
        &["a.jsonl.bz2: x", "a.jsonl.bz2: y"],
    );
    check(
        "b.jsonl.gz",
        &[gzip(x), gzip(y)].concat(),
        &["b.jsonl.gz: x", "b.jsonl.gz: y"],
    );
    check(
        "b.jsonl.zst",
        &[zstd(x), zstd(y)].concat(),
        &["b.jsonl.zst: x", "b.jsonl.zst: y"],
    );
    check(
        "b.jsonl.bz2",
        &[bzip2(x), bzip2(y)].concat(),
        &["b.jsonl.bz2: x", "b.jsonl.bz2: y"],
    );
    check("a.txt.gz", &gzip(b""), &["a.txt.gz: empty"]);
    check(
        "named-wrongly.txt",
        &gzip(b"Body."),
        &["named-wrongly.txt: Body."],
    );
}

#[test]
fn archives() {
    let members: [(&str, &[u8]); 5] = [
        ("b.txt", b"Body."),
        ("._b.txt", b"resource fork"),
        ("d/c.jsonl", b"{\"text\":\"x\"}\n{\"text\":\"y\"}\n"),
        ("e.txt.gz", &gzip(b"Packed.")),
        ("f.png", b"\x89PNG\r\n"),
    ];
    let expected = |archive: &str| {
        [
            "!/b.txt: Body.",
            "!/d/c.jsonl: x",
            "!/d/c.jsonl: y",
            "!/e.txt.gz: Packed.",
            "!/f.png: unsupported",
        ]
        .map(|line| format!("{archive}{line}"))
    };
    for (name, bytes) in [
        ("a.tar", tar(&members)),
        ("a.tar.gz", gzip(&tar(&members))),
        ("a.tar.zst", zstd(&tar(&members))),
        ("a.zip", zip(&members)),
    ] {
        assert_eq!(become_of(name, &bytes, 1 << 20), expected(name));
    }
    check(
        "a.docx",
        &zip(&[("[Content_Types].xml", b"<x/>")]),
        &["a.docx: unsupported"],
    );
    let inner = zip(&[("c.txt", b"Deep.")]);
    check(
        "a.tar",
        &tar(&[("b.zip", &inner)]),
        &["a.tar!/b.zip!/c.txt: Deep."],
    );
    let many = (0..6).fold(b"Body.".to_vec(), |bytes, _| gzip(&bytes));
    check("a.gz", &many, &["a.gz: unsupported"]);
}

#[test]
fn a_torn_archive_gives_no_document() {
    let text = noise(40_000);
    let lines: Vec<u8> = (0..2000)
        .flat_map(|n| format!("{{\"text\":\"{n}\"}}\n").into_bytes())
        .collect();
    let members: [(&str, &[u8]); 2] = [("a.txt", &text), ("b.jsonl", &lines)];
    let whole = [
        ("a.txt.gz", gzip(&text)),
        ("a.jsonl.gz", gzip(&lines)),
        ("a.jsonl.zst", zstd(&lines)),
        ("a.jsonl.bz2", bzip2(&lines)),
        ("a.tar", tar(&members)),
        ("a.tar.gz", gzip(&tar(&members))),
        ("a.zip", zip(&members)),
    ];
    for (name, bytes) in whole {
        for part in [1, 2, 3] {
            let torn = &bytes[..bytes.len() * part / 4];
            assert_eq!(
                become_of(name, torn, 1 << 20),
                [format!("{name}: truncated")],
                "{part}/4"
            );
        }
        let torn = &bytes[..bytes.len() - 1];
        if !name.ends_with(".tar") {
            assert_eq!(
                become_of(name, torn, 1 << 20),
                [format!("{name}: truncated")],
                "all but a byte"
            );
        }
    }
    let torn_member = tar(&[("a.txt.gz", &gzip(&text)[..9000]), ("b.txt", b"Body.")]);
    check(
        "a.tar",
        &torn_member,
        &["a.tar!/a.txt.gz: truncated", "a.tar!/b.txt: Body."],
    );
}

#[test]
fn a_damaged_archive_gives_no_document() {
    let mut bytes = gzip(&noise(40_000));
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    check("a.txt.gz", &bytes, &["a.txt.gz: undecodable"]);
}

#[test]
fn a_bomb_is_too_large() {
    let zeros = vec![b'0'; 64 << 20];
    let mut bomb = Vec::new();
    for _ in 0..10 {
        bomb.extend(zstd(&zeros));
    }
    assert_eq!(
        become_of("a.jsonl.zst", &bomb, 1 << 20),
        ["a.jsonl.zst: too_large"]
    );
}

fn warc_record(kind: &str, uri: &str, block: &[u8]) -> Vec<u8> {
    let header = format!(
        "WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {uri}\r\nWARC-Record-ID: <urn:{kind}:{uri}>\r\n\
         Content-Length: {}\r\n\r\n",
        block.len()
    );
    [header.as_bytes(), block, b"\r\n\r\n"].concat()
}

fn http(status: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {status}\r\n{fields}\r\n").as_bytes(), body].concat()
}

#[test]
fn responses_in_a_warc() {
    let html = "Content-Type: text/html; charset=windows-1251\r\n";
    let records = [
        warc_record("warcinfo", "", b"software: x"),
        warc_record("request", "http://a/", b"GET / HTTP/1.1\r\n\r\n"),
        warc_record(
            "response",
            "http://a/",
            &http("200 OK", html, b"<p>\xcc\xe8\xf0</p>"),
        ),
        warc_record(
            "response",
            "http://b/",
            &http("404 Not Found", html, b"<p>gone</p>"),
        ),
        warc_record(
            "response",
            "http://c/",
            &http("200 OK", "Content-Type: image/png\r\n", b"\x89PNG"),
        ),
        warc_record(
            "response",
            "http://d/",
            &http(
                "200 OK",
                "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n",
                &{
                    let packed = gzip(b"Packed and in chunks.");
                    let (a, b) = packed.split_at(7);
                    [
                        &b"7\r\n"[..],
                        a,
                        format!("\r\n{:x}\r\n", b.len()).as_bytes(),
                        b,
                        b"\r\n0\r\n\r\n",
                    ]
                    .concat()
                },
            ),
        ),
    ];
    let expected = |name: &str| {
        [
            format!("{name}: <p>Мир</p>"),
            format!("{name}: Packed and in chunks."),
        ]
    };
    assert_eq!(
        become_of("a.warc", &records.concat(), 1 << 20),
        expected("a.warc")
    );
    let packed: Vec<u8> = records.iter().flat_map(|record| gzip(record)).collect();
    assert_eq!(become_of("a.warc.gz", &packed, 1 << 20), expected("a.warc.gz"));
    let torn = &records.concat()[..records.concat().len() - 30];
    assert_eq!(
        become_of("a.warc", torn, 1 << 20),
        ["a.warc: <p>Мир</p>", "a.warc: truncated"]
    );
}

#[test]
fn a_response_names_its_page() {
    let dir = TempDir::new().unwrap();
    let page = http("200 OK", "Content-Type: text/html\r\n", b"<p>x</p>");
    fs::write(
        dir.path().join("a.warc"),
        warc_record("response", "http://a/b", &page),
    )
    .unwrap();
    let inbox = inbox(dir.path(), 1 << 20);
    let (_, records, _) = read(&inbox, &scan(&inbox)[0], 0);
    let Content::Document(document) = &records[0].content else {
        panic!("{:?}", records[0])
    };
    assert_eq!(document.metadata.url.as_deref(), Some("http://a/b"));
    assert_eq!(
        document.source.record_id.as_deref(),
        Some("<urn:response:http://a/b>")
    );
    assert_eq!(document.source.media_type, "text/html");
    assert_eq!(document.markup, Markup::Html);
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
