//! What the lines written so far say of one another: the text of a line, and the lines that have to do with one.

use std::collections::HashMap;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use gristmill_core::{Document, DocumentId, Duplicate, Note, Passage, Story};
use gristmill_journal::{DocumentRow, JournalError, Ledger, Outcome, SegmentKind};
use gristmill_sink::{Position, open_segment, read_line, segment_lines};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The texts that passages may come from: of lines in `documents/`, and of documents that were just explained.
pub(crate) struct Texts {
    documents: PathBuf,
    ledger: Option<Ledger>,
    explained: HashMap<DocumentId, String>,
}

impl Texts {
    /// # Errors
    /// The books are there and cannot be read.
    pub(crate) fn open(output: &Path, state: Option<&Path>) -> Result<Self, JournalError> {
        let ledger = match state.map(Ledger::open) {
            None | Some(Err(JournalError::Absent { .. })) => None,
            Some(Ok(ledger)) => Some(ledger),
            Some(Err(error)) => return Err(error),
        };
        Ok(Self {
            documents: output.join("documents"),
            ledger,
            explained: HashMap::new(),
        })
    }

    /// Keeps the text of a document that later ones may repeat.
    pub(crate) fn keep(&mut self, document: &Document) {
        self.explained.insert(document.id, document.text.clone());
    }

    fn get(&self, id: &DocumentId) -> Option<String> {
        if let Some(text) = self.explained.get(id) {
            return Some(text.clone());
        }
        let row = self.ledger.as_ref()?.document(id).ok()??;
        Some(written(&self.documents, &row).ok()?.text)
    }

    /// Adds the other side's words to a note on a passage, where they are to be had.
    pub(crate) fn complete(&self, note: &mut Note) {
        #[derive(Deserialize)]
        struct Place {
            of: DocumentId,
            of_start: usize,
            of_end: usize,
        }
        if let Ok(place) = Place::deserialize(&note.evidence)
            && let Some(text) = self.get(&place.of)
            && let Some(evidence) = note.evidence.as_object_mut()
        {
            let length = place.of_end.saturating_sub(place.of_start);
            let there: String = text.chars().skip(place.of_start).take(length).collect();
            evidence.insert("there".to_owned(), json!(there));
        }
    }
}

/// The line of a document that was written.
fn written(documents: &Path, row: &DocumentRow) -> io::Result<Document> {
    if row.outcome != Outcome::Written {
        return Err(io::ErrorKind::NotFound.into());
    }
    let position = Position {
        segment: row.segment,
        start: row.start,
        length: row.length,
    };
    serde_json::from_str(&read_line(documents, position)?).map_err(io::Error::other)
}

/// What a line says of other documents.
#[derive(Debug, Serialize)]
pub(crate) struct Related {
    duplicate: Duplicate,
    passages: Vec<Passage>,
    story: Story,
    #[serde(flatten)]
    others: Option<Others>,
}

/// What other lines say of it.
#[derive(Debug, Default, Serialize)]
struct Others {
    /// Later documents that are duplicates of it or of what it duplicates, also those that were rejected.
    copies: Vec<DocumentId>,
    /// Later documents with passages from it.
    repeated_in: Vec<DocumentId>,
    /// The other documents of its story.
    story_mates: Vec<DocumentId>,
}

/// What of a line tells about others.
#[derive(Debug, Deserialize)]
struct Line {
    id: DocumentId,
    /// Of a reject.
    of: Option<DocumentId>,
    #[serde(default)]
    duplicate: Duplicate,
    #[serde(default)]
    passages: Vec<Passage>,
    #[serde(default)]
    story: Story,
}

impl Related {
    /// What the line of `row` says.
    ///
    /// # Errors
    /// The line cannot be read.
    pub(crate) fn of(output: &Path, row: &DocumentRow) -> io::Result<Self> {
        let document = written(&output.join("documents"), row)?;
        Ok(Self {
            duplicate: document.duplicate,
            passages: document.passages,
            story: document.story,
            others: None,
        })
    }

    /// Adds what other lines say of `id`, whose line this is of. Looks through all of them, which takes as long as
    /// reading them does; there is no other table of these.
    ///
    /// # Errors
    /// The books or the lines cannot be read.
    pub(crate) fn add_others(
        &mut self,
        output: &Path,
        ledger: &Ledger,
        id: DocumentId,
    ) -> anyhow::Result<()> {
        let mut others = Others::default();
        let group = self.duplicate.of.unwrap_or(id);
        let names = [Some(id), Some(group), self.story.id];
        let names: Vec<String> = names.iter().flatten().map(DocumentId::to_string).collect();
        for segment in ledger.segments()? {
            let folder = match segment.kind {
                SegmentKind::Documents => "documents",
                SegmentKind::Rejects => "rejects",
            };
            let Some((path, file)) = open_segment(&output.join(folder), segment.number) else {
                continue;
            };
            for line in segment_lines(file, &path, segment.length)?.lines() {
                let line = line?;
                if !names.iter().any(|name| line.contains(name)) {
                    continue;
                }
                let line: Line = serde_json::from_str(&line)?;
                if line.id == id {
                    continue;
                }
                if line.duplicate.of.or(line.of) == Some(group) {
                    others.copies.push(line.id);
                }
                if line.passages.iter().any(|passage| passage.of == id) {
                    others.repeated_in.push(line.id);
                }
                if line.story.id.is_some() && line.story.id == self.story.id {
                    others.story_mates.push(line.id);
                }
            }
        }
        self.others = Some(others);
        Ok(())
    }

    pub(crate) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        if let (Some(kind), Some(of)) = (self.duplicate.kind, self.duplicate.of) {
            let similarity = self.duplicate.similarity.unwrap_or_default();
            let kind = json!(kind);
            let kind = kind.as_str().unwrap_or_default();
            writeln!(out, "    {kind} duplicate of {of}, similarity {similarity:.4}")?;
        }
        if let Some(others) = &self.others {
            list(out, "copies that came later", &others.copies)?;
        }
        for Passage {
            start,
            end,
            of,
            of_start,
            of_end,
        } in &self.passages
        {
            writeln!(
                out,
                "    characters {start}-{end} stand in {of} at {of_start}-{of_end}"
            )?;
        }
        if let Some(others) = &self.others {
            list(out, "later documents with passages from it", &others.repeated_in)?;
        }
        if let Some(story) = self.story.id {
            writeln!(out, "    of story {story}")?;
            if let Some(others) = &self.others {
                list(out, "documents beside it in that story", &others.story_mates)?;
            }
        }
        Ok(())
    }
}

fn list(out: &mut impl Write, what: &str, ids: &[DocumentId]) -> io::Result<()> {
    const SHOWN: usize = 20;
    if ids.is_empty() {
        return Ok(());
    }
    writeln!(out, "    {} {what}", ids.len())?;
    for id in ids.iter().take(SHOWN) {
        writeln!(out, "      {id}")?;
    }
    match ids.len() {
        0..=SHOWN => Ok(()),
        more => writeln!(out, "      ... and {} more", more - SHOWN),
    }
}

/// Both sides of a passage that a note is about, where it has them.
pub(crate) fn sides(note: &Note) -> Option<(&str, &str)> {
    let side = |name: &str| note.evidence.get(name).and_then(Value::as_str);
    Some((side("here")?, side("there")?))
}
