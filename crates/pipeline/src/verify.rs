//! Checks that output, rejects, quarantine and journal agree.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;

use gristmill_core::{DocumentId, Sha256};
use gristmill_disk::RealDisk;
use gristmill_journal::{DocumentRow, Documents, Journal, Ledger, Outcome, SegmentKind, SegmentRow, Totals};
use gristmill_sink::{Quarantine, list_segments, open_segment, segment_hash, segment_lines};
use serde::Deserialize;

use crate::PipelineError;

/// What was checked, and what is wrong.
#[derive(Debug, Default)]
pub struct Report {
    /// How many documents came to which end, by the books.
    pub totals: Totals,
    /// Segments looked at.
    pub segments: u64,
    /// Lines read in them.
    pub lines: u64,
    /// Files taken, by the books.
    pub files: u64,
    /// Contradictions: each says where and what.
    pub faults: Vec<String>,
    /// What is odd but right, such as what a crash left behind for the next start to clear away.
    pub notes: Vec<String>,
}

/// The one key of a line that the check needs; that the rest is JSON is checked with it.
#[derive(Deserialize)]
struct Line {
    id: DocumentId,
}

/// Holds what is in `output` against the books in `state`, as they are at one moment; a daemon may be at work
/// beside it. Each line is read and held against its row in the books, each row against its line, each sealed
/// segment against its SHA-256, each entry of quarantine against its files, and the sums against the parts.
///
/// # Errors
/// There are no books, or they cannot be read.
pub fn verify(output: &Path, state: &Path) -> Result<Report, PipelineError> {
    let ledger = Ledger::open(state)?;
    ledger.at_one_moment(|| {
        let mut check = Check {
            ledger: &ledger,
            state,
            report: Report {
                totals: ledger.totals()?,
                files: ledger.taken()?.0,
                ..Report::default()
            },
            running: Journal::is_in_use(state),
        };
        for fault in ledger.database_faults()? {
            check.fault(format!("the journal's database: {fault}"));
        }
        check.stage_files()?;
        check.segments(&output.join("documents"), SegmentKind::Documents)?;
        check.segments(&output.join("rejects"), SegmentKind::Rejects)?;
        check.quarantine(&output.join("quarantine"))?;
        check.sums()?;
        Ok(check.report)
    })
}

struct Check<'l> {
    ledger: &'l Ledger,
    state: &'l Path,
    report: Report,
    running: bool,
}

