//! Boosted trees whose levels each ask one question, for many lines at once.
//!
//! A tree of this kind (Kohavi, *Oblivious decision trees*, 1994; boosted so by CatBoost, 2018) asks the same
//! question of all its nodes of one level. Its leaf is thus a number made of the answers, and the answers of 64
//! lines come from one column of bytes by comparing it with one threshold, without a branch. That is what lets two
//! passes of trees read text at the speed of a scan; trees that are walked node by node cost ten times as much.
//!
//! As bytes, all little-endian: the eight bytes `gmlines1`; `u16` number of trees; `i32` score before the first; for each tree `u8`
//! depth, for each level `u8` column, `i8` offset in lines, `u8` threshold, and for each leaf `i16` what it adds.

use super::table::Table;

/// The first bytes of a forest.
pub(super) const MAGIC: [u8; 8] = *b"gmlines1";
/// Units of score in one of log-odds.
pub const UNIT: f32 = 1024.0;
/// Levels of a tree, at most.
pub(super) const DEPTH: usize = 6;
/// Leaves of a tree, at most.
const LEAVES: usize = 1 << DEPTH;
/// Lines scored at a time.
const BATCH: usize = 64;

/// A question: is the value of `column`, `offset` lines further, above `threshold`?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// The column of the table.
    pub column: u8,
    /// Whose value: 0 for the line itself, -1 for the line before it.
    pub offset: i8,
    /// The greatest value for which the answer is no.
    pub threshold: u8,
}

/// One tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// The question of each level.
    pub questions: Vec<Question>,
    /// What each leaf adds; the answer to the first question is the lowest bit of its number.
    pub leaves: Vec<i16>,
}

/// A model that says how likely each line of a table is text of the article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forest {
    base: i32,
    trees: Vec<Tree>,
}

/// Why bytes are no forest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a model of lines: {0}")]
pub struct ForestError(&'static str);

impl ForestError {
    pub(super) const TRAILING: Self = Self("bytes follow it");
}

impl Forest {
    /// A forest that scores every line `base`, in units of log-odds times [`UNIT`].
    pub fn new(base: i32) -> Self {
        Self {
            base,
            trees: Vec::new(),
        }
    }

    /// Adds a tree.
    ///
    /// # Errors
    /// It is too deep, has too few or too many leaves, or asks for what no table has.
    pub fn push(&mut self, tree: Tree) -> Result<(), ForestError> {
        if tree.questions.len() > DEPTH || tree.leaves.len() != 1 << tree.questions.len() {
            return Err(ForestError("a tree of the wrong shape"));
        }
        for question in &tree.questions {
            if usize::from(question.column) >= Table::COLUMNS || !Table::OFFSETS.contains(&question.offset) {
                return Err(ForestError("a question that no table answers"));
            }
        }
        self.trees.push(tree);
        Ok(())
    }

    /// The score of each line of `table`, in log-odds times [`UNIT`].
    pub fn scores(&self, table: &Table) -> Vec<i32> {
        let mut scores = vec![self.base; table.lines().next_multiple_of(BATCH)];
        for tree in &self.trees {
            // An array of the greatest size is looked up without asking whether it ends before.
            let mut leaves = [0; LEAVES];
            leaves[..tree.leaves.len()].copy_from_slice(&tree.leaves);
            for (batch, scores) in scores.chunks_exact_mut(BATCH).enumerate() {
                let mut leaf = [0_u8; BATCH];
                for (level, question) in tree.questions.iter().enumerate() {
                    let values = table.values(*question, batch * BATCH, BATCH);
                    let bit = 1 << level;
                    for (leaf, &value) in leaf.iter_mut().zip(values) {
                        *leaf |= if value > question.threshold { bit } else { 0 };
                    }
                }
                for (score, &leaf) in scores.iter_mut().zip(&leaf) {
                    *score += i32::from(leaves[usize::from(leaf) % LEAVES]);
                }
            }
        }
        scores.truncate(table.lines());
        scores
    }

    /// The forest that `bytes` begin with, and the bytes after it.
    ///
    /// # Errors
    /// They begin with none.
    pub fn from_bytes(bytes: &[u8]) -> Result<(Self, &[u8]), ForestError> {
        let mut rest = bytes
            .strip_prefix(&MAGIC)
            .ok_or(ForestError("it does not begin like one"))?;
        let count = u16::from_le_bytes(take(&mut rest)?);
        let mut forest = Self::new(i32::from_le_bytes(take(&mut rest)?));
        for _ in 0..count {
            let [depth] = take(&mut rest)?;
            if usize::from(depth) > DEPTH {
                return Err(ForestError("a tree of the wrong shape"));
            }
            let mut tree = Tree {
                questions: Vec::with_capacity(depth.into()),
                leaves: Vec::with_capacity(1 << depth),
            };
            for _ in 0..depth {
                let [column, offset, threshold] = take(&mut rest)?;
                tree.questions.push(Question {
                    column,
                    offset: offset.cast_signed(),
                    threshold,
                });
            }
            for _ in 0..1 << depth {
                tree.leaves.push(i16::from_le_bytes(take(&mut rest)?));
            }
            forest.push(tree)?;
        }
        Ok((forest, rest))
    }

    /// The forest as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend((self.trees.len() as u16).to_le_bytes());
        bytes.extend(self.base.to_le_bytes());
        for tree in &self.trees {
            bytes.push(tree.questions.len() as u8);
            for question in &tree.questions {
                bytes.extend([
                    question.column,
                    question.offset.cast_unsigned(),
                    question.threshold,
                ]);
            }
            for leaf in &tree.leaves {
                bytes.extend(leaf.to_le_bytes());
            }
        }
        bytes
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], ForestError> {
    let (taken, after) = rest
        .split_first_chunk::<N>()
        .ok_or(ForestError("it ends too early"))?;
    *rest = after;
    Ok(*taken)
}
