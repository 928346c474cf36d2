//! What lies in an output folder. Shared by the tests that disturb a run, those of the command included.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The files in `dir`, where there is one, in order of their names.
pub(crate) fn listed(dir: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(dir)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
}

/// The lines of one kind in order, without the time of arrival, which is all that may differ between runs; none is torn.
pub(crate) fn lines(out: &Path, kind: &str) -> Vec<Value> {
    listed(&out.join(kind))
        .iter()
        .flat_map(|part| whole_lines(part))
        .collect()
}

/// The lines of a segment, none of them torn, without the time of arrival.
pub(crate) fn whole_lines(segment: &Path) -> Vec<Value> {
    let text = fs::read_to_string(segment).unwrap();
    let shown = segment.display();
    assert!(text.is_empty() || text.ends_with('\n'), "torn: {shown}");
    text.lines()
        .map(|line| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            line["added"] = Value::Null;
            line
        })
        .collect()
}

/// The entries of quarantine by id, without the time of arrival, each with its bytes.
pub(crate) fn quarantine(out: &Path) -> BTreeMap<String, (Value, Vec<u8>)> {
    listed(&out.join("quarantine"))
        .iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let mut entry: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
            entry["added"] = Value::Null;
            let bytes = fs::read(path.with_extension("bin")).unwrap();
            (entry["id"].as_str().unwrap().to_owned(), (entry, bytes))
        })
        .collect()
}
