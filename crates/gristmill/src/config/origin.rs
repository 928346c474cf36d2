//! Where each key of the configuration was written.

use std::path::PathBuf;

/// Where a configuration was read from.
#[derive(Debug, Clone, Default)]
pub(super) struct Origin {
    /// The file.
    pub(super) file: PathBuf,
}