impl Check<'_> {
    fn fault(&mut self, what: impl Into<String>) {
        self.report.faults.push(what.into());
    }

    fn note(&mut self, what: impl Into<String>) {
        self.report.notes.push(what.into());
    }

    fn stage_files(&mut self) -> Result<(), PipelineError> {
        for (path, good) in self.ledger.stage_files()? {
            let path = self.state.join(path);
            let found = fs::metadata(&path).map_or(0, |metadata| metadata.len());
            // A running daemon may have merged it away since this moment of the books.
            let merged_away = self.running && !path.exists();
            if found < good && !merged_away {
                self.fault(format!(
                    "{}: has {found} bytes where the journal counts {good}",
                    path.display()
                ));
            }
        }
        Ok(())
    }

    fn segments(&mut self, dir: &Path, kind: SegmentKind) -> Result<(), PipelineError> {
        let rows = self.ledger.segments()?;
        let rows: Vec<_> = rows.into_iter().filter(|row| row.kind == kind).collect();
        let outcome = outcome_of(kind);
        let mut lines = 0;
        let mut expected = Expected::over(self.ledger.documents(outcome));
        for row in &rows {
            lines += self.segment(dir, row, &mut expected)?;
        }
        let expected = *self.report.totals.of(outcome);
        if lines != expected {
            self.fault(format!(
                "{}: {lines} good lines where the journal counts {expected} documents",
                dir.display()
            ));
            self.name_missing(dir, &rows, outcome)?;
        }
        let known: HashSet<u64> = rows.iter().map(|row| row.number).collect();
        for (number, path) in list_segments(dir).map_err(PipelineError::Source)? {
            if known.contains(&number) {
                continue;
            }
            if path.extension().is_some_and(|extension| extension == "open") || self.running {
                self.note(format!("{}: being begun", path.display()));
            } else {
                self.fault(format!(
                    "{}: the journal does not know this segment",
                    path.display()
                ));
            }
        }
        Ok(())
    }

    /// Checks one segment and gives the number of lines that stand where the books say.
    fn segment(
        &mut self,
        dir: &Path,
        row: &SegmentRow,
        expected: &mut Expected<'_>,
    ) -> Result<u64, PipelineError> {
        self.report.segments += 1;
        let Some((path, file)) = open_segment(dir, row.number) else {
            self.fault(format!(
                "{}: segment {} with {} lines is gone",
                dir.display(),
                row.number,
                row.lines
            ));
            return Ok(0);
        };
        let shown = path.display();
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        if length < row.length {
            self.fault(format!(
                "{shown}: has {length} bytes where the journal counts {}",
                row.length
            ));
        }
        if let Some(expected) = row.sha256 {
            match segment_hash(&file) {
                Ok(found) if found == expected => {}
                Ok(_) => self.fault(format!("{shown}: was changed after it was sealed")),
                Err(error) => self.fault(format!("{shown}: {error}")),
            }
        }
        let mut reader = match segment_lines(file, &path, row.length) {
            Ok(reader) => reader,
            Err(error) => {
                self.fault(format!("{shown}: {error}"));
                return Ok(0);
            }
        };
        let (mut line, mut start, mut number, mut good) = (Vec::new(), 0, 0, 0);
        loop {
            line.clear();
            match reader.read_until(b'\n', &mut line) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => {
                    self.fault(format!("{shown}: after line {number}: {error}"));
                    break;
                }
            }
            number += 1;
            self.report.lines += 1;
            match self.line(&line, row, start, expected)? {
                None => good += 1,
                Some(problem) => self.fault(format!("{shown}, line {number}: {problem}")),
            }
            start += line.len() as u64;
        }
        if number != row.lines {
            self.fault(format!(
                "{shown}: has {number} lines where the journal counts {}",
                row.lines
            ));
        }
        Ok(good)
    }

    /// What is wrong with the line that starts at the byte `start` of the segment `row`.
    fn line(
        &self,
        line: &[u8],
        row: &SegmentRow,
        start: u64,
        expected: &mut Expected<'_>,
    ) -> Result<Option<String>, PipelineError> {
        if line.last() != Some(&b'\n') {
            return Ok(Some("is torn".to_owned()));
        }
        let id = match serde_json::from_slice::<Line>(line) {
            Ok(Line { id }) => id,
            Err(error) => return Ok(Some(format!("is not a record: {error}"))),
        };
        let here = |document: &DocumentRow| {
            document.outcome == outcome_of(row.kind)
                && document.segment == row.number
                && document.start == start
                && document.length == line.len() as u64
        };
        if expected.stands(row.number, start, line.len() as u64, &id)? {
            return Ok(None);
        }
        Ok(match self.ledger.document(&id)? {
            None => Some(format!("the journal does not know the document {id}")),
            Some(document) if here(&document) => None,
            Some(document) => Some(format!(
                "the document {id} stands in another place by the journal: {:?}, segment {}, byte {}",
                document.outcome, document.segment, document.start
            )),
        })
    }

    fn name_missing(
        &mut self,
        dir: &Path,
        rows: &[SegmentRow],
        outcome: Outcome,
    ) -> Result<(), PipelineError> {
        let mut found = HashSet::new();
        for row in rows {
            let opened = open_segment(dir, row.number);
            let reader = opened.map(|(path, file)| segment_lines(file, &path, row.length));
            for line in reader
                .into_iter()
                .flatten()
                .flat_map(|reader| reader.split(b'\n'))
            {
                let Ok(line) = line else { break };
                found.extend(serde_json::from_slice::<Line>(&line).map(|line| line.id));
            }
        }
        let mut missing = Vec::new();
        let mut documents = self.ledger.documents(outcome);
        while let Some(document) = documents.peek()? {
            if !found.contains(&document.id) {
                missing.push(document.id);
            }
            documents.advance();
        }
        for id in missing {
            self.fault(format!("{}: the document {id} is missing", dir.display()));
        }
        Ok(())
    }

    fn quarantine(&mut self, dir: &Path) -> Result<(), PipelineError> {
        let quarantine = Quarantine::new(dir, Arc::new(RealDisk));
        let ids = self.ledger.quarantined()?;
        for id in &ids {
            let entry = match quarantine.entry(id) {
                Err(_) if self.has_left_quarantine(id)? => continue,
                Ok(entry) if entry.id == *id => entry,
                Ok(entry) => {
                    self.fault(format!("{}/{id}.json: names {} itself", dir.display(), entry.id));
                    continue;
                }
                Err(error) => {
                    self.fault(format!("{}/{id}.json: {error}", dir.display()));
                    continue;
                }
            };
            match quarantine.bytes(id) {
                // Of what is too large only the beginning is kept.
                Ok(bytes)
                    if bytes.len() as u64 == entry.source.bytes
                        && Sha256::of(&bytes) != entry.source.sha256 =>
                {
                    self.fault(format!("{}/{id}.bin: was changed", dir.display()));
                }
                Ok(_) => {}
                Err(_) if self.has_left_quarantine(id)? => {}
                Err(error) => self.fault(format!("{}/{id}.bin: {error}", dir.display())),
            }
        }
        let known: HashSet<_> = ids.into_iter().collect();
        for id in quarantine.ids().map_err(PipelineError::Source)? {
            if !known.contains(&id) {
                let why = if self.running {
                    "a batch at work"
                } else {
                    "an interrupted batch, cleared away at the next start"
                };
                self.note(format!("{}/{id}.json: from {why}", dir.display()));
            }
        }
        Ok(())
    }

    /// Whether the daemon beside us took `id` out since the moment of the books that is checked.
    fn has_left_quarantine(&self, id: &DocumentId) -> Result<bool, PipelineError> {
        if !self.running {
            return Ok(false);
        }
        let now = Ledger::open(self.state)?.document(id)?;
        Ok(now.is_none_or(|row| row.outcome != Outcome::Quarantined))
    }

    fn sums(&mut self) -> Result<(), PipelineError> {
        let counted = self.ledger.count()?;
        let totals = self.report.totals;
        if counted != totals {
            self.fault(format!("the journal counts {totals:?} and has {counted:?}"));
        }
        let quarantined = self.ledger.quarantined()?.len() as u64;
        if quarantined != totals.quarantined {
            self.fault(format!(
                "the journal lists {quarantined} documents in quarantine and counts {}",
                totals.quarantined
            ));
        }
        Ok(())
    }
}

