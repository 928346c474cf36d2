//! Gradient-boosted trees in a flat array, the one kind of model in this crate.
//!
//! A model is a sum of regression trees on the log-odds of a yes (Friedman, *Greedy Function Approximation*,
//! 2001). Its nodes lie in one array, the two children of a node beside each other, so that a walk down a tree
//! reads eight bytes a step and nothing is allocated.
//!
//! As bytes, all little-endian: [`MAGIC`]; `u32` number of features; `f32` log-odds before the first tree; `u32`
//! number of trees; for each tree `u16` number of nodes, and for each node `f32` threshold or value of the leaf, `u16`
//! feature ([`LEAF`] for a leaf), `u16` index of the left child in its tree.

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
    /// Where each tree begins in `nodes`.
    roots: Vec<u32>,
}

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
        self.nodes.extend_from_slice(tree);
        Ok(())
    }

    /// The number of features that the model looks at.
    pub fn features(&self) -> usize {
        self.features
    }

    /// The log-odds of a yes. Features beyond the end of `features` count as missing.
    pub fn score(&self, features: &[f32]) -> f32 {
        self.base + self.sum(&self.roots, features)
    }

    /// What the trees at `roots` add.
    fn sum(&self, roots: &[u32], features: &[f32]) -> f32 {
        let mut sum = 0.0;
        for &root in roots {
            let tree = &self.nodes[root as usize..];
            let mut node = tree[0];
            while node.feature != LEAF {
                let feature = features
                    .get(usize::from(node.feature))
                    .copied()
                    .unwrap_or(f32::NAN);
                let right = usize::from(feature > node.value || feature.is_nan());
                node = tree[usize::from(node.left) + right];
            }
            sum += node.value;
        }
        sum
    }

    /// As [`score`](Self::score), but once a tenth of the trees or more have been asked and the sum is below `floor`, the sum so far:
    /// what is so far from a yes is not worth asking all trees about.
    pub fn score_above(&self, floor: f32, features: &[f32]) -> f32 {
        let step = (self.roots.len() / 10).max(1);
        let mut score = self.base;
        for roots in self.roots.chunks(step) {
            score += self.sum(roots, features);
            if score < floor {
                break;
            }
        }
        score
    }

    /// The probability of a yes, from 0 to 1.
    pub fn probability(&self, features: &[f32]) -> f32 {
        sigmoid(self.score(features))
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
        for (at, &root) in self.roots.iter().enumerate() {
            let end = self
                .roots
                .get(at + 1)
                .map_or(self.nodes.len(), |&next| next as usize);
            let tree = &self.nodes[root as usize..end];
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
        for (features, score) in [
            ([1.0, 9.0], -0.25),
            ([2.0, 5.0], 2.75),
            ([2.0, 6.0], 3.75),
            ([f32::NAN, f32::NAN], 3.75),
        ] {
            assert_eq!(model().score(&features), score);
        }
        assert_eq!(model().score(&[]), 3.75);
        assert_eq!(sigmoid(0.0), 0.5);
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
