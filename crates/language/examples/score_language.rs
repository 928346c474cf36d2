//! Scores the identifier on labelled texts and times it:
//!
//!     cargo run --release -p gristmill-language --example score_language -- $GRISTMILL_DATA/language [MODEL.bin] [--confusions] [--languages] [--neighbours]
//!
//! The folder holds `dev.tsv.zst` (language, text, kind of text), `noise_dev.tsv.zst` (the same) and
//! `mixed_dev.tsv.zst` (`language:start-end,…` in code points, text). Accuracy is averaged over languages. Dari
//! counts as Persian, Filipino as Tagalog.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use gristmill_language::model::Model;
use gristmill_language::{Identifier, UNDETERMINED};

/// Languages that the common identifiers share.
const COMMON: &str = "af ar az be bg bn ca cs da de el en es et fa fi fr gu he hi hr hu hy id is it ja ka kk kn ko lt lv mk ml mr ms \
    my ne nl pa pl pt ro ru sk sl sr sv ta te th tr uk ur vi zh";
/// Languages of lingua that the texts have.
const LINGUA: &str = "af ar az be bg bn bs ca cs cy da de el en eo es et eu fa fi fr ga gu he hi hr hu hy id is it ja ka kk ko la lg \
    lt lv mi mk mn mr ms nb nl nn pa pl pt ro ru sk sl sn so sq sr st sv sw ta te th tl tn tr ts uk ur vi xh yo zh zu";
const KINDS: [&str; 4] = ["headline", "sentence", "chunk200", "article"];

struct Row {
    language: String,
    text: String,
    kind: String,
    origin: String,
}

fn read(path: &Path) -> Result<String> {
    let file = std::fs::File::open(path).with_context(|| path.display().to_string())?;
    let mut text = String::new();
    zstd::Decoder::new(file)?.read_to_string(&mut text)?;
    Ok(text)
}

fn rows(path: &Path) -> Result<Vec<Row>> {
    Ok(read(path)?
        .lines()
        .filter_map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            let [language, text, kind, origin, ..] = columns.as_slice() else {
                return None;
            };
            Some(Row {
                language: same(language).to_owned(),
                text: (*text).to_owned(),
                kind: (*kind).to_owned(),
                origin: (*origin).to_owned(),
            })
        })
        .collect())
}

fn same(code: &str) -> &str {
    match code {
        "prs" => "fa",
        "fil" => "tl",
        _ => code,
    }
}

fn main() -> Result<()> {
    let usage = "usage: score FOLDER [MODEL.bin] [--confusions] [--languages] [--neighbours]";
    let folder = PathBuf::from(std::env::args_os().nth(1).context(usage)?);
    let wants = |flag: &str| std::env::args().any(|argument| argument == flag);
    let own = std::env::args_os()
        .skip(2)
        .find(|argument| Path::new(argument).is_file());
    let started = Instant::now();
    let identifier = match own {
        Some(path) => Identifier::with(Arc::new(Model::new(std::fs::read(path)?.leak())?)),
        None => Identifier::new(),
    };
    identifier.identify("warm");
    println!("ready in {:.1} ms", started.elapsed().as_secs_f64() * 1e3);
    let rows = rows(&folder.join("dev.tsv.zst"))?;
    let answers: Vec<(&str, f64)> = rows
        .iter()
        .map(|row| {
            let answer = identifier.identify(&row.text);
            (answer.language, answer.confidence)
        })
        .collect();
    accuracy(&rows, &answers);
    calibration(&rows, &answers);
    if wants("--confusions") {
        wrong(&rows, &answers);
    }
    if wants("--neighbours") {
        neighbours(&rows, &answers);
        forms(&identifier, &rows);
        return Ok(());
    }
    if wants("--languages") {
        by_language(&rows, &answers);
        return Ok(());
    }
    speed(&identifier, &rows);
    noise(&identifier, &folder.join("noise_dev.tsv.zst"))?;
    mixed(&identifier, &rows, &folder.join("mixed_dev.tsv.zst"))?;
    quoted(&identifier, &rows);
    Ok(())
}

/// A set of languages.
type Chosen<'s> = &'s dyn Fn(&str) -> bool;

