//! Trains the stage and says how well it does: `train_story DATA` scores, `train_story DATA OUT` trains on all
//! and writes the three files of the model into the folder OUT.
//!
//! The tables of frequencies and the vectors of words come from news of the world (`corpus::world`), never from
//! the articles that are scored. The trees learn from the pairs that the labelled stream meets. The score is
//! BCubed over the labelled articles, while all the others are in the stream: by cross-validation over events
//! in five stretches of time, and trained on the earlier events alone, scored on the later ones.

mod boost;
mod corpus;
mod meaning;
mod stream;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use gristmill_core::{Document, DocumentId, Sha256};
use gristmill_story::{Model, NAMES, Table, Term};
use jiff::Timestamp;

use boost::{Forest, Growth, Row};
use corpus::{Article, Text};
use stream::{Pair, bcubed, few, nearest, pairs, place};

const GROWTH: Growth = Growth {
    trees: 700,
    leaves: 6,
    rate: 0.015,
    calm: 2.0,
    least: 2.0,
    features: 0.3,
};

/// What is learned once, whichever events are known.
struct Ground {
    tables: Vec<u8>,
    space: Vec<u8>,
    /// Of articles of the world, each cut into two.
    world: Vec<Pair>,
    /// Of the labelled articles as if of a country that the tables do not know, undated.
    abroad: Vec<Pair>,
    /// The same as if all had been published on one day: then the day says nothing.
    one_day: Vec<Pair>,
}

impl Ground {
    fn new(
        world: &BTreeMap<String, Vec<Text>>,
        strangers: &[Document],
        articles: &[Article],
    ) -> Result<Self, Box<dyn Error>> {
        /// How alike articles of two events may be: of the world, where no label speaks, and of the labelled ones.
        const ALIKE: [f32; 2] = [0.4, 0.6];
        let mut tables = Vec::new();
        for (code, texts) in world {
            table(code, texts).write(&mut tables);
        }
        let english = world.get("en").map(Vec::as_slice).unwrap_or_default();
        let mut ground = Self {
            tables,
            space: meaning::space(english),
            world: Vec::new(),
            abroad: Vec::new(),
            one_day: Vec::new(),
        };
        let model = ground.model(&[0, 0], 0.5)?;
        ground.world = nearest(&corpus::halves(strangers), &model, ALIKE[0])?;
        let mut abroad = corpus::abroad(articles);
        ground.abroad = nearest(&abroad, &model, ALIKE[1])?;
        for article in &mut abroad {
            article.document.created = Some(Timestamp::UNIX_EPOCH);
        }
        ground.one_day = nearest(&abroad, &model, ALIKE[1])?;
        Ok(ground)
    }

    fn model(&self, trees: &[u8], threshold: f32) -> Result<Arc<Model>, Box<dyn Error>> {
        let model = Model::new(self.tables.clone(), &self.space, trees, threshold);
        Ok(Arc::new(model.ok_or("the parts make no model")?))
    }

    /// Trees that learned from the events that `known` lets through. A first model learns with the unlabelled
    /// articles alone, each its own story; it places them for the second.
    fn learn(&self, articles: &[Article], known: impl Fn(u32) -> bool) -> Result<Vec<u8>, Box<dyn Error>> {
        const LIKELY: f32 = 0.5;
        /// What a pair counts, against one of the stream as it came.
        const WORLD: f32 = 0.5;
        const ABROAD: f32 = 0.25;
        const ONE_DAY: f32 = 0.25;
        const VARIED: f32 = 0.5;
        const FEW: f32 = 0.15;
        let lets = |pair: &Pair| pair.events.iter().all(|event| known(*event));
        let row = |pair: &Pair, weight| (pair.features, pair.same, weight);
        let mut trees = vec![0, 0];
        for guess in [false, true] {
            let model = self.model(&trees, LIKELY)?;
            let mut met: Vec<Row> = self.world.iter().map(|pair| row(pair, WORLD)).collect();
            let mut take = |pairs: &[Pair], weight| {
                met.extend(
                    pairs
                        .iter()
                        .filter(|pair| lets(pair))
                        .map(|pair| row(pair, weight)),
                );
            };
            take(&self.abroad, ABROAD);
            take(&self.one_day, ONE_DAY);
            take(&pairs(articles, &model, guess)?, 1.0);
            for (number, dated) in [(0, false), (1, true)].into_iter().filter(|_| guess) {
                let varied = corpus::variant(articles, number, dated);
                take(&pairs(&varied, &model, true)?, VARIED);
                take(&few(&varied, &model, 1 + number as usize)?, FEW);
            }
            let forest = Forest::grow(&met, &GROWTH);
            if guess {
                let mut uses: Vec<_> = forest.uses().into_iter().zip(NAMES).collect();
                uses.sort_unstable_by(|a, b| b.cmp(a));
                eprintln!(
                    "{} pairs, {} of one event; splits {uses:?}",
                    met.len(),
                    met.iter().filter(|m| m.1).count()
                );
            }
            trees = forest.to_bytes();
        }
        Ok(trees)
    }
}

