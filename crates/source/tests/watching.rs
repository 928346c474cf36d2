//! What the daemon finds, whatever the events say.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use gristmill_source::{
    Books, FileRef, Inbox, Known, Outcome, PathKey, Settings, WatchHandle, Watched, Watcher,
};
use tempfile::TempDir;

/// Far longer than anything takes: a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(20);
const NEVER: Duration = Duration::from_secs(3600);

/// Books that take every file as soon as it is handed out.
#[derive(Default)]
struct Taking(Mutex<HashMap<PathKey, [u8; 16]>>);

impl Books for Taking {
    fn known(&self, key: &PathKey, fingerprint: &[u8; 16]) -> Option<Known> {
        let taken = self.0.lock().unwrap().get(key).copied();
        (taken == Some(*fingerprint)).then_some(Known::Complete)
    }
}

/// A watched folder, and what was taken from it: path and content.
struct Daemon {
    dir: TempDir,
    handle: WatchHandle,
    thread: Option<JoinHandle<()>>,
    taken: Receiver<(String, String)>,
}

impl Daemon {
    /// Watches a new folder that `prepare` has filled.
    fn start(settle: Duration, rescan: Duration, prepare: impl FnOnce(&Path)) -> Self {
        Self::begin(settle, rescan, prepare, |watcher| watcher)
    }

    /// Walks over a new folder, and hears of nothing.
    fn deaf() -> Self {
        Self::begin(SETTLE, SETTLE, |_| {}, Watcher::without_events)
    }

    fn begin(
        settle: Duration,
        rescan: Duration,
        prepare: impl FnOnce(&Path),
        with: impl FnOnce(Watcher) -> Watcher,
    ) -> Self {
        let dir = TempDir::new().unwrap();
        fs::create_dir(dir.path().join("in")).unwrap();
        prepare(&dir.path().join("in"));
        let (sender, taken) = channel();
        let inbox = Inbox::new(Settings {
            watch: vec![Watched {
                path: dir.path().join("in"),
                name: None,
            }],
            settle,
            rescan,
            ..Settings::default()
        })
        .unwrap();
        let inbox = Arc::new(inbox);
        let watcher = with(Watcher::new(inbox.clone()));
        let handle = watcher.handle();
        let thread = thread::spawn(move || {
            let books = Taking::default();
            watcher.run(&books, &mut |file| take(&inbox, &books, &file, &sender));
        });
        Self {
            dir,
            handle,
            thread: Some(thread),
            taken,
        }
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.dir.path().join("in").join(relative)
    }

    fn write(&self, relative: &str, content: &str) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn next(&self) -> (String, String) {
        self.taken.recv_timeout(PATIENCE).unwrap()
    }

    /// The next files taken are these, in any order.
    fn expect(&self, expected: &[(&str, &str)]) {
        let mut found: Vec<_> = expected.iter().map(|_| self.next()).collect();
        found.sort();
        let mut expected: Vec<_> = expected
            .iter()
            .map(|(p, c)| ((*p).to_owned(), (*c).to_owned()))
            .collect();
        expected.sort();
        assert_eq!(found, expected);
    }

    fn expect_nothing_for(&self, time: Duration) {
        assert_eq!(self.taken.recv_timeout(time), Err(RecvTimeoutError::Timeout));
    }

    /// Waits until the watch stands, by a file of its own.
    fn settle_in(&self) {
        self.write("first", "x");
        self.expect(&[("first", "x")]);
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.handle.stop();
        self.thread.take().unwrap().join().unwrap();
    }
}

fn take(inbox: &Inbox, books: &Taking, file: &FileRef, sender: &Sender<(String, String)>) -> ControlFlow<()> {
    let mut content = Vec::new();
    let outcome = inbox.read(file, 0, &mut |item| {
        if let gristmill_source::Item::Record(record) = item {
            content.extend(record.raw);
        }
        ControlFlow::Continue(())
    });
    if outcome == Outcome::Complete {
        let fingerprint = file.fingerprint().to_bytes();
        books.0.lock().unwrap().insert(file.key(), fingerprint);
        let content = String::from_utf8(content).unwrap();
        // The test may be over.
        let _ = sender.send((file.source_path().to_owned(), content));
    }
    ControlFlow::Continue(())
}

const SETTLE: Duration = Duration::from_millis(300);

#[test]
fn what_was_there_and_what_lands() {
    let daemon = Daemon::start(SETTLE, NEVER, |dir| fs::write(dir.join("before"), "x").unwrap());
    daemon.expect(&[("before", "x")]);
    daemon.write("a", "y");
    daemon.expect(&[("a", "y")]);
    daemon.write("d/e/f", "z");
    daemon.expect(&[("d/e/f", "z")]);
    daemon.expect_nothing_for(SETTLE * 3);
}

