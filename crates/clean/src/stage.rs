//! The stage `clean`.

use std::sync::Arc;

use gristmill_core::{
    BuildEnv, BuildError, Built, Document, Markup, Metadata, Note, Reason, Stage, StageError, StageFactory,
    Verdict,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Article, Dropped, html, markdown, text};

/// Builds the stage `clean`.
#[derive(Debug)]
pub struct CleanFactory;

/// The parameters of the stage `clean`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CleanParams {
    /// Whether headings, lists, quotes and tables of pages and of Markdown keep their structure, written as Markdown.
    pub markdown: bool,
}

impl StageFactory for CleanFactory {
    const NAME: &'static str = "clean";
    const ABOUT: &'static str = "Takes title, body and metadata out of pages and scraped text, and leaves out what is not the article.";
    const EXAMPLE: &'static str = "clean: {markdown: true}";
    type Params = CleanParams;

    fn build(params: CleanParams, _: &BuildEnv) -> Result<Built, BuildError> {
        Ok(Built::Pure(Arc::new(Clean { params })))
    }
}

struct Clean {
    params: CleanParams,
}

impl Stage for Clean {
    fn process(&self, document: &mut Document) -> Result<Verdict, StageError> {
        let told = document.notes.is_some();
        let article = match document.markup {
            Markup::Html => html::article(&document.text, self.params.markdown, told),
            Markup::Markdown => {
                markdown::read(&document.text, document.title.as_deref(), self.params.markdown)
            }
            Markup::Plain => text::article(&document.text, document.title.as_deref(), told),
        };
        for dropped in &article.dropped {
            document.note(|| explanation(dropped));
        }
        fill_in(document, article);
        if document.text.is_empty() {
            return Ok(Verdict::Reject(Reason::new("no_content")));
        }
        Ok(Verdict::Keep)
    }
}

/// Puts what `article` says into `document`; what the input record said itself goes before it.
fn fill_in(document: &mut Document, article: Article) {
    document.text = article.text;
    document.markup = Markup::Plain;
    document.title = document.title.take().or(article.title);
    document.created = document.created.or(article.created);
    let hint = &mut document.hints.language;
    *hint = hint.take().or(article.language);
    let (said, found) = (std::mem::take(&mut document.metadata), article.metadata);
    document.metadata = Metadata {
        url: said.url.or(found.url),
        site: said.site.or(found.site),
        author: if said.author.is_empty() {
            found.author
        } else {
            said.author
        },
        section: said.section.or(found.section),
        dateline: said.dateline.or(found.dateline),
        description: said.description.or(found.description),
        image: said.image.or(found.image),
        extra: said.extra,
    };
}

fn explanation(dropped: &Dropped) -> Note {
    Note::new(format!("left out ({}): {}", dropped.rule, dropped.text))
        .with(json!({"rule": dropped.rule, "score": dropped.score, "text": dropped.text}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_told_to_those_who_ask() {
        let stage = Clean {
            params: CleanParams::default(),
        };
        let text = "Share on Facebook\nSubscribe to our newsletter\nThe council met on Tuesday evening and spoke about the old bridge.\nIt has been closed to lorries for three years, and nobody could say when it will open.\nSign up\nFacebook";
        let mut quiet = Document::from_text("a.txt", text);
        let mut asked = Document::from_text("a.txt", text);
        asked.notes = Some(Vec::new());
        assert_eq!(stage.process(&mut quiet).unwrap(), Verdict::Keep);
        assert_eq!(stage.process(&mut asked).unwrap(), Verdict::Keep);
        assert_eq!(quiet.text, asked.text);
        assert_eq!(quiet.notes, None);
        let notes = asked.notes.unwrap();
        assert!(
            notes
                .iter()
                .any(|note| format!("{note:?}").contains("Subscribe to our newsletter")),
            "{notes:?}"
        );
    }
}
