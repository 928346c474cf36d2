//! `gristmill run`: the daemon, or one pass over the drop folder.

use clap::Args;

use crate::cli::Globals;
use crate::exit::Outcome;

/// The arguments of `gristmill run`.
#[derive(Debug, Clone, Default, Args)]
pub struct RunArgs {
    /// Take all that is in the drop folder now, print a summary and end
    #[arg(long)]
    pub once: bool,
}

/// Runs the command.
///
/// # Errors
/// The configuration is wrong, or the disk failed.
pub fn run(args: &RunArgs, globals: &Globals) -> Outcome {
    let _ = (args, globals);
    Err(super::not_built("run"))
}
