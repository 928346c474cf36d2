//! Gradient-boosted trees in a flat array, the one kind of model in this crate.
//!
//! A model is a sum of regression trees on the log-odds of a yes (Friedman, *Greedy Function Approximation*,
//! 2001). Its nodes lie in one array, the two children of a node beside each other, so that a walk down a tree
//! reads eight bytes a step.
//!
//! A walk alone is slow: every step waits for the one before it, and where it will end nobody can foresee. So eight rows
//! go down a tree side by side, in steps without a branch, until none of them moves any more: a leaf leads to itself.
//!
//! As bytes, all little-endian: [`MAGIC`]; `u32` number of features; `f32` log-odds before the first tree; `u32`
//! number of trees; for each tree `u16` number of nodes, and for each node `f32` threshold or value of the leaf, `u16`
//! feature ([`LEAF`] for a leaf), `u16` index of the left child in its tree.

use std::ops::Range;

/// The first bytes of a model.
pub const MAGIC: [u8; 8] = *b"gmtrees1";
/// The feature that a leaf names in place of one.
pub const LEAF: u16 = u16::MAX;

/// A step of a tree: go to `left` where the feature is at most `value`, else to the node after it; a missing
/// feature (NaN) goes to the latter. In a leaf `value` is what the tree adds to the log-odds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Node {
    /// Threshold, or value of the leaf.
    pub value: f32,
    /// Index of the feature, or [`LEAF`].
    pub feature: u16,
    /// Index of the left child in the same tree, always after this node.
    pub left: u16,
}

/// A model: trees and the log-odds before them.
#[derive(Debug, Clone, PartialEq)]
pub struct Trees {
    features: usize,
    base: f32,
    nodes: Vec<Node>,
    /// The same nodes as they are walked.
    steps: Vec<Node>,
    /// Where each tree begins in `nodes`.
    roots: Vec<u32>,
}

/// Rows of features, one after the other, as models read them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    width: usize,
    values: Vec<f32>,
}

impl Table {
    /// No rows of `width` features.
    pub const fn new(width: usize) -> Self {
        Self {
            width,
            values: Vec::new(),
        }
    }

    /// Adds a row, whose missing features are NaN; what is too long is cut, and what is too short lacks features.
    pub fn push(&mut self, row: &[f32]) {
        let missing = |value: &f32| if value.is_nan() { f32::INFINITY } else { *value };
        let start = self.values.len();
        self.values.extend(row.iter().take(self.width).map(missing));
        self.values.resize(start + self.width, f32::INFINITY);
    }

    /// Row `at`, with infinity for what is missing; empty where there is none.
    pub fn row(&self, at: usize) -> &[f32] {
        let start = at.saturating_mul(self.width);
        self.values.get(start..start + self.width).unwrap_or_default()
    }

    /// The number of rows.
    pub const fn len(&self) -> usize {
        match self.values.len().checked_div(self.width) {
            Some(rows) => rows,
            None => 0,
        }
    }

