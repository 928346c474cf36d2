//! Lines that are furniture by their words alone, in texts too short or too strange for the model to be sure.
//!
//! A button, a time stamp, a byline, a credit or a pointer to another article says what it is: all its words, or those
//! before its colon, are of the lists of [`Phrases`], dates and names. Each rule asks for more than the model would, and
//! most hold only above or below the body, since a list in an article may well consist of names and dates.

use super::byline;
use super::date;
use super::phrases::{BYLINE, FUNCTION, MEDIA, Phrases, RELATED, TIME, Word};
use super::scan::{End, Scan};

/// Where a line stands to the lines that read like prose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Above,
    Inside,
    Below,
}

/// Words of a line that the rules look at, at most.
const LONGEST: u32 = 30;

/// Which rule says that a line points to another article or names who made a picture, if one does.
pub(super) fn aside(line: &str, scan: &Scan) -> Option<&'static str> {
    if !may_be_aside(scan) {
        return None;
    }
    let (line, words) = split(line);
    aside_of(line, &words, scan)
}

/// What the scan counted spares most lines a second reading.
fn may_be_aside(scan: &Scan) -> bool {
    scan.words <= LONGEST && (scan.classes[RELATED] > 0 || scan.classes[MEDIA] > 0)
}

fn aside_of(line: &str, words: &[Word], scan: &Scan) -> Option<&'static str> {
    if is_pointer(line, words, scan) {
        Some("pointer")
    } else {
        (is_credit(line, words, scan) || is_caption(line, words, scan)).then_some("credit")
    }
}

/// A line from its first letter or digit on, and its words.
fn split(line: &str) -> (&str, Vec<Word>) {
    let line = line.trim_start_matches(|c: char| !c.is_alphanumeric());
    (line, Phrases::built_in().words(line))
}

/// Which rule says that a line is furniture, if one does.
pub(super) fn furniture(line: &str, scan: &Scan, place: Place) -> Option<&'static str> {
    if scan.words == 0 || scan.words > LONGEST {
        return None;
    }
    let may_be_aside = may_be_aside(scan);
    let may_be_other =
        place != Place::Inside && !scan.is_prose() && (scan.furniture() > 0 || scan.digits > 0);
    if !may_be_aside && !may_be_other {
        return None;
    }
    let (line, words) = split(line);
    let aside = may_be_aside.then(|| aside_of(line, &words, scan)).flatten();
    if aside.is_some() || !may_be_other {
        aside
    } else if is_button(&words, scan) {
        Some("button")
    } else if is_stamp(line, &words, scan, place) {
        Some("stamp")
    } else if place == Place::Above && is_byline(line, &words, scan) {
        Some("byline")
    } else {
        None
    }
}

/// Marks between a label and what it labels.
const MARKS: [char; 9] = [':', '：', '】', ']', '|', '»', '>', '›', '→'];

/// The words that lead a line and are of a class, with what follows them.
fn head<'l>(line: &'l str, words: &[Word], class: usize) -> (usize, &'l str) {
    let apart = |at: usize| at > 0 && line[words[at - 1].end..words[at].start].contains(MARKS);
    let led = (0..words.len())
        .take_while(|&at| words[at].is(class) && !apart(at))
        .count();
    let end = led.checked_sub(1).map_or(0, |last| words[last].end);
    (led, line[end..].trim_start())
}

/// Words that lead to another article and a mark after them: "Read also: …", "【関連記事】…".
fn is_pointer(line: &str, words: &[Word], scan: &Scan) -> bool {
    let (led, rest) = head(line, words, RELATED);
    // One word alone says too little before a sentence: "More: …", "Latest: …".
    match led {
        0 => false,
        1 => scan.end != End::Sentence && rest.starts_with([':', '：']),
        _ => led <= 6 && rest.starts_with(MARKS),
    }
}

/// Who made a picture: "Photo: …".
fn is_credit(line: &str, words: &[Word], scan: &Scan) -> bool {
    let (led, rest) = head(line, words, MEDIA);
    led > 0
        && led < 4
        && scan.words <= 10
        && scan.end != End::Sentence
        && rest.starts_with([':', '：', '©', '/'])
}

