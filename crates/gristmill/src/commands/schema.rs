//! `gristmill schema`: the shape of the configuration and of the lines.

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use gristmill_core::{Document, Registry, Rejected};
use schemars::{JsonSchema, schema_for};
use serde_json::{Map, Value, json};

use crate::columns::{self, Engine};
use crate::config::Config;
use crate::exit::{Exit, Failure, Outcome};
use crate::stages;

/// The arguments of `gristmill schema`.
#[derive(Debug, Clone, Args)]
pub struct SchemaArgs {
    /// Of what
    pub of: Subject,
    /// Print the column types for this reader instead, which need not guess them then
    #[arg(long = "for", value_enum, value_name = "READER")]
    pub engine: Option<Engine>,
}

/// What a schema describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Subject {
    /// The configuration file
    Config,
    /// A line in documents/
    Record,
    /// A line in rejects/
    Reject,
}

/// Runs the command.
///
/// # Errors
/// Columns are asked of the configuration, or standard output cannot be written.
pub fn run(args: &SchemaArgs) -> Outcome {
    let schema = match args.of {
        Subject::Config => configuration(&stages::built_in()),
        Subject::Record => of::<Document>(),
        Subject::Reject => of::<Rejected>(),
    };
    let text = match args.engine {
        None => serde_json::to_string_pretty(&schema).map_err(|error| Failure::new(Exit::Io, error))?,
        Some(_) if args.of == Subject::Config => {
            return Err(Failure::usage(
                "the configuration has no columns: --for goes with record and reject",
            ));
        }
        Some(engine) => columns::of(&schema, engine),
    };
    writeln!(io::stdout(), "{text}")?;
    Ok(Exit::Done)
}

fn of<T: JsonSchema>() -> Value {
    schema_for!(T).to_value()
}

/// The schema of the configuration, with the parameters of each stage in it.
pub fn configuration(registry: &Registry) -> Value {
    const DEFINITIONS: &str = "$defs";
    let mut schema = of::<Config>();
    let mut names = Vec::new();
    let mut properties = Map::new();
    let mut definitions = Map::new();
    for stage in registry.iter() {
        // The types that the parameters refer to go among those of the whole, under the name of the stage.
        let written = stage.schema().to_value().to_string();
        let moved = written.replace("\"#/$defs/", &format!("\"#/$defs/{}.", stage.name));
        let mut params: Map<String, Value> = serde_json::from_str(&moved).unwrap_or_default();
        if let Some(Value::Object(types)) = params.remove(DEFINITIONS) {
            definitions.extend(
                types
                    .into_iter()
                    .map(|(name, value)| (format!("{}.{name}", stage.name), value)),
            );
        }
        for key in ["$schema", "title"] {
            params.remove(key);
        }
        // `- dedup:` with nothing after it is the stage with its defaults.
        params.insert("type".to_owned(), json!(["object", "null"]));
        params.insert("description".to_owned(), stage.about.into());
        names.push(stage.name);
        properties.insert(stage.name.to_owned(), params.into());
    }
    let entry = json!({
        "description": "One stage of the chain: its name, or its name with its parameters.",
        "anyOf": [
            {"type": "string", "enum": names},
            {
                "type": "object",
                "properties": properties,
                "additionalProperties": false,
                "minProperties": 1,
                "maxProperties": 1,
            },
        ],
    });
    if let Some(Value::Object(known)) = schema.get_mut(DEFINITIONS) {
        known.insert("Stage".to_owned(), entry);
        known.extend(definitions);
    }
    schema
}
