//! `gristmill explain`: what the chain makes of a file, stage by stage.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::thread;

use clap::Args;
use gristmill_core::{BasisFile, Entity};
use gristmill_pipeline::{Change, Ending, Explainer, Explanation, Step};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::Globals;
use crate::commands::related::{Texts, sides};
use crate::exit::{Exit, Failure, Outcome};
use crate::reference;
use crate::wiring;

/// The arguments of `gristmill explain`.
#[derive(Debug, Clone, Default, Args)]
pub struct ExplainArgs {
    /// The files to run through the chain; each knows of those before it
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Only the record of this number, from 0, of each file
    #[arg(long, value_name = "NUMBER")]
    pub record: Option<u64>,
    /// Only read the files, to see whether a reader survives them
    #[arg(long, hide = true)]
    pub only_read: bool,
    /// Let the stages remember nothing but the files named here
    #[arg(long)]
    pub fresh: bool,
    /// Print JSON, one object a document
    #[arg(long)]
    pub json: bool,
}

/// Runs the command: neither books nor output are touched.
///
/// # Errors
/// The configuration is wrong, a file is not there, or the disk failed.
pub fn run(args: &ExplainArgs, globals: &Globals) -> Outcome {
    if args.only_read {
        return only_read(args, globals);
    }
    // What a worker of the daemon can stand, the explanation can.
    let explaining = thread::Builder::new().stack_size(gristmill_pipeline::STACK);
    thread::scope(|scope| {
        let running = explaining.spawn_scoped(scope, || explain(args, globals))?;
        running.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

/// Reads to the end as the daemon does, on a stack like its own, and lets go of what comes.
fn only_read(args: &ExplainArgs, globals: &Globals) -> Outcome {
    let inbox = wiring::inbox(&globals.config()?)?;
    for path in &args.files {
        inbox.read(&inbox.find(path)?, 0, &mut |_| ControlFlow::Continue(()));
    }
    Ok(Exit::Done)
}

fn explain(args: &ExplainArgs, globals: &Globals) -> Outcome {
    let (config, chain) = globals.config_with_chain()?;
    for file in &args.files {
        if let Err(error) = file.metadata() {
            return Err(Failure::usage(format!("{}: {error}", file.display())));
        }
    }
    let inbox = wiring::inbox(&config)?;
    let state = (!args.fresh).then_some(&*config.state.dir);
    let mut explainer = Explainer::new(chain, state)?;
    let mut texts = Texts::open(&config.output.dir, state)?;
    let mut failed = false;
    for file in &args.files {
        let mut written = Ok(());
        let explained = explainer.explain(&inbox, file, args.record, &mut |mut explanation| {
            let notes = explanation.steps.iter_mut().flat_map(|step| &mut step.notes);
            notes.for_each(|note| texts.complete(note));
            if let Ending::Written(document) = &explanation.ending {
                texts.keep(document);
            }
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
                "basis": step.basis,
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
    let record = match source.record {
        0 => String::new(),
        number => format!(", record {number}"),
    };
    writeln!(out, "{}{record}", source.path)?;
    let encoding = source.encoding.as_deref().unwrap_or("no text");
    writeln!(
        out,
        "  {}  {}, {encoding}, {} bytes",
        explanation.id, source.media_type, source.bytes
    )?;
    if explanation.known {
        writeln!(
            out,
            "  taken before: what the stages remember holds this very document; --fresh leaves that out"
        )?;
    }
    for step in &explanation.steps {
        print_step(out, step, source.media_type.contains("html"))?;
    }
    let ending = match &explanation.ending {
        Ending::Written(_) => "it becomes a line in documents/".to_owned(),
        Ending::Rejected { stage, reason } => {
            let of = reason.of.map_or_else(String::new, |of| format!(" of {of}"));
            let detail = tail(reason.detail.as_deref());
            format!("{stage} rejects it: {}{of}{detail}", reason.reason)
        }
        Ending::Failed {
            stage,
            reason,
            detail,
        } => format!("{stage} fails on it: {reason}{}", tail(Some(detail))),
    };
    writeln!(out, "\n  => {ending}\n")
}

fn tail(detail: Option<&str>) -> String {
    detail.map_or_else(String::new, |detail| format!(" ({detail})"))
}

fn print_step(out: &mut impl Write, step: &Step, is_page: bool) -> io::Result<()> {
    let milliseconds = step.took.as_secs_f64() * 1e3;
    writeln!(out, "\n  {:<60} {milliseconds:>8.2} ms", step.stage)?;
    for BasisFile { file, sha256 } in &step.basis {
        writeln!(out, "    {:<20} {file}, SHA-256 {sha256}", "rests on")?;
    }
    if step.changes.is_empty() && step.notes.is_empty() {
        writeln!(out, "    changes nothing")?;
    }
    for change in &step.changes {
        let mut words = change_in_words(change, is_page).into_iter();
        writeln!(out, "    {:<20} {}", change.key, words.next().unwrap_or_default())?;
        for line in words {
            writeln!(out, "      {line}")?;
        }
    }
    // What the notes say of entities is in the change as well, and shorter.
    let names_them = step.changes.iter().any(|change| change.key == "entities");
    for note in step.notes.iter().filter(|_| !names_them) {
        writeln!(out, "    * {}", note.says)?;
        if let Some((here, there)) = sides(note) {
            writeln!(out, "        here   {}", short(here))?;
            writeln!(out, "        there  {}", short(there))?;
        }
    }
    Ok(())
}

/// A change in lines: what a text lost and gained, what a list holds.
fn change_in_words(change: &Change, is_page: bool) -> Vec<String> {
    match (change.key.as_str(), &change.before, &change.after) {
        ("text", Value::String(before), Value::String(after)) => {
            let count = |text: &str| text.chars().count();
            let mut lines = vec![format!("{} -> {} characters", count(before), count(after))];
            lines.extend(text_in_words(before, after, is_page));
            lines
        }
        ("entities", _, after) => entities(after),
        // Where they stand is told by the notes.
        ("passages", _, Value::Array(passages)) => vec![passages.len().to_string()],
        (_, before, after) if is_nothing(before) => vec![short_value(after)],
        (_, before, after) => vec![format!("{} -> {}", short_value(before), short_value(after))],
    }
}

/// How many lines of one kind are shown.
const SHOWN: usize = 12;

fn capped(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<_> = lines.collect();
    let more = lines.len().saturating_sub(SHOWN);
    if more > 0 {
        lines.truncate(SHOWN);
        lines.push(format!("... and {more} more"));
    }
    lines
}

/// The lines that a text lost and gained; of a page, whose lines are markup, the text that it became.
fn text_in_words(before: &str, after: &str, is_page: bool) -> Vec<String> {
    let lines = |text: &str| -> Vec<String> {
        let lines = text
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        lines.filter(|line| !line.is_empty()).collect()
    };
    let (old, new) = (lines(before), lines(after));
    if is_page {
        return capped(new.iter().map(|line| short(line)));
    }
    let lacks = |lines: &[String], line: &String| !lines.contains(line);
    let lost = old
        .iter()
        .filter(|line| lacks(&new, line))
        .map(|line| format!("- {}", short(line)));
    let gained = new
        .iter()
        .filter(|line| lacks(&old, line))
        .map(|line| format!("+ {}", short(line)));
    let mut words = capped(lost);
    words.extend(capped(gained));
    words
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

fn entities(value: &Value) -> Vec<String> {
    let Ok(entities) = Vec::<Entity>::deserialize(value) else {
        return vec![short_value(value)];
    };
    let mentions: usize = entities.iter().map(|entity| entity.mentions.len()).sum();
    let mut lines = vec![format!("{} named {mentions} times", entities.len())];
    lines.extend(capped(entities.iter().map(|entity| {
        let mut forms: Vec<&str> = Vec::new();
        for mention in &entity.mentions {
            if mention.text != entity.name && !forms.contains(&&*mention.text) {
                forms.push(&mention.text);
            }
        }
        let also = match forms.as_slice() {
            [] => String::new(),
            forms => format!(", also \"{}\"", forms.join("\", \"")),
        };
        let times = match entity.mentions.len() {
            1 => String::new(),
            times => format!(" x{times}"),
        };
        format!("{} {}{times}{also}", entity.kind.as_str(), entity.name)
    })));
    lines
}

fn short_value(value: &Value) -> String {
    match value {
        Value::String(text) => short(text),
        Value::Array(list) if list.len() > 8 => format!("{} entries", list.len()),
        other => short(&reference::yaml(other)),
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
