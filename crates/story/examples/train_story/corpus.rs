//! The texts to learn from.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use gristmill_core::Document;
use gristmill_story::{Term, words};
use jiff::Timestamp;
use serde_json::Value;

/// An article of a stream, with its event where that is known.
pub(crate) struct Article {
    pub(crate) document: Document,
    pub(crate) event: Option<u32>,
    pub(crate) day: String,
}

/// A text of which only the words count.
pub(crate) struct Text {
    /// The words of it that count, each once.
    pub(crate) terms: Vec<(Term, u32)>,
}

impl Text {
    pub(crate) fn new(parts: &[&str]) -> Self {
        const MOST: usize = 1_500;
        let mut counts: BTreeMap<Term, u32> = BTreeMap::new();
        for word in parts.iter().flat_map(|part| words(part).take(MOST)) {
            *counts.entry(word.term).or_default() += 1;
        }
        Self {
            terms: counts.into_iter().collect(),
        }
    }
}

/// The lines of a file, unpacked where its name ends in `.zst`.
fn lines(path: &Path) -> Result<impl Iterator<Item = std::io::Result<String>> + use<>, Box<dyn Error>> {
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let packed = path.extension().is_some_and(|extension| extension == "zst");
    let reader: Box<dyn Read> = if packed {
        Box::new(zstd::Decoder::new(file)?)
    } else {
        Box::new(file)
    };
    Ok(BufReader::new(reader).lines())
}

fn records(path: &Path) -> Result<Vec<Value>, Box<dyn Error>> {
    lines(path)?
        .map(|line| Ok(serde_json::from_str(&line?)?))
        .collect()
}

/// The labelled stream in the order of its days.
pub(crate) fn stream(data: &Path) -> Result<Vec<Article>, Box<dyn Error>> {
    let mut records = records(&data.join("dedup/docs.jsonl.zst"))?;
    let text = |record: &Value, key: &str| record[key].as_str().unwrap_or_default().to_owned();
    let day = |record: &Value| record["date"].as_str().unwrap_or("9999").to_owned();
    records.sort_by_cached_key(|record| (day(record), text(record, "id")));
    let mut events: HashMap<String, u32> = HashMap::new();
    let mut articles = Vec::new();
    for record in records {
        let mut document = Document::from_text(&text(&record, "id"), &text(&record, "text"));
        document.title = record["title"].as_str().map(str::to_owned);
        if let Some(date) = record["date"].as_str() {
            document.created = Some(format!("{date}T00:00:00Z").parse()?);
        } else {
            document.added = "2026-01-01T00:00:00Z".parse()?;
        }
        let event = (!record["cluster"].is_null()).then(|| {
            let next = events.len() as u32;
            *events.entry(record["cluster"].to_string()).or_insert(next)
        });
        articles.push(Article {
            document,
            event,
            day: day(&record),
        });
    }
    Ok(articles)
}

/// Sentences put together to texts about as long as articles are.
const TOGETHER: usize = 12;

/// News of the world by language: articles where there are some, else sentences put together.
pub(crate) fn world(data: &Path) -> Result<BTreeMap<String, Vec<Text>>, Box<dyn Error>> {
    let mut world: BTreeMap<String, Vec<Text>> = BTreeMap::new();
    let mut sentences: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in lines(&data.join("language/train.tsv.zst"))? {
        let line = line?;
        let mut fields = line.splitn(3, '\t');
        if let (Some(code), Some(source), Some(text)) = (fields.next(), fields.next(), fields.next())
            && ["flores", "lingua", "masakha"].contains(&source)
        {
            sentences
                .entry(code.to_owned())
                .or_default()
                .push(text.to_owned());
        }
    }
    const FEWEST: usize = 1_000;
    for (code, sentences) in sentences
        .into_iter()
        .filter(|(_, sentences)| sentences.len() >= FEWEST)
    {
        let texts = sentences
            .chunks(TOGETHER)
            .map(|some| Text::new(&[&some.join("\n")]));
        world.entry(code).or_default().extend(texts);
    }
    const TAGGED: [(&str, &[&str]); 12] = [
        ("en", &["en_worldwide.train", "en_worldwide.dev", "en_gmb_silver"]),
        ("es", &["es_conll2002.train"]),
        ("nl", &["nl_conll2002.train"]),
        ("it", &["it_kind_wikinews.train"]),
        ("fi", &["fi_turku.train"]),
        ("ru", &["ru_nerel.train"]),
        ("uk", &["uk_ner_uk2.train"]),
        ("pt", &["pt_uner_bosque.train"]),
        ("hy", &["hy_pioner_silver.train"]),
        ("ar", &["ar_anercorp.train"]),
        ("de", &["de_germeval14_officialtest.train"]),
        ("zh", &["zh_peoplesdaily_dev.train"]),
    ];
    for (code, files) in TAGGED {
        for file in files {
            let texts = tagged(&data.join(format!("ner/{file}.conll.zst")), code == "zh")?;
            world.entry(code.to_owned()).or_default().extend(texts);
        }
    }
    let scripts: Vec<(String, BTreeMap<Term, f32>)> = world
        .iter()
        .map(|(code, texts)| (code.clone(), usual(texts)))
        .collect();
    for corpus in ["aeb", "fundus", "wcxb"] {
        for record in records(&data.join(format!("clean/{corpus}/gold.jsonl")))? {
            let text = |key: &str| record[key].as_str().unwrap_or_default();
            let text = Text::new(&[text("title"), text("body")]);
            if let Some(code) = language(&text, &scripts) {
                world.entry(code).or_default().push(text);
            }
        }
    }
    Ok(world)
}

