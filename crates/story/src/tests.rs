//! The stage as a whole.

use gristmill_core::{Document, MemoryState, OrderedStage, State, Story};
use serde_json::json;

use crate::{Stories, StoryParams};

/// One event as four outlets would tell it, each with background of its own.
const QUAKE: [&str; 4] = [
    "A strong earthquake struck the harbour town of Velmora on Tuesday, killing at least twelve people and trapping dozens under the collapsed Orsini hotel, rescuers said. President Ilse Brandt of Tarnland declared three days of mourning. The quake of magnitude 6.8 was felt as far away as the capital Ostrava Bay. Power failed in most of the town, and the port authority closed the docks.",
    "Rescue teams in Velmora searched the ruins of the Orsini hotel on Wednesday after an earthquake killed at least twelve people in the harbour town. “We hear voices under the concrete,” said fire chief Tomas Reld. Dozens are missing. President Brandt, who flew to Velmora in the morning, promised that the government of Tarnland would pay for the rebuilding.",
    "Velmora mourns: twelve dead in the earthquake, dozens still missing in the rubble of the collapsed Orsini hotel, rescuers say. Tarnland lies on a fault that last broke in 1931, when the old lighthouse fell. Geologists had warned the town council for years. Brandt said that the hotel had been inspected in spring. Volunteers handed out blankets at the harbour.",
    "At least twelve people have died and dozens are trapped after an earthquake struck the harbour town of Velmora on Tarnland's coast. The Orsini hotel, six floors high, collapsed within seconds, and fire chief Tomas Reld said his rescuers would dig through the night. Hospitals in Ostrava Bay took in the injured. Brandt cancelled a trip abroad.",
];

/// The same country, the same president, another event.
const ELECTION: &str = "Voters in Tarnland will choose a new parliament in October, President Ilse Brandt announced in Ostrava Bay. The ruling party lost its majority last year, when two members left over a tax on timber. Opposition leader Karel Dvo promised lower taxes and a new treaty with the neighbours. Polls see both parties level. Brandt herself does not stand again.";

const BANK: &str = "The central bank of Norrmark left its interest rate unchanged at four per cent, and its governor said that inflation would fall next year.";

fn stories(texts: &[&str], reopen: bool) -> Vec<Story> {
    let mut stories = Stories::new(&StoryParams::default());
    let mut state = MemoryState::new();
    let place = |(n, text): (usize, &&str)| {
        if reopen {
            stories.open(&mut state).unwrap();
        }
        let mut document = Document::from_text(&n.to_string(), text);
        stories.place(&mut document, &mut state).unwrap();
        document.story
    };
    texts.iter().enumerate().map(place).collect()
}

fn orders() -> Vec<[usize; 4]> {
    let all = 0..256_usize;
    let digits = all.map(|n| [n & 3, n >> 2 & 3, n >> 4 & 3, n >> 6 & 3]);
    digits
        .filter(|order| (0..4).all(|n| order.contains(&n)))
        .collect()
}

#[test]
fn one_event_is_one_story_in_any_order() {
    for order in orders() {
        let texts = order.map(|n| QUAKE[n]);
        let placed = stories(&[texts[0], BANK, texts[1], ELECTION, texts[2], texts[3]], false);
        for later in [2, 4, 5] {
            assert_eq!(placed[later].id, placed[0].id, "{order:?}");
        }
        assert_ne!(placed[1].id, placed[0].id, "{order:?}");
        assert_ne!(
            placed[3].id, placed[0].id,
            "{order:?}: another event of the same country"
        );
        assert_eq!(placed[0].similarity, None);
        assert!(placed[5].similarity.is_some_and(|similarity| similarity <= 1.0));
    }
}

#[test]
fn another_event_stays_out_when_it_comes_first() {
    let placed = stories(&[ELECTION, QUAKE[0], QUAKE[1], QUAKE[2], QUAKE[3]], false);
    assert!(placed[1..].iter().all(|story| story.id == placed[1].id));
    assert_ne!(placed[0].id, placed[1].id);
}

/// Articles on events of one region, by event: the same countries and leaders in all.
fn region() -> Vec<(&'static str, Document)> {
    let parts = include_str!("tests/caucasus.txt").split("== ").skip(1);
    let document = |part: &'static str| {
        let (event, rest) = part.split_once(" | ").unwrap();
        let (title, text) = rest.split_once('\n').unwrap();
        let mut document = Document::from_text(text, text);
        document.title = Some(title.to_owned());
        (event, document)
    };
    parts.map(document).collect()
}

#[test]
fn events_of_one_region_stay_apart() {
    for first in 0..region().len() {
        let mut articles = region();
        articles.rotate_left(first);
        let mut stories = Stories::new(&StoryParams::default());
        let mut state = MemoryState::new();
        let mut events = std::collections::HashMap::new();
        for (event, mut document) in articles {
            stories.place(&mut document, &mut state).unwrap();
            let of = *events.entry(document.story.id).or_insert(event);
            assert_eq!(of, event, "from {first}");
        }
    }
}

#[test]
fn the_time_of_arrival_of_an_undated_article_changes_nothing_within_the_window() {
    let place = |hours: i64| {
        let mut stories = Stories::new(&StoryParams::default());
        let mut state = MemoryState::new();
        let place = |(n, text): (i64, &&str)| {
            let mut document = Document::from_text(&n.to_string(), text);
            document.added = jiff::Timestamp::from_second(n * hours * 3_600).unwrap();
            stories.place(&mut document, &mut state).unwrap();
            document.story
        };
        (0..).zip(&QUAKE).map(place).collect::<Vec<_>>()
    };
    assert_eq!(place(0), place(50));
}

