//! From a page or from scraped text to an article: title, body and metadata, without what is not the article.
//!
//! - [`html`] reads a page: its blocks of text, and which of them are the article.
//! - [`text`] reads what a scraper left: lines, and which of them are the article.
//! - [`markdown`] takes the marks off a Markdown file.
//! - [`mojibake`] repairs text that was read in the wrong encoding.
//! - [`trees`] is the kind of model with which both decide.
//!
//! ```
//! let article = gristmill_clean::text::read("First paragraph.\n\nSecond paragraph.", None);
//! assert_eq!(article.text, "First paragraph.\n\nSecond paragraph.");
//! ```

pub mod article;
pub mod html;
mod letters;
pub mod markdown;
pub mod metadata;
pub mod mojibake;
mod stage;
pub mod text;
pub mod trees;

pub use article::{Article, Dropped};
pub use stage::{CleanFactory, CleanParams};
