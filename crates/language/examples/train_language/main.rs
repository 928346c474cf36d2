//! Trains the language model:
//!
//!     cargo run --release -p gristmill-language --example train_language -- \
//!         $GRISTMILL_DATA/language/train.tsv.zst crates/language/model/language.bin
//!
//! The rows are `language TAB source TAB text`, packed with zstd. The same rows give the same model on every
//! run. It takes minutes on two cores and about a gigabyte of memory.

mod corpus;
mod learn;
mod made;
mod malay;
mod noise;
mod pack;
mod rng;

use std::path::PathBuf;

use anyhow::{Context, Result};
use corpus::Labelled;
use gristmill_language::Script;
use learn::{Weights, learn};

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let usage = "usage: train TRAIN.tsv.zst MODEL.bin [PASSES]";
    let (data, model) = (arguments.next().context(usage)?, arguments.next().context(usage)?);
    let passes = match arguments.next() {
        Some(passes) => passes.to_string_lossy().parse().context(usage)?,
        None => 12,
    };
    let labels = corpus::read(&data)?;
    let languages: std::collections::BTreeSet<_> = labels.iter().map(|label| &label.language).collect();
    eprintln!("{} labels, {} languages", labels.len(), languages.len());

    let mut groups: Vec<(usize, Vec<&Labelled>)> = Vec::new();
    let script = |label: &Labelled| Script::from_code(label.script);
    for (number, label) in labels.iter().enumerate() {
        match groups.last_mut() {
            Some((_, group)) if script(group[0]) == script(label) => group.push(label),
            _ => groups.push((number, vec![label])),
        }
    }
    groups.retain(|(_, group)| group.len() > 1);
    // The Latin alphabet has as much work as all other scripts together.
    let (latin, others): (Vec<_>, Vec<_>) = groups
        .into_iter()
        .partition(|(_, group)| group[0].script == "Latn");
    let run = |groups: Vec<(usize, Vec<&Labelled>)>| -> Vec<(usize, Weights)> {
        groups
            .into_iter()
            .map(|(first, group)| (first, learn(&group, passes)))
            .collect()
    };
    let mut trained = std::thread::scope(|scope| {
        let others = scope.spawn(|| run(others));
        let mut trained = run(latin);
        trained.extend(others.join().unwrap_or_default());
        trained
    });
    trained.sort_by_key(|(first, _)| *first);
    let table = pack::prune(&labels, &trained);
    let bytes = pack::pack(&labels, table)?;
    eprintln!("{} bytes", bytes.len());
    std::fs::write(&model, bytes).with_context(|| model.display().to_string())
}
