//! `gristmill status`: what the daemon is doing, or what became of one document.

use clap::Args;

use crate::cli::Globals;
use crate::exit::Outcome;

/// The arguments of `gristmill status`.
#[derive(Debug, Clone, Default, Args)]
pub struct StatusArgs {
    /// A path as in source.path, or a document id: what became of that one
    #[arg(value_name = "PATH|ID")]
    pub subject: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
///
/// # Errors
/// The configuration is wrong, or the disk failed.
pub fn run(args: &StatusArgs, globals: &Globals) -> Outcome {
    let _ = (args, globals);
    Err(super::not_built("status"))
}
