//! `gristmill run`: the daemon, or one pass over the drop folder.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use gristmill_disk::RealDisk;
use gristmill_pipeline::{Counters, Mode, Pipeline, PipelineError, StopFlag};
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::Globals;
use crate::config::{Chain, Config};
use crate::exit::{Exit, Failure, Outcome};
use crate::stages;
use crate::wiring;

/// The arguments of `gristmill run`.
#[derive(Debug, Clone, Default, Args)]
pub struct RunArgs {
    /// Take all that is in the drop folder now, print a summary and end
    #[arg(long)]
    pub once: bool,
}

/// Runs the command.
///
/// # Errors
/// The configuration is wrong, or the disk failed.
pub fn run(args: &RunArgs, globals: &Globals) -> Outcome {
    let (config, mut chain) = globals.config_with_chain()?;
    let mode = if args.once { Mode::Once } else { Mode::Watch };
    let counters = Arc::new(Counters::default());
    let stop = StopFlag::default();
    listen_for_signals(&stop, config.limits.drain.0)?;
    let started = Instant::now();
    let bar = (args.once && std::io::stderr().is_terminal()).then(|| progress(&counters));
    let mut pause = Duration::from_secs(1);
    while let Err(error) = attempt(&config, chain, mode, &counters, &stop)? {
        if args.once || !error.may_pass() || stop.is_set() {
            let error =
                anyhow::Error::new(error).context("the work stopped; what was written so far is good");
            return Err(Failure::new(Exit::Io, error));
        }
        tracing::error!(%error, retry_in = ?pause, "the work stopped; going on from the last batch");
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_secs(30));
        chain = config.chain(&stages::built_in())?;
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    summary(&config, &counters, started.elapsed())?;
    let failed = args.once && counters.now().quarantined > 0;
    Ok(if failed { Exit::SetAside } else { Exit::Done })
}

/// One run over the drop folder, from the books as they are.
fn attempt(
    config: &Config,
    chain: Chain,
    mode: Mode,
    counters: &Arc<Counters>,
    stop: &StopFlag,
) -> Result<Result<(), PipelineError>, Failure> {
    let inbox = wiring::inbox(config)?;
    let disk = Arc::new(RealDisk);
    let pipeline = Pipeline::open(
        wiring::pipeline(config),
        chain,
        inbox,
        disk,
        Arc::clone(counters),
        stop.clone(),
    );
    Ok(pipeline.and_then(|pipeline| pipeline.run(mode)))
}

/// What was done, for people.
fn summary(config: &Config, counters: &Counters, took: Duration) -> std::io::Result<()> {
    let counts = counters.now();
    let seconds = took.as_secs_f64();
    let rate = counts.accepted as f64 / seconds.max(1e-3);
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{} documents in {seconds:.1} s ({rate:.0}/s)",
        counts.accepted
    )?;
    writeln!(
        out,
        "  written      {:>8}  {}",
        counts.written,
        config.output.dir.join("documents").display()
    )?;
    writeln!(
        out,
        "  rejected     {:>8}  {}",
        counts.rejected,
        config.output.dir.join("rejects").display()
    )?;
    writeln!(
        out,
        "  quarantined  {:>8}  {}",
        counts.quarantined,
        config.output.dir.join("quarantine").display()
    )
}

/// The first signal asks for a drain; the second, or the end of the time for it, ends the process, which is safe at
/// any instant.
fn listen_for_signals(stop: &StopFlag, drain: Duration) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let (mut terminate, mut interrupt) = {
        let _context = runtime.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)
    };
    let stop = stop.clone();
    let listen = move || {
        runtime.block_on(async {
            loop {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                if stop.is_set() {
                    tracing::warn!("stopping at once; the next start goes on from the last batch");
                    std::process::exit(0);
                }
                tracing::info!(limit = ?drain, "draining; a second signal stops at once");
                stop.set();
                thread::spawn(move || {
                    thread::sleep(drain);
                    tracing::warn!("not drained in time; the next start goes on from the last batch");
                    std::process::exit(0);
                });
            }
        });
    };
    thread::Builder::new()
        .name("gristmill-signal".to_owned())
        .spawn(listen)?;
    Ok(())
}

/// A spinner that shows what is done so far.
fn progress(counters: &Arc<Counters>) -> ProgressBar {
    let counters = Arc::clone(counters);
    let bar = ProgressBar::new_spinner();
    let style = ProgressStyle::with_template("{spinner} {elapsed} {counts}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner());
    bar.set_style(style.with_key(
        "counts",
        move |_: &indicatif::ProgressState, out: &mut dyn std::fmt::Write| {
            let counts = counters.now();
            // A line of progress that cannot be written is not worth a word.
            let _ = write!(
                out,
                "{} written, {} rejected, {} quarantined, {} in flight",
                counts.written,
                counts.rejected,
                counts.quarantined,
                counts.in_flight()
            );
        },
    ));
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
