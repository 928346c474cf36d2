//! The stage: both halves, what they remember, and what they say.

use std::sync::Arc;

use gristmill_core::{
    BuildEnv, BuildError, Built, Document, DocumentId, Note, OrderedStage, Period, Stage, StageError,
    StageFactory, State, StateError, Story, Verdict, check_format,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::article::{Article, Shared};
use crate::features::{Around, Features, NAMES, Standing, best, features};
use crate::index::SEGMENT;
use crate::learned::Learned;
use crate::memory::{Joined, Memory, Near};
use crate::model::Model;
use crate::sketch::{Sketch, flag};
use crate::terms::{Term, words};

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

impl Stage for Count {
    fn process(&self, document: &mut Document) -> Result<Verdict, StageError> {
        let sketch = Sketch::of(document);
        document.scratch.put(sketch);
        Ok(Verdict::Keep)
    }
}

/// A story that an article may belong to.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The id of the story's first document.
    pub story: DocumentId,
    /// What the model judges by.
    pub features: Features,
    joined: Joined,
    /// What the article shares with the member most like it.
    shared: Vec<Shared>,
}

/// Finds the story of each article in a stream.
#[derive(Debug, Clone)]
pub struct Stories {
    params: StoryParams,
    model: Arc<Model>,
    learned: Learned,
    memory: Memory,
}

/// What the state is marked with; it changes when an earlier version could not read the files any more.
const FORMAT: &[u8] = b"5";

impl Stories {
    /// A stage that knows no story yet.
    pub fn new(params: &StoryParams) -> Self {
        Self::with_model(params, Arc::new(Model::default()))
    }

    /// A stage that judges by `model`.
    pub fn with_model(params: &StoryParams, model: Arc<Model>) -> Self {
        Self {
            params: params.clone(),
            model,
            learned: Learned::default(),
            memory: Memory::default(),
        }
    }

    /// Cuts what is remembered into segments of so many articles instead of 16,384, the most there may be, so that a test need not
    /// feed thousands to see one close. A state must be opened with the number that it was begun with.
    #[must_use]
    pub fn with_segments(mut self, articles: u16) -> Self {
        self.memory = Memory::new(u32::from(articles).clamp(1, SEGMENT));
        self
    }

    /// Both halves in one, for use as a library.
    ///
    /// # Errors
    /// The state cannot be read or written.
    pub fn place(&mut self, document: &mut Document, state: &mut dyn State) -> Result<(), StageError> {
        OrderedStage::process(self, document, state).map(drop)
    }

    /// The stories that `document` may belong to, for training.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn candidates(
        &mut self,
        document: &Document,
        state: &dyn State,
    ) -> Result<Vec<Candidate>, StateError> {
        let article = self.article(document, &Sketch::of(document));
        self.near(&article, state)
    }

    /// Places `document` into the story of the candidate, or into one of its own, whatever the model says, for
    /// training.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn teach(
        &mut self,
        document: &Document,
        story: Option<&Candidate>,
        state: &mut dyn State,
    ) -> Result<(), StateError> {
        let sketch = Sketch::of(document);
        let mut article = self.article(document, &sketch);
        if let Some(story) = story {
            article.story = story.story;
        }
        let story = story.map(|story| story.joined);
        self.remember(article, story, &sketch, document, state)
    }

    fn article(&mut self, document: &Document, sketch: &Sketch) -> Article {
        let frequencies = self.learned.frequencies(&self.model);
        Article::new(sketch, frequencies, self.model.space(), document)
    }

    fn window(&self) -> i64 {
        i64::try_from(self.params.window.0.as_millis()).unwrap_or(i64::MAX)
    }

    fn near(&mut self, article: &Article, state: &dyn State) -> Result<Vec<Candidate>, StateError> {
        let near = self.memory.near(article, self.window(), state)?;
        let standings: Vec<Standing> = near.iter().map(|near| Standing::of(&near.members)).collect();
        let around = Around::new(article, &near);
        let candidate = |(n, near): (usize, Near)| {
            let Near { story, members } = near;
            let others = Standing::of_others(&standings, n);
            let features = features(article, &members, others, &around);
            let best = best(&members);
            let nearest = members.into_iter().nth(best)?;
            Some(Candidate {
                story: nearest.article.story,
                features,
                joined: story,
                shared: nearest.shared,
            })
        };
        Ok(near.into_iter().enumerate().filter_map(candidate).collect())
    }

    fn remember(
        &mut self,
        mut article: Article,
        joined: Option<Joined>,
        sketch: &Sketch,
        document: &Document,
        state: &mut dyn State,
    ) -> Result<(), StateError> {
        let segment = self.memory.segment();
        let came = document.added.as_millisecond();
        if self.memory.is_full() && segment > 0 {
            self.memory.turn(came, self.window(), state)?;
            self.learned.turn(segment, &self.model, state)?;
        }
        self.learned.add(sketch, &self.model, segment, state)?;
        self.memory.push(&mut article, joined, came, state)
    }

    /// The words and names of `document` among `shared`, the weightiest first.
    fn ties(document: &Document, shared: &[Shared]) -> (Vec<String>, Vec<String>) {
        const SHOWN: usize = 12;
        let mut both: Vec<(f32, Term, bool)> = shared
            .iter()
            .map(|&Shared { mine, other, .. }| {
                let name = mine.has(flag::NAME) && other.has(flag::NAME);
                (mine.weight() * other.weight(), mine.term, name)
            })
            .collect();
        both.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let title = document.title.as_deref().unwrap_or_default();
        let word = |term| {
            [&document.text, title].into_iter().find_map(|text| {
                words(text)
                    .find(|word| word.term == term)
                    .map(|word| text[word.range].to_owned())
            })
        };
        let shown = |names: bool| {
            let kind = both.iter().filter(|(.., name)| *name == names);
            kind.filter_map(|&(_, term, _)| word(term)).take(SHOWN).collect()
        };
        (shown(false), shown(true))
    }
}

