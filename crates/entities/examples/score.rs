//! Scores the tagger: `score LANGUAGE CORPUS…` prints the fair F1 of each corpus, by type, and the speed.
//!
//! A mention counts where its span and type are right; a leading article and a trailing possessive count on
//! neither side.

mod corpus;

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;
use std::time::Instant;

use gristmill_core::EntityType;
use gristmill_entities::{Recognizer, model};

type Names = BTreeSet<(usize, usize, usize)>;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (language, corpora) = arguments.split_first().ok_or("usage: score LANGUAGE CORPUS…")?;
    let load = Instant::now();
    model(Some(language)).ok_or("no tagger for this language")?;
    println!("ready in {:.1} ms", load.elapsed().as_secs_f64() * 1e3);
    for path in corpora {
        let documents = corpus::read(Path::new(path), 1)?;
        let recognizer = Recognizer::default();
        let start = Instant::now();
        let said: Vec<_> = documents
            .iter()
            .map(|document| recognizer.entities(&document.text, Some(language)))
            .collect();
        let seconds = start.elapsed().as_secs_f64();
        let mut counts = [[0_usize; 3]; 3];
        for (document, entities) in documents.iter().zip(&said) {
            let points = gristmill_core::CodePoints::new(&document.text);
            let mut found = Names::new();
            for (entity, _) in entities {
                let kind = match entity.kind {
                    EntityType::Per => 0,
                    EntityType::Org => 1,
                    _ => 2,
                };
                for mention in &entity.mentions {
                    found.insert((points.to_byte(mention.start), points.to_byte(mention.end), kind));
                }
            }
            let (gold, found) = (
                fair(&document.text, &document.names),
                fair(&document.text, &found),
            );
            for (kind, count) in counts.iter_mut().enumerate() {
                count[0] += gold.intersection(&found).filter(|name| name.2 == kind).count();
                count[1] += found.difference(&gold).filter(|name| name.2 == kind).count();
                count[2] += gold.difference(&found).filter(|name| name.2 == kind).count();
            }
        }
        let all = counts
            .iter()
            .fold([0; 3], |sum, count| std::array::from_fn(|at| sum[at] + count[at]));
        let words: usize = documents
            .iter()
            .map(|document| document.text.split_whitespace().count())
            .sum();
        let [per, org, loc] = counts.map(f1);
        println!(
            "{path}: fair F1 {:.1} (PER {per:.1} ORG {org:.1} LOC {loc:.1}) {:.0} kwords/s",
            f1(all),
            words as f64 / seconds / 1e3
        );
    }
    Ok(())
}

fn f1([right, wrong, missed]: [usize; 3]) -> f64 {
    200.0 * right as f64 / (2 * right + wrong + missed).max(1) as f64
}

fn fair(text: &str, names: &Names) -> Names {
    let trim = |&(mut start, mut end, kind): &(usize, usize, usize)| {
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
        (start, end, kind)
    };
    names.iter().map(trim).collect()
}
