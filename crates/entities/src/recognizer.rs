//! From a text to its entities: tagger and gazetteers find mentions, which are then joined and named.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use gristmill_core::{CodePoints, Entity, EntityType, Mention};

use crate::evidence;
use crate::expressions;
use crate::gazetteer::Gazetteer;
use crate::hits::{
    Hit, is_adjectives, join_slashes, place_in_place, put_before, settle, split_elisions, split_pairs,
    take_bracket, within_sentence,
};
use crate::labels::TYPES;
use crate::model::Model;
use crate::names::{self, Named};
use crate::shelf::Shelf;
use crate::tagger::{Work, blocks};
use crate::titles::Address;
use crate::tokens::{Token, tokenize};

/// The languages that have a tagger of their own, with its bytes.
static MODELS: Shelf<15> = Shelf::new([
    ("ar", include_bytes!("../models/ar.model")),
    ("da", include_bytes!("../models/da.model")),
    ("de", include_bytes!("../models/de.model")),
    ("en", include_bytes!("../models/en.model")),
    ("es", include_bytes!("../models/es.model")),
    ("fi", include_bytes!("../models/fi.model")),
    ("fr", include_bytes!("../models/fr.model")),
    ("hy", include_bytes!("../models/hy.model")),
    ("it", include_bytes!("../models/it.model")),
    ("nl", include_bytes!("../models/nl.model")),
    ("pt", include_bytes!("../models/pt.model")),
    ("ru", include_bytes!("../models/ru.model")),
    ("sv", include_bytes!("../models/sv.model")),
    ("uk", include_bytes!("../models/uk.model")),
    ("zh", include_bytes!("../models/zh.model")),
]);

/// The tagger for a language by its ISO 639-1 code. English serves texts of unknown language; a language without a
/// tagger has none.
pub fn model(language: Option<&str>) -> Option<Arc<Model>> {
    model_for(language, 0)
}

/// The same for a text of `tokens` tokens.
fn model_for(language: Option<&str>, tokens: usize) -> Option<Arc<Model>> {
    let code = language.filter(|code| *code != "und").unwrap_or("en");
    MODELS.get(code, tokens)
}

/// How a mention was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// By the trained tagger.
    Tagger,
    /// By the rules of dates and sums.
    Rule,
    /// By a name in a gazetteer.
    Gazetteer,
    /// By an alias in a gazetteer.
    Alias,
}

/// Finds and names entities; `Sync`, and cheap to share.
pub struct Recognizer {
    /// The user's own names.
    pub gazetteer: Gazetteer,
    /// Mentions of a lower probability are dropped.
    pub min_score: f64,
    /// The types that are looked for.
    pub types: Vec<EntityType>,
    /// A tagger for every language in place of the built-in ones.
    pub tagger: Option<Arc<Model>>,
}

impl Default for Recognizer {
    fn default() -> Self {
        Self {
            gazetteer: Gazetteer::default(),
            min_score: 0.0,
            types: vec![EntityType::Per, EntityType::Org, EntityType::Loc],
            tagger: None,
        }
    }
}

/// Whether a name is in capitals alone: a place in a dateline, a person in a heading, written otherwise elsewhere in
/// the text. Bodies are left out, which are often called by their initials.
fn shouts(name: &str) -> bool {
    !name.chars().any(char::is_lowercase)
}

/// Whether two names differ at most in their case.
fn is_same(one: &str, other: &str) -> bool {
    one.chars()
        .flat_map(char::to_lowercase)
        .eq(other.chars().flat_map(char::to_lowercase))
}

/// Whether a text is read as English, which texts of unknown language are.
fn is_english(language: Option<&str>) -> bool {
    matches!(language, None | Some("en" | "und"))
}

/// The share of dates and sums found by rule that are right.
const RULE: f64 = 0.9;

impl Recognizer {
    /// The entities of `text`, by first mention, each mention with how it was found.
    pub fn entities(&self, text: &str, language: Option<&str>) -> Vec<(Entity, Vec<Found>)> {
        self.entities_with(&self.gazetteer, text, language)
    }

