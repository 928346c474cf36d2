//! The labelled stream: what the model may learn from it, and how well a model places it.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::sync::Arc;

use gristmill_core::{DocumentId, MemoryState, OrderedStage};
use gristmill_story::{Features, Model, Stories, StoryParams};

use crate::corpus::Article;

/// A pair of an article and a story: its features, whether they belong together, the event of each.
pub(crate) struct Pair {
    pub(crate) features: Features,
    pub(crate) same: bool,
    pub(crate) events: [u32; 2],
}

/// A stream in which every labelled article is placed rightly.
struct Teaching {
    stories: Stories,
    state: MemoryState,
    /// The event of a story is that of its first labelled member.
    events: HashMap<DocumentId, u32>,
    pairs: Vec<Pair>,
}

impl Teaching {
    fn new(stories: Stories) -> Self {
        Self {
            stories,
            state: MemoryState::new(),
            events: HashMap::new(),
            pairs: Vec::new(),
        }
    }

    /// Places an article, one without label where `model` would, if there is one, else by itself.
    fn meet(
        &mut self,
        Article { document, event, .. }: &Article,
        model: Option<&Model>,
    ) -> Result<(), Box<dyn Error>> {
        let candidates = self.stories.candidates(document, &self.state)?;
        let mut to = None;
        if let Some(event) = event {
            for candidate in candidates {
                if let Some(other) = self.events.get(&candidate.story) {
                    let same = other == event;
                    self.pairs.push(Pair {
                        features: candidate.features,
                        same,
                        events: [*event, *other],
                    });
                    if same {
                        to = Some(candidate);
                    }
                }
            }
        } else if let Some(model) = model {
            let likeliest = model.likeliest(candidates);
            to = likeliest
                .filter(|(probability, _)| *probability >= model.threshold)
                .map(|(_, candidate)| candidate);
        }
        let story = to.as_ref().map_or(document.id, |candidate| candidate.story);
        if let Some(event) = event {
            self.events.entry(story).or_insert(*event);
        }
        self.stories.teach(document, to.as_ref(), &mut self.state)?;
        Ok(())
    }
}

fn new(model: &Arc<Model>) -> Stories {
    Stories::with_model(&StoryParams::default(), Arc::clone(model))
}

/// The pairs that the whole stream meets, those without label placed by `model` if `guess`.
pub(crate) fn pairs(
    articles: &[Article],
    model: &Arc<Model>,
    guess: bool,
) -> Result<Vec<Pair>, Box<dyn Error>> {
    let mut teaching = Teaching::new(new(model));
    for article in articles {
        teaching.meet(article, guess.then_some(model.as_ref()))?;
    }
    Ok(teaching.pairs)
}

/// The pairs that the articles of so many neighbouring events meet by themselves, with nothing known but what the
/// stage starts with: what a folder of a few files is.
pub(crate) fn few(
    articles: &[Article],
    model: &Arc<Model>,
    together: usize,
) -> Result<Vec<Pair>, Box<dyn Error>> {
    let mut order = Vec::new();
    let mut events: HashMap<u32, Vec<&Article>> = HashMap::new();
    for article in articles {
        if let Some(event) = article.event {
            let mine = events.entry(event).or_default();
            if mine.is_empty() {
                order.push(event);
            }
            mine.push(article);
        }
    }
    let cold = new(model);
    let mut pairs = Vec::new();
    for some in order.chunks(together) {
        let mut teaching = Teaching::new(cold.clone());
        for article in some.iter().flat_map(|event| &events[event]) {
            teaching.meet(article, None)?;
        }
        pairs.append(&mut teaching.pairs);
    }
    Ok(pairs)
}

/// The pairs of each article with those of its event and with the nearest of others, among all of them and as if there were
/// no more than the two. Articles of two events that are as `alike` may tell of one after all, and are left out.
pub(crate) fn nearest(
    articles: &[Article],
    model: &Arc<Model>,
    alike: f32,
) -> Result<Vec<Pair>, Box<dyn Error>> {
    const OTHERS: usize = 3;
    let mut taught: HashMap<DocumentId, &Article> = HashMap::new();
    let cold = new(model);
    let mut stories = cold.clone();
    let mut state = MemoryState::new();
    let mut pairs = Vec::new();
    for article in articles {
        let Some(event) = article.event else { continue };
        let mut near = stories.candidates(&article.document, &state)?;
        near.sort_by(|a, b| b.features[0].total_cmp(&a.features[0]));
        let mut others = 0;
        for candidate in &near {
            let Some(other) = taught.get(&candidate.story) else {
                continue;
            };
            let same = other.event == Some(event);
            others += usize::from(!same);
            if !same && (others > OTHERS || candidate.features[0] >= alike) {
                continue;
            }
            let mut alone = cold.clone();
            let mut state = MemoryState::new();
            alone.teach(&other.document, None, &mut state)?;
            let near = alone.candidates(&article.document, &state)?;
            for candidate in near.iter().chain([candidate]) {
                pairs.push(Pair {
                    features: candidate.features,
                    same,
                    events: [event, other.event.unwrap_or(event)],
                });
            }
        }
        stories.teach(&article.document, None, &mut state)?;
        taught.insert(article.document.id, article);
    }
    Ok(pairs)
}

/// The story of each article, as the stage places them with `model`.
pub(crate) fn place(articles: &mut [Article], model: &Arc<Model>) -> Result<Vec<DocumentId>, Box<dyn Error>> {
    let mut stories = new(model);
    let mut state = MemoryState::new();
    stories.open(&mut state)?;
    let mut placed = Vec::new();
    for Article { document, .. } in articles {
        stories.place(document, &mut state)?;
        placed.push(document.story.id.unwrap_or(document.id));
    }
    Ok(placed)
}

/// BCubed precision, recall and F1 over labelled articles, given as event and story.
pub(crate) fn bcubed(labelled: &[(u32, DocumentId)]) -> [f64; 3] {
    let mut events: BTreeMap<u32, f64> = BTreeMap::new();
    let mut stories: BTreeMap<DocumentId, f64> = BTreeMap::new();
    let mut both: BTreeMap<(u32, DocumentId), f64> = BTreeMap::new();
    for &(event, story) in labelled {
        *events.entry(event).or_default() += 1.0;
        *stories.entry(story).or_default() += 1.0;
        *both.entry((event, story)).or_default() += 1.0;
    }
    let all = labelled.len() as f64;
    let precision = labelled
        .iter()
        .map(|pair| both[pair] / stories[&pair.1])
        .sum::<f64>()
        / all;
    let recall = labelled
        .iter()
        .map(|pair| both[pair] / events[&pair.0])
        .sum::<f64>()
        / all;
    [precision, recall, 2.0 * precision * recall / (precision + recall)]
}
