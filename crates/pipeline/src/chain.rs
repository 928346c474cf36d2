//! The chain, cut at its ordered stages.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gristmill_core::{
    Basis, Built, Document, OrderedStage, Rejected, Stage, StageError, StateError, Verdict,
};
use gristmill_journal::StageState;

use crate::at_work::Mark;
use crate::record::{Failure, Fate};

/// A pure stage with its name in the configuration.
#[derive(Clone)]
pub(crate) struct NamedStage {
    pub(crate) name: Arc<str>,
    pub(crate) stage: Arc<dyn Stage>,
}

/// Pure stages that follow each other, run whole on one worker.
pub(crate) type Piece = Arc<[NamedStage]>;

/// An ordered stage with its state.
pub(crate) struct OrderedPiece {
    pub(crate) name: Arc<str>,
    stage: Box<dyn OrderedStage>,
    pub(crate) state: StageState,
}

/// A chain as the pipeline runs it: a first piece of pure work, then by turns an ordered stage and the pure
/// work that follows it. The pure half of an ordered stage belongs to the piece before it.
///
/// The first piece runs ahead of the batches. Where a stage in it rests on files that may change, it ends before that
/// stage, and what follows waits for its batch.
pub(crate) struct Chain {
    pub(crate) first: Piece,
    /// The pure work of a batch before its first ordered stage.
    pub(crate) second: Piece,
    pub(crate) rest: Vec<(OrderedPiece, Piece)>,
    /// The stages that rest on files.
    resting: Vec<NamedStage>,
}

impl Chain {
    /// Cuts `stages`, and opens the ordered ones over the state that `state` gives them.
    pub(crate) fn cut<E: From<StateError>>(
        stages: Vec<(String, Built)>,
        mut state: impl FnMut(&str) -> Result<StageState, E>,
    ) -> Result<Self, E> {
        // The first two pieces, then one after each ordered stage.
        let mut pieces = vec![Vec::new(), Vec::new()];
        let mut at = 0;
        let mut between = Vec::new();
        let mut resting = Vec::new();
        for (name, built) in stages {
            let name: Arc<str> = name.into();
            let (pure, ordered) = match built {
                Built::Pure(stage) => (Some(stage), None),
                Built::Ordered { prepare, ordered } => (prepare, Some(ordered)),
            };
            if let Some(stage) = pure {
                let stage = NamedStage {
                    name: Arc::clone(&name),
                    stage,
                };
                if stage.stage.basis().is_some() {
                    at = at.max(1);
                    resting.push(stage.clone());
                }
                pieces[at].push(stage);
            }
            if let Some(mut stage) = ordered {
                let mut state = state(&name)?;
                stage.open(&mut state)?;
                between.push(OrderedPiece { name, stage, state });
                at = pieces.len();
                pieces.push(Vec::new());
            }
        }
        let mut pieces = pieces.into_iter().map(Piece::from);
        let mut next = || pieces.next().unwrap_or_else(|| Piece::from([]));
        Ok(Self {
            first: next(),
            second: next(),
            rest: between.into_iter().map(|ordered| (ordered, next())).collect(),
            resting,
        })
    }

    /// The stages that rest on files, by name.
    pub(crate) fn bases(&self) -> impl Iterator<Item = (&str, &dyn Basis)> {
        let resting = self.resting.iter();
        resting.filter_map(|NamedStage { name, stage }| Some((&**name, stage.basis()?)))
    }

    /// The states of the ordered stages.
    pub(crate) fn states(&mut self) -> impl Iterator<Item = &mut StageState> {
        self.rest.iter_mut().map(|(ordered, _)| &mut ordered.state)
    }
}

impl OrderedPiece {
    /// Takes one document through the stage. What a failed document did is taken back.
    pub(crate) fn process(&mut self, mut document: Box<Document>) -> Result<Fate, StateError> {
        self.state.mark();
        let Self { stage, state, .. } = self;
        let outcome = guarded(|| stage.process(&mut document, state));
        let failure = match outcome {
            Ok(Ok(verdict)) => return Ok(decide(&self.name, document, verdict)),
            Ok(Err(StageError::State(error))) => return Err(error),
            Ok(Err(error)) => Failure::error(&self.name, &error),
            Err(message) => Failure::panic(&self.name, &message),
        };
        self.state.undo();
        self.stage.open(&mut self.state)?;
        Ok(Fate::Failed(failure))
    }

    /// Gives the stage its moment before the batch becomes durable.
    pub(crate) fn tend(&mut self) -> Result<(), StateError> {
        self.state.mark();
        self.stage.tend(&mut self.state)
    }
}

/// Takes one document through a piece. `at` and `mark` follow which stage is at work.
pub(crate) fn run(piece: &[NamedStage], mut document: Box<Document>, at: &AtomicUsize, mark: &Mark) -> Fate {
    for (number, NamedStage { name, stage }) in piece.iter().enumerate() {
        at.store(number, Ordering::Relaxed);
        mark.set(&document.id, name);
        match guarded(|| stage.process(&mut document)) {
            Ok(Ok(Verdict::Keep)) => {}
            Ok(Ok(verdict)) => return decide(name, document, verdict),
            Ok(Err(error)) => return Fate::Failed(Failure::error(name, &error)),
            Err(message) => return Fate::Failed(Failure::panic(name, &message)),
        }
    }
    Fate::Kept(document)
}

fn decide(name: &Arc<str>, document: Box<Document>, verdict: Verdict) -> Fate {
    match verdict {
        Verdict::Keep => Fate::Kept(document),
        Verdict::Reject(reason) => {
            Fate::Rejected(Box::new(Rejected::new(&document, name.to_string(), reason)))
        }
    }
}

/// Runs `work`, and gives the message of a panic. A pure stage keeps nothing that a panic could leave broken,
/// and an ordered one is opened anew.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| message(&*payload))
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("unknown panic")
        .to_owned()
}
