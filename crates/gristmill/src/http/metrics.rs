//! `/metrics`, in the text format that Prometheus and its kin read.

use std::fmt::Write;

use super::Observed;
use super::status::resident_bytes;

/// All metrics now. `accepted = written + rejected + quarantined + in flight` holds in each answer.
pub(super) fn text(observed: &Observed) -> String {
    let counts = observed.counters.now();
    let (phase, _) = observed.phase();
    let mut text = String::new();
    let mut metric = |name: &str, kind: &str, help: &str, samples: &[(&str, f64)]| {
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "# HELP gristmill_{name} {help}\n# TYPE gristmill_{name} {kind}\n"
        );
        for (labels, value) in samples {
            let _ = writeln!(text, "gristmill_{name}{labels} {value}");
        }
    };
    let count = |number: u64| number as f64;
    metric(
        "documents_accepted_total",
        "counter",
        "Documents taken in since the start.",
        &[("", count(counts.accepted))],
    );
    metric(
        "documents_total",
        "counter",
        "Documents that are durable, by what became of them.",
        &[
            ("{outcome=\"written\"}", count(counts.written)),
            ("{outcome=\"rejected\"}", count(counts.rejected)),
            ("{outcome=\"quarantined\"}", count(counts.quarantined)),
        ],
    );
    metric(
        "documents_in_flight",
        "gauge",
        "Documents taken in and not durable yet.",
        &[("", count(counts.in_flight()))],
    );
    metric(
        "files_total",
        "counter",
        "Files read to their end, durably.",
        &[("", count(counts.files))],
    );
    metric(
        "batches_total",
        "counter",
        "Batches made durable.",
        &[("", count(counts.batches))],
    );
    metric(
        "reloads_total",
        "counter",
        "Times that files on which a stage rests, such as gazetteers, had changed, by what became of it.",
        &[
            ("{outcome=\"in_force\"}", count(counts.renewed)),
            ("{outcome=\"refused\"}", count(counts.refused)),
        ],
    );
    metric(
        "ready",
        "gauge",
        "1 while files are taken, 0 while starting, failing or draining.",
        &[("", if phase == "working" { 1.0 } else { 0.0 })],
    );
    metric(
        "start_time_seconds",
        "gauge",
        "When the process started, in seconds since 1970.",
        &[("", observed.started.as_millisecond() as f64 / 1e3)],
    );
    if let Some(bytes) = resident_bytes() {
        metric(
            "resident_memory_bytes",
            "gauge",
            "Resident memory.",
            &[("", count(bytes))],
        );
    }
    let version = concat!("{version=\"", env!("CARGO_PKG_VERSION"), "\"}");
    metric("build_info", "gauge", "The version.", &[(version, 1.0)]);
    text
}
