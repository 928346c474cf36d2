//! Gradient-boosted trees for a yes or no, by histograms.

use gristmill_story::{DIRECTIONS, FEATURES, Features};

/// What trees learn from: features, yes or no, and how much it counts.
pub(crate) type Row = (Features, bool, f32);

/// How the trees are grown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Growth {
    pub(crate) trees: usize,
    pub(crate) leaves: usize,
    /// The share of each correction that is taken.
    pub(crate) rate: f64,
    /// Added to the weight of a leaf, so that small leaves say little.
    pub(crate) calm: f64,
    /// The least weight of a leaf.
    pub(crate) least: f64,
    /// The share of the features that a tree may use.
    pub(crate) features: f64,
}

const BINS: usize = 48;

enum Node {
    Leaf(f64),
    Split {
        feature: usize,
        threshold: f32,
        sides: Box<[Node; 2]>,
    },
}

/// Grown trees.
pub(crate) struct Forest(Vec<Node>);

struct Split {
    gain: f64,
    feature: usize,
    bin: usize,
    /// What leaves on its sides would say.
    values: [f64; 2],
}

/// A leaf that may still grow.
struct Open {
    rows: Vec<u32>,
    split: Option<Split>,
    path: Vec<usize>,
    /// Between what values its leaves must lie, so that the tree keeps to [`DIRECTIONS`].
    range: Range,
}

type Range = (f64, f64);

struct Bins {
    /// The upper bounds of the bins of each feature.
    bounds: Vec<Vec<f32>>,
    /// The bin of each row, by feature.
    of: Vec<Vec<u8>>,
}

impl Bins {
    fn new(rows: &[Row]) -> Self {
        let mut bounds = Vec::new();
        let mut of = Vec::new();
        for feature in 0..FEATURES {
            let mut values: Vec<f32> = rows.iter().map(|row| row.0[feature]).collect();
            values.sort_unstable_by(f32::total_cmp);
            let mut mine: Vec<f32> = (1..BINS)
                .map(|bin| values[bin * (values.len() - 1) / BINS])
                .collect();
            mine.dedup();
            of.push(
                rows.iter()
                    .map(|row| mine.partition_point(|bound| *bound < row.0[feature]) as u8)
                    .collect(),
            );
            bounds.push(mine);
        }
        Self { bounds, of }
    }
}

impl Forest {
    pub(crate) fn grow(rows: &[Row], growth: &Growth) -> Self {
        let bins = Bins::new(rows);
        let sum = |yes: bool| {
            rows.iter()
                .filter(|row| row.1 == yes)
                .map(|row| f64::from(row.2))
                .sum::<f64>()
        };
        let base = ((sum(true) + 1.0) / (sum(false) + 1.0)).ln();
        let mut sums = vec![base; rows.len()];
        let mut forest = vec![Node::Leaf(base)];
        let mut random = 1_u64;
        for _ in 0..growth.trees {
            let slopes: Vec<(f64, f64)> = sums
                .iter()
                .zip(rows)
                .map(|(sum, (_, yes, weight))| {
                    let p = 1.0 / (1.0 + (-sum).exp());
                    let weight = f64::from(*weight);
                    (
                        weight * (f64::from(u8::from(*yes)) - p),
                        weight * (p * (1.0 - p)).max(1e-6),
                    )
                })
                .collect();
            let used: Vec<usize> = (0..FEATURES)
                .filter(|_| {
                    random = random
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407);
                    (random >> 33) as f64 / f64::from(1_u32 << 31) < growth.features
                })
                .collect();
            forest.push(tree(&bins, &slopes, &used, growth, &mut sums));
        }
        Self(forest)
    }

    /// As the stage reads them.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = (self.0.len() as u16).to_le_bytes().to_vec();
        for tree in &self.0 {
            let mut nodes = Vec::new();
            flatten(tree, &mut nodes);
            bytes.extend((nodes.len() as u16).to_le_bytes());
            for (feature, value, upper) in nodes {
                bytes.push(feature);
                bytes.extend(value.to_le_bytes());
                bytes.extend(upper.to_le_bytes());
            }
        }
        bytes
    }

    /// How often each feature splits.
    pub(crate) fn uses(&self) -> [usize; FEATURES] {
        let mut uses = [0; FEATURES];
        let mut open: Vec<&Node> = self.0.iter().collect();
        while let Some(node) = open.pop() {
            if let Node::Split { feature, sides, .. } = node {
                uses[*feature] += 1;
                open.extend(sides.iter());
            }
        }
        uses
    }
}

