use std::ffi::OsString;

use super::*;

fn load(yaml: &str, variables: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("gristmill.yaml");
    std::fs::write(&file, yaml).unwrap();
    let variables = variables
        .iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)));
    let prefix = format!("{}:", file.display());
    super::load_with_chain(&file, variables, &crate::stages::built_in())
        .map(|(config, _)| config)
        .map_err(|problems| {
            let lines = problems.0.iter().map(ToString::to_string);
            lines.map(|line| line.replace(&prefix, "")).collect()
        })
}

const WATCH: &str = "input: {watch: [./inbox]}\n";

#[test]
fn variables_override_keys_and_are_read_by_type() {
    let config = load(
        WATCH,
        &[
            ("GRISTMILL__OUTPUT__DIR", "/srv/out"),
            ("GRISTMILL__STATE__DIR", "123"),
            ("GRISTMILL__WORKERS", "3"),
            ("GRISTMILL__INPUT__WATCH", "[/a, {path: /b, name: b}]"),
            ("GRISTMILL__INPUT__WHEN_DONE", "{move: /done}"),
            ("GRISTMILL__STAGES", "[language: {min_confidence: 0.5}, dedup]"),
            ("GRISTMILL__HTTP__LISTEN", "127.0.0.1:1"),
            ("GRISTMILL_CONFIG", "elsewhere"),
        ],
    )
    .unwrap();
    assert_eq!(config.output.dir, Path::new("/srv/out"));
    assert!(config.state.dir.ends_with("123"));
    assert_eq!(config.workers, 3);
    assert_eq!(config.input.watch[1].name.as_deref(), Some("b"));
    assert_eq!(config.input.when_done, WhenDone::Move("/done".into()));
    assert_eq!(config.stages.len(), 2);
    assert_eq!(config.http.unwrap().listen.port(), 1);
}

#[test]
fn variables_are_filled_in() {
    let yaml = "input: {watch: ['${ROOT}/inbox', '$${x}', '${NONE:-./other}']}\nworkers: ${N}\nstages:\n  - dedup: {threshold: \"${T}\"}\n";
    let config = load(yaml, &[("ROOT", "/srv"), ("N", "2"), ("T", "0.5")]).unwrap();
    assert_eq!(config.input.watch[0].path, Path::new("/srv/inbox"));
    assert!(config.input.watch[1].path.ends_with("${x}"));
    assert!(config.input.watch[2].path.ends_with("other"));
    assert_eq!(config.workers, 2);
    assert_eq!(config.stages[0].params["threshold"], 0.5);
}

#[test]
fn relative_paths_start_from_the_folder_of_the_file() {
    let config = load(WATCH, &[("GRISTMILL__OUTPUT__DIR", "lines")]).unwrap();
    assert!(config.output.dir.is_absolute() && config.output.dir.ends_with("lines"));
    assert_eq!(config.output.dir.parent(), Some(&*config.base));
}

#[test]
fn words_that_old_yaml_takes_for_switches_are_words() {
    let yaml = "input: {watch: [./inbox, no]}\nstages:\n  - language: {keep: [en, nb]}\n  - dedup: {passages: off, near: off}\n";
    let config = load(yaml, &[]).unwrap();
    assert!(config.input.watch[1].path.ends_with("no"));
}

#[test]
fn an_override_is_blamed_by_its_name() {
    let errors = load(
        WATCH,
        &[
            ("GRISTMILL__OUTPUT__DRI", "x"),
            ("GRISTMILL__WORKERS", "many"),
            ("GRISTMILL__STAGES", "[dedup: {neer: tag}]"),
        ],
    )
    .unwrap_err();
    assert_eq!(errors.len(), 3, "{errors:#?}");
    assert!(errors.iter().any(|error| {
        error.starts_with("GRISTMILL__OUTPUT__DRI: output.dri: unknown key; did you mean `dir`?")
    }));
    assert!(
        errors.contains(&"GRISTMILL__WORKERS: workers: expected a whole number, found \"many\"".to_owned())
    );
    assert!(errors.iter().any(|error| {
        error.starts_with("GRISTMILL__STAGES: stages[0].dedup.neer: unknown key; did you mean `near`?")
    }));
}

#[test]
fn namesakes_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("gristmill.yaml");
    std::fs::write(
        &file,
        format!("{WATCH}stages: [language, dedup, dedup, language, dedup]"),
    )
    .unwrap();
    let (_, chain) = load_with_chain(&file, [], &crate::stages::built_in()).unwrap();
    let names: Vec<_> = chain.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["language", "dedup", "dedup-2", "language-2", "dedup-3"]);
}
