//! What `explain` and `status` tell of documents that have to do with one another.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::House;
use serde_json::Value;

const QUOTE: &str =
    "we did not sell the mill because nobody in the valley wanted to see it turned into flats";

fn article(before: &str, after: &str) -> String {
    format!("{before} said on Monday: “{QUOTE}”, and {after}.")
}

#[test]
fn both_sides_of_a_passage_are_shown() {
    let house = House::new("[{dedup: {exact: tag}}, story]", "");
    house.drop_in(
        "a.txt",
        article(
            "The owner of the watermill at Kirkby",
            "went back to her garden to pick the last of the pears",
        ),
    );
    house.drop_in(
        "b.txt",
        article(
            "In a letter to the county paper a Mrs Alder of Kirkby",
            "that was all she would say about money",
        ),
    );
    house.once(0);
    let lines = house.lines("documents");
    let (first, second) = (&lines[0], &lines[1]);
    assert_eq!(second["passages"][0]["of"], first["id"]);

    let output = house.run(&["status", "--json", first["id"].as_str().unwrap()]);
    let status: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(status["documents"][0]["related"]["repeated_in"][0], second["id"]);
    let output = house.run(&["status", "--quick", "--json", first["id"].as_str().unwrap()]);
    let alone: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(alone["documents"][0]["related"].get("repeated_in"), None);
    let output = house.run(&["status", second["id"].as_str().unwrap()]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains(&format!("stand in {}", first["id"].as_str().unwrap())),
        "{said}"
    );

    // Of a line that was written, and of a document that was just explained.
    for files in [&["inbox/b.txt"][..], &["--fresh", "inbox/a.txt", "inbox/b.txt"]] {
        let output = house.run(&[&["explain", "--json"], files].concat());
        let last = String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .last()
            .unwrap()
            .to_owned();
        let explanation: Value = serde_json::from_str(&last).unwrap();
        let notes: Vec<&Value> = explanation["steps"][0]["notes"]
            .as_array()
            .unwrap()
            .iter()
            .collect();
        let passage = notes.iter().find(|note| note["evidence"]["there"].is_string());
        let evidence = &passage.unwrap_or_else(|| panic!("{explanation}"))["evidence"];
        assert!(evidence["here"].as_str().unwrap().contains(QUOTE), "{evidence}");
        assert!(evidence["there"].as_str().unwrap().contains(QUOTE), "{evidence}");
    }
}
