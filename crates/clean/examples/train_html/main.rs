//! Trains the model that tells a page's article from the rest.
//!
//! `train_html DIR --folds N --seed N` prints what N-fold cross-validation over sites gives, which another seed spreads otherwise;
//! `train_html DIR --out FOLDER` trains on all pages and writes the models. Gold bodies label whole pages; wanted and unwanted
//! segments, as `traf` has them, a few blocks of theirs.
//! `DIR` holds the corpora `aeb`, `fundus`, `wcxb` and `traf`, each with `gold.jsonl` and `pages/ID.html.zst`.

#[path = "../boost/mod.rs"]
mod boost;
mod corpus;
mod metric;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use anyhow::{Context, Result};
use boost::{Options, Rows};
use corpus::{Gold, Sample};
use gristmill_clean::html::choose::{FLOOR, Fate, THRESHOLD, decide};
use gristmill_clean::html::features::Outline;
use gristmill_clean::html::render::render;
use gristmill_clean::html::signals::Vocabulary;
use gristmill_clean::html::study::Study;
use gristmill_clean::html::verdicts::Verdicts;
use gristmill_clean::trees::{Table, Trees, sigmoid};
use metric::Score;

struct Page<'a> {
    sample: &'a Sample,
    study: Study<'a>,
    /// The features of the first pass, block by block.
    rows: Table,
    labels: Vec<f32>,
    weights: Vec<f32>,
    gold: HashMap<u64, u32>,
    fold: usize,
    first: Vec<f32>,
    second: Vec<f32>,
}

impl Page<'_> {
    fn is_labelled(&self) -> bool {
        self.sample.gold.body.is_some()
    }
}

const OPTIONS: Options = Options {
    trees: 300,
    depth: 6,
    rate: 0.08,
    l2: 2.0,
    rows: 0.5,
    features: 0.3,
    from: 0,
    seed: 1,
};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let dir = PathBuf::from(arguments.first().context("a folder of corpora")?);
    let option = |name: &str| arguments.iter().skip_while(|known| *known != name).nth(1);
    let folds: usize = option("--folds").map_or(Ok(5), |folds| folds.parse())?;
    let seed: u64 = option("--seed").map_or(Ok(0), |seed| seed.parse())?;
    let vocabulary = Vocabulary::new()?;
    let mut samples = Vec::new();
    for corpus in ["aeb", "fundus", "wcxb"] {
        samples.extend(corpus::read(&dir, corpus)?);
    }
    let sites: HashSet<String> = samples.iter().map(|sample| sample.domain.clone()).collect();
    let segments = corpus::read(&dir, "traf")?.into_iter();
    samples.extend(segments.filter(|sample| !sites.contains(&sample.domain)));
    let mut pages: Vec<Page<'_>> = samples
        .iter()
        .map(|sample| prepare(sample, &vocabulary, fold_of(&sample.domain, seed, folds)))
        .collect();
    let blocks: usize = pages.iter().map(|page| page.labels.len()).sum();
    eprintln!(
        "{} pages, {blocks} blocks, {} features",
        pages.len(),
        pages[0].rows.row(0).len()
    );

    // The second pass learns from verdicts of models that had not seen the page.
    for fold in 0..folds {
        let model = fit(&pages, Pass::First, |page| page.fold != fold)?;
        for page in pages.iter_mut().filter(|page| page.fold == fold) {
            let scores = model.scores(FLOOR, &page.rows);
            page.first = scores.into_iter().map(sigmoid).collect();
        }
        eprintln!("first pass without fold {fold}");
    }
    if let Some(out) = option("--out") {
        for (pass, name) in [(Pass::First, "html-first.bin"), (Pass::Second, "html-second.bin")] {
            let model = fit(&pages, pass, |_| true)?;
            std::fs::write(PathBuf::from(out).join(name), model.to_bytes())?;
        }
        return Ok(());
    }
    for fold in 0..folds {
        let model = fit(&pages, Pass::Second, |page| page.fold != fold)?;
        for page in pages.iter_mut().filter(|page| page.fold == fold) {
            let (asked, table, _) = second(page);
            page.second = page.first.clone();
            for (at, score) in asked.into_iter().zip(model.scores(FLOOR, &table)) {
                page.second[at] = sigmoid(score);
            }
        }
        eprintln!("second pass without fold {fold}");
    }
    report("labels", &pages, 0.5, |page| &page.labels);
    report("first pass", &pages, THRESHOLD, |page| &page.first);
    for threshold in [0.36, 0.38, THRESHOLD, 0.42, 0.44] {
        report("second pass", &pages, threshold, |page| &page.second);
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    First,
    Second,
}

/// The blocks that the second pass is asked about, their rows, and the first feature that the verdicts of the first pass alone make.
fn second(page: &Page<'_>) -> (Vec<usize>, Table, usize) {
    let verdicts = Verdicts::new(&page.study.page, &page.study.measures, &page.first);
    let asked: Vec<usize> = (0..page.labels.len())
        .filter(|&at| !verdicts.is_hopeless(at))
        .collect();
    let mut table = Table::new(0);
    let mut from = 0;
    for &at in &asked {
        let mut row = page.rows.row(at);
        verdicts.places(at, &mut row);
        from = row.len();
        verdicts.features(at, &mut row);
        if table.is_empty() {
            table = Table::new(row.len());
        }
        table.push(&row);
    }
    (asked, table, from)
}

