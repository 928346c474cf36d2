//! `gristmill check`: whether the configuration can be run.

use std::io::{self, Write};

use clap::Args;

use crate::cli::Globals;
use crate::config;
use crate::exit::{Exit, Outcome};
use crate::stages;

/// The arguments of `gristmill check`.
#[derive(Debug, Clone, Default, Args)]
pub struct CheckArgs {}

/// Runs the command: nothing is opened for writing.
///
/// # Errors
/// There is no configuration, or everything that is wrong with it.
pub fn run(_: &CheckArgs, globals: &Globals) -> Outcome {
    let file = config::locate(globals.config.as_deref())?;
    let (config, chain) = config::load_with_chain(&file, std::env::vars_os(), &stages::built_in())?;
    for warning in config.warnings() {
        eprintln!("warning: {warning}");
    }
    let names: Vec<&str> = chain.iter().map(|(name, _)| name.as_str()).collect();
    writeln!(io::stdout(), "{}: good; {}", file.display(), names.join(" → "))?;
    Ok(Exit::Done)
}
