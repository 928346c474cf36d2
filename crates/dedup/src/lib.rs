//! What was seen before: exact and near duplicates, and passages that were copied.
//!
//! Each text is held against everything that arrived before it, in arrival order, so that the answer depends on
//! no worker and no batch. A document is *exact* when its words are those of an earlier one, case, spacing and
//! punctuation aside, and so is one with the same bytes; *near* when fingerprints of five words in a row agree with
//! an earlier group all over the shorter text (see the `near` module); and a *passage* is a run of words that also
//! stands in an earlier text, verified word by word in both. What stands in many documents is furniture, and counts
//! for nothing. Credits before and after a text (bylines, datelines, agencies: see the `credits` module) do not count
//! for an exact copy.
//! Comparison is by language-independent words; scripts without spaces go by characters.
//!
//! The costly half (words, fingerprints, traces) is pure and runs on any worker; the ordered half looks up
//! and inserts. What is remembered are hashes, not texts: an index of fingerprints and, for passages, a trace of
//! each text; both are files of the stage's [`State`].
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
mod bits;
mod credits;
mod index;
mod near;
mod notes;
mod params;
mod passages;
mod trace;
mod words;

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use gristmill_core::{
    BuildEnv, BuildError, Built, CodePoints, Document, Duplicate, DuplicateKind, Note, OrderedStage, Passage,
    Reason, Stage, StageError, StageFactory, State, StateError, Verdict, check_format,
};
use serde_json::json;

use archive::{Archive, Record};
use index::{Index, Posting};
use near::Hit;
pub use params::{Action, DedupParams, Passages};
use passages::Run;
use trace::{Common, Span, Trace};
use words::{Print, SHINGLE};

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

/// The pure half: words, fingerprints and the trace.
#[derive(Debug, Clone)]
struct Prepare {
    window: usize,
    traces: bool,
}

/// What the pure half leaves in the scratch.
struct Prepared {
    content: u128,
    words: usize,
    prints: Vec<Print>,
    /// Empty where passages are not asked for.
    trace: Trace,
    /// Where the words of the trace are, as soon as somebody asks: few documents have anything in common with an earlier one, and
    /// these would be half of what each holds while it waits for its turn.
    spans: OnceCell<Vec<Span>>,
}

impl Prepared {
    fn spans(&self) -> &[Span] {
        self.spans.get_or_init(|| self.trace.spans(self.trace.words()))
    }
}

impl Prepare {
    fn prepared(&self, text: &str) -> Prepared {
        let words = words::words(text);
        let trace = match self.traces {
            true => Trace::new(text, &words),
            false => Trace::default(),
        };
        Prepared {
            content: words::content(text, &words),
            prints: words::fingerprints(&words, self.window),
            trace,
            spans: OnceCell::new(),
            words: words.len(),
        }
    }
}

