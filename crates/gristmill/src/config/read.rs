//! From the file and the variables to one tree, and from the tree to values.

use std::ffi::OsString;
use std::path::Path;

use config::{Map, Value, ValueKind};
use serde::de::DeserializeOwned;
use serde_saphyr::Spanned;

use super::problem::{Problem, from_serde};
use super::tree::{Mark, Marks, Node, Place, Written, below};

/// What the `config` crate calls the origin of a value that a variable set.
pub(super) const ENVIRONMENT: &str = "the environment";
const PREFIX: &str = "GRISTMILL";
const SEPARATOR: &str = "__";

/// The variable that sets the key at `path`.
pub(super) fn variable(path: &str) -> String {
    format!(
        "{PREFIX}{SEPARATOR}{}",
        path.replace('.', SEPARATOR).to_uppercase()
    )
}

/// Reads YAML; `no` and `off` are words, as a language code or a switch has them.
pub(super) fn yaml(text: &str) -> Result<Spanned<Written>, serde_saphyr::Error> {
    let mut options = serde_saphyr::Options::default();
    options.strict_booleans = true;
    serde_saphyr::from_str_with_options(text, options)
}

/// The file with its variables filled in, as a source of the `config` crate.
#[derive(Debug, Clone)]
struct File(Map<String, Value>);

impl config::Source for File {
    fn clone_into_box(&self) -> Box<dyn config::Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        Ok(self.0.clone())
    }
}

/// Reads `file`, fills in its variables, and lets `GRISTMILL__…` override its keys.
pub(super) fn tree(
    file: &Path,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    problems: &mut Vec<Problem>,
) -> Option<Node> {
    let variables = Variables::new(variables, file, problems);
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            problems.push(Problem::new(file, format!("cannot be read: {error}")));
            return None;
        }
    };
    let written = match yaml(&text) {
        Ok(written) => written,
        Err(error) => {
            problems.push(syntax(file, &error));
            return None;
        }
    };
    let mut reading = Reading {
        file,
        variables: &variables,
        marks: Marks::default(),
        problems,
    };
    let place = place(&written);
    let value = reading.value(written.value, String::new());
    let marks = reading.marks;
    let map = match value.kind {
        ValueKind::Table(map) => map,
        // An empty file, or one of comments.
        ValueKind::Nil => Map::default(),
        _ => {
            let message = "expected keys with values, such as `input:`";
            problems.push(Problem::new(file, message).at(&place));
            return None;
        }
    };
    let overrides = config::Environment::with_prefix(PREFIX)
        .prefix_separator(SEPARATOR)
        .separator(SEPARATOR)
        .source(Some(variables.all.into_iter().collect()));
    let merged = config::Config::builder()
        .add_source(File(map))
        .add_source(overrides)
        .build();
    match merged {
        Ok(merged) => Some(Node::new(String::new(), merged.cache, &marks)),
        Err(error) => {
            problems.push(Problem::new(file, error.to_string()));
            None
        }
    }
}

fn syntax(file: &Path, error: &serde_saphyr::Error) -> Problem {
    let message = match error.without_snippet() {
        serde_saphyr::Error::DuplicateMappingKey { key: Some(key), .. } => {
            format!("the key `{key}` stands here a second time")
        }
        error => {
            let message = error.to_string();
            // The place is told apart from the message.
            let message = message
                .rsplit_once(" at line ")
                .map_or(&*message, |(before, _)| before);
            format!("not YAML: {message}")
        }
    };
    let problem = Problem::new(file, message);
    match error.location() {
        Some(location) => problem.at(&Place::At {
            line: location.line(),
            column: location.column(),
        }),
        None => problem,
    }
}

fn place<T>(spanned: &Spanned<T>) -> Place {
    Place::At {
        line: spanned.referenced.line(),
        column: spanned.referenced.column(),
    }
}

/// The environment, as far as it is text.
struct Variables {
    all: Vec<(String, String)>,
}

