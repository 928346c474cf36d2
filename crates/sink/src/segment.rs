use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use flate2::write::GzEncoder;
use gristmill_core::Sha256;
use gristmill_disk::{DiskFile, SharedDisk, make_folder};
use jiff::Timestamp;
use serde::Serialize;
use sha2::Digest;

use crate::SinkError;
use crate::claim::Claim;

/// How segments are compressed. Each batch is a frame of its own, so a segment is good up to any batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// As gzip, one member a batch.
    Gzip,
    /// As zstd, one frame a batch.
    Zstd,
}

impl Compression {
    const fn suffix(self) -> &'static str {
        match self {
            Self::None => ".jsonl",
            Self::Gzip => ".jsonl.gz",
            Self::Zstd => ".jsonl.zst",
        }
    }

    fn pack(self, lines: &[u8]) -> io::Result<Cow<'_, [u8]>> {
        match self {
            Self::None => Ok(lines.into()),
            Self::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(lines)?;
                encoder.finish().map(Cow::from)
            }
            Self::Zstd => zstd::encode_all(lines, 0).map(Cow::from),
        }
    }
}

/// When a segment is sealed and the next one begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// Once the file has this many bytes.
    pub size: u64,
    /// Once this long has passed since it was opened.
    pub age: Duration,
}

/// Where a line stands: the segment's number, the line's first byte in the uncompressed segment, and its
/// length with its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The segment.
    pub segment: u64,
    /// The first byte.
    pub start: u64,
    /// The bytes of the line.
    pub length: u64,
}

/// How far a segment is good: what the books keep of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Its number, from 1.
    pub number: u64,
    /// Good bytes of the file.
    pub length: u64,
    /// Good lines.
    pub lines: u64,
    /// When it was opened.
    pub opened: Timestamp,
    /// The SHA-256 of the file once it is sealed.
    pub sha256: Option<Sha256>,
}

/// Writes lines of one kind to segments in one folder.
#[derive(Debug)]
pub struct SegmentWriter {
    dir: PathBuf,
    disk: SharedDisk,
    compression: Compression,
    rotation: Rotation,
    /// The segment being written, if it has a line yet.
    open: Option<Open>,
    /// The number of the last segment begun.
    last: u64,
    /// Sealed in this batch or by the books, not yet renamed.
    sealed: Vec<(Segment, PathBuf)>,
    _claim: Claim,
}

#[derive(Debug)]
struct Open {
    segment: Segment,
    path: PathBuf,
    file: Box<dyn DiskFile>,
    /// Bytes before compression, which positions count.
    plain: u64,
    hash: sha2::Sha256,
    /// Lines that are not on the file yet.
    buffer: Vec<u8>,
    buffered_lines: u64,
    /// Whether there are lines that the books have not been told of.
    unsettled: bool,
    /// Whether its name is durable.
    named: bool,
}

impl SegmentWriter {
    /// Opens the folder `dir` as the books know it: `books` holds its segments by number. What is past their
    /// good lengths is cut off, what the books have sealed is renamed, open segments that they do not know are
    /// removed.
    ///
    /// # Errors
    /// A segment is missing or shorter than the books say or sealed without them, another daemon writes there, or the machine fails.
    pub fn open(
        dir: &Path,
        disk: SharedDisk,
        compression: Compression,
        rotation: Rotation,
        books: &[Segment],
    ) -> Result<Self, SinkError> {
        make_folder(&*disk, dir).map_err(SinkError::io(format!("make {}", dir.display())))?;
        let last = books.last().map_or(0, |segment| segment.number);
        let mut writer = Self {
            dir: dir.to_owned(),
            disk,
            compression,
            rotation,
            open: None,
            last,
            sealed: Vec::new(),
            _claim: Claim::of(dir)?,
        };
        writer.clear_strays(last)?;
        for segment in books {
            if segment.sha256.is_some() {
                if let Some(path) = find_segment(dir, segment.number).filter(|path| is_open(path)) {
                    writer.sealed.push((*segment, path));
                }
            } else {
                writer.open = Some(writer.reopen(*segment)?);
            }
        }
        writer.settle()?;
        Ok(writer)
    }

    /// Adds `record` as a line and says where it will stand.
    ///
    /// # Errors
    /// The record cannot be written as JSON, or a new segment cannot be made; the line is not there then.
    pub fn append(&mut self, record: &impl Serialize, now: Timestamp) -> Result<Position, SinkError> {
        let open = match &mut self.open {
            Some(open) => open,
            none => none.insert(begin(
                &self.dir,
                &self.disk,
                self.compression,
                self.last + 1,
                now,
            )?),
        };
        self.last = open.segment.number;
        let before = open.buffer.len();
        if let Err(error) = serde_json::to_writer(&mut open.buffer, record) {
            open.buffer.truncate(before);
            return Err(error.into());
        }
        open.buffer.push(b'\n');
        open.buffered_lines += 1;
        open.unsettled = true;
        let length = (open.buffer.len() - before) as u64;
        Ok(Position {
            segment: open.segment.number,
            start: open.plain + before as u64,
            length,
        })
    }

