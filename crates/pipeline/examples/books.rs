//! What a history costs: takes many small files, then starts again over them.
//!
//! `cargo run --release -p gristmill-pipeline --example books -- 100000 [FOLDER]`. The folder is filled where it is
//! not there, so that a second call measures the start alone; without one it is a temporary folder.

mod bench;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bench::{Outcome, forget_peak, inbox, memory, pipeline, processor, settings, size};
use gristmill_disk::RealDisk;
use gristmill_pipeline::{Counters, Mode, Pipeline, StopFlag};

/// Files in a folder of the drop folder.
const FOLDER: usize = 1000;

fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let files = arguments.next().unwrap_or_else(|| "10000".to_owned()).parse()?;
    let temporary = tempfile::tempdir()?;
    let dir = arguments
        .next()
        .map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    if !dir.join("inbox").exists() {
        fill(&dir.join("inbox"), files)?;
        take(&dir, files)?;
    }
    let known = files as f64;
    println!("journal: {:.0} bytes a file", size(&dir.join("state")) / known);
    let walk = walk(&dir)?;
    reconcile(&dir, known, walk)?;
    start(&dir)
}

/// A pipeline over the books and the drop folder in `dir`.
fn open(dir: &Path, settle: Duration) -> Outcome<(Pipeline, Arc<Counters>, StopFlag)> {
    let (counters, stop) = (Arc::new(Counters::default()), StopFlag::default());
    let (settings, inbox) = (settings(dir, 512), inbox(dir, settle)?);
    let pipeline = pipeline(settings, inbox, Arc::new(RealDisk), &counters, &stop)?;
    Ok((pipeline, counters, stop))
}

fn fill(inbox: &Path, files: usize) -> Outcome {
    for number in 0..files {
        let folder = inbox.join(format!("{:05}", number / FOLDER));
        if number % FOLDER == 0 {
            fs::create_dir_all(&folder)?;
        }
        let text = format!(
            "Article {number}\n\nA line or two, as short as they come, with the number {number} in it.\n"
        );
        fs::write(folder.join(format!("{number:07}.txt")), text)?;
    }
    Ok(())
}

/// Takes all of them, and tells each tenth whether a growing history makes it slower.
fn take(dir: &Path, files: usize) -> Outcome {
    let (pipeline, watched, _) = open(dir, Duration::ZERO)?;
    thread::spawn(move || {
        for tenth in 1..=10 {
            let (began, processor_began) = (Instant::now(), processor());
            let before = watched.now().written;
            while watched.now().written < (files * tenth / 10) as u64 {
                thread::sleep(Duration::from_millis(5));
            }
            let written = (watched.now().written - before) as f64;
            println!(
                "tenth {tenth}: {:.0} documents/s, {:.1} µs of processor time each, {:.0} MB resident",
                written / began.elapsed().as_secs_f64(),
                (processor() - processor_began) / written * 1e6,
                memory("VmRSS") / 1e6
            );
        }
    });
    pipeline.run(Mode::Once)?;
    Ok(())
}

/// What walking over all files costs by itself: listing, sorting and asking for metadata.
fn walk(dir: &Path) -> Outcome<f64> {
    fn folder(dir: &Path, count: &mut u64) -> std::io::Result<()> {
        let mut entries = fs::read_dir(dir)?.collect::<Result<Vec<_>, _>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            if entry.file_type()?.is_dir() {
                folder(&entry.path(), count)?;
            } else {
                *count += u64::from(entry.path().symlink_metadata()?.len() > 0);
            }
        }
        Ok(())
    }
    let mut count = 0;
    folder(&dir.join("inbox"), &mut count)?;
    let began = processor();
    folder(&dir.join("inbox"), &mut count)?;
    let took = processor() - began;
    println!(
        "walk alone: {:.2} µs of processor time a file",
        took / count as f64 * 2e6
    );
    Ok(took)
}

fn reconcile(dir: &Path, known: f64, walk: f64) -> Outcome {
    let resident = memory("VmRSS");
    forget_peak();
    let (began, processor_began) = (Instant::now(), processor());
    let (opened, ..) = open(dir, Duration::ZERO)?;
    println!(
        "opening the books: {:.2} s, {:.2} s of processor time; {:.0} bytes a file resident, {:.0} at the most",
        began.elapsed().as_secs_f64(),
        processor() - processor_began,
        (memory("VmRSS") - resident) / known,
        (memory("VmHWM") - resident) / known
    );
    let processor_began = processor();
    opened.run(Mode::Once)?;
    let took = processor() - processor_began;
    println!(
        "reconciliation: {:.2} µs of processor time a file, {:.2} of them beyond the walk; {:.0} bytes a file at the most",
        took / known * 1e6,
        (took - walk) / known * 1e6,
        (memory("VmHWM") - resident) / known
    );
    Ok(())
}

/// From the start of a daemon to the line of the one file that is new.
fn start(dir: &Path) -> Outcome {
    let stamp = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)?
        .as_nanos();
    fs::write(
        dir.join(format!("inbox/new-{stamp}.txt")),
        format!("news of {stamp}"),
    )?;
    let (began, processor_began) = (Instant::now(), processor());
    let (pipeline, counters, stop) = open(dir, Duration::from_millis(500))?;
    thread::scope(|scope| {
        let running = scope.spawn(|| pipeline.run(Mode::Watch));
        while counters.now().written == 0 && !running.is_finished() {
            thread::sleep(Duration::from_millis(1));
        }
        println!(
            "from the start to the first new line: {:.2} s, {:.2} s of processor time",
            began.elapsed().as_secs_f64(),
            processor() - processor_began
        );
        stop.set();
        running
            .join()
            .map_err(|_| "the pipeline panicked")?
            .map_err(Into::into)
    })
}
