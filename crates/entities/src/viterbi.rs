//! The best legal sequence of labels.

use crate::labels::{LABELS, OUTSIDE, continues, follows, opens};

/// A score for each pair of labels, the earlier first.
pub type Transitions = [[f32; LABELS]; LABELS];

/// What a token scores that can be in no name.
pub const NOTHING: [f32; LABELS] = {
    let mut scores = [f32::NEG_INFINITY; LABELS];
    scores[OUTSIDE] = 0.0;
    scores
};

/// The buffers of the search, used again from sentence to sentence.
#[derive(Default)]
pub struct Viterbi {
    back: Vec<[u8; LABELS]>,
}

impl Viterbi {
    /// Writes into `labels` the legal sequence whose sum of `emissions` and `transitions` is highest.
    pub fn best(&mut self, emissions: &[[f32; LABELS]], transitions: &Transitions, labels: &mut Vec<u8>) {
        labels.clear();
        let Some(first) = emissions.first() else { return };
        self.back.clear();
        let mut scores = *first;
        for (label, score) in scores.iter_mut().enumerate() {
            if continues(label) {
                *score = f32::NEG_INFINITY;
            }
        }
        for emission in &emissions[1..] {
            let mut next = [f32::NEG_INFINITY; LABELS];
            let mut back = [OUTSIDE as u8; LABELS];
            let possible = if *emission == NOTHING {
                OUTSIDE..OUTSIDE + 1
            } else {
                0..LABELS
            };
            for (before, &so_far) in scores.iter().enumerate() {
                for label in possible.clone() {
                    let score = so_far + transitions[before][label];
                    if score > next[label] && follows(before, label) {
                        next[label] = score;
                        back[label] = before as u8;
                    }
                }
            }
            for (score, add) in next.iter_mut().zip(emission) {
                *score += add;
            }
            scores = next;
            self.back.push(back);
        }
        let mut best = OUTSIDE;
        for label in 1..LABELS {
            if !opens(label) && scores[label] > scores[best] {
                best = label;
            }
        }
        labels.resize(emissions.len(), OUTSIDE as u8);
        for (at, slot) in labels.iter_mut().enumerate().rev() {
            *slot = best as u8;
            if at > 0 {
                best = usize::from(self.back[at - 1][best]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::{Place, label};

    #[test]
    fn an_open_name_is_closed() {
        let (begin, last) = (label(0, Place::Begin), label(0, Place::Last));
        let mut emissions = [[0.0; LABELS]; 2];
        emissions[0][begin] = 3.0;
        emissions[1][OUTSIDE] = 1.0;
        let mut labels = Vec::new();
        Viterbi::default().best(&emissions, &[[0.0; LABELS]; LABELS], &mut labels);
        assert_eq!(labels, [begin as u8, last as u8]);
    }

    #[test]
    fn a_token_in_no_name_closes_what_is_open() {
        let (begin, unit) = (label(0, Place::Begin), label(0, Place::Unit));
        let mut emissions = [[0.0; LABELS]; 3];
        emissions[0][begin] = 3.0;
        emissions[0][unit] = 1.0;
        emissions[1] = NOTHING;
        emissions[2][unit] = 1.0;
        let mut labels = Vec::new();
        Viterbi::default().best(&emissions, &[[0.0; LABELS]; LABELS], &mut labels);
        assert_eq!(labels, [unit as u8, OUTSIDE as u8, unit as u8]);
    }
}