/// Document frequencies of a language. Where there are sentences only, they tell which words are common and no more.
fn table(code: &str, texts: &[Text]) -> Table {
    const ARTICLES: usize = 2_000;
    let (weight, fewest, least) = if texts.len() >= ARTICLES {
        (4_000, 2, 0.0008)
    } else {
        (400, 3, 0.015)
    };
    let mut counts: BTreeMap<Term, u32> = BTreeMap::new();
    for (term, _) in texts.iter().flat_map(|text| &text.terms) {
        *counts.entry(*term).or_default() += 1;
    }
    let share = |count: u32| f64::from(count) / texts.len() as f64;
    Table {
        code: code.to_owned(),
        articles: weight,
        shares: counts
            .into_iter()
            .filter(|&(_, count)| count >= fewest && share(count) >= least)
            .map(|(term, count)| (term, (share(count) * f64::from(u16::MAX)).round() as u16))
            .collect(),
    }
}

/// Which stretch of time each event is in, of `count` with as many events.
fn stretches(articles: &[Article], count: usize) -> BTreeMap<u32, usize> {
    let mut seen = BTreeSet::new();
    let order: Vec<u32> = articles
        .iter()
        .filter_map(|article| article.event)
        .filter(|event| seen.insert(*event))
        .collect();
    let stretch = |n: usize| n * count / order.len();
    order
        .iter()
        .enumerate()
        .map(|(n, event)| (*event, stretch(n)))
        .collect()
}

type Labelled = Vec<(u32, DocumentId)>;

fn say(what: &str, labelled: &Labelled) {
    let [precision, recall, f1] = bcubed(labelled);
    println!(
        "{what}: BCubed precision {precision:.4} recall {recall:.4} F1 {f1:.4} of {}",
        labelled.len()
    );
}

const THRESHOLDS: [f32; 5] = [0.4, 0.45, 0.46, 0.47, 0.5];

/// Scores trees that learned from other stretches on the stretches that `mine` lets through.
fn score(
    ground: &Ground,
    articles: &mut [Article],
    stretches: &BTreeMap<u32, usize>,
    known: impl Fn(usize) -> bool,
    mine: impl Fn(usize) -> bool,
    results: &mut [Labelled],
) -> Result<(), Box<dyn Error>> {
    let trees = ground.learn(articles, |event| known(stretches[&event]))?;
    for (threshold, result) in THRESHOLDS.into_iter().zip(results) {
        let placed = place(articles, &ground.model(&trees, threshold)?)?;
        let labelled = articles
            .iter()
            .zip(placed)
            .filter_map(|(article, story)| Some((article.event?, story)));
        result.extend(labelled.filter(|(event, _)| mine(stretches[event])));
    }
    Ok(())
}

fn evaluate(ground: &Ground, articles: &mut [Article]) -> Result<(), Box<dyn Error>> {
    let labelled = |story: fn(&Article) -> DocumentId| -> Labelled {
        articles
            .iter()
            .filter_map(|article| Some((article.event?, story(article))))
            .collect()
    };
    say("every article alone", &labelled(|article| article.document.id));
    let day = |article: &Article| DocumentId::of(article.day.as_bytes(), 0, &Sha256::of(b""));
    say("one story a day", &labelled(day));
    const FOLDS: usize = 5;
    let folds = stretches(articles, FOLDS);
    let mut results = vec![Labelled::new(); THRESHOLDS.len()];
    for fold in 0..FOLDS {
        score(
            ground,
            articles,
            &folds,
            |other| other != fold,
            |other| other == fold,
            &mut results,
        )?;
    }
    for (threshold, result) in THRESHOLDS.iter().zip(&results) {
        say(&format!("cross-validation, threshold {threshold}"), result);
    }
    const PARTS: usize = 10;
    const EARLIER: usize = 6;
    let parts = stretches(articles, PARTS);
    let mut results = vec![Labelled::new(); THRESHOLDS.len()];
    score(
        ground,
        articles,
        &parts,
        |part| part < EARLIER,
        |part| part >= EARLIER,
        &mut results,
    )?;
    for (threshold, result) in THRESHOLDS.iter().zip(&results) {
        say(&format!("later events, threshold {threshold}"), result);
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let data = Path::new(args.first().ok_or("train_story DATA [OUT]")?);
    let mut articles = corpus::stream(data)?;
    let ground = Ground::new(&corpus::world(data)?, &corpus::strangers(data)?, &articles)?;
    let Some(out) = args.get(1).map(Path::new) else {
        return evaluate(&ground, &mut articles);
    };
    let trees = ground.learn(&articles, |_| true)?;
    std::fs::write(out.join("frequencies.bin"), &ground.tables)?;
    std::fs::write(out.join("meaning.bin"), &ground.space)?;
    std::fs::write(out.join("trees.bin"), trees)?;
    Ok(())
}