    /// Whether there is no row.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Rows that go down a tree side by side.
const LANES: usize = 8;

/// Why bytes are no model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a model of trees: {0}")]
pub struct TreesError(&'static str);

impl Trees {
    /// A model that says `base` of everything with `features` features, until trees are added.
    pub fn new(features: usize, base: f32) -> Self {
        Self {
            features,
            base,
            nodes: Vec::new(),
            steps: Vec::new(),
            roots: Vec::new(),
        }
    }

    /// Adds a tree whose first node is its root.
    ///
    /// # Errors
    /// A child lies outside the tree or before its parent, or a feature is not among those of the model.
    pub fn push(&mut self, tree: &[Node]) -> Result<(), TreesError> {
        if tree.is_empty() || tree.len() >= usize::from(u16::MAX) {
            return Err(TreesError("a tree has no nodes or too many"));
        }
        for (at, node) in tree.iter().enumerate().filter(|(_, node)| node.feature != LEAF) {
            let left = usize::from(node.left);
            if left <= at || left + 1 >= tree.len() {
                return Err(TreesError("a child is outside its tree"));
            }
            if usize::from(node.feature) >= self.features {
                return Err(TreesError("a feature that is not there"));
            }
        }
        let root = u32::try_from(self.nodes.len()).map_err(|_| TreesError("too many nodes"))?;
        self.roots.push(root);
        self.steps
            .extend((0_u16..).zip(tree).map(|(at, node)| match node.feature {
                // Nothing is beyond infinity, so that a leaf is its own left child for ever.
                LEAF => Node {
                    value: f32::INFINITY,
                    feature: 0,
                    left: at,
                },
                // What is not missing is finite, and in a table what is missing is infinite.
                _ => Node {
                    value: node.value.min(f32::MAX),
                    ..*node
                },
            }));
        self.nodes.extend_from_slice(tree);
        Ok(())
    }

    /// The number of features that the model looks at.
    pub fn features(&self) -> usize {
        self.features
    }

    /// The log-odds of a yes for each row of `table`.
    ///
    /// Once a tenth of the trees or more have been asked about a row and its sum is below `floor`, the sum so far: what is so far
    /// from a yes is not worth asking all trees about.
    pub fn scores(&self, floor: f32, table: &Table) -> Vec<f32> {
        let mut scores = vec![self.base; table.len()];
        if table.width < self.features.max(1) {
            return scores;
        }
        let mut open: Vec<usize> = (0..scores.len()).collect();
        let step = (self.roots.len() / 10).max(1);
        for first in (0..self.roots.len()).step_by(step) {
            let trees = first..(first + step).min(self.roots.len());
            for rows in open.chunks(LANES) {
                let sums = self.sums(trees.clone(), rows, table);
                for (&row, sum) in rows.iter().zip(sums) {
                    scores[row] += sum;
                }
            }
            open.retain(|&row| scores[row] >= floor);
        }
        scores
    }

    /// What `trees` add to the first rows of `table` that `rows` names.
    fn sums(&self, trees: Range<usize>, rows: &[usize], table: &Table) -> [f32; LANES] {
        let last = rows.last().copied().unwrap_or_default();
        let features: [&[f32]; LANES] =
            std::array::from_fn(|lane| table.row(rows.get(lane).copied().unwrap_or(last)));
        let mut sums = [0.0; LANES];
        for tree in trees {
            let nodes = self.range(tree);
            let steps = &self.steps[nodes.clone()];
            let mut at = [0_u16; LANES];
            loop {
                let mut moved = 0;
                for (at, features) in at.iter_mut().zip(&features) {
                    let step = steps[usize::from(*at)];
                    let right = features[usize::from(step.feature)] > step.value;
                    let next = step.left + u16::from(right);
                    moved |= next ^ *at;
                    *at = next;
                }
                if moved == 0 {
                    break;
                }
            }
            let nodes = &self.nodes[nodes];
            for (sum, at) in sums.iter_mut().zip(at) {
                *sum += nodes[usize::from(at)].value;
            }
        }
        sums
    }

    /// Where the nodes of a tree lie.
    fn range(&self, tree: usize) -> Range<usize> {
        let place = |tree: usize| {
            self.roots
                .get(tree)
                .map_or(self.nodes.len(), |&root| root as usize)
        };
        place(tree)..place(tree + 1)
    }

    /// The model that `bytes` hold.
    ///
    /// # Errors
    /// They hold none, or more than one.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TreesError> {
        let mut rest = bytes
            .strip_prefix(&MAGIC)
            .ok_or(TreesError("it does not begin like one"))?;
        let features = usize::try_from(u32::from_le_bytes(take(&mut rest)?))
            .map_err(|_| TreesError("too many features"))?;
        let base = f32::from_le_bytes(take(&mut rest)?);
        let count = u32::from_le_bytes(take(&mut rest)?);
        let mut trees = Self::new(features, base);
        let mut tree = Vec::new();
        for _ in 0..count {
            tree.clear();
            for _ in 0..u16::from_le_bytes(take(&mut rest)?) {
                tree.push(Node {
                    value: f32::from_le_bytes(take(&mut rest)?),
                    feature: u16::from_le_bytes(take(&mut rest)?),
                    left: u16::from_le_bytes(take(&mut rest)?),
                });
            }
            trees.push(&tree)?;
        }
        if !rest.is_empty() {
            return Err(TreesError("bytes follow it"));
        }
        Ok(trees)
    }

    /// The model as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend((self.features as u32).to_le_bytes());
        bytes.extend(self.base.to_le_bytes());
        bytes.extend((self.roots.len() as u32).to_le_bytes());
        for tree in 0..self.roots.len() {
            let tree = &self.nodes[self.range(tree)];
            bytes.extend((tree.len() as u16).to_le_bytes());
            for node in tree {
                bytes.extend(node.value.to_le_bytes());
                bytes.extend(node.feature.to_le_bytes());
                bytes.extend(node.left.to_le_bytes());
            }
        }
        bytes
    }
}

