//! The stage that fills in `entities`.

use std::path::PathBuf;
use std::sync::Arc;

use gristmill_core::{
    Basis, BuildEnv, BuildError, Built, Document, EntityType, Note, Stage, StageError, StageFactory, Verdict,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::lists::Lists;
use crate::recognizer::{Found, Recognizer};

/// What the entities stage can be told.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EntitiesParams {
    /// Files of names that are found in every language and go before the tagger: `.jsonl` with the keys `name`,
    /// `type`, `id`, `aliases` and `case`, or tab-separated columns of these. `case` is `exact` or `any`. Whole words
    /// count: where a language joins small words to a name, as Arabic does, the joined form is an alias to list, and
    /// where it writes no spaces (Chinese, Thai) a name counts wherever it stands. The daemon reads the files again
    /// when they have changed, and the new names count from one batch to the next; a file that is broken then changes
    /// nothing but the log.
    pub gazetteers: Vec<PathBuf>,
    /// The types reported. With `MISC`, names of other kinds too, in the languages whose corpora have them; with
    /// `DATE` and `MONEY`, what is written as a calendar date or a sum. A gazetteer can name any of them.
    pub types: Vec<EntityType>,
    /// Mentions whose probability is lower are left out, from 0 to 1.
    pub min_score: f64,
    /// At most this many entities a document, those with the most mentions; 0 for all.
    pub max_per_document: usize,
}

impl Default for EntitiesParams {
    fn default() -> Self {
        Self {
            gazetteers: Vec::new(),
            types: vec![EntityType::Per, EntityType::Org, EntityType::Loc],
            min_score: 0.0,
            max_per_document: 0,
        }
    }
}

/// Builds the entities stage.
pub struct EntitiesFactory;

struct Entities {
    recognizer: Recognizer,
    lists: Lists,
    params: EntitiesParams,
}

impl StageFactory for EntitiesFactory {
    const NAME: &'static str = "entities";
    const ABOUT: &'static str = "Finds people, organisations and places, joins the mentions of one in the document, and names it once.";
    const EXAMPLE: &'static str = "entities: {gazetteers: [./gazetteers/people.tsv], min_score: 0.5}";
    type Params = EntitiesParams;

    fn build(params: EntitiesParams, env: &BuildEnv) -> Result<Built, BuildError> {
        if !(0.0..=1.0).contains(&params.min_score) {
            return Err(BuildError::new("min_score", "a probability from 0 to 1"));
        }
        let recognizer = Recognizer {
            min_score: params.min_score,
            types: params.types.clone(),
            ..Recognizer::default()
        };
        let places = params.gazetteers.iter();
        let places = places.map(|path| (path.display().to_string(), env.resolve(path)));
        let lists = Lists::read(places.collect()).map_err(|(number, error)| {
            BuildError::new(
                format!("gazetteers[{number}]"),
                format!("{}: {error}", params.gazetteers[number].display()),
            )
        })?;
        Ok(Built::Pure(Arc::new(Entities {
            recognizer,
            lists,
            params,
        })))
    }
}

impl Stage for Entities {
    fn process(&self, document: &mut Document) -> Result<Verdict, StageError> {
        let table = self.lists.in_force();
        let language = language(document);
        let mut found = self
            .recognizer
            .entities_with(&table.gazetteer, &document.text, language.as_deref());
        if self.params.max_per_document > 0 && found.len() > self.params.max_per_document {
            let mut order: Vec<usize> = (0..found.len()).collect();
            order.sort_by_key(|&at| (std::cmp::Reverse(found[at].0.mentions.len()), at));
            let mut keep = vec![false; found.len()];
            for &at in &order[..self.params.max_per_document] {
                keep[at] = true;
            }
            let mut keep = keep.into_iter();
            found.retain(|_| keep.next() == Some(true));
        }
        for (entity, how) in &found {
            document.note(|| {
                let mentions = entity.mentions.iter().zip(how).map(|(mention, how)| {
                    let by = match how {
                        Found::Tagger => "tagger",
                        Found::Rule => "rule",
                        Found::Gazetteer => "gazetteer",
                        Found::Alias => "alias",
                    };
                    json!({"start": mention.start, "text": mention.text, "score": mention.score, "by": by})
                });
                let count = entity.mentions.len();
                Note::new(format!(
                    "{} {}: {count} mentions",
                    entity.kind.as_str(),
                    entity.name
                ))
                .with(json!({"id": entity.id, "mentions": mentions.collect::<Vec<_>>()}))
            });
        }
        document.entities = found.into_iter().map(|(entity, _)| entity).collect();
        Ok(Verdict::Keep)
    }

    fn basis(&self) -> Option<&dyn Basis> {
        (!self.lists.is_empty()).then_some(&self.lists)
    }
}

/// The language to read `document` in: what the stage before found, or else what the input claims.
fn language(document: &Document) -> Option<String> {
    let claimed = || {
        let tag = document.hints.language.as_deref()?;
        let code = tag.split(['-', '_']).next()?;
        Some(code.trim().to_ascii_lowercase())
    };
    document.language.code.clone().or_else(claimed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_language_stage_the_input_says_the_language() {
        let mut document = Document::from_text("a.txt", "Texto.");
        assert_eq!(language(&document), None);
        document.hints.language = Some("es-ES".to_owned());
        assert_eq!(language(&document).as_deref(), Some("es"));
        document.language.code = Some("pt".to_owned());
        assert_eq!(language(&document).as_deref(), Some("pt"));
    }
}
