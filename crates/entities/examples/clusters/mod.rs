//! Groups words by the company they keep.
//!
//! A word is the square roots of the shares of its neighbours among the commonest words, left and right apart
//! (so that the dot product of two words is the Bhattacharyya coefficient of their neighbourhoods), and k-means
//! on the sphere makes the groups.

use std::collections::HashMap;

const CLUSTERS: usize = 255;
const NEIGHBOURS: usize = 256;
const WORDS: usize = 24_000;
const ROUNDS: usize = 8;
const LEAST: u32 = 8;

/// The cluster, from 1, of each word of `running` that is common enough; 0 in `running` is a boundary.
pub(crate) fn of(running: &[u32]) -> HashMap<u32, u8> {
    let mut counts: HashMap<u32, u32> = HashMap::new();
    for &word in running.iter().filter(|&&word| word != 0) {
        *counts.entry(word).or_default() += 1;
    }
    let mut common: Vec<(u32, u32)> = counts.into_iter().filter(|&(_, count)| count >= LEAST).collect();
    common.sort_by_key(|&(word, count)| (std::cmp::Reverse(count), word));
    common.truncate(WORDS);
    let number: HashMap<u32, usize> = common
        .iter()
        .enumerate()
        .map(|(at, &(word, _))| (word, at))
        .collect();
    let mut vectors = vec![[0.0_f32; 2 * NEIGHBOURS]; common.len()];
    for pair in running.windows(2) {
        let (left, right) = (number.get(&pair[0]), number.get(&pair[1]));
        // The last column gathers the neighbours that are not among the commonest.
        let column = |word: Option<&usize>| word.map_or(NEIGHBOURS - 1, |&word| word.min(NEIGHBOURS - 1));
        if let Some(&left) = left {
            vectors[left][NEIGHBOURS + column(right)] += 1.0;
        }
        if let Some(&right) = right {
            vectors[right][column(left)] += 1.0;
        }
    }
    for vector in &mut vectors {
        let sum: f32 = vector.iter().sum();
        for value in vector.iter_mut() {
            *value = (*value / sum.max(1.0)).sqrt();
        }
    }
    let mut centres: Vec<[f32; 2 * NEIGHBOURS]> = vectors.iter().step_by(3).take(CLUSTERS).copied().collect();
    let mut nearest = vec![0_usize; vectors.len()];
    for _ in 0..ROUNDS {
        for (vector, nearest) in vectors.iter().zip(&mut nearest) {
            let mut best = f32::NEG_INFINITY;
            for (number, centre) in centres.iter().enumerate() {
                let mut lanes = [0.0_f32; 16];
                for (a, b) in vector.as_chunks::<16>().0.iter().zip(centre.as_chunks::<16>().0) {
                    for lane in 0..16 {
                        lanes[lane] += a[lane] * b[lane];
                    }
                }
                let product: f32 = lanes.iter().sum();
                if product > best {
                    best = product;
                    *nearest = number;
                }
            }
        }
        centres.fill([0.0; 2 * NEIGHBOURS]);
        for (vector, &nearest) in vectors.iter().zip(&nearest) {
            for (sum, value) in centres[nearest].iter_mut().zip(vector) {
                *sum += value;
            }
        }
        for centre in &mut centres {
            let norm = centre
                .iter()
                .map(|value| value * value)
                .sum::<f32>()
                .sqrt()
                .max(1e-9);
            for value in centre.iter_mut() {
                *value /= norm;
            }
        }
    }
    common
        .iter()
        .zip(nearest)
        .map(|(&(word, _), cluster)| (word, cluster as u8 + 1))
        .collect()
}