    /// Brings all lines to the disk and seals the segment if it is full, old, or if `seal` says so. Gives what
    /// the books have to know before [`settle`](Self::settle); until then a repeated call gives it again, so
    /// whatever failed may be tried anew.
    ///
    /// # Errors
    /// The lines are not safe.
    pub fn sync(&mut self, now: Timestamp, seal: bool) -> Result<Vec<Segment>, SinkError> {
        let mut changed: Vec<_> = self.sealed.iter().map(|(segment, _)| *segment).collect();
        let Some(open) = &mut self.open else {
            return Ok(changed);
        };
        if open.unsettled {
            let fail = SinkError::io(format!("write {}", open.path.display()));
            let synced = flush(open, self.compression).and_then(|()| match open.named {
                true => Ok(()),
                false => self.disk.sync_dir(&self.dir),
            });
            synced.map_err(fail)?;
            open.named = true;
        }
        let age = now.duration_since(open.segment.opened).unsigned_abs();
        let full = open.segment.length >= self.rotation.size || age >= self.rotation.age;
        if (seal || full) && open.segment.lines > 0 {
            open.segment.sha256 = Some(Sha256::from_bytes(open.hash.clone().finalize().into()));
            changed.push(open.segment);
            self.sealed
                .extend(self.open.take().map(|open| (open.segment, open.path)));
        } else if open.unsettled {
            changed.push(open.segment);
        }
        Ok(changed)
    }

    /// Whether the segment being written is old enough to be sealed though nothing is added to it.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.open.as_ref().is_some_and(|open| {
            open.segment.lines > 0
                && now.duration_since(open.segment.opened).unsigned_abs() >= self.rotation.age
        })
    }

    /// Hears that the books know what the last [`sync`](Self::sync) gave, and renames what is sealed.
    ///
    /// # Errors
    /// They keep their names until the next call.
    pub fn settle(&mut self) -> Result<(), SinkError> {
        if let Some(open) = &mut self.open {
            open.unsettled = false;
        }
        while let Some((_, path)) = self.sealed.last() {
            let sealed = path.with_extension("");
            self.disk
                .rename(path, &sealed)
                .and_then(|()| self.disk.sync_dir(&self.dir))
                .map_err(SinkError::io(format!("seal {}", sealed.display())))?;
            self.sealed.pop();
        }
        Ok(())
    }

    fn clear_strays(&self, last: u64) -> Result<(), SinkError> {
        let list = SinkError::io(format!("list {}", self.dir.display()));
        let segments = list_segments(&self.dir).map_err(list)?;
        for (_, path) in segments.into_iter().filter(|(number, _)| *number > last) {
            if !is_open(&path) {
                return Err(SinkError::Foreign { path });
            }
            tracing::info!(path = %path.display(), "removing a segment of a batch that never came to be");
            self.disk
                .remove(&path)
                .map_err(SinkError::io(format!("remove {}", path.display())))?;
        }
        Ok(())
    }

    /// Opens a segment that was being written when the last run ended, cut to its good length.
    fn reopen(&self, segment: Segment) -> Result<Open, SinkError> {
        let missing = || {
            SinkError::Damaged(format!(
                "segment {} is not in {}",
                segment.number,
                self.dir.display()
            ))
        };
        let path = find_segment(&self.dir, segment.number).ok_or_else(missing)?;
        let read = |error| SinkError::Io {
            what: format!("read {}", path.display()),
            source: error,
        };
        let mut file = self.disk.open(&path).map_err(read)?;
        let found = file.length().map_err(read)?;
        if found < segment.length {
            let (path, good) = (path.display(), segment.length);
            return Err(SinkError::Damaged(format!(
                "{path} has {found} bytes where the journal counts {good}"
            )));
        }
        if found > segment.length {
            file.set_len(segment.length).map_err(read)?;
        }
        let mut hash = sha2::Sha256::new();
        let source = File::open(&path).map_err(read)?;
        io::copy(&mut source.take(segment.length), &mut Hashing(&mut hash)).map_err(read)?;
        let plain = plain_length(&path).map_err(read)?;
        Ok(Open {
            segment,
            path,
            file,
            plain,
            hash,
            buffer: Vec::new(),
            buffered_lines: 0,
            unsettled: false,
            named: true,
        })
    }
}

fn begin(
    dir: &Path,
    disk: &SharedDisk,
    compression: Compression,
    number: u64,
    now: Timestamp,
) -> Result<Open, SinkError> {
    let path = dir.join(format!("part-{number:08}{}.open", compression.suffix()));
    let file = disk
        .open(&path)
        .map_err(SinkError::io(format!("make {}", path.display())))?;
    Ok(Open {
        segment: Segment {
            number,
            length: 0,
            lines: 0,
            opened: now,
            sha256: None,
        },
        path,
        file,
        plain: 0,
        hash: sha2::Sha256::new(),
        buffer: Vec::new(),
        buffered_lines: 0,
        unsettled: false,
        named: false,
    })
}

