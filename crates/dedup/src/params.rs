//! What the configuration may say.

use gristmill_core::Period;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The parameters of `dedup`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DedupParams {
    /// What becomes of a document whose words are those of an earlier one, case, spacing, punctuation and
    /// credits (bylines, datelines, agencies before and after the text) aside.
    #[serde(deserialize_with = "action")]
    pub exact: Action,
    /// What becomes of a document that is an edited, shortened or reframed copy of an earlier one.
    #[serde(deserialize_with = "action")]
    pub near: Action,
    /// How much of the shorter text must be shared for a near-duplicate, from 0 to 1.
    pub threshold: f64,
    /// How long after its arrival a document is remembered.
    pub window: Period,
    /// Which passages from earlier documents are reported: `{min_words: 12}`, or `off`.
    pub passages: Passages,
}

impl Default for DedupParams {
    fn default() -> Self {
        Self {
            exact: Action::Reject,
            near: Action::Tag,
            threshold: 0.75,
            window: Period(std::time::Duration::from_secs(90 * 86_400)),
            passages: Passages::default(),
        }
    }
}

/// What becomes of a duplicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is turned away, and becomes a line in `rejects/` that names the first of its group.
    Reject,
    /// It goes on, and its `duplicate` names the first of its group.
    Tag,
    /// Nobody looks.
    Off,
}

/// YAML 1.1 reads a bare `off` as `false`.
fn action<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Action, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "reject, tag or off")]
    enum Written {
        Off(bool),
        Action(Action),
    }
    match Written::deserialize(deserializer)? {
        Written::Off(false) => Ok(Action::Off),
        Written::Off(true) => Err(serde::de::Error::custom("reject, tag or off")),
        Written::Action(action) => Ok(action),
    }
}

/// Which passages are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passages {
    /// None; the texts are not kept.
    Off,
    /// Those of at least `min_words` words.
    On {
        /// The length of the shortest passage in words, 8 at least.
        min_words: usize,
    },
}

impl Default for Passages {
    fn default() -> Self {
        Self::On { min_words: 12 }
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Limits {
    /// The length of the shortest passage in words, 8 at least.
    #[serde(default = "Limits::min_words")]
    min_words: usize,
}

impl Limits {
    fn min_words() -> usize {
        12
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Off {
    Off,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "{min_words: 12} or off")]
enum WrittenPassages {
    Limits(Limits),
    Off(Off),
    Switch(bool),
}

impl Serialize for Passages {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Off => WrittenPassages::Off(Off::Off),
            Self::On { min_words } => WrittenPassages::Limits(Limits { min_words }),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Passages {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match WrittenPassages::deserialize(deserializer)? {
            WrittenPassages::Limits(Limits { min_words }) => Self::On { min_words },
            WrittenPassages::Off(Off::Off) | WrittenPassages::Switch(false) => Self::Off,
            WrittenPassages::Switch(true) => Self::default(),
        })
    }
}

impl JsonSchema for Passages {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Passages".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        WrittenPassages::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<DedupParams, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn off_may_be_a_word_or_false() {
        for off in [r#""off""#, "false"] {
            let json = format!(r#"{{"exact": {off}, "near": {off}, "passages": {off}}}"#);
            let params = read(&json).unwrap();
            assert_eq!((params.exact, params.near), (Action::Off, Action::Off));
            assert_eq!(params.passages, Passages::Off);
        }
        assert_eq!(
            read(r#"{"passages": {"min_words": 8}}"#).unwrap().passages,
            Passages::On { min_words: 8 }
        );
        assert!(
            read(r#"{"near": true}"#)
                .unwrap_err()
                .contains("reject, tag or off")
        );
        assert!(read(r#"{"passages": {"min_word": 8}}"#).is_err());
    }

    #[test]
    fn defaults_survive_writing() {
        let params = DedupParams::default();
        assert_eq!(read(&serde_json::to_string(&params).unwrap()).unwrap(), params);
    }
}
