//! From a record of JSON to a document.

use gristmill_core::{Document, Markup};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::charset::tidy;
use super::{Draft, Made, date};
use crate::item::{Fault, FaultReason};

/// Where the text stands, in the order in which the keys are tried.
const TEXT: [&str; 6] = ["text", "content", "body", "maintext", "raw_content", "html"];
const CREATED: [&str; 4] = ["created", "date", "published", "date_publish"];

/// What a record says beside its text.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    pub(crate) title: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) created: Option<Timestamp>,
    pub(crate) author: Vec<String>,
    pub(crate) language: Option<String>,
    pub(crate) extra: Option<String>,
}

impl Fields {
    pub(crate) fn fill(self, document: &mut Document) {
        document.title = self.title;
        document.created = self.created;
        document.metadata.url = self.url;
        document.metadata.author = self.author;
        document.metadata.extra = self.extra;
        document.hints.language = self.language;
    }
}

/// Reads one record.
pub(crate) fn from_json(bytes: &[u8]) -> Made {
    let bad = |detail: String| Made::Fault(Fault::new(FaultReason::BadRecord, detail));
    let mut record = match serde_json::from_slice(bytes) {
        Ok(Value::Object(record)) => record,
        Ok(other) => return bad(format!("a record is an object, not {}", kind(&other))),
        Err(error) => return bad(error.to_string()),
    };
    let Some((key, text)) = take_text(&mut record) else {
        return Made::Empty;
    };
    let fields = Fields {
        title: take(&mut record, "title", line),
        url: take(&mut record, "url", line),
        created: CREATED.iter().find_map(|key| take(&mut record, key, date::read)),
        author: take(&mut record, "author", authors).unwrap_or_default(),
        language: take(&mut record, "language", line),
        extra: None,
    };
    let record_id = take(&mut record, "id", scalar);
    let extra = (!record.is_empty()).then(|| Value::Object(record).to_string());
    Made::Document(Box::new(Draft {
        text,
        markup: if key == "html" {
            Markup::Html
        } else {
            Markup::Plain
        },
        encoding: "UTF-8",
        media_type: super::json::JSON,
        record_id,
        fill: Some(Box::new(Fields { extra, ..fields })),
    }))
}

fn take_text(record: &mut Map<String, Value>) -> Option<(&'static str, String)> {
    let key = TEXT.into_iter().find(|key| {
        let text = record.get(*key).and_then(Value::as_str);
        text.is_some_and(|text| !text.trim().is_empty())
    })?;
    let Some(Value::String(text)) = record.shift_remove(key) else {
        return None;
    };
    Some((key, tidy(text)))
}

/// Takes a field out if `read` can make something of it; else it stays with the others. A field without a
/// value is nothing to carry.
fn take<T>(record: &mut Map<String, Value>, key: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
    let value = record.get(key)?;
    if value.is_null() {
        record.shift_remove(key);
        return None;
    }
    let taken = read(value)?;
    record.shift_remove(key);
    Some(taken)
}

fn line(value: &Value) -> Option<String> {
    let text = tidy(value.as_str()?);
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        value => line(value),
    }
}

fn authors(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(list) => list.iter().map(line).collect(),
        value => line(value).map(|author| vec![author]),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(json: &str) -> (Draft, Fields) {
        match from_json(json.as_bytes()) {
            Made::Document(mut draft) => {
                let fields = *draft.fill.take().unwrap();
                (*draft, fields)
            }
            Made::Empty => panic!("{json}: empty"),
            Made::Fault(fault) => panic!("{json}: {fault:?}"),
        }
    }

    #[test]
    fn the_text_is_the_first_that_there_is() {
        let check = |json: &str, text: &str, markup, extra: Option<&str>| {
            let (draft, fields) = draft(json);
            assert_eq!((draft.text.as_str(), draft.markup), (text, markup), "{json}");
            assert_eq!(fields.extra.as_deref(), extra, "{json}");
        };
        check(r#"{"text":"a"}"#, "a", Markup::Plain, None);
        check(r#"{"content":"a"}"#, "a", Markup::Plain, None);
        check(r#"{"body":"a\r\nb\u0000"}"#, "a\nb", Markup::Plain, None);
        check(r#"{"maintext":"a"}"#, "a", Markup::Plain, None);
        check(
            r#"{"raw_content":"a","text":" "}"#,
            "a",
            Markup::Plain,
            Some(r#"{"text":" "}"#),
        );
        check(r#"{"html":"<p>a"}"#, "<p>a", Markup::Html, None);
        check(
            r#"{"html":"<p>a","text":"a"}"#,
            "a",
            Markup::Plain,
            Some(r#"{"html":"<p>a"}"#),
        );
        check(
            r#"{"z":1,"text":"a","b":{"c":null}}"#,
            "a",
            Markup::Plain,
            Some(r#"{"z":1,"b":{"c":null}}"#),
        );
    }

    #[test]
    fn fields_are_read_or_carried() {
        let (draft, fields) = draft(
            r#"{"text":"a","id":17,"url":"https://x/","title":" T ","author":["A","B"],"language":"de",
                "date":"2024-08-19","section":"x"}"#,
        );
        assert_eq!(draft.record_id.as_deref(), Some("17"));
        assert_eq!(fields.url.as_deref(), Some("https://x/"));
        assert_eq!(fields.title.as_deref(), Some("T"));
        assert_eq!(fields.author, ["A", "B"]);
        assert_eq!(fields.language.as_deref(), Some("de"));
        assert_eq!(fields.created.unwrap().to_string(), "2024-08-19T00:00:00Z");
        assert_eq!(fields.extra.as_deref(), Some(r#"{"section":"x"}"#));
    }

    #[test]
    fn what_cannot_be_read_is_carried() {
        let (draft, fields) =
            draft(r#"{"text":"a","id":{"$oid":"x"},"date":"soon","author":[1],"title":null,"url":7}"#);
        assert_eq!(
            (draft.record_id, fields.created, fields.title),
            (None, None, None)
        );
        assert!(fields.author.is_empty());
        let extra = r#"{"id":{"$oid":"x"},"date":"soon","author":[1],"url":7}"#;
        assert_eq!(fields.extra.as_deref(), Some(extra));
    }

    #[test]
    fn records_without_text_and_bad_records() {
        let check = |json: &[u8], expected: Option<&str>| match (from_json(json), expected) {
            (Made::Empty, None) => {}
            (Made::Fault(fault), Some(detail)) => {
                assert_eq!(fault.reason, FaultReason::BadRecord);
                assert!(fault.detail.contains(detail), "{}", fault.detail);
            }
            _ => panic!("{:?}", String::from_utf8_lossy(json)),
        };
        check(b"{}", None);
        check(br#"{"text":"  \n"}"#, None);
        check(br#"{"text":7}"#, None);
        check(b"[1]", Some("not an array"));
        check(b"\"x\"", Some("not a string"));
        check(br#"{"text":"#, Some("EOF"));
        check(b"{\"text\":\"\xff\"}", Some("unicode"));
        check("[".repeat(1000).as_bytes(), Some("recursion"));
    }
}
