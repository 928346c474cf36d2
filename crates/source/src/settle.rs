//! When a file stands still.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::file::Fingerprint;

/// Whether nothing about the file has changed for `settle`, by its change time alone: every write moves that,
/// and nobody can set it back, so one look is enough for a file that is old. A change time in the future
/// (another machine's clock) says nothing; such a file has to be watched standing still.
pub(crate) fn stood_still(fingerprint: &Fingerprint, settle: Duration) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let age = (now.as_nanos() as i128) - i128::from(fingerprint.ctime);
    age >= settle.as_nanos() as i128 && age >= 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_change_time_tells() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as i64;
        let check = |ctime: i64, expected| {
            // A modification time far back, as `touch -d` or `cp -p` leave it, changes nothing.
            let fingerprint = Fingerprint {
                size: 1,
                mtime: 0,
                ctime,
                inode: 1,
            };
            assert_eq!(
                stood_still(&fingerprint, Duration::from_secs(5)),
                expected,
                "{ctime}"
            );
        };
        check(now - 60_000_000_000, true);
        check(now, false);
        check(now + 60_000_000_000, false);
    }
}
