//! Takes files through the chain without touching books or output, and keeps what each stage did.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gristmill_core::{
    BasisFile, Built, Document, DocumentId, MemoryState, Note, OrderedStage, Reason, Source, Stage,
    StageError, State, Verdict,
};
use gristmill_journal::{Journal, JournalError, Ledger};
use gristmill_source::{Content, Inbox, Item};
use serde_json::Value;

use crate::PipelineError;
use crate::chain::guarded;

/// What the chain made of one record.
#[derive(Debug)]
pub struct Explanation {
    /// The document's id.
    pub id: DocumentId,
    /// Where it came from.
    pub source: Source,
    /// Whether the books had this document before; then what the stages found in their memory may be itself.
    pub known: bool,
    /// What each stage did, as far as the document came.
    pub steps: Vec<Step>,
    /// What became of it.
    pub ending: Ending,
}

/// What one stage did.
#[derive(Debug)]
pub struct Step {
    /// The stage's name in the chain.
    pub stage: String,
    /// The files that it rests on.
    pub basis: Vec<BasisFile>,
    /// How long it took.
    pub took: Duration,
    /// The keys of the record that it changed, with the values before and after, such as `metadata.author`.
    pub changes: Vec<Change>,
    /// What it decided and why.
    pub notes: Vec<Note>,
}

/// A key of the record with its values before and after a stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The key, with its parent before a dot where it has one.
    pub key: String,
    /// What stood there before.
    pub before: Value,
    /// What stands there now.
    pub after: Value,
}

/// What became of a record.
#[derive(Debug)]
pub enum Ending {
    /// It would be this line.
    Written(Box<Document>),
    /// The stage (or `source`) would turn it away.
    Rejected {
        /// The stage.
        stage: String,
        /// Why.
        reason: Reason,
    },
    /// It would go to quarantine.
    Failed {
        /// The stage that failed, or `source`.
        stage: String,
        /// The reason as one word.
        reason: String,
        /// The reason for people.
        detail: String,
    },
}

/// A chain for looking at documents, over a copy of what the ordered stages know.
pub struct Explainer {
    chain: Vec<Link>,
    ledger: Option<Ledger>,
}

struct Link {
    name: String,
    pure: Option<Arc<dyn Stage>>,
    ordered: Option<(Box<dyn OrderedStage>, Box<dyn State>)>,
}

impl Explainer {
    /// Sets up the chain of `stages` over what the books in `state` say at this moment, or over an empty memory
    /// where there are no books yet or none are named. A daemon may be at work beside it.
    ///
    /// # Errors
    /// The books cannot be read.
    pub fn new(stages: Vec<(String, Built)>, state: Option<&Path>) -> Result<Self, PipelineError> {
        let books = match state.map(|state| Ledger::open(state).map(|ledger| (state, ledger))) {
            Some(Ok(books)) => Some(books),
            None | Some(Err(JournalError::Absent { .. })) => None,
            Some(Err(error)) => return Err(error.into()),
        };
        let mut chain = Vec::new();
        for (name, built) in stages {
            let (pure, ordered) = match built {
                Built::Pure(stage) => (Some(stage), None),
                Built::Ordered { prepare, mut ordered } => {
                    let mut memory: Box<dyn State> = match books {
                        Some((state, _)) => Box::new(Journal::peek_stage_state(state, &name)?),
                        None => Box::new(MemoryState::new()),
                    };
                    ordered.open(&mut *memory)?;
                    (prepare, Some((ordered, memory)))
                }
            };
            chain.push(Link { name, pure, ordered });
        }
        let ledger = books.map(|(_, ledger)| ledger);
        Ok(Self { chain, ledger })
    }

    /// Takes all records of the file at `path` through the chain, or `only` the one of that number. Files explained one after the other know of
    /// each other as if they had arrived so.
    ///
    /// # Errors
    /// There is no such file, or the books cannot be read.
    pub fn explain(
        &mut self,
        inbox: &Inbox,
        path: &Path,
        only: Option<u64>,
        visit: &mut dyn FnMut(Explanation) -> ControlFlow<()>,
    ) -> Result<(), PipelineError> {
        let file = inbox.find(path).map_err(PipelineError::Source)?;
        let mut result = Ok(());
        inbox.read(&file, only.unwrap_or(0), &mut |item| {
            let Item::Record(record) = item else {
                return ControlFlow::Continue(());
            };
            match self.record(*record) {
                Ok(explanation) if only.is_none() => visit(explanation),
                Ok(explanation) => {
                    // One was asked for, whatever comes after it.
                    let _ = visit(explanation);
                    ControlFlow::Break(())
                }
                Err(error) => {
                    result = Err(error);
                    ControlFlow::Break(())
                }
            }
        });
        result
    }

