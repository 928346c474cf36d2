//! Memory of the program's own file, given back once it was read.
//!
//! Models are part of the binary and are read once, when they are unpacked. What was read stays resident as long as the
//! system has memory to spare, since it knows nothing of our not coming back to it: a daemon's memory grows by megabytes
//! with each model that it ever needed. [`give_back`] tells it.

/// Lets the system take back the memory in which `bytes` of the program's own file lie. They are read from the file again
/// when they are touched again.
///
/// That concerns whole pages within `bytes`, and only where they are part of a mapping that nobody may write to and that
/// holds nothing but what its file holds. Anything else, such as bytes on the heap, stays as it is, and so does everything
/// where the system is not Linux or says nothing of its mappings: this is advice, and nothing hangs on its being taken.
/// It takes about a millisecond, for which the system goes through the mappings.
pub fn give_back(bytes: &[u8]) {
    #[cfg(target_os = "linux")]
    linux::give_back(bytes);
    #[cfg(not(target_os = "linux"))]
    let _ = bytes;
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::ops::Range;

    use rustix::mm::{Advice, madvise};

    pub(super) fn give_back(bytes: &[u8]) {
        let page = rustix::param::page_size();
        let address = bytes.as_ptr().addr();
        let skipped = address.next_multiple_of(page) - address;
        let Some(rest) = bytes.get(skipped..) else {
            return;
        };
        let pages = &rest[..rest.len() / page * page];
        let Ok(mappings) = fs::read_to_string("/proc/self/smaps") else {
            return;
        };
        if pages.is_empty() || !is_of_a_file(&mappings, &pages.as_ptr_range()) {
            return;
        }
        #[expect(unsafe_code, reason = "advice on memory is a call of the system")]
        // SAFETY: the pages are of a private mapping of a file which cannot be written to and none of whose pages differs
        // from the file, as was just asserted. So dropping them changes no byte: whoever reads them, even at this instant, gets
        // them from the file. The program's file does not change while it runs (`ETXTBSY`).
        let _ = unsafe {
            madvise(
                pages.as_ptr().cast_mut().cast(),
                pages.len(),
                Advice::LinuxDontNeed,
            )
        };
    }

    /// Whether `mappings`, in the form of `/proc/self/smaps`, have these addresses within one that is private, cannot be
    /// written to, and holds nothing but what a file holds.
    pub(super) fn is_of_a_file(mappings: &str, pages: &Range<*const u8>) -> bool {
        let mut is_here = false;
        for line in mappings.lines() {
            if let Some(mapping) = Mapping::read(line) {
                let lies_within = mapping.start <= pages.start.addr() && pages.end.addr() <= mapping.end;
                is_here = lies_within && mapping.is_of_a_file;
            } else if let Some(amount) = line.strip_prefix("Anonymous:")
                && is_here
            {
                return amount.trim() == "0 kB";
            }
        }
        false
    }

    struct Mapping {
        start: usize,
        end: usize,
        is_of_a_file: bool,
    }

    impl Mapping {
        /// The head of a mapping: addresses, rights, offset, device, inode, path.
        fn read(line: &str) -> Option<Self> {
            let mut fields = line.split_ascii_whitespace();
            let (start, end) = fields.next()?.split_once('-')?;
            let hex = |number| usize::from_str_radix(number, 16).ok();
            let (start, end) = (hex(start)?, hex(end)?);
            let rights = fields.next()?;
            let inode = fields.nth(2)?;
            Some(Self {
                start,
                end,
                is_of_a_file: rights.get(1..2) == Some("-") && rights.ends_with('p') && inode != "0",
            })
        }
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::FileExt;

    use super::*;

    const LENGTH: usize = 1 << 20;

    const fn numbered() -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        let mut at = 0;
        while at < LENGTH {
            bytes[at] = (at % 251) as u8;
            at += 1;
        }
        bytes
    }

    static CARRIED: [u8; LENGTH] = numbered();

    fn is_numbered(bytes: &[u8]) -> bool {
        bytes
            .iter()
            .enumerate()
            .all(|(at, &byte)| byte == (at % 251) as u8)
    }

    /// How many of the pages of `bytes` this process has in memory.
    fn resident(bytes: &[u8]) -> usize {
        let page = rustix::param::page_size();
        let (first, last) = (
            bytes.as_ptr().addr() / page,
            bytes.as_ptr_range().end.addr() / page,
        );
        let mut entries = vec![0; (last - first) * 8];
        let map = File::open("/proc/self/pagemap").unwrap();
        map.read_exact_at(&mut entries, first as u64 * 8).unwrap();
        let entries = entries.as_chunks::<8>().0.iter();
        entries
            .filter(|&&entry| u64::from_le_bytes(entry) >> 63 == 1)
            .count()
    }

    #[test]
    fn what_the_program_carries_goes_and_comes_back() {
        assert!(is_numbered(&CARRIED));
        let before = resident(&CARRIED);
        give_back(&CARRIED);
        let after = resident(&CARRIED);
        // The system reads and maps around the page at each end, on which there is something else as well.
        assert!(before > 200 && after < before / 4, "{before} {after}");
        assert!(is_numbered(&CARRIED));
        assert!(resident(&CARRIED) > 200);
    }

    #[test]
    fn what_is_nowhere_else_stays() {
        let heap = CARRIED.to_vec();
        give_back(&heap);
        assert!(resident(&heap) > 200);
        assert!(is_numbered(&heap));
    }

    #[test]
    fn what_is_less_than_a_page_is_left_alone() {
        for length in [0, 1, 4095] {
            give_back(&CARRIED[1..=length]);
        }
        assert!(is_numbered(&CARRIED));
    }

    #[test]
    fn only_a_mapping_that_equals_its_file_can_go() {
        let mapping = |rights: &str, inode: &str, anonymous: &str| {
            format!(
                "1000-9000 {rights} 00000000 fe:00 {inode}  /bin/program\nSize: 32 kB\nRss: 32 kB\nAnonymous: {anonymous} kB\n\
                 a000-f000 r--p 00000000 fe:00 7\nAnonymous: 0 kB\n"
            )
        };
        let check = |mappings: &str, start: usize, end: usize| {
            let place = |address| std::ptr::without_provenance::<u8>(address);
            linux::is_of_a_file(mappings, &(place(start)..place(end)))
        };
        assert!(check(&mapping("r--p", "7", "0"), 0x1000, 0x9000));
        assert!(check(&mapping("r--p", "7", "4"), 0xa000, 0xb000));
        for (rights, inode, anonymous) in [
            ("r--p", "7", "4"),
            ("rw-p", "7", "0"),
            ("r--s", "7", "0"),
            ("r--p", "0", "0"),
        ] {
            assert!(
                !check(&mapping(rights, inode, anonymous), 0x2000, 0x3000),
                "{rights} {inode} {anonymous}"
            );
        }
        assert!(!check(&mapping("r--p", "7", "0"), 0x8000, 0xb000));
        assert!(!check(&mapping("r--p", "7", "0"), 0x9000, 0xa000));
        assert!(!check("", 0x1000, 0x2000));
    }
}
