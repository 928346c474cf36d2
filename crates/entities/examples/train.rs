//! Trains a tagger: `train OUT BITS WORDS HELD_OUT CORPUS…`.
//!
//! The model gets two to the power of `BITS` buckets of weights. `WORDS` is a list of known words that `words.py` makes, or `-`.
//! `HELD_OUT` is a corpus that only calibrates the scores, or `-` to hold back every tenth document. `CORPUS=3` shows a corpus three
//! times an epoch, `CORPUS=3+1` once more with its sentences as headings. The training is deterministic: the same corpora in the
//! same order give the same bytes.

mod calibration;
mod clusters;
mod corpus;
mod headings;
mod learner;
mod lexicon;
mod pool;
mod topics;

use std::error::Error;
use std::path::Path;

use corpus::Gold;
use gristmill_core::EntityType;
use gristmill_entities::features::{Lexicon, Sheet, TEMPLATES};
use gristmill_entities::labels::{LABELS, OTHER, Span, TYPES, spell};
use gristmill_entities::model::{Model, ROWS, Table};
use gristmill_entities::tokens::sentences;
use gristmill_entities::viterbi::Viterbi;
use gristmill_entities::votes::{First, VOTES, Votes, lead};
use learner::{Learned, Plan, Sentence, Weights, learn, other, score};
use pool::Pool;

/// The average of the heaviest rows is scaled to this many steps of the packed weights.
const STEPS: f32 = 100.0;
const EPOCHS: usize = 5;
/// Epochs of the models of one half, and of the second pass.
const HALF_EPOCHS: usize = 3;
const VOTE_EPOCHS: usize = 4;
/// By how many changes of one feature the right label must lead.
const MARGIN: f32 = 20.0;
/// The size of a change in the second pass, as a share of the mean lead of the first.
const VOTE_RATE: f32 = 0.05;
/// Rate, margin and epochs for names of other kinds, in mean leads of the first pass.
const OTHER_RATE: f32 = 0.01;
const OTHER_MARGIN: f32 = 1.0;
const OTHER_EPOCHS: usize = 10;
/// Corpora of more tokens than this can do with one run and without features that they show less than four times.
const LARGE: usize = 1_000_000;
/// The orders of the sentences whose weights are averaged for small corpora.
const RUNS: u64 = 3;
/// A row is worth its peak times the number of times that its feature was seen, to this power.
const OFTEN: f32 = 0.3;
/// The share of the places for rows that is filled: the rest is for buckets that get more than they hold.
const FILLED: f32 = 0.86;

/// A document with how often an epoch shows it, and whether its corpus has no names of other kinds.
type Shown = (Gold, u8, bool);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [out, bits, words, held_out, corpora @ ..] = &arguments[..] else {
        return Err("usage: train OUT BITS WORDS|- HELD_OUT|- CORPUS[=TIMES[+HEADINGS]]…".into());
    };
    let bits: u8 = bits.parse()?;
    let mut train: Vec<Shown> = Vec::new();
    let (mut held, mut copies) = (Vec::new(), Vec::new());
    for corpus in corpora {
        let (path, times) = corpus.rsplit_once('=').unwrap_or((corpus, "1"));
        let (times, headings) = times.split_once('+').unwrap_or((times, "0"));
        let (times, headings): (u8, u8) = (times.parse()?, headings.parse()?);
        let documents = corpus::read(Path::new(path), 2)?;
        let open = !documents
            .iter()
            .flat_map(|document| &document.names)
            .any(|name| TYPES.get(name.2) == Some(&EntityType::Misc));
        for (number, document) in documents.into_iter().enumerate() {
            if held_out == "-" && number % 10 == 9 {
                held.push(document);
            } else {
                if headings > 0 {
                    copies.push((headings::of(&document, number), headings, open));
                }
                train.push((document, times, open));
            }
        }
    }
    if held_out != "-" {
        held = corpus::read(Path::new(held_out), 2)?;
    }
    let lexicon = lexicon::of(&train, words)?;
    // What is known of words is known from texts as people write them.
    train.append(&mut copies);
    eprintln!(
        "{} documents, {} words in the lexicon",
        train.len(),
        lexicon.words.len()
    );
    let mut model = fit(&train, &held, lexicon, bits);
    calibration::fit(&mut model, &held);
    let bytes = model.to_bytes();
    std::fs::write(out, &bytes)?;
    eprintln!("{} bytes", bytes.len());
    Ok(())
}

