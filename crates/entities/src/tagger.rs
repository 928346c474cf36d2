//! Finds names: a linear model over hashed features and the best legal sequence of labels, twice.
//!
//! The method is the structured perceptron (Collins 2002) with averaged weights, labels that mark begin,
//! inside, last and unit (Ratinov and Roth 2009), and counts over the document beside the words themselves. The second pass
//! adds to the scores of the first what the first said elsewhere in the document ([`votes`](crate::votes)).

use crate::features::Sheet;
use crate::labels::{LABELS, Span, opens, spans};
use crate::model::Model;
use crate::tokens::{Token, sentences};
use crate::viterbi::{Transitions, Viterbi};
use crate::votes::{First, Votes, lead};

/// The buffers of tagging, used again from document to document.
#[derive(Default)]
pub struct Work {
    sheet: Sheet,
    votes: Votes,
    viterbi: Viterbi,
    emissions: Vec<[f32; LABELS]>,
    first: Vec<First>,
    labels: Vec<u8>,
}

impl Model {
    /// Calls `found` with each name in `text`, whose tokens are `tokens`, and the name's least and mean lead.
    pub fn tag(&self, text: &str, tokens: &[Token], work: &mut Work, mut found: impl FnMut(Span, f32, f32)) {
        work.sheet.read(text, tokens, &self.lexicon);
        work.emissions.clear();
        work.first.clear();
        for sentence in sentences(tokens) {
            let start = sentence.start;
            let emissions = &mut work.emissions;
            work.sheet
                .features(sentence, |row| emissions.push(self.table.sum(row)));
            work.viterbi
                .best(&emissions[start..], &self.transitions[0], &mut work.labels);
            work.first.extend(
                work.labels
                    .iter()
                    .zip(&emissions[start..])
                    .map(|(&label, emission)| First {
                        label,
                        lead: lead(emission, label, self.unit),
                    }),
            );
        }
        work.votes.count(&work.sheet, &work.first);
        for sentence in sentences(tokens) {
            let start = sentence.start;
            let emissions = &mut work.emissions[sentence.clone()];
            let mut at = 0;
            work.votes.features(&work.sheet, &work.first, sentence, |row| {
                for (score, add) in emissions[at].iter_mut().zip(self.table.sum(row)) {
                    *score += add;
                }
                at += 1;
            });
            work.viterbi
                .best(emissions, &self.transitions[1], &mut work.labels);
            for span in spans(&work.labels) {
                let (least, mean) = leads(
                    &emissions[span.start..span.end],
                    &work.labels[span.start..span.end],
                    &self.transitions[1],
                );
                let span = Span {
                    start: start + span.start,
                    end: start + span.end,
                    kind: span.kind,
                };
                found(span, least, mean);
            }
        }
    }
}

/// By how much the labels of a name lead over their best rivals, at least and in the mean.
fn leads(emissions: &[[f32; LABELS]], labels: &[u8], transitions: &Transitions) -> (f32, f32) {
    let mut least = f32::INFINITY;
    let mut sum = 0.0;
    let mut before = None;
    for (emission, &label) in emissions.iter().zip(labels) {
        let label = usize::from(label);
        let total = |label: usize| emission[label] + before.map_or(0.0, |b: usize| transitions[b][label]);
        let rival = (0..LABELS)
            .filter(|&other| other != label)
            .map(total)
            .fold(f32::NEG_INFINITY, f32::max);
        let lead = total(label) - rival;
        least = least.min(lead);
        sum += lead;
        before = opens(label).then_some(label);
    }
    (least, sum / labels.len().max(1) as f32)
}
