//! Which blocks are the article: two passes of boosted trees.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::features::Outline;
use super::measure::Measure;
use super::page::Block;
use super::study::Study;
use super::verdicts::Verdicts;
use crate::trees::{Table, Trees, sigmoid};

/// The model: its card is beside it.
static FIRST: &[u8] = include_bytes!("../../model/html-first.bin");
static SECOND: &[u8] = include_bytes!("../../model/html-second.bin");

/// A block is article from about this probability on, found by cross-validation.
pub const THRESHOLD: f32 = 0.4;

/// Log-odds below which no more trees are asked.
pub const FLOOR: f32 = -4.0;

/// The two passes.
#[derive(Debug)]
pub struct Model {
    first: Trees,
    second: Trees,
}

static BUILT_IN: LazyLock<Option<Model>> = LazyLock::new(|| Model::new(FIRST, SECOND).ok());

impl Model {
    /// The model that these bytes hold.
    ///
    /// # Errors
    /// They hold none.
    pub fn new(first: &[u8], second: &[u8]) -> Result<Self, crate::trees::TreesError> {
        Ok(Self {
            first: Trees::from_bytes(first)?,
            second: Trees::from_bytes(second)?,
        })
    }

    /// The model that comes with the crate.
    pub fn built_in() -> Option<&'static Self> {
        BUILT_IN.as_ref()
    }

    /// For each block of the page the probability that it is article.
    pub fn scores(&self, study: &Study<'_>) -> Vec<f32> {
        let count = study.page.blocks.len();
        let outline = Outline::new(&study.page, &study.measures, &study.told);
        let all: Vec<usize> = (0..count).collect();
        let mut scores = Vec::with_capacity(count);
        for blocks in all.chunks(TOGETHER) {
            let said = ask(&self.first, blocks, |at, row| outline.features(at, row));
            scores.extend(said.into_iter().map(sigmoid));
        }
        let verdicts = Verdicts::new(&study.page, &study.measures, &scores);
        let asked: Vec<usize> = (0..count).filter(|&at| !verdicts.is_hopeless(at)).collect();
        let mut second = Vec::with_capacity(asked.len());
        for blocks in asked.chunks(TOGETHER) {
            second.extend(ask(&self.second, blocks, |at, row| {
                outline.features(at, row);
                verdicts.places(at, row);
                verdicts.features(at, row);
            }));
        }
        for (at, score) in asked.into_iter().zip(second) {
            scores[at] = sigmoid(score);
        }
        scores
    }
}

/// Blocks whose features are held at once. Some pages are hardly more than blocks of a word each, and the features of a block take
/// more memory than that.
const TOGETHER: usize = 128;

/// What `model` says of `blocks`, whose features `write` writes.
fn ask(model: &Trees, blocks: &[usize], write: impl Fn(usize, &mut Vec<f32>)) -> Vec<f32> {
    let mut table = Table::new(model.features());
    let mut row = Vec::new();
    for &at in blocks {
        write(at, &mut row);
        table.push(&row);
    }
    model.scores(FLOOR, &table)
}

/// What becomes of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is part of the article.
    Kept,
    /// The model takes it for something else.
    Unlikely,
    /// It says the title again.
    Title,
    /// It says again, word for word, what a block before it said: pages hold such copies for other screens and in pull quotes.
    Repeated,
}

impl Fate {
    /// The rule as one word, empty where the block is kept.
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Kept => "",
            Self::Unlikely => "model",
            Self::Title => "title",
            Self::Repeated => "repeated",
        }
    }
}

/// What becomes of each block, by its probability and by what was kept before it.
pub fn decide(study: &Study<'_>, scores: &[f32], least: f32) -> Vec<Fate> {
    /// Shorter blocks may well be said twice.
    const LONG: u32 = 8;
    let threshold = threshold(study, scores, least);
    let title = study.found.title.as_deref().map(key).unwrap_or_default();
    let mut said = HashSet::new();
    let fate = |((block, measure), &score): ((&Block, &Measure), &f32)| {
        let text = study.page.text_of(block);
        if !title.is_empty() && text.len() < TITLE_BYTES && key(text) == title {
            return Fate::Title;
        }
        if score < threshold {
            return Fate::Unlikely;
        }
        if measure.words >= LONG {
            let first = said.insert(text);
            if !first {
                return Fate::Repeated;
            }
        }
        Fate::Kept
    };
    study
        .page
        .blocks
        .iter()
        .zip(&study.measures)
        .zip(scores)
        .map(fate)
        .collect()
}

/// The probability from which blocks of this page are kept: higher where the model is sure of what it keeps, lower where it is not,
/// since a page unlike those that it knows is judged low as a whole.
fn threshold(study: &Study<'_>, scores: &[f32], least: f32) -> f32 {
    const USUAL: f32 = 0.8;
    const HIGHER: f32 = 0.15;
    let (mut sum, mut words) = (0.0, 0.0);
    for (measure, &score) in study
        .measures
        .iter()
        .zip(scores)
        .filter(|(_, score)| **score >= least)
    {
        sum += score * measure.words as f32;
        words += measure.words as f32;
    }
    if words < 1.0 {
        return least;
    }
    (least * sum / words / USUAL).min(least + HIGHER)
}

/// A block longer than this is no title.
const TITLE_BYTES: usize = 1024;

/// The letters and digits of a title, case aside: two titles that differ in marks alone are one.
fn key(text: &str) -> String {
    let letters = text.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}
