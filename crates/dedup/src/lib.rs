//! What was seen before: exact and near duplicates, and passages that were copied.
//!
//! Each text is held against everything that arrived before it, in arrival order, so that the answer depends on
//! no worker and no batch. A document is *exact* when its words are those of an earlier one, case, spacing and
//! punctuation aside; *near* when fingerprints of five words in a row agree with an earlier group all over the
//! shorter text (see the `near` module); and a *passage* is a run of words that also stands in an earlier text,
//! verified word by word in both. What stands in many documents is furniture, and counts for nothing.
//! Comparison is by language-independent words; scripts without spaces go by characters.
//!
//! The costly half (words, fingerprints, compression) is pure and runs on any worker; the ordered half looks up
//! and inserts. The index and the archive of texts are files of the stage's [`State`].
//!
//! ```
//! use gristmill_core::{Document, MemoryState};
//! use gristmill_dedup::{Dedup, DedupParams};
//! let mut dedup = Dedup::new(&DedupParams::default());
//! let mut state = MemoryState::new();
//! dedup.check(&mut Document::from_text("a", "So it was."), &mut state)?;
//! assert_ne!(dedup.check(&mut Document::from_text("b", "SO it was!"), &mut state)?, gristmill_core::Verdict::Keep);
//! # Ok::<(), gristmill_core::StageError>(())
//! ```

mod archive;
mod index;
mod near;
mod params;
mod passages;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use gristmill_core::{
    BuildEnv, BuildError, Built, CodePoints, Document, Duplicate, DuplicateKind, Note, OrderedStage, Passage,
    Reason, Stage, StageError, StageFactory, State, StateError, Verdict,
};
use serde_json::json;

use archive::{Archive, Record};
use index::{Index, Posting};
use near::Hits;
pub use params::{Action, DedupParams, Passages};
use passages::Run;
use words::{SHINGLE, Sample, Word};

/// Builds the `dedup` stage.
pub struct DedupFactory;

impl StageFactory for DedupFactory {
    const NAME: &'static str = "dedup";
    const ABOUT: &'static str = "Finds documents that are exact or near copies of earlier ones, and passages that stand in earlier ones.";
    const EXAMPLE: &'static str = "dedup: {exact: reject, near: tag, passages: {min_words: 12}}";
    type Params = DedupParams;

    fn build(params: DedupParams, _: &BuildEnv) -> Result<Built, BuildError> {
        if !(params.threshold > 0.0 && params.threshold <= 1.0) {
            return Err(BuildError::new("threshold", "a number above 0, and 1 at most"));
        }
        if matches!(params.passages, Passages::On { min_words } if min_words < 8) {
            return Err(BuildError::new(
                "passages.min_words",
                "8 at least: shorter runs are idiom",
            ));
        }
        let dedup = Dedup::new(&params);
        Ok(Built::Ordered {
            prepare: Some(Arc::new(dedup.prepare.clone())),
            ordered: Box::new(dedup),
        })
    }
}

/// The pure half: words, fingerprints and the compressed text.
#[derive(Debug, Clone)]
struct Prepare {
    sample: Sample,
    keep_text: bool,
}

/// What the pure half leaves in the scratch.
struct Prepared {
    content: u128,
    words: Vec<Word>,
    prints: Vec<(u64, u16)>,
    text: Vec<u8>,
}

impl Prepare {
    fn prepared(&self, text: &str) -> Result<Prepared, StageError> {
        let words = words::words(text);
        let compressed = if self.keep_text {
            zstd::bulk::compress(text.as_bytes(), 1)
                .map_err(|error| StageError::Document(error.to_string()))?
        } else {
            Vec::new()
        };
        Ok(Prepared {
            content: words::content(text, &words),
            prints: words::fingerprints(&words, self.sample),
            words,
            text: compressed,
        })
    }
}

impl Stage for Prepare {
    fn process(&self, document: &mut Document) -> Result<Verdict, StageError> {
        let prepared = self.prepared(&document.text)?;
        document.scratch.put(prepared);
        Ok(Verdict::Keep)
    }
}

/// Finds duplicates and passages in a stream of documents.
#[derive(Debug)]
pub struct Dedup {
    params: DedupParams,
    prepare: Prepare,
    index: Index,
    archive: Archive,
}

/// Earlier texts and their words, by document number.
type Texts = BTreeMap<u32, (String, Vec<Word>)>;

/// At most so many earlier texts are read for the passages of one document, the most promising first.
const SOURCES: usize = 12;

