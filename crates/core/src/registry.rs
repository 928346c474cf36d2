//! From a name and parameters in the configuration to a stage.

use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::stage::Built;

/// How a stage is named, described, configured and built: the one description from which `check`, `stages`,
/// `schema` and the reference page are derived.
pub trait StageFactory {
    /// The name that the configuration uses.
    const NAME: &'static str;
    /// What the stage does, in one or two sentences for people who choose stages.
    const ABOUT: &'static str;
    /// One example, as it would stand in the list of stages in the YAML file.
    const EXAMPLE: &'static str;
    /// The stage's parameters. Give the struct `#[serde(deny_unknown_fields, default)]` and doc comments; they
    /// become the reference.
    type Params: DeserializeOwned + Serialize + Default + JsonSchema;

    /// Builds the stage.
    ///
    /// # Errors
    /// A parameter has a value that cannot be, or a file that it names cannot be used.
    fn build(params: Self::Params, env: &BuildEnv) -> Result<Built, BuildError>;
}

/// What a factory may know beside its parameters.
#[derive(Debug, Clone, Default)]
pub struct BuildEnv {
    /// The folder from which relative paths in the configuration start.
    pub base: PathBuf,
}

impl BuildEnv {
    /// `path` as the configuration means it.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.base.join(path)
    }
}

/// Why a stage could not be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", if key.is_empty() { String::new() } else { format!("{key}: ") })]
pub struct BuildError {
    /// The parameter at fault as a path such as `passages.min_words` or `gazetteers[0]`, empty for the whole.
    pub key: String,
    /// What is wrong with it and what to do.
    pub message: String,
}

impl BuildError {
    /// An error at the parameter `key`.
    pub fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            message: message.into(),
        }
    }
}

/// A [`StageFactory`] among others, its types erased.
#[derive(Clone, Copy)]
pub struct Registration {
    /// The name that the configuration uses.
    pub name: &'static str,
    /// What the stage does.
    pub about: &'static str,
    /// One example in YAML.
    pub example: &'static str,
    schema: fn() -> Schema,
    defaults: fn() -> Value,
    build: fn(Value, &BuildEnv) -> Result<Built, BuildError>,
}

impl Registration {
    /// The registration of the factory `F`.
    pub const fn of<F: StageFactory>() -> Self {
        Self {
            name: F::NAME,
            about: F::ABOUT,
            example: F::EXAMPLE,
            schema: || schema_for!(F::Params),
            defaults: || serde_json::to_value(F::Params::default()).unwrap_or_default(),
            build: |params, env| F::build(parse::<F::Params>(params)?, env),
        }
    }

    /// The JSON Schema of the parameters.
    pub fn schema(&self) -> Schema {
        (self.schema)()
    }

    /// The parameters as they are when the configuration gives none.
    pub fn defaults(&self) -> Value {
        (self.defaults)()
    }

    /// Builds the stage from its parameters; `null` stands for none.
    ///
    /// # Errors
    /// A parameter is unknown, of a wrong type or of a value that cannot be.
    pub fn build(&self, params: Value, env: &BuildEnv) -> Result<Built, BuildError> {
        (self.build)(params, env)
    }
}

fn parse<P: DeserializeOwned + Default>(params: Value) -> Result<P, BuildError> {
    if params.is_null() {
        return Ok(P::default());
    }
    serde_path_to_error::deserialize(params).map_err(|error| {
        let path = error.path().to_string();
        let key = if path == "." { String::new() } else { path };
        BuildError::new(key, error.into_inner().to_string())
    })
}

/// The stages that there are.
#[derive(Clone, Default)]
pub struct Registry(Vec<Registration>);

impl Registry {
    /// A registry of these stages; of two with one name the later counts.
    pub fn new(stages: impl IntoIterator<Item = Registration>) -> Self {
        let mut registry = Self::default();
        for stage in stages {
            registry.0.retain(|known| known.name != stage.name);
            registry.0.push(stage);
        }
        registry
    }

    /// The stage called `name`.
    pub fn get(&self, name: &str) -> Option<&Registration> {
        self.0.iter().find(|stage| stage.name == name)
    }

    /// All stages, in the order in which they were registered.
    pub fn iter(&self) -> impl Iterator<Item = &Registration> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde::Deserialize;
    use serde_json::json;

    use super::*;
    use crate::{Document, Stage, StageError, Verdict};

    /// Repeats the text.
    #[derive(Default, Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields, default)]
    struct EchoParams {
        /// How often.
        times: usize,
    }

    struct Echo(usize);

    impl Stage for Echo {
        fn process(&self, document: &mut Document) -> Result<Verdict, StageError> {
            document.text = document.text.repeat(self.0);
            Ok(Verdict::Keep)
        }
    }

    impl StageFactory for Echo {
        const NAME: &'static str = "echo";
        const ABOUT: &'static str = "Repeats the text.";
        const EXAMPLE: &'static str = "echo: {times: 2}";
        type Params = EchoParams;

        fn build(params: EchoParams, _: &BuildEnv) -> Result<Built, BuildError> {
            if params.times > 9 {
                return Err(BuildError::new("times", "9 at most"));
            }
            Ok(Built::Pure(Arc::new(Echo(params.times))))
        }
    }

    fn build(params: Value) -> Result<Built, String> {
        let registry = Registry::new([Registration::of::<Echo>()]);
        registry
            .get("echo")
            .unwrap()
            .build(params, &BuildEnv::default())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_stage_is_built_from_its_parameters() {
        let Ok(Built::Pure(stage)) = build(json!({"times": 2})) else {
            panic!("a pure stage")
        };
        let mut document = Document::from_text("a.txt", "ab");
        assert_eq!(stage.process(&mut document).unwrap(), Verdict::Keep);
        assert_eq!(document.text, "abab");
        assert!(build(Value::Null).is_ok());
    }

    #[test]
    fn errors_name_the_key() {
        let message = |params| build(params).err().unwrap();
        assert_eq!(message(json!({"times": 10})), "times: 9 at most");
        assert!(message(json!({"times": "two"})).starts_with("times: invalid type"));
        assert!(message(json!({"tims": 2})).contains("unknown field `tims`"));
    }

    #[test]
    fn the_description_comes_from_the_parameters() {
        let registration = Registration::of::<Echo>();
        assert_eq!(registration.defaults(), json!({"times": 0}));
        assert_eq!(
            registration.schema().to_value()["properties"]["times"]["description"],
            "How often."
        );
    }
}