fn fit(train: &[Shown], held: &[Gold], lexicon: Lexicon, bits: u8) -> Model {
    let (pool, rows, data) = features(train, &lexicon);
    eprintln!(
        "{} sentences, {} tokens, {} features",
        data.len(),
        rows.len(),
        pool.features.len()
    );
    let none = [[0.0; LABELS]; LABELS];
    let plan = Plan {
        epochs: EPOCHS,
        margin: MARGIN,
        rate: 1.0,
        without: None,
        seed: 0,
    };
    let mut first = learn(&rows, None, &data, pool.features.len(), &none, plan);
    let runs = if rows.len() > LARGE { 1 } else { RUNS };
    for seed in 1..runs {
        first.add(&learn(
            &rows,
            None,
            &data,
            pool.features.len(),
            &none,
            Plan { seed, ..plan },
        ));
    }
    // What the first pass will be like on text that it was not trained on, from two models of a half each.
    let unit = spread(&pool, &first, &lexicon, held);
    let mut base = vec![[0.0; LABELS]; rows.len()];
    let mut said = vec![First::default(); rows.len()];
    let mut viterbi = Viterbi::default();
    for fold in 0..2 {
        let half = Plan {
            epochs: HALF_EPOCHS,
            without: Some(fold),
            ..plan
        };
        let half = learn(&rows, None, &data, pool.features.len(), &none, half);
        let scale = unit / spread(&pool, &half, &lexicon, held);
        let transitions = half.transitions.map(|row| row.map(|weight| weight * scale));
        let mut labels = Vec::new();
        for sentence in data.iter().filter(|sentence| sentence.fold == fold) {
            let range = sentence.at..sentence.at + sentence.labels.len();
            for at in range.clone() {
                base[at] = score(&half.weights, &rows[at]).map(|score| score * scale);
                base[at][OTHER] = f32::NEG_INFINITY;
            }
            viterbi.best(&base[range.clone()], &transitions, &mut labels);
            for (at, &label) in range.zip(&labels) {
                said[at] = First {
                    label,
                    lead: lead(&base[at], label, unit),
                };
            }
        }
    }
    let plan_of_others = Plan {
        epochs: OTHER_EPOCHS,
        margin: OTHER_MARGIN * unit,
        rate: OTHER_RATE * unit,
        ..plan
    };
    let others = other::learn(
        &rows,
        &base,
        &data,
        pool.features.len(),
        &first.transitions,
        plan_of_others,
    );
    drop(rows);
    let mut votes_pool = Pool::new(2);
    let mut rows: Vec<[u32; VOTES]> = vec![[0; VOTES]; said.len()];
    for counting in [true, false] {
        let mut votes = Votes::default();
        let mut sheet = Sheet::default();
        let mut at = 0;
        for (document, ..) in train {
            let (tokens, _) = document.tokens();
            sheet.read(&document.text, &tokens, &lexicon);
            let said = &said[at..at + tokens.len()];
            votes.count(&sheet, said);
            for sentence in sentences(&tokens) {
                votes.features(
                    &sheet,
                    said,
                    sentence,
                    |_| true,
                    |place, row| {
                        if counting {
                            votes_pool.count(row);
                        } else {
                            rows[at + place] = row.map(|feature| votes_pool.number(feature));
                        }
                    },
                );
            }
            at += tokens.len();
        }
    }
    let plan = Plan {
        epochs: VOTE_EPOCHS,
        margin: plan.margin * VOTE_RATE * unit,
        rate: VOTE_RATE * unit,
        without: None,
        seed: 0,
    };
    let second = learn(
        &rows,
        Some(&base),
        &data,
        votes_pool.features.len(),
        &first.transitions,
        plan,
    );
    let mut second = second;
    for (at, weight) in second.transitions.as_flattened_mut().iter_mut().enumerate() {
        if at / LABELS == OTHER || at % LABELS == OTHER {
            *weight = others.transitions.as_flattened()[at];
        }
    }
    for (weights, &weight) in first.weights.iter_mut().zip(&others.weights) {
        weights.0[OTHER] = weight;
    }
    pack([(&pool, &first), (&votes_pool, &second)], unit, lexicon, bits)
}

