//! Finds names: a linear model over hashed features and the best legal sequence of labels, twice.
//!
//! The method is the structured perceptron (Collins 2002) with averaged weights, labels that mark begin,
//! inside, last and unit (Ratinov and Roth 2009), and counts over the document beside the words themselves. The second pass
//! adds to the scores of the first what the first said elsewhere in the document ([`votes`](crate::votes)).

use std::ops::Range;

use crate::features::Sheet;
use crate::labels::{LABELS, OTHER, Span, opens, spans};
use crate::model::Model;
use crate::tokens::{Token, sentences};
use crate::viterbi::{NOTHING, Transitions, Viterbi};
use crate::votes::{First, Votes, lead};

/// The buffers of tagging, used again from document to document.
#[derive(Default)]
pub struct Work {
    sheet: Sheet,
    votes: Votes,
    viterbi: Viterbi,
    emissions: Vec<[f32; LABELS]>,
    /// The scores of a sentence in the second pass.
    second: Vec<[f32; LABELS]>,
    /// What [`OTHER`] scores, token by token.
    others: Vec<f32>,
    first: Vec<First>,
    labels: Vec<u8>,
}

/// A long text is about many things, and what a word names in one part says little of the next. So it is read in blocks of whole
/// sentences of about this many tokens.
const BLOCK: usize = 1000;

/// The blocks of `tokens`.
pub(crate) fn blocks(tokens: &[Token]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at;
        tokens.get(start)?;
        let rest = tokens.len() - start;
        at = if rest < BLOCK * 3 / 2 {
            tokens.len()
        } else {
            let wanted = start + BLOCK;
            let more = tokens[wanted..].iter().position(|token| token.first);
            more.map_or(tokens.len(), |more| wanted + more)
        };
        Some(start..at)
    })
}

impl Model {
    /// Calls `found` with each name in `text`, whose tokens are `tokens`, and the name's least and mean lead. Names of other kinds
    /// than people, bodies and places are found only with `others`, and then count only in the last decision.
    pub fn tag(
        &self,
        text: &str,
        tokens: &[Token],
        work: &mut Work,
        others: bool,
        mut found: impl FnMut(Span, f32, f32),
    ) {
        for block in blocks(tokens) {
            let start = block.start;
            self.tag_block(text, &tokens[block], work, others, |span, least, mean| {
                let span = Span {
                    start: start + span.start,
                    end: start + span.end,
                    ..span
                };
                found(span, least, mean);
            });
        }
    }

    fn tag_block(
        &self,
        text: &str,
        tokens: &[Token],
        work: &mut Work,
        others: bool,
        mut found: impl FnMut(Span, f32, f32),
    ) {
        work.sheet.read(text, tokens, &self.lexicon);
        work.emissions.clear();
        work.others.clear();
        work.first.clear();
        for sentence in sentences(tokens) {
            let start = sentence.start;
            let (emissions, others) = (&mut work.emissions, &mut work.others);
            work.sheet.features_of_names(sentence, self.reach.into(), |row| {
                let mut sum = row.map_or(NOTHING, |row| self.table.sum(row));
                others.push(std::mem::replace(&mut sum[OTHER], f32::NEG_INFINITY));
                emissions.push(sum);
            });
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
            let (first, second) = (&work.first, &mut work.second);
            second.clear();
            second.extend_from_slice(&work.emissions[sentence.clone()]);
            let weighed = |at: usize| work.emissions[at] != NOTHING;
            work.votes
                .features(&work.sheet, first, sentence, weighed, |at, row| {
                    let emission = &mut second[at - start];
                    for (score, add) in emission.iter_mut().zip(self.table.sum(row)) {
                        *score += add;
                    }
                    if others {
                        emission[OTHER] = work.others[at] + self.ahead;
                    }
                });
            let emissions = &work.second[..];
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::tokenize;

    #[test]
    fn blocks_hold_whole_sentences() {
        let text = "One two three four. ".repeat(700);
        let mut tokens = Vec::new();
        tokenize(&text, &mut tokens);
        let blocks: Vec<_> = blocks(&tokens).collect();
        assert!(blocks.len() > 2);
        assert!(blocks.windows(2).all(|pair| pair[0].end == pair[1].start));
        assert!(
            blocks
                .iter()
                .all(|block| tokens[block.start].first && block.len() <= BLOCK * 3 / 2)
        );
        assert_eq!(blocks.last().map(|block| block.end), Some(tokens.len()));
        assert_eq!(super::blocks(&tokens[..1200]).count(), 1);
    }
}
