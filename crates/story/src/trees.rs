//! Boosted trees: a sum of small decisions, each corrected by those after it.

/// Boosted decision trees over `N` features, for probabilities.
///
/// Bytes, little-endian: the number of trees (2); for each tree the number of its nodes (2), then the nodes in
/// the order in which a walk meets them, the lower side first: feature (1; 255 for a leaf), threshold or value
/// of the leaf (4), and the place of the upper side from the first node of the tree (2). A tree has at most [`LEAVES`] leaves.
///
/// A tree is not walked: every split takes away the leaves that it turns from, and the lowest that is left is the one that
/// a walk comes to (Lucchese et al., QuickScorer, SIGIR 2015). So no branch hangs on a feature, and several rows of
/// features go through a tree at once.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Trees<const N: usize> {
    splits: Vec<Split>,
    trees: Vec<Tree>,
}

/// The most leaves of a tree.
pub(crate) const LEAVES: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq)]
struct Split {
    feature: usize,
    threshold: f32,
    /// The leaves, one bit each from the lowest, that are left where the feature is above the threshold.
    above: u32,
}

#[derive(Debug, Clone, PartialEq)]
struct Tree {
    /// The end of its splits; they begin where those of the tree before end.
    end: usize,
    /// What the leaves say, from the lowest.
    leaves: [f32; LEAVES],
}

const LEAF: u8 = u8::MAX;
const NODE: usize = 7;
/// Rows that go through a tree at once.
const ROWS: usize = 8;

impl<const N: usize> Trees<N> {
    /// The trees written in `bytes`; none if they are not such.
    pub(crate) fn new(bytes: &[u8]) -> Option<Self> {
        let (count, mut rest) = bytes.split_first_chunk::<2>()?;
        let mut trees = Self::default();
        for _ in 0..u16::from_le_bytes(*count) {
            let (size, following) = rest.split_first_chunk::<2>()?;
            let size = usize::from(u16::from_le_bytes(*size));
            let (nodes, following) = following.split_at_checked(size * NODE)?;
            trees.add(nodes.as_chunks().0)?;
            rest = following;
        }
        rest.is_empty().then_some(trees)
    }

    /// Adds the tree of these nodes.
    fn add(&mut self, nodes: &[[u8; NODE]]) -> Option<()> {
        let mut leaves = Vec::new();
        // The splits whose upper side is still to come, with where it begins and the number of leaves before the split.
        let mut open: Vec<(Split, usize, usize)> = Vec::new();
        for (place, &[feature, a, b, c, d, low, high]) in nodes.iter().enumerate() {
            let value = f32::from_le_bytes([a, b, c, d]);
            if feature != LEAF {
                let split = Split {
                    feature: Some(usize::from(feature)).filter(|&feature| feature < N)?,
                    threshold: value,
                    above: u32::MAX,
                };
                open.push((split, usize::from(u16::from_le_bytes([low, high])), leaves.len()));
                continue;
            }
            leaves.push(value);
            // A leaf ends the lower side of the innermost split that is open, unless it ends the tree.
            if let Some((mut split, upper, before)) = open.pop() {
                if upper != place + 1 {
                    return None;
                }
                split.above = !(1_u32.checked_shl(leaves.len() as u32)? - (1 << before));
                self.splits.push(split);
            } else if place + 1 != nodes.len() {
                return None;
            }
        }
        let mut said = [0.0; LEAVES];
        said.get_mut(..leaves.len())?.copy_from_slice(&leaves);
        let whole = open.is_empty() && !leaves.is_empty();
        self.trees.push(Tree {
            end: self.splits.len(),
            leaves: said,
        });
        whole.then_some(())
    }

    /// The sum of what the trees say of each of `rows` of features, as a probability.
    pub(crate) fn probabilities(&self, rows: &[[f32; N]]) -> Vec<f32> {
        let mut probabilities = Vec::with_capacity(rows.len());
        for rows in rows.chunks(ROWS) {
            let mut columns = [[0.0; ROWS]; N];
            for (n, row) in rows.iter().enumerate() {
                for (column, value) in columns.iter_mut().zip(row) {
                    column[n] = *value;
                }
            }
            let sums = self.sums(&columns);
            probabilities.extend(sums.iter().take(rows.len()).map(|sum| 1.0 / (1.0 + (-sum).exp())));
        }
        probabilities
    }

    fn sums(&self, columns: &[[f32; ROWS]; N]) -> [f32; ROWS] {
        let mut sums = [0.0; ROWS];
        let mut start = 0;
        for tree in &self.trees {
            let mut left = [u32::MAX; ROWS];
            for split in &self.splits[start..tree.end] {
                for (left, value) in left.iter_mut().zip(&columns[split.feature]) {
                    // All bits where the value is not above: a choice would become a branch.
                    *left &= split.above | u32::from(*value <= split.threshold).wrapping_neg();
                }
            }
            for (sum, left) in sums.iter_mut().zip(left) {
                *sum += tree.leaves[left.trailing_zeros() as usize % LEAVES];
            }
            start = tree.end;
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Vec<u8> {
        let mut bytes = vec![1, 0, 3, 0];
        for (feature, value, upper) in [(0, 0.5_f32, 2_u8), (LEAF, -2.0, 0), (LEAF, 2.0, 0)] {
            bytes.push(feature);
            bytes.extend(value.to_le_bytes());
            bytes.extend([upper, 0]);
        }
        bytes
    }

    /// Two splits, the second on the upper side of the first.
    fn deeper() -> Vec<u8> {
        let mut bytes = vec![1, 0, 5, 0];
        for (feature, value, upper) in [
            (1, 0.0_f32, 2_u8),
            (LEAF, -2.0, 0),
            (0, 1.0, 4),
            (LEAF, 0.0, 0),
            (LEAF, 2.0, 0),
        ] {
            bytes.push(feature);
            bytes.extend(value.to_le_bytes());
            bytes.extend([upper, 0]);
        }
        bytes
    }

    #[test]
    fn sides_are_taken_by_the_threshold() {
        let trees = Trees::<1>::new(&tree()).unwrap();
        let said = trees.probabilities(&[[0.5], [0.6]]);
        assert!(said[0] < 0.2 && said[1] > 0.8);
        let trees = Trees::<2>::new(&deeper()).unwrap();
        let rows: Vec<[f32; 2]> = (0..2 * ROWS + 3)
            .map(|n| [(n % 3) as f32, (n % 2) as f32])
            .collect();
        for (row, said) in rows.iter().zip(trees.probabilities(&rows)) {
            let sum: f32 = match row {
                [_, 0.0] => -2.0,
                [0.0 | 1.0, _] => 0.0,
                _ => 2.0,
            };
            assert!(
                (said - 1.0 / (1.0 + (-sum).exp())).abs() < 1e-6,
                "{row:?}: {said}"
            );
        }
    }

    #[test]
    fn what_is_not_trees_is_refused() {
        assert_eq!(Trees::<0>::new(&tree()), None);
        assert_eq!(Trees::<1>::new(&deeper()), None);
        assert_eq!(Trees::<1>::new(&tree()[..20]), None);
        assert_eq!(Trees::<1>::new(&[]), None);
        for upper in [0, 3] {
            let mut wrong = tree();
            wrong[9] = upper;
            assert_eq!(Trees::<1>::new(&wrong), None);
        }
        let open = [&[1, 0, 1, 0][..], &tree()[4..11]].concat();
        assert_eq!(Trees::<1>::new(&open), None);
    }
}
