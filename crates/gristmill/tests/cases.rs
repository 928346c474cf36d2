//! The whole-chain cases of `tests/cases`, run through the command as its users run it.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use common::{House, files, root};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(rename = "about")]
    _about: String,
    stages: Value,
    #[serde(default)]
    config: BTreeMap<String, Value>,
    inputs: BTreeMap<String, Input>,
    #[serde(default)]
    exit: i32,
    #[serde(default)]
    documents: Vec<Value>,
    #[serde(default)]
    rejects: Vec<Value>,
    #[serde(default)]
    quarantine: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Input {
    Text(String),
    Bytes { hex: String },
}

impl Input {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.as_bytes().to_vec(),
            Self::Bytes { hex } => {
                let digits = hex.as_bytes().chunks(2);
                let byte = |digits| u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap();
                digits.map(byte).collect()
            }
        }
    }
}

/// Where `found` lacks something that `expected` has.
fn differences(at: &str, expected: &Value, found: &Value, says: &mut String) {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            for (key, value) in expected {
                differences(
                    &format!("{at}.{key}"),
                    value,
                    found.get(key).unwrap_or(&Value::Null),
                    says,
                );
            }
        }
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            for (number, (expected, found)) in expected.iter().zip(found).enumerate() {
                differences(&format!("{at}[{number}]"), expected, found, says);
            }
        }
        _ if expected == found => {}
        _ => writeln!(says, "{at}: expected {expected}, found {found}").unwrap(),
    }
}

/// A house in which the case was run with so many workers.
fn run(case: &Case, workers: usize) -> House {
    let mut config = case.config.clone();
    config.insert("workers".to_owned(), workers.into());
    let house = House::new(&case.stages.to_string(), "");
    for (path, input) in &case.inputs {
        house.drop_in(path, input.bytes());
    }
    if config.contains_key("input") {
        config.insert("stages".to_owned(), case.stages.clone());
        fs::write(
            house.path("gristmill.yaml"),
            serde_json::to_string(&config).unwrap(),
        )
        .unwrap();
    } else {
        let more: Vec<_> = config
            .iter()
            .map(|(key, value)| format!("{key}: {value}\n"))
            .collect();
        let file = house.path("gristmill.yaml");
        let text = fs::read_to_string(&file).unwrap() + &more.concat();
        fs::write(file, text).unwrap();
    }
    house.once(case.exit);
    house
}

/// What must hold for the lines of any run.
fn hold(house: &House) {
    const KEYS: [&str; 14] = [
        "id",
        "text",
        "title",
        "added",
        "created",
        "source",
        "metadata",
        "language",
        "duplicate",
        "passages",
        "story",
        "entities",
        "attributes",
        "schema",
    ];
    for line in house.lines("documents") {
        let keys: Vec<_> = line.as_object().unwrap().keys().collect();
        assert_eq!(keys, KEYS);
        let text: Vec<char> = line["text"].as_str().unwrap().chars().collect();
        let span = |value: &Value, start: &str, end: &str| -> String {
            let at = |key: &str| usize::try_from(value[key].as_u64().unwrap()).unwrap();
            text[at(start)..at(end)].iter().collect()
        };
        for entity in line["entities"].as_array().unwrap() {
            for mention in entity["mentions"].as_array().unwrap() {
                assert_eq!(span(mention, "start", "end"), mention["text"].as_str().unwrap());
            }
        }
        for passage in line["passages"].as_array().unwrap() {
            assert!(!span(passage, "start", "end").trim().is_empty());
        }
        for part in line["language"]["spans"].as_array().unwrap() {
            assert!(!span(part, "start", "end").is_empty());
        }
        let paragraph = line["text"].as_str().unwrap().split("\n\n").next();
        assert_ne!(paragraph, line["title"].as_str(), "the title is repeated");
    }
    house.verify();
}

fn check(file: &Path) -> String {
    let case: Case = serde_saphyr::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let house = run(&case, 1);
    let mut says = String::new();
    for (what, expected, found) in [
        ("documents", &case.documents, house.lines("documents")),
        ("rejects", &case.rejects, house.lines("rejects")),
        ("quarantine", &case.quarantine, house.quarantine()),
    ] {
        differences(what, &expected.clone().into(), &found.into(), &mut says);
    }
    hold(&house);
    let before = (house.lines("documents"), house.lines("rejects"));
    house.once(0);
    assert!(
        before == (house.lines("documents"), house.lines("rejects")),
        "a second run wrote lines"
    );
    let many = run(&case, 4);
    for folder in ["documents", "rejects"] {
        let (one, four) = (house.lines_but_added(folder), many.lines_but_added(folder));
        assert_eq!(one, four, "{folder} with 1 and with 4 workers");
    }
    says
}

#[test]
fn cases() {
    let cases = files(&root().join("tests/cases"), ".yaml");
    assert!(cases.len() > 4);
    let mut failures = String::new();
    for case in cases {
        let says = check(&case);
        if !says.is_empty() {
            write!(failures, "\n{}\n{says}", case.display()).unwrap();
        }
    }
    assert!(failures.is_empty(), "{failures}");
}
