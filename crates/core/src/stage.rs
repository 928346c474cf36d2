//! The two kinds of work on documents.

use std::borrow::Cow;
use std::sync::Arc;

use crate::{Basis, Document, DocumentId, State, StateError};

/// Pure work on one document. Runs on any worker, in any order, so its outcome depends on nothing but the
/// document and, where the stage has one, its [`Basis`].
pub trait Stage: Send + Sync {
    /// Fills in the stage's fields of `document` and says whether it goes on.
    ///
    /// # Errors
    /// A fault, not a decision: this one document is set aside in quarantine, the others go on.
    fn process(&self, document: &mut Document) -> Result<Verdict, StageError>;

    /// The files that the outcome rests on, where they may change while the stage runs.
    fn basis(&self) -> Option<&dyn Basis> {
        None
    }
}

/// Work that depends on what came before. Runs in arrival order, one document at a time.
///
/// Its memory may be a cache of its [`State`], never more: after each `process` that returned, `open` on the
/// same state must rebuild a stage that gives the same answers. That is what makes restarts, faults and
/// batches of any size invisible in the lines.
pub trait OrderedStage: Send {
    /// Builds the memory from `state`: called once before the first document, and again after a document
    /// whose effects on the state were undone because the stage failed.
    ///
    /// # Errors
    /// The state cannot be read, or is not this stage's; nothing can be processed then.
    fn open(&mut self, state: &mut dyn State) -> Result<(), StateError>;

    /// Fills in the stage's fields of `document`, remembers in `state` what later documents need, and says
    /// whether the document goes on.
    ///
    /// # Errors
    /// A fault: the document is set aside in quarantine and what it did to the state is undone.
    fn process(&mut self, document: &mut Document, state: &mut dyn State) -> Result<Verdict, StageError>;

    /// A moment between documents, just before a batch becomes durable, for work put off: merging runs,
    /// dropping what is too old. It must not change any later answer.
    ///
    /// # Errors
    /// The state cannot be read or written.
    fn tend(&mut self, state: &mut dyn State) -> Result<(), StateError> {
        let _ = state;
        Ok(())
    }
}

/// A stage as its factory built it.
#[derive(Clone)]
pub enum Built<O = Box<dyn OrderedStage>> {
    /// Pure work alone.
    Pure(Arc<dyn Stage>),
    /// Work in arrival order, with the costly pure part that prepares it where there is one.
    Ordered {
        /// Leaves what it computed in the document's scratch.
        prepare: Option<Arc<dyn Stage>>,
        /// Takes it from there.
        ordered: O,
    },
}

/// A stage's decision about a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The document goes on.
    Keep,
    /// The document is turned away and becomes a line in `rejects/`.
    Reject(Reason),
}

/// Why a document was turned away.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// One word that programs can group by, such as `no_content`.
    pub reason: Cow<'static, str>,
    /// The reason for people, where there is more to say.
    pub detail: Option<String>,
    /// The earlier document that the decision refers to.
    pub of: Option<DocumentId>,
}

impl Reason {
    /// A reason that is one word alone.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            reason: reason.into(),
            detail: None,
            of: None,
        }
    }

    /// Adds the reason for people.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds the earlier document that the decision refers to.
    pub fn of(mut self, of: DocumentId) -> Self {
        self.of = Some(of);
        self
    }
}

/// Why a stage could not do its work on a document.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The document is such that the stage cannot process it.
    #[error("{0}")]
    Document(String),
    /// The stage's state failed, so no document can be processed until it works again.
    #[error(transparent)]
    State(#[from] StateError),
}
