//! Reading: from the bytes of one file to its records.
//!
//! A file is read in one pass where it is plain, in two where it is packed: the first unpacks everything and
//! keeps nothing, so that a torn archive is known before anything of it was handed out. A small file is read
//! whole and looked at again before its first record leaves; of a large one the last record is held back
//! until the file has been seen not to have moved.

mod bytes;
mod charset;
mod date;
mod fields;
mod json;
mod lines;
mod name;
mod overlong;
mod sniff;
mod unpack;
mod warc;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use gristmill_core::{Document, DocumentId, Markup, Sha256, Source};
use jiff::Timestamp;
use rustix::fs::{Mode, OFlags};

use crate::file::{FileRef, Fingerprint};
use crate::item::{Content, Fault, FaultReason, Item, Record};
use crate::settings::Inbox;

use bytes::Bounded;
pub(crate) use bytes::Bytes;
pub(crate) use name::Name;
use name::extension;
use overlong::Overlong;
use unpack::OCTETS;

/// Files up to this size are held in memory while they are read.
const WHOLE: u64 = 8 << 20;

/// How reading a file ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// At its end; [`Item::Complete`] was the last item.
    Complete,
    /// The file is gone, or is not this version any more: what was not yielded is not lost, the next look at
    /// the folder finds it.
    Changed,
    /// The machine has no room to read it now, such as file handles or memory, by this error number; that says
    /// nothing about the file, and nothing of it was handed out.
    Exhausted(i32),
    /// The receiver broke off.
    Stopped,
}

/// Takes the items as they come; may block, and may break off.
pub type Emit<'a> = dyn FnMut(Item) -> ControlFlow<()> + 'a;

/// Why a reader stops before the end of what it reads.
#[derive(Debug)]
pub(crate) enum Halt {
    /// The bytes end or break here.
    Fault(Fault),
    /// The receiver wants no more.
    Stopped,
}

pub(crate) type Step = Result<(), Halt>;

impl From<io::Error> for Halt {
    fn from(error: io::Error) -> Self {
        let reason = match error.kind() {
            _ if error.raw_os_error().is_some() => FaultReason::Unreadable,
            // Memory that was not there says nothing about the bytes.
            io::ErrorKind::OutOfMemory => FaultReason::Unreadable,
            io::ErrorKind::UnexpectedEof => FaultReason::Truncated,
            io::ErrorKind::FileTooLarge => FaultReason::TooLarge,
            _ => FaultReason::Undecodable,
        };
        Self::Fault(Fault::new(reason, error.to_string()))
    }
}

impl Inbox {
    /// Reads `file` to its end and hands its records to `emit`, from the number `resume` on. What cannot be
    /// read is handed out as a fault; nothing that a file holds makes this fail or panic.
    pub fn read(&self, file: &FileRef, resume: u64, emit: &mut Emit<'_>) -> Outcome {
        self.session(file, resume, 0, emit).run(Session::read)
    }

    /// Hands out what `file` holds from the record `resume` on as one record that cannot be read for `fault`, and lets no
    /// reader near it.
    pub fn set_aside(&self, file: &FileRef, resume: u64, fault: Fault, emit: &mut Emit<'_>) -> Outcome {
        self.session(file, resume, resume, emit)
            .run(|session, mut bytes| {
                let raw = session.swallow(&mut bytes)?;
                session.put_aside(raw, fault)
            })
    }

    fn session<'a, 'e>(
        &'a self,
        file: &'a FileRef,
        resume: u64,
        next: u64,
        emit: &'a mut Emit<'e>,
    ) -> Session<'a, 'e> {
        Session {
            inbox: self,
            file,
            resume,
            next,
            pass: Pass::Only,
            broken: BTreeMap::new(),
            member: 0,
            held: None,
            emit,
        }
    }
}

impl FileRef {
    /// As [`is_unchanged`](Self::is_unchanged), where links count only if they are followed.
    fn is_unchanged_for(&self, inbox: &Inbox) -> bool {
        inbox
            .look(self.absolute())
            .is_ok_and(|now| Fingerprint::of(&now) == *self.fingerprint())
    }
}

