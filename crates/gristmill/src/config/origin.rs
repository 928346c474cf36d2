//! Where the keys of the configuration were written.

use std::path::PathBuf;

use super::problem::Problem;
use super::tree::{Marks, Place};

/// Where a configuration was read from.
#[derive(Debug, Clone, Default)]
pub(super) struct Origin {
    /// The file.
    pub(super) file: PathBuf,
    /// Where its keys are in it.
    pub(super) marks: Marks,
}

impl Origin {
    /// Something wrong with the value at `key`, or where that is not written, with what it belongs to.
    pub(super) fn problem(&self, key: &str, message: impl Into<String>) -> Problem {
        let written = key
            .match_indices(['.', '['])
            .map(|(at, _)| &key[..at])
            .chain([key])
            .filter_map(|path| self.marks.get(path))
            .next_back();
        let place = written.map_or(Place::Nowhere, |mark| mark.value.clone());
        Problem::new(&self.file, message).key(key).at(&place)
    }
}
