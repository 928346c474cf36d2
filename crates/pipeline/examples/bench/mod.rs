//! What the benchmarks share: a pipeline with an empty chain, and what it costs the process.

#![allow(dead_code, reason = "each benchmark takes what it needs")]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gristmill_disk::SharedDisk;
use gristmill_pipeline::{
    BatchLimits, Counters, LastResort, Pipeline, PipelineError, Probe, Settings, StopFlag, WhenDone,
};
use gristmill_sink::{Compression, Rotation};
use gristmill_source::{Inbox, Watched};

/// What went wrong, for people.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// The defaults of the daemon, but for the batch.
pub(crate) fn settings(dir: &Path, documents: usize) -> Settings {
    Settings {
        output: dir.join("out"),
        state: dir.join("state"),
        compression: Compression::None,
        rotation: Rotation {
            size: 256 << 20,
            age: Duration::from_secs(3600),
        },
        when_done: WhenDone::Keep,
        workers: std::thread::available_parallelism().map_or(1, usize::from),
        document_time: Duration::from_secs(30),
        in_flight: 64 << 20,
        batch: BatchLimits {
            documents,
            bytes: 16 << 20,
            time: Duration::from_millis(200),
        },
        last_resort: LastResort::new(|_| std::process::exit(74)),
        probe: Probe::none(),
    }
}

/// The drop folder `dir/inbox`, with the defaults but for `settle`.
pub(crate) fn inbox(dir: &Path, settle: Duration) -> Outcome<Inbox> {
    let source = gristmill_source::Settings {
        watch: vec![Watched {
            path: dir.join("inbox"),
            name: None,
        }],
        settle,
        ..gristmill_source::Settings::default()
    };
    Inbox::new(source).map_err(|errors| format!("{errors:?}").into())
}

/// A pipeline with an empty chain.
pub(crate) fn pipeline(
    settings: Settings,
    inbox: Inbox,
    disk: SharedDisk,
    counters: &Arc<Counters>,
    stop: &StopFlag,
) -> Result<Pipeline, PipelineError> {
    Pipeline::open(
        settings,
        Vec::new(),
        inbox,
        disk,
        Arc::clone(counters),
        stop.clone(),
    )
}

/// Processor time of this process so far, in seconds; the system counts in hundredths.
pub(crate) fn processor() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}

/// A line of `/proc/self/status`, in bytes: `VmRSS` is what is resident now, `VmHWM` the most since [`forget_peak`].
pub(crate) fn memory(line: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let found = status
        .lines()
        .find_map(|found| found.strip_prefix(line)?.strip_prefix(':'));
    let kibibytes = found.and_then(|found| found.split_whitespace().next()?.parse::<f64>().ok());
    kibibytes.unwrap_or(0.0) * 1024.0
}

/// Begins to look for the most memory anew.
pub(crate) fn forget_peak() {
    // Where the system does not let us, the peak is of the whole run.
    drop(fs::write("/proc/self/clear_refs", "5"));
}

/// The bytes of all files in `dir`.
pub(crate) fn size(dir: &Path) -> f64 {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.metadata().ok())
        .map(|metadata| metadata.len() as f64)
        .sum()
}