impl Stage for Prepare {
    fn process(&self, document: &mut Document) -> Result<Verdict, StageError> {
        document.scratch.put(self.prepared(&document.text));
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

/// What the state is marked with; it changes when an earlier version could not read the files any more.
const FORMAT: &[u8] = b"2";
/// Of so many shingles in a row one stands for a text of which no passages are asked for.
const NEAR_WINDOW: usize = 9;
/// At most so many earlier documents are compared word by word, those with the most fingerprints in common.
const COMPARED: usize = 12;
/// At most so many earlier documents are looked at, those with the most fingerprints in common.
const LOOKED_AT: usize = 96;

/// An earlier document that has something in common with this one.
struct Source {
    number: u32,
    record: Record,
    hits: Vec<Hit>,
    /// Present where the two were compared word by word.
    trace: Option<Trace>,
    runs: Vec<Common>,
}

impl Dedup {
    /// A stage that remembers nothing yet.
    pub fn new(params: &DedupParams) -> Self {
        // A passage has at least one fingerprint; a near duplicate needs no more than that gives.
        let window = match params.passages {
            Passages::Off => NEAR_WINDOW,
            Passages::On { min_words } => min_words.clamp(SHINGLE, 12) + 1 - SHINGLE,
        };
        Self {
            params: params.clone(),
            prepare: Prepare {
                window,
                traces: params.passages != Passages::Off,
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
        same: &[(usize, Posting)],
        state: &dyn State,
    ) -> Result<Option<u32>, StateError> {
        for (_, posting) in same {
            let record = self.archive.get(posting.document, state)?;
            if record.content == prepared.content {
                return Ok(Some(posting.document));
            }
        }
        Ok(None)
    }

    /// The earlier documents that share fingerprints, those that share the most first.
    fn sources(
        &self,
        prepared: &Prepared,
        found: &[(usize, Posting)],
        state: &dyn State,
    ) -> Result<Vec<Source>, StateError> {
        let hits = near::hits(&prepared.prints, found);
        let mut shared: Vec<&[Hit]> = hits
            .chunk_by(|a, b| a.document == b.document)
            // One shared shingle is a phrase, unless it may stand in a passage.
            .filter(|hits| hits.len() > 1 || (self.prepare.traces && passages::promising(hits)))
            .collect();
        shared.sort_by_key(|hits| std::cmp::Reverse(hits.len()));
        shared.truncate(LOOKED_AT);
        let mut sources = Vec::with_capacity(shared.len());
        for (n, hits) in shared.into_iter().enumerate() {
            let number = hits[0].document;
            let record = self.archive.get(number, state)?;
            let trace = match self.prepare.traces && n < COMPARED {
                true => self.archive.trace(number, &record, state)?,
                false => None,
            };
            let mut hits = hits.to_vec();
            let runs = match &trace {
                Some(trace) => passages::runs(&prepared.trace, prepared.spans(), &mut hits, trace),
                None => Vec::new(),
            };
            sources.push(Source {
                number,
                record,
                hits,
                trace,
                runs,
            });
        }
        Ok(sources)
    }

    /// A member of the group that a text repeats best, and how much it shares with it.
    fn nearest(&self, prepared: &Prepared, sources: &[Source]) -> Option<(Record, f64)> {
        let words = prepared.words;
        let density = prepared.prints.len() as f64 / words.max(1) as f64;
        let mut groups: BTreeMap<u32, Vec<&Source>> = BTreeMap::new();
        for source in sources.iter().filter(|source| source.hits.len() > 1) {
            groups.entry(source.record.group).or_default().push(source);
        }
        let mut best: Option<(Record, f64)> = None;
        for members in groups.into_values() {
            let here = members
                .iter()
                .flat_map(|source| source.hits.iter().map(|hit| hit.at));
            let runs = members.iter().flat_map(|source| &source.runs);
            let mut similarity = near::similarity(here, words, density);
            if members.iter().any(|source| source.trace.is_some()) {
                similarity = similarity.min(near::span(runs.map(Common::here), words));
            }
            for source in &members {
                let there = source.record.words as usize;
                if there < words {
                    let places = source.hits.iter().map(|hit| hit.of_at);
                    let mut theirs = near::similarity(places, there, density);
                    if source.trace.is_some() {
                        theirs = theirs.min(near::span(source.runs.iter().map(Common::there), there));
                    }
                    similarity = similarity.max(theirs);
                }
            }
            if best.as_ref().is_none_or(|&(_, least)| similarity > least) {
                best = members.first().map(|source| (source.record, similarity));
            }
        }
        best.filter(|&(_, similarity)| similarity >= self.params.threshold)
    }

    /// Reports the passages of at least `least` words.
    fn report(document: &mut Document, prepared: &Prepared, sources: &[Source], least: usize) {
        let runs = sources.iter().flat_map(|source| {
            source.runs.iter().map(|&common| Run {
                document: source.number,
                common,
            })
        });
        let runs = passages::choose(runs.collect(), prepared.trace.words(), least);
        if runs.is_empty() {
            return;
        }
        let here = prepared.spans();
        let mut found = Vec::with_capacity(runs.len());
        for source in sources {
            let mine = || runs.iter().filter(|run| run.document == source.number);
            let count = mine().map(|run| run.common.of_start + run.common.words).max();
            let (Some(count), Some(trace)) = (count, &source.trace) else {
                continue;
            };
            let there = trace.spans(count);
            for Run { common, .. } in mine() {
                let same = |n: usize| {
                    let (start, end) = here[common.start + n];
                    let (of_start, of_end) = there[common.of_start + n];
                    (end - start == of_end - of_start).then_some(((start, end), (of_start, of_end)))
                };
                // A word at an end that is of another length only has the same hash.
                let first = (0..common.words).find_map(|n| Some((n, same(n)?)));
                let last = (0..common.words).rev().find_map(|n| Some((n, same(n)?)));
                if let (Some((first, begin)), Some((last, end))) = (first, last)
                    && last + 1 - first >= least
                {
                    found.push(Passage {
                        start: begin.0.0 as usize,
                        end: end.0.1 as usize,
                        of: source.record.id,
                        of_start: begin.1.0 as usize,
                        of_end: end.1.1 as usize,
                    });
                }
            }
        }
        found.sort_unstable_by_key(|passage| passage.start);
        if document.notes.is_some() {
            let points = CodePoints::new(&document.text);
            let notes: Vec<Note> = found
                .iter()
                .map(|passage| notes::passage(passage, &points))
                .collect();
            notes.into_iter().for_each(|note| document.note(|| note));
        }
        document.passages = found;
    }
}

impl OrderedStage for Dedup {
    fn open(&mut self, state: &mut dyn State) -> Result<(), StateError> {
        check_format(state, "dedup", FORMAT)?;
        self.index = Index::open(state)?;
        self.archive = Archive::open(state)?;
        Ok(())
    }

    fn process(&mut self, document: &mut Document, state: &mut dyn State) -> Result<Verdict, StageError> {
        let prepared = match document.scratch.take::<Prepared>() {
            Some(prepared) => prepared,
            None => self.prepare.prepared(&document.text),
        };
        let added = document.added.as_millisecond();
        let window = i64::try_from(self.params.window.0.as_millis()).unwrap_or(i64::MAX);
        self.archive.forget(added.saturating_sub(window), state)?;

        // The hash of the whole stands in the index as one more fingerprint.
        let whole = words::mix(prepared.content as u64) >> (u64::BITS - index::KEY_BITS);
        let keys: Vec<u64> = prepared
            .prints
            .iter()
            .map(|print| print.key())
            .chain([whole])
            .collect();
        let found = self.index.look_up(&keys, self.archive.floor, state)?;
        let (found, same) = found.split_at(found.partition_point(|&(n, _)| n < prepared.prints.len()));
        let sources = self.sources(&prepared, found, state)?;

        let exact = match self.params.exact {
            Action::Off => None,
            _ => self.exact(&prepared, same, state)?,
        };
        let (kind, action, group, similarity) = match exact {
            Some(number) => {
                let record = self.archive.get(number, state)?;
                (Some(DuplicateKind::Exact), self.params.exact, Some(record), 1.0)
            }
            None => match self.params.near {
                Action::Off => (None, Action::Off, None, 0.0),
                action => match self.nearest(&prepared, &sources) {
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
            if self.params.passages == Passages::Off
                && let (Some(Record { group, .. }), Some(_)) = (group, &document.notes)
            {
                notes::shared(document, &sources, group);
            }
            if action == Action::Reject {
                if let Passages::On { min_words } = self.params.passages
                    && document.notes.is_some()
                {
                    // Somebody wants to see what is shared.
                    Self::report(document, &prepared, &sources, min_words);
                }
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
            Self::report(document, &prepared, &sources, min_words);
        }

        let number = self.archive.next;
        let record = Record {
            id: document.id,
            content: prepared.content,
            group: group.map_or(number, |member| member.group),
            first: group.map_or(document.id, |member| member.first),
            words: u32::try_from(prepared.words).unwrap_or(u32::MAX),
            added,
            trace: (0, 0),
        };
        self.archive.push(&record, prepared.trace.bytes(), state)?;
        // What a duplicate shares with its group is not counted again, or a story that many reprint would pass
        // for furniture; nor is what many documents have.
        let mut seen = vec![0_usize; prepared.prints.len()];
        found.iter().for_each(|&(n, _)| seen[n] += 1);
        let whole = (exact.is_none() && same.len() < index::HOT).then_some(whole << u16::BITS);
        // Where there is a trace, it tells the places.
        let entry = |print: &Print| {
            let at = if self.prepare.traces {
                print.context()
            } else {
                print.at()
            };
            print.key() << u16::BITS | u64::from(at)
        };
        let fresh = prepared
            .prints
            .iter()
            .zip(seen)
            .filter(|&(_, seen)| seen < index::HOT && (group.is_none() || seen == 0))
            .map(|(print, _)| entry(print));
        self.index
            .insert(number, whole.into_iter().chain(fresh).collect(), state)?;
        Ok(Verdict::Keep)
    }

    fn tend(&mut self, state: &mut dyn State) -> Result<(), StateError> {
        self.index.tend(self.archive.floor, state)?;
        self.archive.tend(state)
    }
}

#[cfg(test)]
mod tests;
