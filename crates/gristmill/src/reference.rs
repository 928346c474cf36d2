//! What may be written in a configuration and what stands in the lines, for people: `gristmill stages` and
//! `docs/reference.md`. All of it is derived from the types, so that it cannot differ from what is read and
//! written.

use std::fmt::Write;

use gristmill_core::{Document, Registration, Registry, Rejected};
use schemars::schema_for;
use serde_json::Value;

use crate::config::Config;

/// A key with what may stand under it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Key {
    /// The path of the key, such as `passages.min_words`.
    pub key: String,
    /// What kind of value it takes, in words.
    #[serde(rename = "type")]
    pub kind: String,
    /// The value where none is written, as YAML; none for keys that hold others.
    pub default: Option<String>,
    /// What it means.
    pub about: String,
}

/// The keys that a schema describes; `defaults` has the value of each.
pub fn keys(schema: &Value, defaults: &Value) -> Vec<Key> {
    let mut keys = Vec::new();
    let types = Types { root: schema };
    types.collect(schema, defaults, "", &mut keys);
    keys
}

/// The parameters of a stage.
pub fn parameters(stage: &Registration) -> Vec<Key> {
    keys(stage.schema().as_value(), &stage.defaults())
}

/// A schema and the types that its parts refer to.
struct Types<'s> {
    root: &'s Value,
}

impl Types<'_> {
    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let reference = schema.get("$ref").and_then(Value::as_str);
        let target = reference.and_then(|path| self.root.pointer(path.trim_start_matches('#')));
        target.unwrap_or(schema)
    }

    fn collect(&self, schema: &Value, defaults: &Value, prefix: &str, keys: &mut Vec<Key>) {
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            let key = format!("{prefix}{name}");
            let default = &defaults[name.as_str()];
            let target = self.present(self.resolve(property));
            let about = text(property, "description").or_else(|| text(target, "description"));
            let holds_others = target.get("properties").is_some();
            keys.push(Key {
                kind: if holds_others {
                    "keys".to_owned()
                } else {
                    self.kind(property)
                },
                default: (!holds_others).then(|| yaml(default)),
                about: about.unwrap_or_default(),
                key: key.clone(),
            });
            if holds_others {
                self.collect(target, default, &format!("{key}."), keys);
            } else if target["type"] == "array" && defaults.is_null() {
                // In the lines, which have no defaults, the elements have keys that are worth a word each.
                self.collect(
                    self.resolve(&target["items"]),
                    default,
                    &format!("{key}[]."),
                    keys,
                );
            }
        }
    }

    /// What a value may be where it is not null.
    fn present<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let choices = schema.get("anyOf").and_then(Value::as_array);
        let mut present = choices
            .into_iter()
            .flatten()
            .filter(|choice| choice.get("type") != Some(&Value::from("null")));
        match (present.next(), present.next()) {
            (Some(only), None) => self.resolve(only),
            _ => schema,
        }
    }

    fn kind(&self, schema: &Value) -> String {
        let schema = self.resolve(schema);
        for choices in ["anyOf", "oneOf"] {
            if let Some(choices) = schema.get(choices).and_then(Value::as_array) {
                let mut kinds: Vec<String> = Vec::new();
                for kind in choices.iter().map(|choice| self.kind(choice)) {
                    // YAML 1.1 has `off` as `false`, which is understood and need not be known.
                    if !kinds.contains(&kind) && kind != "nothing" && kind != "true or false" {
                        kinds.push(kind);
                    }
                }
                return kinds.join(" or ");
            }
        }
        if let Some(word) = schema.get("const") {
            return format!("`{}`", yaml(word));
        }
        if let Some(words) = schema.get("enum").and_then(Value::as_array) {
            let words = words.iter().filter(|word| !word.is_null());
            return words
                .map(|word| format!("`{}`", yaml(word)))
                .collect::<Vec<_>>()
                .join(" or ");
        }
        match &schema["type"] {
            Value::Array(types) => {
                let is_unit = types.iter().any(|kind| kind == "integer") && schema.get("examples").is_some();
                match (is_unit, schema["examples"][0].as_str()) {
                    (true, Some(example)) if example.ends_with('B') => "size".to_owned(),
                    (true, _) => "duration".to_owned(),
                    _ => types
                        .iter()
                        .find(|kind| *kind != "null")
                        .map_or_else(String::new, word),
                }
            }
            Value::String(kind) if kind == "array" => match self.kind(&schema["items"]).as_str() {
                "keys" => "list".to_owned(),
                of => format!("list of {of}"),
            },
            Value::String(kind) if kind == "object" => self.object(schema),
            kind => word(kind),
        }
    }

    fn object(&self, schema: &Value) -> String {
        let properties = schema.get("properties").and_then(Value::as_object);
        let entries = properties.into_iter().flatten();
        let entries: Vec<_> = entries
            .map(|(key, value)| format!("{key}: {}", self.kind(value)))
            .collect();
        // The keys of a large one have lines of their own.
        match entries.len() {
            _ if schema["title"] == "stage" => "stage".to_owned(),
            1..=3 => format!("`{{{}}}`", entries.join(", ").replace('`', "")),
            _ => "keys".to_owned(),
        }
    }
}

