//! Records that are too long to be kept whole.

use gristmill_core::Sha256;
use sha2::Digest;

/// The length and hash of a record of which only the beginning is kept.
#[derive(Default)]
pub(crate) struct Overlong(Option<(u64, sha2::Sha256)>);

impl Overlong {
    /// `more` follows `kept` and what was added before.
    pub(crate) fn add(&mut self, kept: &[u8], more: &[u8]) {
        let (length, hash) = self
            .0
            .get_or_insert_with(|| (kept.len() as u64, sha2::Sha256::new_with_prefix(kept)));
        *length += more.len() as u64;
        hash.update(more);
    }

    /// What was added, if anything was.
    pub(crate) fn full(self) -> Option<(u64, Sha256)> {
        self.0
            .map(|(length, hash)| (length, Sha256::from_bytes(hash.finalize().into())))
    }
}
