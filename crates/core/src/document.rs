//! The record: one article, and everything that the chain found out about it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::{DocumentId, Note, Scratch, Sha256};

/// The version of the shape of the lines; it grows when a key changes its meaning or its type.
pub const SCHEMA: u32 = 1;

/// One article on its way through the chain, and the line that it becomes.
///
/// The keys are serialised in the order of the fields, all of them always, each with one type; what is not
/// known is `null` or an empty list. All offsets count Unicode code points into `text`, ends exclusive. The
/// fields after `schema` travel with the document and are never written.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "gristmill record")]
pub struct Document {
    /// The document's name, the same on every run and every machine.
    pub id: DocumentId,
    /// The article's body: paragraphs separated by one empty line, the title not repeated.
    pub text: String,
    /// The article's title.
    pub title: Option<String>,
    /// When gristmill took the document in (UTC, RFC 3339, milliseconds).
    #[serde(serialize_with = "milliseconds")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub added: Timestamp,
    /// When the article was published (UTC, RFC 3339).
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub created: Option<Timestamp>,
    /// Where the document came from.
    pub source: Source,
    /// What the page or the record says about the article.
    pub metadata: Metadata,
    /// The language of the text.
    pub language: Language,
    /// Whether the article was seen before.
    pub duplicate: Duplicate,
    /// Runs of words that stand in earlier documents too, by `start`.
    pub passages: Vec<Passage>,
    /// The story that the article belongs to.
    pub story: Story,
    /// People, organisations and places, each once, by first mention.
    pub entities: Vec<Entity>,
    /// What stages outside the built-in ones say, under the stage's name.
    pub attributes: Map<String, Value>,
    /// The version of this record's shape: [`SCHEMA`].
    pub schema: u32,

    /// How `text` is written at this point of the chain.
    #[serde(skip)]
    pub markup: Markup,
    /// What the input claims about the document and a stage may weigh.
    #[serde(skip)]
    pub hints: Hints,
    /// What the pure half of a stage left for its ordered half.
    #[serde(skip)]
    pub scratch: Scratch,
    /// Collects [`Note`]s where someone asked for an explanation, else `None`.
    #[serde(skip)]
    pub notes: Option<Vec<Note>>,
}

impl Document {
    /// A document that holds `text` from `source` and nothing else yet, taken in at `added`.
    pub fn new(id: DocumentId, source: Source, text: String, added: Timestamp) -> Self {
        Self {
            id,
            text,
            title: None,
            added,
            created: None,
            source,
            metadata: Metadata::default(),
            language: Language::default(),
            duplicate: Duplicate::default(),
            passages: Vec::new(),
            story: Story::default(),
            entities: Vec::new(),
            attributes: Map::new(),
            schema: SCHEMA,
            markup: Markup::default(),
            hints: Hints::default(),
            scratch: Scratch::default(),
            notes: None,
        }
    }

    /// A plain-text document for tests, examples and benchmarks: `path` names it, its text is its content.
    pub fn from_text(path: &str, text: &str) -> Self {
        let sha256 = Sha256::of(text.as_bytes());
        let source = Source {
            path: path.to_owned(),
            record: 0,
            record_id: None,
            media_type: "text/plain".to_owned(),
            encoding: Some("UTF-8".to_owned()),
            bytes: text.len() as u64,
            sha256,
        };
        Self::new(
            DocumentId::of(path.as_bytes(), 0, &sha256),
            source,
            text.to_owned(),
            Timestamp::UNIX_EPOCH,
        )
    }

    /// Says something to `gristmill explain`; `note` is called only if someone asked.
    pub fn note(&mut self, note: impl FnOnce() -> Note) {
        if let Some(notes) = &mut self.notes {
            notes.push(note());
        }
    }

    /// Roughly how many bytes the document holds, for bounds on memory.
    pub fn weight(&self) -> usize {
        const FIXED: usize = 1024;
        FIXED + self.text.len() + self.metadata.extra.as_ref().map_or(0, String::len)
    }
}

