//! `gristmill explain`: what the chain makes of a file, stage by stage.

use crate::cli::Globals;
use crate::exit::Outcome;
use clap::Args;
use std::path::PathBuf;

/// The arguments of `gristmill explain`.
#[derive(Debug, Clone, Default, Args)]
pub struct ExplainArgs {
    /// The files to run through the chain
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Print JSON, one object a document
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
///
/// # Errors
/// The configuration is wrong, or the disk failed.
pub fn run(args: &ExplainArgs, globals: &Globals) -> Outcome {
    let _ = (args, globals);
    Err(super::not_built("explain"))
}
