//! What is known of words: from the corpora themselves, and from a list made of open packages.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;

use gristmill_entities::features::{Lexicon, Usage, hash};
use gristmill_entities::tokens::tokenize;

use crate::Shown;
use crate::clusters;
use crate::topics;

/// Words seen this often in mid-sentence need no list to tell how they are written.
const ENOUGH: u32 = 20;

/// How the corpora write and use each word that they have at least four times, with what the list at `words` adds.
pub(crate) fn of(documents: &[Shown], words: &str) -> Result<Lexicon, Box<dyn Error>> {
    let mut counts: HashMap<String, [u32; 2]> = HashMap::new();
    let mut running = Vec::new();
    let mut tokens = Vec::new();
    for (document, ..) in documents {
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
    for (word, [lower, upper]) in &counts {
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
            lexicon.words.insert(
                key,
                Usage {
                    case,
                    cluster,
                    ..Usage::default()
                },
            );
        }
    }
    for (word, topic) in topics::of(documents.iter().map(|(document, ..)| &*document.text)) {
        if let Some(usage) = lexicon.words.get_mut(&word) {
            usage.topic = topic;
        }
    }
    if words != "-" {
        add(&mut lexicon, &std::fs::read_to_string(words)?, &counts)?;
    }
    Ok(lexicon)
}

/// Lines of five columns: word, share of lower-case uses from 1 to 6, cluster in lower case, cluster capitalised, lists.
fn add(lexicon: &mut Lexicon, list: &str, counts: &HashMap<String, [u32; 2]>) -> Result<(), Box<dyn Error>> {
    let mut lines = Vec::new();
    let mut numbers = BTreeMap::from([(0_u32, 0_u16)]);
    for line in list.lines() {
        let mut columns = line.split('\t');
        let word = columns.next().ok_or("an empty line")?;
        let mut next = || -> Result<u32, Box<dyn Error>> {
            Ok(columns.next().ok_or("a line without five columns")?.parse()?)
        };
        let (case, paths, lists) = (next()?, [next()?, next()?], next()?);
        numbers.extend(paths.map(|path| (path, 0)));
        lines.push((word, case as u8, paths, lists as u16));
    }
    for (number, slot) in numbers.values_mut().enumerate() {
        *slot = number as u16;
    }
    lexicon.paths = numbers.keys().copied().collect();
    for (word, case, paths, lists) in lines {
        let usage = lexicon.words.entry(hash(word.chars())).or_default();
        let seen = counts.get(word).map_or(0, |[lower, upper]| lower + upper);
        if case > 0 && seen < ENOUGH {
            usage.case = case;
        }
        usage.paths = paths.map(|path| numbers.get(&path).copied().unwrap_or(0));
        usage.lists = lists;
    }
    Ok(())
}
