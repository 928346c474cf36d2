//! What the stage knows before the first article.

use std::borrow::Cow;

use crate::features::{FEATURES, Features};
use crate::frequencies::Frequencies;
use crate::meaning::Space;
use crate::stage::Candidate;
use crate::trees::Trees;

/// The trained part: `examples/train_story` writes it, `model/README.md` says from what.
#[derive(Debug, Clone)]
pub struct Model {
    frequencies: Cow<'static, [u8]>,
    space: Space,
    trees: Trees<FEATURES>,
    /// An article joins the best story that is at least so likely.
    pub threshold: f32,
}

impl Model {
    /// A model of these parts, each as the training wrote it; none if they are not such.
    pub fn new(
        frequencies: impl Into<Cow<'static, [u8]>>,
        meaning: &[u8],
        trees: &[u8],
        threshold: f32,
    ) -> Option<Self> {
        Some(Self {
            frequencies: frequencies.into(),
            space: Space::new(meaning)?,
            trees: Trees::new(trees)?,
            threshold,
        })
    }

    /// Of the stories that an article may belong to, the one that it most likely does, the first of those that are as likely;
    /// with the probability.
    pub fn likeliest(&self, candidates: Vec<Candidate>) -> Option<(f32, Candidate)> {
        let features: Vec<Features> = candidates.iter().map(|candidate| candidate.features).collect();
        let likely = self.trees.probabilities(&features).into_iter().zip(candidates);
        likely.reduce(|best, other| if other.0 > best.0 { other } else { best })
    }

    pub(crate) fn frequencies(&self) -> Frequencies {
        let start = Frequencies::start(&self.frequencies);
        gristmill_pages::give_back(&self.frequencies);
        start
    }

    pub(crate) fn space(&self) -> &Space {
        &self.space
    }
}

impl Default for Model {
    /// The model that the stage comes with.
    fn default() -> Self {
        const THRESHOLD: f32 = 0.46;
        const MEANING: &[u8] = include_bytes!("../model/meaning.bin");
        let trained = Self::new(
            &include_bytes!("../model/frequencies.bin")[..],
            MEANING,
            include_bytes!("../model/trees.bin"),
            THRESHOLD,
        );
        gristmill_pages::give_back(MEANING);
        trained.unwrap_or_else(|| Self {
            frequencies: Cow::Borrowed(&[]),
            space: Space::default(),
            trees: Trees::default(),
            threshold: THRESHOLD,
        })
    }
}
