//! Scores the tagger: `score LANGUAGE CORPUS…` prints for each corpus the fair F1, the kinds of errors, how far the probabilities
//! are off, and the speed. `LANGUAGE=MODEL` takes the tagger from a file, and of `CORPUS/10` every tenth document counts, which the trainer
//! holds back.
//!
//! A mention counts where its span and type are right; a leading article and a trailing possessive count on
//! neither side. The calibration error is the mean distance, over ten equal ranges of the probability, between it and the share
//! of mentions that are right, weighted by the mentions in the range.

mod corpus;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use corpus::Gold;
use gristmill_core::{Entity, EntityType};
use gristmill_entities::model::Model;
use gristmill_entities::{Recognizer, model};

/// Spans in bytes with their type number, and a probability.
type Names = BTreeMap<(usize, usize, usize), f64>;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (language, corpora) = arguments
        .split_first()
        .ok_or("usage: score LANGUAGE[=MODEL] CORPUS…")?;
    let load = Instant::now();
    let mut recognizer = Recognizer::default();
    let language = match language.split_once('=') {
        Some((language, file)) => {
            recognizer.tagger = Some(Arc::new(Model::from_bytes(&std::fs::read(file)?)?));
            language
        }
        None => {
            model(Some(language)).ok_or("no tagger for this language")?;
            language
        }
    };
    println!("ready in {:.1} ms", load.elapsed().as_secs_f64() * 1e3);
    for path in corpora {
        score(&mut recognizer, language, path)?;
    }
    Ok(())
}

fn score(recognizer: &mut Recognizer, language: &str, path: &str) -> Result<(), Box<dyn Error>> {
    // A held-out part is cut as the trainer cuts it.
    let documents = match path.strip_suffix("/10") {
        None => corpus::read(Path::new(path), 1)?,
        Some(path) => corpus::read(Path::new(path), 2)?
            .into_iter()
            .skip(9)
            .step_by(10)
            .collect(),
    };
    let start = Instant::now();
    let mut said = read(recognizer, &documents, language);
    let seconds = start.elapsed().as_secs_f64();
    // The other types once more, since asking for them may change what is said of the three.
    let usual = std::mem::replace(&mut recognizer.types, EntityType::ALL.to_vec());
    for (said, all) in said.iter_mut().zip(read(recognizer, &documents, language)) {
        said.extend(all.into_iter().filter(|entity| !usual.contains(&entity.kind)));
    }
    recognizer.types = usual;
    let errors = std::env::var_os("ERRORS").is_some();
    let mut counts = [[0_usize; 3]; EntityType::ALL.len()];
    let mut faults = [[[0_usize; 3]; 2]; EntityType::ALL.len()];
    let mut bins = [(0.0_f64, 0.0_f64, 0.0_f64); 10];
    let mut words = 0;
    for (document, entities) in documents.iter().zip(&said) {
        words += document.text.split_whitespace().count();
        let bytes: Vec<usize> = document.text.char_indices().map(|(at, _)| at).collect();
        let byte = |point: usize| bytes.get(point).copied().unwrap_or(document.text.len());
        let found: Names = entities
            .iter()
            .flat_map(|entity| entity.mentions.iter().map(|mention| (entity.kind, mention)))
            .filter_map(|(kind, mention)| {
                let kind = EntityType::ALL.iter().position(|known| *known == kind)?;
                Some(((byte(mention.start), byte(mention.end), kind), mention.score))
            })
            .collect();
        let gold: Names = document.names.iter().map(|&name| (name, 1.0)).collect();
        let (gold, found) = (fair(&document.text, &gold), fair(&document.text, &found));
        for (name, &score) in found.iter().filter(|(name, _)| name.2 < 3) {
            let bin = &mut bins[((score * 10.0) as usize).min(9)];
            let right = f64::from(u8::from(gold.contains_key(name)));
            *bin = (bin.0 + 1.0, bin.1 + score, bin.2 + right);
        }
        for name in found.keys() {
            counts[name.2][usize::from(!gold.contains_key(name))] += 1;
        }
        for name in gold.keys().filter(|name| !found.contains_key(name)) {
            counts[name.2][2] += 1;
        }
        for (side, names, others) in [(0, &found, &gold), (1, &gold, &found)] {
            for name in names.keys().filter(|name| !others.contains_key(name)) {
                let rival = others.keys().find(|other| other.0 < name.1 && other.1 > name.0);
                let fault = match rival {
                    Some(rival) if (rival.0, rival.1) == (name.0, name.1) => 0,
                    Some(_) => 1,
                    None => 2,
                };
                faults[name.2][side][fault] += 1;
                if errors {
                    list(&document.text, side, *name, rival.copied());
                }
            }
        }
    }
    let all = counts[..3]
        .iter()
        .fold([0; 3], |sum, count| std::array::from_fn(|at| sum[at] + count[at]));
    let mentions: f64 = bins.iter().map(|bin| bin.0).sum();
    let off: f64 = bins.iter().map(|bin| (bin.1 - bin.2).abs()).sum();
    let speed = words as f64 / seconds / 1e3;
    println!(
        "{path}: fair F1 {:.1}, calibration error {:.1} %, {speed:.0} kwords/s",
        f1(all),
        off / mentions.max(1.0) * 100.0
    );
    for (kind, (count, [said, missed])) in EntityType::ALL.iter().zip(counts.iter().zip(faults)) {
        if count[0] + count[2] > 0 {
            let f1 = f1(*count);
            let total = count[0] + count[2];
            println!(
                "  {} {f1:.1} of {total}; said / missed: another type {} / {}, other bounds {} / {}, nothing there {} / {}",
                kind.as_str(),
                said[0],
                missed[0],
                said[1],
                missed[1],
                said[2],
                missed[2]
            );
        }
    }
    Ok(())
}

