//! Trains the model of lines, or shows by cross-validation over sites what one is worth:
//!
//! ```text
//! train_text DIR [--folds 5 [--seed 0]] [OUT]
//! ```

mod boost;
mod corpus;
mod metric;
mod report;

use std::path::PathBuf;

use anyhow::{Context, Result};
use boost::{Options, Rows, features, train};
use corpus::Text;
use gristmill_clean::text::{Forest, Model, Table};

const FIRST: Options = Options {
    trees: 80,
    depth: 6,
    rate: 0.15,
    l2: 20.0,
    rows: 0.5,
    features: 0.4,
};
const SECOND: Options = Options {
    trees: 100,
    depth: 6,
    rate: 0.12,
    l2: 20.0,
    rows: 0.5,
    features: 0.4,
};

fn first(texts: &[Text], leave: &[usize]) -> Result<Forest> {
    let mut rows = Rows::new(features(false));
    for text in texts.iter().filter(|text| !leave.contains(&text.fold)) {
        rows.extend(&text.table, &text.labels, &text.weights);
    }
    Ok(train(&rows, FIRST)?)
}

fn with_scores(text: &Text, first: &Forest) -> Table {
    let mut table = text.table.clone();
    let scores = first.scores(&table);
    table.second(&scores);
    table
}

fn main() -> Result<()> {
    let mut folder = None;
    let mut folds = None;
    let mut seed = 0;
    let mut out = PathBuf::from("crates/clean/model/text.bin");
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--folds" => {
                folds = Some(
                    arguments
                        .next()
                        .context("--folds needs a number")?
                        .parse::<usize>()?,
                )
            }
            "--seed" => seed = arguments.next().context("--seed needs a number")?.parse()?,
            _ if folder.is_none() => folder = Some(PathBuf::from(argument)),
            _ => out = argument.into(),
        }
    }
    let folder = folder.context("usage: train_text DIR [--folds N [--seed N]] [OUT]")?;
    let inner = folds.unwrap_or(5);
    let texts = corpus::read(&folder, inner, seed)?;
    match folds {
        Some(folds) => validate(&texts, folds),
        None => {
            let parts: Vec<Forest> = (0..inner)
                .map(|fold| first(&texts, &[fold]))
                .collect::<Result<_>>()?;
            let mut rows = Rows::new(features(true));
            for text in &texts {
                rows.extend(&with_scores(text, &parts[text.fold]), &text.labels, &text.weights);
            }
            let mut bytes = first(&texts, &[])?.to_bytes();
            bytes.extend(train(&rows, SECOND)?.to_bytes());
            std::fs::write(&out, bytes).with_context(|| format!("writing {}", out.display()))
        }
    }
}

/// The model trained without the texts of one fold.
fn validate(texts: &[Text], folds: usize) -> Result<()> {
    let mut pairs = std::collections::HashMap::new();
    for a in 0..folds {
        for b in a..folds {
            let model = first(texts, &[a, b])?;
            pairs.insert((a, b), model.clone());
            pairs.insert((b, a), model);
        }
    }
    let mut models = Vec::new();
    for fold in 0..folds {
        let mut rows = Rows::new(features(true));
        for text in texts.iter().filter(|text| text.fold != fold) {
            rows.extend(
                &with_scores(text, &pairs[&(fold, text.fold)]),
                &text.labels,
                &text.weights,
            );
        }
        models.push(Model {
            first: pairs[&(fold, fold)].clone(),
            second: train(&rows, SECOND)?,
        });
    }
    report::scores(texts, &models);
    report::articles(texts, &models);
    Ok(())
}