fn accuracy(rows: &[Row], answers: &[(&str, f64)]) {
    let mut cells: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
    for (row, (said, _)) in rows.iter().zip(answers) {
        let cell = cells.entry((&row.kind, &row.language)).or_default();
        cell.0 += usize::from(row.language == *said);
        cell.1 += 1;
    }
    let translated: Vec<&str> = rows
        .iter()
        .filter(|row| row.origin.starts_with("ntrex"))
        .map(|row| row.language.as_str())
        .collect();
    let macro_average = |kind: &str, chosen: Chosen<'_>| {
        let of: Vec<f64> = cells
            .iter()
            .filter(|((k, language), _)| *k == kind && chosen(language))
            .map(|(_, (right, all))| *right as f64 / *all as f64)
            .collect();
        100.0 * of.iter().sum::<f64>() / of.len().max(1) as f64
    };
    let sets: [(&str, Chosen<'_>); 4] = [
        ("53 common", &|language| {
            COMMON.split_whitespace().any(|code| code == language)
        }),
        ("lingua's", &|language| {
            LINGUA.split_whitespace().any(|code| code == language)
        }),
        ("translated news, all", &|language| translated.contains(&language)),
        ("hr/sr/bs", &|language| ["hr", "sr", "bs"].contains(&language)),
    ];
    for (name, chosen) in sets {
        let cells: Vec<String> = KINDS
            .iter()
            .map(|kind| format!("{:.2}", macro_average(kind, chosen)))
            .collect();
        println!("{name}: {}", cells.join(" / "));
    }
}

fn calibration(rows: &[Row], answers: &[(&str, f64)]) {
    for kind in KINDS {
        let mut bins = [(0, 0.0, 0); 10];
        for (row, (said, confidence)) in rows.iter().zip(answers) {
            if row.kind == kind && LINGUA.split_whitespace().any(|code| code == row.language) {
                let bin = &mut bins[((confidence * 10.0) as usize).min(9)];
                *bin = (
                    bin.0 + 1,
                    bin.1 + confidence,
                    bin.2 + i32::from(row.language == *said),
                );
            }
        }
        let all: i32 = bins.iter().map(|bin| bin.0).sum();
        let error: f64 = bins.iter().map(|bin| (bin.1 - f64::from(bin.2)).abs()).sum();
        println!(
            "calibration error, {kind}: {:.2} %",
            100.0 * error / f64::from(all)
        );
    }
}

fn wrong(rows: &[Row], answers: &[(&str, f64)]) {
    let mut pairs: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let news = |row: &Row| !row.origin.starts_with("sib200");
    for (row, (said, _)) in rows.iter().zip(answers) {
        if row.language != *said && row.kind != "article" && news(row) {
            *pairs.entry((&row.language, said)).or_default() += 1;
        }
    }
    let mut pairs: Vec<_> = pairs.into_iter().collect();
    pairs.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    for ((language, said), count) in pairs.iter().take(70) {
        print!("{language}>{said} {count}; ");
    }
    println!();
}

/// Languages that are taken for one another.
const NEIGHBOURS: [&str; 12] = [
    "bs hr sr",
    "id ms",
    "da nb nn",
    "cs sk",
    "yue zh",
    "fa tg",
    "kk ky tt",
    "hi mr ne",
    "gl pt",
    "nd ss xh zu",
    "st tn",
    "rn rw",
];

/// For each group of neighbours, how often one is taken for another, in headlines, sentences and 200 characters.
fn neighbours(rows: &[Row], answers: &[(&str, f64)]) {
    for group in NEIGHBOURS {
        let mut pairs: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        let mut texts: BTreeMap<&str, usize> = BTreeMap::new();
        let within = |language: &str| group.split_whitespace().any(|code| code == language);
        for (row, (said, _)) in rows.iter().zip(answers) {
            if row.kind == "article" || !within(&row.language) {
                continue;
            }
            *texts.entry(&row.language).or_default() += 1;
            if row.language != *said && within(said) {
                *pairs.entry((&row.language, said)).or_default() += 1;
            }
        }
        let all: Vec<_> = texts
            .iter()
            .map(|(language, count)| format!("{language} {count}"))
            .collect();
        let wrong: Vec<_> = pairs
            .iter()
            .map(|((language, said), count)| format!("{language} as {said} {count}"))
            .collect();
        println!("| {} | {} |", all.join(", "), wrong.join(", "));
    }
}

/// How often simplified and traditional Chinese are told apart.
fn forms(identifier: &Identifier, rows: &[Row]) {
    for (origin, script) in [("ntrex:zho-CN", "Hans"), ("ntrex:zho-TW", "Hant")] {
        for kind in KINDS {
            let scripts: Vec<_> = rows
                .iter()
                .filter(|row| row.origin == origin && row.kind == kind)
                .map(|row| identifier.identify(&row.text).script)
                .collect();
            let right = scripts.iter().filter(|said| **said == Some(script)).count();
            println!("{script}, {kind}: {right} of {}", scripts.len());
        }
    }
}

/// The share of right answers for each language, as a table of the card.
fn by_language(rows: &[Row], answers: &[(&str, f64)]) {
    let mut cells: BTreeMap<&str, [(f64, f64); 4]> = BTreeMap::new();
    for (row, (said, _)) in rows.iter().zip(answers) {
        if let Some(kind) = KINDS.iter().position(|kind| *kind == row.kind) {
            let cell = &mut cells.entry(&row.language).or_default()[kind];
            cell.0 += f64::from(u8::from(row.language == *said));
            cell.1 += 1.0;
        }
    }
    for (language, cells) in cells {
        let cells = cells.map(|(right, all)| match all {
            0.0 => "–".to_owned(),
            _ => format!("{:.0}", 100.0 * right / all),
        });
        println!("| {language} | {} |", cells.join(" | "));
    }
}

