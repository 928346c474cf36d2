//! Gradient-boosted trees in a flat array, the model that judges pages.
//!
//! A model is a sum of regression trees on the log-odds of a yes (Friedman, *Greedy Function Approximation*,
//! 2001). A tree asks the same question of all its nodes of one level (Kohavi, *Oblivious decision trees*, 1994; boosted so by
//! CatBoost, 2018), so that its leaf is a number made of the answers. The answers of many rows come from comparing one column with
//! one threshold, without a branch and without one step waiting for the one before, as a walk from node to node does.
//!
//! As bytes, all little-endian: [`MAGIC`]; `u32` number of features; `f32` log-odds before the first tree; `u32`
//! number of trees; for each tree `u8` depth, for each level `u16` feature and `f32` threshold, and for each leaf `f32` what it adds.

use std::borrow::Cow;

/// The first bytes of a model.
pub const MAGIC: [u8; 8] = *b"gmtrees2";
/// Levels of a tree, at most.
pub const DEPTH: usize = 6;
/// Leaves of a tree, at most.
const LEAVES: usize = 1 << DEPTH;
/// Rows that are asked together.
const LANES: usize = 32;

/// Is `feature` above `threshold`? What is missing (NaN) is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Question {
    /// Index of the feature.
    pub feature: u16,
    /// The greatest value for which the answer is no; with infinity it is yes for missing values alone.
    pub threshold: f32,
}

/// One tree, made whole: what a shallower tree does not ask is answered with no.
#[derive(Debug, Clone, PartialEq)]
struct Tree {
    depth: u8,
    questions: [Question; DEPTH],
    leaves: [f32; LEAVES],
}

/// A model: trees and the log-odds before them.
#[derive(Debug, Clone, PartialEq)]
pub struct Trees {
    features: usize,
    base: f32,
    trees: Vec<Tree>,
}

/// Rows of features as models read them: in groups of a few rows, each group column by column.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    width: usize,
    rows: usize,
    values: Vec<f32>,
}

impl Table {
    /// No rows of `width` features.
    pub const fn new(width: usize) -> Self {
        Self {
            width,
            rows: 0,
            values: Vec::new(),
        }
    }

    /// Adds a row, whose missing features are NaN; what is too long is cut, and what is too short lacks features.
    pub fn push(&mut self, row: &[f32]) {
        let missing = |value: &f32| if value.is_nan() { f32::INFINITY } else { *value };
        let group = self.group();
        let values = &mut self.values[group..];
        let known = row.iter().take(self.width).map(missing);
        let padded = known.chain(std::iter::repeat(f32::INFINITY));
        for (column, value) in values.chunks_exact_mut(LANES).zip(padded) {
            column[self.rows % LANES] = value;
        }
        self.rows += 1;
    }

    /// Where the group of the next row begins, after making room for it.
    fn group(&mut self) -> usize {
        let size = self.width * LANES;
        let start = self.rows / LANES * size;
        self.values.resize(self.values.len().max(start + size), 0.0);
        start
    }

    /// Feature `feature` of row `at`, infinite where it is missing.
    fn value(&self, at: usize, feature: usize) -> f32 {
        self.values[at / LANES * self.width * LANES + feature * LANES + at % LANES]
    }

    /// Row `at`, with infinity for what is missing; empty where there is none.
    pub fn row(&self, at: usize) -> Vec<f32> {
        let features = if at < self.rows { self.width } else { 0 };
        (0..features).map(|feature| self.value(at, feature)).collect()
    }

    /// The rows `wanted` alone.
    fn only(&self, wanted: &[usize]) -> Self {
        let mut table = Self::new(self.width);
        for &at in wanted {
            let group = table.group();
            let lane = table.rows % LANES;
            for feature in 0..self.width {
                table.values[group + feature * LANES + lane] = self.value(at, feature);
            }
            table.rows += 1;
        }
        table
    }

    /// The number of rows.
    pub const fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is no row.
    pub const fn is_empty(&self) -> bool {
        self.rows == 0
    }
}

