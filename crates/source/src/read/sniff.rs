//! What some bytes are: by content first, then by the extension of their name.

use encoding_rs::Encoding;

use super::charset::utf16_without_mark;

/// How many bytes of a file are looked at.
pub(crate) const HEAD: usize = 64 * 1024;

/// What some bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Gzip,
    Zstd,
    Bzip2,
    Zip,
    Tar,
    Warc,
    JsonLines,
    Json,
    Html,
    Markdown,
    Text,
    /// Something that no reader reads, by its name where it has one.
    Other(&'static str),
}

/// First bytes that settle it.
const MAGIC: [(&[u8], Kind); 24] = [
    (b"\x1f\x8b", Kind::Gzip),
    (b"\x28\xb5\x2f\xfd", Kind::Zstd),
    (b"BZh", Kind::Bzip2),
    (b"PK\x03\x04", Kind::Zip),
    (b"PK\x05\x06", Kind::Zip),
    (b"WARC/", Kind::Warc),
    (b"%PDF-", Kind::Other("PDF")),
    (b"\x89PNG", Kind::Other("PNG")),
    (b"\xff\xd8\xff", Kind::Other("JPEG")),
    (b"GIF8", Kind::Other("GIF")),
    (b"RIFF", Kind::Other("RIFF")),
    (b"\xfd7zXZ\0", Kind::Other("xz")),
    (b"7z\xbc\xaf\x27\x1c", Kind::Other("7z")),
    (b"Rar!", Kind::Other("RAR")),
    (b"\xd0\xcf\x11\xe0", Kind::Other("Microsoft Office")),
    (b"{\\rtf", Kind::Other("RTF")),
    (b"\x7fELF", Kind::Other("ELF")),
    (b"SQLite format 3\0", Kind::Other("SQLite")),
    (b"PAR1", Kind::Other("Parquet")),
    (b"ARROW1", Kind::Other("Arrow")),
    (b"Obj\x01", Kind::Other("Avro")),
    (b"OggS", Kind::Other("Ogg")),
    (b"ID3", Kind::Other("MP3")),
    (b"\x04\x22\x4d\x18", Kind::Other("LZ4")),
];

/// What `head`, the first up to [`HEAD`] bytes, belongs to; `extension` is in lower case, without the dot.
pub(crate) fn sniff(head: &[u8], extension: &str) -> Kind {
    if let Some((_, kind)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return *kind;
    }
    if head.get(257..262) == Some(b"ustar") {
        return Kind::Tar;
    }
    let wide = match Encoding::for_bom(head) {
        Some((encoding, _)) if encoding.is_ascii_compatible() => None,
        Some((encoding, _)) => Some(encoding),
        None => utf16_without_mark(head),
    };
    if let Some(encoding) = wide {
        let text = encoding.decode_with_bom_removal(&head[..head.len() & !1]).0;
        return if is_binary(text.as_bytes()) {
            Kind::Other("binary")
        } else {
            text_kind(text.as_bytes(), extension)
        };
    }
    if is_binary(head) {
        return Kind::Other("binary");
    }
    text_kind(head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head), extension)
}

/// Text has next to no control characters.
fn is_binary(head: &[u8]) -> bool {
    let is_control = |byte: u8| matches!(byte, 0..=7 | 14..=26 | 28..=31 | 127);
    // Counts of a byte each, of which many are made at once.
    let counts = head.chunks(usize::from(u8::MAX)).map(|chunk| {
        chunk
            .iter()
            .fold(0_u8, |count, &byte| count + u8::from(is_control(byte)))
    });
    let controls: usize = counts.map(usize::from).sum();
    controls * 100 > head.len() * 2
}

