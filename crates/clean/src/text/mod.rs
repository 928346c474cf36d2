//! Scraped text: from what a scraper left to title, body, byline and dateline.
//!
//! A text is its lines. Each line is measured once (`scan`), without a guess at its language; the measurements and
//! how the line stands to the others make a row of a [`Table`]; two passes of boosted trees ([`Forest`]) say how
//! likely the line belongs to the article, the second seeing what the first thinks of its neighbours. Lines that are
//! furniture by their words alone go in any text (`plain`), since a short one gives the trees little to go by, and so do
//! threads of comments (`thread`), which read like prose. What is kept is put together as paragraphs; above it the title
//! is looked for, by its repetition or its place, and beside it who wrote the text, when and where.
//!
//! A body that is clean already comes out as it went in: the model learned from clean bodies too, and where little
//! speaks against a text nothing is taken from it.

mod byline;
mod classify;
mod date;
pub(crate) mod dateline;
mod forest;
mod lines;
mod phrases;
mod plain;
mod rules;
mod scan;
mod second;
mod table;
mod thread;
mod title;

pub use classify::{Model, keep_above};
pub use forest::{Forest, ForestError, Question, Tree, UNIT};
pub use table::Table;

use gristmill_core::Metadata;

use crate::{Article, Dropped, mojibake};
use lines::Line;
use phrases::Phrases;
use scan::Scan;
use title::Relation;

/// Lines that are looked at together; longer texts are cut here, so that memory stays in bounds.
const CHUNK: usize = 16_384;

/// The lines of `text` and what the first pass sees of them.
pub fn tabulate(text: &str) -> (Vec<String>, Table) {
    let lines = lines::split(text);
    let scans = scan(&lines);
    (
        lines.into_iter().map(|line| line.text.into_owned()).collect(),
        Table::first(&scans, None),
    )
}