impl OrderedStage for Stories {
    fn open(&mut self, state: &mut dyn State) -> Result<(), StateError> {
        check_format(state, "story", FORMAT)?;
        self.memory = Memory::open(self.memory.size(), state)?;
        self.learned = match self.memory.next().checked_sub(1) {
            Some(last) => Learned::open(last / self.memory.size(), &self.model, state)?,
            None => Learned::default(),
        };
        Ok(())
    }

    fn process(&mut self, document: &mut Document, state: &mut dyn State) -> Result<Verdict, StageError> {
        let sketch = match document.scratch.take::<Sketch>() {
            Some(sketch) => sketch,
            None => Sketch::of(document),
        };
        let mut article = self.article(document, &sketch);
        let near = self.near(&article, state)?;
        let best = self.model.likeliest(near);
        /// So many shared names and words are said; the evidence has more.
        const SAID: usize = 6;
        let threshold = self.params.threshold.unwrap_or(self.model.threshold);
        document.story = Story {
            id: Some(document.id),
            similarity: None,
        };
        let mut joined = None;
        if let Some((probability, candidate)) = best {
            let joins = probability >= threshold;
            if joins {
                joined = Some(candidate.joined);
                article.story = candidate.story;
                document.story = Story {
                    id: Some(candidate.story),
                    similarity: Some(f64::from(probability)),
                };
            }
            if document.notes.is_some() {
                let (words, names) = Self::ties(document, &candidate.shared);
                let says = if joins { "joins" } else { "does not join" };
                let features: serde_json::Map<_, _> = NAMES
                    .iter()
                    .zip(candidate.features)
                    .map(|(name, value)| ((*name).to_owned(), json!(value)))
                    .collect();
                let mut says = format!("{says} story {}, {probability:.2} likely", candidate.story);
                for (kind, shared) in [("names", &names), ("words", &words)] {
                    if !shared.is_empty() {
                        let few = &shared[..shared.len().min(SAID)];
                        says += &format!("; {kind} {}", few.join(", "));
                    }
                }
                document.note(|| {
                    Note::new(says).with(json!({
                        "probability": probability, "threshold": threshold, "names": names, "words": words,
                        "features": features,
                    }))
                });
            }
        }
        self.remember(article, joined, &sketch, document, state)?;
        Ok(Verdict::Keep)
    }

    fn tend(&mut self, state: &mut dyn State) -> Result<(), StateError> {
        let (segment, size) = (self.memory.segment(), self.memory.size());
        self.memory.tend(state)?;
        self.learned.tend(segment, self.memory.next() % size, size, state)
    }
}
