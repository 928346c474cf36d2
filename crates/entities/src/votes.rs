//! What the first pass said elsewhere in the document, as features of a second look.
//!
//! A name that is plain in one sentence is doubtful in another: a surname alone, a body without its "Inc". So
//! the first pass votes: for each word, and each run of capitalised words, how often it was given which label. A token
//! then sees the votes of the other places of its word, its own first label and those of its neighbours.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use crate::features::{Already, Sheet, TEMPLATES, mixed};
use crate::labels::{LABELS, OUTSIDE, TYPES, kind};

/// The number of features a token in the second pass.
pub const VOTES: usize = 22;

/// The votes of one document, in buffers that are used again.
#[derive(Default)]
pub struct Votes {
    words: HashMap<u32, [u8; LABELS], BuildHasherDefault<Already>>,
    runs: HashMap<u32, [u8; GROUPS], BuildHasherDefault<Already>>,
}

/// What the first pass said of a token.
#[derive(Debug, Clone, Copy, Default)]
pub struct First {
    /// Its label.
    pub label: u8,
    /// By how much the label leads over the next best by the token alone, in steps.
    pub lead: u8,
}

/// The step of a lead: 0 below zero, then one for each doubling of `unit`.
pub fn lead(emission: &[f32; LABELS], label: u8, unit: f32) -> u8 {
    let own = emission[usize::from(label)];
    let rival = emission
        .iter()
        .enumerate()
        .filter(|&(other, _)| other != usize::from(label))
        .fold(f32::NEG_INFINITY, |best, (_, &score)| best.max(score));
    let steps = [0.0, 1.0, 2.0, 4.0];
    steps.iter().filter(|&&step| own - rival > step * unit).count() as u8
}

/// Outside, and each type.
const GROUPS: usize = TYPES.len() + 1;

/// The type of a label: 0 outside, then from 1.
fn group(label: usize) -> usize {
    if label == OUTSIDE { 0 } else { kind(label) + 1 }
}

/// The winner among `counts`, and how clear it is: its number times four plus 1 for one vote, 2 for two or more,
/// 3 where others were given as well; 0 without votes.
fn winner(counts: &[u8]) -> u32 {
    let mut best = 0;
    let mut sum = 0_u32;
    for (at, &count) in counts.iter().enumerate() {
        sum += u32::from(count);
        if count > counts[best] {
            best = at;
        }
    }
    let most = u32::from(counts[best]);
    if sum == 0 {
        0
    } else if most < sum {
        best as u32 * 4 + 3
    } else {
        best as u32 * 4 + 1 + u32::from(sum > 1)
    }
}

impl Votes {
    /// Counts what `first` says of each token on `sheet`.
    pub fn count(&mut self, sheet: &Sheet, first: &[First]) {
        self.words.clear();
        self.runs.clear();
        for (at, said) in first.iter().enumerate() {
            let seen = sheet.seen(at);
            if !seen.capital {
                continue;
            }
            let label = usize::from(said.label);
            let count = &mut self.words.entry(seen.lower).or_default()[label];
            *count = count.saturating_add(1);
            if let Some(run) = seen.run {
                let count = &mut self.runs.entry(run).or_default()[group(label)];
                *count = count.saturating_add(1);
            }
        }
    }

    /// Calls `row` with the place and the features of each token of `sentence` that is `wanted`, in turn.
    pub fn features(
        &self,
        sheet: &Sheet,
        first: &[First],
        sentence: std::ops::Range<usize>,
        wanted: impl Fn(usize) -> bool,
        mut row: impl FnMut(usize, &[u64; VOTES]),
    ) {
        let none = (0, 0, First { label: 15, lead: 0 }, 0, 0, 0);
        let of = |at: Option<usize>| {
            let Some(at) = at.filter(|at| sentence.contains(at)) else {
                return none;
            };
            let seen = sheet.seen(at);
            let said = first[at];
            let label = usize::from(said.label);
            let mut word = self.words.get(&seen.lower).copied().unwrap_or_default();
            let mut run = seen
                .run
                .and_then(|run| self.runs.get(&run).copied())
                .unwrap_or_default();
            if seen.capital {
                if word[label] < u8::MAX {
                    word[label] = word[label].saturating_sub(1);
                }
                if seen.run.is_some() && run[group(label)] < u8::MAX {
                    run[group(label)] = run[group(label)].saturating_sub(1);
                }
            }
            let mut types = [0_u8; GROUPS];
            for (label, &count) in word.iter().enumerate() {
                let sum = &mut types[group(label)];
                *sum = sum.saturating_add(count);
            }
            (
                winner(&word),
                winner(&types),
                said,
                winner(&run),
                seen.short,
                seen.lower,
            )
        };
        let mut near = [
            none,
            none,
            none,
            of(Some(sentence.start)),
            of(Some(sentence.start + 1)),
        ];
        for at in sentence.clone() {
            near.rotate_left(1);
            near[4] = of(Some(at + 2));
            if !wanted(at) {
                continue;
            }
            let [l2, l1, f, r1, r2] = &near;
            let own = u32::from(f.2.label) * 8 + u32::from(f.2.lead);
            let (left, right) = (u32::from(l1.2.label), u32::from(r1.2.label));
            let label = u32::from(f.2.label);
            let features = mixed(
                &[
                    (own, 0, 0),
                    (label, left, right),
                    (label, left, l2.2.label.into()),
                    (label, right, r2.2.label.into()),
                    (own, left * 8 + u32::from(l1.2.lead), 0),
                    (own, right * 8 + u32::from(r1.2.lead), 0),
                    (f.0, 0, 0),
                    (f.0, own, 0),
                    (f.0, f.4, 0),
                    (f.1, own, 0),
                    (f.1, f.4, 0),
                    (f.1, l1.1, r1.1),
                    (f.0, l1.0, 0),
                    (f.0, r1.0, 0),
                    (f.3, own, 0),
                    (f.3, f.4, f.1),
                    (f.1, l1.5, 0),
                    (f.1, r1.5, 0),
                    (f.0, label, left),
                    (f.0, label, right),
                    (label, f.5, 0),
                    (l1.0, r1.0, label),
                ],
                TEMPLATES as u64,
            );
            row(at, &features);
        }
    }
}
