//! What the house rules of the repository are, as tests: which crate may know which, how long a file may be,
//! and how faults are handled.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use common::root;

/// The arrows of the table in ARCHITECTURE.md: a crate and those that it may know.
fn table() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let names =
        |cell: &str| -> Vec<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let mut table = BTreeMap::new();
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    for row in rows {
        let cells: Vec<_> = row.trim_matches('|').split('|').collect();
        for name in names(cells[0]) {
            table.insert(name, names(cells[2]).into_iter().collect());
        }
    }
    let all: BTreeSet<String> = table.keys().cloned().collect();
    table.insert("gristmill".to_owned(), all);
    table
}

fn folders(dir: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    folders
}

/// All Rust sources below `dir`.
fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut sources = Vec::new();
    for path in folders(dir) {
        if path.is_dir() {
            sources.extend(sources_if_any(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(path);
        }
    }
    sources
}

fn sources_if_any(dir: &Path) -> Vec<PathBuf> {
    if dir.is_dir() { sources(dir) } else { Vec::new() }
}

#[test]
fn crates_know_only_what_the_table_allows() {
    let table = table();
    for folder in folders(&root().join("crates")) {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let allowed = table
            .get(&name)
            .unwrap_or_else(|| panic!("{name} is not in ARCHITECTURE.md"));
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let mut section = "";
        for line in manifest.lines() {
            if let Some(header) = line.strip_prefix('[') {
                section = header.trim_end_matches(']');
            }
            // Tests and examples may put crates together that do not know each other.
            let (Some(rest), "dependencies") = (line.strip_prefix("gristmill-"), section) else {
                continue;
            };
            let known = rest.split(['.', ' ', '=']).next().unwrap();
            assert!(allowed.contains(known), "{name} must not know {known}");
        }
    }
}

#[test]
fn only_the_pipeline_and_the_command_know_tokio() {
    for folder in folders(&root().join("crates")) {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let knows = manifest.lines().any(|line| line.starts_with("tokio"));
        let may = ["pipeline", "gristmill"]
            .iter()
            .any(|name| folder.ends_with(name));
        assert!(may || !knows, "{} must not know tokio", folder.display());
    }
}

#[test]
fn files_stay_short() {
    const LINES: usize = 600;
    // One state machine over the tags of a page, which is read from top to bottom.
    const LONGER: (&str, usize) = ("crates/clean/src/html/reader.rs", 900);
    for file in sources(&root().join("crates")) {
        let text = fs::read_to_string(&file).unwrap();
        // Long tables of cases are read one case at a time.
        let lines = text.split("#[cfg(test)]").next().unwrap().lines().count();
        let limit = match file.ends_with(LONGER.0) {
            true => LONGER.1,
            false => LINES,
        };
        let is_test = file.components().any(|part| part.as_os_str() == "tests");
        assert!(is_test || lines <= limit, "{} has {lines} lines", file.display());
    }
}

#[test]
fn crates_are_held_to_the_lints_of_the_workspace() {
    for folder in folders(&root().join("crates")) {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{}",
            folder.display()
        );
    }
}

#[test]
fn nothing_panics_on_purpose_outside_tests() {
    for file in sources(&root().join("crates")).iter().filter(|file| {
        let inside = |name: &str| file.components().any(|part| part.as_os_str() == name);
        inside("src") && !inside("tests") && !file.ends_with("tests.rs")
    }) {
        let text = fs::read_to_string(file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for (number, line) in code.lines().enumerate() {
            let line = line.trim();
            let is_comment = line.starts_with("//");
            for wrong in [
                ".unwrap()",
                ".expect(\"",
                "todo!(",
                "unimplemented!(",
                "TODO",
                "FIXME",
            ] {
                assert!(
                    is_comment && !wrong.starts_with(['T', 'F']) || !line.contains(wrong),
                    "{}:{}: {wrong}",
                    file.display(),
                    number + 1
                );
            }
        }
    }
}

#[test]
fn every_public_path_in_the_documents_exists() {
    for document in [
        "README.md",
        "ARCHITECTURE.md",
        "deploy/README.md",
        "tests/samples/README.md",
    ] {
        let file = root().join(document);
        let text = fs::read_to_string(&file).unwrap();
        for link in text
            .split("](")
            .skip(1)
            .map(|rest| rest.split(')').next().unwrap())
        {
            let target = link.split('#').next().unwrap();
            let is_here = !target.is_empty() && !target.contains("://");
            assert!(
                !is_here || file.parent().unwrap().join(target).exists(),
                "{document} links to {link}"
            );
        }
    }
}