/// Trains a pass on the labelled pages that are `wanted`. The second is the mean of two models: one sees all there is to see, the
/// other how the verdicts of the first pass lie and nothing else, so that it cannot know a site again by its elements.
fn fit(pages: &[Page<'_>], pass: Pass, wanted: impl Fn(&Page<'_>) -> bool) -> Result<Trees> {
    let mut rows = Rows::new(0);
    let mut apart = 0;
    for page in pages.iter().filter(|page| wanted(page)) {
        let (asked, again) = match pass {
            Pass::First => ((0..page.labels.len()).collect(), None),
            Pass::Second => {
                let (asked, table, from) = second(page);
                apart = apart.max(from);
                (asked, Some(table))
            }
        };
        let trust = if pass == Pass::Second { trust(page) } else { 1.0 };
        let table = again.as_ref().unwrap_or(&page.rows);
        for (place, at) in asked.into_iter().enumerate() {
            let row = table.row(place);
            rows.width = row.len();
            let (label, mut weight) = (page.labels[at], page.weights[at]);
            if weight == 0.0 {
                continue;
            }
            weight *= trust;
            // Most blocks of a page are short and clearly not article: a quarter of them, four times as heavy, says the same.
            let easy = page.is_labelled() && label == 0.0 && page.study.measures[at].words < 8;
            if easy {
                if at % 4 != 0 {
                    continue;
                }
                weight *= 4.0;
            }
            rows.push(&row, label, weight);
        }
    }
    let all = boost::train(&rows, OPTIONS)?;
    if pass == Pass::First {
        return Ok(all);
    }
    let options = Options {
        from: apart,
        ..OPTIONS
    };
    Ok(all.mean(&boost::train(&rows, options)?))
}

/// How much a page counts in the second pass: less where a model that never saw it finds another article than the gold body, since
/// such bodies are mostly wrong (one of two copies, a summary, a list without its items).
fn trust(page: &Page<'_>) -> f32 {
    const LEAST_F1: f32 = 0.6;
    const DOUBTED: f32 = 0.2;
    if !page.is_labelled() {
        return 1.0;
    }
    let (mut right, mut all) = (0.0, 0.0);
    let blocks = page.study.measures.iter().zip(&page.labels).zip(&page.first);
    for ((measure, label), first) in blocks {
        let kept = f32::from(u8::from(*first >= THRESHOLD));
        right += measure.words as f32 * label * kept;
        all += measure.words as f32 * (label + kept);
    }
    if 2.0 * right / all.max(1.0) < LEAST_F1 {
        DOUBTED
    } else {
        1.0
    }
}

/// How much longer texts weigh more.
const POWER: f32 = 0.8;

/// The fold of a site.
fn fold_of(domain: &str, seed: u64, folds: usize) -> usize {
    let words = metric::words(domain);
    let hash = words.iter().fold(7, |hash: u64, word| hash.rotate_left(9) ^ word);
    let shuffled = if seed == 0 {
        hash
    } else {
        (hash ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20
    };
    shuffled as usize / 7 % folds
}

fn prepare<'a>(sample: &'a Sample, vocabulary: &Vocabulary, fold: usize) -> Page<'a> {
    let study = Study::of(&sample.markup, vocabulary);
    let outline = Outline::new(&study.page, &study.measures, &study.told);
    let mut row = Vec::new();
    let mut rows = Table::new(0);
    for at in 0..study.page.blocks.len() {
        outline.features(at, &mut row);
        if rows.is_empty() {
            rows = Table::new(row.len());
        }
        rows.push(&row);
    }
    let body = sample.gold.body.as_deref().unwrap_or_default();
    let (labels, weights) = match &sample.gold.body {
        Some(body) => {
            let labels = labels(&study, body);
            let weights = weights(&study, &labels);
            (labels, weights)
        }
        None => segments(&study, &sample.gold),
    };
    Page {
        sample,
        rows,
        gold: metric::shingles(body),
        fold,
        first: Vec::new(),
        second: Vec::new(),
        labels,
        weights,
        study,
    }
}

/// Each page counts about the same, however long it is, and each of its words.
fn weights(study: &Study<'_>, labels: &[f32]) -> Vec<f32> {
    let all: f32 = study
        .measures
        .iter()
        .zip(labels)
        .map(|(measure, label)| measure.words as f32 * label)
        .sum();
    let scale = (300.0 / (all + 100.0)).powf(POWER).min(3.0) / 5.0;
    study
        .measures
        .iter()
        .map(|measure| (measure.words as f32 + 1.0).powf(POWER) * scale)
        .collect()
}

/// The labels and weights of a page of which some segments are known to be article or not: a block that holds none weighs nothing.
fn segments(study: &Study<'_>, gold: &Gold) -> (Vec<f32>, Vec<f32>) {
    /// What a block with a segment weighs beside one of a page with a gold body.
    const SHARE: f32 = 0.2;
    let fold = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let folded = |segments: &Option<Vec<String>>| -> Vec<String> {
        segments.iter().flatten().map(|segment| fold(segment)).collect()
    };
    let (with, without) = (folded(&gold.with), folded(&gold.without));
    let blocks = study.page.blocks.iter().zip(&study.measures);
    blocks
        .map(|(block, measure)| {
            let text = fold(study.page.text_of(block));
            let holds = |segments: &[String]| segments.iter().any(|segment| text.contains(segment.as_str()));
            let (yes, no) = (holds(&with), holds(&without));
            let weight = if yes == no {
                0.0
            } else {
                SHARE * (measure.words as f32 + 4.0).powf(POWER)
            };
            (f32::from(u8::from(yes)), weight)
        })
        .unzip()
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
    let fates = decide(&page.study, scores, threshold);
    let kept: Vec<usize> = (0..fates.len()).filter(|at| fates[*at] == Fate::Kept).collect();
    render(&page.study.page, &kept, false)
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
