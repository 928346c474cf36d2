//! From a text to its entities: tagger and gazetteers find mentions, which are then joined and named.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use gristmill_core::{CodePoints, Entity, EntityType, Mention};

use crate::gazetteer::Gazetteer;
use crate::labels::TYPES;
use crate::model::Model;
use crate::names::{self, Named};
use crate::tagger::Work;
use crate::tokens::{Token, tokenize};

/// The languages that have a tagger of their own, with its bytes.
const MODELS: [(&str, &[u8]); 9] = [
    ("de", include_bytes!("../models/de.model")),
    ("en", include_bytes!("../models/en.model")),
    ("es", include_bytes!("../models/es.model")),
    ("fr", include_bytes!("../models/fr.model")),
    ("it", include_bytes!("../models/it.model")),
    ("nl", include_bytes!("../models/nl.model")),
    ("pt", include_bytes!("../models/pt.model")),
    ("ru", include_bytes!("../models/ru.model")),
    ("uk", include_bytes!("../models/uk.model")),
];
static LOADED: [OnceLock<Option<Model>>; MODELS.len()] = [const { OnceLock::new() }; MODELS.len()];

/// The tagger for a language by its ISO 639-1 code, unpacked when it is first asked for. English serves texts of
/// unknown language; a language without a tagger has none.
pub fn model(language: Option<&str>) -> Option<&'static Model> {
    let code = language.filter(|code| *code != "und").unwrap_or("en");
    let at = MODELS.iter().position(|(known, _)| *known == code)?;
    LOADED[at]
        .get_or_init(|| Model::from_bytes(MODELS[at].1).ok())
        .as_ref()
}

/// How a mention was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// By the trained tagger.
    Tagger,
    /// By a name or an alias in a gazetteer.
    Gazetteer,
}

/// Finds and names entities; `Sync`, and cheap to share.
#[derive(Default)]
pub struct Recognizer {
    /// The user's own names.
    pub gazetteer: Gazetteer,
    /// Mentions of a lower probability are dropped.
    pub min_score: f64,
}

/// A mention by its tokens.
struct Hit<'g> {
    start: usize,
    end: usize,
    kind: EntityType,
    score: f64,
    given: Option<&'g crate::gazetteer::Entry>,
}

impl Recognizer {
    /// The entities of `text`, by first mention, each mention with how it was found.
    pub fn entities(&self, text: &str, language: Option<&str>) -> Vec<(Entity, Vec<Found>)> {
        let mut tokens = Vec::new();
        tokenize(text, &mut tokens);
        let hits = self.hits(text, language, &tokens);
        let slice = |hit: &Hit<'_>| &text[tokens[hit.start].start as usize..tokens[hit.end - 1].end as usize];
        let named: Vec<Named<'_>> = hits
            .iter()
            .map(|hit| Named {
                text: slice(hit),
                kind: hit.kind,
                given: hit.given.map(|entry| &*entry.name),
            })
            .collect();
        let points = CodePoints::new(text);
        let bearers = names::join(&named);
        let mut order: Vec<(Entity, Vec<Found>)> = Vec::new();
        let mut numbers = BTreeMap::new();
        for (hit, &bearer) in hits.iter().zip(&bearers) {
            let number = *numbers.entry(bearer).or_insert_with(|| {
                order.push((entity(&hits[bearer], &named[bearer]), Vec::new()));
                order.len() - 1
            });
            let (entity, found) = &mut order[number];
            entity.mentions.push(Mention {
                start: points.at_byte(tokens[hit.start].start as usize),
                end: points.at_byte(tokens[hit.end - 1].end as usize),
                text: slice(hit).to_owned(),
                score: hit.score,
            });
            found.push(if hit.given.is_some() {
                Found::Gazetteer
            } else {
                Found::Tagger
            });
        }
        order
    }

    fn hits<'g>(&'g self, text: &str, language: Option<&str>, tokens: &[Token]) -> Vec<Hit<'g>> {
        let mut hits: Vec<Hit<'g>> = Vec::new();
        if let Some(model) = model(language) {
            model.tag(text, tokens, &mut Work::default(), |span, least, mean| {
                let score = model.probability(least, mean);
                if score >= self.min_score {
                    let hit = Hit {
                        start: span.start,
                        end: span.end,
                        kind: TYPES[span.kind],
                        score,
                        given: None,
                    };
                    take_bracket(text, tokens, hit, &mut hits);
                }
            });
        }
        if self.gazetteer.is_empty() {
            return hits;
        }
        let mut at = 0;
        let mut given = Vec::new();
        while at < tokens.len() {
            let Some((end, entry)) = self.gazetteer.longest(text, tokens, at) else {
                at += 1;
                continue;
            };
            given.push(Hit {
                start: at,
                end,
                kind: entry.kind,
                score: 1.0,
                given: Some(entry),
            });
            at = end;
        }
        // A listed name goes before a tagged one, unless it is only a part of it.
        given.retain(|g| {
            !overlapping(&hits, g)
                .any(|hit| hit.start <= g.start && hit.end >= g.end && hit.end - hit.start > g.end - g.start)
        });
        hits.retain(|hit| overlapping(&given, hit).next().is_none());
        hits.extend(given);
        hits.sort_by_key(|hit| hit.start);
        hits
    }
}

/// Those of `sorted`, none of which overlap each other, that overlap `hit`.
fn overlapping<'h, 'g>(sorted: &'h [Hit<'g>], hit: &Hit<'_>) -> impl Iterator<Item = &'h Hit<'g>> {
    let first = sorted.partition_point(|other| other.end <= hit.start);
    let end = hit.end;
    sorted[first..].iter().take_while(move |other| other.start < end)
}

/// Adds `hit`, with the bracketed first name before it if it has one: "[Nikol] Pashinian".
fn take_bracket<'g>(text: &str, tokens: &[Token], mut hit: Hit<'g>, hits: &mut Vec<Hit<'g>>) {
    if let Some(start) = hit.start.checked_sub(3)
        && hit.kind == EntityType::Per
        && tokens[start].of(text) == "["
        && tokens[start + 2].of(text) == "]"
        && tokens[start + 1].of(text).starts_with(char::is_uppercase)
        && hits
            .iter()
            .rev()
            .take_while(|other| other.end > start)
            .all(|other| other.start == start + 1)
    {
        while hits.last().is_some_and(|other| other.end > start) {
            hits.pop();
        }
        hit.start = start;
    }
    hits.push(hit);
}

/// The entity that bears the name of `named`, yet without mentions.
fn entity(hit: &Hit<'_>, named: &Named<'_>) -> Entity {
    let (name, id) = match hit.given {
        Some(entry) => (entry.name.to_string(), entry.id.as_deref().map(str::to_owned)),
        None => {
            let words = named
                .text
                .split_whitespace()
                .map(|word| word.trim_matches(['[', ']']));
            (words.collect::<Vec<_>>().join(" "), None)
        }
    };
    Entity {
        id: id.unwrap_or_else(|| names::id(hit.kind, &name)),
        name,
        kind: hit.kind,
        mentions: Vec::new(),
    }
}
