//! Kills the real daemon at random instants while files land, and looks for what is lost, torn or twice.
//!
//! The long form: `STORM_KILLS=600 STORM_STAGES='[clean, language, dedup, entities, story]' cargo test --release -p
//! gristmill --test storm -- --nocapture`. The seed of a storm is printed with it; `STORM_SEED` repeats the files and
//! the pauses, though not what the machine does in them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use common::landing::{Random, files, origin, records};
use common::{House, output};
use serde_json::Value;

/// A house that rotates often and commits small batches, with this chain.
fn house(stages: &str, when_done: &str) -> House {
    let more = "output: {dir: ./out, rotate: {size: 30KiB, age: 1h}}\n\
                state: {dir: ./state}\nhttp: null\nworkers: 2\nlimits: {batch: {documents: 16, time: 30ms}}";
    let house = House::new(stages, more);
    house.change("settle: 50ms", &format!("settle: 300ms, when_done: {when_done}"));
    house
}

fn daemon(house: &House) -> Child {
    let log = fs::File::options()
        .create(true)
        .append(true)
        .open(house.path("log"))
        .unwrap();
    house
        .command(&["run"])
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// Lets `files` land the way that chance draws: written in place, or renamed in.
fn land(inbox: &Path, random: &mut Random, files: &[(String, Vec<u8>)]) {
    let renamed = random.below(2) == 0;
    for (path, bytes) in files {
        let path = inbox.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if renamed {
            let aside = path.with_extension("part");
            fs::write(&aside, bytes).unwrap();
            fs::rename(&aside, &path).unwrap();
        } else {
            fs::write(&path, bytes).unwrap();
        }
    }
}

/// A house that nobody disturbs, and that takes the same files in the order in which the storm took them.
fn undisturbed(stages: &str, documents: &[Value], landed: &BTreeMap<String, Vec<u8>>) -> House {
    let house = house(stages, "keep");
    let mut order: Vec<String> = Vec::new();
    let mut known = BTreeSet::new();
    let taken = documents
        .iter()
        .map(|line| origin(line).0)
        .chain(landed.keys().cloned());
    for path in taken {
        if known.insert(path.clone()) {
            order.push(path);
        }
    }
    // A pass takes files in the order of their paths: a new pass wherever that is not the order.
    for pass in order.chunk_by(|a, b| a < b) {
        for path in pass {
            let to = house.path("inbox").join(path);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::write(to, &landed[path]).unwrap();
        }
        house.take_all();
    }
    house
}

fn storm(seed: u64, kills: u32, stages: &str, when_done: &str) {
    println!("storm of {kills} kills over {stages}, inputs {when_done}: STORM_SEED={seed}");
    let house = house(stages, when_done);
    let over = Arc::new(AtomicBool::new(false));
    let writer = {
        let (over, inbox) = (Arc::clone(&over), house.path("inbox"));
        let mut random = Random(seed);
        thread::spawn(move || {
            let mut landed = BTreeMap::new();
            for number in 0.. {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                let files = files(&mut random, number);
                land(&inbox, &mut random, &files);
                landed.extend(files);
                thread::sleep(Duration::from_millis(random.below(30)));
            }
            landed
        })
    };
    let mut random = Random(seed ^ 0x5eed);
    for kill in 0..kills {
        let mut daemon = daemon(&house);
        thread::sleep(Duration::from_millis(20 + random.below(600)));
        // A busy machine may not have come to make the books yet.
        if random.below(10) == 0 && house.path("state/journal.sqlite").exists() {
            house.verify();
        }
        assert_eq!(
            daemon.try_wait().unwrap(),
            None,
            "the daemon ended by itself before kill {kill}"
        );
        daemon.kill().unwrap();
        daemon.wait().unwrap();
        if random.below(10) == 0 && house.path("state/journal.sqlite").exists() {
            house.verify();
        }
    }
    over.store(true, Ordering::Relaxed);
    let landed = writer.join().unwrap();
    house.take_all();
    house.verify();

    let out = house.path("out");
    let (documents, rejects, quarantine) = (
        output::lines(&out, "documents"),
        output::lines(&out, "rejects"),
        output::quarantine(&out),
    );
    let mut found: Vec<_> = documents
        .iter()
        .chain(&rejects)
        .chain(quarantine.values().map(|(entry, _)| entry))
        .map(origin)
        .collect();
    let count = found.len();
    found.sort();
    found.dedup();
    assert_eq!(found.len(), count, "something came twice");
    let expected = records(&landed);
    let found: BTreeSet<_> = found.into_iter().collect();
    let lost: Vec<_> = expected.difference(&found).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    assert_eq!(found, expected);

    let undisturbed = undisturbed(stages, &documents, &landed);
    let calm = undisturbed.path("out");
    let calm_documents = output::lines(&calm, "documents");
    let ids = |lines: &[Value]| -> BTreeSet<String> {
        let ids = lines.iter().map(|line| line["id"].as_str().unwrap().to_owned());
        ids.collect()
    };
    let missing: Vec<_> = ids(&calm_documents)
        .difference(&ids(&documents))
        .map(|id| {
            let aside = quarantine.values().find(|(entry, _)| entry["id"] == **id);
            let rejected = rejects.iter().find(|line| line["id"] == **id);
            aside.map(|(entry, _)| entry).or(rejected).cloned()
        })
        .collect();
    assert!(
        missing.is_empty(),
        "lines of an undisturbed run were turned away or set aside: {missing:?}"
    );
    assert_eq!(documents.len(), calm_documents.len());
    for (number, (line, calm)) in documents.iter().zip(calm_documents).enumerate() {
        assert_eq!(
            *line, calm,
            "line {number} differs from that of an undisturbed run"
        );
    }
    let by_id = |lines: Vec<Value>| -> BTreeMap<String, Value> {
        lines
            .into_iter()
            .map(|line| (line["id"].as_str().unwrap().to_owned(), line))
            .collect()
    };
    assert_eq!(by_id(rejects.clone()), by_id(output::lines(&calm, "rejects")));
    assert_eq!(quarantine, output::quarantine(&calm));
    let left = fs::read_dir(house.path("inbox"))
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().path().is_file())
        .count();
    assert_eq!(left == 0, when_done != "keep");
    println!(
        "{kills} kills while {} files landed: {} lines, {} rejects, {} in quarantine; none lost, twice or torn, all as undisturbed",
        landed.len(),
        documents.len(),
        rejects.len(),
        quarantine.len()
    );
}

#[test]
fn kills_at_random_instants_lose_nothing() {
    let kills = env::var("STORM_KILLS").map_or(6, |kills| kills.parse().unwrap());
    let seed = env::var("STORM_SEED").map_or_else(
        |_| SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64,
        |seed| seed.parse().unwrap(),
    );
    let stages = env::var("STORM_STAGES").unwrap_or_else(|_| "[dedup: {near: tag}]".to_owned());
    for (number, when_done) in ["delete", "keep", "{move: ./done}"].into_iter().enumerate() {
        storm(seed + number as u64, kills / 3, &stages, when_done);
    }
}
