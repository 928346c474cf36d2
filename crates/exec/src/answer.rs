//! What a program's answer does to a document.

use gristmill_core::{Document, Reason, Verdict};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Why a program turned a document away: one word, or with more to say.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a word, or {reason: …, detail: …}")]
enum Rejection {
    Word(String),
    Full(FullRejection),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FullRejection {
    reason: String,
    detail: Option<String>,
}

/// Does to `document` what `answer` says. `record` is the document as the program saw it.
pub(crate) fn apply(
    answer: &str,
    record: &Value,
    name: &str,
    document: &mut Document,
) -> Result<Verdict, String> {
    let mut answer: Map<String, Value> = serde_json::from_str(answer)
        .map_err(|error| format!("the program's answer is no JSON object: {error}"))?;
    if let Some(error) = answer.remove("error") {
        return Err(error.as_str().map_or_else(|| error.to_string(), str::to_owned));
    }
    if let Some(rejection) = answer.remove("reject") {
        let (reason, detail) = match read("reject", rejection)? {
            Rejection::Word(reason) => (reason, None),
            Rejection::Full(FullRejection { reason, detail }) => (reason, detail),
        };
        let reason = Reason {
            detail,
            ..Reason::new(reason)
        };
        return Ok(Verdict::Reject(reason));
    }
    for (key, value) in answer {
        // What the program repeats as it was is no change; scores keep the decimals that a line does not have.
        if record.get(&key) != Some(&value) {
            change(&key, value, name, document)?;
        }
    }
    let is_same = |key: &str, now: Value| record.get(key) == Some(&now);
    let has_offsets =
        !document.entities.is_empty() || !document.passages.is_empty() || !document.language.spans.is_empty();
    if has_offsets
        && !is_same("text", document.text.as_str().into())
        && is_same(
            "entities",
            serde_json::to_value(&document.entities).unwrap_or_default(),
        )
        && is_same(
            "passages",
            serde_json::to_value(&document.passages).unwrap_or_default(),
        )
    {
        return Err(
            "the program changed `text`, to which offsets of earlier stages point; put it before them"
                .to_owned(),
        );
    }
    Ok(Verdict::Keep)
}

fn change(key: &str, value: Value, name: &str, document: &mut Document) -> Result<(), String> {
    match key {
        "text" => document.text = read(key, value)?,
        "title" => document.title = read(key, value)?,
        "created" => document.created = read(key, value)?,
        "metadata" => document.metadata = read(key, value)?,
        "language" => document.language = read(key, value)?,
        "duplicate" => document.duplicate = read(key, value)?,
        "passages" => document.passages = read(key, value)?,
        "story" => document.story = read(key, value)?,
        "entities" => document.entities = read(key, value)?,
        "attributes" => {
            for (attribute, value) in read::<Map<String, Value>>(key, value)? {
                if attribute == name {
                    document.attributes.insert(attribute, value);
                } else if document.attributes.get(&attribute) != Some(&value) {
                    return Err(format!(
                        "attributes.{attribute} is not this stage's; it is {name:?}"
                    ));
                }
            }
        }
        "id" | "source" | "added" | "schema" => return Err(format!("the program must not change `{key}`")),
        _ => {
            return Err(format!(
                "the program's answer has a key {key:?} that records do not have"
            ));
        }
    }
    Ok(())
}

fn read<T: DeserializeOwned>(key: &str, value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| format!("the program's answer, {key}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Result<(Verdict, Document), String> {
        let mut document = Document::from_text("a.txt", "A body.");
        document.language.confidence = Some(0.123_456_789);
        let record = serde_json::to_value(&document).unwrap();
        apply(text, &record, "mine", &mut document).map(|verdict| (verdict, document))
    }

    #[test]
    fn what_is_left_out_stays() {
        let (verdict, document) = answer("{}").unwrap();
        assert_eq!(verdict, Verdict::Keep);
        assert_eq!(document.text, "A body.");
        let (_, document) = answer(r#"{"title": "T", "attributes": {"mine": [1]}}"#).unwrap();
        assert_eq!(document.title.as_deref(), Some("T"));
        assert_eq!(document.attributes["mine"][0], 1);
    }

    #[test]
    fn a_record_that_comes_back_as_it_was_changes_nothing() {
        let mut document = Document::from_text("a.txt", "A body.");
        document.language.confidence = Some(0.123_456_789);
        let record = serde_json::to_value(&document).unwrap();
        apply(&record.to_string(), &record, "mine", &mut document).unwrap();
        assert_eq!(document.language.confidence, Some(0.123_456_789));
    }

    #[test]
    fn documents_are_turned_away() {
        for (text, detail) in [
            (r#"{"reject": "dull"}"#, None),
            (
                r#"{"reject": {"reason": "dull", "detail": "very"}}"#,
                Some("very"),
            ),
        ] {
            let (verdict, _) = answer(text).unwrap();
            let expected = Reason {
                detail: detail.map(str::to_owned),
                ..Reason::new("dull")
            };
            assert_eq!(verdict, Verdict::Reject(expected));
        }
    }

    #[test]
    fn nonsense_is_a_fault() {
        for (text, says) in [
            ("", "no JSON object"),
            ("[]", "no JSON object"),
            (r#"{"error": "out of luck"}"#, "out of luck"),
            (r#"{"titel": "T"}"#, "\"titel\""),
            (r#"{"title": 5}"#, "title"),
            (r#"{"id": "0"}"#, "must not change `id`"),
            (r#"{"attributes": {"other": 1}}"#, "attributes.other"),
        ] {
            let message = answer(text).unwrap_err();
            assert!(message.contains(says), "{text}: {message}");
        }
    }
}
