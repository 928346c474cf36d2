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
const THRESHOLD: i32 = -128;

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
    let lift = if edges == 0 {
        -CLEAN
    } else {
        lift(threshold, scores, table)
    };
    scores.iter().map(|&score| score >= threshold + lift).collect()
}

/// How much higher the threshold is where the model is sure of the lines above it, and how much lower where it is not: a text
/// unlike those that the model knows is judged low as a whole, furniture and all.
fn lift(threshold: i32, scores: &[i32], table: &Table) -> i32 {
    /// The mean probability, by words, of the lines above the threshold of a text that is not moved.
    const USUAL: f32 = 0.9;
    /// Words that such a text is taken to have beside its own, since a few lines say little about the model.
    const PRIOR: f32 = 100.0;
    /// Log-odds for a probability that is higher by one.
    const STEEP: f32 = 10.0;
    const LOWEST: f32 = -2.0;
    const HIGHEST: f32 = 0.5;
    let (mut sum, mut words) = (USUAL * PRIOR, PRIOR);
    for (line, &score) in scores.iter().enumerate() {
        if score >= threshold {
            let weight = table.words(line) as f32;
            sum += weight * probability(score);
            words += weight;
        }
    }
    let odds = ((sum / words - USUAL) * STEEP).clamp(LOWEST, HIGHEST);
    (odds * UNIT) as i32
}

/// How much lower the threshold is in a text that neither begins nor ends with furniture: where a scraper stopped at
/// the edges of the body, little stands inside it.
const CLEAN: i32 = 2048;

/// The probability that belongs to a score.
pub(super) fn probability(score: i32) -> f32 {
    1.0 / (1.0 + (-(score as f32) / UNIT).exp())
}

#[cfg(test)]
mod tests {
    use super::super::tabulate;
    use super::*;

    /// Which of five lines are kept: two of a menu, a long one that scores `body`, a short one that scores `doubtful`, and a footer.
    fn kept(body: i32, doubtful: i32) -> Vec<bool> {
        let prose = "word ".repeat(600);
        let (_, table) = tabulate(&format!("Home\nNews\n{prose}\nso they said\nFooter"));
        keep(&[-6000, -6000, body, doubtful, -6000], &table)
    }

    #[test]
    fn the_surer_the_model_is_of_a_text_the_more_it_asks_of_a_line() {
        assert_eq!(kept(8000, 300), [false, false, true, false, false]);
        assert_eq!(kept(8000, 600), [false, false, true, true, false]);
        assert_eq!(kept(1000, -600), [false, false, true, true, false]);
        assert_eq!(kept(8000, -600), [false, false, true, false, false]);
    }

    #[test]
    fn a_text_without_furniture_at_its_edges_is_left_alone() {
        let (_, table) = tabulate("One line.\nAnother line.\nThe last line.");
        assert_eq!(keep(&[4000, -1500, 4000], &table), [true; 3]);
    }
}
