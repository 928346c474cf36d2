//! From trained weights to the packed model: the weights that matter, in eight bits, and the temperatures.

use gristmill_language::model::{Model, ModelBuilder, ROW_FROM};

use crate::corpus::{Labelled, crop};
use crate::learn::{BITS, Weights, buckets};
use crate::rng::Rng;

/// Weights kept in the whole model for their size: two bytes each.
const ENTRIES: usize = 1_800_000;
/// Neighbours: where their weights in a bucket lie apart by this share of the least weight kept, all are kept.
const NEIGHBOURS: [&[&str]; 4] = [
    &["bs", "hr", "sr"],
    &["id", "ms"],
    &["nb", "nn"],
    &["nd", "xh", "zu"],
];
const APART: f32 = 0.75;
/// Buckets that fewer texts than this came upon are noise.
const MIN_HITS: u32 = 4;
/// What one unit of a packed weight is worth.
const STEP: f32 = 0.1;
/// Temperatures are fitted for texts of 2⁴ to 2¹² features.
const KNOTS: usize = 9;

/// Keeps the largest deviations from each bucket's median. `groups` holds the number of the first label of each
/// script and its weights.
pub(crate) fn prune(labels: &[Labelled], groups: &[(usize, Weights)]) -> Vec<Vec<(u8, i8)>> {
    let mut sizes = vec![0_usize; 128];
    for (_, weights) in groups {
        for weight in (0..1 << BITS).flat_map(|bucket| scaled(weights, bucket)) {
            sizes[(weight.abs() as usize).min(127)] += 1;
        }
    }
    let mut kept = 0;
    let threshold = (1..sizes.len())
        .rev()
        .find(|&size| {
            kept += sizes[size];
            kept > ENTRIES
        })
        .map_or(1, |size| size + 1);
    // Where a script has that many weights in a bucket, it has them all, in a row.
    let mut table = vec![Vec::new(); 1 << BITS];
    for (first, weights) in groups {
        let close = neighbours(&labels[*first..*first + weights.labels]);
        for (bucket, kept) in table.iter_mut().enumerate() {
            let scaled = scaled(weights, bucket);
            let large = |weight: f32| weight.abs() >= threshold as f32;
            let all = scaled.iter().filter(|&&weight| large(weight)).count() >= ROW_FROM;
            let apart = apart(&scaled, &close, APART * threshold as f32);
            let of = scaled
                .iter()
                .enumerate()
                .filter(|&(label, &weight)| all || large(weight) || apart.contains(&label));
            kept.extend(of.map(|(label, weight)| {
                let weight = weight.clamp(-127.0, 127.0).round() as i8;
                ((first + label) as u8, weight)
            }));
        }
    }
    eprintln!(
        "kept weights of {threshold} units and more; {} clipped",
        sizes[127]
    );
    table
}

/// The numbers of the labels of each group of neighbours, counted from the first of `labels`.
fn neighbours(labels: &[Labelled]) -> Vec<Vec<usize>> {
    let of = |group: &[&str]| -> Vec<usize> {
        let members = labels.iter().enumerate();
        members
            .filter(|(_, label)| group.contains(&label.language.as_str()))
            .map(|(number, _)| number)
            .collect()
    };
    NEIGHBOURS.iter().map(|group| of(group)).collect()
}

/// The labels of those groups of neighbours whose `weights` are `least` or more apart.
fn apart(weights: &[f32], groups: &[Vec<usize>], least: f32) -> Vec<usize> {
    let spread = |group: &&Vec<usize>| {
        let of = || group.iter().filter_map(|&label| weights.get(label).copied());
        of().fold(f32::MIN, f32::max) - of().fold(f32::MAX, f32::min)
    };
    let kept = groups
        .iter()
        .filter(|group| group.len() > 1 && spread(group) >= least);
    kept.flatten().copied().collect()
}

/// How far each weight of `bucket` deviates from their median, in units; none where the bucket is noise.
fn scaled(weights: &Weights, bucket: usize) -> Vec<f32> {
    if weights.hits[bucket] < MIN_HITS {
        return Vec::new();
    }
    let row = &weights.rows[bucket * weights.stride..][..weights.labels];
    let mut sorted = row.to_vec();
    sorted.sort_by(f32::total_cmp);
    let median = sorted[sorted.len() / 2];
    row.iter().map(|weight| (weight - median) / STEP).collect()
}

/// Fits the temperature at each length on texts that were held out, the packed weights in place.
pub(crate) fn pack(labels: &[Labelled], table: Vec<Vec<(u8, i8)>>) -> anyhow::Result<Vec<u8>> {
    let mut builder = ModelBuilder {
        bits: BITS,
        step: STEP,
        temperatures: vec![1.0; KNOTS],
        labels: labels
            .iter()
            .map(|label| (label.language.clone(), label.script.to_owned()))
            .collect(),
        buckets: table,
    };
    let bytes = builder.pack();
    let model = Model::new(&bytes)?;
    let mut bins: Vec<Vec<(usize, Vec<f32>)>> = vec![Vec::new(); KNOTS];
    let mut rng = Rng(3);
    let mut found = Vec::new();
    for (gold, label) in labels.iter().enumerate() {
        let Some(script) = gristmill_language::Script::from_code(label.script) else {
            continue;
        };
        let range = model.range(script);
        if range.len() < 2 || label.held_out.is_empty() {
            continue;
        }
        for draw in 0..400 {
            let mut text = rng.pick(&label.held_out).clone();
            match draw % 4 {
                0 => {}
                1 | 2 => text = crop(&text, &mut rng).to_owned(),
                _ => {
                    for _ in 0..rng.between(1, 12) {
                        text.push(' ');
                        text.push_str(rng.pick::<String>(&label.held_out));
                    }
                }
            }
            buckets(&text, &mut found);
            if found.is_empty() {
                continue;
            }
            let mut scores = vec![0_f32; range.len()];
            for &bucket in &found {
                for &(label, weight) in &builder.buckets[bucket as usize] {
                    if range.contains(&(label as usize)) {
                        scores[label as usize - range.start] += f32::from(weight);
                    }
                }
            }
            let scale = STEP / (found.len() as f32).sqrt();
            scores.iter_mut().for_each(|score| *score *= scale);
            let knot = (found.len() as f32).log2().round() as usize;
            bins[knot.clamp(4, KNOTS + 3) - 4].push((gold - range.start, scores));
        }
    }
    for (knot, bin) in bins.iter().enumerate() {
        if bin.len() < 100 {
            builder.temperatures[knot] = if knot > 0 {
                builder.temperatures[knot - 1]
            } else {
                1.0
            };
            continue;
        }
        let loss = |temperature: f32| -> f64 {
            bin.iter()
                .map(|(gold, scores)| {
                    let highest = scores.iter().copied().fold(f32::MIN, f32::max);
                    let total: f32 = scores
                        .iter()
                        .map(|score| ((score - highest) * temperature).exp())
                        .sum();
                    f64::from(total.ln() - (scores[*gold] - highest) * temperature)
                })
                .sum()
        };
        let best = (1..=80)
            .map(|tenths| tenths as f32 / 20.0)
            .min_by(|a, b| loss(*a).total_cmp(&loss(*b)))
            .unwrap_or(1.0);
        let right = bin
            .iter()
            .filter(|(gold, scores)| scores.iter().all(|&score| score <= scores[*gold]))
            .count();
        eprintln!(
            "2^{} features: temperature {best}, {:.2} % of {} held out right",
            knot + 4,
            100.0 * right as f64 / bin.len() as f64,
            bin.len()
        );
        builder.temperatures[knot] = best;
    }
    Ok(builder.pack())
}
