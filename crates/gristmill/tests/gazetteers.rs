//! Gazetteers that change under a running daemon: which line is made with which, and how one finds out.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::process::Stdio;

use common::{Daemon, House, said};
use gristmill_core::Sha256;
use serde_json::Value;

const TEXT: &str = "The Zorbonak was seen in the harbour on Monday, and nobody knows why.";

/// A house whose gazetteer says that the Zorbonak is `id`.
fn house(chain: &str, id: &str) -> House {
    let house = House::new(chain, "");
    write(&house, id);
    house
}

/// Writes the gazetteer, and gives the hash of its content.
fn write(house: &House, id: &str) -> Sha256 {
    let content = format!("Zorbonak\tORG\t{id}\n");
    fs::write(house.path("names.tsv"), &content).unwrap();
    Sha256::of(content.as_bytes())
}

/// The daemon, whose log can be waited for.
fn start(house: &House) -> Daemon {
    let mut command = house.command(&["run"]);
    command.env("GRISTMILL_LOG", "info").stderr(Stdio::piped());
    Daemon::of(command)
}

/// Drops an article that names the Zorbonak and waits for its line.
fn land(house: &House, number: usize) {
    house.drop_in(&format!("{number}.txt"), format!("{TEXT} It is day {number}."));
    house.wait_for(number);
}

/// The id that each line has for the Zorbonak.
fn ids(house: &House) -> Vec<String> {
    let id = |line: Value| {
        let entities = line["entities"].as_array().unwrap();
        let named = entities.iter().find(|entity| entity["name"] == "Zorbonak");
        named.unwrap()["id"].as_str().unwrap().to_owned()
    };
    house.lines("documents").into_iter().map(id).collect()
}

/// The hash of the gazetteer that `status` says the line of the article of this number was made with.
fn rests_on(house: &House, number: usize) -> String {
    let output = house.run(&["status", "--json", &format!("{number}.txt")]);
    let status: Value = serde_json::from_slice(&output.stdout).unwrap();
    let file = &status["documents"][0]["rests_on"][0]["files"][0];
    assert_eq!(file["file"], "names.tsv", "{}", said(&output));
    file["sha256"].as_str().unwrap().to_owned()
}

#[test]
fn a_line_is_made_with_the_gazetteer_of_its_batch_and_stays_so() {
    // Before and after an ordered stage.
    for chain in [
        "[entities: {gazetteers: [names.tsv]}]",
        "[dedup, entities: {gazetteers: [names.tsv]}]",
    ] {
        let house = house(chain, "G1");
        let first = Sha256::of(&fs::read(house.path("names.tsv")).unwrap());
        let mut daemon = start(&house);
        land(&house, 1);
        let second = write(&house, "G2");
        daemon.says("changed files are in force");
        land(&house, 2);
        assert_eq!(ids(&house), ["G1", "G2"]);
        assert_eq!(rests_on(&house, 1), first.to_string());
        assert_eq!(rests_on(&house, 2), second.to_string());

        // What a killed daemon has not looked at is what the next one starts with.
        let before = house.lines("documents");
        let third = write(&house, "G3");
        daemon.signal("-KILL");
        daemon.wait();
        let mut daemon = start(&house);
        land(&house, 3);
        daemon.signal("-TERM");
        assert_eq!(daemon.wait(), Some(0));
        assert_eq!(ids(&house), ["G1", "G2", "G3"]);
        assert_eq!(house.lines("documents")[..2], before, "lines are final");
        for (number, hash) in [(1, first), (2, second), (3, third)] {
            assert_eq!(rests_on(&house, number), hash.to_string());
        }
        house.verify();

        let output = house.run(&["explain", "--json", "--fresh", "inbox/1.txt"]);
        let explained: Value = serde_json::from_slice(&output.stdout).unwrap();
        let steps = explained["steps"].as_array().unwrap();
        assert_eq!(steps.last().unwrap()["basis"][0]["sha256"], third.to_string());
    }
}

#[test]
fn a_broken_gazetteer_changes_nothing_until_it_is_mended() {
    let house = house("[entities: {gazetteers: [names.tsv]}]", "G1");
    let mut daemon = start(&house);
    land(&house, 1);
    fs::write(house.path("names.tsv"), "Zorbonak\tORG\tG2\nZorbonak\tTHING\n").unwrap();
    let why = daemon.says("changed files cannot be used");
    assert!(why.contains("names.tsv: line 2: type"), "{why}");
    land(&house, 2);
    write(&house, "G3");
    let mended = (3..200).any(|number| {
        land(&house, number);
        ids(&house).last().is_some_and(|id| id == "G3")
    });
    assert!(mended);
    daemon.signal("-TERM");
    assert_eq!(daemon.wait(), Some(0));
    assert_eq!(ids(&house)[..2], ["G1", "G1"]);
    house.verify();
}
