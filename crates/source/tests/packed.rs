//! What becomes of packed files, archives and WARC files that land.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod landed;

use std::fs;

use gristmill_core::Markup;
use gristmill_source::Content;
use landed::{become_of, bzip2, check, gzip, inbox, noise, read, scan, tar, zip, zstd};
use tempfile::TempDir;

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
