//! Trains gradient-boosted trees on the log-loss, leaf by leaf, over histograms of binned features (Friedman
//! 2001; the growth of LightGBM, Ke et al. 2017). One thread and a seed: the same rows give the same bytes.

use gristmill_clean::trees::{LEAF, Node, Trees, TreesError, sigmoid};

/// How to train.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Number of trees.
    pub(crate) trees: usize,
    /// Leaves a tree, at most.
    pub(crate) leaves: usize,
    /// What a tree's values are multiplied by.
    pub(crate) rate: f32,
    /// The least sum of second derivatives in a leaf, about a quarter of its rows where labels are mixed.
    pub(crate) min_hessian: f64,
    /// Added to the second derivatives, so that small leaves say little.
    pub(crate) l2: f64,
    /// The share of the features that each tree may use.
    pub(crate) features: f64,
    /// Where the choice of features starts.
    pub(crate) seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            trees: 100,
            leaves: 15,
            rate: 0.1,
            min_hessian: 5.0,
            l2: 5.0,
            features: 0.7,
            seed: 1,
        }
    }
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

/// The highest bin, kept for missing values, which thus go to the right of every threshold.
const MISSING: u8 = u8::MAX;

/// The upper bounds of each feature's bins: so many different values, or as many equal parts of the rows.
fn bounds(rows: &Rows, feature: usize) -> Vec<f32> {
    const BINS: usize = 254;
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
    gradient: f64,
    hessian: f64,
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.gradient += other.gradient;
        self.hessian += other.hessian;
    }

    fn less(self, other: Self) -> Self {
        Self {
            gradient: self.gradient - other.gradient,
            hessian: self.hessian - other.hessian,
        }
    }

    /// How much the loss falls, twice, if all of it becomes one leaf.
    fn gain(self, l2: f64) -> f64 {
        self.gradient * self.gradient / (self.hessian + l2)
    }
}

/// A leaf that may still be split, with the best split there is.
struct Growing {
    node: usize,
    rows: Vec<u32>,
    histogram: Vec<Sum>,
    total: Sum,
    gain: f64,
    feature: usize,
    bin: u8,
}

/// The rows in bins, ready to be trained on.
struct Binned<'a> {
    rows: &'a Rows,
    bounds: Vec<Vec<f32>>,
    /// The bin of each row, feature by feature, so that the histogram that is being filled stays in the nearest cache.
    bins: Vec<u8>,
    options: Options,
}

const BINS: usize = 256;

