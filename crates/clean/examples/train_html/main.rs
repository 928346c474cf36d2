//! Trains the model that tells a page's article from the rest.
//!
//! `train_html DIR --folds N` prints what N-fold cross-validation over sites gives; `train_html DIR OUT` trains on all pages and
//! writes the model. `DIR` holds the corpora `aeb`, `fundus`, `wcxb` and `traf`, each with `gold.jsonl` and `pages/ID.html.zst`.

#[path = "../boost/mod.rs"]
mod boost;
mod corpus;
mod metric;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use anyhow::{Context, Result};
use boost::{Options, Rows};
use corpus::Sample;
use gristmill_clean::html::features::{Outline, Told, Verdicts};
use gristmill_clean::html::signals::Vocabulary;
use gristmill_clean::html::study::Study;
use gristmill_clean::trees::Trees;
use metric::Score;

struct Page<'a> {
    sample: &'a Sample,
    study: Study<'a>,
    /// The features of the first pass, block by block.
    rows: Vec<f32>,
    width: usize,
    labels: Vec<f32>,
    weights: Vec<f32>,
    gold: HashMap<u64, u32>,
    fold: usize,
    first: Vec<f32>,
    second: Vec<f32>,
    ideal: Vec<f32>,
}

impl Page<'_> {
    fn is_labelled(&self) -> bool {
        self.sample.gold.body.is_some()
    }
}

fn option<T: std::str::FromStr>(name: &str, default: T) -> T {
    let mut args = std::env::args().skip_while(|arg| arg != name).skip(1);
    args.next()
        .and_then(|value| value.parse().ok())
        .unwrap_or(default)
}

fn main() -> Result<()> {
    let dir = PathBuf::from(std::env::args().nth(1).context("a folder of corpora")?);
    let folds: usize = option("--folds", 5);
    let vocabulary = Vocabulary::new()?;
    let mut samples = Vec::new();
    for corpus in ["aeb", "fundus", "wcxb"] {
        samples.extend(corpus::read(&dir, corpus)?);
    }
    let sites: HashSet<String> = samples.iter().map(|sample| sample.domain.clone()).collect();
    let segments = corpus::read(&dir, "traf")?;
    samples.extend(
        segments
            .into_iter()
            .filter(|sample| !sites.contains(&sample.domain)),
    );
    let mut pages: Vec<Page<'_>> = samples
        .iter()
        .map(|sample| prepare(sample, &vocabulary, folds))
        .collect();
    let rows: usize = pages.iter().map(|page| page.labels.len()).sum();
    eprintln!(
        "{} pages, {rows} blocks, {} features",
        pages.len(),
        pages[0].width
    );
    report("ideal", &pages, 0.5, |page| &page.ideal);

    let options = Options {
        trees: option("--trees", 100),
        leaves: option("--leaves", 15),
        rate: option("--rate", 0.1),
        features: option("--share", 0.5),
        min_hessian: option("--hessian", 5.0),
        l2: option("--l2", 5.0),
        seed: 1,
    };
    for fold in 0..folds {
        let model = fit(
            &pages,
            |page| page.fold != fold && page.is_labelled(),
            false,
            options,
        )?;
        for page in pages.iter_mut().filter(|page| page.fold == fold) {
            page.first = page
                .rows
                .chunks(page.width)
                .map(|row| model.probability(row))
                .collect();
        }
        eprintln!("pass 1 fold {fold}");
    }
    if let Some(out) = std::env::args().skip_while(|arg| arg != "--out").nth(1) {
        let out = PathBuf::from(out);
        let first = fit(&pages, |page| page.is_labelled(), false, options)?;
        let second = fit(&pages, |page| page.is_labelled(), true, options)?;
        std::fs::write(out.join("html-first.bin"), first.to_bytes())?;
        std::fs::write(out.join("html-second.bin"), second.to_bytes())?;
        return Ok(());
    }
    for threshold in [0.4, 0.5] {
        report("pass 1", &pages, threshold, |page| &page.first);
    }
    for fold in 0..folds {
        let model = fit(
            &pages,
            |page| page.fold != fold && page.is_labelled(),
            true,
            options,
        )?;
        for page in pages.iter_mut().filter(|page| page.fold == fold) {
            page.second = second(page).iter().map(|row| model.probability(row)).collect();
        }
        eprintln!("pass 2 fold {fold}");
    }
    for threshold in [0.34, 0.38, 0.42, 0.46, 0.5] {
        report("pass 2", &pages, threshold, |page| &page.second);
    }
    Ok(())
}

fn second(page: &Page<'_>) -> Vec<Vec<f32>> {
    let verdicts = Verdicts::new(&page.study.page, &page.study.measures, &page.first);
    (0..page.labels.len())
        .map(|at| {
            let mut row = page.rows[at * page.width..(at + 1) * page.width].to_vec();
            verdicts.features(at, &mut row);
            row
        })
        .collect()
}

