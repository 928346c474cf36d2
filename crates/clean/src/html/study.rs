//! A page made ready for judgement.

use super::features::Told;
use super::measure::{self, Measure, WordSet};
use super::page::Page;
use super::reader;
use super::signals::Vocabulary;

/// A page, what was counted of its blocks, and what it says of itself.
#[derive(Debug)]
pub struct Study<'a> {
    /// The page as read.
    pub page: Page<'a>,
    /// The counts of each block.
    pub measures: Vec<Measure>,
}

impl<'a> Study<'a> {
    /// Reads and measures `markup`.
    pub fn of(markup: &'a str, vocabulary: &Vocabulary) -> (Self, Told) {
        let page = reader::read(markup, vocabulary);
        let meta = |keys: &[&str]| {
            let metas = &page.head.metas;
            keys.iter()
                .find_map(|key| {
                    metas
                        .iter()
                        .find(|(name, content)| name == key && !content.is_empty())
                })
                .map(|(_, content)| content.as_ref())
        };
        let title = meta(&["og:title", "twitter:title", "headline"]).or(page.head.title.as_deref());
        let description = meta(&["og:description", "description", "twitter:description"]);
        let title = WordSet::of(title.unwrap_or_default());
        let description = WordSet::of(description.unwrap_or_default());
        let measures = measure::measure(&page, &title, &description);
        let told = Told {
            title_words: title.len(),
            description_words: description.len(),
            body: None,
        };
        (Self { page, measures }, told)
    }
}
