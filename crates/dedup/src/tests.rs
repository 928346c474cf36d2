//! The stage as a whole, on texts that a generator makes.

use gristmill_core::{MemoryState, Period};
use proptest::prelude::*;

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

/// Article number `n` of a stream with copies, quotations and fixed text in it.
fn article(n: u64) -> String {
    let own = |n| prose(1_000 + n, 120 + n % 50);
    let body = match n % 7 {
        3 => format!("{} {}", own(n - 2), prose(2_000 + n, 9)),
        5 => format!("{} {}", own(n), own(n - 3).split_at(200).0),
        6 => own(n - 6),
        _ => own(n),
    };
    format!("{body} {}", prose(n % 3, 30))
}

/// What a document was found to be.
fn said(document: &Document) -> (Duplicate, Vec<Passage>) {
    (document.duplicate.clone(), document.passages.clone())
}

#[test]
fn a_crash_changes_no_answer() {
    const COUNT: u64 = 160;
    let start = |state: &mut MemoryState| {
        let mut dedup = Dedup::new(&tagging());
        dedup.open(state).unwrap();
        // Runs and merges, many times over.
        dedup.index.limit = 300;
        dedup
    };
    let check = |dedup: &mut Dedup, state: &mut MemoryState, n: u64| {
        let mut document = Document::from_text(&n.to_string(), &article(n));
        dedup.check(&mut document, state).unwrap();
        said(&document)
    };
    let mut state = MemoryState::new();
    let mut dedup = start(&mut state);
    let expected: Vec<_> = (0..COUNT).map(|n| check(&mut dedup, &mut state, n)).collect();
    assert!(expected.iter().filter(|said| said.0.kind.is_some()).count() > 40);
    assert!(expected.iter().filter(|said| !said.1.is_empty()).count() > 40);

    let mut state = MemoryState::new();
    let mut dedup = start(&mut state);
    let (mut durable, mut next) = (state.clone(), 0);
    for round in 0_u64.. {
        if next >= COUNT {
            break;
        }
        let batch = next..(next + 1 + words::mix(round) % 12).min(COUNT);
        for n in batch.clone() {
            assert_eq!(check(&mut dedup, &mut state, n), expected[n as usize], "{n}");
        }
        match words::mix(round) % 5 {
            // The process ends before the batch, or what was put off until its end, is durable.
            0 => {}
            1 => dedup.tend(&mut state).unwrap(),
            _ => {
                dedup.tend(&mut state).unwrap();
                (durable, next) = (state.clone(), batch.end);
                continue;
            }
        }
        state = durable.clone();
        dedup = start(&mut state);
    }
    assert!(state.files().iter().any(|file| file.starts_with("run-")));
}

#[test]
fn a_state_of_another_format_is_refused() {
    let mut state = MemoryState::new();
    Dedup::new(&tagging()).open(&mut state).unwrap();
    Dedup::new(&tagging()).open(&mut state).unwrap();
    state.delete(b"format").unwrap();
    state.append("documents-000000", &[0; 72]).unwrap();
    let refused = Dedup::new(&tagging()).open(&mut state).unwrap_err();
    assert!(refused.to_string().contains("format"), "{refused}");
}

#[test]
fn what_is_off_is_not_looked_for_and_costs_nothing() {
    let text = prose(1, 300);
    let mut stream = Stream::new(&DedupParams {
        exact: Action::Off,
        near: Action::Off,
        ..DedupParams::default()
    });
    stream.next("a", &text);
    let copy = stream.next("b", &text);
    assert_eq!((copy.duplicate.kind, copy.passages.len()), (None, 1));
    let mut stream = Stream::new(&DedupParams {
        passages: Passages::Off,
        ..tagging()
    });
    stream.next("a", &text);
    let copy = stream.next("b", &format!("{text} {}", prose(2, 20)));
    assert_eq!(
        (copy.duplicate.kind, copy.passages.len()),
        (Some(DuplicateKind::Near), 0)
    );
    assert!(!stream.1.files().iter().any(|file| file.starts_with("traces")));
}

#[test]
fn a_near_copy_can_be_turned_away() {
    let mut dedup = Dedup::new(&DedupParams {
        near: Action::Reject,
        ..DedupParams::default()
    });
    let mut state = MemoryState::new();
    let mut first = Document::from_text("a", &prose(1, 300));
    dedup.check(&mut first, &mut state).unwrap();
    let mut copy = Document::from_text("b", &format!("{} {}", prose(1, 280), prose(2, 15)));
    copy.notes = Some(Vec::new());
    let Verdict::Reject(reason) = dedup.check(&mut copy, &mut state).unwrap() else {
        panic!("a near copy")
    };
    assert_eq!(reason.of, Some(first.id));
    assert!(copy.notes.unwrap().len() > 1, "what is shared is shown");
}

