//! What comes out of a run, and what a second one adds.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod house;

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use gristmill_pipeline::{Counters, Mode, Pipeline, StopFlag, WhenDone};
use gristmill_source::{Inbox, Watched};
use house::{chain, expected, fill, folder, found, once, real, settings, totals};

#[test]
fn the_lines_do_not_depend_on_workers_and_a_second_run_writes_nothing() {
    let expected = expected();
    let dir = folder();
    fill(dir.path());
    once(dir.path(), real(), 4, WhenDone::Keep).unwrap();
    assert_eq!(found(dir.path()), expected);
    let again = once(dir.path(), real(), 1, WhenDone::Keep).unwrap();
    assert_eq!(again.accepted, 0);
    assert_eq!(found(dir.path()), expected);
}

#[test]
fn finished_inputs_are_moved_or_deleted() {
    for word in ["delete", "move"] {
        let dir = folder();
        fill(dir.path());
        once(dir.path(), real(), 2, house::when_done(word, dir.path())).unwrap();
        assert_eq!(fs::read_dir(dir.path().join("inbox")).unwrap().count(), 0);
        assert_eq!(dir.path().join("done").exists(), word == "move");
        assert_eq!(found(dir.path()), expected());
    }
}

#[test]
fn a_changed_file_gives_only_what_is_new() {
    let dir = folder();
    fill(dir.path());
    once(dir.path(), real(), 2, WhenDone::Keep).unwrap();
    let path = dir.path().join("inbox/20.jsonl");
    let longer = fs::read_to_string(&path).unwrap() + "{\"text\": \"seven\"}\n";
    fs::write(&path, longer).unwrap();
    let counts = once(dir.path(), real(), 2, WhenDone::Keep).unwrap();
    assert_eq!((counts.accepted, counts.written, counts.quarantined), (1, 1, 0));
    assert_eq!(found(dir.path()).documents.last().unwrap()["text"], "seven");
    assert_eq!(totals(dir.path()).accepted(), 16);
}

#[test]
fn one_id_comes_once_whatever_led_to_it() {
    let dir = folder();
    let folders = ["first", "second"].map(|name| dir.path().join(name));
    for folder in &folders {
        fs::create_dir(folder).unwrap();
        fs::write(folder.join("a.txt"), "the same at the same path").unwrap();
    }
    let run = |watch: &[&std::path::PathBuf]| {
        let source = gristmill_source::Settings {
            watch: watch
                .iter()
                .map(|&path| Watched {
                    path: path.clone(),
                    name: None,
                })
                .collect(),
            settle: Duration::ZERO,
            ..gristmill_source::Settings::default()
        };
        let counters = Arc::<Counters>::default();
        Pipeline::open(
            settings(dir.path(), 2, WhenDone::Keep),
            chain(false),
            Inbox::new(source).unwrap(),
            real(),
            Arc::clone(&counters),
            StopFlag::default(),
        )
        .unwrap()
        .run(Mode::Once)
        .unwrap();
        counters.now().accepted
    };
    assert_eq!(run(&[&folders[0], &folders[1]]), 1);
    // In another order the folders are told apart by other names in the books.
    assert_eq!(run(&[&folders[1], &folders[0]]), 0);
    assert_eq!(totals(dir.path()).written, 1);
}
