//! How far `run --once` has come: a line that is drawn anew on a terminal, plain lines now and then elsewhere.

use std::fmt::Write;
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use gristmill_pipeline::Counters;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};

/// How often a plain line is written.
const PAUSE: Duration = Duration::from_secs(10);

/// Shows progress until it is finished or dropped.
pub(crate) enum Progress {
    Terminal(ProgressBar),
    /// Lines are written as long as this is held.
    Lines {
        _until: Sender<()>,
    },
}

impl Progress {
    pub(crate) fn start(counters: &Arc<Counters>) -> io::Result<Self> {
        let counters = Arc::clone(counters);
        if io::stderr().is_terminal() {
            Ok(Self::Terminal(bar(counters)))
        } else {
            lines(counters)
        }
    }

    pub(crate) fn finish(self) {
        if let Self::Terminal(bar) = self {
            bar.finish_and_clear();
        }
    }
}

fn state(counters: &Counters, since: Instant) -> String {
    let counts = counters.now();
    let done = counts.accepted - counts.in_flight();
    let rate = done as f64 / since.elapsed().as_secs_f64().max(1e-3);
    format!(
        "{} written, {} rejected, {} quarantined, {} in flight, {rate:.0}/s",
        counts.written,
        counts.rejected,
        counts.quarantined,
        counts.in_flight()
    )
}

fn bar(counters: Arc<Counters>) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    let style = ProgressStyle::with_template("{spinner} {elapsed} {counts}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner());
    let since = Instant::now();
    bar.set_style(
        style.with_key("counts", move |_: &ProgressState, out: &mut dyn Write| {
            // A line of progress that cannot be written is not worth a word.
            let _ = out.write_str(&state(&counters, since));
        }),
    );
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

fn lines(counters: Arc<Counters>) -> io::Result<Progress> {
    let (until, ended) = mpsc::channel();
    let since = Instant::now();
    let write = move || {
        while ended.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
            tracing::info!("{}", state(&counters, since));
        }
    };
    thread::Builder::new()
        .name("gristmill-progress".to_owned())
        .spawn(write)?;
    Ok(Progress::Lines { _until: until })
}
