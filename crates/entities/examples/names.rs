//! Scores names: `names MENTIONS.tsv[.zst]|MARKED.txt` prints B³ of the ids that gold mentions get.
//!
//! Lines are document, start, end, type, the words of the mention and the id of what they name; or the file ends in `.txt` and has reports,
//! an empty line between, with the mentions in braces (`{TYPE id words}`), as `names.txt` beside this program. Mentions are joined
//! document by document and compared over all documents.

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;

use gristmill_core::EntityType;
use gristmill_entities::names::{Named, id, join};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("usage: names MENTIONS.tsv[.zst]|MARKED.txt")?;
    let mut bytes = std::fs::read(&path)?;
    if Path::new(&path)
        .extension()
        .is_some_and(|extension| extension == "zst")
    {
        bytes = zstd::decode_all(&bytes[..])?;
    }
    let content = String::from_utf8(bytes)?;
    let documents = if Path::new(&path)
        .extension()
        .is_some_and(|extension| extension == "txt")
    {
        marked(&content)
    } else {
        columns(&content)
    };
    let mut said: Vec<(String, &str)> = Vec::new();
    for (_, mentions) in &documents {
        let named: Vec<Named<'_>> = mentions
            .iter()
            .map(|[kind, text, _]| Named {
                text,
                kind: of(kind),
                given: None,
                sex: None,
            })
            .collect();
        for (bearer, mention) in join(&named).into_iter().zip(mentions) {
            said.push((id(named[bearer].kind, named[bearer].text), mention[2]));
        }
    }
    let count = |key: fn(&(String, &str)) -> String| {
        let mut counts: HashMap<String, f64> = HashMap::new();
        for mention in &said {
            *counts.entry(key(mention)).or_default() += 1.0;
        }
        counts
    };
    let (ours, gold) = (
        count(|mention| mention.0.clone()),
        count(|mention| mention.1.to_owned()),
    );
    let both = count(|mention| format!("{}\t{}", mention.0, mention.1));
    let (mut precision, mut recall) = (0.0, 0.0);
    for (said, meant) in &said {
        let shared = both[&format!("{said}\t{meant}")];
        precision += shared / ours[said];
        recall += shared / gold[*meant];
    }
    let (precision, recall) = (precision / said.len() as f64, recall / said.len() as f64);
    println!(
        "{} mentions of {}: B³ precision {:.1} recall {:.1} F1 {:.1}",
        said.len(),
        gold.len(),
        precision * 100.0,
        recall * 100.0,
        200.0 * precision * recall / (precision + recall)
    );
    if std::env::var_os("ERRORS").is_some() {
        let mut names: HashMap<&str, HashMap<&str, Vec<&str>>> = HashMap::new();
        let texts = documents
            .iter()
            .flat_map(|(_, mentions)| mentions.iter().map(|mention| mention[1]));
        for ((said, meant), text) in said.iter().zip(texts) {
            names
                .entry(meant)
                .or_default()
                .entry(said)
                .or_default()
                .push(text);
        }
        for (meant, ids) in names.iter().filter(|(_, ids)| ids.len() > 1) {
            let groups = ids.values().map(|texts| {
                let mut texts = texts.clone();
                texts.sort_unstable();
                texts.dedup();
                texts.join(", ")
            });
            println!("{meant}: {}", groups.collect::<Vec<_>>().join(" | "));
        }
    }
    Ok(())
}

fn of(kind: &str) -> EntityType {
    match kind {
        "PER" | "PERSON" => EntityType::Per,
        "ORG" | "ORGANIZATION" => EntityType::Org,
        "LOC" | "LOCATION" | "COUNTRY" | "CITY" | "STATE_OR_PROVINCE" | "DISTRICT" | "FACILITY" => {
            EntityType::Loc
        }
        _ => EntityType::Misc,
    }
}

/// A document with its mentions: type, words, id.
type Document<'c> = (&'c str, Vec<[&'c str; 3]>);

fn columns(content: &str) -> Vec<Document<'_>> {
    let mut documents: Vec<Document<'_>> = Vec::new();
    for line in content.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [document, _, _, kind, text, gold, ..] = columns[..] else {
            continue;
        };
        if documents.last().is_none_or(|(last, _)| *last != document) {
            documents.push((document, Vec::new()));
        }
        if let Some((_, mentions)) = documents.last_mut() {
            mentions.push([kind, text, gold]);
        }
    }
    documents
}

fn marked(content: &str) -> Vec<Document<'_>> {
    let reports = content.split("\n\n").filter(|report| !report.starts_with('#'));
    reports
        .map(|report| {
            let marks = report.split('{').skip(1).filter_map(|part| part.split_once('}'));
            let mentions = marks.filter_map(|(mark, _)| {
                let mut parts = mark.splitn(3, ' ');
                let (kind, gold) = (parts.next()?, parts.next()?);
                Some([kind, parts.next()?, gold])
            });
            (report, mentions.collect())
        })
        .collect()
}
