//! Quality and speed of extractors of articles on the same pages, in one process:
//!
//! ```sh
//! cargo run --release --manifest-path crates/clean/peers/Cargo.toml -- DIR [--step N] [PEER…]
//! ```
//!
//! `DIR` holds the corpora `aeb`, `fundus` and `wcxb`, as for `train_html`; of their pages every `N`th is taken (8 where nothing is
//! said). Without names all peers run: `gristmill`, `trafilatura`, `rs-trafilatura`, `dom_smoothie`, each called as its documentation
//! shows first, `trafilatura` with the fallback that its command has. Pages are characters in memory before the clock starts. The
//! F1 of `gristmill` is that of a model that knows these pages: what it is worth on others, `train_html --folds` says.

#[path = "../../examples/train_html/corpus.rs"]
#[allow(dead_code, reason = "the trainer reads more of a page's gold")]
mod corpus;
#[path = "../../examples/train_html/metric.rs"]
#[allow(dead_code, reason = "the trainer counts segments too")]
mod metric;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use corpus::Sample;
use cpu_time::ProcessTime;
use metric::Score;

const PEERS: [&str; 4] = ["gristmill", "trafilatura", "rs-trafilatura", "dom_smoothie"];
/// Of so many rounds, peers by turns, the fastest counts: others on the machine can only slow a round down.
const ROUNDS: usize = 3;

/// Gives the article of a page.
type Peer = fn(&str) -> String;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let dir = PathBuf::from(arguments.next().context("a folder of corpora")?);
    let mut step = 8;
    let mut peers = Vec::new();
    while let Some(argument) = arguments.next() {
        if argument == "--step" {
            step = arguments.next().context("--step needs a number")?.parse()?;
        } else {
            peers.push(peer(&argument)?);
        }
    }
    if peers.is_empty() {
        peers = PEERS.into_iter().map(peer).collect::<Result<_>>()?;
    }
    let mut samples: Vec<Sample> = Vec::new();
    for corpus in ["aeb", "fundus", "wcxb"] {
        samples.extend(corpus::read(&dir, corpus)?);
    }
    let samples: Vec<&Sample> = samples.iter().step_by(step).collect();
    let bytes: usize = samples.iter().map(|sample| sample.markup.len()).sum();
    println!("{} pages, {:.1} MB", samples.len(), bytes as f64 / 1e6);
    let mut speeds = BTreeMap::new();
    for _ in 0..ROUNDS {
        for (name, peer) in &peers {
            let start = ProcessTime::now();
            for sample in &samples {
                black_box(peer(&sample.markup));
            }
            let speed = samples.len() as f64 / start.elapsed().as_secs_f64();
            let fastest = speeds.entry(*name).or_insert(0.0_f64);
            *fastest = fastest.max(speed);
        }
    }
    for (name, peer) in &peers {
        let mut score = Score::default();
        for sample in &samples {
            let gold = metric::shingles(sample.gold.body.as_deref().unwrap_or_default());
            score.add(&gold, &peer(&sample.markup));
        }
        let [precision, recall, f1] = score.shingles();
        println!(
            "{name}: F1 {f1:.4} ({precision:.4} {recall:.4}), {:.0} pages a second of processor time",
            speeds[name]
        );
    }
    Ok(())
}

fn peer(name: &str) -> Result<(&'static str, Peer)> {
    Ok(match name {
        "gristmill" => ("gristmill", |page| gristmill_clean::html::read(page, false).text),
        "trafilatura" => ("trafilatura", |page| {
            let options = trafilatura::Options::default().with_fallback(true);
            trafilatura::extract(page, &options).map_or_else(|_| String::new(), |found| found.content_text)
        }),
        "rs-trafilatura" => ("rs-trafilatura", |page| {
            rs_trafilatura::extract(page).map_or_else(|_| String::new(), |found| found.content_text)
        }),
        "dom_smoothie" => ("dom_smoothie", |page| {
            let found = dom_smoothie::Readability::new(page, None, None).and_then(|mut page| page.parse());
            found.map_or_else(|_| String::new(), |article| article.text_content.to_string())
        }),
        _ => bail!("no peer {name}; there are {}", PEERS.join(", ")),
    })
}
