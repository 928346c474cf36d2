//! Which language a text is in.
//!
//! ```
//! let identifier = gristmill_language::Identifier::new();
//! let answer = identifier.identify("Le président a annoncé la nouvelle lundi.");
//! assert_eq!(answer.language, "fr");
//! ```
//!
//! The script comes first: letters are counted by script, and a language that is alone in the script of most of
//! them is the answer. Among the languages that share a script a multinomial logistic regression over hashed
//! character n-grams and words decides ([`features`], [`model`]). Its probabilities are calibrated by the
//! length of the text, and `und` is a label of its own, learned from text that is in no language.
//!
//! The model is part of the binary and is used as it lies there. `model/CARD.md` says what it was trained on
//! and what it can do; `examples/train_language` is the program that makes it.

mod codes;
mod evidence;
pub mod features;
mod identify;
pub mod model;
mod script;
mod spans;
mod stage;

pub use identify::{Answer, Candidate, Identifier, UNDETERMINED};
pub use script::Script;
pub use spans::Span;
pub use stage::{Below, LanguageFactory, LanguageParams};
