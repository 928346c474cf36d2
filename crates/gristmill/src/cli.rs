//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::commands;
use crate::config::{self, Config};
use crate::exit::{Exit, Failure, Outcome};
pub use crate::logs::LogFormat;
use crate::{memory, stages};

/// Turns a drop folder of news articles into clean, labelled JSON Lines
#[derive(Debug, Parser)]
#[command(name = "gristmill", version, after_help = EXIT_CODES)]
pub struct Cli {
    /// What goes with every command.
    #[command(flatten)]
    pub globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0   done
  1   finished with documents set aside as failed, or verify found a fault
  2   wrong usage
  74  input/output error that stopped the work
  78  wrong configuration

GRISTMILL_LOG sets what is logged, such as debug or info,gristmill_source=trace.";

/// What goes with every command.
#[derive(Debug, Clone, Default, Args)]
pub struct Globals {
    /// The configuration [default: ./gristmill.yaml, else ./config/gristmill.yaml]
    #[arg(
        long,
        global = true,
        env = "GRISTMILL_CONFIG",
        value_name = "FILE",
        hide_env_values = true
    )]
    pub config: Option<PathBuf>,
    /// How log lines on standard error are written
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value_t)]
    pub log_format: LogFormat,
}

impl Globals {
    /// Reads the configuration, without building its stages.
    ///
    /// # Errors
    /// There is none, or everything that is wrong with it.
    pub fn config(&self) -> Result<Config, Failure> {
        let file = config::locate(self.config.as_deref())?;
        Ok(config::load(&file, std::env::vars_os())?)
    }

    /// Reads the configuration and builds its chain.
    ///
    /// # Errors
    /// There is none, or everything that is wrong with it, its stages included.
    pub fn config_with_chain(&self) -> Result<(Config, config::Chain), Failure> {
        let file = config::locate(self.config.as_deref())?;
        Ok(config::load_with_chain(
            &file,
            std::env::vars_os(),
            &stages::built_in(),
        )?)
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Watches the drop folder until SIGTERM or SIGINT, then drains and ends
    Run(commands::run::RunArgs),
    /// Reads the configuration, builds every stage and reports all errors at once
    Check(commands::check::CheckArgs),
    /// Runs files through the chain without touching state or output, and shows what each stage did
    Explain(commands::explain::ExplainArgs),
    /// Tells what the daemon is doing, or what became of one document and why
    Status(commands::status::StatusArgs),
    /// Checks that output, rejects, quarantine and journal agree
    Verify(commands::verify::VerifyArgs),
    /// Lists what failed, shows why, and puts it back in the queue
    Quarantine(commands::quarantine::QuarantineArgs),
    /// Describes the stages: what they do, their parameters, and an example each
    Stages(commands::stages::StagesArgs),
    /// Prints the JSON Schema of the configuration or of the lines written
    Schema(commands::schema::SchemaArgs),
    /// Prints completions for a shell
    Completions(commands::completions::CompletionsArgs),
}

/// Runs the command that the arguments of the process ask for.
pub fn main() -> ExitCode {
    memory::settle();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output and are no error; clap knows which is which.
            let exit = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Done
            };
            let _ = error.print();
            return exit.into();
        }
    };
    match run(&cli) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            if failure.exit != Exit::Done {
                eprintln!("{failure}");
            }
            failure.exit.into()
        }
    }
}

/// Runs one command.
///
/// # Errors
/// It could not do its work.
pub fn run(cli: &Cli) -> Outcome {
    crate::logs::start(cli.globals.log_format)?;
    let globals = &cli.globals;
    match &cli.command {
        Command::Run(args) => commands::run::run(args, globals),
        Command::Check(args) => commands::check::run(args, globals),
        Command::Explain(args) => commands::explain::run(args, globals),
        Command::Status(args) => commands::status::run(args, globals),
        Command::Verify(args) => commands::verify::run(args, globals),
        Command::Quarantine(args) => commands::quarantine::run(args, globals),
        Command::Stages(args) => commands::stages::run(args),
        Command::Schema(args) => commands::schema::run(args),
        Command::Completions(args) => commands::completions::run(args, Cli::command()),
    }
}