/// The mean lead of the labels of capitalised words over their rivals in `documents`.
fn spread(pool: &Pool, learned: &Learned, lexicon: &Lexicon, documents: &[Gold]) -> f32 {
    let numbers: std::collections::HashMap<u64, u32> = pool
        .features
        .iter()
        .enumerate()
        .map(|(number, &feature)| (feature, number as u32))
        .collect();
    let mut sheet = Sheet::default();
    let (mut sum, mut count) = (0.0, 0.0);
    for document in documents {
        let (tokens, _) = document.tokens();
        sheet.read(&document.text, &tokens, lexicon);
        let mut at = 0;
        for sentence in sentences(&tokens) {
            sheet.features(sentence, |row| {
                let capital = tokens[at].of(&document.text).starts_with(char::is_uppercase);
                at += 1;
                if capital {
                    let row = row.map(|feature| numbers.get(&feature).copied().unwrap_or(0));
                    let mut scores = score(&learned.weights, &row);
                    scores[OTHER] = f32::NEG_INFINITY;
                    scores.sort_by(f32::total_cmp);
                    sum += scores[LABELS - 1] - scores[LABELS - 2];
                    count += 1.0_f32;
                }
            });
        }
    }
    sum / count.max(1.0)
}

fn features(documents: &[Shown], lexicon: &Lexicon) -> (Pool, Vec<[u32; TEMPLATES]>, Vec<Sentence>) {
    let tokens: usize = documents
        .iter()
        .map(|(document, ..)| document.tokens().0.len())
        .sum();
    let mut pool = Pool::new(if tokens > LARGE { 4 } else { 2 });
    let mut rows = Vec::with_capacity(tokens);
    let mut data = Vec::new();
    let mut sheet = Sheet::default();
    for counting in [true, false] {
        for (number, (document, times, open)) in documents.iter().enumerate() {
            let (tokens, spans) = document.tokens();
            sheet.read(&document.text, &tokens, lexicon);
            for sentence in sentences(&tokens) {
                if counting {
                    sheet.features(sentence, |row| pool.count(row));
                    continue;
                }
                let inside: Vec<Span> = spans
                    .iter()
                    .filter(|span| sentence.contains(&span.start))
                    .map(|span| Span {
                        start: span.start - sentence.start,
                        end: span.end - sentence.start,
                        kind: span.kind,
                    })
                    .collect();
                data.push(Sentence {
                    at: rows.len(),
                    labels: spell(sentence.len(), &inside),
                    times: *times,
                    open: *open,
                    fold: (number % 2) as u8,
                });
                sheet.features(sentence, |row| rows.push(row.map(|feature| pool.number(feature))));
            }
        }
    }
    (pool, rows, data)
}

/// Rounds the weights to small integers and keeps the heaviest rows.
fn pack(passes: [(&Pool, &Learned); 2], unit: f32, lexicon: Lexicon, bits: u8) -> Model {
    let peak = |weights: &Weights| {
        weights
            .0
            .iter()
            .enumerate()
            .map(|(label, weight)| {
                if label == OTHER {
                    weight.abs() / 4.0
                } else {
                    weight.abs()
                }
            })
            .fold(0.0_f32, f32::max)
    };
    let first = passes[0].1;
    let mut peaks: Vec<f32> = first.weights.iter().map(peak).collect();
    peaks.sort_by(f32::total_cmp);
    let scale = STEPS / peaks[peaks.len() - 1 - peaks.len() / 5000].max(1e-6);
    let mut rows: Vec<(f32, u64, [i8; LABELS])> = Vec::new();
    for (pass, (pool, learned)) in passes.into_iter().enumerate() {
        for (number, weights) in learned.weights.iter().enumerate().skip(1) {
            let small: [i8; LABELS] =
                std::array::from_fn(|label| (weights.0[label] * scale).round().clamp(-127.0, 127.0) as i8);
            if small.iter().any(|&weight| weight != 0) {
                let worth = peak(weights) * f32::from(pool.seen(number)).powf(OFTEN);
                // The few features of the second pass come first.
                let worth = if pass == 1 { f32::INFINITY } else { worth };
                rows.push((worth, pool.features[number], small));
            }
        }
    }
    rows.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let all = rows.len();
    rows.truncate(((ROWS << bits) as f32 * FILLED) as usize);
    let mut table = Table::new(bits);
    let kept = rows
        .iter()
        .filter(|(_, feature, weights)| table.insert(*feature, weights))
        .count();
    eprintln!("{kept} of {all} rows kept");
    let scaled = |learned: &Learned| learned.transitions.map(|row| row.map(|weight| weight * scale));
    Model {
        table,
        transitions: passes.map(|(_, learned)| scaled(learned)),
        lexicon,
        reach: 0,
        unit: unit * scale,
        ahead: f32::NEG_INFINITY,
        calibration: Default::default(),
    }
}
