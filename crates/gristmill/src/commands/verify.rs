//! `gristmill verify`: whether output, rejects, quarantine and journal agree.

use clap::Args;

use crate::cli::Globals;
use crate::exit::Outcome;

/// The arguments of `gristmill verify`.
#[derive(Debug, Clone, Default, Args)]
pub struct VerifyArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
///
/// # Errors
/// The configuration is wrong, or the disk failed.
pub fn run(args: &VerifyArgs, globals: &Globals) -> Outcome {
    let _ = (args, globals);
    Err(super::not_built("verify"))
}