fn fit(
    pages: &[Page<'_>],
    wanted: impl Fn(&Page<'_>) -> bool,
    both: bool,
    options: Options,
) -> Result<Trees> {
    let mut rows = Rows::new(0);
    for page in pages.iter().filter(|page| wanted(page)) {
        let all = if both {
            second(page)
        } else {
            page.rows.chunks(page.width).map(<[f32]>::to_vec).collect()
        };
        for (at, row) in all.iter().enumerate() {
            rows.width = row.len();
            let (label, mut weight) = (page.labels[at], page.weights[at]);
            let easy = label == 0.0 && page.study.measures[at].words < 8;
            if easy {
                if at % 4 != 0 {
                    continue;
                }
                weight *= 4.0;
            }
            rows.push(row, label, weight);
        }
    }
    Ok(boost::train(&rows, options)?)
}

fn prepare<'a>(sample: &'a Sample, vocabulary: &Vocabulary, folds: usize) -> Page<'a> {
    let (study, told): (_, Told) = Study::of(&sample.markup, vocabulary);
    let outline = Outline::new(&study.page, &study.measures, told);
    let mut row = Vec::new();
    let mut rows = Vec::new();
    for at in 0..study.page.blocks.len() {
        outline.features(at, &mut row);
        rows.extend_from_slice(&row);
    }
    let width = row.len();
    let body = sample.gold.body.as_deref().unwrap_or_default();
    let labels = labels(&study, body);
    let all: f32 = study
        .measures
        .iter()
        .zip(&labels)
        .map(|(measure, label)| measure.words as f32 * label)
        .sum();
    let power = option("--power", 0.5_f32);
    let weights: Vec<f32> = study
        .measures
        .iter()
        .map(|measure| (measure.words as f32 + 1.0).powf(power))
        .collect();
    let scale = (300.0 / (all + 100.0))
        .powf(option("--pagepower", 0.3_f32))
        .min(3.0);
    let mean = 5.0;
    let weights = weights.iter().map(|weight| weight * scale / mean).collect();
    Page {
        sample,
        width,
        rows,
        gold: metric::shingles(body),
        fold: metric::words(&sample.domain)
            .iter()
            .fold(7, |hash: u64, word| hash.rotate_left(9) ^ word) as usize
            / 7
            % folds,
        first: Vec::new(),
        second: Vec::new(),
        ideal: labels.clone(),
        labels,
        weights,
        study,
    }
}

/// The share of each block's word shingles that stand in the gold body.
fn labels(study: &Study<'_>, body: &str) -> Vec<f32> {
    let gold = metric::words(body);
    let mut known = HashSet::new();
    for length in 1..=4 {
        known.extend(gold.windows(length).map(metric::joined));
    }
    let lines: HashSet<u64> = body
        .lines()
        .map(|line| metric::joined(&metric::words(line)))
        .collect();
    let page = &study.page;
    page.blocks
        .iter()
        .map(|block| {
            let words = metric::words(page.text_of(block));
            let length = words.len().min(4);
            if length == 0 {
                return 0.0;
            }
            let windows = words.windows(length);
            let all = windows.len() as f32;
            let stand = windows
                .filter(|words| known.contains(&metric::joined(words)))
                .count() as f32;
            if length < 4 && stand > 0.0 && !lines.contains(&metric::joined(&words)) {
                return 0.3;
            }
            stand / all
        })
        .collect()
}

fn text(page: &Page<'_>, scores: &[f32], threshold: f32) -> String {
    let mut text = String::new();
    for (block, _) in page
        .study
        .page
        .blocks
        .iter()
        .zip(scores)
        .filter(|(_, score)| **score >= threshold)
    {
        text.push_str(page.study.page.text_of(block));
        text.push_str("\n\n");
    }
    text
}

fn report<'p>(
    what: &str,
    pages: &'p [Page<'_>],
    threshold: f32,
    scores: impl Fn(&'p Page<'_>) -> &'p Vec<f32>,
) {
    let mut all: Vec<(&str, Score)> = ["aeb", "fundus", "wcxb", "pooled", "traf"]
        .map(|name| (name, Score::default()))
        .to_vec();
    for page in pages {
        let text = text(page, scores(page), threshold);
        for (name, score) in &mut all {
            let gold = &page.sample.gold;
            if *name == page.sample.corpus || *name == "pooled" && page.is_labelled() {
                if page.is_labelled() {
                    score.add(&page.gold, &text);
                } else if let (Some(with), Some(without)) = (&gold.with, &gold.without) {
                    score.add_segments(with, without, &text);
                }
            }
        }
    }
    print!("{what} at {threshold}:");
    for (name, score) in &all {
        let [precision, recall, f1] = if *name == "traf" {
            score.segments()
        } else {
            score.shingles()
        };
        print!("  {name} {f1:.4} ({precision:.4} {recall:.4})");
    }
    println!();
}
