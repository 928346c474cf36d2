//! How the process asks the system for memory, and gives it back.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use gristmill_pipeline::Counters;

/// From this size on, an allocation is mapped by itself and goes back to the system when it is freed: a little less than half
/// of a filter of `dedup`, of which there are many and which come and go. From 512 KiB on it would take in what cleaning asks
/// for, and a page or a text would cost three in a hundred more.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const MAPPED: i32 = 768 << 10;

/// How often memory is given back while documents come. It takes half a millisecond.
const PAUSE: Duration = Duration::from_secs(10);

/// Fixes the size from which glibc maps allocations.
///
/// Left alone, glibc raises that size to the largest mapping that was freed, up to 32 MiB. The tables of a long run,
/// which grow by being copied, then leave holes in the heap: after 300,000 records 150 MiB were resident instead of 137.
/// Other C libraries need no such word.
pub(crate) fn settle() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        #[expect(
            unsafe_code,
            reason = "glibc has no other way but the environment before the start"
        )]
        // SAFETY: `mallopt` takes two integers and reads no memory of ours; it is called before there is a second thread.
        // A 0 for a refused value leaves things as they were, which is no harm.
        unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED);
            libc::mallopt(libc::M_TRIM_THRESHOLD, MAPPED);
        }
    }
}

/// Starts a thread that gives freed memory back to the system every [`PAUSE`] in which documents came, for as long as the
/// process lives.
///
/// # Errors
/// The system starts no thread.
pub(crate) fn keep_tidy(counters: &Arc<Counters>) -> io::Result<()> {
    let counters = Arc::clone(counters);
    let tidy = move || {
        let (mut before, mut came) = (0, false);
        loop {
            thread::sleep(PAUSE);
            let accepted = counters.now().accepted;
            // What came last may be freed after this: so once more when nothing comes any more.
            let comes = accepted != before;
            if comes || came {
                give_back();
            }
            (before, came) = (accepted, comes);
        }
    };
    thread::Builder::new()
        .name("gristmill-tidy".to_owned())
        .spawn(tidy)?;
    Ok(())
}

/// Gives all whole pages of memory that nobody holds back to the system.
///
/// glibc by itself gives back what is free at the end of a heap. The documents that come and go leave pages free between what
/// the stages keep, more of them the longer the process lives, and all that a burst of long pages took.
fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        #[expect(unsafe_code, reason = "glibc has no other way")]
        // SAFETY: `malloc_trim` touches nothing that is allocated, and takes the locks of the heaps that it goes through.
        unsafe {
            libc::malloc_trim(0);
        }
    }
}

#[cfg(test)]
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod tests {
    use std::fs;

    use super::*;

    /// Memory of this process that no file backs, in KiB.
    fn resident() -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        line.unwrap().trim().trim_end_matches(" kB").parse().unwrap()
    }

    #[test]
    fn what_is_free_below_something_kept_goes_back_to_the_system() {
        const PIECES: usize = 10_000;
        let piece = || vec![1_u8; 8 << 10];
        let pieces: Vec<_> = (0..PIECES).map(|_| piece()).collect();
        let kept = piece();
        drop(pieces);
        let before = resident();
        give_back();
        let after = resident();
        assert!(after + (40 << 10) < before, "{before} KiB, then {after}");
        assert_eq!(kept[0], 1);
    }
}