/// Where a document came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// The path from the watched folder, after the folder's name and `:` if it has one; `!/` separates an
    /// archive from its member. Bytes that are not UTF-8 are written `%XX`.
    pub path: String,
    /// The number of the record in its file, from 0.
    pub record: u64,
    /// The id that the record itself carried.
    pub record_id: Option<String>,
    /// What the reader took the bytes for, such as `text/html`.
    pub media_type: String,
    /// The encoding that the bytes were read in, by its WHATWG name.
    pub encoding: Option<String>,
    /// The length of the record in bytes, as it stood in the (unpacked) file.
    pub bytes: u64,
    /// The SHA-256 of these bytes.
    pub sha256: Sha256,
}

/// What the page or the record says about the article.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Metadata {
    /// The canonical address.
    pub url: Option<String>,
    /// The name of the site or outlet.
    pub site: Option<String>,
    /// The authors, as they sign.
    pub author: Vec<String>,
    /// The section or rubric.
    pub section: Option<String>,
    /// The dateline, such as `BAKU` or `WASHINGTON (AP)`; it also stays in the text.
    pub dateline: Option<String>,
    /// The standfirst or description.
    pub description: Option<String>,
    /// The address of the lead image.
    pub image: Option<String>,
    /// The input record's other fields, as JSON text.
    pub extra: Option<String>,
}

/// The language of a text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Language {
    /// ISO 639-1 where there is one, else ISO 639-3; `und` where the text does not say; null before the stage.
    pub code: Option<String>,
    /// The script by ISO 15924.
    pub script: Option<String>,
    /// The probability, from 0 to 1, that `code` is right.
    #[serde(serialize_with = "rounded")]
    pub confidence: Option<f64>,
    /// The parts of a text that holds more than one language.
    pub spans: Vec<LanguageSpan>,
}

/// A part of a text in one language.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LanguageSpan {
    /// First code point.
    pub start: usize,
    /// Code point after the last.
    pub end: usize,
    /// The part's language.
    pub code: String,
}

/// Whether an article was seen before.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Duplicate {
    /// `exact`, `near`, or null where it is new.
    pub kind: Option<DuplicateKind>,
    /// The first document of its group.
    pub of: Option<DocumentId>,
    /// How much it shares with the nearest member of the group, from 0 to 1.
    #[serde(serialize_with = "rounded")]
    pub similarity: Option<f64>,
}

/// How a duplicate resembles what it repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DuplicateKind {
    /// The same words.
    Exact,
    /// Nearly the same words: edited, shortened or framed anew.
    Near,
}

/// A run of words that stands in an earlier document too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Passage {
    /// First code point in this text.
    pub start: usize,
    /// Code point after the last in this text.
    pub end: usize,
    /// The earliest document that has it.
    pub of: DocumentId,
    /// First code point in that document's text.
    pub of_start: usize,
    /// Code point after the last in that document's text.
    pub of_end: usize,
}

/// The story that an article belongs to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Story {
    /// The id of the story's first document.
    pub id: Option<DocumentId>,
    /// How near the article is to the story, from 0 to 1; null where it opens the story.
    #[serde(serialize_with = "rounded")]
    pub similarity: Option<f64>,
}

/// A person, an organisation or a place, with its mentions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Entity {
    /// The same for the same name in every document, or the gazetteer's own.
    pub id: String,
    /// The fullest form of the name in the document, or the gazetteer's.
    pub name: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: EntityType,
    /// Where it is named, by `start`.
    pub mentions: Vec<Mention>,
}

/// What an entity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum EntityType {
    /// A person.
    Per,
    /// An organisation.
    Org,
    /// A place.
    Loc,
    /// Another name: an event, a work, a product, a nationality.
    Misc,
    /// A date or a time.
    Date,
    /// A sum of money.
    Money,
}

impl EntityType {
    /// All types, in the order in which they are declared.
    pub const ALL: [Self; 6] = [
        Self::Per,
        Self::Org,
        Self::Loc,
        Self::Misc,
        Self::Date,
        Self::Money,
    ];

