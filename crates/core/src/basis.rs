//! What the answers of a stage rest on beside the document.

use serde::{Deserialize, Serialize};

use crate::Sha256;

/// A file of the user's that a stage's answers rest on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasisFile {
    /// The file as the configuration writes it.
    pub file: String,
    /// The hash of its content.
    pub sha256: Sha256,
}

/// Files that a pure stage's answers rest on and that may change while it runs, such as a gazetteer.
///
/// A stage has it so that all documents of a batch rest on the same content, and the books can say on which: the
/// pipeline takes documents through the stage only in batches, calls [`renew`](Self::renew) before each when no
/// document is in the stage, and makes [`files`](Self::files) durable together with the batch.
pub trait Basis: Send + Sync {
    /// The files with the content that is in force.
    fn files(&self) -> Vec<BasisFile>;

    /// Puts in force what has changed, if it is ready to be. Comes back at once: what takes time, such as reading
    /// a file and building a table, goes on beside the documents and is put in force by a later call.
    fn renew(&self) -> Renewal;
}

/// What came of [`Basis::renew`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewal {
    /// Nothing is different.
    Unchanged,
    /// New content is in force.
    Renewed,
    /// The files have changed and cannot be used, for this reason; what was in force still is. Said once a change.
    Refused(String),
}
