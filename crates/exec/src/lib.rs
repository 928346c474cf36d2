//! A stage that is a program of its own, in any language.
//!
//! The program reads documents as JSON Lines from its standard input and answers each with one line on its
//! standard output. It is started once a worker and kept, since starting an interpreter for every document would
//! cost more than all other stages together. The answer is an object:
//!
//! - The keys of the record that it has replace those of the document; what it leaves out stays. `id`, `source`, `added`
//!   and `schema` cannot be changed. What the program has to say beyond the record's own keys goes into
//!   `attributes`, under the name of the stage.
//! - `{"reject": {"reason": "paywall", "detail": "…"}}` turns the document away.
//! - `{"error": "…"}` sets it aside as failed.
//!
//! ```python
//! import json, sys
//! for line in sys.stdin:
//!     document = json.loads(line)
//!     answer = {"attributes": {"paywall": {"words": len(document["text"].split())}}}
//!     print(json.dumps(answer), flush=True)
//! ```
//!
//! Programs run side by side and see documents in any order, so an answer must depend on the document alone: then
//! the lines are the same on every run. A program that ends, falls silent or answers nonsense fails the one
//! document and is started anew for the next. What it writes to standard error goes to gristmill's own.

mod answer;
mod program;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gristmill_core::{
    BuildEnv, BuildError, Built, Document, Period, Stage, StageError, StageFactory, Verdict,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use program::{Call, Fault, Program};

/// The parameters of `exec`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExecParams {
    /// What the stage is called, in the lines under `attributes` too: letters, digits, `_` and `-`.
    pub name: String,
    /// The program and its arguments. It starts in the folder of the configuration file, and no shell is asked.
    pub command: Vec<String>,
    /// How long the program may take over a document; then the document fails and the program is started anew.
    pub timeout: Period,
}

impl Default for ExecParams {
    fn default() -> Self {
        Self {
            name: String::new(),
            command: Vec::new(),
            timeout: Period(Duration::from_secs(10)),
        }
    }
}

/// Builds the stage `exec`.
#[derive(Debug)]
pub struct ExecFactory;

impl StageFactory for ExecFactory {
    const NAME: &'static str = "exec";
    const ABOUT: &'static str = "Hands each document to a program of yours, in any language, as a line of JSON, and takes its answer as what is to be changed in the record.";
    const EXAMPLE: &'static str = "exec: {name: paywall, command: [python3, paywall.py]}";
    type Params = ExecParams;

    fn build(params: ExecParams, env: &BuildEnv) -> Result<Built, BuildError> {
        let ExecParams {
            name,
            command,
            timeout,
        } = params;
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        if name.is_empty() || !name.chars().all(plain) {
            let message = "give the stage a name of letters, digits, `_` and `-`";
            return Err(BuildError::new("name", message));
        }
        if timeout.0.is_zero() {
            return Err(BuildError::new("timeout", "must be more than 0"));
        }
        let Some((program, arguments)) = command.split_first() else {
            let message = "name a program, as in `command: [python3, paywall.py]`";
            return Err(BuildError::new("command", message));
        };
        let folder = match env.base.as_os_str().is_empty() {
            true => PathBuf::from("."),
            false => env.base.clone(),
        };
        let program = find(program, &folder).ok_or_else(|| {
            BuildError::new(
                "command[0]",
                format!("there is no program {program:?} that can be run"),
            )
        })?;
        let call = Call {
            program,
            arguments: arguments.to_vec(),
            folder,
            timeout: timeout.0,
        };
        Ok(Built::Pure(Arc::new(Exec {
            name,
            call,
            idle: Mutex::default(),
        })))
    }
}

/// The file of a program: where its name has a `/` counted from `folder`, else in the folders of `PATH`.
fn find(program: &str, folder: &Path) -> Option<PathBuf> {
    let can_be_run = |path: &PathBuf| {
        use std::os::unix::fs::PermissionsExt;
        path.metadata()
            .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
    };
    if program.contains('/') {
        // The program is started from another folder, where a relative path would lead elsewhere.
        let path = std::path::absolute(folder.join(program)).ok()?;
        return can_be_run(&path).then_some(path);
    }
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders)
        .map(|folder| folder.join(program))
        .find(can_be_run)
}

struct Exec {
    name: String,
    call: Call,
    /// Programs that wait for a document; each worker takes one and gives it back.
    idle: Mutex<Vec<Program>>,
}

impl Exec {
    fn idle(&self) -> Option<Program> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.pop()
    }

    fn ask(&self, line: &str) -> Result<String, Fault> {
        // One that had ended before this document came has no share in it.
        let answer = match self.idle() {
            Some(mut program) => match program.ask(line, self.call.timeout) {
                Err(Fault::Ended(_)) => None,
                answer => Some((program, answer)),
            },
            None => None,
        };
        let (program, answer) = match answer {
            Some(answered) => answered,
            None => {
                let mut program = Program::start(&self.call)?;
                let answer = program.ask(line, self.call.timeout);
                (program, answer)
            }
        };
        let answer = answer?;
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(program);
        Ok(answer)
    }
}

impl Stage for Exec {
    fn process(&self, document: &mut Document) -> Result<Verdict, StageError> {
        let fault = |message: String| StageError::Document(message);
        let record = serde_json::to_value(&*document).map_err(|error| fault(error.to_string()))?;
        let answer = self
            .ask(&record.to_string())
            .map_err(|error| fault(error.to_string()))?;
        answer::apply(&answer, &record, &self.name, document).map_err(fault)
    }
}
