//! Single documents, and lines of records.

use std::io::{self, BufRead};

use gristmill_core::Markup;

use super::charset::decode;
use super::fields::from_json;
use super::sniff::Kind;
use super::unpack::OCTETS;
use super::{Draft, Made, Name, Overlong, Raw, Session, Step};
use crate::item::{Fault, FaultReason};

impl Session<'_, '_> {
    /// All bytes are one document.
    pub(crate) fn document(&mut self, name: &Name, kind: Kind, bytes: &mut dyn BufRead) -> Step {
        let raw = self.swallow(bytes)?;
        let media_type = match kind {
            Kind::Html => "text/html",
            Kind::Markdown => "text/markdown",
            Kind::Other(_) => OCTETS,
            _ => "text/plain",
        };
        self.record(name, media_type, raw, |bytes| document(kind, bytes, None))
    }

    /// A record a line; blank lines are none.
    pub(crate) fn json_lines(&mut self, name: &Name, bytes: &mut dyn BufRead) -> Step {
        let limit = self.inbox.settings.max_document;
        let before = self.next;
        while let Some(mut line) = line(bytes, limit)? {
            if self.next == before && line.bytes.starts_with(b"\xef\xbb\xbf") {
                line.bytes.drain(..3);
            }
            if line.full.is_none() && line.bytes.trim_ascii().is_empty() {
                continue;
            }
            self.record(name, super::json::JSON, line, from_json)?;
        }
        if self.next == before {
            self.record(name, super::json::JSON, Vec::new().into(), |_| Made::Empty)?;
        }
        Ok(())
    }
}

/// What one document of `kind` is; `label` is the encoding that the transport named.
pub(crate) fn document(kind: Kind, bytes: &[u8], label: Option<&str>) -> Made {
    if bytes.trim_ascii().is_empty() {
        return Made::Empty;
    }
    let (markup, media_type) = match kind {
        Kind::Html => (Markup::Html, "text/html"),
        Kind::Markdown => (Markup::Markdown, "text/markdown"),
        Kind::Other(what) => {
            let detail = if what == "binary" {
                "binary content".to_owned()
            } else {
                format!("{what} is not read")
            };
            return Made::Fault(Fault::new(FaultReason::Unsupported, detail));
        }
        _ => (Markup::Plain, "text/plain"),
    };
    match decode(bytes, label, markup == Markup::Html) {
        Some((text, _)) if text.trim().is_empty() => Made::Empty,
        Some((text, encoding)) => Made::Document(Box::new(Draft {
            text,
            markup,
            encoding,
            media_type,
            record_id: None,
            fill: None,
        })),
        None => Made::Fault(Fault::new(
            FaultReason::Undecodable,
            "the bytes are text in no encoding that is known",
        )),
    }
}

/// The next line without its end, of which no more than `limit` bytes are kept; `None` at the end.
fn line(from: &mut dyn BufRead, limit: u64) -> io::Result<Option<Raw>> {
    let mut bytes = Vec::new();
    let mut beyond = Overlong::default();
    let mut any = false;
    loop {
        let chunk = match from.fill_buf() {
            Ok(chunk) => chunk,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if chunk.is_empty() {
            break;
        }
        any = true;
        let end = memchr::memchr(b'\n', chunk);
        let part = &chunk[..end.unwrap_or(chunk.len())];
        let room = (limit as usize).saturating_sub(bytes.len()).min(part.len());
        bytes.extend_from_slice(&part[..room]);
        if room < part.len() {
            beyond.add(&bytes, &part[room..]);
        }
        let used = part.len() + usize::from(end.is_some());
        from.consume(used);
        if end.is_some() {
            break;
        }
    }
    if !any {
        return Ok(None);
    }
    let full = beyond.full();
    if full.is_none() && bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    Ok(Some(Raw { bytes, full }))
}
