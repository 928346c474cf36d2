//! The configuration as the rest of the program sees it, and as its schema and reference describe it.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use gristmill_core::{ByteSize, Period};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::origin::Origin;

/// The configuration of gristmill, one YAML file.
///
/// Relative paths start from the folder of the file. `${NAME}` in a value stands for the environment variable
/// `NAME`, `${NAME:-other}` for `other` where it is not set, and `$${` for `${` itself. Any key can be set from
/// the environment too: `GRISTMILL__OUTPUT__DIR=/srv/out` overrides `output.dir`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "gristmill configuration")]
pub struct Config {
    /// What is taken in.
    pub input: Input,
    /// The chain, in order: each stage is its name, or its name with its parameters. Leave one out, repeat one,
    /// add your own. `gristmill stages` lists those there are.
    pub stages: Vec<StageEntry>,
    /// Where the lines go.
    pub output: Output,
    /// Where gristmill keeps its books.
    pub state: State,
    /// Threads for the stages; 0 is one per core. The lines are the same for any number.
    #[schemars(range(max = 1024))]
    pub workers: usize,
    /// The status page with `/metrics`, `/healthz` and `/readyz`; leave it out to switch it off.
    pub http: Option<Http>,
    /// Bounds on time and memory; the defaults suit most.
    pub limits: Limits,

    /// The folder from which relative paths start; all paths in here already do.
    #[serde(skip)]
    pub base: PathBuf,
    /// Where each key was written.
    #[serde(skip)]
    pub(super) origin: Origin,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            input: Input::default(),
            stages: ["clean", "language", "dedup", "entities", "story"]
                .map(StageEntry::of)
                .into(),
            output: Output::default(),
            state: State::default(),
            workers: 0,
            http: None,
            limits: Limits::default(),
            base: PathBuf::new(),
            origin: Origin::default(),
        }
    }
}

/// What is taken in.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Input {
    /// The folders, watched to any depth: a path each, or `{path: ./wire, name: wire}`, which puts `wire:`
    /// before `source.path`. At least one.
    #[schemars(length(min = 1))]
    pub watch: Vec<Watched>,
    /// Globs of the paths to take, over the path from the watched folder.
    pub include: Vec<String>,
    /// Globs of the paths to leave alone.
    pub exclude: Vec<String>,
    /// A file is taken once its size and time of change stood still this long.
    pub settle: Period,
    /// How often the folders are walked; events only hasten what the walk finds anyway.
    pub rescan: Period,
    /// What becomes of an input once its documents are durable.
    pub when_done: WhenDone,
    /// Longer documents go to quarantine.
    pub max_document: ByteSize,
    /// Whether symbolic links below a watched folder are followed.
    pub follow_links: bool,
}

impl Default for Input {
    fn default() -> Self {
        Self {
            watch: Vec::new(),
            include: vec!["**/*".to_owned()],
            exclude: ["**/.*", "**/*.part", "**/*.tmp"].map(str::to_owned).into(),
            settle: Period(Duration::from_millis(500)),
            rescan: Period(Duration::from_secs(30)),
            when_done: WhenDone::Keep,
            max_document: ByteSize(16 << 20),
            follow_links: false,
        }
    }
}

/// One watched folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "WrittenWatched", into = "WrittenWatched")]
pub struct Watched {
    /// Where it is.
    pub path: PathBuf,
    /// What goes before its paths in `source.path`, so that two folders can be told apart.
    pub name: Option<String>,
}

/// A watched folder as the file writes it.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a folder, or {path: FOLDER, name: NAME}")]
#[schemars(inline)]
enum WrittenWatched {
    /// A folder.
    Path(PathBuf),
    /// A folder with a name.
    Named(NamedFolder),
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct NamedFolder {
    /// Where it is.
    path: PathBuf,
    /// What goes before its paths in `source.path`.
    name: Option<String>,
}

impl From<WrittenWatched> for Watched {
    fn from(written: WrittenWatched) -> Self {
        match written {
            WrittenWatched::Path(path) => Self { path, name: None },
            WrittenWatched::Named(NamedFolder { path, name }) => Self { path, name },
        }
    }
}

impl From<Watched> for WrittenWatched {
    fn from(Watched { path, name }: Watched) -> Self {
        match name {
            None => Self::Path(path),
            name => Self::Named(NamedFolder { path, name }),
        }
    }
}

/// What becomes of an input once its documents are durable.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum WhenDone {
    /// It stays where it is.
    #[default]
    Keep,
    /// It is deleted.
    Delete,
    /// It is moved to this folder, under its path from the watched folder.
    Move(PathBuf),
}

