//! From packed bytes to plain ones: gzip, zstd, bzip2, tar and zip, in each other to a small depth.

use std::io::{self, BufRead, BufReader, Cursor, Read, Seek};

use super::sniff::{HEAD, Kind, sniff};
use super::{Bytes, Halt, Name, Raw, Session, Step};
use crate::item::{Fault, FaultReason};

/// How many packings may lie in each other: `a.tar.gz!/b.zip!/c.json.gz` has four.
const DEPTH: usize = 4;
/// Nothing honest unpacks to more than this many times its size …
const RATIO: u64 = 300;
/// … beyond this many bytes.
const HONEST: u64 = 512 << 20;

/// Whether a check has to come before the first record.
pub(crate) fn is_packed(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Gzip | Kind::Zstd | Kind::Bzip2 | Kind::Zip | Kind::Tar
    )
}

/// Counts what a packing unpacks to, and stops at a bomb.
struct Metered<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("unpacks to more than {RATIO} times its size: a decompression bomb"),
            )
        })?;
        Ok(count)
    }
}

/// Remembers whether the last block read was all zeros, as the end of a tar archive is, and whether there is more.
struct Tail<R> {
    inner: R,
    zeros: u64,
    ended: bool,
}

impl<R: Read> Read for Tail<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let trailing = buffer[..count]
            .iter()
            .rev()
            .take_while(|byte| **byte == 0)
            .count() as u64;
        self.ended |= count == 0 && !buffer.is_empty();
        self.zeros = if trailing == count as u64 {
            self.zeros + trailing
        } else {
            trailing
        };
        Ok(count)
    }
}

const BLOCK: u64 = 512;

impl Session<'_, '_> {
    /// Reads a file from its start.
    pub(crate) fn unpack(&mut self, name: &Name, bytes: &mut dyn Bytes) -> Step {
        let mut head = Vec::new();
        bytes.take(HEAD as u64).read_to_end(&mut head)?;
        bytes.rewind()?;
        if sniff(&head, &name.extension) == Kind::Zip {
            return self.zip(name, bytes, 1);
        }
        self.layer(name, bytes, 0)
    }

    fn meter<R: Read>(&self, inner: R) -> Metered<R> {
        let size = self.file.fingerprint().size;
        Metered {
            inner,
            left: HONEST.max(size.saturating_mul(RATIO)),
        }
    }

    /// Reads what may be packed `depth` times already.
    fn layer(&mut self, name: &Name, mut from: &mut dyn Read, depth: usize) -> Step {
        let mut head = Vec::with_capacity(4096);
        (&mut from).take(HEAD as u64).read_to_end(&mut head)?;
        let kind = sniff(&head, &name.extension);
        let bytes = Cursor::new(head).chain(from);
        if is_packed(kind) && depth >= DEPTH {
            return Err(Halt::Fault(Fault::new(
                FaultReason::Unsupported,
                format!("packed more than {DEPTH} times"),
            )));
        }
        match kind {
            Kind::Gzip => {
                let plain = flate2::bufread::MultiGzDecoder::new(BufReader::new(bytes));
                self.layer(name, &mut self.meter(plain), depth + 1)
            }
            Kind::Zstd => {
                let plain = zstd::stream::read::Decoder::new(bytes)?;
                self.layer(name, &mut self.meter(plain), depth + 1)
            }
            Kind::Bzip2 => {
                let plain = bzip2::read::MultiBzDecoder::new(bytes);
                self.layer(name, &mut self.meter(plain), depth + 1)
            }
            Kind::Tar => self.tar(name, bytes, depth + 1),
            Kind::Zip => {
                let mut bytes = bytes;
                let Raw { bytes, full: None } = self.swallow(&mut bytes)? else {
                    return Err(Halt::Fault(Fault::new(
                        FaultReason::TooLarge,
                        "a zip archive within an archive may not be longer than a document",
                    )));
                };
                self.zip(name, &mut Cursor::new(bytes), depth + 1)
            }
            _ if self.is_check() => {
                let mut bytes = bytes;
                io::copy(&mut bytes, &mut io::sink())?;
                Ok(())
            }
            _ => self.plain(name, kind, &mut BufReader::with_capacity(HEAD, bytes)),
        }
    }

