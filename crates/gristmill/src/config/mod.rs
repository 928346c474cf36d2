//! The configuration: one YAML file, some variables, and everything that is wrong with them at once.

mod model;
mod origin;
mod problem;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use gristmill_core::{BuildEnv, Built, Registry};

pub use model::{
    Batch, Compression, Config, Http, Input, Limits, Output, Rotate, StageEntry, State, Watched, WhenDone,
};
pub use problem::{Problem, Problems};

/// The stages of a chain in order, each with a name that no other has.
pub type Chain = Vec<(String, Built)>;

/// Where the configuration is looked for where nobody says.
const PLACES: [&str; 2] = ["gristmill.yaml", "config/gristmill.yaml"];

/// The file to read: `given` (from `--config` or `GRISTMILL_CONFIG`), else the first that there is of
/// `./gristmill.yaml` and `./config/gristmill.yaml`.
///
/// # Errors
/// There is none.
pub fn locate(given: Option<&Path>) -> Result<PathBuf, Problems> {
    if let Some(file) = given {
        return Ok(file.to_owned());
    }
    PLACES.iter().map(PathBuf::from).find(|file| file.is_file()).ok_or_else(|| {
        Problem::new(
            Path::new(""),
            "no configuration: there is neither ./gristmill.yaml nor ./config/gristmill.yaml; name one with --config or GRISTMILL_CONFIG",
        )
        .into()
    })
}

/// Reads the configuration in `file`, with `variables` as the environment, without building its stages.
///
/// # Errors
/// Everything that is wrong with it.
pub fn load(
    file: &Path,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    registry: &Registry,
) -> Result<Config, Problems> {
    let _ = (variables, registry);
    let wrong = |message: String| Problem::new(file, message);
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let value: serde_json::Value = serde_saphyr::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let mut config: Config = serde_json::from_value(value).map_err(|error| wrong(error.to_string()))?;
    config.settle(file);
    Ok(config)
}

/// Reads the configuration in `file` and builds its chain.
///
/// # Errors
/// Everything that is wrong with it, its stages included.
pub fn load_with_chain(
    file: &Path,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    registry: &Registry,
) -> Result<(Config, Chain), Problems> {
    let config = load(file, variables, registry)?;
    let chain = config.chain(registry)?;
    Ok((config, chain))
}

impl Config {
    /// Builds the stages of the chain.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn chain(&self, registry: &Registry) -> Result<Chain, Problems> {
        let env = BuildEnv {
            base: self.base.clone(),
        };
        let mut chain = Chain::new();
        for entry in &self.stages {
            let wrong = |message: String| Problem::new(&self.origin.file, message);
            let stage = registry
                .get(&entry.stage)
                .ok_or_else(|| wrong(format!("{entry}: unknown stage")))?;
            let built = stage
                .build(entry.params.clone(), &env)
                .map_err(|error| wrong(error.to_string()))?;
            let namesakes = self
                .stages
                .iter()
                .take(chain.len())
                .filter(|other| other.stage == entry.stage)
                .count();
            let name = match namesakes {
                0 => entry.stage.clone(),
                before => format!("{entry}-{}", before + 1),
            };
            chain.push((name, built));
        }
        Ok(chain)
    }

    /// What is allowed but hardly meant.
    pub fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// Makes all paths start from the folder of `file`.
    fn settle(&mut self, file: &Path) {
        self.origin.file = file.to_owned();
        self.base = file.parent().map(Path::to_owned).unwrap_or_default();
        let base = self.base.clone();
        let folders = self.input.watch.iter_mut().map(|watched| &mut watched.path);
        for path in folders.chain([&mut self.output.dir, &mut self.state.dir]) {
            *path = base.join(&*path);
        }
        if let WhenDone::Move(path) = &mut self.input.when_done {
            *path = base.join(&*path);
        }
    }
}