/// What looks at `dir` once, takes what stands there at once, and hears of the rest by events.
fn watcher_of(dir: &Path) -> Watcher {
    let inbox = Inbox::new(Settings {
        watch: vec![Watched {
            path: dir.to_owned(),
            name: None,
        }],
        settle: Duration::ZERO,
        rescan: NEVER,
        ..Settings::default()
    });
    Watcher::new(Arc::new(inbox.unwrap()))
}

#[test]
fn what_lands_between_the_first_look_and_the_watch() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("before"), "x").unwrap();
    let watcher = watcher_of(dir.path());
    let (handle, (sender, late)) = (watcher.handle(), channel());
    let patience = thread::spawn(move || {
        let came = late.recv_timeout(PATIENCE).is_ok();
        handle.stop();
        came
    });
    let books = Taking::default();
    watcher.run(&books, &mut |file| {
        let fingerprint = file.fingerprint().to_bytes();
        books.0.lock().unwrap().insert(file.key(), fingerprint);
        match file.source_path() {
            // The folder is listed, and a watch is not placed before all is handed out that was there.
            "before" => fs::write(dir.path().join("late"), "y").unwrap(),
            _ => sender.send(()).unwrap(),
        }
        ControlFlow::Continue(())
    });
    assert!(patience.join().unwrap());
}

#[test]
fn a_slow_writer_is_never_taken_half() {
    let daemon = Daemon::start(SETTLE * 3, NEVER, |_| {});
    daemon.settle_in();
    let mut file = File::create(daemon.path("slow")).unwrap();
    for _ in 0..10 {
        file.write_all(b"part ").unwrap();
        daemon.expect_nothing_for(SETTLE / 3);
    }
    drop(file);
    daemon.expect(&[("slow", &"part ".repeat(10))]);
}

#[test]
fn closing_and_renaming_in_shorten_the_wait() {
    // Nothing that only stood still is taken within the patience of this test.
    let daemon = Daemon::start(PATIENCE + PATIENCE / 2, NEVER, |_| {});
    thread::sleep(SETTLE);
    let open = File::create(daemon.path("open")).unwrap();
    (&open).write_all(b"x").unwrap();
    daemon.expect_nothing_for(SETTLE);
    drop(open);
    daemon.expect(&[("open", "x")]);
    daemon.write("moved.tmp", "y");
    fs::rename(daemon.path("moved.tmp"), daemon.path("moved")).unwrap();
    daemon.expect(&[("moved", "y")]);
}

#[test]
fn new_versions_come_again() {
    let daemon = Daemon::start(SETTLE, NEVER, |_| {});
    daemon.settle_in();
    daemon.write("a", "one");
    daemon.expect(&[("a", "one")]);
    // Rewritten to the same length and set back to the same time.
    let before = fs::metadata(daemon.path("a")).unwrap().modified().unwrap();
    daemon.write("a", "two");
    File::options()
        .write(true)
        .open(daemon.path("a"))
        .unwrap()
        .set_modified(before)
        .unwrap();
    daemon.expect(&[("a", "two")]);
    // Renamed over, truncated and appended to.
    daemon.write("a.tmp", "three");
    fs::rename(daemon.path("a.tmp"), daemon.path("a")).unwrap();
    daemon.expect(&[("a", "three")]);
    daemon.write("a", "4");
    daemon.expect(&[("a", "4")]);
    // Removed and made again, where the inode may come back.
    fs::remove_file(daemon.path("a")).unwrap();
    daemon.write("a", "5");
    daemon.expect(&[("a", "5")]);
}

#[test]
fn backdated_files_and_hard_links() {
    let daemon = Daemon::start(SETTLE, NEVER, |_| {});
    daemon.settle_in();
    let file = File::create(daemon.path("old")).unwrap();
    (&file).write_all(b"x").unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    drop(file);
    daemon.expect(&[("old", "x")]);
    let outside = daemon.dir.path().join("outside");
    fs::write(&outside, "y").unwrap();
    fs::hard_link(&outside, daemon.path("link")).unwrap();
    daemon.expect(&[("link", "y")]);
}

#[test]
fn odd_names() {
    let daemon = Daemon::start(SETTLE, NEVER, |_| {});
    daemon.settle_in();
    daemon.write("line\nend", "x");
    daemon.expect(&[("line\nend", "x")]);
    fs::write(daemon.path("").join(OsStr::from_bytes(b"caf\xe9")), "y").unwrap();
    daemon.expect(&[("caf%E9", "y")]);
    daemon.write(".hidden", "z");
    daemon.write("d/.git/config", "z");
    daemon.expect_nothing_for(SETTLE * 4);
}

