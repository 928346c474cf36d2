//! Multinomial logistic regression over hashed features, one model for each script.

use gristmill_language::features::Words;

use crate::corpus::{Labelled, crop};
use crate::rng::Rng;

/// Bits of the hash.
pub(crate) const BITS: u32 = 19;
/// The most features of a text that count.
pub(crate) const CAP: usize = 4096;
/// The step of AdaGrad.
const RATE: f32 = 1.0;
/// Six texts of ten are cut to the length of a headline: what makes short texts work.
const CROPPED: f64 = 0.6;

/// Moments of the last pass, less one, at which the weights enter the mean.
const MOMENTS: usize = 9;

/// Weights of one script: for each bucket a row of `stride` numbers, the first `labels` of which count.
pub(crate) struct Weights {
    pub(crate) labels: usize,
    pub(crate) stride: usize,
    pub(crate) rows: Vec<f32>,
    /// In how many texts drawn each bucket came up.
    pub(crate) hits: Vec<u32>,
}

/// The buckets of the features of `text`, [`CAP`] at most.
pub(crate) fn buckets(text: &str, into: &mut Vec<u32>) {
    into.clear();
    let mut words = Words::new(text);
    while let Some(word) = words.next_word() {
        word.features(|hash| into.push(hash >> (32 - BITS)));
        if into.len() >= CAP {
            break;
        }
    }
}

/// Learns to tell `labels` apart, which share a script, in `passes` passes.
pub(crate) fn learn(labels: &[&Labelled], passes: usize) -> Weights {
    let stride = labels.len().next_multiple_of(8);
    let mut weights = vec![0_f32; stride << BITS];
    let mut squares = vec![0_f32; 1 << BITS];
    let mut hits = vec![0_u32; 1 << BITS];
    let mut rng = Rng(labels.len() as u64);
    let sums: Vec<Vec<f32>> = labels.iter().map(|label| running_sums(label)).collect();
    let mut found = Vec::new();
    let mut scores = vec![0_f32; stride];
    // The mean of the weights at several moments of the last pass generalises better than where they end up.
    let mut mean = vec![0_f32; stride << BITS];
    for pass in 0..passes {
        let mut order: Vec<usize> = labels
            .iter()
            .enumerate()
            .flat_map(|(number, label)| std::iter::repeat_n(number, label.draws))
            .collect();
        rng.shuffle(&mut order);
        let moments = order.len().div_ceil(MOMENTS).max(1);
        for (draw, gold) in order.into_iter().enumerate() {
            if pass + 1 == passes && draw % moments == moments - 1 {
                for (mean, weight) in mean.iter_mut().zip(&weights) {
                    *mean += weight / (MOMENTS - 1) as f32;
                }
            }
            let sum = &sums[gold];
            let place = rng.next() as f64 / u64::MAX as f64 * f64::from(sum[sum.len() - 1]);
            let row = sum
                .partition_point(|&sum| f64::from(sum) < place)
                .min(sum.len() - 1);
            let text = labels[gold].rows[row].text.as_str();
            let text = if rng.chance(CROPPED) {
                crop(text, &mut rng)
            } else {
                text
            };
            buckets(text, &mut found);
            if found.is_empty() {
                continue;
            }
            let scale = 1.0 / (found.len() as f32).sqrt();
            scores.fill(0.0);
            for &bucket in &found {
                let row = &weights[bucket as usize * stride..][..stride];
                for (score, weight) in scores.iter_mut().zip(row) {
                    *score += weight;
                }
            }
            softmax(&mut scores, labels.len(), scale);
            scores[gold] -= 1.0;
            let norm: f32 = scores.iter().map(|gradient| gradient * gradient).sum();
            for gradient in &mut scores {
                *gradient *= scale;
            }
            for &bucket in &found {
                let bucket = bucket as usize;
                hits[bucket] += 1;
                squares[bucket] += norm * scale * scale;
                let rate = RATE / (squares[bucket] + 1e-8).sqrt();
                let row = &mut weights[bucket * stride..][..stride];
                for (weight, gradient) in row.iter_mut().zip(&scores) {
                    *weight -= rate * gradient;
                }
            }
        }
    }
    Weights {
        labels: labels.len(),
        stride,
        rows: mean,
        hits,
    }
}

fn running_sums(label: &Labelled) -> Vec<f32> {
    let mut sum = 0.0;
    label
        .rows
        .iter()
        .map(|row| {
            sum += row.weight;
            sum
        })
        .collect()
}

/// Makes probabilities of the first `labels` of `scores`, times `scale`, and zeros of the rest.
fn softmax(scores: &mut [f32], labels: usize, scale: f32) {
    let highest = scores[..labels].iter().copied().fold(f32::MIN, f32::max);
    let mut total = 0.0;
    for score in &mut scores[..labels] {
        *score = ((*score - highest) * scale).exp();
        total += *score;
    }
    for score in &mut scores[..labels] {
        *score /= total;
    }
    scores[labels..].fill(0.0);
}
