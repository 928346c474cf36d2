//! The texts to learn from.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use gristmill_core::{Document, DocumentId, Sha256};
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

/// The same document, before any stage.
pub(crate) fn copy(document: &Document) -> Document {
    let mut copy = Document::from_text("", &document.text);
    copy.id = document.id;
    copy.title.clone_from(&document.title);
    copy.created = document.created;
    copy.added = document.added;
    copy
}

/// Two articles of each document that is not short, as if of one event: every other sentence, and the rest; one of
/// them without title, half of the pairs without date.
pub(crate) fn halves(documents: &[Document]) -> Vec<Article> {
    const FEWEST: usize = 8;
    let mut halves = Vec::new();
    for (event, document) in (0..).zip(documents) {
        let sentences: Vec<&str> = document
            .text
            .split_inclusive(['\n', '.'])
            .filter(|sentence| sentence.len() > 20)
            .collect();
        if sentences.len() < FEWEST {
            continue;
        }
        let draw = document.id.as_bytes()[2];
        for n in 0..2 {
            let mut half = copy(document);
            half.text = sentences.iter().skip(n).step_by(2).copied().collect();
            half.id = DocumentId::of(b"half", n as u64, &Sha256::of(document.id.as_bytes()));
            if n == usize::from(draw % 2) {
                half.title = None;
            }
            if draw & 2 == 0 {
                half.created = None;
            }
            halves.push(Article {
                document: half,
                event: Some(event),
                day: String::new(),
            });
        }
    }
    halves
}

/// The articles as if of a country that nobody knows, its people, places and bodies bearing names never heard, and undated.
/// To the table of frequencies each such name is as rare as can be, as are those of a small country in truth, though all that
/// happens there has them.
pub(crate) fn abroad(articles: &[Article]) -> Vec<Article> {
    const RENAMED: u32 = 70;
    let mut capitals: HashMap<Term, [u32; 2]> = HashMap::new();
    for word in articles.iter().flat_map(|article| words(&article.document.text)) {
        if !word.first {
            capitals.entry(word.term).or_default()[usize::from(word.capital)] += 1;
        }
    }
    let rename = |text: &str| {
        let mut renamed = String::new();
        let mut end = 0;
        for word in words(text) {
            let [small, capital] = capitals.get(&word.term).copied().unwrap_or_default();
            if capital > 4 * small && word.term % 100 < RENAMED {
                renamed.push_str(&text[end..word.range.end]);
                renamed.push_str("uqx");
                end = word.range.end;
            }
        }
        renamed + &text[end..]
    };
    let article = |article: &Article| {
        let mut document = copy(&article.document);
        document.text = rename(&document.text);
        document.title = document.title.as_deref().map(rename);
        document.created = None;
        Article {
            document,
            event: article.event,
            day: article.day.clone(),
        }
    };
    articles
        .iter()
        .filter(|article| article.event.is_some())
        .map(article)
        .collect()
}

/// The stream as it might have come as well: those of a day in another order, a third without title, and
/// all undated if not `dated`.
pub(crate) fn variant(articles: &[Article], number: u32, dated: bool) -> Vec<Article> {
    let draw = |article: &Article| {
        let bytes = article.document.id.as_bytes();
        let low = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        (low ^ number.wrapping_mul(0x9e37_79b9)).wrapping_mul(0x85eb_ca6b)
    };
    let copy = |article: &Article| Article {
        document: copy(&article.document),
        event: article.event,
        day: article.day.clone(),
    };
    let mut varied: Vec<Article> = articles.iter().map(copy).collect();
    varied.sort_by_cached_key(|article| (article.day.clone(), draw(article)));
    for article in &mut varied {
        let document = &mut article.document;
        if !dated {
            document.added = document.created.take().unwrap_or(document.added);
        }
        if draw(article) >> 8 & 0xff < 85 {
            article.document.title = None;
        }
    }
    varied
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
