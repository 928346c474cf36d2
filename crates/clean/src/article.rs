//! What cleaning finds.

use gristmill_core::Metadata;
use jiff::Timestamp;

/// An article, and what was around it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Article {
    /// The title, not repeated in `text`.
    pub title: Option<String>,
    /// The body: paragraphs separated by one empty line. Empty where there is no article.
    pub text: String,
    /// What the page or the text says about the article.
    pub metadata: Metadata,
    /// When the article was published, where that is said.
    pub created: Option<Timestamp>,
    /// The language that the page claims, as it writes it.
    pub language: Option<String>,
    /// What was left out, in the order of the input.
    pub dropped: Vec<Dropped>,
}

/// Something that is not the article, and why it was taken for that.
#[derive(Debug, Clone, PartialEq)]
pub struct Dropped {
    /// The line or block.
    pub text: String,
    /// The rule or model that decided, as one word.
    pub rule: &'static str,
    /// The probability that it belongs to the article, where a model decided.
    pub score: Option<f32>,
}