fn text_kind(head: &[u8], extension: &str) -> Kind {
    let start = head.trim_ascii_start();
    match extension {
        "jsonl" | "ndjson" | "jsonlines" | "ldjson" => return Kind::JsonLines,
        "json" => return json_kind(start),
        _ => {}
    }
    let second = start.get(1..).unwrap_or_default().trim_ascii_start().first();
    match (start.first(), second) {
        (Some(b'{'), Some(b'"')) => return json_kind(start),
        (Some(b'['), Some(b'{')) => return Kind::Json,
        _ => {}
    }
    if is_html(start) {
        return Kind::Html;
    }
    match extension {
        "html" | "htm" | "xhtml" | "xht" | "shtml" => Kind::Html,
        "md" | "markdown" => Kind::Markdown,
        _ if start.starts_with(b"<?xml") => Kind::Other("XML"),
        _ => Kind::Text,
    }
}

/// Whether the first line is a record by itself, or the first record spans lines.
fn json_kind(start: &[u8]) -> Kind {
    if !start.starts_with(b"{") {
        return Kind::Json;
    }
    let lines = match memchr::memchr(b'\n', start) {
        Some(end) => serde_json::from_slice::<serde::de::IgnoredAny>(&start[..end]).is_ok(),
        None => start.len() + 1024 >= HEAD,
    };
    if lines { Kind::JsonLines } else { Kind::Json }
}

/// Whether text begins as a page does.
fn is_html(start: &[u8]) -> bool {
    let head = start[..start.len().min(2048)].to_ascii_lowercase();
    if !head.starts_with(b"<") {
        return false;
    }
    let has = |tag: &[u8]| memchr::memmem::find(&head, tag).is_some();
    let named = [&b"<!doctype html"[..], b"<html", b"<head", b"<body", b"<meta"]
        .into_iter()
        .any(has);
    let elements = [
        &b"<p>"[..],
        b"<p ",
        b"<div",
        b"<article",
        b"<h1",
        b"<h2",
        b"<section",
        b"<span",
    ];
    named || (!head.starts_with(b"<?xml") && elements.into_iter().any(|tag| head.starts_with(tag)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides_then_the_extension() {
        let check = |head: &[u8], extension, expected| {
            assert_eq!(
                sniff(head, extension),
                expected,
                "{:?}",
                String::from_utf8_lossy(head)
            );
        };
        check(b"A plain text.", "txt", Kind::Text);
        check(b"A plain text.", "", Kind::Text);
        check(b"# Title\n\nText.", "md", Kind::Markdown);
        check(b"# Title\n\nText.", "txt", Kind::Text);
        check(b"<!DOCTYPE html><p>x", "txt", Kind::Html);
        check(b"\xef\xbb\xbf\n <html lang=en>", "", Kind::Html);
        check(b"<p>Fragment</p>", "txt", Kind::Html);
        check(b"<3 is a heart", "txt", Kind::Text);
        check(b"bare", "html", Kind::Html);
        check(
            b"<?xml version='1.0'?><!DOCTYPE html PUBLIC ''><html>",
            "xml",
            Kind::Html,
        );
        check(b"<?xml version='1.0'?><rss>", "xml", Kind::Other("XML"));
        check(b"{\"text\": \"x\"}", "json", Kind::Json);
        check(b"{\"text\": \"x\"}\n", "json", Kind::JsonLines);
        check(b"{\n\"text\": \"x\"}\n", "json", Kind::Json);
        check(b"{\"text\": \"x\"}\n{\"text\"", "txt", Kind::JsonLines);
        check(b"[ {\"text\"", "", Kind::Json);
        check(b"broken", "jsonl", Kind::JsonLines);
        check(b"[Update] Something happened", "txt", Kind::Text);
        check(b"\x1f\x8b\x08\x00", "txt", Kind::Gzip);
        check(b"WARC/1.0\r\n", "warc", Kind::Warc);
        check(b"%PDF-1.7", "txt", Kind::Other("PDF"));
        check(&[0, 159, 146, 150, 1, 2, 3, 200], "txt", Kind::Other("binary"));
        check(b"W\0i\0d\0e\0 \0t\0e\0x\0t\0", "txt", Kind::Text);
        check(b"", "txt", Kind::Text);
    }
}
