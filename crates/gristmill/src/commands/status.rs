//! `gristmill status`: what the daemon is doing, or what became of one document.

use std::io::{self, Write};
use std::sync::Arc;

use clap::Args;
use gristmill_core::{BasisFile, Rejected};
use gristmill_disk::RealDisk;
use gristmill_journal::{BasisRow, DocumentRow, FileRow, Journal, JournalError, Ledger, Outcome as Became};
use gristmill_sink::{Position, Quarantine, find_segment, read_line};
use gristmill_source::{Candidate, Fingerprint, Inbox};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::Globals;
use crate::commands::quarantine::HAS_OTHER_IDS;
use crate::commands::related::Related;
use crate::config::Config;
use crate::exit::{Exit, Failure, Outcome};
use crate::wiring;

/// The arguments of `gristmill status`.
#[derive(Debug, Clone, Default, Args)]
pub struct StatusArgs {
    /// A path on the disk or as in source.path, or a document id: what became of that one
    #[arg(value_name = "PATH|ID")]
    pub subject: Option<String>,
    /// Of one document, leave out later copies, documents that repeat passages of it, and those of its story: all lines are looked through for them
    #[arg(long, requires = "subject")]
    pub quick: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Runs the command; a daemon may be at work meanwhile.
///
/// # Errors
/// The configuration is wrong, the books cannot be read, or nothing is known of the subject.
pub fn run(args: &StatusArgs, globals: &Globals) -> Outcome {
    let config = globals.config()?;
    let mut out = io::stdout().lock();
    match &args.subject {
        None => {
            let overview = overview(&config)?;
            if args.json {
                writeln!(out, "{}", json!(overview))?;
            } else {
                overview.print(&mut out)?;
            }
            Ok(Exit::Done)
        }
        Some(subject) => {
            let fate = fate(&config, subject, !args.quick)?;
            if args.json {
                writeln!(out, "{}", json!(fate))?;
            } else {
                fate.print(&mut out)?;
            }
            Ok(match fate.file {
                FileFate::Unknown => Exit::SetAside,
                _ => Exit::Done,
            })
        }
    }
}

/// The state of the whole.
#[derive(Debug, Serialize)]
struct Overview {
    running: bool,
    files: u64,
    accepted: u64,
    written: u64,
    rejected: u64,
    quarantined: u64,
    last_taken: Option<Timestamp>,
    segments: usize,
    /// The files that stages rest on, such as gazetteers, as the last line had them.
    rests_on: Vec<RestsOn>,
    output: String,
    state: String,
}

fn overview(config: &Config) -> Result<Overview, Failure> {
    let (totals, (files, last_taken), segments, bases) = match Ledger::open(&config.state.dir) {
        Ok(ledger) => ledger.at_one_moment(|| {
            let segments = ledger.segments()?.len();
            Ok::<_, JournalError>((
                ledger.totals()?,
                ledger.taken()?,
                segments,
                ledger.latest_bases()?,
            ))
        })?,
        Err(JournalError::Absent { .. }) => Default::default(),
        Err(error) => return Err(error.into()),
    };
    Ok(Overview {
        running: Journal::is_in_use(&config.state.dir),
        files,
        accepted: totals.accepted(),
        written: totals.written,
        rejected: totals.rejected,
        quarantined: totals.quarantined,
        last_taken,
        segments,
        rests_on: bases.into_iter().map(RestsOn::from).collect(),
        output: config.output.dir.display().to_string(),
        state: config.state.dir.display().to_string(),
    })
}

impl Overview {
    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let running = if self.running { "running" } else { "not running" };
        writeln!(out, "gristmill is {running} over {}", self.state)?;
        writeln!(out, "  files taken  {:>10}", self.files)?;
        writeln!(out, "  documents    {:>10}", self.accepted)?;
        writeln!(
            out,
            "  written      {:>10}  in {} segments below {}",
            self.written, self.segments, self.output
        )?;
        writeln!(out, "  rejected     {:>10}", self.rejected)?;
        writeln!(out, "  quarantined  {:>10}", self.quarantined)?;
        for rests_on in &self.rests_on {
            rests_on.print(out)?;
        }
        match self.last_taken {
            Some(last) => writeln!(out, "  the last file was taken at {last}"),
            None => writeln!(out, "  nothing was taken yet"),
        }
    }
}

/// The files that a stage rests on.
#[derive(Debug, Serialize)]
struct RestsOn {
    stage: String,
    /// When the first line that rests on them became durable.
    since: Timestamp,
    files: Vec<BasisFile>,
}

impl From<BasisRow> for RestsOn {
    fn from(row: BasisRow) -> Self {
        Self {
            stage: row.stage,
            since: row.since,
            files: row.files,
        }
    }
}