/// Why bytes are no model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a model of trees: {0}")]
pub struct TreesError(&'static str);

impl Trees {
    /// A model that says `base` of everything with `features` features, until trees are added.
    pub const fn new(features: usize, base: f32) -> Self {
        Self {
            features,
            base,
            trees: Vec::new(),
        }
    }

    /// Adds a tree: the question of each level, and what each leaf adds. The answer to the first question is the lowest bit of a
    /// leaf's number.
    ///
    /// # Errors
    /// It is too deep, has too few leaves or too many, or asks for a feature that is not among those of the model.
    pub fn push(&mut self, questions: &[Question], leaves: &[f32]) -> Result<(), TreesError> {
        if questions.len() > DEPTH || leaves.len() != 1 << questions.len() {
            return Err(TreesError("a tree of the wrong shape"));
        }
        if questions
            .iter()
            .any(|question| usize::from(question.feature) >= self.features)
        {
            return Err(TreesError("a feature that is not there"));
        }
        // Nothing is beyond infinity.
        let no = Question {
            feature: 0,
            threshold: f32::INFINITY,
        };
        let mut tree = Tree {
            depth: questions.len() as u8,
            questions: [no; DEPTH],
            leaves: [0.0; LEAVES],
        };
        for (to, from) in tree.questions.iter_mut().zip(questions) {
            // What is not missing is finite, and in a table what is missing is infinite.
            to.feature = from.feature;
            to.threshold = from.threshold.min(f32::MAX);
        }
        tree.leaves[..leaves.len()].copy_from_slice(leaves);
        self.trees.push(tree);
        Ok(())
    }

    /// The model that says the mean of what this one and `other` say. Their trees take turns, so that the sum of a part of them says
    /// about the same as well.
    pub fn mean(&self, other: &Self) -> Self {
        let mut mean = Self::new(
            self.features.max(other.features),
            f32::midpoint(self.base, other.base),
        );
        let longer = self.trees.len().max(other.trees.len());
        for at in 0..longer {
            for tree in [self, other].iter().filter_map(|model| model.trees.get(at)) {
                let mut tree = tree.clone();
                tree.leaves.iter_mut().for_each(|leaf| *leaf /= 2.0);
                mean.trees.push(tree);
            }
        }
        mean
    }

    /// The number of features that the model looks at.
    pub const fn features(&self) -> usize {
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
        // The rows of `asked` in order: those that are still asked about, and a few that are not.
        let mut open: Vec<usize> = (0..scores.len()).collect();
        let mut asked = Cow::Borrowed(table);
        let step = (self.trees.len() / 10).max(1);
        for (at, trees) in self.trees.chunks(step).enumerate() {
            let is_open = |scores: &[f32], row: usize| at == 0 || scores[row] >= floor;
            let groups = asked.values.chunks_exact(LANES * table.width);
            for (rows, group) in open.chunks(LANES).zip(groups) {
                if !rows.iter().any(|&row| is_open(&scores, row)) {
                    continue;
                }
                for (&row, sum) in rows.iter().zip(sums(trees, group)) {
                    if is_open(&scores, row) {
                        scores[row] += sum;
                    }
                }
            }
            let left: Vec<usize> = (0..open.len()).filter(|&at| scores[open[at]] >= floor).collect();
            // Moving rows together costs more than a step of a group, so it is done where a group is saved.
            if left.len().div_ceil(LANES) < open.len().div_ceil(LANES) {
                asked = Cow::Owned(asked.only(&left));
                open = left.into_iter().map(|at| open[at]).collect();
            }
        }
        scores
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
        for _ in 0..count {
            let [depth] = take(&mut rest)?;
            if usize::from(depth) > DEPTH {
                return Err(TreesError("a tree of the wrong shape"));
            }
            let mut questions = Vec::with_capacity(depth.into());
            for _ in 0..depth {
                questions.push(Question {
                    feature: u16::from_le_bytes(take(&mut rest)?),
                    threshold: f32::from_le_bytes(take(&mut rest)?),
                });
            }
            let mut leaves = Vec::with_capacity(1 << depth);
            for _ in 0..1 << depth {
                leaves.push(f32::from_le_bytes(take(&mut rest)?));
            }
            trees.push(&questions, &leaves)?;
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
        bytes.extend((self.trees.len() as u32).to_le_bytes());
        for tree in &self.trees {
            let depth = usize::from(tree.depth);
            bytes.push(tree.depth);
            for question in &tree.questions[..depth] {
                bytes.extend(question.feature.to_le_bytes());
                bytes.extend(question.threshold.to_le_bytes());
            }
            for leaf in &tree.leaves[..1 << depth] {
                bytes.extend(leaf.to_le_bytes());
            }
        }
        bytes
    }
}

/// What `trees` add to each row of a group.
fn sums(trees: &[Tree], group: &[f32]) -> [f32; LANES] {
    let (columns, _) = group.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for tree in trees {
        let mut leaf = [0_u32; LANES];
        for (level, question) in tree.questions.iter().enumerate() {
            let column = &columns[usize::from(question.feature)];
            for (leaf, value) in leaf.iter_mut().zip(column) {
                *leaf |= u32::from(*value > question.threshold) << level;
            }
        }
        for (sum, leaf) in sums.iter_mut().zip(leaf) {
            *sum += tree.leaves[leaf as usize % LEAVES];
        }
    }
    sums
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

    const fn above(feature: u16, threshold: f32) -> Question {
        Question { feature, threshold }
    }

    fn model() -> Trees {
        let mut trees = Trees::new(2, 0.5);
        trees
            .push(&[above(0, 1.0), above(1, 5.0)], &[-1.0, 2.0, -2.0, 3.0])
            .unwrap();
        trees.push(&[], &[0.25]).unwrap();
        trees
    }

    #[test]
    fn a_score_is_the_sum_of_a_leaf_of_each_tree() {
        let mut table = Table::new(2);
        let expected = [-1.25, -0.25, 2.75, 3.75, 3.75, 3.75];
        let rows = [
            [1.0, 9.0],
            [1.0, 5.0],
            [2.0, 5.0],
            [2.0, 6.0],
            [f32::NAN, f32::NAN],
        ];
        rows.iter().for_each(|row| table.push(row));
        table.push(&[]);
        assert_eq!(model().scores(f32::NEG_INFINITY, &table), expected);
        assert_eq!(sigmoid(0.0), 0.5);
    }

    #[test]
    fn missing_is_beyond_all_that_is_not() {
        let mut trees = Trees::new(1, 0.0);
        trees.push(&[above(0, f32::INFINITY)], &[1.0, 2.0]).unwrap();
        let mut table = Table::new(1);
        (0..80).for_each(|at| table.push(&[if at % 3 == 0 { f32::NAN } else { at as f32 }]));
        let expected: Vec<f32> = (0..80).map(|at| if at % 3 == 0 { 2.0 } else { 1.0 }).collect();
        assert_eq!(trees.scores(0.0, &table), expected);
    }

    #[test]
    fn what_is_below_the_floor_is_left_there() {
        let mut trees = Trees::new(2, 0.0);
        for _ in 0..20 {
            trees.push(&[above(1, 0.0)], &[-1.0, 1.0]).unwrap();
        }
        let mut table = Table::new(2);
        let yes = |at: usize| at % 3 != 1;
        for at in 0..100 {
            table.push(&[0.0, f32::from(u8::from(yes(at)))]);
        }
        let expected = |no: f32| -> Vec<f32> { (0..100).map(|at| if yes(at) { 20.0 } else { no }).collect() };
        assert_eq!(trees.scores(-3.0, &table), expected(-4.0));
        assert_eq!(trees.scores(-99.0, &table), expected(-20.0));
    }

    #[test]
    fn rows_come_back_as_they_went_in() {
        let mut table = Table::new(3);
        for at in 0..70 {
            table.push(&[at as f32, f32::NAN, -1.0, 9.0]);
        }
        assert_eq!(table.len(), 70);
        assert_eq!(table.row(69), [69.0, f32::INFINITY, -1.0]);
        assert!(table.row(70).is_empty());
        assert_eq!(table.only(&[40, 3]).row(1), table.row(3));
    }

    #[test]
    fn rows_that_are_too_narrow_say_nothing() {
        let mut table = Table::new(1);
        table.push(&[1.0]);
        assert_eq!(model().scores(0.0, &table), [0.5]);
        assert!(model().scores(0.0, &Table::new(0)).is_empty());
    }

    #[test]
    fn a_mean_says_what_is_half_way() {
        let mut other = Trees::new(1, -2.5);
        other.push(&[above(0, 1.5)], &[4.0, 0.0]).unwrap();
        let mean = model().mean(&other);
        let mut table = Table::new(2);
        table.push(&[1.0, 9.0]);
        table.push(&[2.0, 6.0]);
        // The one says -1.25 and 3.75, the other 1.5 and -2.5.
        assert_eq!(mean.scores(f32::NEG_INFINITY, &table), [0.125, 0.625]);
        assert_eq!(mean.features(), 2);
        assert_eq!(Trees::from_bytes(&mean.to_bytes()), Ok(mean));
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
        assert!(trees.push(&[above(1, 0.0)], &[0.0, 0.0]).is_err());
        assert!(trees.push(&[above(0, 0.0)], &[0.0]).is_err());
        assert!(
            trees
                .push(&[above(0, 0.0); DEPTH + 1], &[0.0; 2 * LEAVES])
                .is_err()
        );
    }
}
