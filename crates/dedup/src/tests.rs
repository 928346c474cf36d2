//! The stage as a whole, on texts that a generator makes.

use gristmill_core::{CodePoints, MemoryState, Period};

use super::*;

/// `count` words that no other `seed` gives.
fn prose(seed: u64, count: u64) -> String {
    let word = |n| format!("{:x}", words::mix(seed << 32 | n) >> 44);
    (0..count).map(word).collect::<Vec<_>>().join(" ")
}

fn tagging() -> DedupParams {
    DedupParams {
        exact: Action::Tag,
        ..DedupParams::default()
    }
}

struct Stream(Dedup, MemoryState, i64);

impl Stream {
    fn new(params: &DedupParams) -> Self {
        Self(Dedup::new(params), MemoryState::new(), 0)
    }

    fn next(&mut self, path: &str, text: &str) -> Document {
        let mut document = Document::from_text(path, text);
        // From text, a document was added at the epoch.
        document.added += jiff::SignedDuration::from_hours(24 * self.2);
        // Every document meets a stage that was just started.
        self.0.open(&mut self.1).unwrap();
        assert_eq!(self.0.check(&mut document, &mut self.1).unwrap(), Verdict::Keep);
        self.0.tend(&mut self.1).unwrap();
        document
    }
}

#[test]
fn groups_name_their_first_document() {
    let mut stream = Stream::new(&tagging());
    let text = prose(1, 400);
    let first = stream.next("a", &text).id;
    assert_eq!(stream.next("b", &prose(2, 400)).duplicate.kind, None);
    let shortened = stream.next("c", &text[..text.len() / 3]).duplicate;
    assert_eq!(
        (shortened.kind, shortened.of),
        (Some(DuplicateKind::Near), Some(first))
    );
    let again = stream.next("d", &text[..text.len() / 3].to_uppercase()).duplicate;
    assert_eq!(
        (again.kind, again.of, again.similarity),
        (Some(DuplicateKind::Exact), Some(first), Some(1.0))
    );
    let longer = stream.next("e", &format!("{text} {}", prose(3, 500))).duplicate;
    assert_eq!((longer.kind, longer.of), (Some(DuplicateKind::Near), Some(first)));
}

#[test]
fn a_story_that_many_reprint_does_not_become_furniture() {
    let mut stream = Stream::new(&tagging());
    let first = stream.next("0", &prose(1, 300)).id;
    for copy in 1..30 {
        let text = format!("{} {}", prose(1, 300), prose(100 + copy, 9));
        assert_eq!(
            stream.next(&copy.to_string(), &text).duplicate.of,
            Some(first),
            "{copy}"
        );
    }
}

#[test]
fn an_outlets_fixed_text_is_neither_copy_nor_passage() {
    let mut stream = Stream::new(&tagging());
    for article in 0..20 {
        let text = format!("{} {}", prose(100 + article, 200), prose(1, 60));
        let document = stream.next(&article.to_string(), &text);
        if article > index::HOT as u64 {
            assert_eq!(
                (document.duplicate.kind, document.passages.len()),
                (None, 0),
                "{article}"
            );
        }
    }
}

#[test]
fn a_passage_has_exact_ends_on_both_sides() {
    let mut stream = Stream::new(&tagging());
    let quote =
        "Łódź — wir werden, im nächsten Jahr, über 😀 zwölf Brücken gehen müssen; das sagte er am Montag";
    let first = stream.next("a", &format!("{}. «{quote}», {}", prose(1, 200), prose(2, 200)));
    let second = stream.next(
        "b",
        &format!(
            "😀 {}: “{}!” {}",
            prose(3, 150),
            quote.to_uppercase(),
            prose(4, 200)
        ),
    );
    assert_eq!(second.duplicate.kind, None);
    let [passage] = &second.passages[..] else {
        panic!("{:?}", second.passages)
    };
    assert_eq!(passage.of, first.id);
    let slice = |text: &str, start, end| CodePoints::new(text).slice(start, end).to_owned();
    assert_eq!(slice(&first.text, passage.of_start, passage.of_end), quote);
    assert_eq!(
        slice(&second.text, passage.start, passage.end),
        quote.to_uppercase()
    );
}

#[test]
fn what_is_older_than_the_window_is_forgotten() {
    let mut stream = Stream::new(&DedupParams {
        window: "30d".parse::<Period>().unwrap(),
        ..tagging()
    });
    let first = stream.next("a", &prose(1, 200)).id;
    stream.2 = 29;
    assert_eq!(stream.next("b", &prose(1, 190)).duplicate.of, Some(first));
    stream.2 = 70;
    assert_eq!(stream.next("c", &prose(1, 200)).duplicate.of, None);
}

#[test]
fn an_exact_copy_is_turned_away_and_leaves_no_trace() {
    let mut dedup = Dedup::new(&DedupParams::default());
    let mut state = MemoryState::new();
    let mut first = Document::from_text("a", &prose(1, 100));
    dedup.check(&mut first, &mut state).unwrap();
    for path in ["b", "c"] {
        let verdict = dedup.check(&mut Document::from_text(path, &prose(1, 100)), &mut state);
        let Verdict::Reject(reason) = verdict.unwrap() else {
            panic!("an exact copy")
        };
        assert_eq!((&*reason.reason, reason.of), ("duplicate", Some(first.id)));
    }
    assert_eq!(dedup.archive.next, 1);
}

#[test]
fn empty_short_and_chinese_texts() {
    let mut stream = Stream::new(&tagging());
    assert_eq!(stream.next("a", "").duplicate.kind, None);
    assert_eq!(
        stream.next("b", "Police appeal for witnesses").duplicate.kind,
        None
    );
    assert_eq!(stream.next("c", "Police appeal for help").duplicate.kind, None);
    let text = "北京消息，中国外交部发言人星期一在例行记者会上表示，中方愿意继续为和平谈判发挥建设性作用。";
    let first = stream.next("d", text).id;
    let copy = stream.next("e", &format!("新华社{text}"));
    assert_eq!(copy.duplicate.of, Some(first));
    assert_eq!(copy.passages.len(), 1);
}
