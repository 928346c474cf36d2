//! What is wrong with a configuration.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::tree::{Node, Place};

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// Where in the file, or in which variable.
    pub place: Place,
    /// The path of the key, such as `stages[2].dedup.near`; empty for the whole.
    pub key: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl Problem {
    pub(super) fn new(file: &Path, message: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            place: Place::Nowhere,
            key: String::new(),
            message: message.into(),
        }
    }

    pub(super) fn at(self, place: &Place) -> Self {
        Self {
            place: place.clone(),
            ..self
        }
    }

    pub(super) fn key(self, key: &str) -> Self {
        Self {
            key: key.to_owned(),
            ..self
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        match &self.place {
            Place::Variable(name) => write!(f, "{name}: ")?,
            Place::At { line, column } => write!(f, "{file}:{line}:{column}: ")?,
            Place::Nowhere if self.file.as_os_str().is_empty() => {}
            Place::Nowhere => write!(f, "{file}: ")?,
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

/// Everything that is wrong, at least one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// `problems` in the order in which they stand in the file, or none.
    pub(super) fn of(mut problems: Vec<Problem>) -> Option<Self> {
        problems.sort_by(|a, b| (&a.place, &a.key).cmp(&(&b.place, &b.key)));
        problems.dedup();
        (!problems.is_empty()).then_some(Self(problems))
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.0 {
            writeln!(f, "{problem}")?;
        }
        match self.0.len() {
            1 => f.write_str("1 error"),
            many => write!(f, "{many} errors"),
        }
    }
}

impl std::error::Error for Problems {}

/// The name among `known` that `wrong` was meant to be, if one is near enough.
pub(super) fn nearest<'k>(wrong: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let wrong = wrong.to_lowercase();
    let near = |name: &str| strsim::damerau_levenshtein(&wrong, &name.to_lowercase());
    let best = known.into_iter().min_by_key(|name| near(name))?;
    (near(best) <= 1 + wrong.chars().count().min(best.chars().count()) / 4).then_some(best)
}

/// `, did you mean …` where something is near, and what is known.
pub(crate) fn suggestion(wrong: &str, known: &[&str]) -> String {
    let nearest = nearest(wrong, known.iter().copied())
        .map_or_else(String::new, |name| format!("did you mean `{name}`? "));
    match known {
        [] => "there are none here".to_owned(),
        known => format!("{nearest}known here: {}", known.join(", ")),
    }
}

/// What serde says about a value, in the words of people who write configurations, and whether its key or its
/// value is to blame.
pub(super) fn from_serde(message: &str, node: &Node) -> (Place, String) {
    let Node {
        key, place: value, ..
    } = node;
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match (message, quoted.as_slice()) {
        (_, [wrong, known @ ..]) if message.starts_with("unknown field") => {
            (key.clone(), format!("unknown key; {}", suggestion(wrong, known)))
        }
        (_, [wrong, known @ ..]) if message.starts_with("unknown variant") => (
            value.clone(),
            format!("unknown value {wrong:?}; {}", suggestion(wrong, known)),
        ),
        (_, [missing, ..]) if message.starts_with("missing field") => {
            (value.clone(), format!("the key `{missing}` is missing"))
        }
        _ => (
            value.clone(),
            mismatch(message).unwrap_or_else(|| with_found(message, &node.to_json())),
        ),
    }
}

/// `message`, with the value that it is about where it does not say it itself.
fn with_found(message: &str, found: &Value) -> String {
    match found {
        Value::Number(_) | Value::Bool(_) => format!("{message} (found {found})"),
        Value::String(text) if !message.contains(text.as_str()) => format!("{message} (found {found})"),
        _ => message.to_owned(),
    }
}

/// `invalid type: string "two", expected usize`, for people.
fn mismatch(message: &str) -> Option<String> {
    let (found, expected) = message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "))?
        .rsplit_once(", expected ")?;
    let expected = match expected {
        "usize" | "u64" | "u32" | "u16" | "u8" => "a whole number",
        "f64" | "f32" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a string" | "path string" => "text",
        "a map" => "keys with values",
        structure if structure.starts_with("struct ") => "keys with values",
        structure if structure.starts_with("enum ") || structure == "string or map" => {
            "a word, or one word with a value"
        }
        other => other,
    };
    let found = match found {
        "map" => "keys with values".to_owned(),
        "sequence" => "a list".to_owned(),
        "null" | "unit value" => "nothing".to_owned(),
        other => other
            .strip_prefix("string ")
            .or_else(|| other.strip_prefix("integer "))
            .or_else(|| other.strip_prefix("boolean "))
            .or_else(|| other.strip_prefix("floating point "))
            .unwrap_or(other)
            .replace('`', ""),
    };
    Some(format!("expected {expected}, found {found}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name() {
        let known = ["exact", "near", "threshold", "window", "passages"];
        for (wrong, meant) in [
            ("neer", Some("near")),
            ("Near", Some("near")),
            ("windwo", Some("window")),
            ("treshhold", Some("threshold")),
            ("colour", None),
            ("x", None),
        ] {
            assert_eq!(nearest(wrong, known), meant, "{wrong}");
        }
    }

    #[test]
    fn wrong_types_are_told_in_words() {
        for (serde, people) in [
            (
                "invalid type: string \"two\", expected usize",
                "expected a whole number, found \"two\"",
            ),
            (
                "invalid type: integer `5`, expected struct Rotate",
                "expected keys with values, found 5",
            ),
            (
                "invalid value: null, expected a sequence",
                "expected a list, found nothing",
            ),
        ] {
            assert_eq!(mismatch(serde).as_deref(), Some(people));
        }
        assert_eq!(mismatch("another message"), None);
    }
}
