//! Vectors of words by latent semantic indexing: the first directions of a weighted matrix of texts and words.

use std::collections::BTreeMap;

use gristmill_story::{DIMENSIONS, Term};

use crate::corpus::Text;

const MOST_WORDS: usize = 20_000;
const FEWEST_TEXTS: u32 = 5;
/// Words in more than this share of the texts say nothing of what they are about.
const COMMON: f64 = 0.3;
const ROUNDS: usize = 8;

/// The vectors as the stage reads them.
pub(crate) fn space(texts: &[Text]) -> Vec<u8> {
    let mut counts: BTreeMap<Term, u32> = BTreeMap::new();
    for (term, _) in texts.iter().flat_map(|text| &text.terms) {
        *counts.entry(*term).or_default() += 1;
    }
    let all = texts.len() as f64;
    let mut chosen: Vec<(u32, Term)> = counts
        .into_iter()
        .filter(|(_, count)| *count >= FEWEST_TEXTS && f64::from(*count) < all * COMMON)
        .map(|(term, count)| (count, term))
        .collect();
    chosen.sort_unstable_by(|a, b| b.cmp(a));
    chosen.truncate(MOST_WORDS);
    chosen.sort_unstable_by_key(|&(_, term)| term);
    let place: BTreeMap<Term, usize> = chosen
        .iter()
        .enumerate()
        .map(|(n, &(_, term))| (term, n))
        .collect();
    let rows: Vec<Vec<(usize, f32)>> = texts
        .iter()
        .map(|text| {
            let mut row: Vec<(usize, f32)> = text
                .terms
                .iter()
                .filter_map(|(term, count)| {
                    let n = *place.get(term)?;
                    let rarity = (all / f64::from(chosen[n].0)).ln();
                    Some((n, ((1.0 + f64::from(*count).ln()) * rarity) as f32))
                })
                .collect();
            let length = row
                .iter()
                .map(|(_, weight)| weight * weight)
                .sum::<f32>()
                .sqrt()
                .max(1e-6);
            row.iter_mut().for_each(|(_, weight)| *weight /= length);
            row
        })
        .collect();
    let mut random = 1_u64;
    let mut vectors: Vec<[f32; DIMENSIONS]> = (0..chosen.len())
        .map(|_| {
            [(); DIMENSIONS].map(|()| {
                random = random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                (random >> 40) as f32 / (1 << 24) as f32 - 0.5
            })
        })
        .collect();
    let mut sizes = [0.0; DIMENSIONS];
    for _ in 0..ROUNDS {
        orthogonal(&mut vectors);
        let mut next = vec![[0.0_f32; DIMENSIONS]; chosen.len()];
        for row in &rows {
            let mut sum = [0.0_f32; DIMENSIONS];
            for &(n, weight) in row {
                sum.iter_mut()
                    .zip(&vectors[n])
                    .for_each(|(sum, value)| *sum += weight * value);
            }
            for &(n, weight) in row {
                next[n]
                    .iter_mut()
                    .zip(&sum)
                    .for_each(|(to, value)| *to += weight * value);
            }
        }
        vectors = next;
    }
    for vector in &vectors {
        sizes
            .iter_mut()
            .zip(vector)
            .for_each(|(size, value)| *size += value * value);
    }
    // A vector now has the squares of the singular values in it; a fourth root of them is left, so that no few
    // directions outweigh the rest.
    let shrink = sizes.map(|size: f32| if size > 0.0 { size.sqrt().powf(-POWER) } else { 0.0 });
    for vector in &mut vectors {
        vector
            .iter_mut()
            .zip(&shrink)
            .for_each(|(value, shrink)| *value *= shrink);
    }
    let most = vectors
        .iter()
        .flatten()
        .fold(0.0_f32, |most, value| most.max(value.abs()));
    let mut bytes = (chosen.len() as u32).to_le_bytes().to_vec();
    bytes.extend(chosen.iter().flat_map(|(_, term)| term.to_le_bytes()));
    // Few values are near the largest: three times as fine, and those are cut.
    let byte = |value: &f32| ((value / most * 3.0 * 127.0).round().clamp(-127.0, 127.0) as i8) as u8;
    bytes.extend(vectors.iter().flatten().map(byte));
    bytes
}

const POWER: f32 = 1.0;

/// Makes the columns orthogonal and of length 1 (Gram and Schmidt).
fn orthogonal(vectors: &mut [[f32; DIMENSIONS]]) {
    for column in 0..DIMENSIONS {
        for before in 0..column {
            let dot: f32 = vectors.iter().map(|vector| vector[column] * vector[before]).sum();
            vectors
                .iter_mut()
                .for_each(|vector| vector[column] -= dot * vector[before]);
        }
        let length = vectors
            .iter()
            .map(|vector| vector[column] * vector[column])
            .sum::<f32>()
            .sqrt()
            .max(1e-12);
        vectors.iter_mut().for_each(|vector| vector[column] /= length);
    }
}
