//! A page made ready for judgement.

use super::features::Told;
use super::measure::{self, Measure, WordSet};
use super::page::Page;
use super::reader;
use super::signals::Vocabulary;
use crate::metadata::{self, Found};

/// A page, what was counted of its blocks, and what it says of itself.
#[derive(Debug)]
pub struct Study<'a> {
    /// The page as read.
    pub page: Page<'a>,
    /// The counts of each block.
    pub measures: Vec<Measure>,
    /// What the page says of its article.
    pub found: Found,
    /// The same as far as it helps to judge blocks.
    pub told: Told,
}

impl<'a> Study<'a> {
    /// Reads and measures `markup`.
    pub fn of(markup: &'a str, vocabulary: &Vocabulary) -> Self {
        let page = reader::read(markup, vocabulary);
        let found = metadata::find(&page);
        let title = WordSet::of(found.title.as_deref().unwrap_or_default());
        let description = found.metadata.description.as_deref();
        let description = WordSet::of(description.unwrap_or_default());
        let measures = measure::measure(&page, &title, &description);
        let told = Told {
            title_words: title.len(),
            description_words: description.len(),
            body: found.body.as_deref().and_then(|body| shares(&page, body)),
        };
        Self {
            page,
            measures,
            found,
            told,
        }
    }
}

/// Words that are taken together when texts are compared.
const TOGETHER: usize = 3;

/// For each block the share of its runs of words that stand in `body` too; `None` where `body` is no more than a summary.
fn shares(page: &Page<'_>, body: &str) -> Option<Vec<f32>> {
    const FEWEST: usize = 60;
    let words = words(body);
    if words.len() < FEWEST {
        return None;
    }
    let mut known: Vec<u64> = words.windows(TOGETHER).map(joined).collect();
    known.sort_unstable();
    let share = |block| {
        let words = self::words(page.text_of(block));
        if words.len() < TOGETHER {
            return f32::NAN;
        }
        let stands = |words: &&[u32]| known.binary_search(&joined(words)).is_ok();
        let found = words.windows(TOGETHER).filter(stands).count();
        found as f32 / (words.len() + 1 - TOGETHER) as f32
    };
    Some(page.blocks.iter().map(share).collect())
}

fn words(text: &str) -> Vec<u32> {
    let mut words = Vec::new();
    measure::each_word(text, |hash, _, _| words.push(hash));
    words
}

fn joined(words: &[u32]) -> u64 {
    let mix =
        |hash: u64, word: &u32| (hash.rotate_left(21) ^ u64::from(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    words.iter().fold(0, mix)
}
