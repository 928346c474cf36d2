//! Trains gradient-boosted trees on the log-loss (Friedman 2001) over histograms of binned features, each tree with one question a
//! level (Kohavi 1994). One thread and a seed: the same rows give the same bytes.

use gristmill_clean::trees::{Question, Trees, TreesError, sigmoid};

/// How to train.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Number of trees.
    pub(crate) trees: usize,
    /// Levels a tree.
    pub(crate) depth: usize,
    /// What a tree's values are multiplied by.
    pub(crate) rate: f32,
    /// Added to the second derivatives, so that small leaves say little.
    pub(crate) l2: f32,
    /// The share of the rows that choose a tree's questions.
    pub(crate) rows: f64,
    /// The share of the features that each tree may use.
    pub(crate) features: f64,
    /// Features before this one are not used.
    pub(crate) from: usize,
    /// Where the choices of rows and features start.
    pub(crate) seed: u64,
}

/// What there is to learn from: rows of `width` features each, with the probability of a yes and a weight.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    /// Features a row.
    pub(crate) width: usize,
    /// The features, row by row; infinite where one is missing.
    pub(crate) features: Vec<f32>,
    /// The label of each row, from 0 to 1.
    pub(crate) labels: Vec<f32>,
    /// The weight of each row.
    pub(crate) weights: Vec<f32>,
}

impl Rows {
    /// No rows of `width` features.
    pub(crate) fn new(width: usize) -> Self {
        Self {
            width,
            ..Self::default()
        }
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, features: &[f32], label: f32, weight: f32) {
        assert_eq!(features.len(), self.width, "features of a row");
        self.features.extend_from_slice(features);
        self.labels.push(label);
        self.weights.push(weight);
    }

    /// The number of rows.
    pub(crate) fn len(&self) -> usize {
        self.labels.len()
    }
}

/// Bins of a feature. The highest is kept for missing values, which thus are above every threshold.
const BINS: usize = 128;
const MISSING: u8 = BINS as u8 - 1;

/// The upper bounds of each feature's bins: so many different values, or as many equal parts of the rows.
fn bounds(rows: &Rows, feature: usize) -> Vec<f32> {
    /// One more is for what is missing, and one lies above the last bound.
    const BINS: usize = self::BINS - 2;
    let column = rows.features.iter().skip(feature).step_by(rows.width.max(1));
    let mut values: Vec<f32> = column.copied().filter(|value| value.is_finite()).collect();
    values.sort_unstable_by(f32::total_cmp);
    let mut different = values.clone();
    different.dedup();
    let quantile = |part: usize| values[(part * values.len() / BINS).min(values.len() - 1)];
    let mut edges = if different.len() <= BINS {
        different
    } else {
        (1..=BINS).map(quantile).collect()
    };
    edges.dedup();
    // A threshold half way between two values is kinder to values not seen in training.
    for at in 1..edges.len() {
        let above = values[values.partition_point(|value| *value <= edges[at - 1])];
        edges[at - 1] += (above - edges[at - 1]) / 2.0;
    }
    edges
}

/// First and second derivatives of the loss, summed.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    gradient: f32,
    hessian: f32,
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.gradient += other.gradient;
        self.hessian += other.hessian;
    }

    const fn less(self, other: Self) -> Self {
        Self {
            gradient: self.gradient - other.gradient,
            hessian: self.hessian - other.hessian,
        }
    }

    /// How much the loss falls, twice, if all of it becomes one leaf.
    fn gain(self, l2: f32) -> f32 {
        self.gradient * self.gradient / (self.hessian + l2)
    }
}

/// The best question about one feature, as its gain and the last bin for which the answer is no, given the leaf that each row of
/// the sample is in so far.
fn best(
    bins: &[u8],
    count: usize,
    sample: &[u32],
    derivatives: &[Sum],
    leaf: &[u8],
    leaves: usize,
    l2: f32,
) -> (f32, usize) {
    let mut histogram = vec![[Sum::default(); BINS]; leaves];
    for ((&row, &derivative), &leaf) in sample.iter().zip(derivatives).zip(leaf) {
        histogram[usize::from(leaf)][usize::from(bins[row as usize])].add(derivative);
    }
    let mut gains = [0.0; BINS];
    for cells in &histogram {
        let mut total = Sum::default();
        cells.iter().for_each(|cell| total.add(*cell));
        let mut low = Sum::default();
        for (gain, cell) in gains.iter_mut().zip(cells).take(count) {
            low.add(*cell);
            *gain += low.gain(l2) + total.less(low).gain(l2) - total.gain(l2);
        }
    }
    let best = (0..count).max_by(|&a, &b| gains[a].total_cmp(&gains[b]).then(b.cmp(&a)));
    best.map_or((0.0, 0), |bin| (gains[bin], bin))
}