/// The probability that belongs to log-odds.
pub fn sigmoid(score: f32) -> f32 {
    1.0 / (1.0 + (-score).exp())
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], TreesError> {
    let (taken, after) = rest
        .split_first_chunk::<N>()
        .ok_or(TreesError("it ends too early"))?;
    *rest = after;
    Ok(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn split(feature: u16, value: f32, left: u16) -> Node {
        Node { value, feature, left }
    }

    const fn leaf(value: f32) -> Node {
        split(LEAF, value, 0)
    }

    fn model() -> Trees {
        let mut trees = Trees::new(2, 0.5);
        trees
            .push(&[
                split(0, 1.0, 1),
                leaf(-1.0),
                split(1, 5.0, 3),
                leaf(2.0),
                leaf(3.0),
            ])
            .unwrap();
        trees.push(&[leaf(0.25)]).unwrap();
        trees
    }

    #[test]
    fn a_score_is_the_sum_of_a_leaf_of_each_tree() {
        let mut table = Table::new(2);
        let expected = [-0.25, 2.75, 3.75, 3.75, 3.75];
        for row in [[1.0, 9.0], [2.0, 5.0], [2.0, 6.0], [f32::NAN, f32::NAN]] {
            table.push(&row);
        }
        table.push(&[]);
        assert_eq!(model().scores(f32::NEG_INFINITY, &table), expected);
        assert_eq!(sigmoid(0.0), 0.5);
    }

    #[test]
    fn missing_is_beyond_all_that_is_not() {
        let mut trees = Trees::new(1, 0.0);
        trees
            .push(&[split(0, f32::INFINITY, 1), leaf(1.0), leaf(2.0)])
            .unwrap();
        let mut table = Table::new(1);
        (0..20).for_each(|at| table.push(&[if at % 3 == 0 { f32::NAN } else { at as f32 }]));
        let expected: Vec<f32> = (0..20).map(|at| if at % 3 == 0 { 2.0 } else { 1.0 }).collect();
        assert_eq!(trees.scores(0.0, &table), expected);
    }

    #[test]
    fn what_is_below_the_floor_is_left_there() {
        let mut trees = Trees::new(1, 0.0);
        for _ in 0..20 {
            trees.push(&[split(0, 0.0, 1), leaf(-1.0), leaf(1.0)]).unwrap();
        }
        let mut table = Table::new(1);
        for value in [1.0, 0.0, 1.0] {
            table.push(&[value]);
        }
        assert_eq!(trees.scores(-3.0, &table), [20.0, -4.0, 20.0]);
        assert_eq!(trees.scores(-99.0, &table), [20.0, -20.0, 20.0]);
    }

    #[test]
    fn rows_that_are_too_narrow_say_nothing() {
        let mut table = Table::new(1);
        table.push(&[1.0]);
        assert_eq!(model().scores(0.0, &table), [0.5]);
        assert!(model().scores(0.0, &Table::new(0)).is_empty());
    }

    #[test]
    fn models_survive_writing() {
        assert_eq!(Trees::from_bytes(&model().to_bytes()), Ok(model()));
    }

    #[test]
    fn broken_models_are_refused() {
        let bytes = model().to_bytes();
        for end in 0..bytes.len() {
            assert!(Trees::from_bytes(&bytes[..end]).is_err());
        }
        let mut trees = Trees::new(1, 0.0);
        for tree in [
            vec![],
            vec![split(0, 0.0, 0), leaf(0.0), leaf(0.0)],
            vec![split(0, 0.0, 1), leaf(0.0)],
            vec![split(1, 0.0, 1), leaf(0.0), leaf(0.0)],
        ] {
            assert!(trees.push(&tree).is_err());
        }
    }
}
