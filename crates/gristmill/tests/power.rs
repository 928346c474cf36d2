//! Power that is lost at any block: records each block that the real command writes through a real ext4, and starts it
//! again on the disk that every prefix of them leaves.
//!
//! `cargo test --release -p gristmill --test power -- --ignored --nocapture`, as root, with loop devices, FUSE, `mkfs.ext4`
//! and `qemu-storage-daemon` (on Debian in `qemu-utils` or `qemu-system-common`). It takes minutes. `POWER_SEED`
//! repeats the files and the draws, `POWER_STAGES` sets another chain, `TESTED_PROGRAM` another build of the command.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "power/blocks.rs"]
mod blocks;
mod common;
#[path = "power/machine.rs"]
mod machine;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use blocks::{Asked, Blocks};
use common::landing::{Random, files, write};
use common::{House, output};
use machine::{Mounted, make_disk, record};
use serde_json::Value;

/// What a user finds in the end, but for the time of arrival.
#[derive(PartialEq)]
struct Found {
    documents: Vec<Value>,
    rejects: Vec<Value>,
    quarantine: BTreeMap<String, (Value, Vec<u8>)>,
}

fn found(house: &House) -> Found {
    let out = house.path("out");
    Found {
        documents: output::lines(&out, "documents"),
        rejects: output::lines(&out, "rejects"),
        quarantine: output::quarantine(&out),
    }
}

/// What may be wrong with what is found, for people.
fn differences(found: &Found, expected: &Found) -> String {
    let ids = |lines: &[Value]| -> Vec<String> { lines.iter().map(|line| line["id"].to_string()).collect() };
    let mut said = String::new();
    for (kind, found, expected) in [
        ("documents", &found.documents, &expected.documents),
        ("rejects", &found.rejects, &expected.rejects),
    ] {
        let (have, want) = (ids(found), ids(expected));
        let lost: Vec<_> = want.iter().filter(|id| !have.contains(id)).collect();
        let twice: Vec<_> = have
            .iter()
            .enumerate()
            .filter(|(at, id)| have[..*at].contains(id))
            .collect();
        said += &format!(
            "{kind}: {} for {}, lost {lost:?}, twice {twice:?}\n",
            have.len(),
            want.len()
        );
        if let Some((have, want)) = found.iter().zip(expected).find(|(have, want)| have != want) {
            said += &format!("first other line:\n{have}\nfor\n{want}\n");
        }
    }
    said + &format!(
        "quarantine: {} for {}",
        found.quarantine.len(),
        expected.quarantine.len()
    )
}

/// The drop folder and the configuration, in `dir`.
fn furnish(dir: &Path, seed: u64, stages: &str, when_done: &str) -> House {
    const NUMBERS: u64 = 30;
    let house = House::at(dir);
    let mut random = Random(seed);
    for number in 0..NUMBERS {
        write(&house.path("inbox"), &files(&mut random, number));
    }
    let yaml = format!(
        "input: {{watch: [./inbox], settle: 10ms, when_done: {when_done}}}\nstages: {stages}\n\
         output: {{dir: ./out, rotate: {{size: 12KiB, age: 1h}}}}\nstate: {{dir: ./state}}\nhttp: null\n\
         workers: 2\nlimits: {{batch: {{documents: 8}}}}\n"
    );
    fs::write(house.path("gristmill.yaml"), yaml).unwrap();
    house
}

/// One pass that is killed on its way, so that what a start repairs is recorded too, and one that comes to its end.
fn work(house: &House) {
    let mut killed = house.command(&["run", "--once"]).spawn().unwrap();
    while output::listed(&house.path("out/documents")).len() < 3 {
        assert_eq!(
            killed.try_wait().unwrap(),
            None,
            "the pass ended before it was killed"
        );
        thread::sleep(Duration::from_millis(1));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    house.take_all();
}

/// Starts on `disk` and takes what is left; in the end there is what an undisturbed run finds.
fn start_again(disk: &[u8], dir: &Path, expected: &Found, what: &str) {
    let image = dir.join("replay.img");
    fs::write(&image, disk).unwrap();
    let mounted = Mounted::image(&image, &dir.join("replay"));
    let house = House::at(&dir.join("replay"));
    // Whoever reads sealed segments only never reads what a start would take back.
    for segment in output::listed(&house.path("out/documents")) {
        if segment.extension().is_some_and(|extension| extension == "jsonl") {
            for line in output::whole_lines(&segment) {
                assert!(
                    expected.documents.contains(&line),
                    "{what}: sealed and wrong: {line}"
                );
            }
        }
    }
    house.take_all();
    house.verify();
    let found = found(&house);
    assert!(found == *expected, "{what}: {}", differences(&found, expected));
    drop(mounted);
}

fn power_goes(seed: u64, stages: &str, when_done: &str) {
    println!("inputs {when_done}, {stages}: POWER_SEED={seed}");
    let dir = tempfile::tempdir_in("/dev/shm").unwrap();
    let (image, place) = (dir.path().join("disk.img"), dir.path().join("disk"));
    make_disk(&image);
    let mounted = Mounted::image(&image, &place);
    let house = furnish(&place, seed, stages, when_done);
    drop(mounted);
    let mut disk = Blocks::new(fs::read(&image).unwrap());

    let calm = tempfile::tempdir().unwrap();
    let calm = furnish(calm.path(), seed, stages, when_done);
    calm.take_all();
    let expected = found(&calm);

    let log = dir.path().join("log");
    record(&image, &log, &place, || {
        work(&house);
        assert!(
            found(&house) == expected,
            "{}",
            differences(&found(&house), &expected)
        );
    });

    let (mut prefixes, mut parts, mut flushes) = (0, 0, 0);
    let mut random = Random(seed ^ 0xb10c);
    let asked = blocks::read(&log);
    println!("{} writes and flushes are recorded", asked.len());
    for (number, asked) in asked.iter().enumerate() {
        disk.take(asked);
        if matches!(asked, Asked::Flush) {
            flushes += 1;
            continue;
        }
        start_again(&disk.whole(), dir.path(), &expected, &format!("write {number}"));
        prefixes += 1;
        if disk.unsafe_blocks() > 1 {
            let part = disk.part(&mut random);
            start_again(
                &part,
                dir.path(),
                &expected,
                &format!("a part up to write {number}"),
            );
            parts += 1;
        }
    }
    println!(
        "{} documents, {} rejects, {} in quarantine; {prefixes} writes and {flushes} flushes: {prefixes} prefixes and {parts} parts replayed, none lost, twice or torn",
        expected.documents.len(),
        expected.rejects.len(),
        expected.quarantine.len()
    );
}

#[test]
#[ignore = "needs root, loop devices, FUSE, mkfs.ext4 and qemu-storage-daemon, and takes minutes"]
fn power_lost_at_any_block_loses_nothing() {
    let seed = env::var("POWER_SEED").map_or(1, |seed| seed.parse().unwrap());
    let stages =
        env::var("POWER_STAGES").unwrap_or_else(|_| "[clean, language, dedup, entities, story]".to_owned());
    for when_done in ["delete", "keep", "{move: ./done}"] {
        power_goes(seed, &stages, when_done);
    }
}
