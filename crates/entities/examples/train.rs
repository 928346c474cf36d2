//! Trains a tagger: `train OUT BITS HELD_OUT CORPUS…`.
//!
//! `HELD_OUT` is a corpus that only calibrates the scores, or `-` to hold back every tenth document. The
//! training is deterministic: the same corpora in the same order give the same bytes.

mod clusters;
mod corpus;

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;

use corpus::Gold;
use gristmill_entities::features::{Lexicon, Sheet, TEMPLATES, Usage, hash};
use gristmill_entities::labels::{LABELS, Span, spell};
use gristmill_entities::model::{Model, slot};
use gristmill_entities::tagger::Work;
use gristmill_entities::tokens::{sentences, tokenize};
use gristmill_entities::viterbi::{Transitions, Viterbi};

const EPOCHS: usize = 5;
/// The average of the heaviest rows is scaled to this many steps of the packed weights.
const STEPS: f32 = 100.0;

struct Sentence {
    /// Its first feature row in the list of all.
    at: usize,
    labels: Vec<u8>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [out, bits, held_out, corpora @ ..] = &arguments[..] else {
        return Err("usage: train OUT BITS HELD_OUT|- CORPUS…".into());
    };
    let bits: u8 = bits.parse()?;
    let mut train = Vec::new();
    let mut held = Vec::new();
    for path in corpora {
        for (number, document) in corpus::read(Path::new(path), 2)?.into_iter().enumerate() {
            if held_out == "-" && number % 10 == 9 {
                held.push(document);
            } else {
                train.push(document);
            }
        }
    }
    if held_out != "-" {
        held = corpus::read(Path::new(held_out), 2)?;
    }
    let lexicon = lexicon(&train);
    eprintln!(
        "{} documents, {} words in the lexicon",
        train.len(),
        lexicon.len()
    );
    let (rows, data) = features(&train, &lexicon, bits);
    eprintln!("{} sentences, {} tokens", data.len(), rows.len());
    let (weights, transitions) = learn(&rows, &data, bits);
    let mut model = pack(&weights, &transitions, bits, lexicon);
    calibrate(&mut model, &held);
    let bytes = model.to_bytes();
    std::fs::write(out, &bytes)?;
    eprintln!("{} bytes, calibration {:?}", bytes.len(), model.calibration);
    Ok(())
}

/// How the training text writes and uses each word that it has at least four times.
fn lexicon(documents: &[Gold]) -> Lexicon {
    let mut counts: HashMap<String, [u32; 2]> = HashMap::new();
    let mut running = Vec::new();
    let mut tokens = Vec::new();
    for document in documents {
        tokenize(&document.text, &mut tokens);
        for token in &tokens {
            let word = token.of(&document.text);
            let lower = word.to_lowercase();
            if word.chars().any(char::is_alphabetic) {
                let count = counts.entry(lower.clone()).or_default();
                if !token.first {
                    count[usize::from(word != lower)] += 1;
                }
            }
            running.push(hash(lower.chars()));
        }
        running.push(0);
    }
    let clusters = clusters::of(&running);
    let mut lexicon = Lexicon::default();
    for (word, [lower, upper]) in counts {
        let key = hash(word.chars());
        let all = lower + upper;
        let cluster = clusters.get(&key).copied().unwrap_or(0);
        if all >= 4 || cluster > 0 {
            let case = match lower * 100 / all.max(1) {
                0..=2 => 1,
                3..=20 => 2,
                21..=50 => 3,
                51..=80 => 4,
                81..=97 => 5,
                _ => 6,
            };
            lexicon.insert(key, Usage { case, cluster });
        }
    }
    lexicon
}

fn features(documents: &[Gold], lexicon: &Lexicon, bits: u8) -> (Vec<[u32; TEMPLATES]>, Vec<Sentence>) {
    let mut sheet = Sheet::default();
    let mut rows = Vec::new();
    let mut data = Vec::new();
    for document in documents {
        let (tokens, spans) = document.tokens();
        sheet.read(&document.text, &tokens, lexicon);
        for sentence in sentences(&tokens) {
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
            });
            sheet.features(sentence, |row| {
                rows.push(row.map(|feature| slot(feature, bits) as u32))
            });
        }
    }
    (rows, data)
}

/// A row's weights now, the sum that its average needs, and how often each was changed by.
struct Weights {
    now: Vec<[f32; LABELS]>,
    past: Vec<[f32; LABELS]>,
}