    /// The same with `gazetteer` in place of the recognizer's own.
    pub(crate) fn entities_with(
        &self,
        gazetteer: &Gazetteer,
        text: &str,
        language: Option<&str>,
    ) -> Vec<(Entity, Vec<Found>)> {
        let mut tokens = Vec::new();
        tokenize(text, &mut tokens);
        match language {
            _ if is_english(language) => split_pairs(text, &mut tokens),
            Some("fr" | "it") => split_elisions(text, &mut tokens),
            _ => {}
        }
        let tagger = self.tagger.clone();
        let tagger = tagger.or_else(|| model_for(language, tokens.len()));
        let address = Address::new(text, &tokens, language);
        let mut hits = self.hits(tagger.as_deref(), gazetteer, text, language, &tokens);
        let full = match &tagger {
            Some(model) => evidence::surnames(text, &tokens, &mut hits, |word| model.lists(word)),
            None => HashMap::new(),
        };
        let slice = |hit: &Hit<'_>| &text[tokens[hit.start].start as usize..tokens[hit.end - 1].end as usize];
        let named: Vec<Named<'_>> = hits
            .iter()
            .map(|hit| {
                let called =
                    &text[tokens[address.called(hit)].start as usize..tokens[hit.end - 1].end as usize];
                Named {
                    text: full.get(&hit.start).map_or(called, String::as_str),
                    kind: hit.kind,
                    given: hit.given.map(|entry| entry.name),
                    sex: (hit.kind == EntityType::Per)
                        .then(|| address.sex(hit.start..hit.end))
                        .flatten(),
                }
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
            let written = hits[bearer].given.is_none() && entity.kind != EntityType::Org;
            if written && shouts(&entity.name) && !shouts(slice(hit)) && is_same(&entity.name, slice(hit)) {
                entity.name = slice(hit).to_owned();
            }
            entity.mentions.push(Mention {
                start: points.at_byte(tokens[hit.start].start as usize),
                end: points.at_byte(tokens[hit.end - 1].end as usize),
                text: slice(hit).to_owned(),
                score: hit.score,
            });
            found.push(match hit.given {
                None if matches!(hit.kind, EntityType::Date | EntityType::Money) => Found::Rule,
                None => Found::Tagger,
                Some(entry) if entry.alias => Found::Alias,
                Some(_) => Found::Gazetteer,
            });
        }
        order
    }

    fn hits<'g>(
        &self,
        tagger: Option<&Model>,
        gazetteer: &'g Gazetteer,
        text: &str,
        language: Option<&str>,
        tokens: &[Token],
    ) -> Vec<Hit<'g>> {
        let mut hits: Vec<Hit<'g>> = Vec::new();
        let address = Address::new(text, tokens, language);
        if let Some(model) = tagger {
            let others = self.types.contains(&EntityType::Misc);
            model.tag(text, tokens, &mut Work::default(), others, |span, least, mean| {
                let score = model.probability(span.kind, least, mean);
                let kind = TYPES[span.kind];
                let whole = within_sentence(text, tokens, span.start..span.end);
                let name = address.name(whole.clone());
                let words = &text[tokens[whole.start].start as usize..tokens[whole.end - 1].end as usize];
                if score < self.min_score || name.is_empty() || is_adjectives(words) {
                    return;
                }
                let span = if kind == EntityType::Per { name } else { whole };
                let mut hit = |start, end| {
                    let hit = Hit {
                        start,
                        end,
                        kind,
                        score,
                        given: None,
                    };
                    take_bracket(text, tokens, hit, &mut hits);
                };
                match place_in_place(text, tokens, span.clone()).filter(|_| kind == EntityType::Loc) {
                    Some(comma) => {
                        hit(span.start, comma);
                        hit(comma + 1, span.end);
                    }
                    None => hit(span.start, span.end),
                }
            });
        }
        address.people(&mut hits);
        for block in blocks(tokens) {
            let of = hits.partition_point(|hit| hit.start < block.start)
                ..hits.partition_point(|hit| hit.start < block.end);
            settle(text, tokens, &mut hits[of]);
        }
        evidence::abbreviations(text, tokens, &mut hits);
        evidence::places_in_a_row(text, tokens, &mut hits);
        evidence::headings(text, tokens, &mut hits);
        if is_english(language) {
            evidence::parties(text, tokens, &mut hits);
        }
        join_slashes(text, tokens, &mut hits);
        if self.types.contains(&EntityType::Date) || self.types.contains(&EntityType::Money) {
            let found = expressions::find(text, tokens, language).into_iter();
            let expressions = found.map(|(span, kind)| Hit {
                start: span.start,
                end: span.end,
                kind,
                score: RULE,
                given: None,
            });
            put_before(&mut hits, expressions.collect());
        }
        if !gazetteer.is_empty() {
            listed(gazetteer, text, tokens, &mut hits);
        }
        // What the rules said since may have lowered a probability.
        hits.retain(|hit| {
            self.types.contains(&hit.kind) && (hit.given.is_some() || hit.score >= self.min_score)
        });
        hits
    }
}