impl RestsOn {
    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(
            out,
            "  {} rests on, for the lines from {} on:",
            self.stage, self.since
        )?;
        for BasisFile { file, sha256 } in &self.files {
            writeln!(out, "    {file}  SHA-256 {sha256}")?;
        }
        Ok(())
    }
}

/// What became of one file or document.
#[derive(Debug, Serialize)]
struct Fate {
    subject: String,
    #[serde(flatten)]
    file: FileFate,
    documents: Vec<DocumentFate>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "file", rename_all = "snake_case")]
enum FileFate {
    /// The books have it.
    Taken {
        path: String,
        taken: Timestamp,
        records: u64,
        complete: bool,
        /// Whether the file on the disk is another version by now, which comes again.
        changed: bool,
    },
    /// It is there, and the books do not have it.
    Waiting { path: String, why: String },
    /// Neither the books nor the drop folders have it.
    Unknown,
}

#[derive(Debug, Serialize)]
struct DocumentFate {
    id: String,
    record: u64,
    #[serde(flatten)]
    became: Value,
    /// The files that stages rested on when the line was made.
    rests_on: Vec<RestsOn>,
    /// Duplicates, passages and story, where one document was asked for.
    related: Option<Related>,
}

fn fate(config: &Config, subject: &str, others: bool) -> Result<Fate, Failure> {
    let inbox = wiring::inbox(config)?;
    let ledger = match Ledger::open(&config.state.dir) {
        Ok(ledger) => Some(ledger),
        Err(JournalError::Absent { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let mut fate = Fate {
        subject: subject.to_owned(),
        file: FileFate::Unknown,
        documents: Vec::new(),
    };
    if let (Ok(id), Some(ledger)) = (subject.parse(), &ledger)
        && let Some(row) = ledger.document(&id)?
    {
        if let Some(file) = ledger.file_of(&id)? {
            fate.file = taken(&inbox, &file);
        }
        let mut document = document(config, ledger, &row)?;
        document.related = related(config, ledger, &row, others)?;
        fate.documents.push(document);
        return Ok(fate);
    }
    let candidates = inbox.candidates(subject);
    if let Some(ledger) = &ledger {
        for candidate in &candidates {
            if let Some(file) = ledger.file(&candidate.key, &candidate.source_path)? {
                fate.file = taken(&inbox, &file);
                let rows = ledger.documents_of(&candidate.key, &candidate.source_path)?;
                fate.documents = rows
                    .iter()
                    .map(|row| document(config, ledger, row))
                    .collect::<Result<_, _>>()?;
                if let ([document], [row]) = (&mut *fate.documents, &*rows) {
                    document.related = related(config, ledger, row, others)?;
                }
                return Ok(fate);
            }
        }
    }
    if let Some(candidate) = candidates
        .iter()
        .find(|candidate| candidate.absolute.symlink_metadata().is_ok())
    {
        fate.file = FileFate::Waiting {
            path: candidate.absolute.display().to_string(),
            why: why_waiting(config, &inbox, candidate),
        };
    }
    Ok(fate)
}

fn taken(inbox: &Inbox, file: &FileRow) -> FileFate {
    let now = inbox
        .candidates(&file.path)
        .into_iter()
        .find(|candidate| candidate.key == file.key)
        .and_then(|candidate| candidate.absolute.metadata().ok());
    FileFate::Taken {
        path: file.path.clone(),
        taken: file.taken,
        records: file.records,
        complete: file.complete,
        changed: now.is_some_and(|now| Fingerprint::of(&now).to_bytes() != file.fingerprint),
    }
}

fn why_waiting(config: &Config, inbox: &Inbox, candidate: &Candidate) -> String {
    let Ok(metadata) = candidate.absolute.symlink_metadata() else {
        return "it went away just now".to_owned();
    };
    if metadata.is_dir() {
        return "it is a folder: name a file in it".to_owned();
    }
    if metadata.is_symlink() && !config.input.follow_links {
        return "it is a symbolic link, and input.follow_links is off".to_owned();
    }
    if !metadata.is_file() && !metadata.is_symlink() {
        return "it is not a regular file; pipes, sockets and devices are never opened".to_owned();
    }
    if !inbox.takes(&candidate.relative) {
        return "input.include and input.exclude leave it out".to_owned();
    }
    if Journal::is_in_use(&config.state.dir) {
        format!(
            "not taken yet: it is taken once it stood still for {}, at the latest with the next walk (every {})",
            config.input.settle, config.input.rescan
        )
    } else {
        "not taken yet, and gristmill is not running".to_owned()
    }
}

fn document(config: &Config, ledger: &Ledger, row: &DocumentRow) -> Result<DocumentFate, JournalError> {
    let became = match row.outcome {
        Became::Written => line(config, row, "documents"),
        Became::Rejected => line(config, row, "rejects"),
        Became::Quarantined => {
            let dir = config.output.dir.join("quarantine");
            match Quarantine::new(&dir, Arc::new(RealDisk)).entry(&row.id) {
                Ok(entry) => json!({
                    "outcome": "quarantined",
                    "stage": entry.stage,
                    "reason": entry.reason,
                    "detail": entry.detail,
                    "retried": entry.retried,
                    "bytes": dir.join(format!("{}.bin", row.id)),
                }),
                Err(error) => json!({
                    "outcome": "quarantined",
                    "problem": format!("{}/{}.json: {error}", dir.display(), row.id),
                }),
            }
        }
    };
    let bases = ledger.bases_of(row)?;
    Ok(DocumentFate {
        id: row.id.to_string(),
        record: row.record,
        became,
        rests_on: bases.into_iter().map(RestsOn::from).collect(),
        related: None,
    })
}

/// What the document's line says of others, unless it is gone, and where `others` are asked for what theirs say of it.
fn related(
    config: &Config,
    ledger: &Ledger,
    row: &DocumentRow,
    others: bool,
) -> Result<Option<Related>, Failure> {
    if row.outcome != Became::Written {
        return Ok(None);
    }
    let Ok(mut related) = Related::of(&config.output.dir, row) else {
        return Ok(None);
    };
    if others {
        related.add_others(&config.output.dir, ledger, row.id)?;
    }
    Ok(Some(related))
}

/// Where a line stands, and for a reject why.
fn line(config: &Config, row: &DocumentRow, folder: &str) -> Value {
    let dir = config.output.dir.join(folder);
    let Some(segment) = find_segment(&dir, row.segment) else {
        return json!({
            "outcome": if folder == "rejects" { "rejected" } else { "written" },
            "problem": format!("segment {} is not in {} any more", row.segment, dir.display()),
        });
    };
    if folder == "documents" {
        return json!({
            "outcome": "written",
            "segment": segment,
            "offset": row.start,
            "length": row.length,
        });
    }
    let position = Position {
        segment: row.segment,
        start: row.start,
        length: row.length,
    };
    let reject = read_line(&dir, position)
        .and_then(|line| serde_json::from_str::<Rejected>(&line).map_err(io::Error::other));
    match reject {
        Ok(reject) => json!({
            "outcome": "rejected",
            "stage": reject.stage,
            "reason": reject.reason,
            "detail": reject.detail,
            "of": reject.of,
            "segment": segment,
            "offset": row.start,
            "length": row.length,
        }),
        Err(error) => json!({
            "outcome": "rejected",
            "problem": format!("{}: {error}", segment.display()),
        }),
    }
}

impl Fate {
    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        match &self.file {
            FileFate::Taken {
                path,
                taken,
                records,
                complete,
                changed,
            } => {
                let part = if *complete { "" } else { ", more to come" };
                writeln!(out, "{path}: taken at {taken}, {records} records{part}")?;
                if *changed {
                    writeln!(
                        out,
                        "  it has changed since, and what is new in it comes once it stands still"
                    )?;
                }
            }
            FileFate::Waiting { path, why } => writeln!(out, "{path}: {why}")?,
            FileFate::Unknown => writeln!(
                out,
                "{}: neither the books nor the drop folders have such a file or document",
                self.subject
            )?,
        }
        for DocumentFate {
            id,
            record,
            became,
            rests_on,
            related,
        } in &self.documents
        {
            writeln!(out, "  record {record}  {id}  {}", in_words(became))?;
            for rests_on in rests_on {
                rests_on.print(out)?;
            }
            if let Some(related) = related {
                related.print(out)?;
            }
        }
        Ok(())
    }
}

fn in_words(became: &Value) -> String {
    let text = |key: &str| became.get(key).and_then(Value::as_str).unwrap_or_default();
    let mut words = text("outcome").to_owned();
    if let Some(stage) = became.get("stage").and_then(Value::as_str) {
        words += &format!(" by {stage}: {}", text("reason"));
    }
    if let Some(of) = became.get("of").and_then(Value::as_str) {
        words += &format!(" of {of}");
    }
    if let Some(detail) = became.get("detail").and_then(Value::as_str) {
        words += &format!(" ({detail})");
    }
    if let Some(when) = became.get("retried").and_then(Value::as_str) {
        words += &format!(", tried again at {when}: {HAS_OTHER_IDS}");
    }
    if let Some(segment) = became.get("segment").and_then(Value::as_str) {
        let offset = became.get("offset").and_then(Value::as_u64).unwrap_or_default();
        words += &format!(", {segment} at byte {offset}");
    }
    if let Some(problem) = became.get("problem").and_then(Value::as_str) {
        words += &format!(", but {problem}");
    }
    words
}
