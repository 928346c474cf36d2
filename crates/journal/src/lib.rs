//! The books: what was taken, how far each output file is good, and what the ordered stages know.
//!
//! All three change together, once a batch, in one transaction of one embedded database. Everything that grows
//! (documents, rejects, the logs of stages) is an append-only file beside it, good exactly as far as the
//! database says: bytes past that length are from a batch that never came to be, and are cut off or written
//! over. So a commit is: write the files, sync them, then [`Journal::commit`]; a crash at any instant leaves
//! either the whole batch or none of it.
//!
//! The database is SQLite in WAL mode with full syncs. Measured on this pattern with a million known files, beside redb,
//! fjall and LMDB and killed 150 times each, none lost or tore a batch. SQLite takes 19 µs of processor time a document, LMDB
//! 12 and fjall 7; but it stays within 50 MB where those took 250 and 350, is open at once, and lets `status`, `verify` and
//! `explain` read whole batches beside the running daemon, which redb and fjall do not. With stages' bulk in files of their
//! own a batch appends a few rows a document, so that the difference is below three in a hundred of a default chain's cost.
//! That was with an index of ids; there is none any more, as each row would cost it a page: rows are found through sorted
//! runs of names.
//! `BENCHMARKS.md` has the table.
//!
//! - [`Journal`] is the writer's side; a lock file keeps a second one out.
//! - [`Ledger`] is the reader's side.
//! - [`StageState`] is the [`State`](gristmill_core::State) of one ordered stage.
//! - [`KnownFiles`] answers in memory whether a file was taken before.

mod journal;
mod known;
mod ledger;
mod names;
mod rows;
mod schema;
mod stage_state;
mod write;

pub use journal::{Batch, Earlier, Journal};
pub use known::{Fingerprint, KnownFile, KnownFiles, PathKey};
pub use ledger::{Documents, Ledger};
pub use rows::{BasisRow, DocumentRow, FileRow, Outcome, SegmentKind, SegmentRow, Totals};
pub use stage_state::StageState;

use std::io;
use std::path::PathBuf;

/// Why the books cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another daemon writes to the same state folder.
    #[error("{} is in use by another gristmill: stop it first, or give this one a state folder of its own", dir.display())]
    Locked {
        /// The state folder.
        dir: PathBuf,
    },
    /// There is nothing to read yet.
    #[error("there is no journal in {}: gristmill has not run with this configuration yet", dir.display())]
    Absent {
        /// The state folder.
        dir: PathBuf,
    },
    /// The books were written by an earlier version, and nobody may change them who only reads.
    #[error("the journal in {} is of an earlier gristmill: `gristmill run` or `gristmill run --once` brings it up to date", dir.display())]
    Outdated {
        /// The state folder.
        dir: PathBuf,
    },
    /// The books were written by another version.
    #[error("the journal in {} has format {found}, this gristmill knows format {known}: use the version that wrote it, or a new state folder", dir.display())]
    Format {
        /// The state folder.
        dir: PathBuf,
        /// The format found.
        found: i64,
        /// The format known.
        known: i64,
    },
    /// Files and books do not agree, in a way that no crash explains.
    #[error("the state is damaged: {0}")]
    Damaged(String),
    /// The machine failed.
    #[error("{what}: {source}")]
    Io {
        /// What was to be done.
        what: String,
        /// The failure.
        source: io::Error,
    },
    /// The database failed.
    #[error("journal database: {0}")]
    Database(rusqlite::Error),
}

/// Without a source of its own, which would only say the same again.
impl From<rusqlite::Error> for JournalError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl JournalError {
    fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        |source| Self::Io { what, source }
    }
}
