//! `gristmill completions`: what a shell needs to complete the command line.

use std::io::{self, Write};

use clap::Args;
use clap_complete::{Shell, generate};

use crate::exit::{Exit, Outcome};

/// The arguments of `gristmill completions`.
#[derive(Debug, Clone, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

/// Runs the command.
///
/// # Errors
/// Standard output cannot be written.
pub fn run(args: &CompletionsArgs, mut command: clap::Command) -> Outcome {
    let mut script = Vec::new();
    generate(args.shell, &mut command, "gristmill", &mut script);
    io::stdout().write_all(&script)?;
    Ok(Exit::Done)
}
