use std::sync::atomic::{AtomicU64, Ordering};

use gristmill_journal::Totals;

/// What the pipeline has done since it started, readable from any thread at any moment.
///
/// `accepted = written + rejected + quarantined + in flight` holds in every [`Counts`]: what is in flight is
/// derived, and documents leave it only with the commit that makes them durable.
#[derive(Debug, Default)]
pub struct Counters {
    accepted: AtomicU64,
    written: AtomicU64,
    rejected: AtomicU64,
    quarantined: AtomicU64,
    batches: AtomicU64,
    files: AtomicU64,
    renewed: AtomicU64,
    refused: AtomicU64,
}

/// The counters at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Documents taken in.
    pub accepted: u64,
    /// Documents that are durable lines.
    pub written: u64,
    /// Documents that are durable rejects.
    pub rejected: u64,
    /// Inputs that are durable in quarantine.
    pub quarantined: u64,
    /// Batches committed.
    pub batches: u64,
    /// Files read to their end, durably.
    pub files: u64,
    /// Times that changed files were put in force on which a stage rests.
    pub renewed: u64,
    /// Times that such files could not be used.
    pub refused: u64,
}

impl Counts {
    /// Documents taken in and not durable yet.
    pub fn in_flight(&self) -> u64 {
        self.accepted - self.written - self.rejected - self.quarantined
    }
}

impl Counters {
    /// The counters now.
    pub fn now(&self) -> Counts {
        // What leaves is read before what enters, so the difference is never negative.
        let written = self.written.load(Ordering::Acquire);
        let rejected = self.rejected.load(Ordering::Acquire);
        let quarantined = self.quarantined.load(Ordering::Acquire);
        Counts {
            written,
            rejected,
            quarantined,
            accepted: self.accepted.load(Ordering::Acquire),
            batches: self.batches.load(Ordering::Relaxed),
            files: self.files.load(Ordering::Relaxed),
            renewed: self.renewed.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn accept(&self) {
        self.accepted.fetch_add(1, Ordering::AcqRel);
    }

    /// Documents that the books had already are not taken in a second time.
    pub(crate) fn withdraw(&self, documents: u64) {
        self.accepted.fetch_sub(documents, Ordering::AcqRel);
    }

    pub(crate) fn renew(&self, good: bool) {
        let counter = if good { &self.renewed } else { &self.refused };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn commit(&self, batch: Totals, files: u64) {
        self.written.fetch_add(batch.written, Ordering::AcqRel);
        self.rejected.fetch_add(batch.rejected, Ordering::AcqRel);
        self.quarantined.fetch_add(batch.quarantined, Ordering::AcqRel);
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.files.fetch_add(files, Ordering::Relaxed);
    }
}
