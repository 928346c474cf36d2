//! Makes a batch durable: lines, books and stages' state together or not at all.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use gristmill_core::{BasisFile, Renewal};
use gristmill_disk::SharedDisk;
use gristmill_journal::{
    BasisRow, Batch, DocumentRow, Earlier, FileRow, Journal, JournalError, Outcome, PathKey, SegmentKind,
    SegmentRow, Totals,
};
use gristmill_sink::{Position, Quarantine, QuarantineEntry, Segment, SegmentWriter};
use gristmill_source::FileRef;
use jiff::Timestamp;

use crate::after::AfterCommit;
use crate::books::InFlight;
use crate::chain::Chain;
use crate::counters::Counters;
use crate::intake::named;
use crate::poison::Poison;
use crate::record::{CRASH, Entry, EntryKind, Fate, Record, TIMEOUT};
use crate::retry::{RetryRequests, Wanted};
use crate::{PipelineError, Settings};

/// Holds everything that is written at the end of a batch.
pub(crate) struct Committer {
    journal: Journal,
    documents: SegmentWriter,
    rejects: SegmentWriter,
    quarantine: Quarantine,
    after: AfterCommit,
    counters: Arc<Counters>,
    in_flight: Arc<InFlight>,
    requests: RetryRequests,
    wanted: Arc<Wanted>,
    poison: Poison,
    /// What the books say that each stage rests on.
    bases: BTreeMap<String, Vec<BasisFile>>,
}

impl Committer {
    /// Opens the output folders as the books know them.
    pub(crate) fn open(
        settings: &Settings,
        disk: &SharedDisk,
        journal: Journal,
        counters: Arc<Counters>,
        in_flight: Arc<InFlight>,
        wanted: Arc<Wanted>,
        poison: Poison,
    ) -> Result<Self, PipelineError> {
        let segments = journal.ledger().segments()?;
        let open = |folder: &str, kind| {
            let books: Vec<_> = segments
                .iter()
                .filter(|row| row.kind == kind)
                .map(segment)
                .collect();
            let dir = settings.output.join(folder);
            SegmentWriter::open(
                &dir,
                Arc::clone(disk),
                settings.compression,
                settings.rotation,
                &books,
            )
        };
        let documents = open("documents", SegmentKind::Documents)?;
        let rejects = open("rejects", SegmentKind::Rejects)?;
        let quarantine = Quarantine::new(&settings.output.join("quarantine"), Arc::clone(disk));
        let known: HashSet<_> = journal.ledger().quarantined()?.into_iter().collect();
        quarantine.clear_strays(|id| known.contains(id))?;
        let bases = journal.ledger().latest_bases()?;
        let after = AfterCommit {
            when_done: settings.when_done.clone(),
            disk: Arc::clone(disk),
        };
        let committer = Self {
            journal,
            documents,
            rejects,
            quarantine,
            after,
            counters,
            in_flight,
            requests: RetryRequests::new(&settings.state, Arc::clone(disk)),
            wanted,
            poison,
            bases: bases.into_iter().map(|row| (row.stage, row.files)).collect(),
        };
        for id in committer.poison.ids() {
            if known.contains(&id) {
                committer.poison.forget(&id);
            }
        }
        committer.look_for_requests()?;
        Ok(committer)
    }

    /// Takes notice of what somebody wants tried again.
    pub(crate) fn look_for_requests(&self) -> Result<(), PipelineError> {
        let failed = |source| JournalError::Io {
            what: "look for requests to try again".to_owned(),
            source,
        };
        let mut news = false;
        for id in self.requests.list().map_err(failed)? {
            match self.journal.ledger().document(&id)? {
                Some(row) if row.outcome == Outcome::Quarantined => news |= self.wanted.add(row.file, id),
                _ => self.requests.remove(&id).map_err(failed)?,
            }
        }
        if news {
            self.in_flight.walk();
        }
        Ok(())
    }

    /// What happens to finished inputs.
    pub(crate) fn after(&self) -> &AfterCommit {
        &self.after
    }

