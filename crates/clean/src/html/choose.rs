//! Which blocks are the article: two passes of boosted trees.

use std::sync::LazyLock;

use super::features::{Outline, Told, Verdicts};
use super::study::Study;
use crate::trees::Trees;

/// The model: its card is beside it.
static FIRST: &[u8] = include_bytes!("../../model/html-first.bin");
static SECOND: &[u8] = include_bytes!("../../model/html-second.bin");

/// A block is article from this probability on, found by cross-validation.
pub const THRESHOLD: f32 = 0.40;

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
    pub fn scores(&self, study: &Study<'_>, told: Told) -> Vec<f32> {
        let count = study.page.blocks.len();
        let outline = Outline::new(&study.page, &study.measures, told);
        let mut rows = Vec::new();
        let mut row = Vec::new();
        let mut first = Vec::with_capacity(count);
        for at in 0..count {
            outline.features(at, &mut row);
            first.push(self.first.probability(&row));
            rows.extend_from_slice(&row);
        }
        let width = row.len();
        let verdicts = Verdicts::new(&study.page, &study.measures, &first);
        (0..count)
            .map(|at| {
                row.clear();
                row.extend_from_slice(&rows[at * width..(at + 1) * width]);
                verdicts.features(at, &mut row);
                self.second.probability(&row)
            })
            .collect()
    }
}
