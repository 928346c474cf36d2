//! Runs documents through the chain and commits them.
//!
//! ```text
//! intake ─▶ [first piece of pure work, on all workers] ─▶ batches ─▶ [ordered stage ─▶ pure work]… ─▶ commit
//!  files        results back in order of arrival                       one batch at a time
//! ```
//!
//! Three threads and a pool: *intake* reads files and waits where the pipeline is full; *batch* (a tokio runtime
//! of its own) keeps the workers busy and the results in order; *order* takes one batch after the other through
//! the ordered stages and makes it durable. Bounds are in documents and in bytes, from the first byte read to
//! the commit. A stage that fails or panics fails its document; a stage that hangs loses its worker, which is
//! replaced.
//!
//! Any failure of the machine ends a run with an error and with the books as they were after the last batch. A
//! new run starts from there, which is the same road that a crash takes.

mod after;
mod at_work;
mod batcher;
mod books;
mod chain;
mod commit;
mod counters;
mod ends;
mod explain;
mod intake;
mod order;
mod poison;
mod pool;
mod record;
mod retry;
mod standstill;
mod verify;

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use gristmill_core::{Built, StateError};
use gristmill_disk::SharedDisk;
use gristmill_journal::{Journal, JournalError};
use gristmill_sink::{Compression, Rotation, SinkError};
use gristmill_source::{Inbox, WatchHandle, Watcher};
use jiff::{Timestamp, Unit};
use tokio::sync::{Semaphore, mpsc};

pub use after::WhenDone;
pub use batcher::BatchLimits;
pub use counters::{Counters, Counts};
pub use explain::{Change, Ending, Explainer, Explanation, Step};
pub use poison::{LastResort, Probe};
pub use pool::STACK;
pub use retry::RetryRequests;
pub use verify::{Report, verify};

use books::{InFlight, JournalBooks};
use chain::Chain;
use commit::Committer;
use intake::Intake;
use poison::{OrderedWork, Poison};
use pool::Pool;
use retry::Wanted;

/// What a run needs to know beside the chain.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The output folder.
    pub output: PathBuf,
    /// The state folder.
    pub state: PathBuf,
    /// How segments are compressed.
    pub compression: Compression,
    /// When segments are sealed.
    pub rotation: Rotation,
    /// What happens to finished inputs.
    pub when_done: WhenDone,
    /// Threads for pure work.
    pub workers: usize,
    /// How long a document may take in one piece of pure work.
    pub document_time: Duration,
    /// The bound on bytes in flight.
    pub in_flight: u64,
    /// When batches are closed.
    pub batch: BatchLimits,
    /// What to do when a document holds the process in a way that only a new one helps.
    pub last_resort: LastResort,
    /// How to try a document over which the last process may have ended.
    pub probe: Probe,
}

/// Why a run ended before its work was done. What is in the books stays good.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The books.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The output.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// An ordered stage's state.
    #[error(transparent)]
    State(#[from] StateError),
    /// The drop folder.
    #[error("drop folder: {0}")]
    Source(io::Error),
    /// A thread could not be started or ended badly.
    #[error("threads: {0}")]
    Thread(io::Error),
}

impl PipelineError {
    /// Whether a later run may do better without anybody's help: space may come back, a mount return.
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Journal(JournalError::Io { .. } | JournalError::Database(_))
                | Self::Sink(SinkError::Io { .. })
                | Self::State(StateError::Io { .. })
                | Self::Source(_)
        )
    }
}

/// Asks a run to take no more files, finish what it has, seal its output and return.
#[derive(Debug, Clone, Default)]
pub struct StopFlag(Arc<Stop>);

#[derive(Debug, Default)]
struct Stop {
    asked: AtomicBool,
    watcher: Mutex<Option<WatchHandle>>,
}

impl StopFlag {
    /// Asks.
    pub fn set(&self) {
        let watcher = self.watcher();
        self.0.asked.store(true, Ordering::Release);
        if let Some(watcher) = &*watcher {
            watcher.stop();
        }
    }

    /// Whether somebody asked.
    pub fn is_set(&self) -> bool {
        self.0.asked.load(Ordering::Acquire)
    }

    /// Names the watcher to stop, now if somebody has asked already.
    fn stops(&self, watcher: WatchHandle) {
        let mut place = self.watcher();
        if self.is_set() {
            watcher.stop();
        }
        *place = Some(watcher);
    }

