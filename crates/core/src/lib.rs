//! The terms of gristmill: what a document is, what a stage may do with it, and how stages are named and built.
//!
//! Everything else in the workspace meets here. A reader makes a [`Document`]; the chain hands it from
//! [`Stage`] to [`Stage`], each of which fills in its own fields and says [`Verdict::Keep`] or
//! [`Verdict::Reject`]; the sink writes it as one line. This crate does no input or output and starts no
//! thread, so that each stage can be used, tested and measured as a library by itself.
//!
//! - [`Document`] and the records below it are the line that users read, key for key.
//! - [`Stage`] and [`OrderedStage`] are the two kinds of work, [`State`] is what an ordered stage may remember, [`Basis`] what
//!   a pure one may read beside the document.
//! - [`StageFactory`] and [`Registry`] turn a name and parameters from the configuration into a stage.
//! - [`parse_date`] reads the dates that records and pages carry.
//! - [`CodePoints`] converts between the byte offsets that Rust uses and the code points that the lines carry.

mod basis;
mod code_points;
mod date;
mod document;
mod id;
mod note;
mod registry;
mod reject;
mod scratch;
mod stage;
mod state;
mod units;

pub use basis::{Basis, BasisFile, Renewal};
pub use code_points::CodePoints;
pub use date::parse_date;
pub use document::{
    Document, Duplicate, DuplicateKind, Entity, EntityType, Hints, Language, LanguageSpan, Markup, Mention,
    Metadata, Passage, SCHEMA, Source, Story,
};
pub use id::{DocumentId, ParseIdError, Sha256};
pub use note::Note;
pub use registry::{BuildEnv, BuildError, Registration, Registry, StageFactory};
pub use reject::Rejected;
pub use scratch::Scratch;
pub use stage::{Built, OrderedStage, Reason, Stage, StageError, Verdict};
pub use state::{MemoryState, State, StateError, Visit, check_format};
pub use units::{ByteSize, Period, UnitError};
