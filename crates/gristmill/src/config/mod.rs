//! The configuration: one YAML file, some variables, and everything that is wrong with them at once.
//!
//! The file is read with its places and merged with the variables by the `config` crate into one tree
//! (`read`). The envelope is read from the tree by its own types (`model`), and then the parameters of each
//! stage by the types of that stage: what does not fit is reported with its place and taken away, so that one look
//! finds all of it. The types alone say what may stand in a configuration. Nothing is opened but the files that
//! a stage's parameters name.

mod meaning;
mod model;
mod origin;
mod problem;
mod read;
mod tree;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use gristmill_core::{BuildEnv, Built, Registry};

pub use model::{
    Batch, Compression, Config, Http, Input, Limits, Output, Rotate, StageEntry, State, Watched, WhenDone,
};
pub use problem::{Problem, Problems};
pub use tree::Place;

pub(crate) use problem::suggestion;
use tree::Node;

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
) -> Result<Config, Problems> {
    let mut problems = Vec::new();
    let config = envelope(file, variables, &mut problems).map(|(config, _)| config);
    finish(file, config, problems)
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
    let mut problems = Vec::new();
    let loaded = envelope(file, variables, &mut problems).map(|(mut config, nodes)| {
        let chain = chain(&mut config, nodes, registry, &mut problems);
        (config, chain)
    });
    finish(file, loaded, problems)
}

fn finish<T>(file: &Path, loaded: Option<T>, problems: Vec<Problem>) -> Result<T, Problems> {
    match (Problems::of(problems), loaded) {
        (Some(problems), _) => Err(problems),
        (None, Some(loaded)) => Ok(loaded),
        (None, None) => Err(Problem::new(file, "cannot be read").into()),
    }
}

/// Everything but the parameters of the stages, which are given back as they were written.
fn envelope(
    file: &Path,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    problems: &mut Vec<Problem>,
) -> Option<(Config, Vec<Node>)> {
    let mut tree = read::tree(file, variables, problems)?;
    let mut config: Config = read::fit(&mut tree, file, problems)?;
    config.origin.file = file.to_owned();
    tree.note_places(&mut config.origin.marks);
    config.settle(file);
    config.meaning(problems);
    let nodes = tree.take("stages").and_then(Node::into_list).unwrap_or_default();
    Some((config, nodes))
}

/// Builds the stages; the parameters of each are read by its own types.
fn chain(config: &mut Config, nodes: Vec<Node>, registry: &Registry, problems: &mut Vec<Problem>) -> Chain {
    let env = config.build_env();
    let file = config.origin.file.clone();
    let mut chain = Chain::new();
    // Where the file has no stages, the default chain has no nodes either.
    let mut nodes = nodes.into_iter();
    for (number, entry) in config.stages.iter_mut().enumerate() {
        let node = nodes.next();
        let Some(stage) = registry.get(&entry.stage) else {
            let known: Vec<_> = registry.iter().map(|stage| stage.name).collect();
            let message = format!(
                "unknown stage {:?}; {}",
                entry.stage,
                suggestion(&entry.stage, &known)
            );
            let (path, place) = match node {
                Some(node) => (node.path.clone(), node.place.clone()),
                None => (format!("stages[{number}]"), Place::Nowhere),
            };
            problems.push(Problem::new(&file, message).key(&path).at(&place));
            continue;
        };
        let mut params = node.and_then(Node::into_only);
        let built = loop {
            let error = match stage.build(entry.params.clone(), &env) {
                Ok(built) => break Some(built),
                Err(error) => error,
            };
            let Some(node) = &mut params else {
                problems
                    .push(Problem::new(&file, error.to_string()).key(&format!("stages[{number}].{entry}")));
                break None;
            };
            if !read::amend(node, &error.key, &error.message, &file, problems) {
                break None;
            }
            entry.params = node.to_json();
        };
        if let Some(built) = built {
            chain.push((entry.name().to_owned(), built));
        }
    }
    name_apart(&mut chain);
    chain
}

/// Gives each stage of a chain a name of its own: the second `dedup` is `dedup-2`.
fn name_apart(chain: &mut Chain) {
    for at in 0..chain.len() {
        let (before, rest) = chain.split_at_mut(at);
        if let Some((name, _)) = rest.first_mut() {
            let plain = name.clone();
            let mut number = 1;
            while before.iter().any(|(other, _)| other == name) {
                number += 1;
                *name = format!("{plain}-{number}");
            }
        }
    }
}

impl Config {
    /// Builds the stages of the chain anew.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn chain(&self, registry: &Registry) -> Result<Chain, Problems> {
        let mut problems = Vec::new();
        let chain = chain(&mut self.clone(), Vec::new(), registry, &mut problems);
        finish(&self.origin.file, Some(chain), problems)
    }

    fn build_env(&self) -> BuildEnv {
        BuildEnv {
            base: self.base.clone(),
        }
    }

    /// Makes all paths start from the folder of `file`.
    fn settle(&mut self, file: &Path) {
        self.base = file.parent().map(Path::to_owned).unwrap_or_default();
        // Collected from its components, a path has no `.` in it.
        let settled = |path: &Path| self.base.join(path).components().collect::<PathBuf>();
        let folders = self.input.watch.iter_mut().map(|watched| &mut watched.path);
        for path in folders.chain([&mut self.output.dir, &mut self.state.dir]) {
            *path = settled(path);
        }
        if let WhenDone::Move(path) = &mut self.input.when_done {
            *path = settled(path);
        }
    }
}

#[cfg(test)]
mod tests;