#[test]
fn a_restart_between_documents_changes_nothing() {
    let texts: Vec<&str> = QUAKE
        .iter()
        .chain([&BANK, &ELECTION])
        .copied()
        .cycle()
        .take(18)
        .collect();
    assert_eq!(stories(&texts, true), stories(&texts, false));
}

#[test]
fn ends_of_segments_show_in_no_answer() {
    // Of three days; what came more than two days before the end of a segment is forgotten there.
    let params = StoryParams {
        window: "1d".parse().unwrap(),
        ..StoryParams::default()
    };
    let texts: Vec<String> = (0..90)
        .map(|n| match n % 9 {
            0 => format!("{BANK} It was the {n}th time."),
            3 => format!("{ELECTION} That makes {n} parties."),
            at => format!("{} It was hour {n}.", QUAKE[at % 4]),
        })
        .collect();
    let place = |tended: &dyn Fn(usize) -> bool, opened: &dyn Fn(usize) -> bool| {
        let mut state = MemoryState::new();
        let mut stories = Stories::new(&params);
        let mut placed = Vec::new();
        for (n, text) in texts.iter().enumerate() {
            if n == 0 || opened(n) {
                stories = Stories::new(&params).with_segments(7);
                stories.open(&mut state).unwrap();
            }
            let mut document = Document::from_text(&n.to_string(), text);
            document.added = jiff::Timestamp::from_second(n as i64 * 2_880).unwrap();
            stories.place(&mut document, &mut state).unwrap();
            if tended(n) {
                stories.tend(&mut state).unwrap();
            }
            placed.push(document.story);
        }
        (placed, state.files())
    };
    let (expected, _) = place(&|_| false, &|_| false);
    let joined = expected.iter().filter(|story| story.similarity.is_some()).count();
    assert!((texts.len() / 2..texts.len() - 1).contains(&joined), "{joined}");
    let (placed, files) = place(&|_| true, &|_| false);
    assert_eq!(placed, expected, "tended always");
    let kept = files.iter().filter(|file| file.starts_with("rows-")).count();
    assert!((8..12).contains(&kept), "{files:?}");
    assert_eq!(place(&|n| n % 5 == 1, &|_| false).0, expected, "tended seldom");
    assert_eq!(place(&|_| true, &|n| n % 5 == 1).0, expected, "tended and opened");
    assert_eq!(
        place(&|_| false, &|n| n % 9 == 0).0,
        expected,
        "opened, not tended"
    );
}

#[test]
fn beyond_the_window_a_new_story_begins() {
    let mut stories = Stories::new(&StoryParams::default());
    let mut state = MemoryState::new();
    let mut place = |path: &str, created: &str| {
        let mut document = Document::from_text(path, QUAKE[0]);
        document.created = Some(created.parse().unwrap());
        stories.place(&mut document, &mut state).unwrap();
        (document.id, document.story.id)
    };
    let (first, _) = place("a", "2024-05-01T00:00:00Z");
    assert_eq!(place("b", "2024-05-03T00:00:00Z").1, Some(first));
    let (late, story) = place("c", "2024-06-10T00:00:00Z");
    assert_eq!(story, Some(late));
}

#[test]
fn languages_never_mix() {
    let mut stories = Stories::new(&StoryParams::default());
    let mut state = MemoryState::new();
    let mut place = |path: &str, language: &str| {
        let mut document = Document::from_text(path, QUAKE[0]);
        document.language.code = Some(language.to_owned());
        stories.place(&mut document, &mut state).unwrap();
        (document.id, document.story.id)
    };
    let (first, _) = place("a", "en");
    let (other, story) = place("b", "de");
    assert_eq!(story, Some(other));
    assert_eq!(place("c", "en").1, Some(first));
}

#[test]
fn scripts_without_spaces_have_stories_too() {
    let texts = [
        "北部沿海城市维尔莫拉周二发生强烈地震，至少十二人死亡，数十人被困在倒塌的奥尔西尼酒店下，救援人员说。总统宣布全国哀悼三天。",
        "央行周四宣布维持基准利率不变，行长表示明年通胀率将会下降，经济学家此前普遍预计会降息。",
        "维尔莫拉地震已造成至少十二人死亡，救援队周三继续在奥尔西尼酒店的废墟中搜寻数十名失踪者，总统前往灾区。",
    ];
    let placed = stories(&texts, false);
    assert_eq!(placed[2].id, placed[0].id);
    assert_ne!(placed[1].id, placed[0].id);
}

#[test]
fn an_explanation_names_what_ties() {
    let mut stories = Stories::new(&StoryParams::default());
    let mut state = MemoryState::new();
    stories
        .place(&mut Document::from_text("a", QUAKE[0]), &mut state)
        .unwrap();
    let mut document = Document::from_text("b", QUAKE[1]);
    document.notes = Some(Vec::new());
    stories.place(&mut document, &mut state).unwrap();
    let note = &document.notes.unwrap()[0];
    assert!(note.says.starts_with("joins"));
    assert!(note.says.contains("Velmora") && note.says.contains("earthquake"));
    let has = |kind: &str, word| note.evidence[kind].as_array().unwrap().contains(&json!(word));
    assert!(has("names", "Velmora"));
    assert!(has("words", "earthquake"));
}

#[test]
fn a_state_of_another_format_is_refused() {
    let mut state = MemoryState::new();
    let open = |state: &mut MemoryState| Stories::new(&StoryParams::default()).open(state);
    open(&mut state).unwrap();
    open(&mut state).unwrap();
    state.delete(b"format").unwrap();
    state.append("articles-00000000", &[0; 72]).unwrap();
    let refused = open(&mut state).unwrap_err();
    assert!(refused.to_string().contains("format"), "{refused}");
}
