//! The chain, cut at its ordered stages.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gristmill_core::{Built, Document, OrderedStage, Rejected, Stage, StageError, StateError, Verdict};
use gristmill_journal::StageState;

use crate::at_work::Mark;
use crate::record::{Failure, Fate};

/// A pure stage with its name in the configuration.
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
pub(crate) struct Chain {
    pub(crate) first: Piece,
    pub(crate) rest: Vec<(OrderedPiece, Piece)>,
}

impl Chain {
    /// Cuts `stages`, and opens the ordered ones over the state that `state` gives them.
    pub(crate) fn cut<E: From<StateError>>(
        stages: Vec<(String, Built)>,
        mut state: impl FnMut(&str) -> Result<StageState, E>,
    ) -> Result<Self, E> {
        let mut first = None;
        let mut rest: Vec<(OrderedPiece, Piece)> = Vec::new();
        let mut piece = Vec::new();
        let mut close = |piece: Vec<NamedStage>, rest: &mut Vec<(OrderedPiece, Piece)>| match rest.last_mut()
        {
            Some((_, after)) => *after = piece.into(),
            None => first = Some(Piece::from(piece)),
        };
        for (name, built) in stages {
            let name: Arc<str> = name.into();
            match built {
                Built::Pure(stage) => piece.push(NamedStage { name, stage }),
                Built::Ordered { prepare, ordered } => {
                    piece.extend(prepare.map(|stage| NamedStage {
                        name: Arc::clone(&name),
                        stage,
                    }));
                    close(std::mem::take(&mut piece), &mut rest);
                    let mut ordered = OrderedPiece {
                        stage: ordered,
                        state: state(&name)?,
                        name,
                    };
                    ordered.stage.open(&mut ordered.state)?;
                    rest.push((ordered, Piece::from([])));
                }
            }
        }
        close(piece, &mut rest);
        Ok(Self {
            first: first.unwrap_or_else(|| Piece::from([])),
            rest,
        })
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