fn scan(lines: &[Line<'_>]) -> Vec<Scan> {
    let phrases = Phrases::built_in();
    lines.iter().map(|line| Scan::of(&line.text, phrases)).collect()
}

/// The article in `text`; `title` is its title where that is known.
pub fn read(text: &str, title: Option<&str>) -> Article {
    article(text, title, true)
}

/// The article in `text`, with what was left out if that is `told`.
pub(crate) fn article(text: &str, title: Option<&str>, told: bool) -> Article {
    match Model::built_in() {
        Ok(model) => made(model, text, title, told),
        // Without a model nothing can be told from anything else. A test holds that the built-in one is read.
        Err(_) => Article {
            text: text.to_owned(),
            ..Article::default()
        },
    }
}

/// The article in `text` as `model` sees it; `title` is its title where that is known. A title without characters is
/// none, and one is looked for.
pub fn read_with(model: &Model, text: &str, title: Option<&str>) -> Article {
    made(model, text, title, true)
}

fn made(model: &Model, text: &str, title: Option<&str>, told: bool) -> Article {
    let title = title.filter(|title| !title.trim().is_empty());
    let text = &*mojibake::repair(text);
    let lines = lines::split(text);
    let scans = scan(&lines);
    let title_hash = title.map(|title| Scan::of(title, Phrases::built_in()).hash);
    let mut rules = rules::asides(&lines, &scans);
    let (scores, mut kept) = judge(model, &scans, &rules, title_hash);
    rules::follow(&scans, &scores, &rules, &mut kept);
    for (rule, kept) in rules.iter_mut().zip(&kept) {
        *rule = rule.or((!kept).then_some("model"));
    }
    rules::apply(&lines, &scans, &mut rules);
    thread::apply(&lines, &scans, &mut rules);
    let start = body_start(&scans, &kept);
    let given = title.is_some();
    let found = match title {
        Some(_) => None,
        None => title::find(&lines, &scans, &kept, start),
    };
    let title = title
        .map(str::to_owned)
        .or_else(|| found.map(|at| lines[at].text.to_string()));
    if let Some(title) = &title {
        without_title(&lines, &scans, start, found, title, &mut rules);
    }
    rules::lead(&scans, &scores, found, &mut rules);
    if !lines.is_empty() && rules.iter().all(Option::is_some) {
        restore(&scans, &scores, &mut rules);
    }
    let mut article = assemble(&lines, &scans, &scores, &rules, told);
    // A line that is all there is makes a text, not a title; a title that was given stays one.
    article.title = title.filter(|title| given || *title != article.text);
    article
}

/// The scores of the lines and whether the model keeps them. It does not see those that a rule has taken, and keeps none of them.
fn judge(
    model: &Model,
    scans: &[Scan],
    rules: &[Option<&'static str>],
    title: Option<u64>,
) -> (Vec<i32>, Vec<bool>) {
    let mut scores = Vec::with_capacity(scans.len());
    let mut kept = Vec::with_capacity(scans.len());
    let mut add = |scans: &[Scan]| {
        for scans in scans.chunks(CHUNK) {
            let mut table = Table::first(scans, title);
            let said = model.scores(&mut table);
            kept.extend(classify::keep(&said, &table));
            scores.extend(said);
        }
    };
    if rules.iter().all(Option::is_none) {
        add(scans);
        return (scores, kept);
    }
    let seen = scans.iter().zip(rules).filter(|(_, rule)| rule.is_none());
    add(&seen.map(|(scan, _)| scan.clone()).collect::<Vec<_>>());
    let mut said = scores.into_iter().zip(kept);
    let all = rules.iter().map(|rule| match rule {
        None => said.next().unwrap_or_default(),
        Some(_) => (0, false),
    });
    all.unzip()
}

/// The first line of the body: the first that is kept and reads like prose, or the first that is kept.
fn body_start(scans: &[Scan], kept: &[bool]) -> usize {
    let prose = (0..kept.len()).find(|&at| kept[at] && (scans[at].is_prose() || scans[at].words > 25));
    prose
        .or_else(|| kept.iter().position(|&kept| kept))
        .unwrap_or(kept.len())
}

/// Takes the title out of the body, and the lines above and below the body that repeat it among few other words.
fn without_title(
    lines: &[Line<'_>],
    scans: &[Scan],
    start: usize,
    found: Option<usize>,
    title: &str,
    rules: &mut [Option<&'static str>],
) {
    /// Words around a repeated title, at most.
    const AROUND: u32 = 12;
    let words = Scan::of(title, Phrases::built_in()).words;
    let title = title::folded(title);
    for (at, line) in lines.iter().enumerate() {
        if found == Some(at) {
            rules[at] = Some("title");
            continue;
        }
        if rules[at].is_some() || !(words.saturating_sub(3)..=words + AROUND).contains(&scans[at].words) {
            continue;
        }
        let relation = title::relation(&title::folded(&line.text), &title);
        let repeats = match relation {
            None => false,
            Some(Relation::Same) => at <= start || scans[at].words > 3,
            Some(_) => at < start || !scans[at].is_prose(),
        };
        if repeats {
            rules[at] = Some("title");
        }
    }
}

/// Where nothing would be left: a short text without furniture is no menu, so its lines stay.
fn restore(scans: &[Scan], scores: &[i32], rules: &mut [Option<&'static str>]) {
    let few = scans.len() <= 12;
    for (at, scan) in scans.iter().enumerate() {
        if few
            && scan.words > 0
            && scan.furniture() * 3 <= scan.words
            && (rules[at] == Some("title") || scores[at] > -6 * UNIT as i32)
        {
            rules[at] = None;
        }
    }
}

fn assemble(
    lines: &[Line<'_>],
    scans: &[Scan],
    scores: &[i32],
    rules: &[Option<&'static str>],
    told: bool,
) -> Article {
    let length = lines
        .iter()
        .zip(rules)
        .filter(|(_, rule)| rule.is_none())
        .map(|(line, _)| line.text.len() + 2)
        .sum();
    let mut text = String::with_capacity(length);
    let mut dropped = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        match rules[at] {
            None => {
                if !text.is_empty() {
                    text.push_str("\n\n");
                }
                text.push_str(&line.text);
            }
            Some(_) if !told => {}
            Some(rule) => dropped.push(Dropped {
                text: line.text.to_string(),
                rule,
                score: (rule == "model").then(|| classify::probability(scores[at])),
            }),
        }
    }
    let around = byline::read(lines, scans, rules);
    let dateline = dateline::find(&text);
    Article {
        title: None,
        text,
        metadata: Metadata {
            author: around.authors,
            dateline,
            ..Metadata::default()
        },
        created: around.created,
        language: None,
        dropped,
    }
}
