//! Scores the tagger: `score LANGUAGE CORPUS…` prints the fair F1 of each corpus, by type, and the speed.
//!
//! A mention counts where its span and type are right; a leading article and a trailing possessive count on
//! neither side.

mod corpus;

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;
use std::time::Instant;

use gristmill_entities::model;
use gristmill_entities::model::Model;
use gristmill_entities::tagger::Work;
use gristmill_entities::tokens::tokenize;

type Names = BTreeSet<(usize, usize, usize)>;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (language, corpora) = arguments
        .split_first()
        .ok_or("usage: score LANGUAGE|MODEL CORPUS…")?;
    let load = Instant::now();
    let file;
    let model = if Path::new(language).exists() {
        file = Model::from_bytes(&std::fs::read(language)?)?;
        &file
    } else {
        model(Some(language)).ok_or("no tagger for this language")?
    };
    println!("ready in {:.1} ms", load.elapsed().as_secs_f64() * 1e3);
    let errors = std::env::var_os("ERRORS").is_some();
    for path in corpora {
        let documents = corpus::read(Path::new(path), 1)?;
        let (mut work, mut tokens) = (Work::default(), Vec::new());
        let start = Instant::now();
        let mut said = Vec::new();
        for document in &documents {
            let mut names = Names::new();
            tokenize(&document.text, &mut tokens);
            model.tag(&document.text, &tokens, &mut work, |span, _, _| {
                names.insert((
                    tokens[span.start].start as usize,
                    tokens[span.end - 1].end as usize,
                    span.kind,
                ));
            });
            said.push(names);
        }
        let seconds = start.elapsed().as_secs_f64();
        let mut counts = [[0_usize; 3]; 3];
        for (document, found) in documents.iter().zip(&said) {
            let (gold, found) = (fair(&document.text, &document.names), fair(&document.text, found));
            if errors {
                list(&document.text, &gold, &found);
            }
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

/// Prints what was missed and what is wrong, each with the words around it.
fn list(text: &str, gold: &Names, found: &Names) {
    const TYPES: [&str; 3] = ["PER", "ORG", "LOC"];
    for (sign, names, others) in [('-', gold, found), ('+', found, gold)] {
        for &(start, end, kind) in names.difference(others) {
            let rival = others.iter().find(|other| other.0 < end && other.1 > start);
            let rival = rival.map_or(String::new(), |&(start, end, kind)| {
                format!(" ({} {})", TYPES[kind], &text[start..end])
            });
            let mut from = start.saturating_sub(50);
            while !text.is_char_boundary(from) {
                from -= 1;
            }
            let mut to = (end + 50).min(text.len());
            while !text.is_char_boundary(to) {
                to += 1;
            }
            let around = text[from..to].replace('\n', " / ");
            println!("{sign} {} {}{rival}: {around}", TYPES[kind], &text[start..end]);
        }
    }
}
