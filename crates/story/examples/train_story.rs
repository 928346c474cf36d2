//! Trains the stage: `train_story DIR frequencies OUT` writes the start table of document frequencies,
//! `train_story DIR weights all` prints the weights of the model, `train_story DIR [THRESHOLD]` scores it.
//!
//! DIR holds `docs.jsonl.zst`: articles with `date`, `title`, `text` and, where it is known, the event in
//! `cluster`. Weights are fitted on the pairs that the stream meets when every labelled article is placed
//! rightly, by gradient descent on the logistic loss. The score is BCubed over the labelled articles.
//! `weights` without `all` takes every other event only (by hash), and the score is given for both halves.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::time::Instant;

use gristmill_core::{Document, DocumentId, MemoryState, OrderedStage, Sha256};
use gristmill_story::{FEATURES, Features, Stories, StoryParams, Term, terms};
use serde_json::Value;

struct Article {
    document: Document,
    event: Option<String>,
}

fn articles(folder: &Path) -> Result<Vec<Article>, Box<dyn Error>> {
    let reader = zstd::Decoder::new(std::fs::File::open(folder.join("docs.jsonl.zst"))?)?;
    let mut records: Vec<Value> = Vec::new();
    for line in BufReader::new(reader).lines() {
        records.push(serde_json::from_str(&line?)?);
    }
    let text = |record: &Value, key: &str| record[key].as_str().unwrap_or_default().to_owned();
    records.sort_by_cached_key(|record| {
        (
            record["date"].as_str().unwrap_or("9999").to_owned(),
            text(record, "id"),
        )
    });
    let mut articles = Vec::new();
    for record in records {
        let mut document = Document::from_text(&text(&record, "id"), &text(&record, "text"));
        document.title = record["title"].as_str().map(str::to_owned);
        if let Some(date) = record["date"].as_str() {
            document.created = Some(format!("{date}T00:00:00Z").parse()?);
        }
        let event = record["cluster"]
            .as_str()
            .map(str::to_owned)
            .or_else(|| record["cluster"].as_i64().map(|n| n.to_string()));
        articles.push(Article { document, event });
    }
    Ok(articles)
}

/// An article's event and the story that it was placed in.
type Placed<'e> = (&'e str, DocumentId);

/// Which half of the events an event is in.
fn half(event: &str) -> usize {
    usize::from(Sha256::of(event.as_bytes()).as_bytes()[0] % 2)
}

fn frequencies(articles: &[Article], out: &Path) -> Result<(), Box<dyn Error>> {
    let mut counts: BTreeMap<Term, u32> = BTreeMap::new();
    for Article { document, .. } in articles {
        let title = document.title.as_deref().unwrap_or_default();
        let all: BTreeSet<Term> = [title, &document.text]
            .into_iter()
            .flat_map(terms)
            .map(|found| found.0)
            .collect();
        all.into_iter()
            .for_each(|term| *counts.entry(term).or_default() += 1);
    }
    let mut file = std::fs::File::create(out)?;
    let all = articles.len() as f64;
    for (term, count) in counts
        .into_iter()
        .filter(|(_, count)| f64::from(*count) / all >= 0.002)
    {
        let share = (f64::from(count) / all * f64::from(u16::MAX)).round() as u16;
        file.write_all(&term.to_le_bytes())?;
        file.write_all(&share.to_le_bytes())?;
    }
    Ok(())
}

