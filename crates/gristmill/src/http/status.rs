//! `/status.json`: what the page shows.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use gristmill_disk::RealDisk;
use gristmill_journal::Ledger;
use gristmill_pipeline::Counts;
use gristmill_sink::Quarantine;
use serde_json::{Value, json};

use super::{Observed, TICK, lock};

/// Five minutes of ticks.
const TICKS: usize = 150;
/// So many of the latest failures are shown.
const FAILURES: usize = 8;

/// What was noted at each tick, and what is not looked up at each request.
#[derive(Debug, Default)]
pub(super) struct History {
    /// How many documents were durable.
    done: VecDeque<u64>,
    /// The latest failures, and after how many they were looked up.
    failures: (Option<u64>, Vec<Value>),
}

impl History {
    pub(super) fn note(&mut self, counts: Counts) {
        if self.done.len() > TICKS {
            self.done.pop_front();
        }
        self.done.push_back(counts.accepted - counts.in_flight());
    }

    /// Documents a second, a value a tick.
    fn rates(&self) -> Vec<f64> {
        let pairs = self.done.iter().zip(self.done.iter().skip(1));
        pairs
            .map(|(before, after)| after.saturating_sub(*before) as f64 / TICK.as_secs_f64())
            .collect()
    }
}

pub(super) fn json(observed: &Observed) -> Value {
    let counts = observed.counters.now();
    let config = &observed.config;
    let (phase, error) = observed.phase();
    let totals = Ledger::open(&config.state.dir)
        .ok()
        .and_then(|ledger| ledger.totals().ok())
        .unwrap_or_default();
    let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let watch = config.input.watch.iter().map(|watched| whole(&watched.path));
    let (rates, failures) = {
        let mut history = lock(&observed.history);
        if history.failures.0 != Some(counts.quarantined) {
            history.failures = (Some(counts.quarantined), latest_failures(observed));
        }
        (history.rates(), history.failures.1.clone())
    };
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "phase": phase,
        "error": error,
        "started": observed.started,
        "now": jiff::Timestamp::now(),
        "since_start": {
            "accepted": counts.accepted,
            "written": counts.written,
            "rejected": counts.rejected,
            "quarantined": counts.quarantined,
            "in_flight": counts.in_flight(),
            "files": counts.files,
            "batches": counts.batches,
        },
        "in_all": {
            "written": totals.written,
            "rejected": totals.rejected,
            "quarantined": totals.quarantined,
        },
        "documents_per_second": rates,
        "tick_seconds": TICK.as_secs(),
        "resident_bytes": resident_bytes(),
        "chain": observed.chain,
        "watch": watch.collect::<Vec<_>>(),
        "output": whole(&config.output.dir),
        "state": whole(&config.state.dir),
        "failures": failures,
    })
}

/// What failed last, latest first.
fn latest_failures(observed: &Observed) -> Vec<Value> {
    let dir = observed.config.output.dir.join("quarantine");
    let mut entries: Vec<_> = fs::read_dir(&dir)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let id = entry.file_name().to_str()?.strip_suffix(".json")?.parse().ok()?;
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            Some((modified.unwrap_or(SystemTime::UNIX_EPOCH), id))
        })
        .collect();
    entries.sort_by(|a, b| b.cmp(a));
    let quarantine = Quarantine::new(&dir, Arc::new(RealDisk));
    entries
        .iter()
        .take(FAILURES)
        .filter_map(|(_, id)| {
            let entry = quarantine.entry(id).ok()?;
            Some(json!({
                "id": id,
                "path": entry.source.path,
                "record": entry.source.record,
                "stage": entry.stage,
                "reason": entry.reason,
                "detail": entry.detail,
            }))
        })
        .collect()
}

/// The resident memory of this process, where the system tells.
pub(super) fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chart_is_of_bounded_length() {
        let mut history = History::default();
        for number in 0..1000 {
            history.note(Counts {
                accepted: number * 4,
                written: number * 4,
                ..Counts::default()
            });
        }
        let rates = history.rates();
        assert_eq!(rates.len(), TICKS);
        assert!(rates.iter().all(|rate| *rate == 2.0));
    }
}
