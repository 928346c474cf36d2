//! How the process asks the system for memory.

/// From this size on, an allocation is mapped by itself and goes back to the system when it is freed: a little less than half
/// of a filter of `dedup`, of which there are many and which come and go. From 512 KiB on it would take in what cleaning asks
/// for, and a page or a text would cost three in a hundred more.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const MAPPED: i32 = 768 << 10;

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
