//! Wrong configurations: each file of `tests/wrong` ends with the errors that it must give, all at once, as
//! comments that begin with `#>`. `UPDATE=1 cargo test -p gristmill --test wrong` writes them anew.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::path::Path;

use common::{files, gristmill, root, said};

const MARK: &str = "#> ";

fn fixtures() -> Vec<std::path::PathBuf> {
    let fixtures = files(&root().join("tests/wrong"), ".yaml");
    assert!(fixtures.len() > 10);
    fixtures
}

/// What `check` says about the configuration, a line an error, without the name of the file.
fn errors(file: &Path) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let here = dir.path().join("gristmill.yaml");
    fs::copy(file, &here).unwrap();
    let output = gristmill().arg("check").current_dir(dir.path()).output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(78),
        "{}: {}",
        file.display(),
        said(&output)
    );
    assert!(output.stdout.is_empty());
    let text = String::from_utf8(output.stderr).unwrap();
    let mut lines: Vec<_> = text.lines().collect();
    let count = lines.pop().unwrap();
    let plural = if lines.len() == 1 { "" } else { "s" };
    assert_eq!(count, format!("{} error{plural}", lines.len()));
    let places = lines
        .iter()
        .map(|line| line.strip_prefix("gristmill.yaml:").unwrap());
    places.map(|line| line.trim_start().to_owned()).collect()
}

#[test]
fn every_error_is_reported_with_its_place_and_a_suggestion() {
    let mut failures = String::new();
    for file in fixtures() {
        let text = fs::read_to_string(&file).unwrap();
        let (yaml, expected): (Vec<_>, Vec<_>) = text.lines().partition(|line| !line.starts_with(MARK));
        let expected: Vec<_> = expected.iter().map(|line| &line[MARK.len()..]).collect();
        let found = errors(&file);
        if expected == found {
            continue;
        }
        if std::env::var_os("UPDATE").is_some() {
            let marked = found.iter().map(|line| format!("{MARK}{line}\n"));
            let yaml = yaml.iter().map(|line| format!("{line}\n"));
            fs::write(&file, yaml.chain(marked).collect::<String>()).unwrap();
        } else {
            failures += &format!("{}\nexpected {expected:#?}\nfound {found:#?}\n", file.display());
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn a_wrong_configuration_opens_nothing() {
    for arguments in [
        &["run"][..],
        &["run", "--once"],
        &["explain", "a.txt"],
        &["status"],
        &["verify"],
    ] {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("inbox")).unwrap();
        fs::write(dir.path().join("a.txt"), "A body.").unwrap();
        fs::write(
            dir.path().join("gristmill.yaml"),
            "input: {watch: [./inbox]}\nstages: [dedup]\noutput: {dri: ./out}\nhttp: {listen: 127.0.0.1:0}\n",
        )
        .unwrap();
        let output = gristmill()
            .args(arguments)
            .current_dir(dir.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(78), "{arguments:?}: {}", said(&output));
        assert!(String::from_utf8_lossy(&output.stderr).contains("gristmill.yaml:3:10: output.dri:"));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3, "{arguments:?}");
    }
}

#[test]
fn no_configuration_is_told_too() {
    let dir = tempfile::tempdir().unwrap();
    for (arguments, says) in [
        (&["check"][..], "./config/gristmill.yaml"),
        (
            &["check", "--config", "none.yaml"],
            "none.yaml: cannot be read: No such file",
        ),
    ] {
        let output = gristmill()
            .args(arguments)
            .current_dir(dir.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(78), "{}", said(&output));
        assert!(said(&output).contains(says), "{}", said(&output));
    }
}

#[test]
fn every_configuration_of_the_repository_is_good() {
    let mut all = files(&root().join("config"), ".yaml");
    all.push(root().join("deploy/container.yaml"));
    assert!(all.len() > 3);
    for file in all {
        let output = gristmill()
            .arg("check")
            .arg("--config")
            .arg(&file)
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(0),
            "{}: {}",
            file.display(),
            said(&output)
        );
    }
}