/// One stage of the chain: its name and its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct StageEntry {
    /// The name of the stage.
    pub stage: String,
    /// Its parameters as they were written, `null` for none.
    pub params: Value,
}

impl StageEntry {
    /// The stage called `stage`, with its defaults.
    pub fn of(stage: impl Into<String>) -> Self {
        Self {
            stage: stage.into(),
            params: Value::Null,
        }
    }
}

impl StageEntry {
    /// What the stage is called in the chain: the `name` that its parameters give it, else the name of its kind.
    pub fn name(&self) -> &str {
        let given = self.params.get("name").and_then(Value::as_str);
        given.unwrap_or(&self.stage)
    }
}

impl Serialize for StageEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.params {
            Value::Null => serializer.serialize_str(&self.stage),
            params => serializer.collect_map([(&self.stage, params)]),
        }
    }
}

impl<'de> Deserialize<'de> for StageEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "the name of a stage, or one name with its parameters, as in `dedup: {near: tag}`"
        )]
        enum Written {
            Name(String),
            WithParams(Map<String, Value>),
        }
        let odd = || {
            serde::de::Error::custom(
                "write one stage an entry: its name, or its name with its parameters, as in `dedup: {near: tag}`",
            )
        };
        match Written::deserialize(deserializer)? {
            Written::Name(stage) => Ok(Self::of(stage)),
            Written::WithParams(map) if map.len() > 1 => Err(odd()),
            Written::WithParams(map) => {
                let (stage, params) = map.into_iter().next().ok_or_else(odd)?;
                Ok(Self { stage, params })
            }
        }
    }
}

impl JsonSchema for StageEntry {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Stage".into()
    }

    /// The envelope alone; `gristmill schema config` puts the stages that there are in its place.
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "anyOf": [{ "title": "stage", "type": "object" }] })
    }
}

/// Where the lines go.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Output {
    /// The folder in which `documents/`, `rejects/` and `quarantine/` are made.
    pub dir: PathBuf,
    /// A segment is sealed, and never changed again, at this size or age, whichever comes first.
    pub rotate: Rotate,
    /// How segments are compressed.
    pub compression: Compression,
}

impl Default for Output {
    fn default() -> Self {
        Self {
            dir: "./out".into(),
            rotate: Rotate::default(),
            compression: Compression::default(),
        }
    }
}

/// When a segment is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rotate {
    /// Once its file has this many bytes, as they lie on the disk: after compression.
    pub size: ByteSize,
    /// Once this long has passed since it was begun.
    pub age: Period,
}

impl Default for Rotate {
    fn default() -> Self {
        Self {
            size: ByteSize(256 << 20),
            age: Period(Duration::from_secs(3600)),
        }
    }
}

/// How segments are compressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// As gzip (`.jsonl.gz`).
    Gzip,
    /// As zstd (`.jsonl.zst`).
    Zstd,
}

/// Where gristmill keeps its books.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct State {
    /// The folder of the journal and of what dedup and story remember. One daemon at a time: a lock sees to it.
    pub dir: PathBuf,
}

impl Default for State {
    fn default() -> Self {
        Self {
            dir: "./state".into(),
        }
    }
}

/// The status page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// The address and port to listen on. Nobody is asked for a password: keep it on the local machine, or
    /// behind a proxy that asks.
    #[serde(deserialize_with = "listen")]
    #[schemars(with = "String")]
    pub listen: SocketAddr,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8420)),
        }
    }
}

fn listen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| {
        serde::de::Error::custom(format!(
            "{text:?} is not an address with a port, such as 127.0.0.1:8420 or [::1]:8420"
        ))
    })
}

/// Bounds on time and memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// A document on which the chain works longer goes to quarantine.
    pub document_time: Period,
    /// How long a stopping daemon goes on finishing what it has begun. What is left then is taken up at the next
    /// start.
    pub drain: Period,
    /// How many bytes of documents may be on their way through the chain at once.
    pub in_flight: ByteSize,
    /// When what was done is made durable, whichever comes first.
    pub batch: Batch,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document_time: Period(Duration::from_secs(30)),
            drain: Period(Duration::from_secs(30)),
            in_flight: ByteSize(16 << 20),
            batch: Batch::default(),
        }
    }
}

/// When what was done is made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Batch {
    /// After this many documents.
    #[schemars(range(min = 1))]
    pub documents: usize,
    /// After this many bytes of documents.
    pub bytes: ByteSize,
    /// This long after the first document.
    pub time: Period,
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            documents: 512,
            bytes: ByteSize(2 << 20),
            time: Period(Duration::from_millis(200)),
        }
    }
}

impl fmt::Display for StageEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stage)
    }
}
