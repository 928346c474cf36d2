//! The stage `language`.

use std::sync::Arc;

use gristmill_core::{
    BuildEnv, BuildError, Built, CodePoints, Document, Language, LanguageSpan, Note, Reason, Stage,
    StageError, StageFactory, Verdict,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::codes::{means, primary};
use crate::identify::{Answer, Identifier, UNDETERMINED};
use crate::spans::Span;

/// Builds the stage `language`.
#[derive(Debug)]
pub struct LanguageFactory;

/// The parameters of the stage `language`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LanguageParams {
    /// The least probability with which a language is named; below it the document is tagged `und`, or rejected.
    pub min_confidence: f64,
    /// What becomes of a document below `min_confidence`.
    pub below: Below,
    /// The languages to choose among (ISO 639-1 where there is a code, else ISO 639-3); empty for all. `no` stands for
    /// both `nb` and `nn`, `sh` for `bs`, `hr` and `sr`.
    pub languages: Vec<String>,
    /// The languages whose documents go on; others are rejected with `language`. Empty for all.
    pub keep: Vec<String>,
    /// Whether to say where the language changes in texts that hold more than one.
    pub spans: bool,
}

impl Default for LanguageParams {
    fn default() -> Self {
        Self {
            min_confidence: 0.0,
            below: Below::Tag,
            languages: Vec::new(),
            keep: Vec::new(),
            spans: true,
        }
    }
}

/// What becomes of a document whose language is not sure enough.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Below {
    /// It goes on, tagged `und`.
    #[default]
    Tag,
    /// It is rejected with `low_confidence`.
    Reject,
}

impl StageFactory for LanguageFactory {
    const NAME: &'static str = "language";
    const ABOUT: &'static str =
        "Tells the language and the script of the text, with the probability that it is right.";
    const EXAMPLE: &'static str = "language: {min_confidence: 0.5, keep: [en, de]}";
    type Params = LanguageParams;

    fn build(params: LanguageParams, _: &BuildEnv) -> Result<Built, BuildError> {
        if !(0.0..=1.0).contains(&params.min_confidence) {
            return Err(BuildError::new("min_confidence", "a probability from 0 to 1"));
        }
        let all = Identifier::new();
        for (key, codes) in [("languages", &params.languages), ("keep", &params.keep)] {
            for (place, code) in codes.iter().enumerate() {
                let undetermined = key == "keep" && code == UNDETERMINED;
                if !undetermined && !all.knows(code) {
                    return Err(unknown(&all, format!("{key}[{place}]"), code));
                }
            }
        }
        let identifier = match params.languages.as_slice() {
            [] => all,
            codes => Identifier::among(codes.iter().map(String::as_str))
                .map_err(|code| BuildError::new("languages", format!("unknown language {code:?}")))?,
        };
        Ok(Built::Pure(Arc::new(LanguageStage { identifier, params })))
    }
}

fn unknown(identifier: &Identifier, key: String, code: &str) -> BuildError {
    let known = identifier.languages().join(" ");
    BuildError::new(key, format!("unknown language {code:?}; known are {known}"))
}

struct LanguageStage {
    identifier: Identifier,
    params: LanguageParams,
}

impl Stage for LanguageStage {
    fn process(&self, document: &mut Document) -> Result<Verdict, StageError> {
        let hint = document.hints.language.as_deref().map(primary);
        let (answer, spans) = if self.params.spans {
            self.identifier.identify_parts(&document.text, hint.as_deref())
        } else {
            (
                self.identifier.identify_with(&document.text, hint.as_deref()),
                Vec::new(),
            )
        };
        let unsure = answer.confidence < self.params.min_confidence;
        document.note(|| explanation(&answer, hint.as_deref(), unsure));
        document.language = Language {
            code: Some(if unsure { UNDETERMINED } else { answer.language }.to_owned()),
            script: answer.script.map(str::to_owned),
            confidence: Some(answer.confidence),
            spans: in_code_points(&document.text, &spans),
        };
        if unsure && self.params.below == Below::Reject {
            let detail = format!(
                "{} with {:.2}, below {}",
                answer.language, answer.confidence, self.params.min_confidence
            );
            return Ok(Verdict::Reject(Reason::new("low_confidence").detail(detail)));
        }
        let code = document.language.code.as_deref().unwrap_or(UNDETERMINED);
        if !self.params.keep.is_empty() && !self.params.keep.iter().any(|kept| means(kept, code)) {
            let detail = format!("{code} is not among {}", self.params.keep.join(", "));
            return Ok(Verdict::Reject(Reason::new("language").detail(detail)));
        }
        Ok(Verdict::Keep)
    }
}

/// `spans` as the record has them.
fn in_code_points(text: &str, spans: &[Span]) -> Vec<LanguageSpan> {
    if spans.is_empty() {
        return Vec::new();
    }
    let points = CodePoints::new(text);
    spans
        .iter()
        .map(|span| LanguageSpan {
            start: points.at_byte(span.start),
            end: points.at_byte(span.end),
            code: span.language.to_owned(),
        })
        .collect()
}

