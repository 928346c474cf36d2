//! Named worker threads for pure work.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use gristmill_core::{Document, DocumentId};
use tokio::sync::oneshot;

use crate::Settings;
use crate::chain::{self, Piece};
use crate::poison::{LastResort, OrderedWork, Poison};
use crate::record::Fate;
use crate::standstill::Since;

/// The stack of the threads that run stages, in bytes. Deep recursion in a parser ends in a reject long before this;
/// the bound is only known, not used up.
pub const STACK: usize = 16 << 20;

/// So many workers may hang at once, each with a document of its own, before a new process has to free them.
const HUNG: usize = 32;

/// Worker threads that take documents through pieces of the chain.
///
/// A thread cannot be stopped, so a worker that exceeds the time limit is abandoned with its document: the
/// document fails, a new worker takes the place, and the old one ends when its work does. An ordered stage has no
/// place to be taken: there, and once too many workers hang, a new process is the last resort.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Shared>);

struct Shared {
    queue: Mutex<Queue>,
    wake: Condvar,
    workers: Mutex<Vec<Arc<Worker>>>,
    hung: AtomicUsize,
    limit: Duration,
    poison: Poison,
    ordered: OrderedWork,
    last_resort: LastResort,
}

#[derive(Default)]
struct Queue {
    /// Work that a batch waits for, before work on later batches.
    urgent: VecDeque<Job>,
    normal: VecDeque<Job>,
    closed: bool,
}

struct Job {
    document: Box<Document>,
    piece: Piece,
    reply: oneshot::Sender<Fate>,
}

/// What the watchdog sees of a worker.
#[derive(Default)]
struct Worker {
    running: Mutex<Option<Running>>,
    /// The number of the stage at work within the piece.
    at: AtomicUsize,
}

struct Running {
    since: Since,
    id: DocumentId,
    piece: Piece,
    reply: oneshot::Sender<Fate>,
}

/// Closes the pool when the last handle for submitting is gone.
pub(crate) struct PoolGuard(Pool);

impl Drop for PoolGuard {
    fn drop(&mut self) {
        lock(&self.0.0.queue).closed = true;
        self.0.0.wake.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    /// Starts `workers` threads, each with the limit of `settings` for one piece of work on one document, which
    /// holds for `ordered` as well.
    pub(crate) fn start(
        settings: &Settings,
        poison: Poison,
        ordered: OrderedWork,
    ) -> io::Result<(Self, PoolGuard)> {
        let pool = Self(Arc::new(Shared {
            queue: Mutex::default(),
            wake: Condvar::new(),
            workers: Mutex::default(),
            hung: AtomicUsize::new(0),
            limit: settings.document_time,
            poison,
            ordered,
            last_resort: settings.last_resort.clone(),
        }));
        let guard = PoolGuard(pool.clone());
        for number in 0..settings.workers {
            pool.start_worker(number)?;
        }
        let watchdog = pool.clone();
        thread::Builder::new()
            .name("gristmill-watch".to_owned())
            .spawn(move || watchdog.watch())?;
        Ok((pool, guard))
    }

    /// Queues one document for `piece`. The reply comes when it is done, failed, or out of time.
    pub(crate) fn submit(
        &self,
        document: Box<Document>,
        piece: &Piece,
        urgent: bool,
    ) -> oneshot::Receiver<Fate> {
        let (reply, receiver) = oneshot::channel();
        if piece.is_empty() {
            drop(reply.send(Fate::Kept(document)));
            return receiver;
        }
        let job = Job {
            document,
            piece: Arc::clone(piece),
            reply,
        };
        let mut queue = lock(&self.0.queue);
        if urgent {
            queue.urgent.push_back(job)
        } else {
            queue.normal.push_back(job)
        }
        drop(queue);
        self.0.wake.notify_one();
        receiver
    }

    fn start_worker(&self, number: usize) -> io::Result<()> {
        let worker = Arc::new(Worker::default());
        lock(&self.0.workers).push(Arc::clone(&worker));
        let pool = self.clone();
        let builder = thread::Builder::new()
            .name(format!("gristmill-work-{number}"))
            .stack_size(STACK);
        builder.spawn(move || pool.work(&worker))?;
        Ok(())
    }

    fn work(&self, worker: &Arc<Worker>) {
        let mark = self.0.poison.mark();
        while let Some(Job {
            document,
            piece,
            reply,
        }) = self.next()
        {
            let running = Running {
                since: self.0.ordered.standstill().now(),
                id: document.id,
                piece: Arc::clone(&piece),
                reply,
            };
            *lock(&worker.running) = Some(running);
            let fate = chain::run(&piece, document, &worker.at, &mark);
            mark.clear();
            let Some(running) = lock(&worker.running).take() else {
                self.0.hung.fetch_sub(1, Ordering::Relaxed);
                return;
            };
            // Nobody waits any more when the pipeline has stopped.
            drop(running.reply.send(fate));
        }
    }

    fn next(&self) -> Option<Job> {
        let mut queue = lock(&self.0.queue);
        loop {
            let job = queue.urgent.pop_front();
            if let Some(job) = job.or_else(|| queue.normal.pop_front()) {
                return Some(job);
            }
            if queue.closed {
                return None;
            }
            queue = self.0.wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Looks for workers that are out of time, until the pool is closed.
    fn watch(&self) {
        let pause = (self.0.limit / 4).clamp(Duration::from_millis(5), Duration::from_millis(500));
        let mut queue = lock(&self.0.queue);
        while !queue.closed {
            drop(queue);
            let before = Instant::now();
            thread::sleep(pause);
            self.0.ordered.standstill().after(pause, before.elapsed());
            self.replace_hung();
            if let Some((id, stage)) = self.0.ordered.stuck(self.0.limit) {
                self.0.poison.note(&id, &stage);
                tracing::error!(%id, %stage, limit = ?self.0.limit, "a document is out of time in an ordered stage");
                self.0
                    .last_resort
                    .take("an ordered stage does not return from a document");
            }
            queue = lock(&self.0.queue);
        }
    }

    fn replace_hung(&self) {
        let workers = lock(&self.0.workers).clone();
        for (number, worker) in workers.into_iter().enumerate() {
            let mut running = lock(&worker.running);
            if running
                .as_ref()
                .is_none_or(|running| running.since.elapsed() < self.0.limit)
            {
                continue;
            }
            let Some(Running { id, piece, reply, .. }) = running.take() else {
                continue;
            };
            drop(running);
            lock(&self.0.workers).retain(|other| !Arc::ptr_eq(other, &worker));
            let stage = piece.get(worker.at.load(Ordering::Relaxed));
            let stage = stage.map_or("", |stage| &*stage.name);
            tracing::error!(%id, stage, limit = ?self.0.limit, "a document is out of time; its worker is replaced");
            let failure = self.0.poison.note(&id, stage);
            if self.0.hung.fetch_add(1, Ordering::Relaxed) >= HUNG {
                self.0.last_resort.take("too many documents hang at once");
            }
            drop(reply.send(Fate::Failed(failure)));
            if let Err(error) = self.start_worker(number) {
                tracing::error!(%error, "cannot start a worker in its place");
            }
        }
    }
}
