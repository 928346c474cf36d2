//! `gristmill verify`: whether output, rejects, quarantine and journal agree.

use std::io::{self, Write};

use clap::Args;
use gristmill_pipeline::Report;
use serde_json::json;

use crate::cli::Globals;
use crate::exit::{Exit, Outcome};

/// The arguments of `gristmill verify`.
#[derive(Debug, Clone, Default, Args)]
pub struct VerifyArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Runs the command: a daemon may be at work meanwhile.
///
/// # Errors
/// The configuration is wrong, there are no books, or they cannot be read.
pub fn run(args: &VerifyArgs, globals: &Globals) -> Outcome {
    let config = globals.config()?;
    let report = gristmill_pipeline::verify(&config.output.dir, &config.state.dir)?;
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", as_json(&report))?;
    } else {
        print(&mut out, &report)?;
    }
    Ok(if report.faults.is_empty() {
        Exit::Done
    } else {
        Exit::SetAside
    })
}

fn as_json(report: &Report) -> serde_json::Value {
    json!({
        "good": report.faults.is_empty(),
        "files": report.files,
        "documents": {
            "accepted": report.totals.accepted(),
            "written": report.totals.written,
            "rejected": report.totals.rejected,
            "quarantined": report.totals.quarantined,
        },
        "segments": report.segments,
        "lines": report.lines,
        "faults": report.faults,
        "notes": report.notes,
    })
}

fn print(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let totals = report.totals;
    writeln!(
        out,
        "{} documents of {} files: {} written, {} rejected, {} quarantined",
        totals.accepted(),
        report.files,
        totals.written,
        totals.rejected,
        totals.quarantined
    )?;
    writeln!(out, "{} lines in {} segments read", report.lines, report.segments)?;
    for note in &report.notes {
        writeln!(out, "note: {note}")?;
    }
    for fault in &report.faults {
        writeln!(out, "fault: {fault}")?;
    }
    match report.faults.len() {
        0 => writeln!(out, "the books and the output agree"),
        1 => writeln!(out, "1 fault"),
        count => writeln!(out, "{count} faults"),
    }
}
