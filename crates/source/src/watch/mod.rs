//! Watching: the daemon's side of finding files.
//!
//! Events are hints. They are dropped on overflow, on folders that were filled before their watch stood, and on
//! network file systems altogether. So the folders are walked once they are watched, walked again on a timer,
//! on every loss that is told, and around every new folder now and a little later. What is missed by all of
//! these is found by the next walk. Placing the watches is itself a walk over all folders, so another one comes
//! before it, which hands out what is there at a start.

mod hints;

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use notify::{Config, RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::file::{Books, FileRef, Fingerprint, Folder};
use crate::settings::Inbox;
use crate::settle::stood_still;
use crate::walk::{Found, is_taken};
use hints::{Queue, Touch};

/// How long after the first look at a new folder the second one comes: files that land while the folder's
/// watch is being placed are missed by both the events and a look that came too early.
const SECOND_LOOK: Duration = Duration::from_millis(500);
/// How often a watched folder that is gone is looked for.
const MISSING: Duration = Duration::from_secs(1);
/// The least that even a file that was closed has to stand still: the clocks of file systems tick this coarsely.
const TICK: Duration = Duration::from_millis(20);
/// A file that was closed after writing, or renamed to its name, has to stand still for this part of `settle`.
const FINISHED: u32 = 10;
/// More files than this do not wait one by one: another walk finds those beyond.
const MOST_WAITING: usize = 1 << 16;

/// Watches the folders of an [`Inbox`].
#[derive(Debug)]
pub struct Watcher {
    inbox: Arc<Inbox>,
    queue: Queue,
    events: bool,
}

/// Reaches into a [`Watcher`] that runs on another thread.
#[derive(Debug, Clone)]
pub struct WatchHandle(Queue);

impl WatchHandle {
    /// Makes [`Watcher::run`] return soon, once and for all.
    pub fn stop(&self) {
        self.0.stop();
    }

    /// Asks for another look at a file that could not be taken when it was handed out, such as a new version
    /// while the old one was still on its way.
    pub fn look_again(&self, file: &FileRef) {
        let path = std::path::absolute(file.absolute());
        self.0.touch(path.as_deref().unwrap_or(file.absolute()));
    }

    /// Asks for a walk over everything.
    pub fn walk(&self) {
        self.0.everything();
    }
}

impl Watcher {
    /// A watcher of `inbox`, at rest.
    pub fn new(inbox: Arc<Inbox>) -> Self {
        Self {
            inbox,
            queue: Queue::default(),
            events: true,
        }
    }

    /// Does without events, as for a file system that is known to send none: walks find everything.
    pub fn without_events(mut self) -> Self {
        self.events = false;
        self
    }

    /// Reaches it from elsewhere.
    pub fn handle(&self) -> WatchHandle {
        WatchHandle(self.queue.clone())
    }

    /// Watches until stopped, and hands each file to `visit` once it stands still: first what is there, then
    /// what lands, in the order in which it becomes ready. `visit` may take its time (events wait without
    /// filling memory) and may break off. A file comes again as long as `books` do not have it.
    ///
    /// A folder that is missing or cannot be watched is warned of and looked for again; it stops nothing.
    pub fn run(self, books: &dyn Books, visit: &mut dyn FnMut(FileRef) -> ControlFlow<()>) {
        let queue = self.queue.clone();
        let config = Config::default().with_follow_symlinks(self.inbox.settings.follow_links);
        let events = self.events.then(|| {
            RecommendedWatcher::new(move |event| queue.event(event), config)
                .inspect_err(|error| tracing::warn!(%error, "no events from the system: walking only"))
                .ok()
        });
        let roots = self.inbox.folders.iter().map(Root::new).collect();
        let now = Instant::now();
        Run {
            inbox: &self.inbox,
            queue: &self.queue,
            books,
            visit,
            events: events.flatten(),
            roots,
            waiting: BTreeMap::new(),
            second_looks: BTreeMap::new(),
            next_walk: now,
        }
        .run();
    }
}

/// A watched folder and the watch on it.
struct Root {
    folder: Arc<Folder>,
    /// As events name it.
    absolute: PathBuf,
    /// Device and inode of what is watched, or `None` while nothing is.
    watched: Option<(u64, u64)>,
    missing: bool,
}

impl Root {
    fn new(folder: &Arc<Folder>) -> Self {
        let absolute = std::path::absolute(&folder.path).unwrap_or_else(|_| folder.path.clone());
        Self {
            folder: folder.clone(),
            absolute,
            watched: None,
            missing: false,
        }
    }
}

/// A file that does not stand still yet.
struct Waiting {
    fingerprint: Fingerprint,
    /// Since when it was seen like this.
    since: Instant,
    /// How long it has to stand still.
    need: Duration,
    /// When to look next.
    due: Instant,
}

/// A path within the folder of this number.
type Place = (usize, PathBuf);

struct Run<'a> {
    inbox: &'a Inbox,
    queue: &'a Queue,
    books: &'a dyn Books,
    visit: &'a mut dyn FnMut(FileRef) -> ControlFlow<()>,
    events: Option<RecommendedWatcher>,
    roots: Vec<Root>,
    waiting: BTreeMap<Place, Waiting>,
    second_looks: BTreeMap<Place, Instant>,
    next_walk: Instant,
}

