//! `gristmill stages`: what stages there are, and what they can be told.

use std::io::{self, Write};

use clap::Args;
use gristmill_core::Registration;
use serde_json::json;

use crate::config;
use crate::exit::{Exit, Failure, Outcome};
use crate::reference::{Key, parameters};
use crate::stages;

/// The arguments of `gristmill stages`.
#[derive(Debug, Clone, Default, Args)]
pub struct StagesArgs {
    /// Only this stage
    pub name: Option<String>,
    /// Print JSON, one object a stage
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
///
/// # Errors
/// There is no such stage, or standard output cannot be written.
pub fn run(args: &StagesArgs) -> Outcome {
    let registry = stages::built_in();
    let chosen: Vec<_> = match &args.name {
        None => registry.iter().collect(),
        Some(name) => vec![registry.get(name).ok_or_else(|| {
            let known: Vec<_> = registry.iter().map(|stage| stage.name).collect();
            Failure::usage(format!(
                "unknown stage {name:?}; {}",
                config::suggestion(name, &known)
            ))
        })?],
    };
    let mut out = io::stdout().lock();
    for (number, stage) in chosen.iter().enumerate() {
        if args.json {
            writeln!(out, "{}", as_json(stage))?;
        } else {
            if number > 0 {
                writeln!(out)?;
            }
            print(&mut out, stage)?;
        }
    }
    Ok(Exit::Done)
}

fn as_json(stage: &Registration) -> serde_json::Value {
    json!({
        "stage": stage.name,
        "about": stage.about,
        "example": stage.example,
        "parameters": parameters(stage),
        "schema": stage.schema(),
    })
}

/// Where the second column of a parameter begins, and how wide a line is.
const INDENT: usize = 4;
const WIDTH: usize = 100;

fn print(out: &mut impl Write, stage: &Registration) -> io::Result<()> {
    writeln!(out, "{}", stage.name)?;
    wrapped(out, stage.about, 2)?;
    writeln!(out, "\n  example:")?;
    for (number, line) in stage.example.lines().enumerate() {
        let lead = if number == 0 { "- " } else { "  " };
        writeln!(out, "    {lead}{line}")?;
    }
    writeln!(out)?;
    for Key {
        key,
        kind,
        default,
        about,
    } in parameters(stage)
    {
        let kind = kind.replace('`', "");
        match default.as_deref() {
            None => writeln!(out, "  {key}  ({kind})")?,
            Some("null") => writeln!(out, "  {key}  ({kind}; none where it is left out)")?,
            Some(default) => writeln!(out, "  {key}  ({kind}; {default} where it is left out)")?,
        }
        wrapped(out, &about, INDENT)?;
    }
    Ok(())
}

/// `text` in lines that fit a terminal.
fn wrapped(out: &mut impl Write, text: &str, indent: usize) -> io::Result<()> {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && indent + line.chars().count() + 1 + word.chars().count() > WIDTH {
            writeln!(out, "{:indent$}{line}", "")?;
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    writeln!(out, "{:indent$}{line}", "")
}
