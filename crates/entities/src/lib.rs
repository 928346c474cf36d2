//! People, organisations and places, tagged and named once.
//!
//! A text is cut into [`tokens`]; each is described by some ninety hashed [`features`], weighed by a trained
//! [`mod@model`], and the best legal sequence of [`labels`] ([`viterbi`]) spells the names. A second look adds the
//! [`votes`] of the whole document. Dates and sums are found by rule ([`expressions`]) when they are asked for, and the user's own
//! [`gazetteer`] goes before the tagger. Then the mentions of one thing are joined, and it gets its fullest
//! [name](names) and an id that is the same in every document.
//!
//! ```
//! let recognizer = gristmill_entities::Recognizer::default();
//! let found = recognizer.entities("Vladimir Putin visited Baku. Putin left on Monday.", Some("en"));
//! assert_eq!(found[0].0.name, "Vladimir Putin");
//! assert_eq!(found[0].0.mentions.len(), 2);
//! ```

mod cases;
mod evidence;
pub mod expressions;
pub mod features;
pub mod gazetteer;
mod hits;
pub mod labels;
mod lexicon;
mod lists;
pub mod model;
pub mod names;
mod recognizer;
mod shelf;
mod spelling;
mod stage;
pub mod tagger;
mod terms;
mod titles;
pub mod tokens;
pub mod viterbi;
pub mod votes;

pub use recognizer::{Found, Recognizer, model};
pub use stage::{EntitiesFactory, EntitiesParams};
