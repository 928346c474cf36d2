//! Trains a [`Forest`]: gradient boosting on the log-loss with trees that ask one question a level (Kohavi 1994).
//!
//! One thread and a seed: the same rows give the same bytes.

use gristmill_clean::text::{Forest, ForestError, Question, Table, Tree, UNIT};

/// How to train.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Number of trees.
    pub(crate) trees: usize,
    /// Levels a tree.
    pub(crate) depth: usize,
    /// What the values of a tree are multiplied by.
    pub(crate) rate: f64,
    /// Added to the second derivatives, so that small leaves say little.
    pub(crate) l2: f64,
    /// The share of the rows that choose a tree's questions.
    pub(crate) rows: f64,
    /// The share of the features that each tree may ask about.
    pub(crate) features: f64,
}

/// What may be asked: a column and whose value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Feature {
    pub(crate) column: u8,
    pub(crate) offset: i8,
}

/// The features of the first pass, or of the second.
pub(crate) fn features(second: bool) -> Vec<Feature> {
    let columns = if second {
        Table::COLUMNS
    } else {
        Table::FIRST_OF_SECOND
    };
    let own = (0..columns as u8).map(|column| Feature { column, offset: 0 });
    let near = Table::NEIGHBOURLY
        .iter()
        .filter(|&&column| usize::from(column) < columns);
    let reach = if second { 2 } else { 3 };
    let near = near.flat_map(|&column| {
        let reach = if usize::from(column) >= Table::FIRST_OF_SECOND {
            4
        } else {
            reach
        };
        (-reach..=reach)
            .filter(|&offset| offset != 0)
            .map(move |offset| Feature { column, offset })
    });
    own.chain(near).collect()
}

/// Rows to learn from, feature by feature.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    features: Vec<Feature>,
    values: Vec<Vec<u8>>,
    labels: Vec<f32>,
    weights: Vec<f32>,
}

impl Rows {
    pub(crate) fn new(features: Vec<Feature>) -> Self {
        Self {
            values: vec![Vec::new(); features.len()],
            features,
            ..Self::default()
        }
    }

    /// Adds the lines of a table.
    pub(crate) fn extend(&mut self, table: &Table, labels: &[f32], weights: &[f32]) {
        for (feature, values) in self.features.iter().zip(&mut self.values) {
            values.extend((0..table.lines()).map(|line| table.value(line, feature.column, feature.offset)));
        }
        self.labels.extend_from_slice(labels);
        self.weights.extend_from_slice(weights);
    }
}

const LEVELS: usize = 64;

#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    gradient: f64,
    hessian: f64,
}

/// The best threshold for one feature, given the leaf that each row is in so far.
fn best_threshold(
    values: &[u8],
    sums: &[Sum],
    leaf: &[u8],
    leaves: usize,
    l2: f64,
    sample: &[u32],
) -> (f64, u8) {
    let mut histogram = vec![Sum::default(); leaves * LEVELS];
    for ((&row, sum), &leaf) in sample.iter().zip(sums).zip(leaf) {
        let cell = &mut histogram[usize::from(leaf) * LEVELS + usize::from(values[row as usize])];
        cell.gradient += sum.gradient;
        cell.hessian += sum.hessian;
    }
    let mut gains = [0.0; LEVELS];
    for cells in histogram.chunks_exact(LEVELS) {
        let total = cells.iter().fold(Sum::default(), |a, b| Sum {
            gradient: a.gradient + b.gradient,
            hessian: a.hessian + b.hessian,
        });
        let gain = |sum: Sum| sum.gradient * sum.gradient / (sum.hessian + l2);
        let mut left = Sum::default();
        for (gains, cell) in gains.iter_mut().zip(cells) {
            left.gradient += cell.gradient;
            left.hessian += cell.hessian;
            let right = Sum {
                gradient: total.gradient - left.gradient,
                hessian: total.hessian - left.hessian,
            };
            *gains += gain(left) + gain(right) - gain(total);
        }
    }
    let best = (0..LEVELS - 1).max_by(|&a, &b| gains[a].total_cmp(&gains[b]).then(b.cmp(&a)));
    best.map_or((0.0, 0), |level| (gains[level], level as u8))
}

