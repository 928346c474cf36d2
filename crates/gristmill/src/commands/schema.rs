//! `gristmill schema`: the shape of the configuration and of the lines.

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use gristmill_core::{Document, Rejected};
use schemars::schema_for;

use crate::config::Config;
use crate::exit::{Exit, Failure, Outcome};

/// The arguments of `gristmill schema`.
#[derive(Debug, Clone, Args)]
pub struct SchemaArgs {
    /// Of what
    pub of: Subject,
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
/// Standard output cannot be written.
pub fn run(args: &SchemaArgs) -> Outcome {
    let schema = match args.of {
        Subject::Config => schema_for!(Config),
        Subject::Record => schema_for!(Document),
        Subject::Reject => schema_for!(Rejected),
    };
    let text = serde_json::to_string_pretty(&schema).map_err(|error| Failure::new(Exit::Io, error))?;
    writeln!(io::stdout(), "{text}")?;
    Ok(Exit::Done)
}
