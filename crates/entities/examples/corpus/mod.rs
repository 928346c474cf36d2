//! Reads tagged corpora: CoNLL columns, plain or packed with zstd, laid out as the text that a user would have.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;

use gristmill_core::EntityType;
use gristmill_entities::labels::{Span, TYPES};
use gristmill_entities::tokens::{Token, tokenize};

/// A document of a corpus: its text, and its names as bytes of it with their type number.
pub(crate) struct Gold {
    pub(crate) text: String,
    pub(crate) names: BTreeSet<(usize, usize, usize)>,
}

/// The number of a type: its place in [`EntityType::ALL`].
const PER: usize = EntityType::Per as usize;
const ORG: usize = EntityType::Org as usize;
const LOC: usize = EntityType::Loc as usize;
const MISC: usize = EntityType::Misc as usize;
const DATE: usize = EntityType::Date as usize;
const MONEY: usize = EntityType::Money as usize;

fn kind(label: &str) -> Option<usize> {
    match label {
        "PER" | "PERSON" | "PERS" | "person" | "Person" => Some(PER),
        "ORG" | "Organisation" | "corporation" | "group" => Some(ORG),
        "LOC" | "FAC" | "GPE" | "location" | "Location" => Some(LOC),
        "MISC" | "PRODUCT" | "OTH" | "PRO" | "EVENT" | "ART" => Some(MISC),
        "DATE" | "PERIOD" | "Temporal" => Some(DATE),
        "MONEY" | "MON" => Some(MONEY),
        _ => None,
    }
}

/// The documents of the corpus at `path`: tokens joined by a space, sentences by a newline, and twenty sentences
/// a document where the corpus has fewer than `least` marks of documents.
pub(crate) fn read(path: &Path, least: usize) -> Result<Vec<Gold>, Box<dyn Error>> {
    let mut bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    if path.extension().is_some_and(|extension| extension == "zst") {
        bytes = zstd::decode_all(&bytes[..])?;
    }
    let content = String::from_utf8(bytes)?;
    let explicit = content
        .lines()
        .filter(|line| line.starts_with("-DOCSTART-"))
        .count()
        >= least;
    let mut documents = Vec::new();
    let mut sentences: Vec<Vec<(&str, &str)>> = Vec::new();
    let mut sentence = Vec::new();
    for line in content.lines().chain(["", "-DOCSTART-"]) {
        if line.starts_with("-DOCSTART-") {
            documents.extend((!sentences.is_empty()).then(|| lay_out(&sentences)));
            sentences.clear();
        } else if line.trim().is_empty() {
            if !sentence.is_empty() {
                sentences.push(std::mem::take(&mut sentence));
            }
            if !explicit && sentences.len() >= 20 {
                documents.push(lay_out(&sentences));
                sentences.clear();
            }
        } else {
            let (token, tag) = line.split_once('\t').ok_or("a line without a tag")?;
            sentence.push((if token.is_empty() { "_" } else { token }, tag));
        }
    }
    Ok(documents)
}

fn lay_out(sentences: &[Vec<(&str, &str)>]) -> Gold {
    let mut text = String::new();
    let mut names = BTreeSet::new();
    for sentence in sentences {
        let mut open: Option<(usize, usize)> = None;
        let mut last = 0;
        for (token, tag) in sentence {
            let found = tag.get(2..).and_then(kind);
            let goes_on = tag.starts_with('I') && open.is_some_and(|(_, kind)| Some(kind) == found);
            if !goes_on {
                names.extend(open.take().map(|(start, kind)| (start, last, kind)));
                open = found.map(|kind| (text.len(), kind));
            }
            text.push_str(token);
            last = text.len();
            text.push(' ');
        }
        names.extend(open.map(|(start, kind)| (start, last, kind)));
        text.pop();
        text.push('\n');
    }
    text.truncate(text.trim_end_matches('\n').len());
    Gold { text, names }
}

impl Gold {
    /// The tokens of the text and the names that stand on them; a name that begins or ends within a token
    /// takes the whole of it.
    #[allow(dead_code, reason = "the trainer needs it, the scorer does not")]
    pub(crate) fn tokens(&self) -> (Vec<Token>, Vec<Span>) {
        let mut tokens = Vec::new();
        tokenize(&self.text, &mut tokens);
        let mut spans = Vec::new();
        for &(start, end, kind) in self.names.iter().filter(|name| name.2 < TYPES.len()) {
            let first = tokens.partition_point(|token| token.end as usize <= start);
            let last = tokens.partition_point(|token| (token.start as usize) < end);
            if first >= last || tokens[first + 1..last].iter().any(|token| token.first) {
                continue;
            }
            spans.push(Span {
                start: first,
                end: last,
                kind,
            });
        }
        (tokens, spans)
    }
}
