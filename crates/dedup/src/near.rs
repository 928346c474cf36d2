//! Which earlier document, if any, a document is a near copy of.
//!
//! Shared fingerprints say *where* two texts agree. A copy, even a shortened and edited one, agrees all over the
//! shorter of the two; a shared caption gallery or footer agrees in one block. So the measure is coverage: the
//! share of stretches of some [`STRETCH`] words of the shorter text in which something rare is shared. Where the texts
//! can be compared word by word, what they share must reach as far: a few long blocks touch more stretches than they fill.

use std::ops::Range;

use crate::index::{HOT, Posting};
use crate::trace::Common;
use crate::words::{MOST, Print, SHINGLE};

/// Words a stretch, unless that would hold fewer fingerprints than [`PRINTS`].
const STRETCH: usize = 40;
/// Fingerprints a stretch: with so many, one survives an edit in each sentence.
const PRINTS: f64 = 11.0;

/// A place where this text and an earlier one have the same shingle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    /// The earlier document's number.
    pub(crate) document: u32,
    /// The number of the shingle's first word here.
    pub(crate) at: u16,
    /// The same there; where there is a trace, its context until that is read.
    pub(crate) of_at: u16,
    /// The context here.
    pub(crate) context: u16,
}

/// The hits by document and place, furniture left out. `found` has the numbers of `prints` in order.
pub(crate) fn hits(prints: &[Print], found: &[(usize, Posting)]) -> Vec<Hit> {
    let mut hits = Vec::with_capacity(found.len());
    for same in found.chunk_by(|a, b| a.0 == b.0) {
        let Some(print) = same.first().and_then(|&(n, _)| prints.get(n)) else {
            continue;
        };
        if same.len() < HOT {
            hits.extend(same.iter().map(|(_, posting)| Hit {
                document: posting.document,
                at: print.at(),
                of_at: posting.at,
                context: print.context(),
            }));
        }
    }
    hits.sort_unstable_by_key(|hit| (hit.document, hit.at));
    hits
}

/// Hits that follow each other at most so many words apart, as many there as here, are shown as one stretch.
const APART: usize = 2 * SHINGLE + 4;

/// The stretches that the `hits` of one document, sorted by place, make: their shingles and what stands between
/// them.
pub(crate) fn stretches(hits: &[Hit]) -> Vec<Common> {
    let mut stretches: Vec<Common> = Vec::new();
    for hit in hits {
        let (start, of_start) = (usize::from(hit.at), usize::from(hit.of_at));
        let goes_on = |stretch: &&mut Common| {
            start - stretch.start + stretch.of_start == of_start && start < stretch.end() + APART - SHINGLE
        };
        match stretches.last_mut().filter(goes_on) {
            Some(stretch) => stretch.words = start + SHINGLE - stretch.start,
            None => stretches.push(Common {
                start,
                of_start,
                words: SHINGLE,
            }),
        }
    }
    stretches
}

/// A copy keeps at least this share of its fingerprints, however much it was edited.
const LEAST_SHARE: f64 = 0.15;

/// How much of a text of `words` words, with `density` fingerprints a word, the shared `places` cover: the
/// share of its stretches that hold one, from 0 to 1; 0 where so few are shared that they are scattered idiom.
pub(crate) fn similarity(places: impl Iterator<Item = u16>, words: usize, density: f64) -> f64 {
    let stretches = words.div_ceil(STRETCH.max((PRINTS / density) as usize)).max(1);
    // Stretches of equal length, so that a short one at the end does not weigh as much as a full one.
    let length = words.div_ceil(stretches).max(1);
    let mut covered = vec![false; stretches];
    let mut places: Vec<u16> = places.collect();
    places.sort_unstable();
    places.dedup();
    for &at in &places {
        if let Some(stretch) = covered.get_mut(usize::from(at) / length) {
            *stretch = true;
        }
    }
    if (places.len() as f64) < LEAST_SHARE * density * words as f64 {
        return 0.0;
    }
    covered.iter().filter(|&&covered| covered).count() as f64 / stretches as f64
}

/// Common runs that lie no more than so many words apart are one edited block.
const EDITED: usize = 100;

/// How much of a text of `words` words lies in common `runs`, between two of which no more than [`EDITED`] words are, or
/// half as far from its ends: from 0 to 1.
pub(crate) fn span(runs: impl Iterator<Item = Range<usize>>, words: usize) -> f64 {
    let words = words.clamp(1, MOST);
    let mut runs: Vec<Range<usize>> = runs.collect();
    runs.sort_unstable_by_key(|run| run.start);
    let (mut spanned, mut end, mut apart) = (0, 0, EDITED / 2);
    for run in runs {
        let gap = run.start.saturating_sub(end);
        if gap <= apart {
            spanned += gap;
        }
        spanned += run.end.max(end) - run.start.max(end);
        (end, apart) = (run.end.max(end), EDITED);
    }
    let rest = words.saturating_sub(end);
    if rest <= EDITED / 2 && end > 0 {
        spanned += rest;
    }
    spanned as f64 / words as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edited_text_is_one_block_and_what_stands_apart_is_not() {
        let span = |runs: &[Range<usize>]| span(runs.iter().cloned(), 1_000);
        assert_eq!(span(&[]), 0.0);
        assert_eq!(span(&[0..500, 500..1_000]), 1.0);
        assert_eq!(span(&[40..200, 100..300, 390..700, 790..960]), 1.0);
        assert_eq!(span(&[100..200, 150..300, 500..600]), 0.3);
    }
}
