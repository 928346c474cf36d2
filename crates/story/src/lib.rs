//! Which articles tell the same event.
//!
//! Each article, as it arrives, joins the story that it most likely belongs to, or opens one; the decision is
//! final, since a line never changes. Articles are weighted terms of title and text (TF-IDF), whose document
//! frequencies start from a table trained on news and are learned on from the stream. Candidates are the
//! stories with a member in the window that shares terms; a small trained model (see [`Model`]) weighs how
//! like they are. Stories across languages are not found: no word is shared between them.
//!
//! ```
//! use gristmill_core::{Document, MemoryState};
//! use gristmill_story::{Stories, StoryParams};
//! let mut document = Document::from_text("a", "Leaders met in Baku to discuss peace.");
//! Stories::new(&StoryParams::default()).place(&mut document, &mut MemoryState::new())?;
//! assert_eq!(document.story.id, Some(document.id));
//! # Ok::<(), gristmill_core::StageError>(())
//! ```

mod frequencies;
mod memory;
mod model;
mod terms;

use std::collections::BTreeMap;
use std::sync::Arc;

use gristmill_core::{
    BuildEnv, BuildError, Built, Document, Note, OrderedStage, Period, Stage, StageError, StageFactory,
    State, StateError, Story, Verdict,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use frequencies::Frequencies;
pub use memory::Candidate;
use memory::{ARTICLES, Article, Memory, Vector};
pub use model::{FEATURES, Features, MODEL, Model};
pub use terms::{Term, terms};

/// The parameters of `story`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StoryParams {
    /// How far apart in time (`created`, else `added`) an article and the nearest of its story may be.
    pub window: Period,
    /// How likely it must be that an article belongs to a story for it to join, from 0 to 1; the model's own
    /// threshold where it is not given.
    pub threshold: Option<f32>,
}

impl Default for StoryParams {
    fn default() -> Self {
        Self {
            window: Period(std::time::Duration::from_secs(14 * 86_400)),
            threshold: None,
        }
    }
}

/// Builds the `story` stage.
pub struct StoryFactory;

impl StageFactory for StoryFactory {
    const NAME: &'static str = "story";
    const ABOUT: &'static str = "Puts articles on one event into one story, as they arrive.";
    const EXAMPLE: &'static str = "story: {window: 14d}";
    type Params = StoryParams;

    fn build(params: StoryParams, _: &BuildEnv) -> Result<Built, BuildError> {
        if params
            .threshold
            .is_some_and(|threshold| !(0.0..=1.0).contains(&threshold))
        {
            return Err(BuildError::new("threshold", "a number from 0 to 1"));
        }
        Ok(Built::Ordered {
            prepare: Some(Arc::new(Count)),
            ordered: Box::new(Stories::new(&params)),
        })
    }
}

/// The pure half: counts terms.
struct Count;

/// What the pure half leaves in the scratch: how often each term stands in the title and the text.
#[derive(Debug)]
struct Counts {
    all: BTreeMap<Term, u32>,
    title: BTreeMap<Term, u32>,
}

impl Counts {
    fn of(document: &Document) -> Self {
        /// A word of the title or of the first lines says more than one of the text.
        const PROMINENT: u32 = 2;
        const FIRST: usize = 400;
        let mut counts = Self {
            all: BTreeMap::new(),
            title: BTreeMap::new(),
        };
        for (term, _) in document.title.as_deref().into_iter().flat_map(terms) {
            *counts.title.entry(term).or_default() += 1;
            *counts.all.entry(term).or_default() += PROMINENT;
        }
        for (term, range) in terms(&document.text) {
            *counts.all.entry(term).or_default() += if range.start < FIRST { PROMINENT } else { 1 };
        }
        counts
    }
}

impl Stage for Count {
    fn process(&self, document: &mut Document) -> Result<Verdict, StageError> {
        let counts = Counts::of(document);
        document.scratch.put(counts);
        Ok(Verdict::Keep)
    }
}