    /// Marks the records that are in the books already: an earlier version of their file had them, or another
    /// folder has the same file. Every record is asked about, so that no id can come twice whatever led here.
    pub(crate) fn drop_known(&self, batch: &mut [Entry]) -> Result<(), PipelineError> {
        let mut seen = HashSet::with_capacity(batch.len());
        let mut asked = false;
        let mut of: Option<(Arc<FileRef>, Earlier)> = None;
        for entry in batch {
            let EntryKind::Record(record) = &mut entry.kind else {
                continue;
            };
            let again = !seen.insert(record.id);
            let earlier = match &of {
                Some((file, earlier)) if Arc::ptr_eq(file, &entry.file) => earlier,
                _ => {
                    let earlier = self.journal.earlier(entry.file.source_path())?;
                    &of.insert((Arc::clone(&entry.file), earlier)).1
                }
            };
            let Some(row) = self.journal.document_in(earlier, record.number, &record.id)? else {
                if again {
                    record.fate = Fate::Known;
                }
                continue;
            };
            // Whoever puts a file back asks for it first, and may have done so this very moment.
            if row.outcome == Outcome::Quarantined && !asked {
                self.look_for_requests()?;
                asked = true;
            }
            if again || !self.wanted.contains(&row.file, &record.id) {
                record.fate = Fate::Known;
            }
        }
        Ok(())
    }

    /// Writes the lines of `batch`, then the books, then lets go of the inputs. An empty batch is the moment to
    /// seal what has grown old.
    pub(crate) fn commit(&mut self, batch: Vec<Entry>, chain: &mut Chain) -> Result<(), PipelineError> {
        let now = Timestamp::now();
        if batch.is_empty() && !self.documents.is_due(now) && !self.rejects.is_due(now) {
            return Ok(());
        }
        let mut books = Batch::default();
        let mut files = BTreeMap::new();
        let mut totals = Totals::default();
        let mut known = 0;
        for entry in &batch {
            match &entry.kind {
                EntryKind::Record(record) => {
                    progress(&mut files, &entry.file, now, record.number + 1, false);
                    match self.write(record, entry.file.key())? {
                        Some(row) => {
                            *totals.of(row.outcome) += 1;
                            books.documents.push(row);
                        }
                        None => known += 1,
                    }
                }
                EntryKind::Complete(records) => progress(&mut files, &entry.file, now, *records, true),
            }
        }
        books.bases = self.changed_bases(chain, &books.documents, now);
        books.files = files.into_values().collect();
        let complete = batch
            .iter()
            .filter(|entry| matches!(entry.kind, EntryKind::Complete(_)));
        let counters = Arc::clone(&self.counters);
        let count = || {
            counters.withdraw(known);
            counters.commit(totals, complete.clone().count() as u64);
        };
        self.make_durable(books, chain, now, false, count)?;
        self.poison.clear(batch.iter().flat_map(|entry| {
            let record = match &entry.kind {
                EntryKind::Record(record) => Some(record.id),
                EntryKind::Complete(_) => None,
            };
            record.into_iter().chain([named(&entry.file)])
        }));
        for entry in &batch {
            let EntryKind::Record(record) = &entry.kind else {
                continue;
            };
            if !matches!(record.fate, Fate::Known) {
                self.wanted.came(&record.id);
            }
            if let Fate::Failed(failure) = &record.fate
                && [TIMEOUT, CRASH].contains(&&*failure.reason)
            {
                self.poison.forget(&record.id);
            }
        }
        for entry in complete {
            self.answer_requests(&entry.file, now)?;
            self.in_flight.leave(&entry.file);
            self.after.act(&entry.file);
        }
        Ok(())
    }

    /// Puts in force what has changed of the files that stages rest on. The moment is between two batches.
    pub(crate) fn renew(&self, chain: &Chain) {
        for (stage, basis) in chain.bases() {
            match basis.renew() {
                Renewal::Unchanged => {}
                Renewal::Renewed => {
                    let files: Vec<_> = basis.files().iter().map(in_words).collect();
                    tracing::info!(stage, files = files.join(", "), "changed files are in force");
                    self.counters.renew(true);
                }
                Renewal::Refused(why) => {
                    tracing::warn!(stage, %why, "changed files cannot be used; what was read before stays in force");
                    self.counters.renew(false);
                }
            }
        }
    }

    /// The rows for stages that do not rest on what the books say, with the first line that is made so.
    fn changed_bases(&mut self, chain: &Chain, documents: &[DocumentRow], now: Timestamp) -> Vec<BasisRow> {
        let Some(first) = documents.iter().find(|row| row.outcome == Outcome::Written) else {
            return Vec::new();
        };
        // A stage that rests on nothing any more rests on no files.
        let before = self.bases.keys().map(|stage| (stage.clone(), Vec::new()));
        let mut bases: BTreeMap<_, _> = before.collect();
        bases.extend(
            chain
                .bases()
                .map(|(stage, basis)| (stage.to_owned(), basis.files())),
        );
        let row = |(stage, files): (&String, &Vec<BasisFile>)| BasisRow {
            stage: stage.clone(),
            segment: first.segment,
            start: first.start,
            since: now,
            files: files.clone(),
        };
        let rows = bases
            .iter()
            .filter(|(stage, files)| self.bases.get(*stage) != Some(files))
            .map(row)
            .collect();
        self.bases = bases;
        rows
    }

