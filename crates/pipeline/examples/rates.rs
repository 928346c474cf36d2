//! How fast files become durable lines, with an empty chain.
//!
//! `cargo run --release -p gristmill-pipeline --example rates -- latency 500 10 [FOLDER]` closes 500 files a second for
//! 10 seconds and tells how long after its close each was a durable line; `throughput 128 50000 [FOLDER]` takes 50,000
//! documents in batches of 128 from small files and from one JSON Lines file; `bytes 1024 [FOLDER]` takes one JSON Lines
//! file of 1,024 MiB. The folder chooses the disk: one in `/dev/shm` shows what it is like without any.

mod bench;

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use bench::{Outcome, forget_peak, inbox, memory, pipeline, processor, settings};
use gristmill_disk::{ObservedDisk, Observer, RealDisk};
use gristmill_pipeline::{Counters, Mode, StopFlag};
use serde::Deserialize;

fn main() -> Outcome {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let number = |at: usize| -> Outcome<usize> { Ok(arguments.get(at).ok_or("too few arguments")?.parse()?) };
    let base = |at: usize| match arguments.get(at) {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    };
    match arguments.first().map(String::as_str) {
        Some("latency") => latency(base(3)?.path(), number(1)?, number(2)?),
        Some("throughput") => throughput(base(3)?.path(), number(1)?, number(2)?),
        Some("bytes") => bytes(base(2)?.path(), number(1)?),
        _ => Err("latency, throughput or bytes".into()),
    }
}

/// Notes when batches became durable, and which files were in them.
#[derive(Debug)]
struct Noting {
    documents: PathBuf,
    read: Mutex<u64>,
    durable: Arc<Mutex<HashMap<String, Instant>>>,
}

#[derive(Deserialize)]
struct Line {
    source: Source,
}

#[derive(Deserialize)]
struct Source {
    path: String,
}

impl Observer for Noting {
    fn point(&self, what: &str) {
        if what == "committed"
            && let Err(error) = self.note(Instant::now())
        {
            eprintln!("cannot read what became durable: {error}");
        }
    }
}

impl Noting {
    fn note(&self, now: Instant) -> io::Result<()> {
        let mut file = match File::open(&self.documents) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            opened => opened?,
        };
        if let (Ok(mut read), Ok(mut durable)) = (self.read.lock(), self.durable.lock()) {
            let mut text = String::new();
            file.seek(SeekFrom::Start(*read))?;
            *read += file.read_to_string(&mut text)? as u64;
            let lines = text
                .lines()
                .filter_map(|line| serde_json::from_str::<Line>(line).ok());
            durable.extend(lines.map(|line| (line.source.path, now)));
        }
        Ok(())
    }
}

fn latency(dir: &Path, rate: usize, seconds: usize) -> Outcome {
    let inbox_dir = dir.join("inbox");
    fs::create_dir_all(&inbox_dir)?;
    let durable = Arc::default();
    let noting = Noting {
        documents: dir.join("out/documents/part-00000001.jsonl.open"),
        read: Mutex::new(0),
        durable: Arc::clone(&durable),
    };
    let (counters, stop) = (Arc::new(Counters::default()), StopFlag::default());
    let inbox = inbox(dir, Duration::from_millis(500))?;
    let disk = Arc::new(ObservedDisk::new(Arc::new(noting)));
    let pipeline = pipeline(settings(dir, 512), inbox, disk, &counters, &stop)?;
    let files = rate * seconds;
    let closed = thread::scope(|scope| -> Outcome<HashMap<String, Instant>> {
        let running = scope.spawn(|| pipeline.run(Mode::Watch));
        thread::sleep(Duration::from_secs(1));
        let (began, mut closed) = (Instant::now(), HashMap::new());
        for number in 0..files {
            let due = began + Duration::from_secs_f64(number as f64 / rate as f64);
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let name = format!("{number:07}.txt");
            let mut file = File::create(inbox_dir.join(&name))?;
            file.write_all(article(number).as_bytes())?;
            drop(file);
            closed.insert(name, Instant::now());
        }
        while counters.now().written < files as u64 && !running.is_finished() {
            thread::sleep(Duration::from_millis(10));
        }
        stop.set();
        running.join().map_err(|_| "the pipeline panicked")??;
        Ok(closed)
    })?;
    let durable = durable.lock().map_err(|_| "the pipeline panicked")?;
    let mut times: Vec<_> = closed
        .iter()
        .filter_map(|(name, closed)| Some(durable.get(name)?.saturating_duration_since(*closed)))
        .collect();
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{rate} files/s, {} files: median {:.0} ms, 99th percentile {:.0} ms, most {:.0} ms",
        times.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
    Ok(())
}

/// About 2 kB that differ from each other.
fn article(number: usize) -> String {
    let sentence =
        format!("In the {number}th report of the day nothing of note is said about anything at all. ");
    format!("Report {number}\n\n{}", sentence.repeat(25))
}

fn take(dir: &Path, batch: usize, what: &str) -> Outcome {
    let read: u64 = fs::read_dir(dir.join("inbox"))?
        .flatten()
        .filter_map(|entry| entry.metadata().ok())
        .map(|m| m.len())
        .sum();
    let (counters, stop) = (Arc::new(Counters::default()), StopFlag::default());
    let inbox = inbox(dir, Duration::ZERO)?;
    let resident = memory("VmRSS");
    forget_peak();
    let (began, processor_began) = (Instant::now(), processor());
    pipeline(settings(dir, batch), inbox, Arc::new(RealDisk), &counters, &stop)?.run(Mode::Once)?;
    let (wall, spent) = (began.elapsed().as_secs_f64(), processor() - processor_began);
    let written = counters.now().written as f64;
    println!(
        "{what}, batches of {batch}: {:.0} documents/s, {:.1} µs of processor time each; {:.0} MB/s, {:.0} MB of processor second; {:.0} MB more resident at the most",
        written / wall,
        spent / written * 1e6,
        read as f64 / wall / 1e6,
        read as f64 / spent / 1e6,
        (memory("VmHWM") - resident) / 1e6
    );
    Ok(())
}

fn throughput(dir: &Path, batch: usize, documents: usize) -> Outcome {
    let (files, lines) = (dir.join("files"), dir.join("lines"));
    fs::create_dir_all(files.join("inbox"))?;
    fs::create_dir_all(lines.join("inbox"))?;
    let mut records = BufWriter::new(File::create(lines.join("inbox/a.jsonl"))?);
    for number in 0..documents {
        let text = article(number);
        fs::write(files.join(format!("inbox/{number:07}.txt")), &text)?;
        writeln!(records, "{}", serde_json::json!({ "text": text }))?;
    }
    drop(records);
    take(&files, batch, "files of 2 kB")?;
    take(&lines, batch, "JSON Lines of 2 kB")
}

fn bytes(dir: &Path, mebibytes: usize) -> Outcome {
    fs::create_dir_all(dir.join("inbox"))?;
    let mut records = BufWriter::new(File::create(dir.join("inbox/a.jsonl"))?);
    let mut written = 0;
    for number in 0.. {
        if written >= mebibytes << 20 {
            break;
        }
        let line = serde_json::json!({ "text": article(number) }).to_string();
        writeln!(records, "{line}")?;
        written += line.len() + 1;
    }
    drop(records);
    take(dir, 512, &format!("one JSON Lines file of {mebibytes} MiB"))
}