/// Trains a model on `rows`.
///
/// # Errors
/// A tree is larger than a model holds.
pub(crate) fn train(rows: &Rows, options: Options) -> Result<Trees, TreesError> {
    let Options { depth, rate, l2, .. } = options;
    let bounds: Vec<_> = (0..rows.width).map(|feature| bounds(rows, feature)).collect();
    let bin = |bounds: &[f32], value: f32| {
        // The last bound holds the greatest value, so it needs no bin of its own.
        let last = bounds.len().saturating_sub(1);
        if value.is_infinite() {
            MISSING
        } else {
            bounds[..last].partition_point(|bound| *bound < value) as u8
        }
    };
    let columns: Vec<Vec<u8>> = bounds
        .iter()
        .enumerate()
        .map(|(feature, bounds)| {
            let column = rows.features.iter().skip(feature).step_by(rows.width);
            column.map(|&value| bin(bounds, value)).collect()
        })
        .collect();
    let weight: f64 = rows.weights.iter().map(|&weight| f64::from(weight)).sum();
    let yes: f64 = rows
        .labels
        .iter()
        .zip(&rows.weights)
        .map(|(&label, &weight)| f64::from(label * weight))
        .sum();
    let share = (yes / weight.max(1e-9)).clamp(1e-6, 1.0 - 1e-6);
    let base = (share / (1.0 - share)).ln() as f32;
    let mut model = Trees::new(rows.width, base);
    let mut scores = vec![base; rows.len()];
    let mut random = options.seed;
    for _ in 0..options.trees {
        let derivatives: Vec<Sum> = (0..rows.len())
            .map(|row| {
                let (said, weight) = (sigmoid(scores[row]), rows.weights[row]);
                Sum {
                    gradient: (said - rows.labels[row]) * weight,
                    hessian: (said * (1.0 - said)).max(1e-6) * weight,
                }
            })
            .collect();
        let sample: Vec<u32> = (0..rows.len() as u32)
            .filter(|_| chance(&mut random) < options.rows)
            .collect();
        let sampled: Vec<Sum> = sample.iter().map(|&row| derivatives[row as usize]).collect();
        let used: Vec<usize> = (options.from..rows.width)
            .filter(|_| chance(&mut random) < options.features)
            .collect();
        let mut asked: Vec<(usize, u8)> = Vec::new();
        let mut leaf = vec![0_u8; sample.len()];
        for level in 0..depth {
            let of = |&feature: &usize| {
                let count = bounds[feature].len();
                let l2 = l2 * options.rows as f32;
                let (gain, bin) = best(&columns[feature], count, &sample, &sampled, &leaf, 1 << level, l2);
                (gain, feature, bin)
            };
            let found = used
                .iter()
                .map(of)
                .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
            let Some((_, feature, bin)) = found.filter(|(gain, ..)| *gain > 1e-6) else {
                break;
            };
            for (leaf, &row) in leaf.iter_mut().zip(&sample) {
                *leaf |= u8::from(usize::from(columns[feature][row as usize]) > bin) << level;
            }
            asked.push((feature, bin as u8));
        }
        // All rows say what the leaves are worth.
        let mut leaf = vec![0_u8; rows.len()];
        for (level, &(feature, bin)) in asked.iter().enumerate() {
            for (leaf, &value) in leaf.iter_mut().zip(&columns[feature]) {
                *leaf |= u8::from(value > bin) << level;
            }
        }
        let mut totals = vec![Sum::default(); 1 << asked.len()];
        for (&leaf, &derivative) in leaf.iter().zip(&derivatives) {
            totals[usize::from(leaf)].add(derivative);
        }
        let value = |total: &Sum| -(total.gradient / (total.hessian + l2)) * rate;
        let leaves: Vec<f32> = totals.iter().map(value).collect();
        for (score, &leaf) in scores.iter_mut().zip(&leaf) {
            *score += leaves[usize::from(leaf)];
        }
        let questions = asked.iter().map(|&(feature, bin)| Question {
            feature: feature as u16,
            // What is not missing is not above the last bound, however great it is.
            threshold: match usize::from(bin) + 1 == bounds[feature].len() {
                true => f32::INFINITY,
                false => bounds[feature][usize::from(bin)],
            },
        });
        model.push(&questions.collect::<Vec<_>>(), &leaves)?;
    }
    Ok(model)
}

/// A number from 0 to 1, the next of a seeded row (SplitMix64, Steele et al. 2014).
fn chance(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}
