//! Runs of words that stand in an earlier document too, extended to their true ends.

use crate::near::Hits;
use crate::words::Word;

/// A run of equal words here and in an earlier document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    /// First word here.
    pub(crate) start: usize,
    /// The earlier document's number.
    pub(crate) document: u32,
    /// First word there.
    pub(crate) of_start: usize,
    /// Length in words.
    pub(crate) words: usize,
}

impl Run {
    fn end(&self) -> usize {
        self.start + self.words
    }
}

/// Whether `hits` (by place here) have two in a row at the same distance in both texts: what is copied
/// mostly has several fingerprints, idiom has one.
pub(crate) fn promising(hits: &Hits) -> bool {
    let shift = |&(at, of_at): &(u16, u16)| i32::from(of_at) - i32::from(at);
    hits.windows(2)
        .any(|pair| shift(&pair[0]) == shift(&pair[1]) && pair[1].0 - pair[0].0 < 25)
}

/// The longest runs around `hits` that `here` and `there`, the text of `document`, have in common.
pub(crate) fn runs(here: &[Word], there: &[Word], document: u32, hits: &Hits, least: usize) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for &(at, of_at) in hits {
        let (at, of_at) = (usize::from(at), usize::from(of_at));
        let known = |run: &Run| run.start <= at && at < run.end() && run.start + of_at == run.of_start + at;
        if at >= here.len() || of_at >= there.len() || runs.iter().rev().any(known) {
            continue;
        }
        let same = |a: &&Word, b: &&Word| a.hash == b.hash;
        let back = here[..at].iter().rev().zip(there[..of_at].iter().rev());
        let back = back.take_while(|(a, b)| same(a, b)).count();
        let on = here[at..]
            .iter()
            .zip(&there[of_at..])
            .take_while(|(a, b)| same(a, b))
            .count();
        if back + on >= least {
            runs.push(Run {
                start: at - back,
                document,
                of_start: of_at - back,
                words: back + on,
            });
        }
    }
    runs
}

/// Of runs that overlap, the longest, and of equals the one from the earliest document; what a longer one
/// leaves over of a shorter one stays if it still has `least` words. Sorted by place.
pub(crate) fn choose(mut runs: Vec<Run>, words: usize, least: usize) -> Vec<Run> {
    runs.sort_unstable_by_key(|run| {
        (
            std::cmp::Reverse(run.words),
            run.document,
            run.start,
            run.of_start,
        )
    });
    let mut taken = vec![false; words];
    let mut chosen = Vec::new();
    for run in runs {
        let mut at = run.start;
        while at < run.end() {
            let free = taken[at..run.end()].iter().take_while(|taken| !**taken).count();
            if free >= least {
                taken[at..at + free].fill(true);
                chosen.push(Run {
                    start: at,
                    of_start: run.of_start + at - run.start,
                    words: free,
                    ..run
                });
            }
            at += free.max(1);
        }
    }
    chosen.sort_unstable_by_key(|run| run.start);
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_overlapping_runs_the_longest_wins_and_the_rest_stays() {
        let run = |start, document, words| Run {
            start,
            document,
            of_start: start + 100,
            words,
        };
        let chosen = choose(vec![run(0, 1, 10), run(5, 2, 20), run(5, 3, 20)], 30, 4);
        assert_eq!(chosen, [run(0, 1, 5), run(5, 2, 20)]);
        assert_eq!(choose(vec![run(0, 1, 10), run(5, 2, 20)], 30, 6), [run(5, 2, 20)]);
    }
}
