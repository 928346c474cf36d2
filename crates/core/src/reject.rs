use std::borrow::Cow;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Document, DocumentId, Reason, SCHEMA, Source};

/// The line written to `rejects/` for a document that a stage turned away.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rejected {
    /// The document's id.
    pub id: DocumentId,
    /// Where it came from.
    pub source: Source,
    /// The name of the stage that turned it away, or `source` where no stage saw it.
    pub stage: Cow<'static, str>,
    /// The reason as one word that programs can group by, such as `no_content` or `duplicate`.
    pub reason: Cow<'static, str>,
    /// The reason for people, where there is more to say.
    pub detail: Option<String>,
    /// The earlier document that the decision refers to, if any.
    pub of: Option<DocumentId>,
    /// When gristmill took the document in (UTC, RFC 3339, milliseconds).
    #[serde(serialize_with = "crate::document::milliseconds")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub added: Timestamp,
    /// The version of this record's shape.
    pub schema: u32,
}

impl Rejected {
    /// The reject line of `document`, turned away by `stage` for `reason`.
    pub fn new(document: &Document, stage: impl Into<Cow<'static, str>>, reason: Reason) -> Self {
        Self {
            id: document.id,
            source: document.source.clone(),
            stage: stage.into(),
            reason: reason.reason,
            detail: reason.detail,
            of: reason.of,
            added: document.added,
            schema: SCHEMA,
        }
    }
}
