//! The title of a text.

use memchr::memmem;

use super::lines::Line;
use super::phrases::{BYLINE, FUNCTION, TIME};
use super::scan::{End, Scan, Start};

/// How a line stands to a title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// It says the same words.
    Same,
    /// It ends with it: a breadcrumb and the title, perhaps glued together.
    Ends,
    /// It begins with it: the title and the name of a site.
    Begins,
    /// It holds it among few other words.
    Holds,
}

/// The letters and digits of a line in lower case, for comparisons that do not mind spaces, marks and quotes.
pub(super) fn folded(line: &str) -> String {
    let mut letters = String::with_capacity(line.len());
    for c in line.chars() {
        // Most characters are spared the tables of all the others.
        if c.is_ascii() {
            if c.is_ascii_alphanumeric() {
                letters.push(c.to_ascii_lowercase());
            }
        } else if c.is_alphanumeric() {
            letters.extend(c.to_lowercase());
        }
    }
    letters
}

/// How the line with these letters stands to the title with those.
pub(super) fn relation(line: &str, title: &str) -> Option<Relation> {
    if title.is_empty() || line.len() < title.len() || line.len() > 3 * title.len() + 60 {
        return None;
    }
    if line == title {
        return Some(Relation::Same);
    }
    // Short titles stand in longer lines by chance.
    if title.chars().count() < 12 {
        return None;
    }
    if line.ends_with(title) {
        Some(Relation::Ends)
    } else if line.starts_with(title) {
        Some(Relation::Begins)
    } else if line.len() < title.len() + title.len() / 2 + 24
        && memmem::find(line.as_bytes(), title.as_bytes()).is_some()
    {
        Some(Relation::Holds)
    } else {
        None
    }
}

/// Lines right above the body that may hold the title, at most.
const REACH: usize = 80;
/// Lines between a title and its repetition, at most, but for the first of the text.
const APART: usize = 12;

/// The line that is the title. `start` is the first line of the body; `kept` says what the model keeps.
pub(super) fn find(lines: &[Line<'_>], scans: &[Scan], kept: &[bool], start: usize) -> Option<usize> {
    let first = start.saturating_sub(REACH);
    let near = (first..start).filter(|&at| at > 0);
    let candidates: Vec<usize> = (0..start.min(1))
        .chain(near)
        .filter(|&at| like_title(&scans[at]))
        .collect();
    let folds: Vec<String> = candidates.iter().map(|&at| folded(&lines[at].text)).collect();
    let head = lines
        .first()
        .map(|line| long_words(&line.text))
        .unwrap_or_default();
    let mut best: Option<(i32, usize)> = None;
    for (place, &at) in candidates.iter().enumerate() {
        let scan = &scans[at];
        // What another line says of it: the head of a page, a breadcrumb, a form below.
        let mut said = 0;
        let close = |other: usize| other != place && (other == 0 || place.abs_diff(other) <= APART);
        for (other, fold) in folds.iter().enumerate().filter(|(other, _)| close(*other)) {
            let far = candidates[other] == 0 && at != 0;
            said = said.max(match relation(fold, &folds[place]) {
                Some(Relation::Same) if scan.words > 3 => 30,
                Some(Relation::Begins) if far => 45,
                Some(Relation::Begins | Relation::Ends | Relation::Holds) => 25,
                _ => 0,
            });
        }
        if at == 0
            && folds
                .iter()
                .skip(1)
                .any(|fold| folds[place].starts_with(fold.as_str()) && fold.chars().count() > 15)
        {
            said -= 20;
        }
        // The head of a page, which its menu parts from the title, often says it in other words or with a few more.
        if at > 3 && said == 0 && candidates.first() == Some(&0) {
            said = i32::try_from(shared(&head, &lines[at].text) * 30 / 100).unwrap_or(0);
        }
        let near = 16 - i32::try_from(start - at).unwrap_or(16).min(16);
        // A short first line is mostly a section or a link.
        let alone = match (at, scan.words) {
            (0, 5..) => 14,
            (0, _) => 4,
            _ => 0,
        };
        // An ideograph says more than the half of a word that it counts for elsewhere.
        let words = if scan.start == Start::Uncased && scan.chars < scan.words * 3 {
            scan.chars * 2 / 3
        } else {
            scan.words
        };
        let length = i32::try_from(words.min(10)).unwrap_or(0) * 2;
        let furniture =
            i32::try_from((scan.furniture() * 30).checked_div(scan.words).unwrap_or(0)).unwrap_or(0);
        let dated = i32::try_from(scan.times).unwrap_or(0) * 6;
        let keeps = i32::from(kept[at]) * 6;
        let score = said + near + alone + length + keeps + signed(scans, at, start)
            - furniture
            - dated
            - caption(scan);
        if best.is_none_or(|(high, _)| score > high) {
            best = Some((score, at));
        }
    }
    best.filter(|(score, _)| *score >= 20).map(|(_, at)| at)
}

/// Who wrote a text and when stands below its title, and what explains a picture stands below that: what speaks for a line that
/// has a byline or a time stamp below it, or against one that has it above.
fn signed(scans: &[Scan], at: usize, start: usize) -> i32 {
    /// Lines from a title to a byline, at most.
    const FAR: usize = 5;
    let signs = |scan: &Scan| {
        let byline = scan.classes[BYLINE] > 0 && scan.words <= 12;
        let dated = scan.times > 0 && scan.digits >= 5 && scan.words <= 20;
        let stamp = dated || scan.classes[TIME] > 0 && scan.words <= 8;
        scan.words > 0 && scan.end != End::Sentence && (byline || stamp)
    };
    let below = scans[at + 1..].iter().take(FAR.min(start - at - 1)).any(signs);
    let above = scans[at.saturating_sub(FAR)..at].iter().any(signs);
    match (above, below) {
        (false, true) => 10,
        (true, false) => -3,
        _ => 0,
    }
}

/// What speaks against a line that ends like the caption of a picture: with a name in brackets or in capitals.
fn caption(scan: &Scan) -> i32 {
    let bracket = scan.end == End::Bracket;
    let capitals = scan.shouted > 1 && scan.shouted * 2 < scan.words;
    4 * (i32::from(bracket) + i32::from(capitals))
}

/// Of the words of `title` that are not the shortest, how many in a hundred are in `head` too; none unless they are two.
fn shared(head: &[String], title: &str) -> usize {
    let title = long_words(title);
    let both = title.iter().filter(|word| head.contains(word)).count();
    if both < 2 { 0 } else { both * 100 / title.len() }
}

/// The words of a line that are not the shortest, in lower case.
fn long_words(line: &str) -> Vec<String> {
    let words = line.split(|c: char| !c.is_alphanumeric());
    let long = words.filter(|word| word.chars().count() > 3);
    long.map(str::to_lowercase).collect()
}

/// Whether a line could be a title.
fn like_title(scan: &Scan) -> bool {
    (2..=32).contains(&scan.words)
        && scan.chars >= 5
        && !matches!(scan.end, End::Sentence | End::Comma | End::Colon)
        && !matches!(scan.start, Start::Bullet)
        && scan.sentences <= 2
        && scan.addresses == 0
        && scan.furniture() * 2 <= scan.words + 1
        && !(scan.classes[BYLINE] > 0 && scan.words <= 5 && scan.classes[FUNCTION] <= scan.classes[BYLINE])
}
