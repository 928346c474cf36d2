//! Scores near-duplicates on documents with labelled groups: `duplicates DIR [THRESHOLD] [MIN_WORDS|off]`.
//!
//! DIR holds `docs.jsonl.zst`, `synthetic_dups.jsonl.zst` and `natural_pairs.tsv.zst`. A document must be
//! tagged when an earlier one is in its group; a tag is right when it names a member of the group. Pairs that
//! the labels leave open count neither way. Prints precision, recall and F1, recall by kind, documents a
//! second and bytes of state.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::Instant;

use gristmill_core::{Document, DocumentId, MemoryState, OrderedStage, State};
use gristmill_dedup::{Action, Dedup, DedupParams, Passages};
use serde_json::Value;

type Groups = HashMap<String, HashSet<String>>;

fn lines(folder: &Path, file: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let reader = zstd::Decoder::new(std::fs::File::open(folder.join(file))?)?;
    Ok(BufReader::new(reader).lines().collect::<Result<_, _>>()?)
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn root<'r>(roots: &'r HashMap<String, String>, mut id: &'r str) -> &'r str {
    while let Some(parent) = roots.get(id) {
        id = parent;
    }
    id
}

fn join(roots: &mut HashMap<String, String>, a: &str, b: &str) {
    let (a, b) = (root(roots, a).to_owned(), root(roots, b).to_owned());
    if a != b {
        roots.insert(a, b);
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let folder = Path::new(args.first().ok_or("duplicates DIR [THRESHOLD] [MIN_WORDS|off]")?);
    let mut params = DedupParams {
        exact: Action::Tag,
        passages: Passages::On { min_words: 8 },
        ..DedupParams::default()
    };
    if let Some(threshold) = args.get(1) {
        params.threshold = threshold.parse()?;
    }
    match args.get(2).map(String::as_str) {
        Some("off") => params.passages = Passages::Off,
        Some(words) => {
            params.passages = Passages::On {
                min_words: words.parse()?,
            }
        }
        None => {}
    }

    let mut order: Vec<Value> = Vec::new();
    for file in ["docs.jsonl.zst", "synthetic_dups.jsonl.zst"] {
        for line in lines(folder, file)? {
            order.push(serde_json::from_str(&line)?);
        }
    }
    let dates: HashMap<String, String> = order
        .iter()
        .map(|d| (text(d, "id").to_owned(), text(d, "date").to_owned()))
        .collect();
    // Undated documents come last, and a variant after all that it was made from.
    let place = |d: &Value| {
        let made_of =
            ["id", "reuse_of", "host"].map(|key| dates.get(text(d, key)).cloned().unwrap_or_default());
        let date = made_of.into_iter().max().filter(|date| !date.is_empty());
        (
            date.unwrap_or("9999".into()),
            d.get("kind").is_some(),
            text(d, "id").to_owned(),
        )
    };
    order.sort_by_cached_key(place);

    let pairs: Vec<Vec<String>> = lines(folder, "natural_pairs.tsv.zst")?
        .iter()
        .skip(1)
        .map(|line| line.split('\t').map(str::to_owned).collect())
        .collect();
    let mut roots = HashMap::new();
    for pair in pairs.iter().filter(|pair| pair[2] == "exact" || pair[2] == "dup") {
        join(&mut roots, &pair[0], &pair[1]);
    }
    for d in order
        .iter()
        .filter(|d| d.get("kind").is_some() && text(d, "kind") != "merge")
    {
        join(&mut roots, text(d, "id"), text(d, "dup_of"));
    }
    let group = |id: &str| root(&roots, id).to_owned();
    let (mut groups, mut touched) = (Groups::new(), Groups::new());
    for d in &order {
        let of_merge = HashSet::from([group(text(d, "reuse_of")), group(text(d, "host"))]);
        let own = HashSet::from([group(text(d, "id"))]);
        let mine = if text(d, "kind") == "merge" { of_merge } else { own };
        if matches!(text(d, "kind"), "medium" | "heavy") {
            let lent = mine.iter().cloned().chain([group(text(d, "host"))]).collect();
            touched.insert(text(d, "id").to_owned(), lent);
        }
        groups.insert(text(d, "id").to_owned(), mine);
    }
    let grey: HashSet<[String; 2]> = pairs
        .iter()
        .filter(|pair| pair[2] == "grey")
        .flat_map(|pair| {
            [
                [group(&pair[0]), group(&pair[1])],
                [group(&pair[1]), group(&pair[0])],
            ]
        })
        .collect();

    let mut dedup = Dedup::new(&params);
    let mut state = MemoryState::new();
    dedup.open(&mut state)?;
    let mut names: HashMap<DocumentId, String> = HashMap::new();
    let mut said: Vec<Option<String>> = Vec::new();
    let mut passages = 0;
    let start = Instant::now();
    for (n, d) in order.iter().enumerate() {
        let mut document = Document::from_text(text(d, "id"), text(d, "text"));
        dedup.check(&mut document, &mut state)?;
        if n % 100 == 99 {
            dedup.tend(&mut state)?;
        }
        passages += document.passages.len();
        said.push(document.duplicate.of.and_then(|of| names.get(&of).cloned()));
        names.insert(document.id, text(d, "id").to_owned());
    }
    let seconds = start.elapsed().as_secs_f64();

    let mut seen: HashSet<String> = HashSet::new();
    let (mut must, mut right) = (BTreeMap::new(), BTreeMap::new());
    let mut wrong = 0;
    for (d, of) in order.iter().zip(&said) {
        let (id, kind) = (text(d, "id"), d["kind"].as_str().unwrap_or("natural"));
        let mine = &groups[id];
        let of = of.as_deref();
        let hit = of.is_some_and(|of| !mine.is_disjoint(&groups[of]));
        let open = of.is_some_and(|of| {
            let lent = |id: &str| touched.get(id).unwrap_or(&groups[id]).clone();
            let pair = |a: &String, b: &String| grey.contains(&[a.clone(), b.clone()]);
            !lent(id).is_disjoint(&lent(of)) || mine.iter().any(|a| groups[of].iter().any(|b| pair(a, b)))
        });
        if kind == "merge" || !mine.is_disjoint(&seen) {
            *must.entry(kind).or_insert(0) += 1;
            *right.entry(kind).or_insert(0) += usize::from(hit);
        }
        if of.is_some() && !hit && !open {
            wrong += 1;
        }
        if kind != "merge" {
            seen.extend(mine.iter().cloned());
        }
    }
    let sum = |counts: &BTreeMap<&str, usize>| {
        counts
            .iter()
            .filter(|(kind, _)| **kind != "merge")
            .map(|(_, n)| n)
            .sum::<usize>()
    };
    let (must_all, right_all) = (sum(&must) as f64, sum(&right) as f64);
    let (precision, recall) = (right_all / (right_all + wrong as f64), right_all / must_all);
    println!(
        "precision {precision:.4} recall {recall:.4} F1 {:.4}, {wrong} wrong",
        2.0 * precision * recall / (precision + recall)
    );
    for (kind, must) in &must {
        println!("  {kind:9} {:.3} of {must}", right[kind] as f64 / *must as f64);
    }
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    for file in state.files() {
        let kind = file.split('-').next().unwrap_or_default().to_owned();
        *kinds.entry(kind).or_default() += state.len(&file).unwrap_or_default() / order.len() as u64;
    }
    println!("bytes of state a document by kind of file: {kinds:?}");
    let bytes: u64 = state.files().iter().filter_map(|file| state.len(file)).sum();
    println!(
        "{:.0} documents/s, {} bytes of state a document, {:.2} passages a document",
        order.len() as f64 / seconds,
        bytes / order.len() as u64,
        passages as f64 / order.len() as f64
    );
    Ok(())
}
