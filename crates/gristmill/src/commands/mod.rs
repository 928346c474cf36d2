//! A module for each command: its arguments, and what it does.

pub mod check;
pub mod completions;
pub mod explain;
pub mod quarantine;
pub mod run;
pub mod schema;
pub mod stages;
pub mod status;
pub mod verify;

use crate::exit::{Exit, Failure};

/// The answer of a command that this binary does not have.
fn not_built(command: &str) -> Failure {
    Failure::new(
        Exit::Usage,
        anyhow::anyhow!("gristmill {command}: not built into this binary"),
    )
}
