//! `gristmill stages`: what stages there are.

use std::io::{self, Write};

use clap::Args;

use crate::exit::{Exit, Outcome};
use crate::stages;

/// The arguments of `gristmill stages`.
#[derive(Debug, Clone, Default, Args)]
pub struct StagesArgs {
    /// Only this stage
    pub name: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
///
/// # Errors
/// There is no such stage, or standard output cannot be written.
pub fn run(_: &StagesArgs) -> Outcome {
    for stage in stages::built_in().iter() {
        writeln!(io::stdout(), "{}  {}", stage.name, stage.about)?;
    }
    Ok(Exit::Done)
}
