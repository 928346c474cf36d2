//! Keeps two daemons with states of their own from writing to one folder.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::SinkError;

/// How often a folder is asked for: a daemon that becomes a new process, or was just killed, lets go of it a moment later.
const ATTEMPTS: u32 = 5;

/// A folder that nobody else writes to as long as this is there.
#[derive(Debug)]
pub(crate) struct Claim(#[expect(dead_code, reason = "holds the lock by being open")] Option<File>);

impl Claim {
    /// Claims `dir`, where its file system has locks for folders. Where it has none, as over some networks, nothing is
    /// claimed: the lock of the state folder is what keeps two daemons with one state apart.
    ///
    /// # Errors
    /// Another daemon writes to it.
    pub(crate) fn of(dir: &Path) -> Result<Self, SinkError> {
        let Ok(folder) = File::open(dir) else {
            return Ok(Self(None));
        };
        for _ in 0..ATTEMPTS {
            match folder.try_lock() {
                Ok(()) => return Ok(Self(Some(folder))),
                Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(20)),
                Err(TryLockError::Error(_)) => return Ok(Self(None)),
            }
        }
        Err(SinkError::Claimed { dir: dir.to_owned() })
    }
}
