//! Kills the real daemon at random instants while files land, and looks for what is lost, torn or twice.
//!
//! The long form: `STORM_KILLS=500 cargo test --release -p gristmill --test storm -- --nocapture`. The seed of a
//! storm is printed with it; `STORM_SEED` repeats the files and the pauses, though not what the machine does in them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

/// SplitMix64: the same storm for the same seed, on any machine.
#[derive(Clone)]
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn text(&mut self) -> String {
        let words: Vec<_> = (0..40).map(|_| format!("w{}", self.below(100_000))).collect();
        words.join(" ")
    }
}

/// The files that land with the number `number`, by their paths from the drop folder: single texts, copies, empty
/// and unreadable ones, records of which one is bad, and trees.
fn files(random: &mut Random, number: u64) -> Vec<(String, Vec<u8>)> {
    let text = random.text();
    match random.below(12) {
        0 => vec![(format!("{number:06}.txt"), Vec::new())],
        1 => vec![(
            format!("{number:06}.bin"),
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0".to_vec(),
        )],
        2 => vec![(
            format!("{number:06}.txt"),
            b"the same words in every copy of this text, over and over again".to_vec(),
        )],
        3 | 4 => {
            let mut lines: Vec<_> = (0..8)
                .map(|_| serde_json::json!({"text": random.text()}).to_string())
                .collect();
            lines.insert(random.below(9) as usize, "{broken".to_owned());
            vec![(
                format!("{number:06}.jsonl"),
                (lines.join("\n") + "\n").into_bytes(),
            )]
        }
        5 => (0..3)
            .map(|leaf| (format!("{number:06}/a/b/{leaf}.txt"), random.text().into_bytes()))
            .collect(),
        6 => vec![(format!("{number:06} odd\nname.txt"), text.into_bytes())],
        _ => vec![(format!("{number:06}.txt"), text.into_bytes())],
    }
}

struct House {
    dir: tempfile::TempDir,
    config: PathBuf,
}

