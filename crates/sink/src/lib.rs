//! Where documents end: lines in segments, lines in rejects, or files in quarantine.
//!
//! ```text
//! out/documents/part-00000001.jsonl        sealed: complete, never changed again
//! out/documents/part-00000002.jsonl.open   being written
//! out/rejects/part-00000001.jsonl.open
//! out/quarantine/ID.json, ID.bin           why, and the bytes
//! ```
//!
//! The sink decides nothing about what is durable. [`SegmentWriter::sync`] brings a batch's lines to the disk;
//! the books then say how far each segment is good; [`SegmentWriter::settle`] renames what the books have
//! sealed. Whatever a crash leaves beyond the books is cut off by [`SegmentWriter::open`].

mod claim;
mod quarantine;
mod segment;

pub use quarantine::{Quarantine, QuarantineEntry};
pub use segment::{
    Compression, Position, Rotation, Segment, SegmentWriter, find_segment, list_segments, open_segment,
    read_line, segment_hash, segment_lines,
};

use std::io;
use std::path::PathBuf;

/// Why output could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The machine failed: a full disk, a read-only or vanished folder.
    #[error("{what}: {source}")]
    Io {
        /// What was to be done.
        what: String,
        /// The failure.
        source: io::Error,
    },
    /// A segment is not as the books say, in a way that no crash explains.
    #[error("the output is damaged: {0}")]
    Damaged(String),
    /// A segment was sealed of which the books know nothing. No crash leaves one: a segment is sealed when it is in the books.
    #[error(
        "{} is sealed, and the books know nothing of it: it is of another state folder, or newer than the books; give this state \
         an output folder of its own, or move what is there away", path.display()
    )]
    Foreign {
        /// The segment.
        path: PathBuf,
    },
    /// Another daemon, with a state of its own, writes to the same folder.
    #[error("{} is written by another gristmill: stop it first, or give this one an output folder of its own", dir.display())]
    Claimed {
        /// The folder.
        dir: PathBuf,
    },
    /// A record cannot be written as JSON.
    #[error("a record cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl SinkError {
    fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        |source| Self::Io { what, source }
    }
}