#[test]
fn an_exact_copy_may_have_another_byline() {
    let mut stream = Stream::new(&tagging());
    let text = prose(1, 100);
    let first = stream.next("a", &format!("By Anna Smith\n\n{text}")).id;
    for (path, copy) in [
        ("b", format!("LONDON (Reuters) - {text}")),
        ("c", format!("{text}\n\n(dpa)")),
        ("d", text.clone()),
    ] {
        let said = stream.next(path, &copy).duplicate;
        assert_eq!(
            (said.kind, said.of),
            (Some(DuplicateKind::Exact), Some(first)),
            "{copy}"
        );
    }
    let more = stream
        .next("e", &format!("By now the bridge is open\n\n{text}"))
        .duplicate;
    assert_eq!(more.kind, Some(DuplicateKind::Near));
    // Too short to be told from others without it.
    stream.next("f", "By Anna Smith\n\nPictures of the day");
    let other = stream.next("g", "By Jo Berg\n\nPictures of the day").duplicate;
    assert_eq!(other.kind, None);
}

#[test]
fn without_passages_it_is_shown_where_a_copy_agrees() {
    let mut dedup = Dedup::new(&DedupParams {
        near: Action::Reject,
        passages: Passages::Off,
        ..DedupParams::default()
    });
    let mut state = MemoryState::new();
    let text = format!("{} {}", prose(1, 300), prose(3, 40));
    let mut first = Document::from_text("a", &text);
    dedup.check(&mut first, &mut state).unwrap();
    let mut copy = Document::from_text("b", &format!("«{}» {}", prose(2, 20), prose(1, 280)));
    copy.notes = Some(Vec::new());
    let verdict = dedup.check(&mut copy, &mut state).unwrap();
    assert!(matches!(verdict, Verdict::Reject(_)));
    let notes = copy.notes.clone().unwrap();
    let shown: Vec<_> = notes
        .iter()
        .map(|note| &note.evidence)
        .filter(|data| data["of_word"].is_u64())
        .collect();
    assert!(!shown.is_empty());
    let mut words = 0;
    for data in shown {
        let number = |key: &str| data[key].as_u64().unwrap() as usize;
        let here = data["here"].as_str().unwrap();
        assert_eq!(
            CodePoints::new(&copy.text).slice(number("start"), number("end")),
            here
        );
        let there: Vec<&str> = text
            .split(' ')
            .skip(number("of_word") - 1)
            .take(number("words"))
            .collect();
        assert_eq!(there.join(" "), here);
        assert_eq!(data["of"], json!(first.id));
        words += number("words");
    }
    assert!(words > 200, "{words}");
}

#[test]
fn short_texts_are_compared_whole() {
    let mut stream = Stream::new(&tagging());
    let text = "Trains between the two towns stand still until Thursday since a bridge must be looked at after the flood";
    let first = stream.next("a", text).id;
    assert_eq!(
        stream
            .next("b", &format!("{text}, the railway said."))
            .duplicate
            .of,
        Some(first)
    );
    let other = "Buses between the two towns go again from Friday since a road was cleared after the flood";
    assert_eq!(stream.next("c", other).duplicate.of, None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn passages_have_the_same_words_on_both_sides_and_none_is_missed(
        seeds in (0..1_000_u64, 1_000..2_000_u64),
        quoted in (0..150_usize, 12..60_usize),
        place in 0..80_usize,
        loud in any::<bool>(),
    ) {
        let mut stream = Stream::new(&tagging());
        // Few words, so that there is idiom, and some that are longer in one alphabet than in another.
        let common = |seed: u64, count: u64| -> Vec<String> {
            (0..count)
                .map(|n| format!("{}{}", ["wärm", "łąk", "naïv", "is", "京"][(words::mix(seed << 20 | n) % 5) as usize], words::mix(seed << 20 | n) % 700))
                .collect()
        };
        let (theirs, mut mine) = (common(seeds.0, 220), common(seeds.1, 80));
        let quote = &theirs[quoted.0..quoted.0 + quoted.1];
        let start = mine[..place].join(" ").chars().count();
        mine.splice(place..place, quote.iter().map(|word| if loud { word.to_uppercase() } else { word.clone() }));
        let end = mine[..place + quote.len()].join(" ").chars().count();
        let first = stream.next("a", &theirs.join(" — "));
        let second = stream.next("b", &mine.join(" "));
        for passage in &second.passages {
            prop_assert_eq!(passage.of, first.id);
            let side = |text: &str, start, end| -> Vec<u64> {
                words::words(CodePoints::new(text).slice(start, end)).iter().map(|word| word.hash).collect()
            };
            let here = side(&second.text, passage.start, passage.end);
            prop_assert!(here.len() >= 12);
            prop_assert_eq!(here, side(&first.text, passage.of_start, passage.of_end));
        }
        prop_assert!(second.passages.iter().any(|passage| passage.start <= start + 1 && passage.end >= end));
    }
}
