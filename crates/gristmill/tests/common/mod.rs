//! What the tests of the command share: a folder to work in and ways to call the command.

#![allow(dead_code, reason = "each test binary uses a part of it")]

pub(crate) mod landing;
#[path = "../../../pipeline/tests/house/output.rs"]
pub(crate) mod output;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// The command, without what the environment of the tests says. `TESTED_PROGRAM` names another build of it.
pub(crate) fn gristmill() -> Command {
    let program = env::var_os("TESTED_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_gristmill").into());
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("GRISTMILL") {
            command.env_remove(name);
        }
    }
    command.env("GRISTMILL_LOG", "warn");
    command
}

/// The files in `dir` with this ending, in order.
pub(crate) fn files(dir: &Path, ending: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(dir)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    files.sort();
    files
}

/// A drop folder with everything that belongs to it.
pub(crate) struct House {
    dir: PathBuf,
    /// Removed with the house, where it stands in a folder of its own.
    _own: Option<TempDir>,
}

impl House {
    /// A house with this chain, in YAML, and these other keys.
    pub(crate) fn new(stages: &str, more: &str) -> Self {
        let own = tempfile::tempdir().unwrap();
        let house = Self::at(own.path());
        fs::create_dir(house.path("inbox")).unwrap();
        let yaml =
            format!("input: {{watch: [./inbox], settle: 50ms, rescan: 1s}}\nstages: {stages}\n{more}\n");
        fs::write(house.path("gristmill.yaml"), yaml).unwrap();
        Self {
            _own: Some(own),
            ..house
        }
    }

    /// The house that stands in `dir`.
    pub(crate) fn at(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            _own: None,
        }
    }

    /// Writes `to` for `from` in the configuration.
    pub(crate) fn change(&self, from: &str, to: &str) {
        let path = self.path("gristmill.yaml");
        let yaml = fs::read_to_string(&path).unwrap();
        assert!(yaml.contains(from));
        fs::write(path, yaml.replace(from, to)).unwrap();
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.dir.join(relative)
    }

    /// Puts a file into the drop folder, renamed in as a careful writer does.
    pub(crate) fn drop_in(&self, relative: &str, content: impl AsRef<[u8]>) {
        let to = self.path("inbox").join(relative);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        let aside = self.path("aside");
        fs::write(&aside, content).unwrap();
        fs::rename(aside, to).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = gristmill();
        command
            .args(arguments)
            .current_dir(&self.dir)
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// `run --once`, which must end with `code`.
    pub(crate) fn once(&self, code: i32) -> Output {
        let output = self.run(&["run", "--once"]);
        assert_eq!(output.status.code(), Some(code), "{}", said(&output));
        output
    }

    /// `run --once` to its end, whatever is set aside in it.
    pub(crate) fn take_all(&self) {
        let output = self.run(&["run", "--once"]);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}", said(&output));
    }

    /// The daemon.
    pub(crate) fn start(&self) -> Daemon {
        Daemon::of(self.command(&["run"]))
    }

    fn text(&self, folder: &str) -> String {
        let dir = self.path("out").join(folder);
        let mut paths = files(&dir, ".jsonl");
        paths.extend(files(&dir, ".jsonl.open"));
        paths
            .iter()
            .map(|path| fs::read_to_string(path).unwrap())
            .collect()
    }

    /// The lines in `documents` or `rejects`, in order.
    pub(crate) fn lines(&self, folder: &str) -> Vec<Value> {
        let text = self.text(folder);
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The lines without the time at which they were taken in, which is all that may differ between runs.
    pub(crate) fn lines_but_added(&self, folder: &str) -> Vec<Value> {
        let mut lines = self.lines(folder);
        for line in &mut lines {
            line.as_object_mut().unwrap().remove("added").unwrap();
        }
        lines
    }

    /// The entries in quarantine, in the order of their paths and records.
    pub(crate) fn quarantine(&self) -> Vec<Value> {
        let entries = files(&self.path("out/quarantine"), ".json");
        let mut entries: Vec<Value> = entries
            .iter()
            .map(|path| serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap())
            .collect();
        entries.sort_by_key(|entry| {
            let source = &entry["source"];
            (source["path"].to_string(), source["record"].as_u64())
        });
        entries
    }

    /// How often each path became a line, a reject or an entry in quarantine.
    pub(crate) fn taken(&self) -> BTreeMap<String, usize> {
        let mut taken = BTreeMap::new();
        let all = [self.lines("documents"), self.lines("rejects"), self.quarantine()].concat();
        for line in all {
            let path = line["source"]["path"].as_str().unwrap().to_owned();
            *taken.entry(path).or_default() += 1;
        }
        taken
    }

    /// `verify` finds nothing.
    pub(crate) fn verify(&self) {
        let output = self.run(&["verify"]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    }

    /// Waits until there is such a file.
    pub(crate) fn wait_until(&self, there_is: &str) {
        let given_up = Instant::now() + Duration::from_secs(60);
        while !self.path(there_is).exists() {
            assert!(Instant::now() < given_up, "waited for {there_is}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until so many documents were taken, which a daemon must manage within a minute.
    pub(crate) fn wait_for(&self, documents: usize) {
        let given_up = Instant::now() + Duration::from_secs(60);
        loop {
            let output = self.run(&["status", "--json"]);
            let status: Value = serde_json::from_slice(&output.stdout).unwrap();
            if status["accepted"].as_u64() >= Some(documents as u64) {
                return;
            }
            assert!(
                Instant::now() < given_up,
                "waited for {documents} documents: {status}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// What a command wrote, for messages.
pub(crate) fn said(output: &Output) -> String {
    format!(
        "{}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// A daemon that does not outlive its test.
pub(crate) struct Daemon(Child);

impl Daemon {
    pub(crate) fn of(mut command: Command) -> Self {
        Self(command.stdout(Stdio::null()).spawn().unwrap())
    }

    /// Waits for a log line with `words`, and gives what follows them.
    pub(crate) fn says(&mut self, words: &str) -> String {
        let log = BufReader::new(self.0.stderr.take().unwrap());
        let mut lines = log.lines().map(|line| line.unwrap());
        let found = lines.find_map(|line| line.split_once(words).map(|(_, rest)| rest.to_owned()));
        // The rest is read too, or the daemon would wait for somebody to do so.
        std::thread::spawn(move || lines.for_each(drop));
        found.unwrap()
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.0.id().to_string();
        let status = Command::new("kill").args([signal, &pid]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the end and gives the exit code, none where a signal ended it.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        self.0.wait().unwrap().code()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It has ended already where the test came to its end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
