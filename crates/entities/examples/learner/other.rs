//! Learns the label of names of other kinds against what is said without it.

use gristmill_entities::labels::{LABELS, OTHER};
use gristmill_entities::viterbi::{Transitions, Viterbi};

use super::{Plan, Sentence, shuffle};

/// The weights of [`OTHER`], feature by feature, and the transitions with it in them.
pub(crate) struct Other {
    pub(crate) weights: Vec<f32>,
    pub(crate) transitions: Transitions,
}

/// Learns from the sentences whose corpora have such names; `base` and `start` score the other labels and stay as they are.
pub(crate) fn learn<const N: usize>(
    rows: &[[u32; N]],
    base: &[[f32; LABELS]],
    data: &[Sentence],
    features: usize,
    start: &Transitions,
    plan: Plan,
) -> Other {
    let mut weights = vec![0.0_f32; features];
    let mut past = weights.clone();
    let mut now = *start;
    let mut past_pairs: Transitions = [[0.0; LABELS]; LABELS];
    let mut viterbi = Viterbi::default();
    let (mut emissions, mut said) = (Vec::new(), Vec::new());
    let mut sentences: Vec<&Sentence> = data.iter().filter(|sentence| !sentence.open).collect();
    let is = |label: u8| usize::from(label) == OTHER;
    let total = (plan.epochs * sentences.len()) as f32;
    let mut step = 0.0_f32;
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    for _ in 0..plan.epochs {
        shuffle(&mut sentences, &mut random);
        for Sentence { at, labels, .. } in &sentences {
            let tokens = &rows[*at..*at + labels.len()];
            emissions.clear();
            emissions.extend(
                tokens
                    .iter()
                    .zip(labels)
                    .zip(&base[*at..])
                    .map(|((row, &gold), base)| {
                        let sum: f32 = row.iter().map(|&feature| weights[feature as usize]).sum();
                        let mut scores = *base;
                        scores[OTHER] = sum + if is(gold) { -plan.margin } else { plan.margin };
                        scores
                    }),
            );
            viterbi.best(&emissions, &now, &mut said);
            let share = 1.0 - step / total;
            for (place, (&gold, &guess)) in labels.iter().zip(&said).enumerate() {
                let change = plan.rate * (f32::from(u8::from(is(gold))) - f32::from(u8::from(is(guess))));
                if change != 0.0 {
                    for &feature in tokens[place].iter().filter(|&&feature| feature != 0) {
                        weights[feature as usize] += change;
                        past[feature as usize] += change * share;
                    }
                }
                if place > 0 {
                    for (labels, sign) in [(labels, plan.rate), (&said, -plan.rate)] {
                        let (before, label) = (labels[place - 1], labels[place]);
                        if is(before) || is(label) {
                            now[usize::from(before)][usize::from(label)] += sign;
                            past_pairs[usize::from(before)][usize::from(label)] += sign * share;
                        }
                    }
                }
            }
            step += 1.0;
        }
    }
    let mut transitions = *start;
    for (sum, past) in transitions
        .as_flattened_mut()
        .iter_mut()
        .zip(past_pairs.as_flattened())
    {
        *sum += past;
    }
    Other {
        weights: past,
        transitions,
    }
}
