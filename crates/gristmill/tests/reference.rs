//! The reference page is what the types say: `UPDATE=1 cargo test -p gristmill --test reference` writes it anew.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use common::{gristmill, root, said};
use gristmill::config::Config;
use gristmill::{reference, stages};
use serde_json::Value;

#[test]
fn the_page_is_up_to_date() {
    let file = root().join("docs/reference.md");
    let page = reference::page(&stages::built_in());
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, &page).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    assert!(written == page, "docs/reference.md differs from the types");
}

#[test]
fn every_stage_is_described_and_its_example_is_good() {
    for stage in stages::built_in().iter() {
        let keys = reference::parameters(stage);
        assert!(!stage.about.is_empty());
        for key in &keys {
            assert!(
                !key.about.is_empty() && !key.kind.is_empty(),
                "{} {key:?}",
                stage.name
            );
        }
        let dir = tempfile::tempdir().unwrap();
        for folder in ["inbox", "gazetteers"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        fs::write(dir.path().join("gazetteers/people.tsv"), "Ann Example\tPER\n").unwrap();
        // The program of the example, which the machine need not have.
        let program = dir.path().join("python3");
        fs::write(&program, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let example = stage.example.replace('\n', "\n    ");
        let yaml = format!("input: {{watch: [./inbox]}}\nstages:\n  - {example}\n");
        fs::write(dir.path().join("gristmill.yaml"), yaml).unwrap();
        let output = gristmill().arg("check").current_dir(dir.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}: {}", stage.name, said(&output));
    }
}

fn printed(arguments: &[&str]) -> String {
    let output = gristmill().args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn stages_are_printed_with_their_parameters() {
    let all = printed(&["stages"]);
    for stage in stages::built_in().iter() {
        assert!(all.contains(stage.example.lines().next().unwrap()));
    }
    let one = printed(&["stages", "story"]);
    assert!(
        one.contains("window  (duration; 14d where it is left out)"),
        "{one}"
    );
    assert!(!one.contains("dedup"));
    let json: Value = serde_json::from_str(&printed(&["stages", "dedup", "--json"])).unwrap();
    assert_eq!(json["parameters"][0]["key"], "exact");
    assert_eq!(json["parameters"][0]["default"], "reject");
}

#[test]
fn the_schema_of_the_configuration_has_the_parameters_of_each_stage() {
    let text = printed(&["schema", "config"]);
    let schema: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let stage = &schema["$defs"]["Stage"]["anyOf"];
    assert_eq!(stage[0]["enum"][0], "clean");
    let dedup = &stage[1]["properties"]["dedup"]["properties"];
    assert!(dedup["threshold"]["description"].is_string());
    for reference in text.split("\"$ref\": \"#").skip(1) {
        let target = reference.split('"').next().unwrap();
        assert!(schema.pointer(target).is_some(), "{target} leads nowhere");
    }
}

#[test]
fn the_default_configuration_is_as_documented() {
    let documented = fs::read_to_string(root().join("config/gristmill.yaml")).unwrap();
    let written: Value = serde_saphyr::from_str(&documented).unwrap();
    let defaults = serde_json::to_value(Config::default()).unwrap();
    for section in ["input", "output", "state", "workers"] {
        for (key, value) in written[section].as_object().into_iter().flatten() {
            let default = &defaults[section][key.as_str()];
            assert!(
                key == "watch" || value == default,
                "{section}.{key}: {value}, not {default}"
            );
        }
    }
    assert_eq!(written["stages"], defaults["stages"]);
}

#[test]
fn columns_are_printed_for_each_reader() {
    for (engine, says) in [
        ("duckdb", "'title': 'VARCHAR',"),
        (
            "duckdb",
            "'passages': 'STRUCT(\"start\" BIGINT, \"end\" BIGINT, \"of\" VARCHAR, \"of_start\" BIGINT, \"of_end\" BIGINT)[]'",
        ),
        ("polars", "\"title\": pl.String,"),
        ("clickhouse", "title Nullable(String),"),
        ("clickhouse", "added DateTime64(3, 'UTC'),"),
    ] {
        let text = printed(&["schema", "record", "--for", engine]);
        assert!(text.contains(says), "{engine}: {text}");
        assert_eq!(text.lines().filter(|line| line.contains("language")).count(), 1);
        assert!(printed(&["schema", "reject", "--for", engine]).contains("reason"));
    }
    let output = gristmill()
        .args(["schema", "config", "--for", "duckdb"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}
