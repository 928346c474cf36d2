//! What the operator's questions are answered: `status` of files that were taken, turned away, set aside or wait, and the
//! way back out of quarantine.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;

use common::{House, files, said};
use serde_json::Value;

const TEXT: &str = "The harbour was closed for two days because of the storm, its master said on Friday.";
const PICTURE: [u8; 16] = *b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

/// A file of each kind, taken.
fn house() -> House {
    let house = House::new("[dedup]", "");
    house.drop_in("a.txt", TEXT);
    house.drop_in("b.txt", TEXT);
    house.drop_in("c.png", PICTURE);
    house.drop_in("lines.jsonl", "{\"text\": \"one of two records\"}\n{broken\n");
    house.once(1);
    house
}

fn json(house: &House, subject: &str) -> Value {
    let output = house.run(&["status", "--json", subject]);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", said(&output)))
}

fn words(house: &House, subject: &str) -> String {
    String::from_utf8(house.run(&["status", subject]).stdout).unwrap()
}

#[test]
fn a_line_is_found_where_status_says_it_is() {
    let house = house();
    let status = json(&house, "a.txt");
    assert_eq!(
        (&status["file"], &status["records"]),
        (&"taken".into(), &1.into())
    );
    assert_eq!(
        (&status["complete"], &status["changed"]),
        (&true.into(), &false.into())
    );
    let document = &status["documents"][0];
    assert_eq!(document["outcome"], "written");
    let segment = fs::read(house.path(document["segment"].as_str().unwrap())).unwrap();
    let start = document["offset"].as_u64().unwrap() as usize;
    let line = &segment[start..start + document["length"].as_u64().unwrap() as usize];
    let line: Value = serde_json::from_slice(line).unwrap();
    assert_eq!(
        (&line["id"], &line["source"]["path"]),
        (&document["id"], &"a.txt".into())
    );
    // By its path on the disk and by its id it is the same one.
    let id = document["id"].as_str().unwrap();
    for subject in ["inbox/a.txt", id] {
        assert_eq!(json(&house, subject)["documents"][0]["id"], document["id"]);
    }
    let words = words(&house, "a.txt");
    assert!(
        words.contains("1 records") && words.contains(&format!("{id}  written")),
        "{words}"
    );
}

#[test]
fn what_was_turned_away_or_set_aside_is_told_with_its_reason() {
    let house = house();
    let first = &json(&house, "a.txt")["documents"][0]["id"];
    let reject = &json(&house, "b.txt")["documents"][0];
    assert_eq!(
        (&reject["outcome"], &reject["stage"], &reject["of"]),
        (&"rejected".into(), &"dedup".into(), first)
    );
    let rejected = words(&house, "b.txt");
    assert!(
        rejected.contains(&format!(
            "rejected by dedup: duplicate of {}",
            first.as_str().unwrap()
        )),
        "{rejected}"
    );

    let failed = &json(&house, "c.png")["documents"][0];
    assert_eq!(
        (&failed["outcome"], &failed["reason"]),
        (&"quarantined".into(), &"unsupported".into())
    );
    assert_eq!(
        fs::read(house.path(failed["bytes"].as_str().unwrap())).unwrap(),
        PICTURE
    );
    assert!(words(&house, "c.png").contains("quarantined by source: unsupported"));

    let records = json(&house, "lines.jsonl");
    let outcomes: Vec<_> = records["documents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|document| &document["outcome"])
        .collect();
    assert_eq!(outcomes, ["written", "quarantined"]);
    let whole: Value = serde_json::from_slice(&house.run(&["status", "--json"]).stdout).unwrap();
    let counts =
        ["files", "accepted", "written", "rejected", "quarantined"].map(|key| whole[key].as_u64().unwrap());
    assert_eq!(counts, [4, 5, 2, 1, 2]);
}

#[test]
fn what_waits_is_told_why() {
    let house = house();
    house.drop_in("new.txt", "Not taken yet.");
    house.drop_in("half.part", "Half");
    house.drop_in("half.txt.gristmill-tmp", "Half");
    for (subject, why) in [
        ("new.txt", "gristmill is not running"),
        ("half.part", "input.exclude"),
        ("half.txt.gristmill-tmp", "input.exclude"),
    ] {
        let status = json(&house, subject);
        assert_eq!(status["file"], "waiting");
        assert!(status["why"].as_str().unwrap().contains(why), "{status}");
        assert!(words(&house, subject).contains(why));
    }
    let nothing = house.run(&["status", "--json", "nowhere.txt"]);
    assert_eq!(nothing.status.code(), Some(1), "{}", said(&nothing));
    assert_eq!(json(&house, "nowhere.txt")["file"], "unknown");
    // A file that became another is told to be one.
    house.drop_in("a.txt", "Another text altogether, which is longer.");
    assert_eq!(json(&house, "a.txt")["changed"], true);
    assert!(words(&house, "a.txt").contains("it has changed since"));
}

#[test]
fn a_file_is_put_back_under_a_name_that_nobody_takes() {
    let house = House::new("[dedup]", "");
    // A folder whose owner leaves nothing out, and keeps nothing.
    house.change("settle: 50ms", "settle: 50ms, exclude: [], when_done: delete");
    house.drop_in("c.png", PICTURE);
    house.once(1);
    assert_eq!(files(&house.path("inbox"), ""), Vec::<std::path::PathBuf>::new());
    // What a retry leaves that was stopped before its last step.
    house.drop_in("c.png.gristmill-tmp", &PICTURE[..7]);
    house.once(0);
    assert_eq!(
        house.taken().into_iter().collect::<Vec<_>>(),
        [("c.png".to_owned(), 1)]
    );
    let retried = house.run(&["quarantine", "retry", "--all"]);
    assert_eq!(retried.status.code(), Some(0), "{}", said(&retried));
    assert_eq!(fs::read(house.path("inbox/c.png")).unwrap(), PICTURE);
    assert!(!house.path("inbox/c.png.gristmill-tmp").exists());
    house.once(1);
    assert_eq!(
        house.taken().into_iter().collect::<Vec<_>>(),
        [("c.png".to_owned(), 1)]
    );
    house.verify();
}

#[test]
fn what_does_not_come_again_with_its_file_says_that_it_was_tried() {
    let house = House::new("[dedup]", "");
    house.drop_in("lines.jsonl", "{\"text\": \"A whole line.\"}\n{broken\n");
    house.once(1);
    house.drop_in(
        "lines.jsonl",
        "{\"text\": \"A whole line.\"}\n{\"text\": \"Another, mended.\"}\n",
    );
    house.once(0);
    let list = || said(&house.run(&["quarantine", "list"]));
    assert!(list().contains("lines.jsonl") && !list().contains("tried again"));
    let retry = || said(&house.run(&["quarantine", "retry", "--all"]));
    assert!(retry().contains("1 back in the queue"));
    house.once(0);
    assert!(list().contains("(tried again at 20"), "{}", list());
    assert!(
        words(&house, "lines.jsonl").contains("what its file holds has other ids"),
        "{}",
        words(&house, "lines.jsonl")
    );
    assert!(retry().contains("0 back in the queue"));
    house.once(0);
    assert_eq!(house.taken().values().sum::<usize>(), 3);
    house.verify();
}

#[test]
fn what_only_reads_a_file_tells_nothing_of_it() {
    let house = house();
    let output = house.run(&["explain", "--only-read", "inbox/lines.jsonl", "inbox/c.png"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(output.stdout.is_empty());
    let nothing = house.run(&["explain", "--only-read", "inbox/nowhere.txt"]);
    assert_ne!(nothing.status.code(), Some(0), "{}", said(&nothing));
}