/// Writes the buffer as one frame and syncs it. Nothing of it counts before all of it is safe.
fn flush(open: &mut Open, compression: Compression) -> io::Result<()> {
    if open.buffer.is_empty() {
        return Ok(());
    }
    let packed = compression.pack(&open.buffer)?;
    open.file.write_all_at(&packed, open.segment.length)?;
    open.file.sync()?;
    open.hash.update(&packed);
    open.segment.length += packed.len() as u64;
    open.segment.lines += open.buffered_lines;
    open.plain += open.buffer.len() as u64;
    open.buffered_lines = 0;
    open.buffer.clear();
    Ok(())
}

struct Hashing<'h>(&'h mut sha2::Sha256);

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn is_open(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "open")
}

/// The number in a segment's file name.
fn segment_number(path: &Path) -> Option<u64> {
    let (number, suffix) = path
        .file_name()?
        .to_str()?
        .strip_prefix("part-")?
        .split_once('.')?;
    suffix.starts_with("jsonl").then(|| number.parse().ok())?
}

/// The file of segment `number` in `dir`, sealed or open, compressed or not.
pub fn find_segment(dir: &Path, number: u64) -> Option<PathBuf> {
    let names = [Compression::None, Compression::Gzip, Compression::Zstd]
        .into_iter()
        .flat_map(|compression| {
            ["", ".open"].map(|open| format!("part-{number:08}{}{open}", compression.suffix()))
        });
    names.map(|name| dir.join(name)).find(|path| path.exists())
}

/// The file of segment `number` in `dir` and its path, also while a writer beside us seals it, and so renames it.
pub fn open_segment(dir: &Path, number: u64) -> Option<(PathBuf, File)> {
    let opened = || {
        let path = find_segment(dir, number)?;
        let file = File::open(&path).ok()?;
        Some((path, file))
    };
    opened().or_else(opened)
}

/// The segments in `dir`, by number; one that is open and sealed at once comes twice.
///
/// # Errors
/// The folder is there and cannot be listed.
pub fn list_segments(dir: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut segments = Vec::new();
    match std::fs::read_dir(dir) {
        Ok(entries) => {
            for entry in entries {
                let path = entry?.path();
                segments.extend(segment_number(&path).map(|number| (number, path)));
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    segments.sort_unstable();
    Ok(segments)
}

/// The SHA-256 of a segment's file, which is rewound before and after.
///
/// # Errors
/// The file cannot be read.
pub fn segment_hash(mut file: &File) -> io::Result<Sha256> {
    let mut hash = sha2::Sha256::new();
    file.rewind()?;
    io::copy(&mut file, &mut Hashing(&mut hash))?;
    file.rewind()?;
    Ok(Sha256::from_bytes(hash.finalize().into()))
}

/// A reader of the lines in the first `good` bytes of a segment's file, unpacked as `path` names it.
///
/// # Errors
/// The machine fails.
pub fn segment_lines(file: File, path: &Path, good: u64) -> io::Result<Box<dyn BufRead>> {
    let file = BufReader::new(file).take(good);
    let name = path.to_string_lossy();
    let name = name.strip_suffix(".open").unwrap_or(&name);
    Ok(match name.rsplit('.').next() {
        Some("gz") => Box::new(BufReader::new(flate2::bufread::MultiGzDecoder::new(file))),
        Some("zst") => Box::new(BufReader::new(zstd::Decoder::with_buffer(file)?)),
        _ => Box::new(file),
    })
}

fn lines_of(path: &Path) -> io::Result<Box<dyn BufRead>> {
    segment_lines(File::open(path)?, path, u64::MAX)
}

fn is_plain(path: &Path) -> bool {
    let name = path.to_string_lossy();
    name.strip_suffix(".open").unwrap_or(&name).ends_with(".jsonl")
}

fn plain_length(path: &Path) -> io::Result<u64> {
    if !is_plain(path) {
        return io::copy(&mut lines_of(path)?, &mut io::sink());
    }
    Ok(std::fs::metadata(path)?.len())
}

/// The line at `position` in the folder `dir`, without its end. A compressed segment is read up to there.
///
/// # Errors
/// There is no such segment, or it ends before the line does.
pub fn read_line(dir: &Path, position: Position) -> io::Result<String> {
    let path = find_segment(dir, position.segment).ok_or(io::ErrorKind::NotFound)?;
    let mut file = File::open(&path)?;
    let mut lines = if is_plain(&path) {
        file.seek(SeekFrom::Start(position.start))?;
        Box::new(BufReader::new(file))
    } else {
        let mut lines = segment_lines(file, &path, u64::MAX)?;
        io::copy(&mut lines.by_ref().take(position.start), &mut io::sink())?;
        lines
    };
    let mut line = vec![0; usize::try_from(position.length).map_err(io::Error::other)?];
    lines.read_exact(&mut line)?;
    if line.pop() != Some(b'\n') {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "no line ends there"));
    }
    String::from_utf8(line).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}
