//! The first piece of pure work, and batches.

use std::time::Duration;

use futures::{Stream, StreamExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, sleep_until};

use crate::chain::Piece;
use crate::pool::Pool;
use crate::record::{Entry, EntryKind, Failure, Fate};

/// When a batch is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    /// At most so many entries.
    pub documents: usize,
    /// At most so many bytes, but for the last entry's.
    pub bytes: u64,
    /// At most so long after its first entry.
    pub time: Duration,
}

/// Nothing more for this long means that a batch waits in vain.
const LULL: Duration = Duration::from_millis(5);

/// How often an idle pipeline looks whether a segment has grown old.
const TICK: Duration = Duration::from_secs(1);

/// Where the next batch is wanted: it is closed only then, and grows until then.
pub(crate) type Wish = oneshot::Sender<Vec<Entry>>;

/// So many documents at least are prepared beyond the batch that is growing.
const AHEAD: usize = 64;

/// And so many for each worker: one that is long at a document does not keep the others from working ahead of it.
const AHEAD_EACH: usize = 16;

/// How many documents may be read, and as many prepared, beyond the batch that is growing. More would not make the workers busier:
/// a whole batch is ready when the one before it is through.
pub(crate) fn ahead(limits: BatchLimits, workers: usize) -> usize {
    limits
        .documents
        .min(AHEAD.max(workers.saturating_mul(AHEAD_EACH)))
}

/// Takes entries through the first piece on the pool, as many at once as `input` holds, and hands them on in order, in batches.
///
/// A batch is closed when it is full, when its time is over, or when nothing more comes for a moment; while the
/// batch before it is being committed it goes on growing. Where it is closed never shows in the lines.
pub(crate) async fn run(
    input: mpsc::Receiver<Entry>,
    wishes: mpsc::Receiver<Wish>,
    pool: Pool,
    first: Piece,
    limits: BatchLimits,
) {
    let ahead = input.max_capacity();
    let input = futures::stream::unfold(input, async |mut input| Some((input.recv().await?, input)));
    // The order of the results is the order of arrival.
    let worked = input.map(|entry| work(entry, &pool, &first)).buffered(ahead);
    batch(worked, wishes, limits).await;
}

async fn work(mut entry: Entry, pool: &Pool, first: &Piece) -> Entry {
    if let EntryKind::Record(record) = &mut entry.kind
        && let Some(document) = record.fate.take()
    {
        record.fate = pool
            .submit(document, first, false)
            .await
            .unwrap_or_else(|_| lost());
        entry.give_back();
    }
    entry
}

/// The fate of a document whose worker thread is gone without an answer.
pub(crate) fn lost() -> Fate {
    Fate::Failed(Failure {
        stage: "pipeline".to_owned(),
        reason: "lost".to_owned(),
        detail: "the worker thread ended without an answer".to_owned(),
    })
}

async fn batch(worked: impl Stream<Item = Entry>, mut wishes: mpsc::Receiver<Wish>, limits: BatchLimits) {
    grow(worked, &mut wishes, limits).await;
    // A wish that is on its way at this instant would stay in a channel that nobody reads, and whoever made it wait
    // for ever: it is taken out, which tells that there is no batch.
    wishes.close();
    while wishes.recv().await.is_some() {}
}

async fn grow(worked: impl Stream<Item = Entry>, wishes: &mut mpsc::Receiver<Wish>, limits: BatchLimits) {
    let mut worked = std::pin::pin!(worked);
    let mut batch: Vec<Entry> = Vec::new();
    let mut wish: Option<Wish> = None;
    let (mut first, mut last) = (Instant::now(), Instant::now());
    let mut bytes = 0;
    loop {
        let full = batch.len() >= limits.documents || bytes >= limits.bytes;
        let due = (first + limits.time).min(last + LULL);
        let closed = !batch.is_empty() && (full || Instant::now() >= due);
        if closed && let Some(wish) = wish.take() {
            if wish.send(std::mem::take(&mut batch)).is_err() {
                return;
            }
            bytes = 0;
            continue;
        }
        tokio::select! {
            biased;
            wanted = wishes.recv(), if wish.is_none() => match wanted {
                Some(wanted) => wish = Some(wanted),
                None => return,
            },
            entry = worked.next(), if !full => match entry {
                Some(entry) => {
                    last = Instant::now();
                    if batch.is_empty() {
                        first = last;
                    }
                    bytes += entry.weight();
                    batch.push(entry);
                }
                None => break,
            },
            () = sleep_until(due), if !batch.is_empty() && !closed => {}
            () = sleep(TICK), if batch.is_empty() => {
                // While a batch is at work nobody needs to be reminded.
                if let Some(wish) = wish.take()
                    && wish.send(Vec::new()).is_err()
                {
                    return;
                }
            }
        }
    }
    if batch.is_empty() {
        return;
    }
    if wish.is_none() {
        wish = wishes.recv().await;
    }
    if let Some(wish) = wish {
        // The receiver is gone only when the pipeline has stopped on a fault, which it tells itself.
        drop(wish.send(batch));
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    #[test]
    fn a_wish_that_meets_the_end_is_answered() {
        let limits = BatchLimits {
            documents: 1,
            bytes: 1,
            time: LULL,
        };
        let (wishes, wished) = mpsc::channel(1);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let answered = runtime.block_on(async {
            // Somebody is about to wish while the last document is through.
            let about = wishes.try_reserve().unwrap();
            let late = async {
                sleep(LULL).await;
                let (wish, answer) = oneshot::channel();
                about.send(wish);
                timeout(Duration::from_secs(10), answer).await
            };
            tokio::join!(batch(futures::stream::empty(), wished, limits), late).1
        });
        assert!(matches!(answered, Ok(Err(_))));
    }
}