fn word(kind: &Value) -> String {
    match kind.as_str() {
        Some("string") => "text",
        Some("integer") => "whole number",
        Some("number") => "number",
        Some("boolean") => "true or false",
        Some("null") => "nothing",
        _ => "keys",
    }
    .to_owned()
}

/// The text under `key` in one line.
fn text(schema: &Value, key: &str) -> Option<String> {
    let text = schema.get(key)?.as_str()?;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // Links of the code's own documentation lead nowhere here.
    Some(line.replace("[`", "`").replace("`]", "`"))
}

/// `value` as YAML in one line.
pub fn yaml(value: &Value) -> String {
    match value {
        Value::String(text) => {
            let plain = |c: char| c.is_alphanumeric() || "./_-".contains(c);
            if !text.is_empty() && text.chars().all(plain) {
                text.clone()
            } else {
                value.to_string()
            }
        }
        Value::Array(list) => format!("[{}]", list.iter().map(yaml).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let entries = map.iter().map(|(key, value)| format!("{key}: {}", yaml(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// `docs/reference.md`: every key of the configuration, every stage, every field of the lines.
pub fn page(registry: &Registry) -> String {
    let mut page = String::from(
        "# Reference\n\n\
        Written by `UPDATE=1 cargo test -p gristmill --test reference` from the types that read the configuration and write the lines;\n\
        a test holds it up to date. `gristmill stages` prints the part on stages, `gristmill schema` the same as JSON Schema.\n\n\
        ## Configuration\n\n\
        Relative paths start from the folder of the file. `${NAME}` in a value stands for the environment variable `NAME`, `${NAME:-other}`\n\
        for `other` where it is not set or empty, and `$${` for `${` itself. Any key can be set from the environment too:\n\
        `GRISTMILL__OUTPUT__DIR=/srv/out` overrides `output.dir`; lists and keys with values are written as in YAML:\n\
        `GRISTMILL__INPUT__WATCH='[/srv/wire, /srv/crawl]'`. A duration is a whole number and a unit (`500ms`, `30s`, `5m`, `1h30m`, `14d`, `2w`),\n\
        a size likewise (`512B`, `64KiB`, `16MiB`, `1GiB`, or `kB`, `MB`, `GB`).\n\n",
    );
    let schema = schema_for!(Config);
    let defaults = serde_json::to_value(Config::default()).unwrap_or_default();
    table(&mut page, &keys(schema.as_value(), &defaults), true);
    page += "\n## Stages\n\nA stage is its name, or its name with its parameters. Stages stand in the chain in any order and number.\n";
    for stage in registry.iter() {
        // Writing to a string does not fail.
        let _ = write!(
            page,
            "\n### `{}`\n\n{}\n\n```yaml\nstages:\n  - {}\n```\n\n",
            stage.name,
            stage.about,
            stage.example.replace('\n', "\n    ")
        );
        table(&mut page, &parameters(stage), true);
    }
    page += "\n## Lines in `documents/`\n\nEvery key is on every line, in this order.\n\n";
    table(
        &mut page,
        &keys(schema_for!(Document).as_value(), &Value::Null),
        false,
    );
    page += "\n## Lines in `rejects/`\n\n";
    table(
        &mut page,
        &keys(schema_for!(Rejected).as_value(), &Value::Null),
        false,
    );
    page
}

fn table(page: &mut String, keys: &[Key], with_defaults: bool) {
    let cell = |text: &str| text.replace('|', "\\|");
    if with_defaults {
        page.push_str("| key | type | default | |\n|---|---|---|---|\n");
    } else {
        page.push_str("| key | type | |\n|---|---|---|\n");
    }
    for Key {
        key,
        kind,
        default,
        about,
    } in keys
    {
        let default = match default {
            Some(default) if with_defaults && default == "null" => " none |".to_owned(),
            Some(default) if with_defaults => format!(" `{}` |", cell(default)),
            None if with_defaults => " |".to_owned(),
            _ => String::new(),
        };
        // Writing to a string does not fail.
        let _ = writeln!(page, "| `{key}` | {} |{default} {} |", cell(kind), cell(about));
    }
}
