//! The labelled stream: what the model may learn from it, and how well a model places it.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::sync::Arc;

use gristmill_core::{Document, DocumentId, MemoryState, OrderedStage};
use gristmill_story::{Features, Model, Stories, StoryParams};

use crate::corpus::Article;

/// A pair of an article and a story: its features, whether they belong together, the event of each, its weight.
pub(crate) struct Pair {
    pub(crate) features: Features,
    pub(crate) same: bool,
    pub(crate) events: [u32; 2],
}

/// The pairs that the stream meets when every labelled article is placed rightly and `model` places the others.
pub(crate) fn pairs(
    articles: &[Article],
    model: &Arc<Model>,
    guess: bool,
) -> Result<Vec<Pair>, Box<dyn Error>> {
    let mut stories = Stories::with_model(&StoryParams::default(), Arc::clone(model));
    let mut state = MemoryState::new();
    // The event of a story is that of its first labelled member.
    let mut events: HashMap<DocumentId, u32> = HashMap::new();
    let mut pairs = Vec::new();
    for Article { document, event, .. } in articles {
        let candidates = stories.candidates(document, &state)?;
        let mut to = None;
        if let Some(event) = event {
            for candidate in &candidates {
                if let Some(other) = events.get(&candidate.story) {
                    let same = other == event;
                    if same {
                        to = Some(candidate);
                    }
                    pairs.push(Pair {
                        features: candidate.features,
                        same,
                        events: [*event, *other],
                    });
                }
            }
        } else if guess {
            let likely = candidates
                .iter()
                .map(|candidate| (model.probability(&candidate.features), candidate));
            to = likely
                .filter(|(probability, _)| *probability >= model.threshold)
                .max_by(|a, b| a.0.total_cmp(&b.0))
                .map(|(_, candidate)| candidate);
        }
        let story = to.map_or(document.id, |candidate| candidate.story);
        if let Some(event) = event {
            events.entry(story).or_insert(*event);
        }
        stories.teach(document, to, &mut state)?;
    }
    Ok(pairs)
}

/// The features of articles that tell of different events, each with the stories of others that come nearest.
pub(crate) fn apart(documents: &[Document], model: &Arc<Model>) -> Result<Vec<Features>, Box<dyn Error>> {
    /// Articles more alike than this may tell of one event after all.
    const ALIKE: f32 = 0.4;
    const NEAREST: usize = 3;
    let mut stories = Stories::with_model(&StoryParams::default(), Arc::clone(model));
    let mut state = MemoryState::new();
    let mut apart = Vec::new();
    for document in documents {
        let mut near: Vec<Features> = stories
            .candidates(document, &state)?
            .into_iter()
            .map(|candidate| candidate.features)
            .collect();
        near.sort_unstable_by(|a, b| b[0].total_cmp(&a[0]));
        apart.extend(
            near.into_iter()
                .take(NEAREST)
                .filter(|features| features[0] < ALIKE),
        );
        stories.teach(document, None, &mut state)?;
    }
    Ok(apart)
}

/// The story of each article, as the stage places them with `model`.
pub(crate) fn place(articles: &mut [Article], model: &Arc<Model>) -> Result<Vec<DocumentId>, Box<dyn Error>> {
    let mut stories = Stories::with_model(&StoryParams::default(), Arc::clone(model));
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