    /// Clears away what was wanted from `file`, of which every record is durable now. What did not come again stays in
    /// quarantine with a note that it was tried; whatever ends the process meanwhile, the request is there until that is durable.
    fn answer_requests(&self, file: &FileRef, now: Timestamp) -> Result<(), PipelineError> {
        for (id, came) in self.wanted.take(&file.key()) {
            let row = self.journal.ledger().document(&id)?;
            match row.map(|row| row.outcome) {
                Some(Outcome::Quarantined) if !came => self.quarantine.note_retried(&id, now)?,
                Some(Outcome::Quarantined) | None => {}
                Some(Outcome::Written | Outcome::Rejected) => self.quarantine.remove(&id)?,
            }
            if let Err(error) = self.requests.remove(&id) {
                tracing::warn!(%id, %error, "cannot clear a request to try again; it will be tried once more");
            }
        }
        Ok(())
    }

    /// Seals the output and closes the books.
    pub(crate) fn finish(mut self, chain: &mut Chain) -> Result<(), PipelineError> {
        self.make_durable(Batch::default(), chain, Timestamp::now(), true, || ())?;
        self.journal.close()?;
        Ok(())
    }

    /// Syncs and commits; `done` is called as soon as the batch stands, whatever fails after that.
    fn make_durable(
        &mut self,
        mut books: Batch,
        chain: &mut Chain,
        now: Timestamp,
        seal: bool,
        done: impl FnOnce(),
    ) -> Result<(), PipelineError> {
        for (writer, kind) in [
            (&mut self.documents, SegmentKind::Documents),
            (&mut self.rejects, SegmentKind::Rejects),
        ] {
            books.segments.extend(
                writer
                    .sync(now, seal)?
                    .into_iter()
                    .map(|segment| row(kind, segment)),
            );
        }
        self.journal.commit(&books, chain.states())?;
        done();
        self.documents.settle()?;
        self.rejects.settle()?;
        Ok(())
    }

    /// Writes one record to where it ends; `None` where the books had it already.
    fn write(&mut self, record: &Record, file: PathKey) -> Result<Option<DocumentRow>, PipelineError> {
        let (outcome, position) = match &record.fate {
            Fate::Known => return Ok(None),
            Fate::Kept(document) => (Outcome::Written, self.documents.append(document, record.added)?),
            Fate::Rejected(reject) => (Outcome::Rejected, self.rejects.append(reject, record.added)?),
            Fate::Failed(failure) => {
                let entry = QuarantineEntry::new(
                    record.id,
                    record.source.clone(),
                    failure.stage.clone(),
                    failure.reason.clone(),
                    failure.detail.clone(),
                    record.added,
                );
                self.quarantine.put(&entry, &record.raw)?;
                (
                    Outcome::Quarantined,
                    Position {
                        segment: 0,
                        start: 0,
                        length: 0,
                    },
                )
            }
        };
        let Position {
            segment,
            start,
            length,
        } = position;
        Ok(Some(DocumentRow {
            id: record.id,
            file,
            record: record.number,
            outcome,
            segment,
            start,
            length,
        }))
    }
}

/// A file with the first digits of the hash of its content.
fn in_words(file: &BasisFile) -> String {
    let hash = file.sha256.to_string();
    format!("{} {}", file.file, hash.get(..12).unwrap_or_default())
}

fn progress(
    files: &mut BTreeMap<PathKey, FileRow>,
    file: &FileRef,
    taken: Timestamp,
    records: u64,
    complete: bool,
) {
    let fresh = || FileRow {
        key: file.key(),
        path: file.source_path().to_owned(),
        fingerprint: file.fingerprint().to_bytes(),
        records,
        complete,
        taken,
    };
    let row = files.entry(file.key()).or_insert_with(fresh);
    (row.records, row.complete) = (records, complete);
    row.fingerprint = file.fingerprint().to_bytes();
}

/// A segment as the sink knows it, from the books.
fn segment(row: &SegmentRow) -> Segment {
    Segment {
        number: row.number,
        length: row.length,
        lines: row.lines,
        opened: row.opened,
        sha256: row.sha256,
    }
}

/// A segment as the books know it, from the sink.
fn row(kind: SegmentKind, segment: Segment) -> SegmentRow {
    let Segment {
        number,
        length,
        lines,
        opened,
        sha256,
    } = segment;
    SegmentRow {
        kind,
        number,
        length,
        lines,
        opened,
        sha256,
    }
}