/// Why there is nothing to read.
enum Missed {
    Changed,
    Unreadable(io::Error),
}

/// Whether a pass hands out what it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// The file is plain: one pass does.
    Only,
    /// The first of two: everything is unpacked, nothing handed out.
    Check,
    /// The second.
    Emit,
}

/// Reading one file.
pub(crate) struct Session<'a, 'e> {
    pub(crate) inbox: &'a Inbox,
    file: &'a FileRef,
    resume: u64,
    next: u64,
    pass: Pass,
    /// The members that the check found torn, by their place in the file.
    broken: BTreeMap<u64, Fault>,
    member: u64,
    held: Option<Box<Record>>,
    emit: &'a mut Emit<'e>,
}

/// A record as a reader hands it over.
pub(crate) struct Raw {
    /// The record's bytes, cut at `max_document`.
    pub(crate) bytes: Vec<u8>,
    /// The length and hash of all of it, where `bytes` is cut.
    pub(crate) full: Option<(u64, Sha256)>,
}

impl From<Vec<u8>> for Raw {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, full: None }
    }
}

/// What a reader makes of a record.
pub(crate) enum Made {
    Document(Box<Draft>),
    Empty,
    Fault(Fault),
}

/// What a reader knows of a document, before it has a name.
pub(crate) struct Draft {
    pub(crate) text: String,
    pub(crate) markup: Markup,
    pub(crate) encoding: &'static str,
    pub(crate) media_type: &'static str,
    pub(crate) record_id: Option<String>,
    /// Sets the document's other fields.
    pub(crate) fill: Option<Box<fields::Fields>>,
}

impl Session<'_, '_> {
    /// Opens the file, does `work` on its bytes and looks whether it stood still meanwhile.
    fn run(mut self, work: impl FnOnce(&mut Self, Box<dyn Bytes>) -> Step) -> Outcome {
        let step = match self.open() {
            Ok(opened) => work(&mut self, opened),
            Err(Missed::Changed) => return Outcome::Changed,
            Err(Missed::Unreadable(error)) => match error.raw_os_error() {
                Some(errno @ (OUT_OF_MEMORY | TOO_MANY_FILES | TOO_MANY_FILES_HERE)) => {
                    return Outcome::Exhausted(errno);
                }
                _ => self.whole_fault(
                    Vec::new(),
                    &Fault::new(FaultReason::Unreadable, error.to_string()),
                    None,
                ),
            },
        };
        match step {
            Err(Halt::Stopped) => Outcome::Stopped,
            _ if !self.file.is_unchanged_for(self.inbox) => Outcome::Changed,
            _ => self.finish(),
        }
    }

