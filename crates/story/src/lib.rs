//! Which articles tell the same event.
//!
//! Each article, as it arrives, joins the story that it most likely belongs to, or opens one; the decision is
//! final, since a line never changes. An article is its weightiest terms (TF-IDF), with marks for those of the
//! title, of the first words and of names. How rare a term is starts from tables trained on news, language by
//! language, and is learned on from the stream. Candidates are the stories with a member in the window that
//! shares terms; boosted trees over some [features](NAMES) of article and story say how likely it belongs.
//! Stories across languages are not found: no word is shared between them.
//!
//! What is remembered lies on disk: memory holds twelve bytes an article, and an index of which article has
//! which term is in sorted files that are never changed. Articles are forgotten by the segment once twice the
//! window has gone by since they came.
//!
//! ```
//! use gristmill_core::{Document, MemoryState};
//! use gristmill_story::{Stories, StoryParams};
//! let mut document = Document::from_text("a", "Leaders met in Baku to discuss peace.");
//! Stories::new(&StoryParams::default()).place(&mut document, &mut MemoryState::new())?;
//! assert_eq!(document.story.id, Some(document.id));
//! # Ok::<(), gristmill_core::StageError>(())
//! ```

mod article;
mod features;
mod frequencies;
mod index;
mod meaning;
mod memory;
mod model;
mod sketch;
mod stage;
mod terms;
mod trees;

#[cfg(test)]
mod tests;

pub use features::{FEATURES, Features, NAMES};
pub use frequencies::Table;
pub use meaning::DIMENSIONS;
pub use model::Model;
pub use stage::{Candidate, Stories, StoryFactory, StoryParams};
pub use terms::{Term, Tongue, Word, term, words};
pub use trees::Trees;