    /// The type as the lines write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Per => "PER",
            Self::Org => "ORG",
            Self::Loc => "LOC",
            Self::Misc => "MISC",
            Self::Date => "DATE",
            Self::Money => "MONEY",
        }
    }
}

/// One place in the text that names an entity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Mention {
    /// First code point.
    pub start: usize,
    /// Code point after the last.
    pub end: usize,
    /// The words themselves: `text[start..end]`.
    pub text: String,
    /// The probability, from 0 to 1, that span and type are right.
    #[serde(serialize_with = "rounded")]
    pub score: f64,
}

/// How a document's `text` is written before a stage made plain text of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Markup {
    /// Plain text.
    #[default]
    Plain,
    /// Markdown.
    Markdown,
    /// HTML or XHTML.
    Html,
}

/// What the input claims about a document, for stages to weigh.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hints {
    /// The language by the input's `language` field or the page's `lang`, as it was written there.
    pub language: Option<String>,
}

/// Scores carry four decimals: more would be noise, and the lines shorter without it.
fn rounded<S: Serializer, N: Into<Option<f64>> + Copy>(value: &N, serializer: S) -> Result<S::Ok, S::Error> {
    match (*value).into() {
        Some(number) => serializer.serialize_f64((number * 1e4).round() / 1e4),
        None => serializer.serialize_none(),
    }
}

/// A time of arrival always has its milliseconds, so that texts sort as the times do.
pub(crate) fn milliseconds<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{time:.3}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_key_is_there_in_order() {
        let line = serde_json::to_string(&Document::from_text("a.txt", "Body.")).unwrap();
        let sha256 = Sha256::of(b"Body.");
        let id = DocumentId::of(b"a.txt", 0, &sha256);
        let expected = format!(
            r#"{{"id":"{id}","text":"Body.","title":null,"added":"1970-01-01T00:00:00.000Z","created":null,"#,
        ) + &format!(
            r#""source":{{"path":"a.txt","record":0,"record_id":null,"media_type":"text/plain","encoding":"UTF-8","bytes":5,"sha256":"{sha256}"}},"#,
        ) + r#""metadata":{"url":null,"site":null,"author":[],"section":null,"dateline":null,"description":null,"image":null,"extra":null},"#
            + r#""language":{"code":null,"script":null,"confidence":null,"spans":[]},"duplicate":{"kind":null,"of":null,"similarity":null},"#
            + r#""passages":[],"story":{"id":null,"similarity":null},"entities":[],"attributes":{},"schema":1}"#;
        assert_eq!(line, expected);
    }

    #[test]
    fn scores_carry_four_decimals() {
        let mut document = Document::from_text("a.txt", "");
        document.language.confidence = Some(0.123_456_7);
        document.entities.push(Entity {
            id: "x".into(),
            name: "X".into(),
            kind: EntityType::Per,
            mentions: vec![Mention {
                start: 0,
                end: 1,
                text: "X".into(),
                score: 2.0 / 3.0,
            }],
        });
        let line = serde_json::to_value(&document).unwrap();
        assert_eq!(line["language"]["confidence"], 0.1235);
        assert_eq!(line["entities"][0]["mentions"][0]["score"], 0.6667);
        assert_eq!(line["entities"][0]["type"], "PER");
    }

    #[test]
    fn notes_are_collected_only_when_asked_for() {
        let mut document = Document::from_text("a.txt", "");
        document.note(|| unreachable!("nobody asked"));
        document.notes = Some(Vec::new());
        document.note(|| Note::new("kept"));
        assert_eq!(document.notes, Some(vec![Note::new("kept")]));
    }

    proptest! {
        #[test]
        fn any_text_survives_the_line(text in "(\\PC|[\u{0}-\u{1f}]|\u{2028}|😀|\\\\|\"){0,80}") {
            let line = serde_json::to_string(&Document::from_text("a.txt", &text)).unwrap();
            prop_assert!(!line.contains('\n'));
            let back: Document = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(back.text, text);
        }
    }
}
