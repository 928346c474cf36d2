//! `gristmill explain`: what the chain makes of a file, stage by stage.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::Args;
use gristmill_core::Entity;
use gristmill_pipeline::{Change, Ending, Explainer, Explanation, Step};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::Globals;
use crate::exit::{Exit, Outcome};
use crate::wiring;

/// The arguments of `gristmill explain`.
#[derive(Debug, Clone, Default, Args)]
pub struct ExplainArgs {
    /// The files to run through the chain; each knows of those before it
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Print JSON, one object a document
    #[arg(long)]
    pub json: bool,
}

/// Runs the command: neither books nor output are touched.
///
/// # Errors
/// The configuration is wrong, a file is not there, or the disk failed.
pub fn run(args: &ExplainArgs, globals: &Globals) -> Outcome {
    let (config, chain) = globals.config_with_chain()?;
    let inbox = wiring::inbox(&config)?;
    let mut explainer = Explainer::new(chain, &config.state.dir)?;
    let mut failed = false;
    for file in &args.files {
        let mut written = Ok(());
        let explained = explainer.explain(&inbox, file, &mut |explanation| {
            failed |= matches!(explanation.ending, Ending::Failed { .. });
            let mut out = io::stdout().lock();
            written = if args.json {
                writeln!(out, "{}", as_json(&explanation))
            } else {
                print(&mut out, &explanation)
            };
            match written {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        });
        explained.map_err(|error| anyhow::Error::new(error).context(file.display().to_string()))?;
        written?;
    }
    Ok(if failed { Exit::SetAside } else { Exit::Done })
}

fn as_json(explanation: &Explanation) -> Value {
    let steps: Vec<_> = explanation
        .steps
        .iter()
        .map(|step| {
            let changes: Vec<_> = step
                .changes
                .iter()
                .map(|Change { key, before, after }| json!({"key": key, "before": before, "after": after}))
                .collect();
            json!({
                "stage": step.stage,
                "seconds": step.took.as_secs_f64(),
                "changes": changes,
                "notes": step.notes,
            })
        })
        .collect();
    let ending = match &explanation.ending {
        Ending::Written(document) => json!({"outcome": "written", "record": document}),
        Ending::Rejected { stage, reason } => json!({
            "outcome": "rejected",
            "stage": stage,
            "reason": reason.reason,
            "detail": reason.detail,
            "of": reason.of,
        }),
        Ending::Failed {
            stage,
            reason,
            detail,
        } => json!({"outcome": "quarantined", "stage": stage, "reason": reason, "detail": detail}),
    };
    json!({
        "id": explanation.id,
        "source": explanation.source,
        "known": explanation.known,
        "steps": steps,
        "ending": ending,
    })
}

fn print(out: &mut impl Write, explanation: &Explanation) -> io::Result<()> {
    let source = &explanation.source;
    writeln!(out, "{}  record {}", source.path, source.record)?;
    let encoding = source.encoding.as_deref().unwrap_or("no text");
    writeln!(
        out,
        "  id {}, {}, {encoding}, {} bytes",
        explanation.id, source.media_type, source.bytes
    )?;
    if explanation.known {
        writeln!(
            out,
            "  taken before: what the stages remember may be this very document"
        )?;
    }
    for step in &explanation.steps {
        print_step(out, step)?;
    }
    match &explanation.ending {
        Ending::Written(_) => writeln!(out, "  → a line in documents/\n"),
        Ending::Rejected { stage, reason } => {
            write!(out, "  → rejected by {stage}: {}", reason.reason)?;
            if let Some(of) = reason.of {
                write!(out, " of {of}")?;
            }
            writeln!(out, "{}\n", tail(reason.detail.as_deref()))
        }
        Ending::Failed {
            stage,
            reason,
            detail,
        } => writeln!(
            out,
            "  → quarantined by {stage}: {reason}{}\n",
            tail(Some(detail))
        ),
    }
}

fn tail(detail: Option<&str>) -> String {
    detail.map_or_else(String::new, |detail| format!(" ({detail})"))
}

fn print_step(out: &mut impl Write, step: &Step) -> io::Result<()> {
    let milliseconds = step.took.as_secs_f64() * 1e3;
    writeln!(out, "  {}  {milliseconds:.2} ms", step.stage)?;
    for change in &step.changes {
        writeln!(out, "    {:<22} {}", change.key, change_in_words(change))?;
    }
    for note in &step.notes {
        writeln!(out, "    · {}", note.says)?;
    }
    Ok(())
}

/// A change as one line: long texts by their length, lists by what they hold.
fn change_in_words(change: &Change) -> String {
    match (change.key.as_str(), &change.before, &change.after) {
        ("text", Value::String(before), Value::String(after)) => {
            format!(
                "{} → {} characters: {}",
                before.chars().count(),
                after.chars().count(),
                short(after)
            )
        }
        ("entities", _, after) => entities(after),
        (_, before, after) if is_nothing(before) => short_value(after),
        (_, before, after) => format!("{} → {}", short_value(before), short_value(after)),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

fn entities(value: &Value) -> String {
    let Ok(entities) = Vec::<Entity>::deserialize(value) else {
        return short_value(value);
    };
    let named: Vec<_> = entities
        .iter()
        .map(|entity| {
            format!(
                "{} {} ×{}",
                entity.kind.as_str(),
                entity.name,
                entity.mentions.len()
            )
        })
        .collect();
    named.join(", ")
}

fn short_value(value: &Value) -> String {
    match value {
        Value::String(text) => short(text),
        Value::Array(list) if list.len() > 8 => format!("{} entries", list.len()),
        other => short(&other.to_string()),
    }
}

/// The beginning of a text, in one line.
fn short(text: &str) -> String {
    const LENGTH: usize = 100;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