fn explanation(answer: &Answer, hint: Option<&str>, unsure: bool) -> Note {
    let script = answer.script.unwrap_or("no script");
    let mut says = match (answer.script, answer.candidates.as_slice()) {
        (None, _) => "there are no words".to_owned(),
        (_, []) => format!("no language that may be chosen is written in {script}"),
        (_, [_]) => format!("{} is alone in {script}", answer.language),
        _ => format!("{} in {script}, {:.3}", answer.language, answer.confidence),
    };
    if unsure {
        says.push_str(", which is not enough");
    }
    let candidates: Vec<_> = answer
        .candidates
        .iter()
        .map(|candidate| json!({"language": candidate.language, "probability": candidate.probability}))
        .collect();
    Note::new(says).with(json!({
        "candidates": candidates,
        "features": answer.features,
        "hint": hint,
    }))
}

#[cfg(test)]
mod tests {
    use gristmill_core::Registration;
    use serde_json::Value;

    use super::*;

    const ENGLISH: &str =
        "The ministers met on Monday to discuss the new trade agreement with their neighbours.";

    fn build(params: Value) -> Result<Arc<dyn Stage>, BuildError> {
        let built = Registration::of::<LanguageFactory>().build(params, &BuildEnv::default())?;
        match built {
            Built::Pure(stage) => Ok(stage),
            Built::Ordered { .. } => panic!("a pure stage"),
        }
    }

    fn run(params: Value, text: &str) -> (Document, Verdict) {
        let mut document = Document::from_text("a.txt", text);
        document.notes = Some(Vec::new());
        let verdict = build(params).unwrap().process(&mut document).unwrap();
        (document, verdict)
    }

    fn reason(verdict: &Verdict) -> &str {
        match verdict {
            Verdict::Keep => "keep",
            Verdict::Reject(reason) => &reason.reason,
        }
    }

    #[test]
    fn the_record_is_filled_in_and_the_text_left_alone() {
        let (document, verdict) = run(Value::Null, ENGLISH);
        assert_eq!(verdict, Verdict::Keep);
        assert_eq!(document.text, ENGLISH);
        assert_eq!(document.language.code.as_deref(), Some("en"));
        assert_eq!(document.language.script.as_deref(), Some("Latn"));
        assert!(document.language.confidence.unwrap() > 0.9);
        assert!(document.language.spans.is_empty());
    }

    #[test]
    fn spans_count_code_points() {
        let text = format!(
            "😀 Ça ira e\u{301}! {ENGLISH} Министры встретились в понедельник, чтобы обсудить соглашение."
        );
        let (document, _) = run(Value::Null, &text);
        let spans = &document.language.spans;
        let points: Vec<char> = text.chars().collect();
        let codes: Vec<_> = spans.iter().map(|span| span.code.as_str()).collect();
        assert_eq!(codes, ["en", "ru"]);
        assert_eq!(
            points[spans[1].start..][..8].iter().collect::<String>(),
            "Министры"
        );
        assert_eq!((spans[0].start, spans[1].end), (0, points.len()));
    }

    #[test]
    fn explain_shows_the_likeliest_languages() {
        let (document, _) = run(Value::Null, ENGLISH);
        let note = &document.notes.unwrap()[0];
        assert!(note.says.starts_with("en in Latn"), "{}", note.says);
        assert_eq!(note.evidence["candidates"].as_array().unwrap().len(), 5);
    }

    #[test]
    fn other_languages_than_those_to_keep_are_rejected() {
        assert_eq!(reason(&run(json!({"keep": ["en"]}), ENGLISH).1), "keep");
        let (_, verdict) = run(json!({"keep": ["de", "fr"]}), ENGLISH);
        assert_eq!(
            verdict,
            Verdict::Reject(Reason::new("language").detail("en is not among de, fr"))
        );
        assert_eq!(reason(&run(json!({"keep": ["und"]}), "123").1), "keep");
        let norwegian = "Regjeringen la i dag frem forslaget til statsbudsjett, som er større enn noen gang.";
        assert_eq!(reason(&run(json!({"keep": ["no"]}), norwegian).1), "keep");
        assert_eq!(reason(&run(json!({"keep": ["no"]}), ENGLISH).1), "language");
    }

    #[test]
    fn too_little_confidence_tags_or_rejects() {
        let short = "Film";
        let (document, verdict) = run(json!({"min_confidence": 1.0}), short);
        assert_eq!(
            (document.language.code.as_deref(), verdict),
            (Some("und"), Verdict::Keep)
        );
        let (_, verdict) = run(json!({"min_confidence": 1.0, "below": "reject"}), short);
        assert_eq!(reason(&verdict), "low_confidence");
    }

    #[test]
    fn wrong_parameters_are_named() {
        for (params, key) in [
            (json!({"min_confidence": 2}), "min_confidence"),
            (json!({"languages": ["en", "klingon"]}), "languages[1]"),
            (json!({"keep": ["xx"]}), "keep[0]"),
            (json!({"languages": ["und"]}), "languages[0]"),
        ] {
            assert_eq!(build(params).err().unwrap().key, key);
        }
        assert!(build(json!({"below": "drop"})).is_err());
    }
}
