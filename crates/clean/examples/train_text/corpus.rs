//! The texts to learn from: what scrapers left, labelled by line, and the bodies alone.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result};
use gristmill_clean::text::{Table, tabulate};
use serde::Deserialize;

use crate::metric::{Runs, runs, words};

/// What a text was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// All visible text of a page.
    Heavy,
    /// What a light extraction left.
    Light,
    /// The body alone.
    Clean,
    /// A text of one of the first two kinds, shortened to the length of a piece of news.
    Short,
}

/// A text with what is wanted from it.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) kind: Kind,
    pub(crate) id: String,
    pub(crate) fold: usize,
    pub(crate) text: String,
    pub(crate) lines: Vec<String>,
    pub(crate) table: Table,
    pub(crate) labels: Vec<f32>,
    pub(crate) weights: Vec<f32>,
    pub(crate) body: Runs,
    pub(crate) title: Option<String>,
}

/// How much more a line of a clean body counts: whoever gives one wants it back whole.
const CLEAN: f32 = 3.0;
/// How much less a line of a shortened text counts.
const SHORT: f32 = 0.5;

#[derive(Deserialize)]
struct Record {
    id: String,
    variant: String,
    domain: String,
    title: Option<String>,
    text: String,
    labels: Vec<String>,
    body: String,
}