impl Run<'_> {
    fn run(mut self) {
        loop {
            let hints = self.queue.wait(self.deadline());
            if hints.stopped {
                return;
            }
            if hints.everything {
                self.next_walk = Instant::now();
            }
            if self.step(hints.paths).is_break() {
                return;
            }
        }
    }

    fn step(&mut self, paths: BTreeMap<PathBuf, Touch>) -> ControlFlow<()> {
        self.look_at(paths)?;
        self.walks()?;
        self.due()
    }

    /// When there is something to do without a hint.
    fn deadline(&self) -> Instant {
        let waiting = self.waiting.values().map(|waiting| waiting.due);
        let second = self.second_looks.values().copied();
        waiting.chain(second).fold(self.next_walk, Instant::min)
    }

    fn look_at(&mut self, paths: BTreeMap<PathBuf, Touch>) -> ControlFlow<()> {
        for (path, touch) in paths {
            let Some((number, relative)) = self.place(&path) else {
                continue;
            };
            if relative.as_os_str().is_empty() {
                // The watched folder itself was moved, removed or made again.
                self.next_walk = Instant::now();
                continue;
            }
            match self.inbox.look(&path) {
                Ok(metadata) if metadata.is_dir() => {
                    self.walk(number, &relative)?;
                    self.second_looks
                        .insert((number, relative), Instant::now() + SECOND_LOOK);
                }
                Ok(metadata) if metadata.is_file() && self.inbox.takes(&relative) => {
                    let folder = self.roots[number].folder.clone();
                    let fingerprint = Fingerprint::of(&metadata);
                    let found = Found {
                        folder: &folder,
                        relative: &relative,
                        fingerprint,
                    };
                    self.consider(number, &found, touch)?;
                }
                _ => {
                    self.waiting.remove(&(number, relative));
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// The folder that an event's path is in; of nested ones the innermost.
    fn place(&self, path: &Path) -> Option<Place> {
        let roots = self.roots.iter().enumerate();
        let within =
            roots.filter_map(|(number, root)| Some((number, path.strip_prefix(&root.absolute).ok()?)));
        let (number, relative) = within.min_by_key(|(_, relative)| relative.as_os_str().len())?;
        Some((number, relative.to_owned()))
    }

    /// The walks that are due: of everything, or of folders that were new a moment ago.
    fn walks(&mut self) -> ControlFlow<()> {
        if Instant::now() >= self.next_walk {
            for number in 0..self.roots.len() {
                let began = Instant::now();
                self.walk(number, Path::new(""))?;
                // Where that took longer, the second look comes soon enough.
                if self.rewatch(number) && began.elapsed() < SECOND_LOOK {
                    self.walk(number, Path::new(""))?;
                }
            }
            let missing = self.roots.iter().any(|root| root.missing);
            let rescan = self.inbox.settings.rescan;
            self.next_walk = Instant::now() + if missing { rescan.min(MISSING) } else { rescan };
        }
        let now = Instant::now();
        while let Some(place) = self
            .second_looks
            .iter()
            .find(|(_, due)| **due <= now)
            .map(|(place, _)| place.clone())
        {
            self.second_looks.remove(&place);
            self.walk(place.0, &place.1)?;
        }
        ControlFlow::Continue(())
    }

    /// Sees to it that the watch is on the folder that is there now, and says whether it was not. Then a second look follows.
    fn rewatch(&mut self, number: usize) -> bool {
        let root = &mut self.roots[number];
        let identity = root.absolute.metadata().ok().filter(Metadata::is_dir);
        let identity = identity.map(|metadata| (metadata.dev(), metadata.ino()));
        let Some(events) = &mut self.events else {
            return false;
        };
        if identity == root.watched {
            return false;
        }
        if root.watched.take().is_some() {
            // The watch went with the folder; only notify's own record of it is left.
            let _ = events.unwatch(&root.absolute);
        }
        root.watched = identity;
        if identity.is_none() {
            return false;
        }
        if let Err(error) = events.watch(&root.absolute, RecursiveMode::Recursive) {
            let path = root.absolute.display();
            tracing::warn!(%path, %error, "cannot watch all of a folder: its walks find what events do not tell");
        }
        // What was made since the last look, and while the watch was placed.
        self.second_looks
            .insert((number, PathBuf::new()), Instant::now() + SECOND_LOOK);
        true
    }

    fn walk(&mut self, number: usize, relative: &Path) -> ControlFlow<()> {
        let inbox = self.inbox;
        let folder = self.roots[number].folder.clone();
        let excluded = relative
            .ancestors()
            .any(|path| !path.as_os_str().is_empty() && !inbox.enters(path));
        if excluded {
            return ControlFlow::Continue(());
        }
        let walked = inbox.walk(&folder, relative, &mut |found| {
            if self.queue.is_stopped() {
                return ControlFlow::Break(());
            }
            self.consider(number, found, Touch::Touched)
        });
        let root = &mut self.roots[number];
        match walked {
            Ok(step) => {
                if std::mem::take(&mut root.missing) {
                    tracing::info!(path = %folder.path.display(), "the watched folder is there again");
                }
                step
            }
            Err(error) => {
                if relative.as_os_str().is_empty() && !std::mem::replace(&mut root.missing, true) {
                    tracing::warn!(path = %folder.path.display(), %error, "cannot list a watched folder: waiting for it");
                }
                ControlFlow::Continue(())
            }
        }
    }

    /// Hands a file out if it is new and stands still, or lets it wait.
    fn consider(&mut self, number: usize, found: &Found<'_>, touch: Touch) -> ControlFlow<()> {
        let settle = self.inbox.settings.settle;
        if is_taken(self.books, found) {
            if !self.waiting.is_empty() {
                self.waiting.remove(&(number, found.relative.to_owned()));
            }
            return ControlFlow::Continue(());
        }
        if !self.inbox.takes_here(found.relative) {
            return ControlFlow::Continue(());
        }
        let mut need = match touch {
            Touch::Finished => (settle / FINISHED).max(TICK).min(settle),
            Touch::Touched => settle,
        };
        let place = (number, found.relative.to_owned());
        let now = Instant::now();
        let mut since = now;
        if let Some(before) = self.waiting.get(&place)
            && before.fingerprint == found.fingerprint
        {
            since = before.since;
            need = need.min(before.need);
        }
        if stood_still(&found.fingerprint, need) || (since < now && now - since >= need) {
            self.waiting.remove(&place);
            return (self.visit)(found.file());
        }
        if self.waiting.len() < MOST_WAITING || self.waiting.contains_key(&place) {
            let due = (since + need).max(now + TICK.min(need));
            self.waiting.insert(
                place,
                Waiting {
                    fingerprint: found.fingerprint,
                    since,
                    need,
                    due,
                },
            );
        } else {
            self.next_walk = self.next_walk.min(now + settle.max(SECOND_LOOK));
        }
        ControlFlow::Continue(())
    }

    /// Looks again at the files whose wait may be over.
    fn due(&mut self) -> ControlFlow<()> {
        let now = Instant::now();
        let mut due: Vec<_> = self
            .waiting
            .iter()
            .filter(|(_, waiting)| waiting.due <= now)
            .map(|(place, waiting)| (waiting.due, place.clone()))
            .collect();
        due.sort_unstable();
        for (_, place) in due {
            if self.queue.is_stopped() {
                return ControlFlow::Break(());
            }
            let (number, relative) = &place;
            let folder = self.roots[*number].folder.clone();
            let metadata = self
                .inbox
                .look(&folder.path.join(relative))
                .ok()
                .filter(Metadata::is_file);
            match metadata {
                Some(metadata) => {
                    let fingerprint = Fingerprint::of(&metadata);
                    let found = Found {
                        folder: &folder,
                        relative,
                        fingerprint,
                    };
                    self.consider(*number, &found, Touch::Touched)?;
                }
                None => {
                    self.waiting.remove(&place);
                }
            }
        }
        ControlFlow::Continue(())
    }
}