/// Adds the names of `gazetteer` to `hits`, in the order of the text.
fn listed<'g>(gazetteer: &'g Gazetteer, text: &str, tokens: &[Token], hits: &mut Vec<Hit<'g>>) {
    let mut at = 0;
    let mut given = Vec::new();
    while at < tokens.len() {
        let Some((end, entry)) = gazetteer.longest(text, tokens, at) else {
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
    put_before(hits, given);
}

/// The entity that bears the name of `named`, yet without mentions.
fn entity(hit: &Hit<'_>, named: &Named<'_>) -> Entity {
    let (name, id) = match hit.given {
        Some(entry) => (entry.name.to_owned(), entry.id.map(str::to_owned)),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str, language: &str) -> Vec<String> {
        let found = Recognizer::default().entities(text, Some(language));
        found
            .iter()
            .map(|(entity, _)| format!("{} {}", entity.kind.as_str(), entity.name))
            .collect()
    }

    #[test]
    fn every_model_is_read() {
        for code in MODELS.languages() {
            assert!(model(Some(code)).is_some(), "{code}");
        }
        assert!(model(Some("xx")).is_none());
        assert!(model(Some("und")).is_some());
    }

    #[test]
    fn people_bodies_and_places() {
        let text = "BAKU: President Ilham Aliyev met Nikol Pashinyan in Moscow on Friday.\n\nAliyev’s father, Heydar Aliyev, \
                    led Azerbaijan until 2003. The European Union welcomed the talks; the EU will send observers.";
        let found = names(text, "en");
        for name in [
            "PER Ilham Aliyev",
            "PER Nikol Pashinyan",
            "PER Heydar Aliyev",
            "ORG European Union",
            "LOC Azerbaijan",
        ] {
            assert!(found.iter().any(|found| found == name), "{name}: {found:?}");
        }
        let found = Recognizer::default().entities(text, Some("en"));
        let union = found.iter().find(|(entity, _)| entity.name == "European Union");
        assert_eq!(union.map(|(entity, _)| entity.mentions.len()), Some(2));
    }

    #[test]
    fn a_dateline_in_capitals_does_not_name_the_place() {
        let text = "BAKU: Vladimir Putin came to Baku, Azerbaijan, on Monday and praised the people of Baku.";
        let found = names(text, "en");
        assert!(found.contains(&"LOC Baku".to_owned()), "{found:?}");
        assert!(!found.contains(&"LOC BAKU".to_owned()), "{found:?}");
    }

    #[test]
    fn offsets_count_code_points() {
        for (language, text) in [
            (
                "en",
                "😀 Mr. Erdog\u{306}an 👨‍👩‍👧 flew to Paris, and Zoe\u{308} Smith to Berlin. 🇦🇲",
            ),
            (
                "ar",
                "قال الرئيس عبد الفتاح السيسي في القاهرة إن مصر 😀 ترحب بالأمم المتحدة",
            ),
            ("hy", "Նիկոլ Փաշինյանը մեկնել է Մոսկվա։"),
            ("zh", "习近平😀在北京会见普京。"),
            (
                "ru",
                "Владимир Путин приехал в Москву. 😀 Путина встретил Сергей Собянин.",
            ),
        ] {
            let points: Vec<char> = text.chars().collect();
            let found = Recognizer::default().entities(text, Some(language));
            assert!(!found.is_empty(), "{language}");
            for mention in found.iter().flat_map(|(entity, _)| &entity.mentions) {
                let span: String = points[mention.start..mention.end].iter().collect();
                assert_eq!(span, mention.text);
            }
        }
    }

    #[test]
    fn a_listed_name_goes_before_the_tagger() {
        let mut recognizer = Recognizer::default();
        let list = "Ali Baba\tORG\tQ1\tAlibaba|阿里巴巴\n";
        recognizer.gazetteer.add(list.as_bytes(), false).unwrap();
        let found = recognizer.entities("Alibaba and Ali Baba met Jack Ma.", Some("en"));
        assert_eq!(found[0].0.id, "Q1");
        assert_eq!(found[0].0.name, "Ali Baba");
        assert_eq!(found[0].1, [Found::Alias, Found::Gazetteer]);
        let found = recognizer.entities("马云在阿里巴巴工作", Some("zh"));
        assert!(found.iter().any(|(entity, _)| entity.id == "Q1"));
    }

    #[test]
    fn pairs_of_places_are_two_and_adjectives_none() {
        let text = "Armenia and Azerbaijan are neighbours. The Armenia-Azerbaijan border was closed, and the \
                    Armenian-Azerbaijani talks began in Nagorno-Karabakh.";
        let mut tokens = Vec::new();
        tokenize(text, &mut tokens);
        split_pairs(text, &mut tokens);
        let words: Vec<_> = tokens.iter().map(|token| token.of(text)).collect();
        assert!(
            words
                .windows(3)
                .any(|words| words == ["Armenia", "-", "Azerbaijan"])
        );
        assert!(words.contains(&"Nagorno-Karabakh"));
        assert!(
            is_adjectives("Armenian-Azerbaijani")
                && !is_adjectives("Nagorno-Karabakh")
                && !is_adjectives("Ban-Ki")
        );
        assert!(!names(text, "en").iter().any(|name| name.contains("Armenian")));
    }

    #[test]
    fn other_types_are_found_when_asked_for() {
        let text = "On 19 August 2024 the Acme Corp. paid $3 million to Joan Smith.";
        let mut recognizer = Recognizer::default();
        let usual = recognizer.entities(text, Some("en"));
        assert!(
            usual.iter().all(|(entity, _)| matches!(
                entity.kind,
                EntityType::Per | EntityType::Org | EntityType::Loc
            ))
        );
        recognizer.types.extend([EntityType::Date, EntityType::Money]);
        let all = recognizer.entities(text, Some("en"));
        for (kind, name) in [
            (EntityType::Date, "19 August 2024"),
            (EntityType::Money, "$3 million"),
        ] {
            let (entity, found) = all.iter().find(|(entity, _)| entity.kind == kind).unwrap();
            assert_eq!(entity.name, name);
            assert_eq!(found, &[Found::Rule]);
        }
        assert_eq!(all.len(), usual.len() + 2);
        recognizer.types = vec![EntityType::Date];
        assert_eq!(recognizer.entities(text, Some("en")).len(), 1);
    }

    #[test]
    fn two_people_who_share_a_surname_are_two() {
        let text = "Michelle Obama wrote a book. The portraits of Barack and Michelle Obama hang in Washington.\n\n\
                    Barack Obama said that he liked his.";
        let found = Recognizer::default().entities(text, Some("en"));
        for (name, count) in [("Barack Obama", 2), ("Michelle Obama", 2)] {
            let entity = found.iter().find(|(entity, _)| entity.name == name);
            assert_eq!(
                entity.map(|(entity, _)| entity.mentions.len()),
                Some(count),
                "{name}"
            );
        }
        let short = found.iter().flat_map(|(entity, _)| &entity.mentions);
        assert_eq!(short.filter(|mention| mention.text == "Barack").count(), 1);
    }

    #[test]
    fn an_article_at_the_beginning_of_a_sentence_is_in_no_name() {
        let text = "Le cuisinier Bastien Morel ouvre une école à Dakar. L'Institut Paul-Bocuse y enverra des enseignants.";
        let found = names(text, "fr");
        assert!(
            found.iter().any(|name| name.ends_with(" Institut Paul-Bocuse")),
            "{found:?}"
        );
    }

    #[test]
    fn headings_make_no_names() {
        let text = "The Quiet Rise of Eastern Influence\n\nPoland and Germany disagree. Its influence grew when Poland and Germany met, \
                    and eastern capitals noticed.";
        let found = names(text, "en");
        assert!(found.iter().all(|name| !name.contains("Influence")), "{found:?}");
        assert!(found.contains(&"LOC Poland".to_owned()), "{found:?}");
    }

    #[test]
    fn a_bracket_in_a_name_belongs_to_it() {
        let text = "Armenian Prime Minister [Nikol] Pashinian arrived in Brussels.";
        let found = names(text, "en");
        assert!(found.contains(&"PER Nikol Pashinian".to_owned()), "{found:?}");
    }
}