fn weights(articles: &[Article], halves: &[usize]) -> Result<(), Box<dyn Error>> {
    let mut stories = Stories::new(&StoryParams::default());
    let mut state = MemoryState::new();
    let mut first: HashMap<&str, DocumentId> = HashMap::new();
    let mut events: HashMap<DocumentId, &str> = HashMap::new();
    let mut pairs: Vec<(Features, bool)> = Vec::new();
    for Article { document, event } in articles {
        if let Some(event) = event.as_deref().filter(|event| halves.contains(&half(event))) {
            for candidate in stories.candidates(document) {
                if let Some(other) = events
                    .get(&candidate.story)
                    .filter(|other| halves.contains(&half(other)))
                {
                    pairs.push((candidate.features, *other == event));
                }
            }
        }
        let story = event
            .as_deref()
            .map_or(document.id, |event| *first.entry(event).or_insert(document.id));
        if let Some(event) = event {
            events.insert(story, event);
        }
        stories.teach(document, story, &mut state)?;
    }
    let mut learned = [0.0_f64; FEATURES + 1];
    const ROUNDS: usize = 20_000;
    const RATE: f64 = 2.0;
    // The best and the mean similarity are nearly one in small stories; decay makes them share the weight.
    const DECAY: f64 = 1e-4;
    for _ in 0..ROUNDS {
        let mut gradient = [0.0_f64; FEATURES + 1];
        for (features, same) in &pairs {
            let inputs = || features.iter().map(|&value| f64::from(value)).chain([1.0]);
            let sum: f64 = inputs().zip(learned).map(|(value, weight)| value * weight).sum();
            let error = f64::from(u8::from(*same)) - 1.0 / (1.0 + (-sum).exp());
            inputs()
                .zip(&mut gradient)
                .for_each(|(value, total)| *total += value * error);
        }
        for (weight, gradient) in learned.iter_mut().zip(gradient) {
            *weight += gradient / pairs.len() as f64 * RATE - *weight * RATE * DECAY;
        }
    }
    let same = pairs.iter().filter(|pair| pair.1).count();
    println!(
        "{} pairs, {same} of one event; weights, bias last: {learned:.3?}",
        pairs.len()
    );
    Ok(())
}

fn score(articles: &mut [Article], threshold: Option<f32>) -> Result<(), Box<dyn Error>> {
    let params = StoryParams {
        threshold,
        ..StoryParams::default()
    };
    let mut stories = Stories::new(&params);
    let mut state = MemoryState::new();
    stories.open(&mut state)?;
    let start = Instant::now();
    for Article { document, .. } in articles.iter_mut() {
        stories.place(document, &mut state)?;
    }
    let seconds = start.elapsed().as_secs_f64();
    for halves in [&[0][..], &[1], &[0, 1]] {
        let labelled: Vec<Placed<'_>> = articles
            .iter()
            .filter_map(|article| Some((article.event.as_deref()?, article.document.story.id?)))
            .filter(|(event, _)| halves.contains(&half(event)))
            .collect();
        let share = |of: fn(&Placed<'_>, &Placed<'_>) -> bool| {
            let one = |mine: &Placed<'_>| {
                let all: Vec<_> = labelled.iter().filter(|other| of(mine, other)).collect();
                let both = all
                    .iter()
                    .filter(|other| other.0 == mine.0 && other.1 == mine.1)
                    .count();
                both as f64 / all.len() as f64
            };
            labelled.iter().map(one).sum::<f64>() / labelled.len() as f64
        };
        let precision = share(|a, b| a.1 == b.1);
        let recall = share(|a, b| a.0 == b.0);
        let f1 = 2.0 * precision * recall / (precision + recall);
        println!("halves {halves:?}: BCubed precision {precision:.4} recall {recall:.4} F1 {f1:.4}");
    }
    println!("{:.0} documents/s", articles.len() as f64 / seconds);
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let folder = args
        .first()
        .ok_or("train_story DIR [frequencies OUT | weights | THRESHOLD]")?;
    let mut articles = articles(Path::new(folder))?;
    match args.get(1).map(String::as_str) {
        Some("frequencies") => frequencies(&articles, Path::new(args.get(2).ok_or("where to?")?)),
        Some("weights") => weights(
            &articles,
            if args.get(2).is_some_and(|arg| arg == "all") {
                &[0, 1]
            } else {
                &[0]
            },
        ),
        Some(threshold) => score(&mut articles, Some(threshold.parse()?)),
        None => score(&mut articles, None),
    }
}
