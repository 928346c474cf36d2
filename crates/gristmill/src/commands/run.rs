//! `gristmill run`: the daemon, or one pass over the drop folder.

use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use gristmill_disk::RealDisk;
use gristmill_journal::Journal;
use gristmill_pipeline::{Counters, LastResort, Mode, Pipeline, PipelineError, Probe, StopFlag};

use crate::cli::Globals;
use crate::config::{Chain, Config};
use crate::exit::{Exit, Failure, Outcome};
use crate::http::{self, Observed, Phase};
use crate::memory;
use crate::progress::Progress;
use crate::signals;
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
/// The configuration is wrong, another gristmill has the state folder, or the machine failed.
pub fn run(args: &RunArgs, globals: &Globals) -> Outcome {
    let (config, chain) = globals.config_with_chain()?;
    let file = crate::config::locate(globals.config.as_deref())?;
    let counters = Arc::new(Counters::default());
    let stop = StopFlag::default();
    memory::keep_tidy(&counters)?;
    signals::listen(&stop, config.limits.drain.0, args.once)?;
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let started = Instant::now();
    if args.once {
        folders_are_there(&config)?;
        let progress = Progress::start(&counters)?;
        let ended = attempt(&config, &file, chain, Mode::Once, &counters, &stop, &|| {})?;
        progress.finish();
        ended.map_err(stopped)?;
    } else {
        watch(&config, &file, chain, &counters, &stop)?;
    }
    summary(&config, &counters, started.elapsed())?;
    if args.once && stop.is_set() {
        writeln!(std::io::stdout(), "interrupted: the next run takes what is left")?;
        return Ok(Exit::SetAside);
    }
    let failed = args.once && counters.now().quarantined > 0;
    Ok(if failed { Exit::SetAside } else { Exit::Done })
}

/// A daemon waits for a folder that is to come; a single pass over one that is not there is a mistake.
fn folders_are_there(config: &Config) -> Result<(), Failure> {
    for watched in &config.input.watch {
        if let Err(error) = std::fs::read_dir(&watched.path) {
            let error = anyhow::Error::new(error).context(format!("input.watch: {}", watched.path.display()));
            return Err(Failure::new(Exit::Io, error));
        }
    }
    Ok(())
}