impl House {
    fn new(when_done: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("inbox")).unwrap();
        let config = dir.path().join("gristmill.yaml");
        let text = format!(
            "input:\n  watch: [./inbox]\n  settle: 300ms\n  rescan: 1s\n  when_done: {when_done}\n\
             stages:\n  - dedup: {{near: tag}}\n\
             output:\n  dir: ./out\n  rotate: {{size: 30KiB, age: 1h}}\n\
             state:\n  dir: ./state\n\
             workers: 2\nlimits:\n  batch: {{documents: 16, time: 30ms}}\n"
        );
        fs::write(&config, text).unwrap();
        Self { dir, config }
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.dir.path().join(relative)
    }

    fn command(&self, args: &[&str]) -> Command {
        let program =
            env::var("STORM_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_gristmill").to_owned());
        let mut command = Command::new(program);
        command.args(args).arg("--config").arg(&self.config);
        command
    }

    fn daemon(&self) -> Child {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.path("log"))
            .unwrap();
        self.command(&["run"])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap()
    }

    fn verify(&self) {
        let output = self.command(&["verify"]).output().unwrap();
        assert!(output.status.success(), "verify: {}", said(&output));
    }

    /// Takes all that is left. Documents set aside are the storm's own.
    fn once(&self) {
        let output = self.command(&["run", "--once"]).output().unwrap();
        assert!(
            matches!(output.status.code(), Some(0 | 1)),
            "run --once: {}",
            said(&output)
        );
    }

    /// The lines of one kind in order, without the time of arrival; none torn.
    fn lines(&self, kind: &str) -> Vec<Value> {
        let mut parts: Vec<_> = fs::read_dir(self.path("out").join(kind))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        parts.sort();
        let mut lines = Vec::new();
        for part in parts {
            let text = fs::read_to_string(&part).unwrap();
            assert!(
                text.is_empty() || text.ends_with('\n'),
                "torn: {}",
                part.display()
            );
            for line in text.lines() {
                let mut line: Value = serde_json::from_str(line).unwrap();
                line["added"] = Value::Null;
                lines.push(line);
            }
        }
        lines
    }

    /// The entries of quarantine by id, without the time of arrival.
    fn quarantine(&self) -> BTreeMap<String, Value> {
        let entries = fs::read_dir(self.path("out/quarantine"))
            .unwrap()
            .map(|entry| entry.unwrap().path());
        entries
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .map(|path| {
                let mut entry: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
                entry["added"] = Value::Null;
                (entry["id"].as_str().unwrap().to_owned(), entry)
            })
            .collect()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Lets `files` land the way that chance draws: written in place, or renamed in.
fn land(inbox: &Path, random: &mut Random, files: &[(String, Vec<u8>)]) {
    let renamed = random.below(2) == 0;
    for (path, bytes) in files {
        let path = inbox.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if renamed {
            let aside = path.with_extension("part");
            fs::write(&aside, bytes).unwrap();
            fs::rename(&aside, &path).unwrap();
        } else {
            fs::write(&path, bytes).unwrap();
        }
    }
}

/// Where a line or an entry came from: file and record.
fn origin(line: &Value) -> (String, u64) {
    (
        line["source"]["path"].as_str().unwrap().to_owned(),
        line["source"]["record"].as_u64().unwrap(),
    )
}

/// The records that must come out, each once.
fn records(landed: &BTreeMap<String, Vec<u8>>) -> BTreeSet<(String, u64)> {
    landed
        .iter()
        .flat_map(|(path, bytes)| {
            let records = if path.ends_with("jsonl") {
                bytes.split(|&b| b == b'\n').count() - 1
            } else {
                1
            };
            (0..records as u64).map(move |record| (path.clone(), record))
        })
        .collect()
}

/// A house that nobody disturbs, and that takes the same files in the order in which the storm took them.
fn undisturbed(documents: &[Value], landed: &BTreeMap<String, Vec<u8>>) -> House {
    let house = House::new("keep");
    let mut order: Vec<String> = Vec::new();
    let mut known = BTreeSet::new();
    let taken = documents
        .iter()
        .map(|line| origin(line).0)
        .chain(landed.keys().cloned());
    for path in taken {
        if known.insert(path.clone()) {
            order.push(path);
        }
    }
    // A pass takes files in the order of their paths: a new pass wherever that is not the order.
    for pass in order.chunk_by(|a, b| a < b) {
        for path in pass {
            let to = house.path("inbox").join(path);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::write(to, &landed[path]).unwrap();
        }
        house.once();
    }
    house
}

fn storm(seed: u64, kills: u32, when_done: &str) {
    println!("storm of {kills} kills, inputs {when_done}: STORM_SEED={seed}");
    let house = House::new(when_done);
    let over = Arc::new(AtomicBool::new(false));
    let writer = {
        let (over, inbox) = (Arc::clone(&over), house.path("inbox"));
        let mut random = Random(seed);
        thread::spawn(move || {
            let mut landed = BTreeMap::new();
            for number in 0.. {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                let files = files(&mut random, number);
                land(&inbox, &mut random, &files);
                landed.extend(files);
                thread::sleep(Duration::from_millis(random.below(30)));
            }
            landed
        })
    };
    let mut random = Random(seed ^ 0x5eed);
    for kill in 0..kills {
        let mut daemon = house.daemon();
        thread::sleep(Duration::from_millis(20 + random.below(600)));
        if random.below(10) == 0 {
            house.verify();
        }
        assert_eq!(
            daemon.try_wait().unwrap(),
            None,
            "the daemon ended by itself before kill {kill}"
        );
        daemon.kill().unwrap();
        daemon.wait().unwrap();
        if random.below(10) == 0 && house.path("state/journal.sqlite").exists() {
            house.verify();
        }
    }
    over.store(true, Ordering::Relaxed);
    let landed = writer.join().unwrap();
    house.once();
    house.verify();

    let (documents, rejects, quarantine) = (
        house.lines("documents"),
        house.lines("rejects"),
        house.quarantine(),
    );
    let mut found: Vec<_> = documents
        .iter()
        .chain(&rejects)
        .chain(quarantine.values())
        .map(origin)
        .collect();
    let count = found.len();
    found.sort();
    found.dedup();
    assert_eq!(found.len(), count, "something came twice");
    let expected = records(&landed);
    let found: BTreeSet<_> = found.into_iter().collect();
    let lost: Vec<_> = expected.difference(&found).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    assert_eq!(found, expected);

    let calm = undisturbed(&documents, &landed);
    for (number, (line, calm)) in documents.iter().zip(calm.lines("documents")).enumerate() {
        assert_eq!(
            *line, calm,
            "line {number} differs from that of an undisturbed run"
        );
    }
    let by_id = |lines: Vec<Value>| -> BTreeMap<String, Value> {
        lines
            .into_iter()
            .map(|line| (line["id"].as_str().unwrap().to_owned(), line))
            .collect()
    };
    assert_eq!(by_id(rejects.clone()), by_id(calm.lines("rejects")));
    assert_eq!(quarantine, calm.quarantine());
    let left = fs::read_dir(house.path("inbox"))
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().path().is_file())
        .count();
    assert_eq!(left == 0, when_done != "keep");
    println!(
        "{kills} kills while {} files landed: {} lines, {} rejects, {} in quarantine; none lost, twice or torn, all as undisturbed",
        landed.len(),
        documents.len(),
        rejects.len(),
        quarantine.len()
    );
}

#[test]
fn kills_at_random_instants_lose_nothing() {
    let kills = env::var("STORM_KILLS").map_or(6, |kills| kills.parse().unwrap());
    let seed = env::var("STORM_SEED").map_or_else(
        |_| SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64,
        |seed| seed.parse().unwrap(),
    );
    for (number, when_done) in ["delete", "keep", "{move: ./done}"].into_iter().enumerate() {
        storm(seed + number as u64, kills / 3, when_done);
    }
}
