//! Which articles tell the same event.
//!
//! Each article, as it arrives, joins the story that it most likely belongs to, or opens one; the decision is
//! final, since a line never changes. An article is its weightiest terms (TF-IDF), with marks for those of the
//! title, of the first words and of names. How rare a term is starts from tables trained on news, language by
//! language, and is learned on from the stream. Candidates are the stories with a member in the window that
//! shares terms; boosted trees over some [features](NAMES) of article and story say how likely it belongs.
//! Stories across languages are not found: no word is shared between them.
//!
//! The names of a small country are rare words and stand in all that happens there, so that names alone tie nothing: the
//! trees also see what the other words mean and what both quote, and have learned from a country whose names no table knows.
//! How far apart two articles were published counts where both are dated, and the more, the fewer other articles are as near:
//! in a folder of one day's articles it says nothing. The time of arrival, which stands in for a date that is
//! missing, only says what is in the window, since it is that of a copied file as often as not: so `run --once` and the
//! daemon place an undated article alike.
//!
//! What is remembered lies on disk: memory holds some thousand articles that were looked at lately and the latest articles' place in
//! an index of which article has which term, which is otherwise in sorted files that are never changed. A look-up reads a
//! bounded number of their parts. Articles are forgotten by the segment once twice the window has gone by since they came. What the
//! end of a segment brings with it is done in small steps while the next fills: no article waits for it.
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
mod learned;
mod meaning;
mod memory;
mod model;
mod sketch;
mod spread;
mod stage;
mod terms;
mod trees;

#[cfg(test)]
mod tests;

pub use features::{DIRECTIONS, FEATURES, Features, NAMES};
pub use frequencies::Table;
pub use meaning::DIMENSIONS;
pub use model::Model;
pub use stage::{Candidate, Stories, StoryFactory, StoryParams};
pub use terms::{Term, Tongue, Word, term, words};