/// The daemon: goes on until it is asked to stop, also over failures of the machine that may pass.
fn watch(
    config: &Config,
    file: &Path,
    mut chain: Chain,
    counters: &Arc<Counters>,
    stop: &StopFlag,
) -> Result<(), Failure> {
    let names = chain.iter().map(|(name, _)| name.clone()).collect();
    let observed = Arc::new(Observed::new(config, names, Arc::clone(counters), stop.clone()));
    serve(config, &observed)?;
    let working = || {
        observed.now(Phase::Working);
        tracing::info!("watching; SIGTERM or Ctrl-C drains");
    };
    let (mut pause, mut began) = (FIRST_PAUSE, Instant::now());
    while let Err(error) = attempt(config, file, chain, Mode::Watch, counters, stop, &working)? {
        if !error.may_pass() || stop.is_set() {
            return Err(stopped(error));
        }
        if began.elapsed() > LONGEST_PAUSE * 2 {
            // It worked for a while: this is another trouble.
            pause = FIRST_PAUSE;
        }
        tracing::error!(%error, retry_in = ?pause, "the work stopped; going on from the last batch");
        observed.now(Phase::Failing {
            error: error.to_string(),
        });
        wait(pause, stop);
        if stop.is_set() {
            return Err(stopped(error));
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
        chain = config.chain(&stages::built_in())?;
        began = Instant::now();
    }
    Ok(())
}

/// How long the daemon waits after a failure that may pass, and how long at the most after many.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Waits, but not longer than until somebody asks to stop.
fn wait(pause: Duration, stop: &StopFlag) {
    let until = Instant::now() + pause;
    while Instant::now() < until && !stop.is_set() {
        thread::sleep(Duration::from_millis(50));
    }
}

fn stopped(error: PipelineError) -> Failure {
    let error = anyhow::Error::new(error).context("the work stopped; what was written so far is good");
    Failure::new(Exit::Io, error)
}

/// Starts the status page where the configuration asks for one.
fn serve(config: &Config, observed: &Arc<Observed>) -> Result<(), Failure> {
    let Some(http) = config.http else {
        return Ok(());
    };
    match http::serve(http.listen, Arc::clone(observed)) {
        Ok(address) => tracing::info!("status page on http://{address}/"),
        // The daemon that has the port has the state as well, and that is the clearer thing to say.
        Err(_) if Journal::is_in_use(&config.state.dir) => {}
        Err(error) => {
            let error = anyhow::Error::new(error).context(format!("http.listen: {}", http.listen));
            return Err(Failure::new(Exit::Io, error));
        }
    }
    Ok(())
}

/// One run over the drop folder, from the books as they are; `opened` is called once the books are open.
fn attempt(
    config: &Config,
    file: &Path,
    chain: Chain,
    mode: Mode,
    counters: &Arc<Counters>,
    stop: &StopFlag,
    opened: &dyn Fn(),
) -> Result<Result<(), PipelineError>, Failure> {
    let inbox = wiring::inbox(config)?;
    let disk = Arc::new(RealDisk);
    let last_resort = {
        let stop = stop.clone();
        LastResort::new(move |why| start_anew(why, &stop))
    };
    let pipeline = Pipeline::open(
        wiring::pipeline(config, last_resort, probe(file, config.limits.document_time.0)),
        chain,
        inbox,
        disk,
        Arc::clone(counters),
        stop.clone(),
    );
    Ok(pipeline.and_then(|pipeline| {
        opened();
        pipeline.run(mode)
    }))
}

/// Some document holds a thread that nothing can free but the end of the process: becomes a new one under the same
/// number, which sets that document aside and goes on from the last batch. While draining it only ends.
fn start_anew(why: &str, stop: &StopFlag) {
    tracing::error!(why, "starting anew from the last batch");
    if stop.is_set() {
        std::process::exit(Exit::Done as i32);
    }
    let mut arguments = std::env::args_os();
    let mut command = Command::new("/proc/self/exe");
    command.arg0(arguments.next().unwrap_or_else(|| "gristmill".into()));
    let error = command.args(arguments).exec();
    tracing::error!(%error, "cannot start anew");
    std::process::exit(Exit::Io as i32);
}

/// Tries a record, or the reading of a file, in a process of its own: `gristmill explain` over it, with the configuration in `file`. A process that
/// takes too long is ended and accuses nobody, since time has a limit of its own.
fn probe(file: &Path, limit: Duration) -> Probe {
    /// What somebody outside sends to end a process.
    const SENT: [i32; 3] = [1, 2, 15];
    /// Starting and reading up to the record count as well.
    const PATIENCE: u32 = 4;
    let file = file.to_owned();
    Probe::new(move |path, record| {
        let what = match record {
            Some(record) => format!("--record={record}"),
            None => "--only-read".to_owned(),
        };
        let mut child = Command::new("/proc/self/exe")
            .args(["explain", "--json", "--config"])
            .arg(&file)
            .args([&what, "--"])
            .arg(path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .inspect_err(|error| tracing::warn!(%error, "cannot try a document in a process of its own"))
            .ok()?;
        let given_up = Instant::now() + limit * PATIENCE;
        while Instant::now() < given_up {
            if let Some(status) = child.try_wait().ok()? {
                let signal = status.signal().filter(|signal| !SENT.contains(signal))?;
                return Some(format!("its process was ended by signal {signal}"));
            }
            thread::sleep(Duration::from_millis(5));
        }
        if let Err(error) = child.kill().and_then(|()| child.wait()) {
            tracing::warn!(%error, "cannot end a process that tried a document");
        }
        None
    })
}

/// What was done, for people.
fn summary(config: &Config, counters: &Counters, took: Duration) -> std::io::Result<()> {
    let counts = counters.now();
    let done = counts.accepted - counts.in_flight();
    let seconds = took.as_secs_f64();
    let rate = done as f64 / seconds.max(1e-3);
    let plural = if done == 1 { "" } else { "s" };
    let mut out = std::io::stdout().lock();
    writeln!(out, "{done} document{plural} in {seconds:.1} s ({rate:.0}/s)")?;
    for (what, count, folder) in [
        ("written", counts.written, "documents"),
        ("rejected", counts.rejected, "rejects"),
        ("quarantined", counts.quarantined, "quarantine"),
    ] {
        let folder = config.output.dir.join(folder);
        writeln!(out, "  {what:<12} {count:>8}  {}", folder.display())?;
    }
    if counts.quarantined > 0 {
        writeln!(out, "`gristmill quarantine list` shows why")?;
    }
    Ok(())
}