impl Binned<'_> {
    fn column(&self, feature: usize) -> &[u8] {
        &self.bins[feature * self.rows.len()..(feature + 1) * self.rows.len()]
    }

    fn histogram(&self, rows: &[u32], derivatives: &[Sum], used: &[usize]) -> Vec<Sum> {
        let mut histogram = vec![Sum::default(); self.rows.width * BINS];
        let mut ordered: Vec<Sum> = Vec::with_capacity(rows.len());
        ordered.extend(rows.iter().map(|&row| derivatives[row as usize]));
        for &feature in used {
            let column = self.column(feature);
            let sums = &mut histogram[feature * BINS..][..BINS];
            for (&row, &derivative) in rows.iter().zip(&ordered) {
                sums[usize::from(column[row as usize])].add(derivative);
            }
        }
        histogram
    }

    fn growing(
        &self,
        node: usize,
        rows: Vec<u32>,
        histogram: Vec<Sum>,
        total: Sum,
        used: &[usize],
    ) -> Growing {
        let Options { l2, min_hessian, .. } = self.options;
        let mut best = Growing {
            node,
            rows,
            histogram,
            total,
            gain: 0.0,
            feature: 0,
            bin: 0,
        };
        for &feature in used {
            let mut left = Sum::default();
            for bin in 0..self.bounds[feature].len() {
                left.add(best.histogram[feature * BINS + bin]);
                let right = total.less(left);
                if left.hessian < min_hessian || right.hessian < min_hessian {
                    continue;
                }
                let gain = left.gain(l2) + right.gain(l2) - total.gain(l2);
                if gain > best.gain + 1e-9 {
                    (best.gain, best.feature, best.bin) = (gain, feature, bin as u8);
                }
            }
        }
        best
    }

    /// Grows one tree and adds what it says to `scores`.
    fn tree(&self, derivatives: &[Sum], used: &[usize], scores: &mut [f32]) -> Vec<Node> {
        let Options { leaves, rate, l2, .. } = self.options;
        let value = |total: Sum| -(total.gradient / (total.hessian + l2)) as f32 * rate;
        let leaf = |total: Sum| Node {
            value: value(total),
            feature: LEAF,
            left: 0,
        };
        let all: Vec<u32> = (0..self.rows.len() as u32).collect();
        let mut total = Sum::default();
        derivatives.iter().for_each(|&row| total.add(row));
        let mut nodes = vec![leaf(total)];
        let histogram = self.histogram(&all, derivatives, used);
        let mut growing = vec![self.growing(0, all, histogram, total, used)];
        while growing.len() < leaves {
            let Some(best) = (0..growing.len())
                .max_by(|&a, &b| growing[a].gain.total_cmp(&growing[b].gain).then(b.cmp(&a)))
            else {
                break;
            };
            if growing[best].gain <= 0.0 {
                break;
            }
            let parent = growing.swap_remove(best);
            let (feature, bin) = (parent.feature, parent.bin);
            let column = self.column(feature);
            let goes_left = |row: &u32| column[*row as usize] <= bin;
            let (left, right): (Vec<u32>, Vec<u32>) = parent.rows.iter().partition(|row| goes_left(row));
            // The larger child's histogram is what the smaller leaves of the parent's.
            let small_is_left = left.len() <= right.len();
            let small = self.histogram(if small_is_left { &left } else { &right }, derivatives, used);
            let large = parent.histogram.iter().zip(&small);
            let large: Vec<Sum> = large.map(|(parent, small)| parent.less(*small)).collect();
            let (left_histogram, right_histogram) = if small_is_left {
                (small, large)
            } else {
                (large, small)
            };
            let mut left_total = Sum::default();
            left_histogram[feature * BINS..][..BINS]
                .iter()
                .for_each(|&bin| left_total.add(bin));
            let right_total = parent.total.less(left_total);
            let child = nodes.len();
            // What is not missing goes left of the last bin, however great it is.
            let last = usize::from(bin) + 1 == self.bounds[feature].len();
            let bound = self.bounds[feature][usize::from(bin)];
            nodes[parent.node] = Node {
                value: if last { f32::INFINITY } else { bound },
                feature: feature as u16,
                left: child as u16,
            };
            nodes.push(leaf(left_total));
            nodes.push(leaf(right_total));
            growing.push(self.growing(child, left, left_histogram, left_total, used));
            growing.push(self.growing(child + 1, right, right_histogram, right_total, used));
        }
        for leaf in growing {
            let value = nodes[leaf.node].value;
            leaf.rows.iter().for_each(|&row| scores[row as usize] += value);
        }
        nodes
    }
}

/// Trains a model on `rows`.
///
/// # Errors
/// A tree is larger than a model holds.
pub(crate) fn train(rows: &Rows, options: Options) -> Result<Trees, TreesError> {
    let bounds: Vec<_> = (0..rows.width).map(|feature| bounds(rows, feature)).collect();
    let bin = |bounds: &[f32], value: f32| {
        // The last bound holds the greatest value; no split after it, so it needs no bin of its own.
        let last = bounds.len().saturating_sub(1);
        if value.is_infinite() {
            MISSING
        } else {
            bounds[..last].partition_point(|bound| *bound < value) as u8
        }
    };
    let mut bins = Vec::with_capacity(rows.features.len());
    for (feature, bounds) in bounds.iter().enumerate() {
        let column = rows.features.iter().skip(feature).step_by(rows.width);
        bins.extend(column.map(|&value| bin(bounds, value)));
    }
    let weight: f64 = rows.weights.iter().map(|&weight| f64::from(weight)).sum();
    let yes: f64 = rows
        .labels
        .iter()
        .zip(&rows.weights)
        .map(|(&label, &weight)| f64::from(label * weight))
        .sum();
    let share = (yes / weight.max(1e-9)).clamp(1e-6, 1.0 - 1e-6);
    let base = (share / (1.0 - share)).ln() as f32;
    let binned = Binned {
        rows,
        bounds,
        bins,
        options,
    };
    let mut model = Trees::new(rows.width, base);
    let mut scores = vec![base; rows.len()];
    let mut random = options.seed;
    for _ in 0..options.trees {
        let derivatives: Vec<Sum> = (0..rows.len())
            .map(|row| {
                let (said, weight) = (f64::from(sigmoid(scores[row])), f64::from(rows.weights[row]));
                Sum {
                    gradient: (said - f64::from(rows.labels[row])) * weight,
                    hessian: (said * (1.0 - said)).max(1e-6) * weight,
                }
            })
            .collect();
        let mut used: Vec<usize> = (0..rows.width)
            .filter(|_| chance(&mut random) < options.features)
            .collect();
        if used.is_empty() {
            used = (0..rows.width).collect();
        }
        let tree = binned.tree(&derivatives, &used, &mut scores);
        model.push(&tree)?;
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
