//! Where the buckets of a run begin, in two bytes each.

use std::collections::BTreeMap;
use std::ops::Range;

/// Numbers that do not fall, near each other: of each [`GROUP`] the first is kept, of the others the difference to it.
#[derive(Debug, Default)]
pub(crate) struct Offsets {
    firsts: Vec<u32>,
    /// The difference, or [`FAR`].
    differences: Vec<u16>,
    /// What does not fit into a difference, by place: nothing, unless somebody makes keys on purpose.
    far: BTreeMap<usize, u32>,
}

/// Buckets of a usual length fill an eighth of what a difference can say.
const GROUP: usize = 32;
const FAR: u16 = u16::MAX;

impl Offsets {
    /// With room for `count` numbers.
    pub(crate) fn with_capacity(count: usize) -> Self {
        Self {
            firsts: Vec::with_capacity(count.div_ceil(GROUP)),
            differences: Vec::with_capacity(count),
            far: BTreeMap::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.differences.len()
    }

    /// Adds a number, which is not less than the last.
    pub(crate) fn push(&mut self, offset: u32) {
        let place = self.len();
        if place.is_multiple_of(GROUP) {
            self.firsts.push(offset);
        }
        let difference = offset - self.firsts.last().copied().unwrap_or(offset);
        let kept = u16::try_from(difference).unwrap_or(FAR);
        if kept == FAR {
            self.far.insert(place, offset);
        }
        self.differences.push(kept);
    }

    /// The number at `place`.
    pub(crate) fn get(&self, place: usize) -> Option<u32> {
        match *self.differences.get(place)? {
            FAR => self.far.get(&place).copied(),
            difference => Some(self.firsts.get(place / GROUP)? + u32::from(difference)),
        }
    }

    pub(crate) fn last(&self) -> Option<u32> {
        self.get(self.len().checked_sub(1)?)
    }

    /// Where bucket `number` begins and ends.
    pub(crate) fn bucket(&self, number: usize) -> Option<Range<u32>> {
        Some(self.get(number)?..self.get(number + 1)?)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        (0..self.len()).filter_map(|place| self.get(place))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_come_back(steps in prop::collection::vec(prop_oneof![0..900_u32, 65_000..66_000_u32, Just(9_000_000)], 0..200)) {
            let mut all = vec![3];
            all.extend(steps.iter().scan(3, |at, step| {
                *at += step;
                Some(*at)
            }));
            let mut offsets = Offsets::with_capacity(all.len());
            all.iter().for_each(|&offset| offsets.push(offset));
            prop_assert_eq!((offsets.len(), offsets.last()), (all.len(), all.last().copied()));
            prop_assert_eq!(offsets.iter().collect::<Vec<u32>>(), all.clone());
            for (number, two) in all.array_windows().enumerate() {
                let &[start, end] = two;
                prop_assert_eq!(offsets.bucket(number), Some(start..end));
            }
            prop_assert_eq!(offsets.bucket(all.len() - 1), None);
        }
    }
}
