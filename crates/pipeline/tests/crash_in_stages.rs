//! As `crash_points`, with the stages that keep most in their state, over a stream in which `story` ends segments and writes
//! them in parts.
//!
//! `CRASH_EVERY=1 cargo test -p gristmill-pipeline --test crash_in_stages -- --nocapture` stops at every operation instead of
//! at some, and prints how many there were.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod house;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use gristmill_core::{Built, OrderedStage};
use gristmill_dedup::{Dedup, DedupParams};
use gristmill_disk::SharedDisk;
use gristmill_pipeline::WhenDone;
use gristmill_story::{Stories, StoryParams};
use house::{Found, folder, found, inbox, real, run_through, settings, stop_at_each, told, totals};
use serde_json::{Value, json};

/// Four accounts of one event, two of another, and a near copy of each.
const TEXTS: [&str; 6] = [
    "A strong earthquake struck the harbour town of Velmora on Tuesday, killing twelve people and trapping dozens under the collapsed Orsini hotel, rescuers said. President Ilse Brandt of Tarnland declared three days of mourning, and the port authority closed the docks.",
    "Rescue teams in Velmora searched the ruins of the Orsini hotel on Wednesday after an earthquake killed twelve people in the harbour town. Dozens are missing, said fire chief Tomas Reld. President Brandt promised that Tarnland would pay for the rebuilding.",
    "The central bank of Norrmark left its interest rate unchanged at four per cent, and governor Lene Vask said that inflation would fall next year.",
    "Velmora mourns: twelve dead in the earthquake, dozens still missing in the rubble of the Orsini hotel, rescuers say. Brandt said that the hotel had been inspected in spring, and volunteers handed out blankets at the harbour.",
    "Norrmark's central bank keeps its interest rate at four per cent. Inflation will fall next year, said governor Lene Vask, and the bank waits for figures from the harbours.",
    "At least twelve people have died and dozens are trapped after an earthquake struck the harbour town of Velmora in Tarnland. The Orsini hotel collapsed within seconds, and fire chief Tomas Reld said his rescuers would dig through the night.",
];

/// Articles a segment: a batch of three ends in its first half, where its parts are being written, or beyond.
const SEGMENT: u16 = 4;

fn chain() -> Vec<(String, Built)> {
    let dedup = Dedup::new(&DedupParams::default());
    let story = Stories::new(&StoryParams::default()).with_segments(SEGMENT);
    let ordered = |ordered: Box<dyn OrderedStage>| Built::Ordered {
        prepare: None,
        ordered,
    };
    vec![
        ("dedup".to_owned(), ordered(Box::new(dedup))),
        ("story".to_owned(), ordered(Box::new(story))),
    ]
}

fn fill(dir: &Path) {
    fs::create_dir_all(dir.join("inbox")).unwrap();
    let copies = TEXTS.map(|text| format!("{text} So it was told again."));
    let texts = TEXTS.iter().copied().chain(copies.iter().map(String::as_str));
    for (number, text) in texts.enumerate() {
        let record = json!({"text": text, "id": number}).to_string();
        fs::write(dir.join("inbox").join(format!("{number:02}.json")), record).unwrap();
    }
}

fn once(dir: &Path, disk: SharedDisk) {
    let settings = settings(dir, 2, WhenDone::Delete);
    run_through(&inbox(dir), &settings, disk, &chain, &Arc::default()).unwrap();
}

/// Not a test by itself: the process that is stopped.
#[test]
fn the_run_that_is_stopped() {
    if let Some(told) = told() {
        once(&told.dir, told.disk);
    }
}

/// What an undisturbed run finds, looked at closely.
fn expected() -> Found {
    let dir = folder();
    let dir = dir.path();
    fill(dir);
    once(dir, real());
    let found = found(dir);
    let named = |pointer: &str| -> Vec<&Value> {
        let all = found.documents.iter().filter_map(|line| line.pointer(pointer));
        all.filter(|value| !value.is_null()).collect()
    };
    assert_eq!(found.documents.len(), 2 * TEXTS.len());
    assert_eq!(named("/duplicate/of").len(), TEXTS.len(), "the copies");
    let mut stories = named("/story/id");
    stories.sort_by_key(|id| id.to_string());
    stories.dedup();
    assert!((2..TEXTS.len()).contains(&stories.len()), "{stories:?}");
    let kept: Vec<String> = fs::read_dir(dir.join("state/story"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(
        kept.iter().any(|name| name.contains("postings-00000001")),
        "{kept:?}"
    );
    found
}

fn crash(ending: &str) {
    let every = std::env::var("CRASH_EVERY").map_or(5, |every| every.parse().unwrap());
    let expected = expected();
    let told = [("ENDING", ending)];
    let at = stop_at_each("the_run_that_is_stopped", &told, every, fill, |dir, at| {
        once(dir, real());
        let place = format!("{ending} at operation {at}");
        assert_eq!(found(dir), expected, "{place}");
        assert_eq!(totals(dir).accepted(), 12, "{place}");
    });
    assert!(at > 40, "only {at} operations");
    println!("up to operation {at} by {every}, ending {ending}: all passed");
}

#[test]
fn kill_in_stages() {
    crash("kill");
}

#[test]
fn power_loss_in_stages() {
    crash("0");
}