    fn record(&mut self, record: gristmill_source::Record) -> Result<Explanation, PipelineError> {
        let known = match &self.ledger {
            Some(ledger) => ledger.document(&record.id)?.is_some(),
            None => false,
        };
        let mut steps = Vec::new();
        let ending = match record.content {
            Content::Document(mut document) => {
                document.notes = Some(Vec::new());
                let mut ending = None;
                for link in &mut self.chain {
                    let (step, end) = link.step(&mut document)?;
                    steps.push(step);
                    if end.is_some() {
                        ending = end;
                        break;
                    }
                }
                ending.unwrap_or(Ending::Written(document))
            }
            Content::Empty => Ending::Rejected {
                stage: "source".to_owned(),
                reason: Reason::new("empty"),
            },
            Content::Fault(fault) => Ending::Failed {
                stage: "source".to_owned(),
                reason: fault.reason.to_string(),
                detail: fault.detail,
            },
        };
        Ok(Explanation {
            id: record.id,
            source: record.source,
            known,
            steps,
            ending,
        })
    }
}

impl Link {
    fn step(&mut self, document: &mut Document) -> Result<(Step, Option<Ending>), PipelineError> {
        let before = keys(document);
        let started = Instant::now();
        let outcome = guarded(|| self.process(document));
        let took = started.elapsed();
        let changes = changes(before, keys(document));
        let notes = document.notes.replace(Vec::new()).unwrap_or_default();
        let failed = |reason: &str, detail| Ending::Failed {
            stage: self.name.clone(),
            reason: reason.to_owned(),
            detail,
        };
        let ending = match outcome {
            Ok(Ok(Verdict::Keep)) => None,
            Ok(Ok(Verdict::Reject(reason))) => Some(Ending::Rejected {
                stage: self.name.clone(),
                reason,
            }),
            Ok(Err(StageError::State(error))) => return Err(error.into()),
            Ok(Err(error)) => Some(failed("error", error.to_string())),
            Err(message) => Some(failed("panic", message)),
        };
        if matches!(ending, Some(Ending::Failed { .. }))
            && let Some((ordered, memory)) = &mut self.ordered
        {
            ordered.open(&mut **memory)?;
        }
        let stage = self.name.clone();
        let basis = self.pure.as_ref().and_then(|stage| stage.basis());
        let step = Step {
            stage,
            basis: basis.map(|basis| basis.files()).unwrap_or_default(),
            took,
            changes,
            notes,
        };
        Ok((step, ending))
    }

    fn process(&mut self, document: &mut Document) -> Result<Verdict, StageError> {
        if let Some(pure) = &self.pure {
            let verdict = pure.process(document)?;
            if self.ordered.is_none() || verdict != Verdict::Keep {
                return Ok(verdict);
            }
        }
        match &mut self.ordered {
            Some((ordered, memory)) => ordered.process(document, &mut **memory),
            None => Ok(Verdict::Keep),
        }
    }
}

/// The record's keys in order, those of nested objects after their parent's name and a dot.
fn keys(document: &Document) -> Vec<(String, Value)> {
    let Ok(Value::Object(record)) = serde_json::to_value(document) else {
        return Vec::new();
    };
    let mut keys = Vec::new();
    for (key, value) in record {
        match value {
            Value::Object(inner) => {
                keys.extend(
                    inner
                        .into_iter()
                        .map(|(sub, value)| (format!("{key}.{sub}"), value)),
                );
            }
            value => keys.push((key, value)),
        }
    }
    keys
}

fn changes(before: Vec<(String, Value)>, after: Vec<(String, Value)>) -> Vec<Change> {
    let mut old: std::collections::HashMap<_, _> = before.into_iter().collect();
    let changed = after.into_iter().filter_map(|(key, after)| {
        let before = old.remove(&key).unwrap_or(Value::Null);
        (before != after).then_some(Change { key, before, after })
    });
    changed.collect()
}