impl Variables {
    fn new(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        file: &Path,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let mut all = Vec::new();
        for (name, value) in variables {
            let Ok(name) = name.into_string() else {
                continue;
            };
            match value.into_string() {
                Ok(value) => all.push((name, value)),
                Err(_) if name.starts_with(&format!("{PREFIX}{SEPARATOR}")) => {
                    problems.push(Problem::new(file, "its value is not UTF-8").at(&Place::Variable(name)));
                }
                Err(_) => {}
            }
        }
        Self { all }
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.all.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// `text` with its variables filled in, or the name of one that is not set.
    fn fill(&self, text: &str) -> Result<String, Unfilled> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            let (before, after) = (&rest[..at], &rest[at + 2..]);
            if let Some(before) = before.strip_suffix('$') {
                filled += before;
                filled += "${";
                rest = after;
                continue;
            }
            filled += before;
            let end = after.find('}').ok_or(Unfilled::Open)?;
            let (name, fallback) = match after[..end].split_once(":-") {
                Some((name, fallback)) => (name, Some(fallback)),
                None => (&after[..end], None),
            };
            if name.is_empty() || name.contains(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
                return Err(Unfilled::Odd(name.to_owned()));
            }
            // As in a shell, `:-` stands for empty ones too.
            let value = self
                .get(name)
                .filter(|value| fallback.is_none() || !value.is_empty());
            filled += value
                .or(fallback)
                .ok_or_else(|| Unfilled::Unset(name.to_owned()))?;
            rest = &after[end + 1..];
        }
        Ok(filled + rest)
    }
}

/// Why a text with variables cannot be filled in.
#[derive(Debug, thiserror::Error)]
enum Unfilled {
    #[error("the variable {0} is not set; set it, or write ${{{0}:-…}} with what to take instead")]
    Unset(String),
    #[error("{0:?} is not the name of a variable: write ${{NAME}}, or $${{ for ${{ itself")]
    Odd(String),
    #[error("a ${{ without its }}; write $${{ for ${{ itself")]
    Open,
}

/// Turns what was written into values of the `config` crate.
struct Reading<'r> {
    file: &'r Path,
    variables: &'r Variables,
    marks: Marks,
    problems: &'r mut Vec<Problem>,
}

impl Reading<'_> {
    fn mark(&mut self, path: &str, key: Place, value: Place) {
        let mark = Mark {
            key,
            value,
            filled: false,
        };
        self.marks.insert(path.to_owned(), mark);
    }

    fn value(&mut self, written: Written, path: String) -> Value {
        let kind = match written {
            Written::Scalar(serde_json::Value::Null) => ValueKind::Nil,
            Written::Scalar(serde_json::Value::Bool(value)) => ValueKind::Boolean(value),
            Written::Scalar(serde_json::Value::String(text)) => ValueKind::String(self.text(text, &path)),
            Written::Scalar(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => ValueKind::U64(number),
                (None, Some(number)) => ValueKind::I64(number),
                (None, None) => ValueKind::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Written::List(list) => {
                let mut values = Vec::new();
                for (number, element) in list.into_iter().enumerate() {
                    let path = format!("{path}[{number}]");
                    let place = place(&element);
                    self.mark(&path, place.clone(), place);
                    values.push(self.value(element.value, path));
                }
                ValueKind::Array(values)
            }
            Written::Map(map) => {
                let mut values = Map::new();
                for (key, value) in map {
                    let path = below(&path, &key.value);
                    self.mark(&path, place(&key), place(&value));
                    let value = self.value(value.value, path);
                    values.insert(key.value, value);
                }
                ValueKind::Table(values)
            }
        };
        Value::new(None, kind)
    }

    fn text(&mut self, text: String, path: &str) -> String {
        match self.variables.fill(&text) {
            Ok(filled) => {
                if filled != text
                    && let Some(mark) = self.marks.get_mut(path)
                {
                    mark.filled = true;
                }
                filled
            }
            Err(unfilled) => {
                let place = self.marks.get(path).map(|mark| mark.value.clone());
                let problem = Problem::new(self.file, unfilled.to_string()).key(path);
                self.problems.push(problem.at(&place.unwrap_or_default()));
                text
            }
        }
    }
}

/// Reads `node` as a `T`. What does not fit is reported and taken away, so that the next fault is seen too; the
/// defaults stand in for it. Text from variables is taken as text first and where that does not fit as YAML.
pub(super) fn fit<T: DeserializeOwned>(
    node: &mut Node,
    file: &Path,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    loop {
        let error = match serde_path_to_error::deserialize::<_, T>(node.to_json()) {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        let path = error.path().to_string();
        if !amend(node, &path, &error.into_inner().to_string(), file, problems) {
            return None;
        }
    }
}

/// Makes good what `message` says of the value at `path` below `node`, or reports it and takes the value away.
/// Says whether that changed anything.
pub(super) fn amend(
    node: &mut Node,
    path: &str,
    message: &str,
    file: &Path,
    problems: &mut Vec<Problem>,
) -> bool {
    let wrong = node.find(path);
    let own = wrong.path.clone();
    let (place, message) = from_serde(message, wrong);
    if node.harden(&own) {
        return true;
    }
    problems.push(Problem::new(file, message).key(&own).at(&place));
    node.remove(&own)
}