fn flatten(node: &Node, nodes: &mut Vec<(u8, f32, u16)>) {
    match node {
        Node::Leaf(value) => nodes.push((u8::MAX, *value as f32, 0)),
        Node::Split {
            feature,
            threshold,
            sides,
        } => {
            let at = nodes.len();
            nodes.push((*feature as u8, *threshold, 0));
            flatten(&sides[0], nodes);
            nodes[at].2 = nodes.len() as u16;
            flatten(&sides[1], nodes);
        }
    }
}

fn tree(bins: &Bins, slopes: &[(f64, f64)], used: &[usize], growth: &Growth, sums: &mut [f64]) -> Node {
    let all: Vec<u32> = (0..slopes.len() as u32).collect();
    let range = (f64::MIN, f64::MAX);
    let split = best_split(bins, slopes, used, growth, &all, range);
    let mut open = vec![Open {
        rows: all,
        split,
        path: Vec::new(),
        range,
    }];
    let mut root = Node::Leaf(0.0);
    for _ in 1..growth.leaves {
        let gain = |open: &Open| open.split.as_ref().map_or(0.0, |split| split.gain);
        let Some(place) = (0..open.len()).max_by(|&a, &b| gain(&open[a]).total_cmp(&gain(&open[b]))) else {
            break;
        };
        let Open {
            rows,
            split: Some(split),
            path,
            range,
        } = open.swap_remove(place)
        else {
            break;
        };
        let (low, high): (Vec<u32>, Vec<u32>) = rows
            .iter()
            .partition(|&&row| usize::from(bins.of[split.feature][row as usize]) <= split.bin);
        *at(&mut root, &path) = Node::Split {
            feature: split.feature,
            threshold: bins.bounds[split.feature][split.bin],
            sides: Box::new([Node::Leaf(0.0), Node::Leaf(0.0)]),
        };
        let middle = f64::midpoint(split.values[0], split.values[1]);
        let ranges = match DIRECTIONS[split.feature] {
            0 => [range, range],
            1 => [(range.0, middle), (middle, range.1)],
            _ => [(middle, range.1), (range.0, middle)],
        };
        for (side, (rows, range)) in [low, high].into_iter().zip(ranges).enumerate() {
            let path = [&path[..], &[side]].concat();
            let split = best_split(bins, slopes, used, growth, &rows, range);
            open.push(Open {
                rows,
                split,
                path,
                range,
            });
        }
    }
    for leaf in open {
        let value = growth.rate * value(total(slopes, &leaf.rows), growth, leaf.range);
        *at(&mut root, &leaf.path) = Node::Leaf(value);
        leaf.rows.iter().for_each(|&row| sums[row as usize] += value);
    }
    root
}

fn at<'n>(mut node: &'n mut Node, path: &[usize]) -> &'n mut Node {
    for &side in path {
        match node {
            Node::Split { sides, .. } => node = &mut sides[side],
            Node::Leaf(_) => break,
        }
    }
    node
}

fn total(slopes: &[(f64, f64)], rows: &[u32]) -> (f64, f64) {
    rows.iter().fold((0.0, 0.0), |sum, &row| {
        let slope = slopes[row as usize];
        (sum.0 + slope.0, sum.1 + slope.1)
    })
}

/// What a leaf with these sums of slopes and curves would say.
fn value((slope, curve): (f64, f64), growth: &Growth, range: Range) -> f64 {
    (slope / (curve + growth.calm)).clamp(range.0, range.1)
}

fn best_split(
    bins: &Bins,
    slopes: &[(f64, f64)],
    used: &[usize],
    growth: &Growth,
    rows: &[u32],
    range: Range,
) -> Option<Split> {
    let whole = total(slopes, rows);
    let worth = |sums: (f64, f64)| {
        let value = value(sums, growth, range);
        2.0 * value * sums.0 - value * value * (sums.1 + growth.calm)
    };
    let mut best: Option<Split> = None;
    for &feature in used {
        let mut histogram = [(0.0, 0.0); BINS];
        for &row in rows {
            let bin = &mut histogram[usize::from(bins.of[feature][row as usize])];
            bin.0 += slopes[row as usize].0;
            bin.1 += slopes[row as usize].1;
        }
        let mut low = (0.0, 0.0);
        for (bin, sums) in histogram.iter().enumerate().take(bins.bounds[feature].len()) {
            low = (low.0 + sums.0, low.1 + sums.1);
            let high = (whole.0 - low.0, whole.1 - low.1);
            let gain = worth(low) + worth(high) - worth(whole);
            let fits = low.1 >= growth.least && high.1 >= growth.least && gain > 1e-9;
            let values = [value(low, growth, range), value(high, growth, range)];
            let keeps = f64::from(DIRECTIONS[feature]) * (values[1] - values[0]) >= 0.0;
            if fits && keeps && best.as_ref().is_none_or(|best| gain > best.gain) {
                best = Some(Split {
                    gain,
                    feature,
                    bin,
                    values,
                });
            }
        }
    }
    best
}
