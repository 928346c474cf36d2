//! `gristmill quarantine`: what failed and why, and the way back into the queue.

use clap::{Args, Subcommand};

use crate::cli::Globals;
use crate::exit::Outcome;

/// The arguments of `gristmill quarantine`.
#[derive(Debug, Clone, Args)]
pub struct QuarantineArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with what failed.
#[derive(Debug, Clone, Subcommand)]
pub enum Action {
    /// One line for each input that failed, with the reason
    List {
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Everything that is known about one of them
    Show {
        /// Its id, as `list` prints it
        id: String,
        /// Print the bytes that were set aside instead
        #[arg(long)]
        bytes: bool,
    },
    /// Put inputs back in the queue
    Retry {
        /// Their ids, as `list` prints them
        #[arg(required_unless_present = "all", value_name = "ID")]
        ids: Vec<String>,
        /// All of them
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
}

/// Runs the command.
///
/// # Errors
/// The configuration is wrong, or the disk failed.
pub fn run(args: &QuarantineArgs, globals: &Globals) -> Outcome {
    let _ = (args, globals);
    Err(super::not_built("quarantine"))
}
