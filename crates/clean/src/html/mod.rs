//! Pages: one reading, a count of each block, two passes of a small model, and the text of what they keep.
//!
//! - [`tokens`] and [`reader`] turn characters into blocks of text and the elements around them;
//! - [`measure`], [`words`] and [`signals`] count what tells an article from what surrounds it;
//! - [`features`], [`verdicts`] and [`choose`] decide block by block;
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
pub mod verdicts;
pub mod words;

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use crate::text::dateline;
use crate::{Article, Dropped};
use choose::{Fate, Model, THRESHOLD};
use signals::Vocabulary;
use study::Study;

static VOCABULARY: LazyLock<Option<Vocabulary>> = LazyLock::new(|| Vocabulary::new().ok());

/// The article of the page `markup`, its structure kept as Markdown where that is wanted.
pub fn read(markup: &str, markdown: bool) -> Article {
    article(markup, markdown, true)
}

/// The article of the page `markup`, with what was left out if that is `told`.
pub(crate) fn article(markup: &str, markdown: bool, told: bool) -> Article {
    let (Some(vocabulary), Some(model)) = (VOCABULARY.as_ref(), Model::built_in()) else {
        return Article::default();
    };
    let study = Study::of(markup, vocabulary);
    let scores = model.scores(&study);
    let fates = choose::decide(&study, &scores, THRESHOLD);
    let mut kept = Vec::new();
    let mut dropped = Vec::new();
    for (at, (&fate, &score)) in fates.iter().zip(&scores).enumerate() {
        if fate == Fate::Kept {
            kept.push(at);
        } else if told {
            dropped.push(Dropped {
                text: study.page.text_of(&study.page.blocks[at]).to_owned(),
                rule: fate.rule(),
                score: Some(score),
            });
        }
    }
    let plain = render::render(&study.page, &kept, false);
    let mut found = study.found;
    found.metadata.dateline = dateline::find(&plain);
    Article {
        title: found.title,
        created: found.created,
        metadata: found.metadata,
        text: if markdown {
            render::render(&study.page, &kept, true)
        } else {
            plain
        },
        dropped,
        language: study.page.head.language.as_deref().map(str::to_owned),
    }
}
