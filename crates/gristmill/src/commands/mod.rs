//! A module for each command: its arguments, and what it does.

pub mod check;
pub mod completions;
pub mod explain;
pub mod quarantine;
mod related;
pub mod run;
pub mod schema;
pub mod stages;
pub mod status;
pub mod verify;