    fn watcher(&self) -> MutexGuard<'_, Option<WatchHandle>> {
        self.0.watcher.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everything opened for one run over a drop folder.
pub struct Pipeline {
    settings: Settings,
    chain: Chain,
    committer: Committer,
    intake: Intake,
    input: mpsc::Receiver<record::Entry>,
}

/// How a run finds its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// All that is there now, then it ends.
    Once,
    /// What comes, until it is asked to stop.
    Watch,
}

impl Pipeline {
    /// Opens the books, the output and the chain's states. `stages` have unique names.
    ///
    /// # Errors
    /// Another daemon has the state folder, something does not agree with the books, or the machine fails.
    pub fn open(
        settings: Settings,
        stages: Vec<(String, Built)>,
        inbox: Inbox,
        disk: SharedDisk,
        counters: Arc<Counters>,
        stop: StopFlag,
    ) -> Result<Self, PipelineError> {
        let journal = Journal::open(&settings.state, Arc::clone(&disk))?;
        let chain = Chain::cut(stages, |name| {
            journal.stage_state(name).map_err(PipelineError::from)
        })?;
        let poison = Poison::open(&settings.state, Arc::clone(&disk), settings.document_time)
            .map_err(PipelineError::Source)?;
        let in_flight = Arc::new(InFlight::default());
        let wanted = Arc::new(Wanted::default());
        let books = JournalBooks {
            known: journal.known_files(),
            in_flight: Arc::clone(&in_flight),
            wanted: Arc::clone(&wanted),
        };
        let committer = Committer::open(
            &settings,
            &disk,
            journal,
            Arc::clone(&counters),
            Arc::clone(&in_flight),
            wanted,
            poison.clone(),
        )?;
        let (output, input) = mpsc::channel(batcher::ahead(settings.batch, settings.workers));
        let units = Intake::units(settings.in_flight);
        let intake = Intake {
            inbox: Arc::new(inbox),
            books: Arc::new(books),
            in_flight,
            counters,
            reading: poison.mark(),
            poison,
            probe: settings.probe.clone(),
            output,
            room: Arc::new(Semaphore::new(units as usize)),
            units,
            stop,
            moment: None,
        };
        Ok(Self {
            settings,
            chain,
            committer,
            intake,
            input,
        })
    }

    /// Runs until there is nothing left (`Once`) or until asked to stop, then seals the output.
    ///
    /// # Errors
    /// The machine failed. The books are as after the last batch.
    pub fn run(self, mode: Mode) -> Result<(), PipelineError> {
        let Self {
            settings,
            chain,
            committer,
            mut intake,
            input,
        } = self;
        let work = OrderedWork::new(intake.poison.mark());
        let (pool, _guard) =
            Pool::start(&settings, intake.poison.clone(), work.clone()).map_err(PipelineError::Thread)?;
        let (wishes, wished) = mpsc::channel(1);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(PipelineError::Thread)?;
        let counters = Arc::clone(&intake.counters);
        intake.put_away(committer.after());
        let watcher = Watcher::new(Arc::clone(&intake.inbox));
        let handle = watcher.handle();
        intake.in_flight.watched_by(handle.clone());
        intake.stop.stops(handle.clone());

        let result = thread::scope(|scope| {
            let spawn = |name: &str| thread::Builder::new().name(format!("gristmill-{name}"));
            let (first, workers) = (Arc::clone(&chain.first), pool.clone());
            let limits = settings.batch;
            let batching = spawn("batch").spawn_scoped(scope, move || {
                runtime.block_on(batcher::run(input, wished, workers, first, limits));
            });
            let ordering = spawn("order")
                .stack_size(pool::STACK)
                .spawn_scoped(scope, || {
                    let result = order::run(wishes, chain, &pool, committer, &work, mode == Mode::Watch);
                    // Without it there is nothing to watch for.
                    handle.stop();
                    result
                })
                .map_err(PipelineError::Thread)?;
            batching.map_err(PipelineError::Thread)?;
            let read = match mode {
                Mode::Once => {
                    let now = Timestamp::now();
                    intake.moment = Some(now.round(Unit::Millisecond).unwrap_or(now));
                    intake.once()
                }
                Mode::Watch => intake.watch(watcher),
            };
            // The last sender goes with it, so that the others finish what they have and end.
            drop(intake);
            let ordered = ordering.join().unwrap_or_else(|_| {
                Err(PipelineError::Thread(io::Error::other(
                    "the ordering thread panicked",
                )))
            });
            ordered.and(read.map_err(PipelineError::Source))
        });
        if result.is_err() {
            counters.withdraw(counters.now().in_flight());
        }
        result
    }
}
