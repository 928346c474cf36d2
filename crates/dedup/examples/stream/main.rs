//! A long stream of documents that a generator makes: `stream DOCUMENTS [MIN_WORDS|off] [REMEMBERED]`.
//!
//! A document has some 500 words by Zipf's law. Of a hundred, five are edited copies of one of the twenty thousand
//! before, ten quote one, and all end in the fixed text of one of 300 outlets. The window holds the last REMEMBERED
//! documents, all without that argument. The state lies in a folder for temporary files (`TMPDIR`).
//!
//! Prints a line of CSV now and then: documents so far; documents a second of processor time, both halves and
//! merging, since the line before; resident memory now and at most, in MiB; bytes of state a document; median
//! and 99th percentile of look-up and insertion (the ordered half) over the last 5,000 documents, in µs of processor
//! time; the longest `tend` between two batches since the line before, in ms; how long it took to open the state again, in
//! ms; duplicates and passages found since the line before.

mod articles;
mod files;

use std::error::Error;
use std::time::{Duration, Instant};

use gristmill_core::{Built, Document, OrderedStage, Stage, StageFactory};
use gristmill_dedup::{Action, DedupFactory, DedupParams, Passages};
use rustix::time::{ClockId, clock_gettime};

use articles::Articles;
use files::Files;

/// Documents between two calls of `tend`.
const BATCH: u64 = 256;
/// Look-ups that a percentile is taken over.
const SAMPLE: usize = 5_000;

/// The processor time of this thread.
fn processor() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// A line of `/proc/self/status`, in MiB.
fn memory(line: &str) -> Result<f64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let value = status
        .lines()
        .find_map(|l| l.strip_prefix(line)?.split_whitespace().next());
    Ok(value.ok_or("no such line")?.parse::<f64>()? / 1024.0)
}

/// Whether to print a line after so many documents.
fn is_due(documents: u64) -> bool {
    let power = 10_u64.pow(documents.ilog10());
    documents >= 10_000 && documents.is_multiple_of(power) && matches!(documents / power, 1 | 2 | 5)
}

fn main() -> Result<(), Box<dyn Error>> {
    let usage = "stream DOCUMENTS [MIN_WORDS|off] [REMEMBERED]";
    let args: Vec<String> = std::env::args().skip(1).collect();
    let documents: u64 = args.first().ok_or(usage)?.parse()?;
    let passages = match args.get(1).map(String::as_str) {
        None => Passages::default(),
        Some("off") => Passages::Off,
        Some(words) => Passages::On {
            min_words: words.parse()?,
        },
    };
    let remembered: Option<u64> = args.get(2).map(|n| n.parse()).transpose()?;
    let mut params = DedupParams {
        exact: Action::Tag,
        passages,
        ..DedupParams::default()
    };
    if let Some(remembered) = remembered {
        // One document a second.
        params.window = format!("{remembered}s").parse()?;
    }
    let build = || match DedupFactory::build(params.clone(), &gristmill_core::BuildEnv::default()) {
        Ok(Built::Ordered {
            prepare: Some(prepare),
            ordered,
        }) => Ok((prepare, ordered)),
        _ => Err("a stage in two halves"),
    };
    let dir = tempfile::tempdir()?;
    let mut state = Files::new(dir.path().to_owned());
    let (prepare, mut ordered): (std::sync::Arc<dyn Stage>, Box<dyn OrderedStage>) = build()?;
    ordered.open(&mut state)?;
    let articles = Articles::new();

    println!(
        "documents,per_second,resident_mib,peak_mib,bytes_each,median_us,p99_us,tend_ms,open_ms,duplicates,passages"
    );
    println!("0,,{:.1},{:.1},,,,,,,", memory("VmRSS:")?, memory("VmHWM:")?);
    let mut look_ups: Vec<Duration> = Vec::with_capacity(SAMPLE);
    let (mut busy, mut longest) = (Duration::ZERO, Duration::ZERO);
    let (mut duplicates, mut found, mut before) = (0, 0, 0);
    for number in 0..documents {
        let mut document = Document::from_text(&number.to_string(), &articles.text(number));
        if remembered.is_some() {
            document.added += jiff::SignedDuration::from_secs(number as i64);
        }
        let start = processor();
        prepare.process(&mut document)?;
        let prepared = processor();
        ordered.process(&mut document, &mut state)?;
        let end = processor();
        busy += end - start;
        if look_ups.len() == SAMPLE {
            look_ups[number as usize % SAMPLE] = end - prepared;
        } else {
            look_ups.push(end - prepared);
        }
        duplicates += usize::from(document.duplicate.kind.is_some());
        found += document.passages.len();
        if number % BATCH == BATCH - 1 {
            let start = processor();
            ordered.tend(&mut state)?;
            let took = processor() - start;
            busy += took;
            longest = longest.max(took);
            state.commit()?;
        }
        let count = number + 1;
        if is_due(count) || count == documents {
            // As a new process would.
            let resident = memory("VmRSS:")?;
            let start = Instant::now();
            (_, ordered) = build()?;
            ordered.open(&mut state)?;
            let open = start.elapsed();
            let mut sorted = look_ups.clone();
            sorted.sort_unstable();
            let micros =
                |share: f64| sorted[((sorted.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
            println!(
                "{count},{:.0},{resident:.1},{:.1},{},{:.0},{:.0},{:.1},{:.1},{duplicates},{found}",
                (count - before) as f64 / busy.as_secs_f64(),
                memory("VmHWM:")?,
                state.bytes() / count,
                micros(0.5),
                micros(0.99),
                longest.as_secs_f64() * 1e3,
                open.as_secs_f64() * 1e3,
            );
            (busy, longest, before) = (Duration::ZERO, Duration::ZERO, count);
            (duplicates, found) = (0, 0);
        }
    }
    Ok(())
}
