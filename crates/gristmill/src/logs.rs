//! Logs: to standard error, so that standard output holds results alone.

use std::io::{self, IsTerminal};

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

use crate::exit::Failure;

/// How log lines are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The variable that holds the filter, such as `debug` or `info,gristmill_source=trace`.
const FILTER: &str = "GRISTMILL_LOG";

/// Starts logging for the whole process.
pub(crate) fn start(format: LogFormat) -> Result<(), Failure> {
    let written = std::env::var(FILTER).unwrap_or_default();
    let written = if written.is_empty() { "info" } else { &written };
    let filter = EnvFilter::try_new(written)
        .map_err(|error| Failure::usage(format!("{FILTER}={written} is not a log filter: {error}")))?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    // A test or an embedding program may have set up its own; then that one counts.
    let _ = match format {
        LogFormat::Text => subscriber.with_ansi(io::stderr().is_terminal()).try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).try_init(),
    };
    Ok(())
}