fn speed(identifier: &Identifier, rows: &[Row]) {
    for kind in ["headline", "article"] {
        let texts: Vec<&str> = rows
            .iter()
            .filter(|row| row.kind == kind)
            .map(|row| row.text.as_str())
            .collect();
        let bytes: usize = texts.iter().map(|text| text.len()).sum();
        let fastest = (0..5)
            .map(|_| {
                let started = Instant::now();
                for text in &texts {
                    std::hint::black_box(identifier.identify_parts(std::hint::black_box(text), None));
                }
                started.elapsed().as_secs_f64()
            })
            .fold(f64::MAX, f64::min);
        println!(
            "{kind}: {:.1} MB/s, {:.0} texts/s",
            bytes as f64 / fastest / 1e6,
            texts.len() as f64 / fastest
        );
    }
}

fn noise(identifier: &Identifier, path: &Path) -> Result<()> {
    let rows = rows(path)?;
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let mut claimed = 0;
    for row in &rows {
        let answer = identifier.identify(&row.text);
        if answer.language != UNDETERMINED {
            claimed += 1;
            if answer.confidence >= 0.5 {
                *kinds.entry(&row.kind).or_default() += 1;
            }
        }
    }
    let all = rows.len() as f64;
    let sure: usize = kinds.values().sum();
    println!(
        "noise claimed: {:.2} %, at .5 and more {:.2} % {kinds:?}",
        100.0 * f64::from(claimed) / all,
        100.0 * sure as f64 / all
    );
    Ok(())
}

fn mixed(identifier: &Identifier, rows: &[Row], path: &Path) -> Result<()> {
    let (mut right, mut all, mut exact, mut documents) = (0, 0, 0, 0);
    for line in read(path)?.lines() {
        let Some((spec, text)) = line.split_once('\t') else {
            continue;
        };
        let (answer, spans) = identifier.identify_parts(text, None);
        let index = gristmill_core::CodePoints::new(text);
        let mut labels = vec![answer.language; index.len()];
        for span in &spans {
            labels[index.at_byte(span.start)..index.at_byte(span.end)].fill(span.language);
        }
        let mut gold = BTreeSet::new();
        for part in spec.split(',') {
            let (language, range) = part.split_once(':').context("span")?;
            let (start, end) = range.split_once('-').context("span")?;
            let (start, end): (usize, usize) = (start.parse()?, end.parse()?);
            right += labels[start..end.min(labels.len())]
                .iter()
                .filter(|&&label| same(label) == same(language))
                .count();
            all += end - start;
            gold.insert(same(language));
        }
        exact += usize::from(gold == labels.iter().map(|label| same(label)).collect());
        documents += 1;
    }
    println!(
        "mixed: characters {:.2} %, exact set {:.2} %",
        100.0 * right as f64 / all as f64,
        100.0 * exact as f64 / documents as f64
    );
    let articles: Vec<&Row> = rows.iter().filter(|row| row.kind == "article").collect();
    let split = articles
        .iter()
        .filter(|row| !identifier.identify_parts(&row.text, None).1.is_empty())
        .count();
    println!(
        "articles in one language given spans: {:.2} %",
        100.0 * split as f64 / articles.len() as f64
    );
    Ok(())
}

/// Puts a sentence of another language into the middle of each article, and counts how often it is found.
fn quoted(identifier: &Identifier, rows: &[Row]) {
    let sentences: Vec<&Row> = rows
        .iter()
        .filter(|row| {
            row.kind == "sentence" && row.origin.starts_with("ntrex") && row.text.chars().count() >= 60
        })
        .collect();
    let (mut found, mut all) = (0, 0);
    for (number, article) in rows.iter().filter(|row| row.kind == "article").enumerate() {
        let quote = sentences[number * 7919 % sentences.len()];
        let Some(middle) =
            article.text[..article.text.floor_char_boundary(article.text.len() / 2)].rfind(". ")
        else {
            continue;
        };
        if quote.language == article.language {
            continue;
        }
        let (before, after) = article.text.split_at(middle + 2);
        let text = format!("{before}{} {after}", quote.text);
        let (start, end) = (before.len(), before.len() + quote.text.len());
        let (_, spans) = identifier.identify_parts(&text, None);
        let near = |a: usize, b: usize| a.abs_diff(b) * 5 <= quote.text.len();
        found +=
            usize::from(spans.iter().any(|span| {
                span.language == quote.language && near(span.start, start) && near(span.end, end)
            }));
        all += 1;
    }
    println!(
        "quotations in articles found: {:.2} % of {all}",
        100.0 * found as f64 / all.max(1) as f64
    );
}
