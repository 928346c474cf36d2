//! What the events said since someone last looked, each path once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use notify::event::{AccessKind, AccessMode, ModifyKind, RenameMode};
use notify::{ErrorKind, Event, EventKind};

/// More paths than this are not remembered one by one: a walk finds them as well.
const MOST: usize = 1 << 16;

/// What last happened to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Touch {
    /// Something; more may follow.
    Touched,
    /// Its writer closed it, or it was renamed to this name: likely whole.
    Finished,
}

/// What is to be looked at.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Hints {
    pub(crate) paths: BTreeMap<PathBuf, Touch>,
    /// Events were lost: look at everything.
    pub(crate) everything: bool,
    pub(crate) stopped: bool,
}

impl Hints {
    fn put(&mut self, path: PathBuf, touch: Touch) {
        if self.paths.len() >= MOST && !self.paths.contains_key(&path) {
            self.paths.clear();
            self.everything = true;
        }
        self.paths.insert(path, touch);
    }

    /// Takes in what notify says.
    fn take(&mut self, event: notify::Result<Event>) {
        let event = match event {
            Ok(event) => event,
            Err(error) => {
                if !matches!(error.kind, ErrorKind::PathNotFound | ErrorKind::WatchNotFound) {
                    tracing::warn!(%error, "events were lost: walking instead");
                }
                self.everything = true;
                return;
            }
        };
        if event.need_rescan() {
            tracing::warn!("the event queue overflowed: walking instead");
            self.everything = true;
        }
        let touch = match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => Touch::Finished,
            EventKind::Modify(ModifyKind::Name(RenameMode::From)) | EventKind::Access(_) => return,
            EventKind::Modify(ModifyKind::Name(RenameMode::To | RenameMode::Both)) => Touch::Finished,
            // What is gone needs no look, unless it is a watched folder, which then is put together anew.
            EventKind::Remove(_) | EventKind::Create(_) | EventKind::Modify(_) => Touch::Touched,
            EventKind::Any | EventKind::Other => Touch::Touched,
        };
        // Of a rename the last path is the new one.
        if let Some(path) = event.paths.into_iter().next_back() {
            self.put(path, touch);
        }
    }
}

/// The queue between the events, those who stop the watching, and the thread that looks. It never blocks a
/// sender, and never grows beyond a bound: what would not fit becomes a walk.
#[derive(Debug, Clone, Default)]
pub(crate) struct Queue(Arc<(Mutex<Hints>, Condvar)>);

impl Queue {
    fn hints(&self) -> MutexGuard<'_, Hints> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Hints)) {
        change(&mut self.hints());
        self.0.1.notify_all();
    }

    pub(crate) fn event(&self, event: notify::Result<Event>) {
        self.change(|hints| hints.take(event));
    }

    pub(crate) fn touch(&self, path: &Path) {
        self.change(|hints| hints.put(path.to_owned(), Touch::Touched));
    }

    pub(crate) fn everything(&self) {
        self.change(|hints| hints.everything = true);
    }

    pub(crate) fn stop(&self) {
        self.change(|hints| hints.stopped = true);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.hints().stopped
    }

    /// All hints so far; waits for the first until `deadline`.
    pub(crate) fn wait(&self, deadline: Instant) -> Hints {
        let mut hints = self.hints();
        while hints.paths.is_empty() && !hints.everything && !hints.stopped {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            hints = match self.0.1.wait_timeout(hints, left) {
                Ok((hints, _)) => hints,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
        let stopped = hints.stopped;
        Hints {
            stopped,
            ..std::mem::replace(
                &mut *hints,
                Hints {
                    stopped,
                    ..Hints::default()
                },
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use notify::event::{CreateKind, DataChange, Flag, RemoveKind};

    use super::*;

    fn event(kind: EventKind, paths: &[&str]) -> notify::Result<Event> {
        Ok(paths
            .iter()
            .fold(Event::new(kind), |event, path| event.add_path((*path).into())))
    }

    const CREATED: EventKind = EventKind::Create(CreateKind::File);
    const WRITTEN: EventKind = EventKind::Modify(ModifyKind::Data(DataChange::Any));
    const CLOSED: EventKind = EventKind::Access(AccessKind::Close(AccessMode::Write));

    #[test]
    fn hints_coalesce_by_path_and_the_last_counts() {
        let check = |events: &[(EventKind, &[&str])], expected: &[(&str, Touch)]| {
            let queue = Queue::default();
            for (kind, paths) in events {
                queue.event(event(*kind, paths));
            }
            let hints = queue.wait(Instant::now());
            let found: Vec<_> = hints
                .paths
                .iter()
                .map(|(path, touch)| (path.to_str().unwrap(), *touch))
                .collect();
            assert_eq!(found, expected);
            assert!(!hints.everything);
        };
        let rename = |mode| EventKind::Modify(ModifyKind::Name(mode));
        check(
            &[(CREATED, &["a"]), (WRITTEN, &["a"]), (CLOSED, &["a"])],
            &[("a", Touch::Finished)],
        );
        check(&[(CLOSED, &["a"]), (WRITTEN, &["a"])], &[("a", Touch::Touched)]);
        check(&[(rename(RenameMode::From), &["a"])], &[]);
        check(&[(rename(RenameMode::To), &["b"])], &[("b", Touch::Finished)]);
        check(
            &[(rename(RenameMode::Both), &["a", "b"])],
            &[("b", Touch::Finished)],
        );
        check(
            &[(EventKind::Access(AccessKind::Open(AccessMode::Any)), &["a"])],
            &[],
        );
        check(
            &[(EventKind::Remove(RemoveKind::Folder), &["a"])],
            &[("a", Touch::Touched)],
        );
    }

    #[test]
    fn lost_events_mean_a_look_at_everything() {
        let queue = Queue::default();
        queue.event(Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan)));
        assert!(queue.wait(Instant::now()).everything);
        queue.event(Err(notify::Error::generic("lost")));
        assert!(queue.wait(Instant::now()).everything);
        assert_eq!(queue.wait(Instant::now()), Hints::default());
    }

    #[test]
    fn too_many_paths_become_a_walk() {
        let queue = Queue::default();
        for number in 0..=MOST {
            queue.touch(Path::new(&number.to_string()));
        }
        let hints = queue.wait(Instant::now());
        assert!(hints.everything);
        assert_eq!(hints.paths.len(), 1);
    }

    #[test]
    fn a_stop_lasts() {
        let queue = Queue::default();
        queue.stop();
        assert!(queue.wait(Instant::now()).stopped && queue.wait(Instant::now()).stopped);
    }
}
