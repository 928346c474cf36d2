//! Follows the memory of the daemon over many small documents that no other resembles.
//!
//! `cargo run --release -p gristmill --example memory -- TEXT [RECORDS] [STAGES] [lines|files] [PROGRAM]` takes the words
//! of a file of news, plain or as JSON Lines with `text`, and writes so many documents of four runs of words from random
//! places, as one JSON Lines file or as a file each. The daemon, `target/release/gristmill` unless another is named, takes
//! them with this chain. What it holds is told every fiftieth of the way and, at the end, how far the most is from the
//! least after the first fiftieth. Linux alone.

use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// Files in a folder of the drop folder.
const FOLDER: u64 = 1000;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let text = arguments
        .next()
        .context("usage: memory TEXT [RECORDS] [STAGES] [lines|files] [PROGRAM]")?;
    let records: u64 = arguments
        .next()
        .map_or(Ok(1_000_000), |records| records.parse())?;
    let stages = arguments
        .next()
        .unwrap_or_else(|| "[clean, language, dedup, entities, story]".to_owned());
    let files = arguments.next().is_some_and(|shape| shape == "files");
    let program = arguments
        .next()
        .unwrap_or_else(|| "target/release/gristmill".to_owned());

    let dir = tempfile::tempdir()?;
    fill(
        &dir.path().join("inbox"),
        &words(&fs::read_to_string(text)?),
        records,
        files,
    )?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    fs::write(
        dir.path().join("gristmill.yaml"),
        format!(
            "input: {{watch: [./inbox]}}\nstages: {stages}\noutput: {{dir: ./out}}\nstate: {{dir: ./state}}\n\
             http: {{listen: 127.0.0.1:{port}}}\n"
        ),
    )?;
    let mut daemon = Command::new(fs::canonicalize(program)?)
        .args(["run", "--config", "gristmill.yaml"])
        .current_dir(dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let followed = follow(&mut daemon, port, records);
    Command::new("kill").arg(daemon.id().to_string()).status()?;
    daemon.wait()?;
    followed
}

/// The words of plain text, or of the `text` of each line that is a JSON object.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for line in text.lines() {
        let object = serde_json::from_str::<Value>(line).ok();
        let text = object
            .as_ref()
            .map_or(line, |object| object["text"].as_str().unwrap_or_default());
        words.extend(text.split_whitespace().map(str::to_owned));
    }
    words
}

fn fill(inbox: &Path, words: &[String], records: u64, files: bool) -> Result<()> {
    ensure!(words.len() > 1000, "too little text to draw from");
    fs::create_dir_all(inbox)?;
    let mut lines = BufWriter::new(File::create(inbox.join(if files {
        ".none"
    } else {
        "all.jsonl"
    }))?);
    let mut state = 5_u64;
    for number in 0..records {
        let runs: Vec<String> = (0..4)
            .map(|_| {
                let length = 7 + below(&mut state, 5);
                let start = below(&mut state, words.len() - length);
                words[start..start + length]
                    .join(" ")
                    .trim_end_matches(['.', ',', ';'])
                    .to_owned()
            })
            .collect();
        let title: String = runs[0].chars().take(50).collect();
        let record = json!({"title": format!("{title} {number}"), "text": format!("{}. Report {number}.", runs.join(". "))});
        if files {
            let folder = inbox.join(format!("{:05}", number / FOLDER));
            if number % FOLDER == 0 {
                fs::create_dir(&folder)?;
            }
            fs::write(folder.join(format!("{number:08}.json")), record.to_string())?;
        } else {
            writeln!(lines, "{record}")?;
        }
    }
    Ok(lines.flush()?)
}

/// A number below `end`, by SplitMix64.
fn below(state: &mut u64, end: usize) -> usize {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((mixed ^ (mixed >> 31)) % end as u64) as usize
}

fn follow(daemon: &mut Child, port: u16, records: u64) -> Result<()> {
    println!("documents, MiB resident, of that not of files, processor seconds");
    let mut next = records / 50;
    let (mut least, mut most) = (f64::INFINITY, 0.0_f64);
    loop {
        thread::sleep(Duration::from_millis(200));
        ensure!(daemon.try_wait()?.is_none(), "the daemon has ended");
        let Ok(done) = done(port) else { continue };
        if done < next {
            continue;
        }
        let resident = memory(daemon.id(), "VmRSS:")?;
        let anonymous = memory(daemon.id(), "RssAnon:")?;
        println!(
            "{done} {resident:.1} {anonymous:.1} {:.1}",
            processor(daemon.id())?
        );
        (least, most) = (least.min(resident), most.max(resident));
        if done >= records {
            println!("most / least: {:.2}", most / least);
            return Ok(());
        }
        next = (done / (records / 50) + 1) * (records / 50);
        next = next.min(records);
    }
}

/// How many documents the daemon is done with, by its own count.
fn done(port: u16) -> Result<u64> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let counts = answer
        .lines()
        .filter(|line| line.starts_with("gristmill_documents_total"));
    counts
        .map(|line| {
            let count = line.rsplit(' ').next().context("no count")?;
            Ok(count.parse::<f64>()? as u64)
        })
        .sum()
}

/// A line of the process's `status`, in MiB.
fn memory(process: u32, name: &str) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib: f64 = line
        .context("no such line")?
        .trim()
        .trim_end_matches(" kB")
        .parse()?;
    Ok(kib / 1024.0)
}

/// The processor time of the process, user and system, in seconds.
fn processor(process: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .context("no fields")?
        .split_whitespace()
        .collect();
    let ticks: f64 = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
    Ok(ticks / 100.0)
}
