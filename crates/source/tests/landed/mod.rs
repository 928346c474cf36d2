//! What becomes of a file that lands, for the tests of reading.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::fs;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

use gristmill_source::{Content, FileRef, Inbox, Item, NoBooks, Outcome, Record, Settings, Watched};
use tempfile::TempDir;

pub(crate) fn inbox(dir: &Path, max_document: u64) -> Inbox {
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

pub(crate) fn scan(inbox: &Inbox) -> Vec<FileRef> {
    let mut files = Vec::new();
    let mut visit = |file| {
        files.push(file);
        ControlFlow::Continue(())
    };
    inbox.scan(&NoBooks, &mut visit).unwrap();
    files
}

/// Reads `file`: its records, and their number as `Complete` told it.
pub(crate) fn read(inbox: &Inbox, file: &FileRef, resume: u64) -> (Outcome, Vec<Record>, Option<u64>) {
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
pub(crate) fn become_of(name: &str, bytes: &[u8], max_document: u64) -> Vec<String> {
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

pub(crate) fn told(record: &Record) -> String {
    let path = &record.source.path;
    match &record.content {
        Content::Document(document) => format!("{path}: {}", document.text),
        Content::Empty => format!("{path}: empty"),
        Content::Fault(fault) => format!("{path}: {}", fault.reason),
    }
}

pub(crate) fn check(name: &str, bytes: &[u8], expected: &[&str]) {
    assert_eq!(become_of(name, bytes, 1 << 20), expected, "{name}");
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

pub(crate) fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

pub(crate) fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (path, bytes) in members {
        writer
            .start_file(*path, zip::write::SimpleFileOptions::default())
            .unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        b'a' + (state >> 24) as u8 % 26
    };
    std::iter::repeat_with(next).take(length).collect()
}
