use serde::Serialize;
use serde_json::Value;

/// One thing that a stage wants `gristmill explain` to say about a document: a decision with its evidence.
///
/// Stages give notes through [`Document::note`](crate::Document::note), which costs nothing unless a person
/// asked for an explanation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Note {
    /// What was decided or found, as a sentence or a short phrase for people.
    pub says: String,
    /// The same for programs: scores, rules, offsets. `null` where the sentence says all.
    pub evidence: Value,
}

impl Note {
    /// A note that is a sentence alone.
    pub fn new(says: impl Into<String>) -> Self {
        Self {
            says: says.into(),
            evidence: Value::Null,
        }
    }

    /// Adds what programs may want to know about it.
    pub fn with(mut self, evidence: Value) -> Self {
        self.evidence = evidence;
        self
    }
}
