//! What structure says where the model is not sure: lines of furniture alone around the body, and the lists of other
//! articles below it.

use super::lines::Line;
use super::phrases::{BYLINE, FUNCTION, MEDIA, RELATED, TIME};
use super::plain::{self, Place};
use super::scan::{End, Scan};

/// Words of a heading or a button, at most.
const LABEL: u32 = 6;
/// Words of a teaser, at most. A line that is longer and reads like prose is a body.
const TEASER: u32 = 30;

/// Marks lines that are furniture by their place and words, where `rules` does not say so yet.
pub(super) fn apply(lines: &[Line<'_>], scans: &[Scan], rules: &mut [Option<&'static str>]) {
    let body = |at: usize| rules[at].is_none() && scans[at].is_prose();
    let Some(first) = (0..scans.len()).find(|&at| body(at)) else {
        return;
    };
    let last = (0..scans.len()).rposition(body).unwrap_or(first);
    let list = list_of_others(scans, first);
    for (at, rule) in rules.iter_mut().enumerate().filter(|(_, rule)| rule.is_none()) {
        if list.is_some_and(|list| at >= list) {
            *rule = Some("list");
        } else if (at < first || at > last) && is_label(&scans[at]) {
            *rule = Some("label");
        } else {
            let place = match at {
                _ if at < first => Place::Above,
                _ if at > last => Place::Below,
                _ => Place::Inside,
            };
            *rule = plain::furniture(&lines[at].text, &scans[at], place);
        }
    }
}

/// Pointers and credits between two lines that read like prose, marked before the model sees the text: one "Read also" in an article
/// does not make what follows a list of teasers.
pub(super) fn asides(lines: &[Line<'_>], scans: &[Scan]) -> Vec<Option<&'static str>> {
    /// Such lines in a row, at most; more are a list.
    const ROW: usize = 3;
    let mut rules = vec![None; scans.len()];
    let bodies: Vec<usize> = (0..scans.len()).filter(|&at| reads_on(&scans[at])).collect();
    for ends in bodies.windows(2) {
        let between = ends[0] + 1..ends[1];
        if (1..=ROW).contains(&between.len()) {
            for at in between {
                rules[at] = plain::aside(&lines[at].text, &scans[at]);
            }
        }
    }
    rules
}

/// Words of the body of a short text, at most.
const SHORT: u32 = 300;
/// The least score of a line that may be kept for its place, which is a probability of one in eight.
const LEAST: i32 = -2000;

/// Keeps lines that read like prose beside those that are kept, though the model is a little less sure of them, and the best of them
/// where it is sure of none: a short text gives it little to go by.
pub(super) fn follow(scans: &[Scan], scores: &[i32], rules: &[Option<&'static str>], kept: &mut [bool]) {
    /// Lines from one to the next, at most, where there is furniture between them.
    const ACROSS: usize = 5;
    /// The least score there, which is a probability of one in six.
    const LEAST_ACROSS: i32 = -1600;
    let body = scans.iter().zip(&*kept).filter(|(_, kept)| **kept);
    if body.map(|(scan, _)| scan.words).sum::<u32>() > SHORT {
        return;
    }
    let seen: Vec<usize> = (0..scans.len()).filter(|&at| rules[at].is_none()).collect();
    let likely = |at: usize| reads_on(&scans[at]) && scores[at] >= LEAST;
    if !kept.contains(&true) {
        let best = seen
            .iter()
            .copied()
            .filter(|&at| likely(at))
            .max_by_key(|&at| scores[at]);
        best.into_iter().for_each(|at| kept[at] = true);
    }
    // A line of prose goes on with the body across a few lines of furniture, if the model is surer of it.
    let mut since = usize::MAX;
    for &at in &seen {
        let across = since <= ACROSS && scores[at] >= LEAST_ACROSS && scans[at].words >= 8;
        kept[at] |= (since == 1 || across) && likely(at);
        since = if kept[at] { 1 } else { since.saturating_add(1) };
    }
    for pair in seen.windows(2).rev() {
        kept[pair[0]] |= kept[pair[1]] && likely(pair[0]);
    }
}

/// Keeps the line below the title of a short text, if it reads like prose: what the article says in short.
pub(super) fn lead(scans: &[Scan], scores: &[i32], title: Option<usize>, rules: &mut [Option<&'static str>]) {
    /// Words of such a line.
    const WORDS: std::ops::RangeInclusive<u32> = 10..=60;
    let Some(at) = title.map(|title| title + 1).filter(|&at| at < scans.len()) else {
        return;
    };
    let body = scans.iter().zip(&*rules).filter(|(_, rule)| rule.is_none());
    let short = body.map(|(scan, _)| scan.words).sum::<u32>() <= SHORT;
    let scan = &scans[at];
    let prose = scan.is_prose() && reads_on(scan) && WORDS.contains(&scan.words);
    if short && prose && rules[at] == Some("model") && scores[at] >= LEAST {
        rules[at] = None;
    }
}

/// Whether a line reads like a sentence, if a short one, that is not of furniture.
fn reads_on(scan: &Scan) -> bool {
    scan.words >= 6
        && scan.end >= End::QuotedSentence
        && scan.separators == 0
        && scan.furniture() * 3 <= scan.words
}

/// Whether a line is furniture in all its words, such as the name of a form, a button or a list.
fn is_label(scan: &Scan) -> bool {
    let loose = [FUNCTION, BYLINE, TIME, MEDIA];
    let words: u32 = scan
        .classes
        .iter()
        .enumerate()
        .filter(|(class, _)| !loose.contains(class))
        .map(|(_, &words)| u32::from(words))
        .max()
        .unwrap_or(0);
    scan.words > 0 && scan.words <= LABEL && words >= scan.words && scan.end != End::Sentence
}

/// Where a list of other articles begins that goes on to the end of the text: at a line that says so and nothing
/// else, with the body before it and after it nothing longer than a teaser.
fn list_of_others(scans: &[Scan], first: usize) -> Option<usize> {
    let after = scans
        .iter()
        .rposition(|scan| scan.words > TEASER && scan.end != End::Ellipsis)?
        + 1;
    let heads = |at: &usize| {
        let scan = &scans[*at];
        u32::from(scan.classes[RELATED]) >= scan.words && is_label(scan)
    };
    let head = (after.max(first + 1)..scans.len()).find(heads)?;
    let words = |scans: &[Scan]| scans.iter().map(|scan| scan.words).sum::<u32>();
    (words(&scans[head..]) < words(&scans[..head])).then_some(head)
}