/// Trains a forest on `rows`.
pub(crate) fn train(rows: &Rows, options: Options) -> Result<Forest, ForestError> {
    let Options {
        trees,
        depth,
        rate,
        l2,
        ..
    } = options;
    let count = rows.labels.len();
    let sum = |of: &dyn Fn(usize) -> f64| (0..count).map(of).sum::<f64>();
    let weight = sum(&|row| f64::from(rows.weights[row]));
    let share = sum(&|row| f64::from(rows.weights[row] * rows.labels[row])) / weight.max(1e-9);
    let unit = f64::from(UNIT);
    let base = ((share / (1.0 - share)).ln() * unit).round();
    let mut forest = Forest::new(base as i32);
    let mut scores = vec![base / unit; count];
    let mut random = 1_u64;
    for _ in 0..trees {
        let derivatives: Vec<Sum> = (0..count)
            .map(|row| {
                let said = 1.0 / (1.0 + (-scores[row]).exp());
                let weight = f64::from(rows.weights[row]);
                Sum {
                    gradient: (said - f64::from(rows.labels[row])) * weight,
                    hessian: (said * (1.0 - said)).max(1e-4) * weight,
                }
            })
            .collect();
        let sample: Vec<u32> = (0..count as u32)
            .filter(|_| chance(&mut random) < options.rows)
            .collect();
        let sums: Vec<Sum> = sample.iter().map(|&row| derivatives[row as usize]).collect();
        let used: Vec<usize> = (0..rows.features.len())
            .filter(|_| chance(&mut random) < options.features)
            .collect();
        let mut questions = Vec::new();
        let mut chosen = Vec::new();
        let mut leaf = vec![0_u8; sample.len()];
        for level in 0..depth {
            let mut best = (1e-9, 0, 0);
            for &feature in &used {
                let (gain, threshold) = best_threshold(
                    &rows.values[feature],
                    &sums,
                    &leaf,
                    1 << level,
                    l2 * options.rows,
                    &sample,
                );
                if gain > best.0 {
                    best = (gain, feature, threshold);
                }
            }
            let (gain, feature, threshold) = best;
            if gain <= 1e-9 {
                break;
            }
            for (leaf, &row) in leaf.iter_mut().zip(&sample) {
                *leaf |= u8::from(rows.values[feature][row as usize] > threshold) << level;
            }
            let Feature { column, offset } = rows.features[feature];
            questions.push(Question {
                column,
                offset,
                threshold,
            });
            chosen.push(feature);
        }
        let leaf_of = |row: usize| {
            questions
                .iter()
                .zip(&chosen)
                .enumerate()
                .fold(0, |leaf, (level, (question, &feature))| {
                    leaf | usize::from(rows.values[feature][row] > question.threshold) << level
                })
        };
        let mut totals = vec![Sum::default(); 1 << questions.len()];
        for (row, derivative) in derivatives.iter().enumerate() {
            let total = &mut totals[leaf_of(row)];
            total.gradient += derivative.gradient;
            total.hessian += derivative.hessian;
        }
        let value = |total: &Sum| (-total.gradient / (total.hessian + l2) * rate * unit).round();
        let leaves: Vec<i16> = totals
            .iter()
            .map(|total| value(total).clamp(-32_000.0, 32_000.0) as i16)
            .collect();
        for (row, score) in scores.iter_mut().enumerate() {
            *score += f64::from(leaves[leaf_of(row)]) / unit;
        }
        forest.push(Tree { questions, leaves })?;
    }
    Ok(forest)
}

/// A number from 0 to 1, the next of a seeded row (SplitMix64, Steele et al. 2014).
fn chance(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}
