//! Watches drop folders and reads what lands in them into documents.
//!
//! ```
//! use std::ops::ControlFlow;
//! use gristmill_source::{Inbox, Item, NoBooks, Settings, Watched};
//!
//! # let dir = tempfile::tempdir()?;
//! # std::fs::write(dir.path().join("a.txt"), "Body.")?;
//! let watch = vec![Watched { path: dir.path().to_owned(), name: None }];
//! let inbox = Inbox::new(Settings { watch, ..Settings::default() }).map_err(|errors| format!("{errors:?}"))?;
//! inbox.scan(&NoBooks, &mut |file| {
//!     inbox.read(&file, 0, &mut |item| {
//!         if let Item::Record(record) = item {
//!             println!("{} {:?}", record.source.path, record.content);
//!         }
//!         ControlFlow::Continue(())
//!     });
//!     ControlFlow::Continue(())
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - [`Settings`] are checked once, into an [`Inbox`], the door to the rest.
//! - [`Inbox::scan`] finds what is there now, in byte order of its paths.
//! - A [`Watcher`] finds what lands, in the order in which it becomes ready, until its [`WatchHandle`] stops it.
//! - [`Inbox::read`] reads one [`FileRef`] into [`Item`]s: [`Record`]s, each a document, nothing or a fault, and
//!   the news that the file is at its end.
//! - [`Books`] say what was taken before. A file is named there by a [`PathKey`] and told from its other versions
//!   by a [`Fingerprint`]; a version that was read in part goes on at the record where it stopped.
//!
//! A file is taken once it stood still, a record is handed out once the file is known not to have moved under
//! the reader, and a packed file is unpacked to its end before the first record of it: so a half-written file
//! or a torn archive gives no document. Memory is bounded by `max_document` and a few buffers, whatever the
//! size of a file; nothing that a file holds makes reading fail for another.
//!
//! Ids come from the folder's name, the raw bytes of the path, the record's number and its bytes. Two watched
//! folders of the same name (or without one) thus give one document where they hold the same bytes at the same path.
//! The crate is synchronous and knows Unix paths only: their bytes are what names and ids are made of.

mod file;
mod item;
mod named;
mod read;
mod settings;
mod settle;
mod walk;
mod watch;

pub use file::{Books, FileRef, Fingerprint, Known, NoBooks, PathKey};
pub use item::{Content, Fault, FaultReason, Item, Record};
pub use named::Candidate;
pub use read::{Emit, Outcome};
pub use settings::{Inbox, Settings, SettingsError, Watched};
pub use watch::{WatchHandle, Watcher};