#[test]
fn trees_made_and_filled_in_one_go() {
    const TREES: usize = 200;
    let daemon = Daemon::start(SETTLE, NEVER, |_| {});
    daemon.settle_in();
    for tree in 0..TREES {
        for file in 0..4 {
            daemon.write(&format!("{tree}/a/b/{file}"), "x");
        }
    }
    let mut paths: Vec<_> = (0..TREES * 4).map(|_| daemon.next().0).collect();
    paths.sort();
    paths.dedup();
    assert_eq!(paths.len(), TREES * 4);
}

#[test]
fn trees_moved_in() {
    let daemon = Daemon::start(SETTLE, NEVER, |_| {});
    daemon.settle_in();
    let outside = daemon.dir.path().join("outside");
    fs::create_dir_all(outside.join("a/b")).unwrap();
    fs::write(outside.join("a/b/c"), "x").unwrap();
    fs::rename(&outside, daemon.path("tree")).unwrap();
    daemon.expect(&[("tree/a/b/c", "x")]);
    // And its watch stands.
    daemon.write("tree/a/b/d", "y");
    daemon.expect(&[("tree/a/b/d", "y")]);
}

#[test]
fn a_watched_folder_removed_and_made_again() {
    let daemon = Daemon::start(SETTLE, Duration::from_secs(1), |_| {});
    daemon.settle_in();
    fs::remove_dir_all(daemon.path("")).unwrap();
    daemon.expect_nothing_for(SETTLE);
    daemon.write("again", "x");
    daemon.expect(&[("again", "x")]);
    daemon.write("more", "y");
    daemon.expect(&[("more", "y")]);
}

#[test]
fn a_walk_finds_what_no_event_told() {
    // Through a link from elsewhere no event of the file's own reaches the watch.
    let daemon = Daemon::start(SETTLE, Duration::from_millis(500), |dir| {
        fs::write(dir.join("a"), "one").unwrap();
        fs::hard_link(dir.join("a"), dir.parent().unwrap().join("alias")).unwrap();
    });
    daemon.expect(&[("a", "one")]);
    fs::write(daemon.dir.path().join("alias"), "two").unwrap();
    daemon.expect(&[("a", "two")]);
}

#[test]
fn without_any_events_walks_find_everything() {
    let daemon = Daemon::deaf();
    daemon.write("a/b/c", "one");
    daemon.expect(&[("a/b/c", "one")]);
    daemon.write("a/b/c.tmp", "two");
    fs::rename(daemon.path("a/b/c.tmp"), daemon.path("a/b/c")).unwrap();
    daemon.expect(&[("a/b/c", "two")]);
    daemon.write("a/b/c", "3");
    daemon.expect(&[("a/b/c", "3")]);
    fs::rename(daemon.path("a"), daemon.path("d")).unwrap();
    daemon.expect(&[("d/b/c", "3")]);
    fs::remove_dir_all(daemon.path("")).unwrap();
    daemon.expect_nothing_for(SETTLE);
    daemon.write("again", "x");
    daemon.expect(&[("again", "x")]);
    daemon.expect_nothing_for(SETTLE * 3);
}

#[test]
fn very_many_files_at_once() {
    let files = std::env::var("MANY_FILES").map_or(10_000, |files| files.parse().unwrap());
    let daemon = Daemon::start(SETTLE, NEVER, |_| {});
    daemon.settle_in();
    for number in 0..files {
        fs::write(daemon.path(&format!("{number}")), "x").unwrap();
    }
    let mut paths: Vec<_> = (0..files).map(|_| daemon.next().0).collect();
    paths.sort();
    paths.dedup();
    assert_eq!(paths.len(), files);
    daemon.expect_nothing_for(SETTLE);
}

#[test]
fn a_file_that_could_not_be_taken_is_looked_at_again_on_request() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("a"), "x").unwrap();
    let watcher = watcher_of(dir.path());
    let handle = watcher.handle();
    let mut offered = 0;
    watcher.run(&gristmill_source::NoBooks, &mut |file| {
        offered += 1;
        if offered == 3 {
            return ControlFlow::Break(());
        }
        handle.look_again(&file);
        ControlFlow::Continue(())
    });
    assert_eq!(offered, 3);
}

#[test]
fn pipes_are_left_alone() {
    let daemon = Daemon::start(SETTLE, NEVER, |dir| {
        assert!(
            std::process::Command::new("mkfifo")
                .arg(dir.join("pipe"))
                .status()
                .unwrap()
                .success()
        );
    });
    daemon.settle_in();
    assert!(
        std::process::Command::new("mkfifo")
            .arg(daemon.path("another"))
            .status()
            .unwrap()
            .success()
    );
    std::os::unix::fs::symlink("/dev/zero", daemon.path("device")).unwrap();
    daemon.expect_nothing_for(SETTLE * 3);
}
