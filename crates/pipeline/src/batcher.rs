//! The first piece of pure work, and batches.

use std::time::Duration;

use futures::{Stream, StreamExt};
use tokio::sync::mpsc;
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

/// Takes entries through the first piece on the pool, many at once, and hands them on in order, in batches.
///
/// A batch is closed when it is full, when its time is over, or when nothing more comes for a moment; while the
/// batch before it is being committed it goes on growing. Where it is closed never shows in the lines.
pub(crate) async fn run(
    input: mpsc::Receiver<Entry>,
    output: mpsc::Sender<Vec<Entry>>,
    pool: Pool,
    first: Piece,
    limits: BatchLimits,
) {
    let input = futures::stream::unfold(input, async |mut input| Some((input.recv().await?, input)));
    // The order of the results is the order of arrival; the window is as wide as a batch, so that the workers
    // have enough to do while one is committed.
    let worked = input
        .map(|entry| work(entry, &pool, &first))
        .buffered(limits.documents);
    batch(worked, output, limits).await;
}

async fn work(mut entry: Entry, pool: &Pool, first: &Piece) -> Entry {
    if let EntryKind::Record(record) = &mut entry.kind
        && let Some(document) = record.fate.take()
    {
        record.fate = pool
            .submit(document, first, false)
            .await
            .unwrap_or_else(|_| lost());
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

async fn batch(worked: impl Stream<Item = Entry>, output: mpsc::Sender<Vec<Entry>>, limits: BatchLimits) {
    let mut worked = std::pin::pin!(worked);
    let mut batch: Vec<Entry> = Vec::new();
    let (mut first, mut last) = (Instant::now(), Instant::now());
    let mut bytes = 0;
    loop {
        let full = batch.len() >= limits.documents || bytes >= limits.bytes;
        let due = (first + limits.time).min(last + LULL);
        let closed = !batch.is_empty() && (full || Instant::now() >= due);
        tokio::select! {
            biased;
            place = output.reserve(), if closed => match place {
                Ok(place) => {
                    place.send(std::mem::take(&mut batch));
                    bytes = 0;
                }
                Err(_) => return,
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
                if let Err(mpsc::error::TrySendError::Closed(_)) = output.try_send(Vec::new()) {
                    return;
                }
            }
        }
    }
    if !batch.is_empty() {
        // The receiver is gone only when the pipeline has stopped on a fault, which it tells itself.
        drop(output.send(batch).await);
    }
}