/// The `most` weightiest terms, by term, with their weights scaled to length 1.
fn vector(counts: &BTreeMap<Term, u32>, frequencies: &Frequencies, most: usize) -> Vector {
    let weight =
        |(&term, &count): (&Term, &u32)| (term, (1.0 + (count as f32).ln()) * frequencies.rarity(term));
    let mut terms: Vector = counts
        .iter()
        .map(weight)
        .filter(|(_, weight)| *weight > 0.0)
        .collect();
    terms.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    terms.truncate(most);
    terms.sort_unstable_by_key(|&(term, _)| term);
    let length = terms
        .iter()
        .map(|(_, weight)| weight * weight)
        .sum::<f32>()
        .sqrt();
    terms.iter_mut().for_each(|(_, weight)| *weight /= length);
    terms
}

/// Articles a file of the state.
const SEGMENT: usize = 4_096;
/// Terms kept of an article.
const TERMS: usize = 96;

fn name(kind: &str, segment: usize) -> String {
    format!("{kind}-{segment:06}")
}

/// Finds the story of each article in a stream.
#[derive(Debug)]
pub struct Stories {
    params: StoryParams,
    frequencies: Frequencies,
    memory: Memory,
    /// The number of the next article.
    next: usize,
}

impl Stories {
    /// A stage that knows no story yet.
    pub fn new(params: &StoryParams) -> Self {
        Self {
            params: params.clone(),
            frequencies: Frequencies::start(),
            memory: Memory::default(),
            next: 0,
        }
    }

    /// Both halves in one, for use as a library.
    ///
    /// # Errors
    /// The state cannot be read or written.
    pub fn place(&mut self, document: &mut Document, state: &mut dyn State) -> Result<(), StageError> {
        OrderedStage::process(self, document, state).map(drop)
    }

    /// The stories that `document` may belong to, for training.
    pub fn candidates(&self, document: &Document) -> Vec<Candidate> {
        let (article, _) = self.article(document, &Counts::of(document));
        self.near(&article)
    }

    /// Places `document` into `story`, whatever the model says, for training.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn teach(
        &mut self,
        document: &Document,
        story: gristmill_core::DocumentId,
        state: &mut dyn State,
    ) -> Result<(), StateError> {
        let counts = Counts::of(document);
        let (mut article, _) = self.article(document, &counts);
        article.story = story;
        self.remember(article, &counts, state)
    }

    fn article(&self, document: &Document, counts: &Counts) -> (Article, i64) {
        let time = document.created.unwrap_or(document.added).as_millisecond();
        let article = Article {
            story: document.id,
            time,
            terms: vector(&counts.all, &self.frequencies, TERMS),
            title: vector(&counts.title, &self.frequencies, TERMS),
        };
        (article, time)
    }

    fn near(&self, article: &Article) -> Vec<Candidate> {
        let window = i64::try_from(self.params.window.0.as_millis()).unwrap_or(i64::MAX);
        self.memory
            .candidates(&article.terms, &article.title, article.time, window)
    }

    fn remember(
        &mut self,
        article: Article,
        counts: &Counts,
        state: &mut dyn State,
    ) -> Result<(), StateError> {
        let segment = self.next / SEGMENT;
        if self.next.is_multiple_of(SEGMENT) && segment > 0 {
            state.append(&name("frequencies", segment), &self.frequencies.to_bytes())?;
            let old = [
                (name("frequencies", segment - 1), true),
                (name("terms", segment - 1), true),
                (
                    name("articles", segment.wrapping_sub(ARTICLES / SEGMENT + 2)),
                    segment > ARTICLES / SEGMENT + 1,
                ),
            ];
            for (file, _) in old.iter().filter(|(_, due)| *due) {
                if state.len(file).is_some() {
                    state.remove(file)?;
                }
            }
        }
        state.append(&name("articles", segment), &article.encode())?;
        let mut bytes = (counts.all.len() as u32).to_le_bytes().to_vec();
        bytes.extend(counts.all.keys().flat_map(|term| term.to_le_bytes()));
        state.append(&name("terms", segment), &bytes)?;
        self.frequencies.add(counts.all.keys().copied());
        self.memory.push(article);
        self.next += 1;
        Ok(())
    }

    /// The words that tie `document` to the article `nearest`, the weightiest first.
    fn ties(&self, document: &Document, article: &Article, nearest: usize) -> Vec<String> {
        const SHOWN: usize = 12;
        let Some(other) = self.memory.get(nearest) else {
            return Vec::new();
        };
        let mut shared: Vec<(f32, Term)> = article
            .terms
            .iter()
            .filter_map(|&(term, weight)| {
                let found = other.terms.binary_search_by_key(&term, |&(term, _)| term).ok()?;
                Some((weight * other.terms[found].1, term))
            })
            .collect();
        shared.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let word = |term| {
            let title = document.title.as_deref().unwrap_or_default();
            [title, &document.text].into_iter().find_map(|text| {
                terms(text)
                    .find(|found| found.0 == term)
                    .map(|(_, range)| text[range].to_owned())
            })
        };
        shared
            .into_iter()
            .take(SHOWN)
            .filter_map(|(_, term)| word(term))
            .collect()
    }
}

