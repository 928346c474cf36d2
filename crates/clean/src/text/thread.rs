//! Readers' comments below a body: what follows them is no article, however well it reads.
//!
//! A comment is prose, so a thread is told by what parts one from the next: who wrote it and when, buttons to answer it. Such lines
//! come again and again, at short intervals, and after a body.

use memchr::memrchr;

use super::lines::Line;
use super::phrases::{COMMENT, TIME};
use super::scan::{End, Scan, Start};

/// Words of prose before a thread, at least.
const BODY: u32 = 40;
/// Lines from one mark to the next, at most.
const APART: usize = 14;
/// Words of prose from one mark to the next, at most.
const LONGEST: u32 = 320;
/// Marks of a thread, at least.
const MARKS: usize = 3;

/// What a line says of the comments around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// "12 comments", "Leave a reply", "3. Name says".
    Talk,
    /// "2 days ago at 07:52 am".
    Stamp,
}

/// Marks the lines of a thread and all that follows it, where `rules` does not say so yet.
pub(super) fn apply(lines: &[Line<'_>], scans: &[Scan], rules: &mut [Option<&'static str>]) {
    let first = begin(lines, scans).unwrap_or(rules.len());
    for rule in &mut rules[first..] {
        *rule = rule.or(Some("comments"));
    }
}

/// The first line of a thread: one of several marks at short intervals, with prose before them and between them.
fn begin(lines: &[Line<'_>], scans: &[Scan]) -> Option<usize> {
    // Most lines of most texts stand above the body; only what is below enough of it is looked at.
    let mut marks: Vec<(usize, Mark, u32)> = Vec::new();
    let mut prose = 0;
    for (at, (line, scan)) in lines.iter().zip(scans).enumerate() {
        if prose >= BODY
            && let Some(mark) = mark(&line.text, scan)
        {
            marks.push((at, mark, prose));
        }
        prose += if scan.is_prose() { scan.words } else { 0 };
    }
    let near = |one: &(usize, Mark, u32), other: &(usize, Mark, u32)| {
        other.0 - one.0 <= APART && other.2 - one.2 <= LONGEST
    };
    marks.chunk_by(near).find_map(|group| {
        // A row of dates may end in comments.
        let first = group.iter().position(|(_, mark, _)| *mark == Mark::Talk)?;
        let group = &group[first..];
        let talks = group.iter().filter(|(_, mark, _)| *mark == Mark::Talk).count();
        let enough = group.len() >= MARKS && (talks > 1 || group.len() > MARKS);
        (enough && group[group.len() - 1].2 > group[0].2).then_some(group[0].0)
    })
}

/// Whether a word stands behind the name of who wrote a comment.
fn says(word: &str) -> bool {
    matches!(
        word,
        "says"
            | "said"
            | "wrote"
            | "writes"
            | "schreibt"
            | "sagt"
            | "sagte"
            | "dice"
            | "escribió"
            | "dijo"
            | "dit"
            | "écrit"
            | "scrive"
            | "disse"
            | "diz"
            | "zegt"
            | "schreef"
            | "пишет"
            | "говорит"
            | "пише"
            | "pisze"
            | "dedi"
    )
}

fn mark(line: &str, scan: &Scan) -> Option<Mark> {
    if scan.words == 0 || scan.words > 16 || scan.end == End::Sentence {
        return None;
    }
    let comment = u32::from(scan.classes[COMMENT]);
    // Two buttons of a common form come without a space between them.
    if comment > 0 && scan.words <= 6 && comment * 3 >= scan.words || line == "ReplyDelete" {
        return Some(Mark::Talk);
    }
    let named = scan.words > 1 && (scan.capitalised > 0 || scan.start == Start::Digit);
    if named && scan.sentences <= 1 && matches!(scan.end, End::Letter | End::Colon) {
        let line = line.trim_end_matches(':');
        let last = memrchr(b' ', line.as_bytes()).map_or("", |space| &line[space + 1..]);
        if says(last) {
            return Some(Mark::Talk);
        }
    }
    let timed = scan.classes[TIME] > 0 && (scan.times > 0 || scan.numbers > 0);
    (timed && scan.words <= 12).then_some(Mark::Stamp)
}

#[cfg(test)]
mod tests {
    use super::super::lines;
    use super::super::phrases::Phrases;
    use super::*;

    const BODY: &str = "The council has promised to mend the old road to the harbour before the winter, since the ferry cannot be reached.\nThe works are to begin in May and should take no longer than eleven weeks, said the engineer who planned them.\n";

    fn first(text: &str) -> Option<String> {
        let lines = lines::split(text);
        let scans: Vec<Scan> = lines
            .iter()
            .map(|line| Scan::of(&line.text, Phrases::built_in()))
            .collect();
        begin(&lines, &scans).map(|at| lines[at].text.to_string())
    }

    #[test]
    fn a_thread_begins_with_its_first_mark() {
        for (thread, expected) in [
            (
                "2 comments\n1. Ada says\nThey have said so every year since I moved here.\n2. Jon says\nThe ferry is never on time anyway.",
                "2 comments",
            ),
            (
                "Leserkommentare\nvor 2 Stunden um 07:52 Uhr\nDas sagen sie seit Jahren, und nichts ist geschehen.\nvor 3 Stunden um 06:10 Uhr\nUnd wer soll das alles am Ende bezahlen?\nvor 5 Stunden um 04:11 Uhr",
                "Leserkommentare",
            ),
        ] {
            assert_eq!(first(&format!("{BODY}{thread}")).as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_is_no_thread() {
        for text in [
            // Nothing stands above it.
            "2 comments\nReply\nThey have said so every year since I moved here.\nReply",
            // A ticker has times alone.
            &format!("{BODY}10:15 am, Tuesday\n{BODY}10:40 am, Tuesday\n{BODY}11:05 am, Tuesday\n{BODY}"),
            // One link to a form, and the dates of other articles below.
            &format!("{BODY}12 comments\n{BODY}Home\nNews\nMay 3, 2026\nMay 4, 2026"),
            // Buttons with nothing between them.
            &format!("{BODY}Comments\nReply\nLeave a reply"),
        ] {
            assert_eq!(first(text), None, "{text}");
        }
    }
}
