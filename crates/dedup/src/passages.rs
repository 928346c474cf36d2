//! Runs of words that stand in an earlier document too, extended to their true ends.

use crate::near::Hit;
use crate::trace::{Common, Span, Trace};
use crate::words::{SHINGLE, may_go_on};

/// Words that stand in an earlier document too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    /// The earlier document's number.
    pub(crate) document: u32,
    pub(crate) common: Common,
}

/// Whether `hits` of one document, whose places are contexts yet, may be more than idiom.
pub(crate) fn promising(hits: &[Hit]) -> bool {
    hits.len() > 1 || hits.iter().any(|hit| may_go_on(hit.context, hit.of_at))
}

/// The longest runs around `hits`, all in the document with this `trace`, that it has in common with this text, of which
/// `here` is the trace and `spans` are the words. Each
/// hit learns where it lies there; one that does not is taken out, since it was a stranger with the same key.
pub(crate) fn runs(here: &Trace, spans: &[Span], hits: &mut Vec<Hit>, trace: &Trace) -> Vec<Common> {
    let mut runs: Vec<Common> = Vec::new();
    hits.retain_mut(|hit| {
        let at = usize::from(hit.at);
        let known = |run: &&Common| run.start <= at && at + SHINGLE <= run.end();
        let run = match runs.iter().rev().find(known) {
            Some(&run) => Some(run),
            None => trace.around(here, spans, at).inspect(|&run| runs.push(run)),
        };
        if let Some(run) = run {
            hit.of_at = (run.of_start + at - run.start) as u16;
        }
        run.is_some()
    });
    runs
}

/// Of runs that overlap, the longest, and of equals the one from the earliest document; what a longer one
/// leaves over of a shorter one stays if it still has `least` words. Sorted by place.
pub(crate) fn choose(mut runs: Vec<Run>, words: usize, least: usize) -> Vec<Run> {
    runs.retain(|run| run.common.words >= least);
    runs.sort_unstable_by_key(|run| {
        let Common {
            start,
            of_start,
            words,
        } = run.common;
        (std::cmp::Reverse(words), run.document, start, of_start)
    });
    let mut taken = vec![false; words];
    let mut chosen = Vec::new();
    for Run { document, common } in runs {
        let mut at = common.start;
        while at < common.end() {
            let free = taken[at..common.end()]
                .iter()
                .take_while(|taken| !**taken)
                .count();
            if free >= least {
                taken[at..at + free].fill(true);
                let common = Common {
                    start: at,
                    of_start: common.of_start + at - common.start,
                    words: free,
                };
                chosen.push(Run { document, common });
            }
            at += free.max(1);
        }
    }
    chosen.sort_unstable_by_key(|run| run.common.start);
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_overlapping_runs_the_longest_wins_and_the_rest_stays() {
        let run = |start, document, words| Run {
            document,
            common: Common {
                start,
                of_start: start + 100,
                words,
            },
        };
        let chosen = choose(vec![run(0, 1, 10), run(5, 2, 20), run(5, 3, 20)], 30, 4);
        assert_eq!(chosen, [run(0, 1, 5), run(5, 2, 20)]);
        assert_eq!(choose(vec![run(0, 1, 10), run(5, 2, 20)], 30, 6), [run(5, 2, 20)]);
    }
}