impl Dedup {
    /// A stage that remembers nothing yet.
    pub fn new(params: &DedupParams) -> Self {
        let sample = match params.passages {
            Passages::Off => Sample::OneIn(8),
            Passages::On { min_words } => Sample::Least(min_words.clamp(SHINGLE, 12) + 1 - SHINGLE),
        };
        Self {
            params: params.clone(),
            prepare: Prepare {
                sample,
                keep_text: params.passages != Passages::Off,
            },
            index: Index::default(),
            archive: Archive::default(),
        }
    }

    /// Both halves in one, for use as a library.
    ///
    /// # Errors
    /// The state cannot be read or written.
    pub fn check(&mut self, document: &mut Document, state: &mut dyn State) -> Result<Verdict, StageError> {
        self.prepare.process(document)?;
        OrderedStage::process(self, document, state)
    }

    /// The document with the same words, if any.
    fn exact(
        &self,
        prepared: &Prepared,
        same: &[Posting],
        state: &dyn State,
    ) -> Result<Option<u32>, StateError> {
        for posting in same {
            let record = self.archive.get(posting.document, state)?;
            if record.content == prepared.content {
                return Ok(Some(posting.document));
            }
        }
        Ok(None)
    }

    /// A member of the group that a text with these fingerprints repeats best, and how much it shares with it.
    fn nearest(
        &self,
        prepared: &Prepared,
        hits: &BTreeMap<u32, Hits>,
        state: &dyn State,
    ) -> Result<Option<(Record, f64)>, StateError> {
        let words = prepared.words.len();
        let density = prepared.prints.len() as f64 / words.max(1) as f64;
        let mut groups: BTreeMap<u32, Vec<(Record, &Hits)>> = BTreeMap::new();
        for (&number, hits) in hits {
            // One shared shingle is a phrase.
            if hits.len() > 1 {
                let record = self.archive.get(number, state)?;
                groups.entry(record.group).or_default().push((record, hits));
            }
        }
        let mut best: Option<(Record, f64)> = None;
        for members in groups.into_values() {
            let here = members.iter().flat_map(|(_, hits)| hits.iter().map(|hit| hit.0));
            let mut similarity = near::similarity(here, words, density);
            for (record, hits) in &members {
                if (record.words as usize) < words {
                    let there = hits.iter().map(|hit| hit.1);
                    similarity = similarity.max(near::similarity(there, record.words as usize, density));
                }
            }
            if best.as_ref().is_none_or(|&(_, least)| similarity > least) {
                best = members.first().map(|(record, _)| (*record, similarity));
            }
        }
        Ok(best.filter(|&(_, similarity)| similarity >= self.params.threshold))
    }

    /// The runs of at least `least` words that stand in earlier documents, with those documents' words.
    fn runs(
        &self,
        here: &[Word],
        hits: &BTreeMap<u32, Hits>,
        least: usize,
        state: &dyn State,
    ) -> Result<(Vec<Run>, Texts), StateError> {
        let mut sources: Vec<(u32, &Hits)> = hits.iter().map(|(&number, hits)| (number, hits)).collect();
        sources.sort_by_key(|(number, hits)| {
            (!passages::promising(hits), std::cmp::Reverse(hits.len()), *number)
        });
        let (mut runs, mut texts) = (Vec::new(), BTreeMap::new());
        for (number, hits) in sources.into_iter().take(SOURCES) {
            let text = self.archive.text(number, state)?;
            let there = words::words(&text);
            let found = passages::runs(here, &there, number, hits, least);
            if !found.is_empty() {
                runs.extend(found);
                texts.insert(number, (text, there));
            }
        }
        Ok((passages::choose(runs, here.len(), least), texts))
    }

    fn report(
        &self,
        document: &mut Document,
        words: &[Word],
        hits: &BTreeMap<u32, Hits>,
        least: usize,
        state: &dyn State,
    ) -> Result<(), StateError> {
        let (runs, texts) = self.runs(words, hits, least, state)?;
        let span = |points: &CodePoints<'_>, words: &[Word]| match words {
            [] => (0, 0),
            [first, .., last] => (
                points.at_byte(first.start as usize),
                points.at_byte(last.end as usize),
            ),
            [one] => (
                points.at_byte(one.start as usize),
                points.at_byte(one.end as usize),
            ),
        };
        let mut found = Vec::with_capacity(runs.len());
        let points = CodePoints::new(&document.text);
        for run in runs {
            let Some((text, there)) = texts.get(&run.document) else {
                continue;
            };
            let (start, end) = span(&points, &words[run.start..run.start + run.words]);
            let there_points = CodePoints::new(text);
            let (of_start, of_end) = span(&there_points, &there[run.of_start..run.of_start + run.words]);
            let of = self.archive.get(run.document, state)?.id;
            let shown = (
                points.slice(start, end).to_owned(),
                there_points.slice(of_start, of_end).to_owned(),
            );
            found.push((
                Passage {
                    start,
                    end,
                    of,
                    of_start,
                    of_end,
                },
                shown,
            ));
        }
        for (passage, (here, there)) in found {
            document.note(|| {
                Note::new(format!(
                    "characters {}-{} stand in {}",
                    passage.start, passage.end, passage.of
                ))
                .with(json!({"here": here, "there": there}))
            });
            document.passages.push(passage);
        }
        Ok(())
    }
}