/// English articles of the world that tell of different events, but for a few, as if they had come within some
/// days of each other.
pub(crate) fn strangers(data: &Path) -> Result<Vec<Document>, Box<dyn Error>> {
    let mut documents = Vec::new();
    for file in ["en_worldwide.train", "en_worldwide.dev"] {
        let mut text = String::new();
        for line in lines(&data.join(format!("ner/{file}.conll.zst")))?.chain([Ok("-DOCSTART-".to_owned())]) {
            let line = line?;
            match line.split('\t').next().unwrap_or_default() {
                "-DOCSTART-" => {
                    let text = std::mem::take(&mut text);
                    let body = text
                        .lines()
                        .filter(|line| !line.contains("://"))
                        .collect::<Vec<_>>()
                        .join("\n");
                    documents.push(Document::from_text(
                        &format!("{file}/{}", documents.len()),
                        body.trim(),
                    ));
                }
                "" => text.push('\n'),
                token => {
                    text.push_str(token);
                    text.push(' ');
                }
            }
        }
    }
    for record in records(&data.join("clean/fundus/gold.jsonl"))? {
        let text = |key: &str| record[key].as_str().unwrap_or_default();
        let mut document = Document::from_text(text("id"), text("body"));
        document.title = Some(text("title").to_owned());
        documents.push(document);
    }
    // By whole days, as the labelled stream has them, for a time of day would give them away; and most on one day,
    // for then nothing but their words tells them apart.
    const DAYS: [i64; 8] = [0, 0, 0, 0, 0, 1, 2, 3];
    for document in &mut documents {
        let days = DAYS[usize::from(document.id.as_bytes()[0]) % DAYS.len()];
        document.created = Some(Timestamp::from_second((19_000 + days) * 86_400)?);
    }
    Ok(documents)
}

/// The texts of a tagged file: its documents where they are long, else its sentences put together.
fn tagged(path: &Path, glued: bool) -> Result<Vec<Text>, Box<dyn Error>> {
    let mut texts = Vec::new();
    let mut text = String::new();
    let mut sentences = 0;
    for line in lines(path)? {
        let line = line?;
        let token = line.split('\t').next().unwrap_or_default();
        if token.is_empty() {
            sentences += 1;
            text.push('\n');
        } else if token != "-DOCSTART-" {
            text.push_str(token);
            if !glued {
                text.push(' ');
            }
        }
        if sentences >= 2 * TOGETHER || token == "-DOCSTART-" && sentences >= TOGETHER {
            texts.push(Text::new(&[&std::mem::take(&mut text)]));
            sentences = 0;
        }
    }
    Ok(texts)
}

/// The share of texts that have a term, for the terms in a tenth or more.
fn usual(texts: &[Text]) -> BTreeMap<Term, f32> {
    let mut counts: BTreeMap<Term, f32> = BTreeMap::new();
    for (term, _) in texts.iter().flat_map(|text| &text.terms) {
        *counts.entry(*term).or_default() += 1.0 / texts.len() as f32;
    }
    counts.retain(|_, share| *share >= 0.1);
    counts
}

/// The language whose usual words stand in the text most.
fn language(text: &Text, usual: &[(String, BTreeMap<Term, f32>)]) -> Option<String> {
    let score = |words: &BTreeMap<Term, f32>| -> f32 {
        let found: f32 = text.terms.iter().filter_map(|(term, _)| words.get(term)).sum();
        found / words.values().sum::<f32>().max(20.0)
    };
    let best = usual
        .iter()
        .map(|(code, words)| (score(words), code))
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > 0.3).then(|| best.1.clone())
}
