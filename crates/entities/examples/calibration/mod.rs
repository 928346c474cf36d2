//! Fits the probability of a name to its leads, by logistic regression on documents that no weight was trained on.

use gristmill_entities::labels::TYPES;
use gristmill_entities::model::Model;
use gristmill_entities::tagger::Work;

use crate::corpus::Gold;

/// A type with fewer names than this shares the weights of all types.
const LEAST: usize = 60;

/// How near to a capital or an unknown word a token must be to be weighed, from the fastest.
const REACHES: [u8; 5] = [2, 3, 4, 6, 8];

/// How many eighths of the unit lead are tried for names of other kinds.
const STEPS: u8 = 24;

/// The leads of a name in units, and whether it is right.
type Case = ([f64; 3], f64);

/// Gives `model` the reach, the lead of other names and the calibration that fit `documents`, and tells how far off the probabilities of one half of the documents are if
/// the other half fits them.
pub(crate) fn fit(model: &mut Model, documents: &[Gold]) {
    model.ahead = ahead(model, documents);
    model.reach = reach(model, documents);
    eprintln!("reach {}", model.reach);
    let halves = [0, 1].map(|half| cases(model, documents.iter().skip(half).step_by(2)));
    let mut all = halves[0].clone();
    for (all, more) in all.iter_mut().zip(&halves[1]) {
        all.extend(more);
    }
    let off: Vec<f64> = (0..2)
        .map(|half| error(&halves[half], &weights(&halves[1 - half])))
        .collect();
    eprintln!(
        "calibration error {:.1} % and {:.1} % on halves",
        off[0] * 100.0,
        off[1] * 100.0
    );
    let unit = f64::from(model.unit);
    model.calibration =
        weights(&all).map(|[least, mean, one]| [least / unit, mean / unit, one].map(|weight| weight as f32));
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
                let leads = [(least / model.unit).into(), (mean / model.unit).into(), 1.0];
                if others == (span.kind + 1 == TYPES.len()) {
                    cases[span.kind].push((leads, right));
                }
            });
        }
    }
    cases
}

fn weights(cases: &[Vec<Case>; TYPES.len()]) -> [[f64; 3]; TYPES.len()] {
    let all = logistic(&cases.concat());
    std::array::from_fn(|kind| match &cases[kind] {
        few if few.len() < LEAST => all,
        cases => logistic(cases),
    })
}

/// The mean distance between probability and share of right names in ten equal ranges of the probability.
fn error(cases: &[Vec<Case>; TYPES.len()], weights: &[[f64; 3]; TYPES.len()]) -> f64 {
    let mut bins = [0.0_f64; 10];
    for (cases, weights) in cases.iter().zip(weights).take(3) {
        for (leads, right) in cases {
            let probability = probability(leads, weights);
            bins[((probability * 10.0) as usize).min(9)] += probability - right;
        }
    }
    let count = cases.iter().take(3).map(Vec::len).sum::<usize>();
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

fn logistic(cases: &[Case]) -> [f64; 3] {
    let mut weights = [0.0_f64; 3];
    // Newton's method; the ridge keeps the step defined where the leads say the same.
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
            row[at] += 1e-3;
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