impl OrderedStage for Dedup {
    fn open(&mut self, state: &mut dyn State) -> Result<(), StateError> {
        self.index = Index::open(state)?;
        self.archive = Archive::open(state)?;
        Ok(())
    }

    fn process(&mut self, document: &mut Document, state: &mut dyn State) -> Result<Verdict, StageError> {
        let prepared = match document.scratch.take::<Prepared>() {
            Some(prepared) => prepared,
            None => self.prepare.prepared(&document.text)?,
        };
        let added = document.added.as_millisecond();
        let window = i64::try_from(self.params.window.0.as_millis()).unwrap_or(i64::MAX);
        self.archive.forget(added.saturating_sub(window), state)?;

        // The hash of the whole stands in the index as one more fingerprint.
        let whole = words::mix(prepared.content as u64);
        let mut hashes: Vec<u64> = prepared.prints.iter().map(|&(hash, _)| hash).collect();
        hashes.push(whole);
        let mut found = self.index.look_up(&hashes, self.archive.floor, state)?;
        let same = found.pop().unwrap_or_default();
        let hits = near::hits(&prepared.prints, &found);

        let exact = match self.params.exact {
            Action::Off => None,
            _ => self.exact(&prepared, &same, state)?,
        };
        let (kind, action, group, similarity) = match exact {
            Some(number) => {
                let record = self.archive.get(number, state)?;
                (Some(DuplicateKind::Exact), self.params.exact, Some(record), 1.0)
            }
            None => match self.params.near {
                Action::Off => (None, Action::Off, None, 0.0),
                action => match self.nearest(&prepared, &hits, state)? {
                    Some((record, similarity)) => {
                        (Some(DuplicateKind::Near), action, Some(record), similarity)
                    }
                    None => (None, Action::Off, None, 0.0),
                },
            },
        };
        if let (Some(kind), Some(Record { first: of, .. })) = (kind, group) {
            let what = if kind == DuplicateKind::Exact {
                "an exact"
            } else {
                "a near"
            };
            document.note(|| {
                Note::new(format!("{what} duplicate of {of}")).with(json!({"similarity": similarity}))
            });
            if action == Action::Reject {
                let detail = format!("{what} duplicate, similarity {similarity:.3}");
                return Ok(Verdict::Reject(Reason::new("duplicate").of(of).detail(detail)));
            }
            document.duplicate = Duplicate {
                kind: Some(kind),
                of: Some(of),
                similarity: Some(similarity),
            };
        }
        if let Passages::On { min_words } = self.params.passages {
            self.report(document, &prepared.words, &hits, min_words, state)?;
        }

        let number = self.archive.next;
        let record = Record {
            id: document.id,
            content: prepared.content,
            group: group.map_or(number, |member| member.group),
            first: group.map_or(document.id, |member| member.first),
            words: u32::try_from(prepared.words.len()).unwrap_or(u32::MAX),
            added,
            text: (0, 0),
        };
        self.archive.push(&record, &prepared.text, state)?;
        // What a duplicate shares with its group is not counted again, or a story that many reprint would pass
        // for furniture; nor is what many documents have.
        let entries: Vec<(u64, Posting)> = prepared
            .prints
            .iter()
            .zip(&found)
            .filter(|(_, postings)| postings.len() < index::HOT && (group.is_none() || postings.is_empty()))
            .map(|(&(hash, at), _)| (hash, Posting { document: number, at }))
            .chain(exact.is_none().then_some((
                whole,
                Posting {
                    document: number,
                    at: 0,
                },
            )))
            .collect();
        self.index.insert(&entries, state)?;
        Ok(Verdict::Keep)
    }

    fn tend(&mut self, state: &mut dyn State) -> Result<(), StateError> {
        self.index.tend(self.archive.floor, state)?;
        self.archive.tend(state)
    }
}

#[cfg(test)]
mod tests;