fn read(recognizer: &Recognizer, documents: &[Gold], language: &str) -> Vec<Vec<Entity>> {
    documents
        .iter()
        .map(|document| recognizer.entities(&document.text, Some(language)))
        .map(|found| found.into_iter().map(|(entity, _)| entity).collect())
        .collect()
}

fn f1([right, wrong, missed]: [usize; 3]) -> f64 {
    200.0 * right as f64 / (2 * right + wrong + missed).max(1) as f64
}

fn fair(text: &str, names: &Names) -> Names {
    let trim = |(&(mut start, mut end, kind), &score): (&(usize, usize, usize), &f64)| {
        let articles = ["the ", "The ", "a ", "A ", "an ", "An "];
        if let Some(article) = articles
            .iter()
            .find(|article| text[start..end].starts_with(**article))
        {
            start += article.len();
        }
        let tails = [" 's", " ’s", "'s", "’s", " '"];
        if let Some(tail) = tails
            .iter()
            .find(|tail| text[start..end].ends_with(**tail) && end - start > tail.len())
        {
            end -= tail.len();
        }
        ((start, end, kind), score)
    };
    names.iter().map(trim).collect()
}

/// Prints an error with what stands there on the other side, and the words around it.
fn list(text: &str, side: usize, name: (usize, usize, usize), rival: Option<(usize, usize, usize)>) {
    let words = |(start, end, kind): (usize, usize, usize)| {
        format!("{} {}", EntityType::ALL[kind].as_str(), &text[start..end])
    };
    let rival = rival.map_or(String::new(), |rival| format!(" ({})", words(rival)));
    let mut from = name.0.saturating_sub(50);
    while !text.is_char_boundary(from) {
        from -= 1;
    }
    let mut to = (name.1 + 50).min(text.len());
    while !text.is_char_boundary(to) {
        to += 1;
    }
    let around = text[from..to].replace('\n', " / ");
    println!("{} {}{rival}: {around}", ["+", "-"][side], words(name));
}