    /// Opens the file, unless it has changed. Nothing but a regular file is ever read: a pipe that took its
    /// place is opened without waiting and let go.
    fn open(&self) -> Result<Box<dyn Bytes>, Missed> {
        let mut flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
        if !self.inbox.settings.follow_links {
            flags |= OFlags::NOFOLLOW;
        }
        // A look first: even opening a device can have effects.
        match self.inbox.look(self.file.absolute()) {
            Ok(metadata) if metadata.is_file() && Fingerprint::of(&metadata) == *self.file.fingerprint() => {}
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Missed::Unreadable(error)),
            _ => return Err(Missed::Changed),
        }
        let opened = rustix::fs::open(self.file.absolute(), flags, Mode::empty()).map_err(io::Error::from);
        let mut file = match opened {
            Ok(descriptor) => File::from(descriptor),
            Err(error) if matches!(error.raw_os_error(), Some(NO_SUCH_FILE | LOOP)) => {
                return Err(Missed::Changed);
            }
            Err(error) => return Err(Missed::Unreadable(error)),
        };
        let unchanged = |file: &File| {
            file.metadata()
                .is_ok_and(|now| now.is_file() && Fingerprint::of(&now) == *self.file.fingerprint())
        };
        if !unchanged(&file) {
            return Err(Missed::Changed);
        }
        if self.file.fingerprint().size > WHOLE {
            let size = self.file.fingerprint().size;
            return Ok(Box::new(Bounded {
                file: BufReader::with_capacity(1 << 17, file),
                size,
                at: 0,
            }));
        }
        let mut bytes = Vec::with_capacity(self.file.fingerprint().size as usize + 1);
        (&mut file)
            .take(WHOLE + 1)
            .read_to_end(&mut bytes)
            .map_err(Missed::Unreadable)?;
        if unchanged(&file) {
            Ok(Box::new(Cursor::new(bytes)))
        } else {
            Err(Missed::Changed)
        }
    }

    fn read(&mut self, mut bytes: Box<dyn Bytes>) -> Step {
        let name = Name {
            text: self.file.source_path().to_owned(),
            raw: self.file.id_path(),
            extension: extension(self.file.source_path()),
        };
        let mut head = Vec::new();
        let packed = (&mut bytes)
            .take(sniff::HEAD as u64)
            .read_to_end(&mut head)
            .map(|_| unpack::is_packed(sniff::sniff(&head, &name.extension)));
        let step = packed.map_err(Halt::from).and_then(|packed| {
            if packed {
                self.pass = Pass::Check;
                bytes.rewind()?;
                self.guarded(&name, &mut *bytes)?;
                self.pass = Pass::Emit;
                self.member = 0;
            }
            bytes.rewind()?;
            self.guarded(&name, &mut *bytes)
        });
        match step {
            Err(Halt::Fault(fault)) => {
                self.pass = Pass::Only;
                let raw = match bytes.rewind() {
                    Ok(()) => self.swallow(&mut bytes).unwrap_or_else(|_| Vec::new().into()),
                    Err(_) => Vec::new().into(),
                };
                self.whole_fault(raw.bytes, &fault, raw.full)
            }
            step => step,
        }
    }

    /// Unpacks and reads; a reader that panics has met a fault of the file.
    fn guarded(&mut self, name: &Name, bytes: &mut dyn Bytes) -> Step {
        catch_unwind(AssertUnwindSafe(|| self.unpack(name, bytes))).unwrap_or_else(|payload| {
            let text = payload.downcast_ref::<&str>().copied();
            let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
            let detail = format!("the reader panicked: {}", text.unwrap_or("for no reason told"));
            Err(Halt::Fault(Fault::new(FaultReason::Panic, detail)))
        })
    }

    /// The file as a whole is a fault.
    fn whole_fault(&mut self, bytes: Vec<u8>, fault: &Fault, full: Option<(u64, Sha256)>) -> Step {
        let name = self.whole();
        self.record(&name, OCTETS, Raw { bytes, full }, |_| Made::Fault(fault.clone()))
    }

    /// The same for a fault that says more than that the file is long.
    fn put_aside(&mut self, raw: Raw, fault: Fault) -> Step {
        let name = self.whole();
        self.number(&name, OCTETS, raw, |_| Made::Fault(fault))
    }

    /// The name of the file as a whole.
    fn whole(&self) -> Name {
        Name {
            text: self.file.source_path().to_owned(),
            raw: self.file.id_path(),
            extension: String::new(),
        }
    }

    /// Whether nothing is handed out in this pass.
    pub(crate) fn is_check(&self) -> bool {
        self.pass == Pass::Check
    }

    /// Reads all there is, keeping no more than a document may have.
    pub(crate) fn swallow(&self, from: &mut dyn Read) -> io::Result<Raw> {
        let limit = self.inbox.settings.max_document;
        let mut bytes = Vec::new();
        from.take(limit).read_to_end(&mut bytes)?;
        let mut beyond = Overlong::default();
        let mut chunk = [0; 16 * 1024];
        loop {
            match from.read(&mut chunk) {
                Ok(0) => {
                    return Ok(Raw {
                        full: beyond.full(),
                        bytes,
                    });
                }
                Ok(count) => beyond.add(&bytes, &chunk[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Hands out one record, which `make` is asked for only if somebody wants it.
    pub(crate) fn record(
        &mut self,
        name: &Name,
        media_type: &'static str,
        raw: Raw,
        make: impl FnOnce(&[u8]) -> Made,
    ) -> Step {
        let limit = self.inbox.settings.max_document;
        self.number(name, media_type, raw, |raw| match raw.full {
            Some((bytes, _)) => Made::Fault(Fault::new(
                FaultReason::TooLarge,
                format!("{bytes} bytes, where a document may have {limit}; the beginning is kept"),
            )),
            None => make(&raw.bytes),
        })
    }

    /// Hands out one record under the next number.
    fn number(
        &mut self,
        name: &Name,
        media_type: &'static str,
        raw: Raw,
        make: impl FnOnce(&Raw) -> Made,
    ) -> Step {
        let number = self.next;
        self.next += 1;
        if self.is_check() || number < self.resume {
            return Ok(());
        }
        let added = now();
        let (bytes, sha256) = raw
            .full
            .unwrap_or_else(|| (raw.bytes.len() as u64, Sha256::of(&raw.bytes)));
        let id = DocumentId::of(&name.raw, number, &sha256);
        let mut source = Source {
            path: name.text.clone(),
            record: number,
            record_id: None,
            media_type: media_type.to_owned(),
            encoding: None,
            bytes,
            sha256,
        };
        let content = match make(&raw) {
            Made::Empty => Content::Empty,
            Made::Fault(fault) => Content::Fault(fault),
            Made::Document(draft) => {
                source.record_id = draft.record_id;
                source.encoding = Some(draft.encoding.to_owned());
                source.media_type = draft.media_type.to_owned();
                let mut document = Document::new(id, source.clone(), draft.text, added);
                document.markup = draft.markup;
                if let Some(fields) = draft.fill {
                    fields.fill(&mut document);
                }
                Content::Document(Box::new(document))
            }
        };
        let record = Record {
            number,
            id,
            source,
            raw: raw.bytes,
            added,
            content,
        };
        match self.held.replace(Box::new(record)) {
            Some(before) => self.hand_out(Item::Record(before)),
            None => Ok(()),
        }
    }

    fn hand_out(&mut self, item: Item) -> Step {
        match (self.emit)(item) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Halt::Stopped),
        }
    }

    fn finish(&mut self) -> Outcome {
        let last = self.held.take();
        let handed = last
            .map_or(Ok(()), |last| self.hand_out(Item::Record(last)))
            .and_then(|()| self.hand_out(Item::Complete { records: self.next }));
        if handed.is_ok() {
            Outcome::Complete
        } else {
            Outcome::Stopped
        }
    }
}

/// `ENOMEM`.
const OUT_OF_MEMORY: i32 = 12;
/// `ENFILE`: the machine has too many files open.
const TOO_MANY_FILES: i32 = 23;
/// `EMFILE`: this process has.
const TOO_MANY_FILES_HERE: i32 = 24;
/// `ENOENT`: the file is gone.
const NO_SUCH_FILE: i32 = 2;
/// `ELOOP`: a link took the file's place.
const LOOP: i32 = 40;

/// The time in milliseconds, as the lines have it.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bytes_that_make_no_sense_are_undecodable() {
        let reason = |kind: io::ErrorKind| match Halt::from(io::Error::from(kind)) {
            Halt::Fault(fault) => fault.reason,
            Halt::Stopped => panic!("{kind}: stopped"),
        };
        assert_eq!(reason(io::ErrorKind::InvalidData), FaultReason::Undecodable);
        assert_eq!(reason(io::ErrorKind::UnexpectedEof), FaultReason::Truncated);
        assert_eq!(reason(io::ErrorKind::OutOfMemory), FaultReason::Unreadable);
    }
}
