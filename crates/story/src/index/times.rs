//! When the articles of a full segment were published, closely enough to pass over those outside the window.

/// So many ranks fit into the bits that a posting has left.
pub(crate) const RANKS: usize = 64;

/// Bytes of [`Times`].
pub(crate) const BYTES: usize = 4 * (RANKS + 1);

/// A span of time in minutes since 1970, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: u32,
    pub(crate) to: u32,
}

impl Span {
    pub(crate) fn has(self, minutes: u32) -> bool {
        (self.from..=self.to).contains(&minutes)
    }
}

/// The times of a segment's articles, cut into ranks of about as many articles each: a few that are dated years back do not make
/// the others' times coarse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    first: u32,
    /// The last time of each rank.
    last: [u32; RANKS],
}

impl Times {
    /// Of articles published at these times, in minutes since 1970; one at least.
    pub(crate) fn of(minutes: &[u32]) -> Self {
        let mut sorted = minutes.to_vec();
        sorted.sort_unstable();
        let at = |place: usize| sorted.get(place).copied().unwrap_or_default();
        let end = sorted.len().saturating_sub(1);
        let mut last = [0; RANKS];
        for (rank, last) in (1..).zip(&mut last) {
            *last = at(end * rank / RANKS);
        }
        Self { first: at(0), last }
    }

    /// The rank of a time of the segment.
    pub(crate) fn rank(&self, minutes: u32) -> u8 {
        self.last.partition_point(|&last| last < minutes).min(RANKS - 1) as u8
    }

    /// The ranks that have times within `span`; none if no article has.
    pub(crate) fn ranks(&self, span: Span) -> Option<(u8, u8)> {
        let within = self.first <= span.to && span.from <= self.last[RANKS - 1];
        within.then(|| (self.rank(span.from), self.rank(span.to)))
    }

    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let numbers = [self.first].into_iter().chain(self.last);
        numbers.flat_map(u32::to_le_bytes).collect()
    }

    /// What [`Times::to_bytes`] wrote.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        let mut numbers = bytes.as_chunks().0.iter().map(|&bytes| u32::from_le_bytes(bytes));
        let first = numbers.next().unwrap_or_default();
        let mut last = [first; RANKS];
        last.iter_mut()
            .zip(numbers)
            .for_each(|(last, number)| *last = number);
        Self { first, last }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_takes_in_every_time_within_it_and_few_others() {
        let minutes: Vec<u32> = (0..1_000).map(|n| 50_000 + n * n % 7_919).chain([3]).collect();
        let times = Times::of(&minutes);
        assert_eq!(Times::from_bytes(&times.to_bytes()), times);
        let span = Span {
            from: 52_000,
            to: 53_000,
        };
        let (low, high) = times.ranks(span).unwrap();
        let passes = |time: u32| (low..=high).contains(&times.rank(time));
        let within = minutes.iter().filter(|&&time| span.has(time));
        assert!(within.clone().all(|&time| passes(time)));
        let passed = minutes.iter().filter(|&&time| passes(time)).count();
        assert!(
            passed <= within.count() + 2 * (minutes.len() / RANKS + 1),
            "{passed}"
        );
        assert_eq!(
            times.ranks(Span {
                from: 60_000,
                to: 61_000
            }),
            None
        );
        assert_eq!(times.ranks(Span { from: 0, to: 2 }), None);
        assert!(times.ranks(Span { from: 0, to: 3 }).is_some());
    }
}
