//! Fits the probability of a name to its leads, by logistic regression on documents that no weight was trained on.

use gristmill_entities::labels::TYPES;
use gristmill_entities::model::Model;
use gristmill_entities::tagger::Work;

use crate::corpus::Gold;

/// In how many parts the documents are cut, to measure on each what the others fit.
const PARTS: usize = 5;

/// How strongly the weights of a type are drawn to those of all types together: as strongly as by so much information of
/// its own names. Types with few names are thus like the rest.
const PULL: f64 = 5.0;

/// Keeps the fit of all types defined where the leads say the same.
const RIDGE: f64 = 1e-3;

/// How near to a capital or an unknown word a token must be to be weighed, from the fastest.
const REACHES: [u8; 5] = [2, 3, 4, 6, 8];

/// How many eighths of the unit lead are tried for names of other kinds.
const STEPS: u8 = 24;

/// The leads of a name, and whether it is right.
type Case = ([f64; 3], f64);

/// Gives `model` the reach, the lead of other names and the calibration that fit `documents`, and tells how far off the
/// probabilities are on documents that did not fit them.
pub(crate) fn fit(model: &mut Model, documents: &[Gold]) {
    model.ahead = ahead(model, documents);
    model.reach = reach(model, documents);
    eprintln!("reach {}", model.reach);
    let parts: Vec<_> = (0..PARTS)
        .map(|part| cases(model, documents.iter().skip(part).step_by(PARTS)))
        .collect();
    let others = |without: usize| {
        let mut all: [Vec<Case>; TYPES.len()] = Default::default();
        for (_, part) in parts.iter().enumerate().filter(|(part, _)| *part != without) {
            for (all, more) in all.iter_mut().zip(part) {
                all.extend(more);
            }
        }
        all
    };
    let fitted = (0..PARTS).map(|part| (&parts[part], weights(&others(part))));
    eprintln!(
        "calibration error {:.1} % in {PARTS} parts",
        error(fitted) * 100.0
    );
    let all = others(PARTS);
    model.calibration = weights(&all).map(|weights| weights.map(|weight| weight as f32));
}

/// What names of other kinds must get ahead for their F1 to be best: the tagger learned on texts where it was too sure of the rest.
fn ahead(model: &mut Model, documents: &[Gold]) -> f32 {
    let other = TYPES.len() - 1;
    let mut best = (0.0, f32::NEG_INFINITY);
    for step in 0..STEPS {
        model.ahead = f32::from(step) * model.unit / 8.0;
        let (mut right, mut both) = (0_usize, 0_usize);
        let mut work = Work::default();
        for document in documents {
            let (tokens, gold) = document.tokens();
            both += gold.iter().filter(|span| span.kind == other).count();
            model.tag(&document.text, &tokens, &mut work, true, |span, _, _| {
                both += usize::from(span.kind == other);
                right += usize::from(span.kind == other && gold.contains(&span));
            });
        }
        let f1 = 2.0 * right as f64 / both.max(1) as f64;
        if f1 > best.0 {
            best = (f1, model.ahead);
        }
    }
    best.1
}

/// The shortest reach that costs no name, or 0.
fn reach(model: &mut Model, documents: &[Gold]) -> u8 {
    model.reach = 0;
    let all = agreement(model, documents);
    let enough = REACHES.into_iter().find(|&reach| {
        model.reach = reach;
        agreement(model, documents) >= all
    });
    enough.unwrap_or(0)
}

/// F1 of all names.
fn agreement(model: &Model, documents: &[Gold]) -> f64 {
    let (mut right, mut both) = (0_usize, 0_usize);
    let mut work = Work::default();
    for document in documents {
        let (tokens, gold) = document.tokens();
        both += gold.len();
        model.tag(&document.text, &tokens, &mut work, true, |span, _, _| {
            both += 1;
            right += usize::from(gold.contains(&span));
        });
    }
    2.0 * right as f64 / both.max(1) as f64
}

fn cases<'g>(model: &Model, documents: impl Iterator<Item = &'g Gold>) -> [Vec<Case>; TYPES.len()] {
    let mut cases: [Vec<Case>; TYPES.len()] = Default::default();
    let mut work = Work::default();
    for document in documents {
        let (tokens, gold) = document.tokens();
        for others in [false, true] {
            model.tag(&document.text, &tokens, &mut work, others, |span, least, mean| {
                let right = f64::from(u8::from(gold.contains(&span)));
                let leads = model.leads(least, mean);
                if others == (span.kind + 1 == TYPES.len()) {
                    cases[span.kind].push((leads, right));
                }
            });
        }
    }
    cases
}

fn weights(cases: &[Vec<Case>; TYPES.len()]) -> [[f64; 3]; TYPES.len()] {
    let all = logistic(&cases.concat(), &[0.0; 3], RIDGE);
    std::array::from_fn(|kind| logistic(&cases[kind], &all, PULL))
}

/// The mean distance between probability and share of right names in ten equal ranges of the probability, over all parts
/// with the weights for each.
fn error<'c>(fitted: impl Iterator<Item = (&'c [Vec<Case>; TYPES.len()], [[f64; 3]; TYPES.len()])>) -> f64 {
    let mut bins = [0.0_f64; 10];
    let mut count = 0;
    for (cases, weights) in fitted {
        for (cases, weights) in cases.iter().zip(&weights).take(3) {
            for (leads, right) in cases {
                let probability = probability(leads, weights);
                bins[((probability * 10.0) as usize).min(9)] += probability - right;
            }
            count += cases.len();
        }
    }
    bins.iter().map(|bin| bin.abs()).sum::<f64>() / count.max(1) as f64
}

fn probability(leads: &[f64; 3], weights: &[f64; 3]) -> f64 {
    let sum: f64 = leads
        .iter()
        .zip(weights)
        .map(|(lead, weight)| lead * weight)
        .sum();
    1.0 / (1.0 + (-sum).exp())
}

/// The weights under which the cases are likeliest, drawn to `center` by `pull`.
fn logistic(cases: &[Case], center: &[f64; 3], pull: f64) -> [f64; 3] {
    let mut weights = *center;
    // Newton's method.
    for _ in 0..30 {
        let mut slope = [0.0_f64; 3];
        let mut curve = [[0.0_f64; 3]; 3];
        for (leads, right) in cases {
            let probability = probability(leads, &weights);
            for (a, row) in curve.iter_mut().enumerate() {
                slope[a] += (right - probability) * leads[a];
                for (b, cell) in row.iter_mut().enumerate() {
                    *cell += probability * (1.0 - probability) * leads[a] * leads[b];
                }
            }
        }
        for (at, row) in curve.iter_mut().enumerate() {
            row[at] += pull;
            slope[at] -= pull * (weights[at] - center[at]);
        }
        for (weight, step) in weights.iter_mut().zip(solve(curve, slope)) {
            *weight += step.clamp(-1.0, 1.0);
        }
    }
    weights
}

/// The solution of three linear equations, by Cramer's rule.
fn solve(rows: [[f64; 3]; 3], right: [f64; 3]) -> [f64; 3] {
    let determinant = |m: [[f64; 3]; 3]| {
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
            + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    };
    let whole = determinant(rows);
    std::array::from_fn(|column| {
        let mut swapped = rows;
        for (row, &value) in swapped.iter_mut().zip(&right) {
            row[column] = value;
        }
        determinant(swapped) / whole
    })
}
