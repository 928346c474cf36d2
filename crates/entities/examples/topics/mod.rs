//! What documents are about: spherical k-means over the words that they are written with.
//!
//! "Barcelona" is a club in a report of a match and a city elsewhere, and the words of the report tell.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use gristmill_entities::features::{TOPICS, hash};
use gristmill_entities::tokens::tokenize;

const ROUNDS: usize = 15;
/// A word must stand in this many documents, and in no more than one of [`COMMON`].
const RARE: usize = 8;
const COMMON: usize = 8;

/// The topic, from 1, of each lower-case word that is typical of one.
pub(crate) fn of<'t>(texts: impl Iterator<Item = &'t str>) -> BTreeMap<u32, u8> {
    let mut tokens = Vec::new();
    let mut documents: Vec<Vec<u32>> = Vec::new();
    let mut spread: HashMap<u32, usize> = HashMap::new();
    for text in texts {
        tokenize(text, &mut tokens);
        let words: BTreeSet<u32> = tokens
            .iter()
            .map(|token| token.of(text))
            .filter(|word| word.chars().all(char::is_lowercase))
            .map(|word| hash(word.chars()))
            .collect();
        for &word in &words {
            *spread.entry(word).or_default() += 1;
        }
        documents.push(words.into_iter().collect());
    }
    let mut kept: Vec<u32> = spread
        .iter()
        .filter(|&(_, &count)| count >= RARE && count * COMMON <= documents.len())
        .map(|(&word, _)| word)
        .collect();
    kept.sort_unstable();
    let number: HashMap<u32, usize> = kept.iter().enumerate().map(|(at, &word)| (word, at)).collect();
    let weight: Vec<f32> = kept
        .iter()
        .map(|word| (documents.len() as f32 / spread[word] as f32).ln())
        .collect();
    let documents: Vec<Vec<usize>> = documents
        .iter()
        .map(|words| {
            words
                .iter()
                .filter_map(|word| number.get(word).copied())
                .collect()
        })
        .filter(|words: &Vec<usize>| words.len() > 4)
        .collect();
    let length = |words: &Vec<usize>| {
        words
            .iter()
            .map(|&word| weight[word] * weight[word])
            .sum::<f32>()
            .sqrt()
    };
    let lengths: Vec<f32> = documents.iter().map(length).collect();
    // Neighbours in a corpus are often alike, so blocks of them begin a topic.
    let block = documents.len().div_ceil(TOPICS * 4).max(1);
    let mut topic: Vec<usize> = (0..documents.len()).map(|at| at / block % TOPICS).collect();
    for _ in 0..ROUNDS {
        let mut centres = vec![vec![0.0_f32; kept.len()]; TOPICS];
        for ((words, &length), &topic) in documents.iter().zip(&lengths).zip(&topic) {
            for &word in words {
                centres[topic][word] += weight[word] / length;
            }
        }
        let sizes: Vec<f32> = centres
            .iter()
            .map(|centre| centre.iter().map(|value| value * value).sum::<f32>())
            .collect();
        topic = documents
            .iter()
            .zip(&lengths)
            .zip(&topic)
            .map(|((words, &length), &own)| {
                // A document does not count for the centre that it is compared with, or it would stay where it is.
                let score = |number: usize| {
                    let product = words
                        .iter()
                        .map(|&word| centres[number][word] * weight[word])
                        .sum::<f32>()
                        / length;
                    let (product, size) = if number == own {
                        (product - 1.0, sizes[number] - 2.0 * product + 1.0)
                    } else {
                        (product, sizes[number])
                    };
                    product / size.max(1e-6).sqrt()
                };
                (1..TOPICS)
                    .fold((0, score(0)), |best, number| {
                        let score = score(number);
                        if score > best.1 { (number, score) } else { best }
                    })
                    .0
            })
            .collect();
    }
    let mut counts = vec![[0_usize; TOPICS]; kept.len()];
    let mut sizes = [0_usize; TOPICS];
    for (words, &topic) in documents.iter().zip(&topic) {
        sizes[topic] += 1;
        for &word in words {
            counts[word][topic] += 1;
        }
    }
    eprintln!("topics of {sizes:?} documents");
    let typical = kept.iter().zip(&counts).filter_map(|(&word, counts)| {
        let rate = |topic: usize| counts[topic] as f32 / sizes[topic].max(1) as f32;
        let all: f32 = (0..TOPICS).map(rate).sum();
        let best = (0..TOPICS).fold(
            0,
            |best, topic| if rate(topic) > rate(best) { topic } else { best },
        );
        (rate(best) > 0.4 * all).then_some((word, best as u8 + 1))
    });
    typical.collect()
}
