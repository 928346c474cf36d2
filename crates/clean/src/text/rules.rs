//! What structure says where the model is not sure: lines of furniture alone around the body, and the lists of other
//! articles below it.

use super::phrases::{BYLINE, FUNCTION, MEDIA, RELATED, TIME};
use super::scan::{End, Scan};

/// Words of a heading or a button, at most.
const LABEL: u32 = 6;
/// Words of a teaser, at most. A line that is longer and reads like prose is a body.
const TEASER: u32 = 30;

/// Marks lines that are furniture by their place and words, where `rules` does not say so yet.
pub(super) fn apply(scans: &[Scan], rules: &mut [Option<&'static str>]) {
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
        }
    }
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
