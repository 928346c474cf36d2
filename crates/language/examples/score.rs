//! Scores the identifier on labelled texts and times it:
//!
//!     cargo run --release -p gristmill-language --example score -- $GRISTMILL_DATA/language [--confusions]
//!
//! The folder holds `dev.tsv.zst` (language, text, kind of text), `noise_dev.tsv.zst` (the same) and
//! `mixed_dev.tsv.zst` (`language:start-end,…` in code points, text). Accuracy is averaged over languages. Dari
//! counts as Persian, Filipino as Tagalog.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
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
    let usage = "usage: score FOLDER [--confusions]";
    let folder = PathBuf::from(std::env::args_os().nth(1).context(usage)?);
    let confusions = std::env::args().any(|argument| argument == "--confusions");
    let started = Instant::now();
    let identifier = Identifier::new();
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
    if confusions {
        wrong(&rows, &answers);
    }
    speed(&identifier, &rows);
    noise(&identifier, &folder.join("noise_dev.tsv.zst"))
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
                    std::hint::black_box(identifier.identify(std::hint::black_box(text)));
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
