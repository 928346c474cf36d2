//! How a command ends.

use std::fmt;
use std::io;
use std::process::ExitCode;

use gristmill_journal::JournalError;
use gristmill_pipeline::PipelineError;

use crate::config::Problems;

/// The exit codes, each with one meaning for all commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All was done.
    Done = 0,
    /// Done, with documents set aside as failed; or `verify` found a fault.
    SetAside = 1,
    /// The command line is wrong.
    Usage = 2,
    /// An input/output error stopped the work (`EX_IOERR`).
    Io = 74,
    /// The configuration is wrong (`EX_CONFIG`).
    Config = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What a command returns.
pub type Outcome = Result<Exit, Failure>;

/// Why a command could not do its work, and the exit code that says so.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    error: anyhow::Error,
}

impl Failure {
    /// A failure with the exit code `exit`.
    pub fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        Self {
            exit,
            error: error.into(),
        }
    }

    /// The command line asks for what cannot be.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, anyhow::Error::msg(message.into()))
    }

    /// The error beneath, for those who want to look inside.
    pub fn error(&self) -> &anyhow::Error {
        &self.error
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.error)
    }
}

/// A reader that went away (`gristmill stages | head`) has seen all that it wanted.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let exit = match error.kind() {
            io::ErrorKind::BrokenPipe => Exit::Done,
            _ => Exit::Io,
        };
        Self::new(exit, error)
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::new(Exit::Config, problems)
    }
}

/// What the pipeline says when it cannot go on is about the machine.
impl From<PipelineError> for Failure {
    fn from(error: PipelineError) -> Self {
        Self::new(Exit::Io, error)
    }
}

/// The same of the books.
impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        PipelineError::from(error).into()
    }
}

/// An error that nobody said more about is about the machine.
impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(Exit::Io, error)
    }
}