fn learn(rows: &[[u32; TEMPLATES]], data: &[Sentence], bits: u8) -> (Vec<[f32; LABELS]>, Transitions) {
    let mut weights = Weights {
        now: vec![[0.0; LABELS]; 1 << bits],
        past: vec![[0.0; LABELS]; 1 << bits],
    };
    let mut now: Transitions = [[0.0; LABELS]; LABELS];
    let mut past = now;
    let mut viterbi = Viterbi::default();
    let (mut emissions, mut said) = (Vec::new(), Vec::new());
    let mut order: Vec<usize> = (0..data.len()).collect();
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let total = (EPOCHS * data.len()) as f32;
    let mut step = 0.0_f32;
    for epoch in 0..EPOCHS {
        for at in (1..order.len()).rev() {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            order.swap(at, (random % (at as u64 + 1)) as usize);
        }
        let mut wrong = 0;
        for &number in &order {
            let Sentence { at, labels } = &data[number];
            let tokens = &rows[*at..*at + labels.len()];
            emissions.clear();
            emissions.extend(tokens.iter().map(|row| {
                let mut sum = [0.0; LABELS];
                for &feature in row {
                    for (sum, weight) in sum.iter_mut().zip(&weights.now[feature as usize]) {
                        *sum += weight;
                    }
                }
                sum
            }));
            viterbi.best(&emissions, &now, &mut said);
            // What a change at this step weighs in the average over all steps.
            let share = 1.0 - step / total;
            for (place, (&gold, &guess)) in labels.iter().zip(&said).enumerate() {
                let (gold, guess) = (usize::from(gold), usize::from(guess));
                if gold != guess {
                    wrong += 1;
                    for &feature in &tokens[place] {
                        let (now, past) = (
                            &mut weights.now[feature as usize],
                            &mut weights.past[feature as usize],
                        );
                        now[gold] += 1.0;
                        now[guess] -= 1.0;
                        past[gold] += share;
                        past[guess] -= share;
                    }
                }
                if place > 0 {
                    let before = (usize::from(labels[place - 1]), usize::from(said[place - 1]));
                    if before.0 != before.1 || gold != guess {
                        now[before.0][gold] += 1.0;
                        now[before.1][guess] -= 1.0;
                        past[before.0][gold] += share;
                        past[before.1][guess] -= share;
                    }
                }
            }
            step += 1.0;
        }
        eprintln!("epoch {epoch}: {wrong} tokens wrong");
    }
    (weights.past, past)
}

/// Rounds the weights to small integers; what rounds to nothing takes no room.
fn pack(weights: &[[f32; LABELS]], transitions: &Transitions, bits: u8, lexicon: Lexicon) -> Model {
    let mut peaks: Vec<f32> = weights
        .iter()
        .map(|row| row.iter().fold(0.0_f32, |peak, weight| peak.max(weight.abs())))
        .collect();
    peaks.sort_by(f32::total_cmp);
    let scale = STEPS / peaks[peaks.len() - 1 - peaks.len() / 2000].max(1e-6);
    let rows = weights
        .iter()
        .map(|row| {
            std::array::from_fn(|label| {
                row.get(label)
                    .map_or(0, |weight| (weight * scale).round().clamp(-127.0, 127.0) as i8)
            })
        })
        .collect();
    Model {
        bits,
        rows,
        transitions: transitions.map(|row| row.map(|weight| weight * scale)),
        lexicon,
        calibration: [0.0; 3],
    }
}

/// Fits the probability of a name to its leads, by logistic regression on documents not trained on.
fn calibrate(model: &mut Model, documents: &[Gold]) {
    const UNIT: f32 = 100.0;
    let mut cases = Vec::new();
    let mut work = Work::default();
    for document in documents {
        let (tokens, gold) = document.tokens();
        model.tag(&document.text, &tokens, &mut work, |span, least, mean| {
            cases.push((
                [least / UNIT, mean / UNIT, 1.0],
                f32::from(u8::from(gold.contains(&span))),
            ));
        });
    }
    let mut weights = [0.0_f32; 3];
    for _ in 0..2000 {
        let mut slope = [0.0_f32; 3];
        for (facts, right) in &cases {
            let sum: f32 = facts
                .iter()
                .zip(&weights)
                .map(|(fact, weight)| fact * weight)
                .sum();
            let error = right - 1.0 / (1.0 + (-sum).exp());
            for (slope, fact) in slope.iter_mut().zip(facts) {
                *slope += error * fact;
            }
        }
        for (weight, slope) in weights.iter_mut().zip(slope) {
            *weight += 0.5 * slope / cases.len().max(1) as f32;
        }
    }
    model.calibration = [weights[0] / UNIT, weights[1] / UNIT, weights[2]];
}
