//! The structured perceptron with averaged weights.
//!
//! Names of other kinds count as none at first. Their label is learned last and by itself ([`other`]), so that what is said of
//! people, bodies and places is the same whether they are asked for or not.

pub(crate) mod other;

use gristmill_entities::labels::{LABELS, OTHER, OUTSIDE};
use gristmill_entities::viterbi::{Transitions, Viterbi};

/// A sentence to learn from.
pub(crate) struct Sentence {
    /// Its first token in the list of all.
    pub(crate) at: usize,
    pub(crate) labels: Vec<u8>,
    /// How often an epoch shows it.
    pub(crate) times: u8,
    /// Whether its corpus says nothing of names of other kinds: a token in no name may be in one of these.
    pub(crate) open: bool,
    /// Which half of the corpora it belongs to.
    pub(crate) fold: u8,
}

/// Weights of one feature, in a line of the cache.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
pub(crate) struct Weights(pub(crate) [f32; 16]);

pub(crate) struct Learned {
    pub(crate) weights: Vec<Weights>,
    pub(crate) transitions: Transitions,
}

impl Learned {
    /// Adds the weights of another run.
    pub(crate) fn add(&mut self, other: &Self) {
        for (sum, weights) in self.weights.iter_mut().zip(&other.weights) {
            for (sum, weight) in sum.0.iter_mut().zip(&weights.0) {
                *sum += weight;
            }
        }
        let pairs = other.transitions.as_flattened();
        for (sum, weight) in self.transitions.as_flattened_mut().iter_mut().zip(pairs) {
            *sum += weight;
        }
    }
}

/// How to learn.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) epochs: usize,
    /// What a wrong label gets ahead, so that the right one must lead by it.
    pub(crate) margin: f32,
    /// The size of a change.
    pub(crate) rate: f32,
    /// The fold to leave out, if any.
    pub(crate) without: Option<u8>,
    /// What the order of the sentences comes from.
    pub(crate) seed: u64,
}

/// Learns the weights of `features` numbered features, whose numbers are the `rows` of each token; `base` is what the token's labels
/// score without them.
pub(crate) fn learn<const N: usize>(
    rows: &[[u32; N]],
    base: Option<&[[f32; LABELS]]>,
    data: &[Sentence],
    features: usize,
    start: &Transitions,
    plan: Plan,
) -> Learned {
    let mut weights = vec![Weights::default(); features];
    let mut past = weights.clone();
    let mut now = *start;
    let mut past_pairs: Transitions = [[0.0; LABELS]; LABELS];
    let mut viterbi = Viterbi::default();
    let (mut emissions, mut said) = (Vec::new(), Vec::new());
    let mut order: Vec<usize> = (0..data.len())
        .filter(|&at| plan.without != Some(data[at].fold))
        .flat_map(|at| std::iter::repeat_n(at, data[at].times.into()))
        .collect();
    let mut random = 0x2545_F491_4F6C_DD1D_u64.wrapping_mul(plan.seed * 2 + 1);
    let total = (plan.epochs * order.len()) as f32;
    let mut step = 0.0_f32;
    for epoch in 0..plan.epochs {
        shuffle(&mut order, &mut random);
        let mut wrong = 0;
        for &number in &order {
            let Sentence { at, labels, .. } = &data[number];
            let tokens = &rows[*at..*at + labels.len()];
            emissions.clear();
            emissions.extend(tokens.iter().enumerate().map(|(place, row)| {
                let mut sum = [0.0; 16];
                for &feature in row {
                    for (sum, weight) in sum.iter_mut().zip(&weights[feature as usize].0) {
                        *sum += weight;
                    }
                }
                let base = base.map_or([0.0; LABELS], |base| base[at + place]);
                let mut sum: [f32; LABELS] =
                    std::array::from_fn(|label| sum[label] + base[label] + plan.margin);
                sum[meant(labels[place])] -= plan.margin;
                sum[OTHER] = f32::NEG_INFINITY;
                sum
            }));
            viterbi.best(&emissions, &now, &mut said);
            // What a change at this step weighs in the average over all steps.
            let share = plan.rate * (1.0 - step / total);
            for (place, (&gold, &guess)) in labels.iter().zip(&said).enumerate() {
                let (gold, guess) = (meant(gold), usize::from(guess));
                if gold != guess {
                    wrong += 1;
                    for &feature in tokens[place].iter().filter(|&&feature| feature != 0) {
                        let (now, past) = (&mut weights[feature as usize].0, &mut past[feature as usize].0);
                        now[gold] += plan.rate;
                        now[guess] -= plan.rate;
                        past[gold] += share;
                        past[guess] -= share;
                    }
                }
                if place > 0 {
                    let before = (meant(labels[place - 1]), usize::from(said[place - 1]));
                    if before.0 != before.1 || gold != guess {
                        now[before.0][gold] += plan.rate;
                        now[before.1][guess] -= plan.rate;
                        past_pairs[before.0][gold] += share;
                        past_pairs[before.1][guess] -= share;
                    }
                }
            }
            step += 1.0;
        }
        eprintln!("epoch {epoch}: {wrong} tokens wrong");
    }
    for (past, start) in past_pairs.as_flattened_mut().iter_mut().zip(start.as_flattened()) {
        *past += start;
    }
    Learned {
        weights: past,
        transitions: past_pairs,
    }
}

fn shuffle<T>(order: &mut [T], random: &mut u64) {
    for at in (1..order.len()).rev() {
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        order.swap(at, (*random % (at as u64 + 1)) as usize);
    }
}

/// The label with names of other kinds taken for none.
fn meant(label: u8) -> usize {
    Some(usize::from(label))
        .filter(|&label| label != OTHER)
        .unwrap_or(OUTSIDE)
}

/// The sum of the weights of `row`.
pub(crate) fn score<const N: usize>(weights: &[Weights], row: &[u32; N]) -> [f32; LABELS] {
    let mut sum = [0.0; LABELS];
    for &feature in row {
        for (sum, weight) in sum.iter_mut().zip(&weights[feature as usize].0) {
            *sum += weight;
        }
    }
    sum
}
