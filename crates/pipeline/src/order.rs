//! What happens to one batch after the other: the ordered stages, the pure work between them, the commit.

use std::sync::Arc;

use gristmill_core::StateError;
use tokio::sync::{mpsc, oneshot};

use crate::PipelineError;
use crate::batcher::{Wish, lost};
use crate::chain::{Chain, Piece};
use crate::commit::Committer;
use crate::poison::OrderedWork;
use crate::pool::Pool;
use crate::record::{Entry, EntryKind, Record};

/// Takes batches through the rest of the chain and commits them, until there are no more. Then seals the
/// output.
///
/// Between the first ordered stage and the commit there is one batch at a time: so all ordered stages have
/// seen the same documents when their states become durable together. Meanwhile the workers are busy with the
/// pure work of the next batch.
///
/// Where `renews`, the files that stages rest on are looked at before each batch, and put in force if they changed.
pub(crate) fn run(
    wishes: mpsc::Sender<Wish>,
    mut chain: Chain,
    pool: &Pool,
    mut committer: Committer,
    work: &OrderedWork,
    renews: bool,
) -> Result<(), PipelineError> {
    while let Some(mut batch) = next(&wishes) {
        if renews {
            committer.renew(&chain);
        }
        if batch.is_empty() {
            committer.look_for_requests()?;
        }
        committer.drop_known(&mut batch)?;
        spread(&mut batch, &chain.second, pool);
        for (ordered, after) in &mut chain.rest {
            for record in records(&mut batch) {
                if let Some(document) = record.fate.take() {
                    let name = Arc::clone(&ordered.name);
                    let process = || ordered.process(document);
                    record.fate = work.at(record.id, &name, process).map_err(state)?;
                }
            }
            spread(&mut batch, after, pool);
            ordered.tend().map_err(state)?;
        }
        committer.commit(batch, &mut chain)?;
    }
    committer.finish(&mut chain)
}

/// The next batch, which has grown until now; none when there are no more.
fn next(wishes: &mpsc::Sender<Wish>) -> Option<Vec<Entry>> {
    let (wish, batch) = oneshot::channel();
    wishes.blocking_send(wish).ok()?;
    batch.blocking_recv().ok()
}

fn state(error: StateError) -> PipelineError {
    PipelineError::State(error)
}

fn records(batch: &mut [Entry]) -> impl Iterator<Item = &mut Record> {
    batch.iter_mut().filter_map(|entry| match &mut entry.kind {
        EntryKind::Record(record) => Some(&mut **record),
        EntryKind::Complete(_) => None,
    })
}

/// Takes the batch through a piece of pure work on all workers at once.
fn spread(batch: &mut [Entry], piece: &Piece, pool: &Pool) {
    if piece.is_empty() {
        return;
    }
    let mut replies = Vec::new();
    for record in records(batch) {
        if let Some(document) = record.fate.take() {
            replies.push((pool.submit(document, piece, true), record));
        }
    }
    for (reply, record) in replies {
        record.fate = reply.blocking_recv().unwrap_or_else(|_| lost());
    }
}