/// Reads `residue/residue.jsonl.zst` below `folder`; sites are spread over `folds`, in another way for each `seed`.
pub(crate) fn read(folder: &Path, folds: usize, seed: u64) -> Result<Vec<Text>> {
    let path = folder.join("residue/residue.jsonl.zst");
    let file = File::open(&path).with_context(|| format!("opening {}", path.display()))?;
    let mut texts: Vec<Text> = Vec::new();
    // The title of the text before: what a text may point to.
    let mut before = String::new();
    for line in BufReader::new(zstd::Decoder::new(file)?).lines() {
        let line = line?;
        if line.is_empty() {
            continue;
        }
        let record: Record = serde_json::from_str(&line)?;
        let site = words(&record.domain)
            .iter()
            .fold(7_u64, |hash, word| hash.rotate_left(9) ^ word);
        let fold = ((site ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize % folds.max(1);
        let kind = if record.variant == "heavy" {
            Kind::Heavy
        } else {
            Kind::Light
        };
        let labels: Vec<f32> = record
            .text
            .split('\n')
            .zip(&record.labels)
            .filter(|(line, _)| !tabulate(line).0.is_empty())
            .map(|(_, label)| match label.as_str() {
                "keep" => 1.0,
                "mixed" => 0.5,
                _ => 0.0,
            })
            .collect();
        let known = texts
            .iter()
            .any(|text| text.kind == Kind::Clean && text.id == record.id);
        let body = runs(&record.body);
        if !known {
            let (lines, table) = tabulate(&record.body);
            let labels = vec![1.0; lines.len()];
            texts.push(text(
                Kind::Clean,
                &record,
                fold,
                record.body.clone(),
                (lines, table),
                labels,
                body.clone(),
            ));
        }
        let tabulated = tabulate(&record.text);
        let made = text(kind, &record, fold, record.text.clone(), tabulated, labels, body);
        if made.lines.len() == made.labels.len() {
            if let Some((lines, labels)) = shortened(&made, &before) {
                let whole = lines.join("\n");
                let tabulated = tabulate(&whole);
                if tabulated.0.len() == labels.len() {
                    let body: Vec<&str> = lines
                        .iter()
                        .zip(&labels)
                        .filter(|(_, label)| **label > 0.0)
                        .map(|(line, _)| line.as_str())
                        .collect();
                    let body = runs(&body.join("\n"));
                    let short = text(Kind::Short, &record, fold, whole, tabulated, labels, body);
                    texts.push(short);
                }
            }
            before = made.title.clone().unwrap_or_default();
            texts.push(made);
        } else {
            eprintln!(
                "{}: {} lines, {} labels",
                made.id,
                made.lines.len(),
                made.labels.len()
            );
        }
    }
    Ok(texts)
}

/// What leads to another article in the middle of one, in some of the languages that we serve.
const POINTERS: [&str; 12] = [
    "Read also",
    "See also",
    "Read more",
    "READ MORE",
    "Related",
    "Lesen Sie auch",
    "À lire aussi",
    "Lea también",
    "Leggi anche",
    "Leia também",
    "Lees ook",
    "Читайте также",
];

/// The lines and labels of `text` with the first paragraphs of its body only and some of the lines around it, and in half of them a
/// pointer to `other`: the corpora have few texts of less than three hundred words, and news has many.
fn shortened(text: &Text, other: &str) -> Option<(Vec<String>, Vec<f32>)> {
    /// Words of the shortest and the longest body.
    const BODY: Range<u64> = 30..300;
    /// Lines that stay above and below, at most.
    const ABOVE: Range<u64> = 3..60;
    const BELOW: Range<u64> = 3..40;
    let seed = words(&text.id);
    let mut random = seed
        .iter()
        .fold(text.kind as u64, |hash, word| hash.rotate_left(9) ^ word);
    let mut draw = |range: Range<u64>| {
        random = random.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29) ^ 0x5851;
        (range.start + (random >> 20) % (range.end - range.start)) as usize
    };
    let (goal, above, below) = (draw(BODY), draw(ABOVE), draw(BELOW));
    let kept = |at: &usize| text.labels[*at] > 0.0;
    let first = (0..text.labels.len()).find(kept)?;
    let last = (0..text.labels.len()).rfind(kept)?;
    let mut words = 0;
    let end = (first..=last).find(|&at| {
        words += if kept(&at) {
            text.table.words(at) as usize
        } else {
            0
        };
        words >= goal
    })?;
    let bottom = (last + 1 + below).min(text.labels.len());
    let within = first.saturating_sub(above)..=end;
    let (mut lines, mut labels): (Vec<_>, Vec<_>) = within
        .chain(last + 1..bottom)
        .map(|at| (text.lines[at].clone(), text.labels[at]))
        .unzip();
    let (pointer, gap) = (draw(0..2 * POINTERS.len() as u64), draw(0..1 << 20));
    if let (Some(pointer), true) = (POINTERS.get(pointer), end > first && !other.is_empty()) {
        let body = first - first.saturating_sub(above);
        let at = body + 1 + gap % (end - first);
        lines.insert(at, format!("{pointer}: {other}"));
        labels.insert(at, 0.0);
    }
    Some((lines, labels))
}

fn text(
    kind: Kind,
    record: &Record,
    fold: usize,
    text: String,
    (lines, table): (Vec<String>, Table),
    labels: Vec<f32>,
    body: Runs,
) -> Text {
    let size = body.values().sum::<u32>() as f32;
    let furniture: u32 = labels
        .iter()
        .enumerate()
        .filter(|(_, label)| **label < 0.5)
        .map(|(line, _)| table.words(line))
        .sum();
    // The more furniture a text has, the less does a line of it take from the precision.
    let ease = (2.0 * (size + 50.0) / (furniture as f32 + 1.0)).min(1.0);
    let weight = |line: usize| {
        let ease = if labels[line] < 0.5 { ease } else { 1.0 };
        let of_kind = match kind {
            Kind::Clean => CLEAN,
            Kind::Short => SHORT,
            Kind::Heavy | Kind::Light => 1.0,
        };
        60.0 * of_kind * ease * (table.words(line) as f32 + 3.0) / (size + 50.0)
    };
    Text {
        kind,
        id: record.id.clone(),
        fold,
        text,
        weights: (0..lines.len()).map(weight).collect(),
        lines,
        table,
        labels,
        body,
        title: record.title.clone(),
    }
}
