//! Pages: one reading, a count of each block, two passes of a small model, and the text of what they keep.
//!
//! - [`tokens`] and [`reader`] turn characters into blocks of text and the elements around them;
//! - [`measure`], [`words`] and [`signals`] count what tells an article from what surrounds it;
//! - [`features`] and [`choose`] decide block by block;
//! - [`render`] writes the text.
//!
//! No step looks twice at the markup or walks a tree again and again, which is what makes other extractors slow.

pub mod choose;
pub mod features;
pub mod measure;
pub mod page;
pub mod reader;
pub mod render;
pub mod signals;
pub mod study;
pub mod tags;
pub mod tokens;
pub mod words;

use std::sync::LazyLock;

use crate::{Article, Dropped, metadata};
use choose::{Model, THRESHOLD};
use signals::Vocabulary;
use study::Study;

static VOCABULARY: LazyLock<Option<Vocabulary>> = LazyLock::new(|| Vocabulary::new().ok());

/// The article of the page `markup`, its structure kept as Markdown where that is wanted.
pub fn read(markup: &str, markdown: bool) -> Article {
    let (Some(vocabulary), Some(model)) = (VOCABULARY.as_ref(), Model::built_in()) else {
        return Article::default();
    };
    let (study, told) = Study::of(markup, vocabulary);
    let scores = model.scores(&study, told);
    let found = metadata::find(&study.page);
    let title = found.title.as_deref().map(title_key).unwrap_or_default();
    let mut kept = Vec::new();
    let mut dropped = Vec::new();
    for (at, &score) in scores.iter().enumerate() {
        let text = study.page.text_of(&study.page.blocks[at]);
        let is_title = !title.is_empty() && text.len() < TITLE_BYTES && title_key(text) == title;
        if score >= THRESHOLD && !is_title {
            kept.push(at);
            continue;
        }
        dropped.push(Dropped {
            text: text.to_owned(),
            rule: if is_title { "title" } else { "model" },
            score: Some(score),
        });
    }
    Article {
        title: found.title,
        created: found.created,
        metadata: found.metadata,
        text: render::render(&study.page, &kept, markdown),
        dropped,
        language: study.page.head.language.as_deref().map(str::to_owned),
    }
}

/// A block longer than this is no title.
const TITLE_BYTES: usize = 1024;

/// The letters and digits of a title, case aside: two titles that differ in marks alone are one.
fn title_key(text: &str) -> String {
    let letters = text.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}
