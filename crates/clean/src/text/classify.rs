//! Which lines are the article.

use std::sync::LazyLock;

use super::forest::{Forest, ForestError, UNIT};
use super::table::Table;

/// The model: a forest for each of two passes. The second sees what the first thinks of the lines around.
#[derive(Debug)]
pub struct Model {
    /// Sees the text alone.
    pub first: Forest,
    /// Sees the scores of the first as well.
    pub second: Forest,
}

/// The score from which a line is kept, in log-odds times [`UNIT`]. A little below even odds: a line of the article
/// that is lost is missed more than a line of furniture that stays.
const THRESHOLD: i32 = -256;

impl Model {
    /// The model that comes with the crate.
    ///
    /// # Errors
    /// The bytes built into the program are no model.
    pub fn built_in() -> Result<&'static Self, ForestError> {
        static MODEL: LazyLock<Result<Model, ForestError>> =
            LazyLock::new(|| Model::from_bytes(include_bytes!("../../model/text.bin")));
        MODEL.as_ref().map_err(|error| *error)
    }

    /// The model that `bytes` hold.
    ///
    /// # Errors
    /// They hold none, or more.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ForestError> {
        let (first, rest) = Forest::from_bytes(bytes)?;
        let (second, rest) = Forest::from_bytes(rest)?;
        if rest.is_empty() {
            Ok(Self { first, second })
        } else {
            Err(ForestError::TRAILING)
        }
    }

    /// The score of each line of the table, to which the second pass's columns are added.
    pub fn scores(&self, table: &mut Table) -> Vec<i32> {
        let first = self.first.scores(table);
        table.second(&first);
        self.second.scores(table)
    }
}

/// Which lines to keep by their scores.
pub(super) fn keep(scores: &[i32], table: &Table) -> Vec<bool> {
    keep_above(THRESHOLD, scores, table)
}

/// Which lines to keep by their scores and a threshold.
pub fn keep_above(threshold: i32, scores: &[i32], table: &Table) -> Vec<bool> {
    let Some(edges) = table.edges(scores, threshold) else {
        return vec![false; scores.len()];
    };
    let threshold = if edges == 0 { threshold - CLEAN } else { threshold };
    scores.iter().map(|&score| score >= threshold).collect()
}

/// How much lower the threshold is in a text that neither begins nor ends with furniture: where a scraper stopped at
/// the edges of the body, little stands inside it.
const CLEAN: i32 = 2048;

/// The probability that belongs to a score.
pub(super) fn probability(score: i32) -> f32 {
    1.0 / (1.0 + (-(score as f32) / UNIT).exp())
}
