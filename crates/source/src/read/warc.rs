//! WARC (ISO 28500): the responses in it that hold HTML or text.
//!
//! A file is records one after the other: a version line, named fields, an empty line, a block of
//! `Content-Length` bytes, two line ends. The block of a response is an HTTP message. Other records (requests,
//! metadata), answers other than 2xx and bodies of other types are passed over: they are no articles and no
//! faults.

use std::io::{self, BufRead, Read};

use super::fields::Fields;
use super::lines::document;
use super::sniff::{Kind, sniff};
use super::{Halt, Made, Name, Raw, Session, Step};
use crate::item::{Fault, FaultReason};

/// No honest header is longer.
const HEADER: u64 = 64 * 1024;

impl Session<'_, '_> {
    /// A record for each response with HTML or text.
    pub(crate) fn warc(&mut self, name: &Name, from: &mut dyn BufRead) -> Step {
        while let Some(header) = header(from)? {
            let Some(length) = header
                .get("content-length")
                .and_then(|length| length.parse::<u64>().ok())
            else {
                return bad("a WARC record without its length");
            };
            let mut block = from.take(length);
            let is_response = header
                .get("warc-type")
                .is_some_and(|kind| kind.eq_ignore_ascii_case("response"));
            let raw = is_response.then(|| self.swallow(&mut block)).transpose()?;
            io::copy(&mut block, &mut io::sink())?;
            if block.limit() > 0 {
                let error =
                    io::Error::new(io::ErrorKind::UnexpectedEof, "the file ends within a WARC record");
                return Err(error.into());
            }
            if let Some(raw) = raw {
                self.response(name, &header, raw)?;
            }
        }
        Ok(())
    }

    fn response(&mut self, name: &Name, header: &Header, raw: Raw) -> Step {
        let mut bytes = &raw.bytes[..];
        let Some(http) = parse_header(&mut bytes).filter(Header::is_success) else {
            return Ok(());
        };
        let media = http.get("content-type").unwrap_or_default().to_ascii_lowercase();
        let kind = match media.split(';').next().unwrap_or_default().trim() {
            "text/html" | "application/xhtml+xml" => Kind::Html,
            "text/plain" => Kind::Text,
            "text/markdown" => Kind::Markdown,
            "" => match sniff(bytes, "") {
                kind @ (Kind::Html | Kind::Text) => kind,
                _ => return Ok(()),
            },
            _ => return Ok(()),
        };
        let label = media.split_once("charset=").map(|(_, label)| {
            label
                .split([';', ' '])
                .next()
                .unwrap_or_default()
                .trim_matches(['"', '\''])
                .to_owned()
        });
        let limit = self.inbox.settings.max_document;
        let body = body(&http, bytes, limit);
        let url = header
            .get("warc-target-uri")
            .map(|url| url.trim_matches(['<', '>']).to_owned());
        let record_id = header.get("warc-record-id").map(str::to_owned);
        self.record(name, "application/http", raw, |_| {
            let body = match body {
                Ok(body) => body,
                Err(fault) => return Made::Fault(fault),
            };
            match document(kind, &body, label.as_deref()) {
                Made::Document(mut draft) => {
                    draft.record_id = record_id;
                    draft.fill = Some(Box::new(Fields {
                        url,
                        ..Fields::default()
                    }));
                    Made::Document(draft)
                }
                made => made,
            }
        })
    }
}

fn bad<T>(detail: &str) -> Result<T, Halt> {
    Err(Halt::Fault(Fault::new(FaultReason::BadRecord, detail)))
}

/// The named fields of a record or a message, names in lower case.
struct Header {
    first: String,
    fields: Vec<(String, String)>,
}

impl Header {
    fn get(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.as_str())
    }

    fn is_success(&self) -> bool {
        self.first.starts_with("HTTP/")
            && self
                .first
                .split(' ')
                .nth(1)
                .is_some_and(|status| status.starts_with('2'))
    }
}

