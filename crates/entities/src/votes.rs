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

/// What the second pass sees of a token and of its neighbours.
#[derive(Clone, Copy)]
struct Near {
    /// The label that the other places of its word were given most ([`winner`]).
    word: u32,
    /// Their type.
    types: u32,
    /// The type of the other places of its run of capitalised words.
    run: u32,
    said: First,
    short: u32,
    lower: u32,
}

/// A place before or after the sentence; no token has its label.
const EDGE: Near = Near {
    word: 0,
    types: 0,
    run: 0,
    said: First { label: 15, lead: 0 },
    short: 0,
    lower: 0,
};

impl Near {
    fn label(&self) -> u32 {
        self.said.label.into()
    }

    fn label_and_lead(&self) -> u32 {
        self.label() * 8 + u32::from(self.said.lead)
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

    /// What the votes of all other places say of the token at `at`.
    fn of_token(&self, sheet: &Sheet, first: &[First], at: usize) -> Near {
        let seen = sheet.seen(at);
        let said = first[at];
        let label = usize::from(said.label);
        let mut word = self.words.get(&seen.lower).copied().unwrap_or_default();
        let mut run = seen
            .run
            .and_then(|run| self.runs.get(&run).copied())
            .unwrap_or_default();
        if seen.capital {
            // Its own vote does not count; a count that stood still at its most may hold more.
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
        Near {
            word: winner(&word),
            types: winner(&types),
            run: winner(&run),
            said,
            short: seen.short,
            lower: seen.lower,
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
        let near_at = |at: usize| {
            if sentence.contains(&at) {
                self.of_token(sheet, first, at)
            } else {
                EDGE
            }
        };
        let mut near = [
            EDGE,
            EDGE,
            EDGE,
            near_at(sentence.start),
            near_at(sentence.start + 1),
        ];
        for at in sentence.clone() {
            near.rotate_left(1);
            near[4] = near_at(at + 2);
            if !wanted(at) {
                continue;
            }
            let [l2, l1, f, r1, r2] = &near;
            let (label, left, right) = (f.label(), l1.label(), r1.label());
            let own = f.label_and_lead();
            let features = mixed(
                &[
                    (own, 0, 0),
                    (label, left, right),
                    (label, left, l2.label()),
                    (label, right, r2.label()),
                    (own, l1.label_and_lead(), 0),
                    (own, r1.label_and_lead(), 0),
                    (f.word, 0, 0),
                    (f.word, own, 0),
                    (f.word, f.short, 0),
                    (f.types, own, 0),
                    (f.types, f.short, 0),
                    (f.types, l1.types, r1.types),
                    (f.word, l1.word, 0),
                    (f.word, r1.word, 0),
                    (f.run, own, 0),
                    (f.run, f.short, f.types),
                    (f.types, l1.lower, 0),
                    (f.types, r1.lower, 0),
                    (f.word, label, left),
                    (f.word, label, right),
                    (label, f.lower, 0),
                    (l1.word, r1.word, label),
                ],
                TEMPLATES as u64,
            );
            row(at, &features);
        }
    }
}
