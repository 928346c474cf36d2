//! Boosted trees: a sum of small decisions, each corrected by those after it.

/// Boosted decision trees over features, for probabilities.
///
/// Bytes, little-endian: the number of trees (2); for each tree the number of its nodes (2), then the nodes in
/// the order in which a walk meets them, the lower side first: feature (1; 255 for a leaf), threshold or value
/// of the leaf (4), and the place of the upper side from the first node of the tree (2).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trees {
    nodes: Vec<Node>,
    /// Where each tree begins.
    roots: Vec<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Node {
    feature: u8,
    upper: u16,
    value: f32,
}

const LEAF: u8 = u8::MAX;
const NODE: usize = 7;

impl Trees {
    /// The trees written in `bytes`, for `features` features; none if they are not such.
    pub fn new(bytes: &[u8], features: usize) -> Option<Self> {
        let (count, mut rest) = bytes.split_first_chunk::<2>()?;
        let mut trees = Self::default();
        for _ in 0..u16::from_le_bytes(*count) {
            let (size, following) = rest.split_first_chunk::<2>()?;
            let size = u16::from_le_bytes(*size);
            let (nodes, following) = following.split_at_checked(usize::from(size) * NODE)?;
            trees.roots.push(trees.nodes.len() as u32);
            for (place, &[feature, a, b, c, d, low, high]) in nodes.as_chunks().0.iter().enumerate() {
                let upper = u16::from_le_bytes([low, high]);
                let within = feature == LEAF
                    || usize::from(feature) < features && upper < size && usize::from(upper) > place + 1;
                if !within {
                    return None;
                }
                trees.nodes.push(Node {
                    feature,
                    upper,
                    value: f32::from_le_bytes([a, b, c, d]),
                });
            }
            if size == 0 || trees.nodes.last()?.feature != LEAF {
                return None;
            }
            rest = following;
        }
        rest.is_empty().then_some(trees)
    }

    /// The sum of what the trees say, as a probability.
    pub fn probability(&self, features: &[f32]) -> f32 {
        let sum: f32 = self
            .roots
            .iter()
            .map(|&root| self.leaf(root as usize, features))
            .sum();
        1.0 / (1.0 + (-sum).exp())
    }

    fn leaf(&self, root: usize, features: &[f32]) -> f32 {
        let mut at = root;
        loop {
            let node = self.nodes[at];
            if node.feature == LEAF {
                return node.value;
            }
            at = if features[usize::from(node.feature)] <= node.value {
                at + 1
            } else {
                root + usize::from(node.upper)
            };
        }
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

    #[test]
    fn sides_are_taken_by_the_threshold() {
        let trees = Trees::new(&tree(), 1).unwrap();
        assert!(trees.probability(&[0.5]) < 0.2);
        assert!(trees.probability(&[0.6]) > 0.8);
    }

    #[test]
    fn what_is_not_trees_is_refused() {
        assert_eq!(Trees::new(&tree(), 0), None);
        assert_eq!(Trees::new(&tree()[..20], 1), None);
        assert_eq!(Trees::new(&[], 1), None);
        let mut looping = tree();
        looping[9] = 0;
        assert_eq!(Trees::new(&looping, 1), None);
    }
}