fn read(file: &str, state: &dyn State) -> Result<Vec<u8>, StateError> {
    let mut bytes = vec![0; state.len(file).unwrap_or_default() as usize];
    if !bytes.is_empty() {
        state.read(file, 0, &mut bytes)?;
    }
    Ok(bytes)
}

impl OrderedStage for Stories {
    fn open(&mut self, state: &mut dyn State) -> Result<(), StateError> {
        *self = Self::new(&self.params);
        let files = state.files();
        let segments: Vec<usize> = files
            .iter()
            .filter_map(|file| file.strip_prefix("articles-")?.parse().ok())
            .collect();
        let Some(&last) = segments.last() else {
            return Ok(());
        };
        for segment in segments {
            let bytes = read(&name("articles", segment), state)?;
            let mut rest = &bytes[..];
            let mut count = 0;
            while let Some((article, following)) = Article::decode(rest) {
                self.memory.push(article);
                rest = following;
                count += 1;
            }
            self.next = segment * SEGMENT + count;
        }
        if last > 0 {
            let file = name("frequencies", last);
            self.frequencies = Frequencies::from_bytes(&read(&file, state)?)
                .ok_or_else(|| StateError::Invalid(format!("file {file} is not a table of frequencies")))?;
        }
        let bytes = read(&name("terms", last), state)?;
        let mut numbers = bytes
            .chunks_exact(4)
            .map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        while let Some(count) = numbers.next() {
            self.frequencies.add(numbers.by_ref().take(count as usize));
        }
        Ok(())
    }

    fn process(&mut self, document: &mut Document, state: &mut dyn State) -> Result<Verdict, StageError> {
        let counts = match document.scratch.take::<Counts>() {
            Some(counts) => counts,
            None => Counts::of(document),
        };
        let (mut article, _) = self.article(document, &counts);
        let mut best: Option<(f32, Candidate)> = None;
        for candidate in self.near(&article) {
            let probability = MODEL.probability(&candidate.features);
            if best.as_ref().is_none_or(|(most, _)| probability > *most) {
                best = Some((probability, candidate));
            }
        }
        let threshold = self.params.threshold.unwrap_or(MODEL.threshold);
        document.story = Story {
            id: Some(document.id),
            similarity: None,
        };
        if let Some((probability, candidate)) = best {
            let joins = probability >= threshold;
            if joins {
                article.story = candidate.story;
                document.story = Story {
                    id: Some(candidate.story),
                    similarity: Some(f64::from(probability)),
                };
            }
            if document.notes.is_some() {
                let ties = self.ties(document, &article, candidate.nearest);
                let says = if joins { "joins" } else { "does not join" };
                document.note(|| {
                    Note::new(format!("{says} story {}", candidate.story)).with(json!({
                        "probability": probability, "threshold": threshold, "shared": ties,
                        "features": candidate.features,
                    }))
                });
            }
        }
        self.remember(article, &counts, state)?;
        Ok(Verdict::Keep)
    }
}

#[cfg(test)]
mod tests;
