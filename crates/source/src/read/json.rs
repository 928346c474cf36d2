//! JSON that is not in lines: one object, an array of them, or several one after the other.
//!
//! The text is cut into its values without being parsed, so that an array of any length streams; each value is
//! then read like a line.

use std::io::{self, BufRead, Cursor};

use super::fields::from_json;
use super::{Made, Name, Overlong, Raw, Session, Step};
use crate::item::{Fault, FaultReason};

pub(crate) const JSON: &str = "application/json";

impl Session<'_, '_> {
    /// A record for each object at the top, or in the array at the top.
    pub(crate) fn json(&mut self, name: &Name, bytes: &mut dyn BufRead) -> Step {
        // JSON is UTF-8 nearly always; another encoding is told by its mark, and converted whole.
        let wide = bytes.fill_buf()?.starts_with(b"\xff\xfe") || bytes.fill_buf()?.starts_with(b"\xfe\xff");
        if !wide {
            return self.values(name, bytes);
        }
        let raw = self.swallow(bytes)?;
        match super::charset::decode(&raw.bytes, None, false) {
            Some((text, _)) if raw.full.is_none() => self.values(name, &mut Cursor::new(text)),
            _ => self.record(name, JSON, raw, |_| {
                Made::Fault(Fault::new(
                    FaultReason::Undecodable,
                    "not text in the encoding that its mark names",
                ))
            }),
        }
    }

    fn values(&mut self, name: &Name, bytes: &mut dyn BufRead) -> Step {
        let before = self.next;
        let mut cutter = Cutter::new(bytes, self.inbox.settings.max_document);
        while let Some(piece) = cutter.next()? {
            match piece {
                Piece::Value(raw) => self.record(name, JSON, raw, from_json)?,
                Piece::Fault(raw, reason, detail) => {
                    self.record(name, JSON, raw, |_| Made::Fault(Fault::new(reason, detail)))?;
                }
            }
        }
        if self.next == before {
            self.record(name, JSON, Vec::new().into(), |_| Made::Empty)?;
        }
        Ok(())
    }
}

enum Piece {
    Value(Raw),
    Fault(Raw, FaultReason, &'static str),
}

/// Cuts a text of JSON into the values that are records.
struct Cutter<'a> {
    from: &'a mut dyn BufRead,
    limit: usize,
    place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    /// Among objects that stand side by side.
    Top,
    /// In the array, where a value may begin.
    Array,
    /// After the array.
    After,
    End,
}

/// Bytes of a record as they come, of which no more than the limit is kept.
struct Gather {
    bytes: Vec<u8>,
    beyond: Overlong,
    limit: usize,
}

impl Gather {
    fn add(&mut self, part: &[u8]) {
        let room = (self.limit - self.bytes.len()).min(part.len());
        self.bytes.extend_from_slice(&part[..room]);
        if room < part.len() {
            self.beyond.add(&self.bytes, &part[room..]);
        }
    }

    fn raw(mut self) -> Raw {
        let full = self.beyond.full();
        if full.is_none() {
            let end = self.bytes.trim_ascii_end().len();
            self.bytes.truncate(end);
        }
        Raw {
            bytes: self.bytes,
            full,
        }
    }
}

impl<'a> Cutter<'a> {
    fn new(from: &'a mut dyn BufRead, limit: u64) -> Self {
        Self {
            from,
            limit: limit as usize,
            place: Place::Start,
        }
    }

    fn next(&mut self) -> io::Result<Option<Piece>> {
        loop {
            let Some(byte) = self.peek()? else {
                let torn = self.place == Place::Array;
                self.place = Place::End;
                return Ok(torn.then(|| {
                    Piece::Fault(
                        Vec::new().into(),
                        FaultReason::Truncated,
                        "the array is not closed",
                    )
                }));
            };
            match (self.place, byte) {
                (Place::Start, 0xef | 0xbb | 0xbf) => self.from.consume(1),
                (Place::Start, b'[') => {
                    self.place = Place::Array;
                    self.from.consume(1);
                }
                (Place::Array, b']') => {
                    self.place = Place::After;
                    self.from.consume(1);
                }
                (Place::Array, b',') => self.from.consume(1),
                (Place::Array, _) => return self.value().map(Some),
                (Place::Start | Place::Top, b'{') => {
                    self.place = Place::Top;
                    return self.value().map(Some);
                }
                _ => {
                    self.place = Place::End;
                    let rest = self.rest()?;
                    return Ok(Some(Piece::Fault(
                        rest,
                        FaultReason::BadRecord,
                        "not JSON from here on",
                    )));
                }
            }
        }
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            let chunk = self.from.fill_buf()?;
            if chunk.is_empty() {
                return Ok(None);
            }
            let blank = chunk.len() - chunk.trim_ascii_start().len();
            let next = chunk.get(blank).copied();
            self.from.consume(blank);
            if next.is_some() {
                return Ok(next);
            }
        }
    }

    fn gather(&self) -> Gather {
        Gather {
            bytes: Vec::new(),
            beyond: Overlong::default(),
            limit: self.limit,
        }
    }

    /// One value: up to where its brackets close, or for a scalar up to a comma or bracket.
    fn value(&mut self) -> io::Result<Piece> {
        let mut gather = self.gather();
        let mut scan = Scan::default();
        loop {
            let chunk = self.from.fill_buf()?;
            if chunk.is_empty() {
                self.place = Place::End;
                return Ok(Piece::Fault(
                    gather.raw(),
                    FaultReason::Truncated,
                    "the file ends within the record",
                ));
            }
            let end = scan.end(chunk);
            let used = end.unwrap_or(chunk.len());
            gather.add(&chunk[..used]);
            self.from.consume(used);
            if end.is_some() {
                return Ok(Piece::Value(gather.raw()));
            }
        }
    }

    fn rest(&mut self) -> io::Result<Raw> {
        let mut gather = self.gather();
        loop {
            let chunk = self.from.fill_buf()?;
            if chunk.is_empty() {
                return Ok(gather.raw());
            }
            gather.add(chunk);
            let used = chunk.len();
            self.from.consume(used);
        }
    }
}

/// Where in a value the cut is.
#[derive(Default)]
struct Scan {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Scan {
    /// Where in `chunk` the value ends, if it does.
    fn end(&mut self, chunk: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < chunk.len() {
            if self.in_string {
                if self.escaped {
                    self.escaped = false;
                    at += 1;
                    continue;
                }
                match memchr::memchr2(b'"', b'\\', &chunk[at..]) {
                    None => return None,
                    Some(skip) => {
                        at += skip + 1;
                        self.escaped = chunk[at - 1] == b'\\';
                        self.in_string = self.escaped;
                    }
                }
                continue;
            }
            match chunk[at] {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth > 1 => self.depth -= 1,
                b'}' | b']' if self.depth == 1 => return Some(at + 1),
                b']' | b',' if self.depth == 0 => return Some(at),
                _ => {}
            }
            at += 1;
        }
        None
    }
}