    /// Reads bytes that are not packed.
    fn plain(&mut self, name: &Name, kind: Kind, bytes: &mut dyn BufRead) -> Step {
        match kind {
            Kind::Json => self.json(name, bytes),
            Kind::JsonLines => self.json_lines(name, bytes),
            Kind::Warc => self.warc(name, bytes),
            _ => self.document(name, kind, bytes),
        }
    }

    fn tar(&mut self, name: &Name, bytes: impl Read, depth: usize) -> Step {
        let mut tail = Tail {
            inner: bytes,
            zeros: 0,
            ended: false,
        };
        let step = self.tar_members(name, &mut tail, depth);
        match step {
            Err(Halt::Stopped) => step,
            // The reader of the members calls this by several names, or does not notice.
            _ if tail.ended && tail.zeros < BLOCK => {
                Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the tar archive has no end").into())
            }
            step => step,
        }
    }

    fn tar_members(&mut self, name: &Name, tail: &mut impl Read, depth: usize) -> Step {
        let mut archive = tar::Archive::new(&mut *tail);
        for entry in archive.entries()? {
            let mut entry = entry?;
            if entry.header().entry_type().is_file() {
                let path = entry.path_bytes().into_owned();
                self.member(name, &path, &mut entry, depth)?;
            }
            // What the reader left is read here, so that its damage is noticed.
            io::copy(&mut entry, &mut io::sink())?;
        }
        io::copy(tail, &mut io::sink())?;
        Ok(())
    }

    fn zip(&mut self, name: &Name, bytes: &mut dyn Bytes, depth: usize) -> Step {
        let torn = |error: zip::result::ZipError| {
            Halt::Fault(Fault::new(
                FaultReason::Truncated,
                format!("the zip archive is torn: {error}"),
            ))
        };
        let mut archive = zip::ZipArchive::new(bytes).map_err(torn)?;
        if let Some(kind) = office(&archive) {
            return Err(Halt::Fault(Fault::new(FaultReason::Unsupported, kind)));
        }
        for index in 0..archive.len() {
            let entry = archive.by_index(index);
            let mut entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let text = format!("member {index} of the zip archive: {error}");
                    return Err(Halt::Fault(Fault::new(FaultReason::Unsupported, text)));
                }
            };
            if entry.is_file() {
                let path = entry.name_raw().to_vec();
                self.member(name, &path, &mut entry, depth)?;
                io::copy(&mut entry, &mut io::sink())?;
            }
        }
        Ok(())
    }

    /// Reads one member of an archive; a torn member stops only itself.
    fn member(&mut self, archive: &Name, path: &[u8], bytes: &mut dyn Read, depth: usize) -> Step {
        let name = archive.member(path.strip_prefix(b"./").unwrap_or(path));
        let relative = crate::file::text_of(path);
        if !self.inbox.enters(std::path::Path::new(&relative)) {
            return Ok(());
        }
        let number = self.member;
        self.member += 1;
        if !self.is_check()
            && let Some(fault) = self.broken.get(&number).cloned()
        {
            let raw = self.swallow(bytes)?;
            return self.record(&name, OCTETS, raw, |_| super::Made::Fault(fault));
        }
        match self.layer(&name, bytes, depth) {
            Err(Halt::Fault(fault)) if self.is_check() => {
                self.broken.insert(number, fault);
                Ok(())
            }
            step => step,
        }
    }
}

pub(crate) const OCTETS: &str = "application/octet-stream";

/// Formats that are zip archives inside, by the member that gives them away.
fn office<R: Read + Seek>(archive: &zip::ZipArchive<R>) -> Option<&'static str> {
    let has = |name: &str| {
        archive
            .file_names()
            .any(|member| member.is_ok_and(|member| member == name))
    };
    if has("[Content_Types].xml") {
        Some("a Microsoft Office document")
    } else if has("mimetype") {
        Some("an OpenDocument or EPUB file")
    } else if has("META-INF/MANIFEST.MF") {
        Some("a Java archive")
    } else {
        None
    }
}