/// The next record's header; `None` at the end of the file.
fn header(from: &mut dyn BufRead) -> Result<Option<Header>, Halt> {
    let mut text = Vec::new();
    loop {
        let start = text.len();
        from.take(HEADER).read_until(b'\n', &mut text)?;
        let line = &text[start..];
        if line.is_empty() && start == 0 {
            return Ok(None);
        }
        if !line.ends_with(b"\n") || text.len() as u64 > HEADER {
            return Err(
                io::Error::new(io::ErrorKind::UnexpectedEof, "the file ends within a WARC header").into(),
            );
        }
        if line.trim_ascii().is_empty() {
            if start == 0 {
                text.clear();
                continue;
            }
            break;
        }
    }
    if !text.starts_with(b"WARC/") {
        return bad("not a WARC record");
    }
    Ok(parse_header(&mut &text[..]))
}

/// Splits a header off `bytes`.
fn parse_header(bytes: &mut &[u8]) -> Option<Header> {
    let mut header: Option<Header> = None;
    loop {
        let end = memchr::memchr(b'\n', bytes)?;
        let line = String::from_utf8_lossy(bytes[..end].trim_ascii_end()).into_owned();
        *bytes = &bytes[end + 1..];
        match (&mut header, line.split_once(':')) {
            (None, _) => {
                header = Some(Header {
                    first: line,
                    fields: Vec::new(),
                })
            }
            (Some(_), _) if line.is_empty() => return header,
            (Some(header), Some((name, value))) => {
                header
                    .fields
                    .push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
            (Some(_), None) => {}
        }
    }
}

/// A message's body without the packing of its transport. Archives often hold bodies that were unpacked already
/// under a header that still names the packing, so what does not begin like packed bytes is taken as it is.
fn body(http: &Header, bytes: &[u8], limit: u64) -> Result<Vec<u8>, Fault> {
    let chunked = http
        .get("transfer-encoding")
        .is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
    let mut body = match chunked.then(|| dechunk(bytes)).flatten() {
        Some(body) => body,
        None => bytes.to_vec(),
    };
    let coding = http
        .get("content-encoding")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let mut unpacked = Vec::new();
    let result = match coding.as_str() {
        "gzip" | "x-gzip" if body.starts_with(b"\x1f\x8b") => flate2::read::MultiGzDecoder::new(&body[..])
            .take(limit + 1)
            .read_to_end(&mut unpacked),
        "zstd" if body.starts_with(b"\x28\xb5\x2f\xfd") => zstd::stream::read::Decoder::new(&body[..])
            .and_then(|decoder| decoder.take(limit + 1).read_to_end(&mut unpacked)),
        "deflate" if body.starts_with(b"\x78") => flate2::read::ZlibDecoder::new(&body[..])
            .take(limit + 1)
            .read_to_end(&mut unpacked),
        "br" if std::str::from_utf8(&body).is_err() => {
            return Err(Fault::new(
                FaultReason::Unsupported,
                "a body in Brotli is not read",
            ));
        }
        _ => return Ok(body),
    };
    match result {
        Ok(count) if count as u64 > limit => Err(Fault::new(
            FaultReason::TooLarge,
            "the body unpacks to more than a document may have",
        )),
        Ok(_) => {
            std::mem::swap(&mut body, &mut unpacked);
            Ok(body)
        }
        Err(error) => Err(Fault::new(
            FaultReason::Undecodable,
            format!("{coding} body: {error}"),
        )),
    }
}

/// Joins the chunks; `None` where the bytes are not chunked after all.
fn dechunk(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::with_capacity(bytes.len());
    loop {
        let end = memchr::memchr(b'\n', bytes)?;
        let size = std::str::from_utf8(&bytes[..end]).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        bytes = &bytes[end + 1..];
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(bytes.get(..size)?);
        bytes = bytes.get(size..)?.strip_prefix(b"\r\n")?;
    }
}