/// What a picture shows, with who made it at the end: "… on Tuesday. © Photo: Ada Byron", "… in the old harbour (photo Byron)".
fn is_caption(line: &str, words: &[Word], scan: &Scan) -> bool {
    /// Words of a name, at most.
    const NAME: usize = 5;
    if scan.classes[MEDIA] == 0 || scan.words < 3 || scan.end == End::Sentence {
        return false;
    }
    let from = words.len().saturating_sub(NAME + 1).max(1);
    (from..words.len().saturating_sub(1)).any(|at| {
        let word = &words[at];
        if !word.is(MEDIA) {
            return false;
        }
        let before = line[words[at - 1].end..word.start].trim_end();
        let after = &line[word.end..words[at + 1].start];
        let opens = before.ends_with(['(', '[', '（']) && line.ends_with([')', ']', '）']);
        let marked = before.ends_with(['©', '|', '—', '–', '-']) && after.starts_with([':', '：', '/']);
        (opens || marked)
            && words[at + 1..]
                .iter()
                .all(|word| word.capital || word.is(FUNCTION))
    })
}

/// Something to press or to fill in: its words belong to furniture, but for a few that hold them together.
fn is_button(words: &[Word], scan: &Scan) -> bool {
    /// Words of a row of buttons, at most.
    const ROW: usize = 14;
    let strong =
        |word: &&Word| word.is_furniture() && ![BYLINE, TIME, MEDIA].iter().any(|&class| word.only(class));
    let strong = words.iter().filter(strong).count();
    let others = words
        .iter()
        .filter(|word| !word.is_known() && !word.number)
        .count();
    words.len() <= ROW && strong * 2 >= words.len() && others * 5 <= words.len() && scan.end != End::Sentence
}

/// When a text was published or how long it takes to read, perhaps with a name.
fn is_stamp(line: &str, words: &[Word], scan: &Scan, place: Place) -> bool {
    let timed = |word: &Word| word.is(TIME) || word.number || date::is_month(&line[word.start..word.end]);
    let times = words.iter().filter(|word| timed(word)).count();
    // One letter may stand for a year or an hour.
    let letter = |word: &Word| !word.ideograph && line[word.start..word.end].chars().count() == 1;
    let others = words
        .iter()
        .filter(|word| !timed(word) && !word.is(BYLINE) && !word.is(FUNCTION) && !letter(word));
    let (named, plain) = others.fold((0, 0), |(named, plain), word| {
        // An ideograph is half a word.
        let weight = if word.ideograph { 1 } else { 2 };
        if word.capital {
            (named + weight, plain)
        } else {
            (named, plain + weight)
        }
    });
    let numbers = words.iter().any(|word| word.number);
    if named + plain == 0 {
        return numbers && times * 2 >= words.len() && words.len() <= 20;
    }
    // A name beside the day, of a person or a place; below the body a list may have such lines.
    place == Place::Above
        && scan.end != End::Sentence
        && plain == 0
        && named <= 12
        && times >= 3
        && date::find(line).is_some()
}

/// Who wrote it.
fn is_byline(line: &str, words: &[Word], scan: &Scan) -> bool {
    if scan.end == End::Sentence || words.len() > 16 {
        return false;
    }
    let (led, rest) = head(line, words, BYLINE);
    let named = rest.starts_with([':', '：', '.']) && words.len() <= led + 8;
    led > 0
        && (named || !byline::authors(line).is_empty() || words.iter().skip(led).any(|word| word.is(BYLINE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str, place: Place) -> Option<&'static str> {
        furniture(line, &Scan::of(line, Phrases::built_in()), place)
    }

    #[test]
    fn lines_that_are_furniture_by_their_words() {
        for (line, rule) in [
            ("Lea también: Así afecta la subida", "pointer"),
            ("【関連記事】空港線の工事で何が変わったか", "pointer"),
            ("Related: How the county saved its lighthouses", "pointer"),
            ("Foto: Auratec", "credit"),
            ("Die Brücke am Dienstag. © Foto: Ada Byron", "credit"),
            ("The bridge on Tuesday (Photo Ada Byron)", "credit"),
            ("Share on Facebook Share on X Email", "button"),
            ("3 февраля 2026 г. 10:45", "stamp"),
            (
                "12.05.2026, 06:45 Uhr Aktualisiert: 12.05.2026, 09:10 Uhr",
                "stamp",
            ),
            ("Олена Коваль, 12 травня 2026, 11:40", "stamp"),
            ("Par Claire Dumont avec AFP", "byline"),
            ("Автор: Ирина Петрова", "byline"),
        ] {
            assert_eq!(said(line, Place::Above), Some(rule), "{line}");
        }
    }

    #[test]
    fn lines_of_an_article_are_not() {
        for line in [
            "The council has promised to mend the road.",
            "Monday",
            "By the river and over the bridge",
            "Friday, May 12, 7 pm: City Hall, Main Street",
            "More: the third novel of the series",
            "The gallery shows forty works (photos and drawings)",
            "He sold the house - video and all",
        ] {
            assert_eq!(said(line, Place::Inside), None, "{line}");
            assert_eq!(said(line, Place::Below), None, "{line}");
        }
    }
}
