//! `gristmill quarantine`: what failed and why, and the way back into the queue.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use gristmill_core::{DocumentId, Sha256};
use gristmill_disk::{Disk, RealDisk, replace_from};
use gristmill_journal::{Journal, JournalError, Ledger};
use gristmill_pipeline::RetryRequests;
use gristmill_sink::{Quarantine, QuarantineEntry};
use gristmill_source::Inbox;

use crate::cli::Globals;
use crate::config::Config;
use crate::exit::{Exit, Failure, Outcome};
use crate::wiring;

/// The arguments of `gristmill quarantine`.
#[derive(Debug, Clone, Args)]
pub struct QuarantineArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do with what failed.
#[derive(Debug, Clone, Subcommand)]
pub enum Action {
    /// One line for each input that failed, with the reason
    List {
        /// Print JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Everything that is known about one of them
    Show {
        /// Its id, as `list` prints it
        id: String,
        /// Print the bytes that were set aside instead
        #[arg(long)]
        bytes: bool,
    },
    /// Put inputs back in the queue
    Retry {
        /// Their ids, as `list` prints them
        #[arg(required_unless_present = "all", value_name = "ID")]
        ids: Vec<String>,
        /// All of them, but for those that did not come again when their file was taken again
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
}

/// Runs the command; a daemon may be at work meanwhile.
///
/// # Errors
/// The configuration is wrong, an id is not in quarantine, or the disk failed.
pub fn run(args: &QuarantineArgs, globals: &Globals) -> Outcome {
    let config = globals.config()?;
    let room = Room {
        ledger: match Ledger::open(&config.state.dir) {
            Ok(ledger) => Some(ledger),
            Err(JournalError::Absent { .. }) => None,
            Err(error) => return Err(error.into()),
        },
        quarantine: Quarantine::new(&config.output.dir.join("quarantine"), Arc::new(RealDisk)),
        config,
    };
    match &args.action {
        Action::List { json } => room.list(*json),
        Action::Show { id, bytes } => room.show(id, *bytes),
        Action::Retry { ids, all } => room.retry(ids, *all),
    }
}

/// What became of an entry that was tried again and did not come again.
pub(crate) const HAS_OTHER_IDS: &str = "what its file holds has other ids";

struct Room {
    config: Config,
    ledger: Option<Ledger>,
    quarantine: Quarantine,
}

impl Room {
    fn ids(&self) -> Result<Vec<DocumentId>, Failure> {
        Ok(match &self.ledger {
            Some(ledger) => ledger.quarantined()?,
            None => Vec::new(),
        })
    }

    /// The one in quarantine that `id` names.
    fn named(&self, id: &str) -> Result<DocumentId, Failure> {
        let wrong = |why: &str| {
            Failure::usage(format!(
                "{id}: {why}; `gristmill quarantine list` shows what there is"
            ))
        };
        let id: DocumentId = id.parse().map_err(|_| wrong("not a document id"))?;
        if self.ids()?.contains(&id) {
            Ok(id)
        } else {
            Err(wrong("not in quarantine"))
        }
    }

    fn entry(&self, id: &DocumentId) -> Result<QuarantineEntry, Failure> {
        let entry = self.quarantine.entry(id);
        Ok(entry.with_context(|| format!("the entry {id}.json in quarantine/"))?)
    }

    fn list(&self, json: bool) -> Outcome {
        let mut out = io::stdout().lock();
        let ids = self.ids()?;
        for id in &ids {
            let entry = self.entry(id)?;
            if json {
                writeln!(out, "{}", serde_json::json!(entry))?;
            } else {
                let path = entry.source.path.escape_debug();
                write!(out, "{id}  {}/{}  {path}", entry.stage, entry.reason)?;
                match entry.retried {
                    Some(when) => writeln!(out, "  (tried again at {when}: {HAS_OTHER_IDS})")?,
                    None => writeln!(out)?,
                }
            }
        }
        if ids.is_empty() && !json {
            writeln!(out, "nothing is in quarantine")?;
        }
        Ok(Exit::Done)
    }

    fn show(&self, id: &str, bytes: bool) -> Outcome {
        let id = self.named(id)?;
        let mut out = io::stdout().lock();
        if bytes {
            let bytes = self.quarantine.bytes(&id);
            out.write_all(&bytes.with_context(|| format!("the bytes {id}.bin in quarantine/"))?)?;
        } else {
            let entry = serde_json::to_string_pretty(&self.entry(&id)?);
            writeln!(out, "{}", entry.map_err(io::Error::other)?)?;
        }
        Ok(Exit::Done)
    }

    fn retry(&self, ids: &[String], all: bool) -> Outcome {
        let ids = if all {
            let mut ids = self.ids()?;
            ids.retain(|id| {
                let entry = self.quarantine.entry(id);
                !entry.is_ok_and(|entry| entry.retried.is_some())
            });
            ids
        } else {
            ids.iter().map(|id| self.named(id)).collect::<Result<_, _>>()?
        };
        let inbox = wiring::inbox(&self.config)?;
        let requests = RetryRequests::new(&self.config.state.dir, Arc::new(RealDisk));
        let (mut asked, mut refused) = (0, 0);
        for id in &ids {
            match self.put_back(&inbox, &requests, id) {
                Ok(()) => asked += 1,
                Err(why) => {
                    eprintln!("{id}: {why:#}");
                    refused += 1;
                }
            }
        }
        let when = if Journal::is_in_use(&self.config.state.dir) {
            "the daemon takes them up within seconds"
        } else {
            "the next run takes them up"
        };
        writeln!(io::stdout(), "{asked} back in the queue; {when}")?;
        Ok(if refused == 0 { Exit::Done } else { Exit::SetAside })
    }

    /// Asks for `id` to be tried again, and sees to it that its file is in its drop folder, where the daemon reads
    /// it anew: in this order, since a file that comes before the request is one that the books have.
    fn put_back(&self, inbox: &Inbox, requests: &RetryRequests, id: &DocumentId) -> anyhow::Result<()> {
        let ledger = self.ledger.as_ref().context("there are no books")?;
        let row = ledger.document(id)?.context("the books do not have it")?;
        let file = ledger.file_of(id)?.context("the books do not have its file")?;
        let place = inbox
            .candidates(&file.path)
            .into_iter()
            .find(|candidate| candidate.key == file.key)
            .with_context(|| format!("{} lies in no folder that is watched now", file.path))?;
        let ask = || requests.put(id).context("ask for another try");
        if place.absolute.exists() {
            return ask();
        }
        let entry = self.quarantine.entry(id)?;
        let bytes = self.quarantine.bytes(id)?;
        if row.record > 0 || entry.source.path.contains("!/") || Sha256::of(&bytes) != entry.source.sha256 {
            bail!(
                "{} is gone, and what is in quarantine is only a part of it: put the file back, or drop the output of `gristmill quarantine show {id} --bytes` as a new file",
                place.absolute.display()
            );
        }
        ask()?;
        let disk = RealDisk;
        let folder = place.absolute.parent().unwrap_or(Path::new("."));
        disk.create_dir_all(folder)?;
        replace_from(&disk, &place.aside(), &place.absolute, &bytes)
            .and_then(|()| disk.sync_dir(folder))
            .with_context(|| format!("put back {}", place.absolute.display()))
    }
}
