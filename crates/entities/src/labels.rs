//! The labels that a token can have, and which may follow which.

use gristmill_core::EntityType;

/// How many labels there are: outside, begin, inside, last and unit of people, bodies and places, and [`OTHER`].
pub const LABELS: usize = 14;
/// The label of a token in no name.
pub const OUTSIDE: usize = 0;
/// The label of every token in a name of another kind. It has no begin and no end, so two such names that touch are one; four labels
/// more would take the rows of weights beyond a quarter of a cache line.
pub const OTHER: usize = 13;
/// The types that the tagger knows, in the order of their labels.
pub const TYPES: [EntityType; 4] = [
    EntityType::Per,
    EntityType::Org,
    EntityType::Loc,
    EntityType::Misc,
];

/// The place of a token in a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The first of several.
    Begin,
    /// Neither first nor last.
    Inside,
    /// The last of several.
    Last,
    /// The only one.
    Unit,
}

/// The label of `place` in a name of type number `kind` in [`TYPES`].
pub const fn label(kind: usize, place: Place) -> usize {
    if kind + 1 == TYPES.len() {
        OTHER
    } else {
        1 + kind * 4 + place as usize
    }
}

/// The type number of `label`, which is not [`OUTSIDE`].
pub const fn kind(label: usize) -> usize {
    (label - 1) / 4
}

/// Whether a name is still open after `label`.
pub const fn opens(label: usize) -> bool {
    label != OUTSIDE && label != OTHER && (label - 1) % 4 < Place::Last as usize
}

/// Whether `label` needs an open name before it.
pub const fn continues(label: usize) -> bool {
    label != OUTSIDE && matches!((label - 1) % 4, 1 | 2)
}

/// Whether `next` may follow `before`.
pub const fn follows(before: usize, next: usize) -> bool {
    if opens(before) {
        continues(next) && kind(before) == kind(next)
    } else {
        !continues(next)
    }
}

/// A name found: its tokens and its type number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// First token.
    pub start: usize,
    /// Token after the last.
    pub end: usize,
    /// Index into [`TYPES`].
    pub kind: usize,
}

/// The names that `labels` spell.
pub fn spans(labels: &[u8]) -> impl Iterator<Item = Span> + '_ {
    let mut start = 0;
    let other = |at: usize| labels.get(at).is_some_and(|&label| usize::from(label) == OTHER);
    (0..labels.len()).filter_map(move |at| {
        let label = usize::from(labels[at]);
        if !(continues(label) || other(at) && at > 0 && other(at - 1)) {
            start = at;
        }
        let ends = label != OUTSIDE && !opens(label) && !(other(at) && other(at + 1));
        ends.then(|| Span {
            start,
            end: at + 1,
            kind: kind(label),
        })
    })
}

/// The labels that spell `spans` over `length` tokens; of two that overlap the earlier counts.
pub fn spell(length: usize, spans: &[Span]) -> Vec<u8> {
    let mut labels = vec![OUTSIDE as u8; length];
    for span in spans {
        if labels[span.start..span.end].iter().any(|&label| label != 0) {
            continue;
        }
        let length = span.end - span.start;
        for (at, slot) in labels[span.start..span.end].iter_mut().enumerate() {
            let place = match (at == 0, at + 1 == length) {
                (true, true) => Place::Unit,
                (true, false) => Place::Begin,
                (false, true) => Place::Last,
                (false, false) => Place::Inside,
            };
            *slot = label(span.kind, place) as u8;
        }
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_spell_spans_and_back() {
        let given = [
            Span {
                start: 0,
                end: 1,
                kind: 2,
            },
            Span {
                start: 1,
                end: 4,
                kind: 1,
            },
            Span {
                start: 5,
                end: 7,
                kind: 0,
            },
            Span {
                start: 7,
                end: 10,
                kind: 3,
            },
        ];
        let labels = spell(11, &given);
        assert_eq!(spans(&labels).collect::<Vec<_>>(), given);
        assert!(
            labels
                .windows(2)
                .all(|pair| follows(pair[0].into(), pair[1].into()))
        );
        assert!(!follows(label(0, Place::Begin), label(1, Place::Last)));
    }
}
