//! The columns of the lines, for readers that would otherwise guess their types from the first lines.

use std::fmt::Write;

use clap::ValueEnum;
use serde_json::Value;

/// A reader of JSON Lines with types of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// For `read_json(…, columns = …)`
    Duckdb,
    /// For `scan_ndjson(…, schema = …)`, in Python
    Polars,
    /// For `file(…, JSONEachRow, '…')`
    Clickhouse,
}

/// The columns of the lines that `schema` describes.
pub fn of(schema: &Value, engine: Engine) -> String {
    let columns: Vec<_> = properties(schema)
        .map(|(name, property)| (name.as_str(), Columns { root: schema, engine }.kind(property)))
        .collect();
    let (open, close) = match engine {
        Engine::Duckdb | Engine::Polars => ("{\n", "}"),
        Engine::Clickhouse => ("", ""),
    };
    let mut text = open.to_owned();
    for (number, (name, kind)) in columns.iter().enumerate() {
        let end = if number + 1 < columns.len() || engine == Engine::Polars {
            ","
        } else {
            ""
        };
        // Writing to a string does not fail.
        let _ = match engine {
            Engine::Duckdb => writeln!(text, "  '{name}': '{kind}'{end}"),
            Engine::Polars => writeln!(text, "    \"{name}\": {kind}{end}"),
            Engine::Clickhouse => writeln!(text, "{name} {kind}{end}"),
        };
    }
    (text + close).trim_end().to_owned()
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

struct Columns<'s> {
    root: &'s Value,
    engine: Engine,
}

impl Columns<'_> {
    /// The type of a value, and whether it may be null.
    fn kind(&self, schema: &Value) -> String {
        if let Some(path) = schema.get("$ref").and_then(Value::as_str)
            && let Some(target) = self.root.pointer(path.trim_start_matches('#'))
        {
            return self.kind(target);
        }
        let choices = ["anyOf", "oneOf"]
            .iter()
            .find_map(|key| schema.get(*key)?.as_array());
        if let Some(choices) = choices {
            let is_null = |choice: &&Value| choice["type"] == "null";
            let present = choices.iter().find(|choice| !is_null(choice));
            let kind = present.map_or_else(|| self.text(), |choice| self.kind(choice));
            return self.nullable(kind, choices.iter().any(|choice| is_null(&choice)));
        }
        let (kind, may_be_null) = match &schema["type"] {
            Value::Array(types) => (
                types.iter().find(|kind| *kind != "null").and_then(Value::as_str),
                types.iter().any(|kind| kind == "null"),
            ),
            kind => (kind.as_str(), false),
        };
        let is_time = schema["format"] == "date-time";
        let kind = match kind {
            Some("array") => return self.list(&self.kind(&schema["items"])),
            Some("object") if schema.get("properties").is_some() => return self.structure(schema),
            Some("object") => return self.open().to_owned(),
            Some("integer") => self.pick("BIGINT", "pl.Int64", "Int64"),
            Some("number") => self.pick("DOUBLE", "pl.Float64", "Float64"),
            Some("boolean") => self.pick("BOOLEAN", "pl.Boolean", "Bool"),
            _ if is_time => self.pick("TIMESTAMPTZ", "pl.String", "DateTime64(3, 'UTC')"),
            _ => return self.nullable(self.text(), may_be_null),
        };
        self.nullable(kind.to_owned(), may_be_null)
    }

    fn pick(&self, duckdb: &'static str, polars: &'static str, clickhouse: &'static str) -> &'static str {
        match self.engine {
            Engine::Duckdb => duckdb,
            Engine::Polars => polars,
            Engine::Clickhouse => clickhouse,
        }
    }

    fn text(&self) -> String {
        self.pick("VARCHAR", "pl.String", "String").to_owned()
    }

    /// An object whose keys are not known beforehand.
    fn open(&self) -> &'static str {
        self.pick("JSON", "pl.String", "String")
    }

    fn nullable(&self, kind: String, may_be_null: bool) -> String {
        if may_be_null && self.engine == Engine::Clickhouse {
            format!("Nullable({kind})")
        } else {
            kind
        }
    }

    fn list(&self, of: &str) -> String {
        match self.engine {
            Engine::Duckdb => format!("{of}[]"),
            Engine::Polars => format!("pl.List({of})"),
            Engine::Clickhouse => format!("Array({of})"),
        }
    }

    fn structure(&self, schema: &Value) -> String {
        let fields: Vec<_> = properties(schema)
            .map(|(name, property)| {
                let kind = self.kind(property);
                match self.engine {
                    Engine::Duckdb => format!("\"{name}\" {kind}"),
                    Engine::Polars => format!("\"{name}\": {kind}"),
                    Engine::Clickhouse => format!("{name} {kind}"),
                }
            })
            .collect();
        let fields = fields.join(", ");
        match self.engine {
            Engine::Duckdb => format!("STRUCT({fields})"),
            Engine::Polars => format!("pl.Struct({{{fields}}})"),
            Engine::Clickhouse => format!("Tuple({fields})"),
        }
    }
}