/// The rows of the books in the order in which their documents first came, which is that of their lines but for those that
/// were put back from quarantine: so that not each line has to be looked for.
struct Expected<'l> {
    rows: Documents<'l>,
    /// Those that were met before their lines: segment, start and length.
    ahead: HashMap<DocumentId, (u64, u64, u64)>,
}

impl<'l> Expected<'l> {
    fn over(rows: Documents<'l>) -> Self {
        let ahead = HashMap::new();
        Self { rows, ahead }
    }

    /// Whether the books surely have the line at this place. If not, they have to be asked for it.
    fn stands(
        &mut self,
        segment: u64,
        start: u64,
        length: u64,
        id: &DocumentId,
    ) -> Result<bool, PipelineError> {
        let here = (segment, start, length);
        if self.ahead.get(id) == Some(&here) {
            self.ahead.remove(id);
            return Ok(true);
        }
        while let Some(row) = self.rows.peek()? {
            let place = (row.segment, row.start, row.length);
            if (row.segment, row.start) > (segment, start) {
                self.ahead.insert(row.id, place);
            } else if place == here && row.id == *id {
                self.rows.advance();
                return Ok(true);
            } else if (row.segment, row.start) == (segment, start) {
                break;
            }
            self.rows.advance();
        }
        Ok(false)
    }
}

fn outcome_of(kind: SegmentKind) -> Outcome {
    match kind {
        SegmentKind::Documents => Outcome::Written,
        SegmentKind::Rejects => Outcome::Rejected,
    }
}
