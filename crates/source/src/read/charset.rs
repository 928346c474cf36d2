//! Bytes to text, in any encoding that browsers know.
//!
//! In order: a byte order mark; the label that the transport gave; UTF-8 where the bytes are that (or are
//! but for a few torn characters), since text in another encoding almost never is by chance; the label in the
//! page itself; UTF-16 without a mark, by where its zero bytes stand; and last chardetng's guess.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// How much of a page is searched for its `meta` label; the standard says 1024 bytes, pages often need more.
const PRESCAN: usize = 4096;
/// How much text chardetng looks at.
const DETECT: usize = 256 * 1024;

/// Text, and the WHATWG name of the encoding that its bytes were in; `None` where too much of it makes no
/// sense in any.
pub(crate) fn decode(bytes: &[u8], label: Option<&str>, html: bool) -> Option<(String, &'static str)> {
    let (encoding, skip) = match Encoding::for_bom(bytes) {
        Some(found) => found,
        None => (choose(bytes, label, html), 0),
    };
    let (text, damaged) = encoding.decode_without_bom_handling(&bytes[skip..]);
    if damaged && mostly_replaced(&text) {
        return None;
    }
    Some((tidy(text), encoding.name()))
}

fn choose(bytes: &[u8], label: Option<&str>, html: bool) -> &'static Encoding {
    if let Some(encoding) = label.and_then(|label| Encoding::for_label(label.as_bytes())) {
        return encoding;
    }
    if let Some(encoding) = utf16_without_mark(bytes) {
        return encoding;
    }
    if !bytes.contains(&0x1b) && nearly_utf8(bytes) {
        return UTF_8;
    }
    if let Some(encoding) = html.then(|| meta_label(bytes)).flatten() {
        return encoding;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(&bytes[..bytes.len().min(DETECT)], true);
    detector.guess(None, Utf8Detection::Allow)
}

/// Whether `bytes` are UTF-8, apart from at most one torn character for ten whole ones beyond ASCII.
fn nearly_utf8(bytes: &[u8]) -> bool {
    if std::str::from_utf8(bytes).is_ok() {
        return true;
    }
    let (mut whole, mut torn) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        whole += chunk.valid().bytes().filter(|byte| *byte >= 0xc0).count();
        torn += usize::from(!chunk.invalid().is_empty());
    }
    torn * 10 <= whole
}

/// UTF-16 by its zero bytes: text in a script of the first 256 code points, or its spaces and punctuation,
/// has them all on one side.
pub(crate) fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(4096) & !1];
    if head.len() < 8 {
        return None;
    }
    let (mut even, mut odd) = (0, 0);
    for pair in head.chunks_exact(2) {
        even += usize::from(pair[0] == 0);
        odd += usize::from(pair[1] == 0);
    }
    let pairs = head.len() / 2;
    let one_sided = |many: usize, few: usize| many >= 3 && many * 10 >= pairs && few * 50 <= many;
    if one_sided(odd, even) {
        Some(UTF_16LE)
    } else if one_sided(even, odd) {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// The encoding that a page names in `<meta charset=…>`, `<meta … content="…; charset=…">` or an XML
/// declaration. UTF-16 is not believed there: the label could not have been read.
fn meta_label(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes[..bytes.len().min(PRESCAN)].to_ascii_lowercase();
    let xml = head.starts_with(b"<?xml").then(|| {
        let end = memchr::memchr(b'>', &head).unwrap_or(head.len());
        value_after(&head[..end], b"encoding")
    });
    if let Some(encoding) = xml.flatten() {
        return Some(encoding);
    }
    memchr::memmem::find_iter(&head, b"<meta")
        .filter_map(|at| {
            let tag = &head[at..];
            let end = memchr::memchr(b'>', tag).unwrap_or(tag.len());
            value_after(&tag[..end], b"charset")
        })
        .next()
}

fn value_after(tag: &[u8], key: &[u8]) -> Option<&'static Encoding> {
    let at = memchr::memmem::find(tag, key)? + key.len();
    let rest = tag[at..].trim_ascii_start().strip_prefix(b"=")?;
    let rest = rest.trim_ascii_start().trim_ascii_start();
    let rest = rest
        .strip_prefix(b"\"")
        .or(rest.strip_prefix(b"'"))
        .unwrap_or(rest);
    let end = rest
        .iter()
        .position(|byte| b"\"'; \t\r\n/>?".contains(byte))
        .unwrap_or(rest.len());
    let encoding = Encoding::for_label(&rest[..end])?;
    Some(if encoding == UTF_16LE || encoding == UTF_16BE {
        UTF_8
    } else {
        encoding
    })
}

fn mostly_replaced(text: &str) -> bool {
    let replaced = text.matches('\u{fffd}').count();
    replaced * 10 > text.chars().count()
}

/// Line ends as `\n`, and no control character but tab and line feed. The range U+0080–9F stays: in text that
/// was decoded wrongly before it came here, it is what a repair works from.
pub(crate) fn tidy<'a>(text: impl Into<Cow<'a, str>>) -> String {
    let text = text.into();
    let Some(first) = next_control(text.as_bytes()) else {
        return text.into_owned();
    };
    let mut tidied = String::with_capacity(text.len());
    let mut rest = &*text;
    let mut next = Some(first);
    // Control characters are single bytes, so that each is a boundary of characters.
    while let Some((before, after)) = next.and_then(|at| rest.split_at_checked(at)) {
        tidied.push_str(before);
        let mut characters = after.chars();
        match characters.next() {
            Some('\r') => {
                tidied.push('\n');
                rest = characters
                    .as_str()
                    .strip_prefix('\n')
                    .unwrap_or(characters.as_str());
            }
            Some('\u{b}' | '\u{c}') => {
                tidied.push('\n');
                rest = characters.as_str();
            }
            _ => rest = characters.as_str(),
        }
        next = next_control(rest.as_bytes());
    }
    tidied.push_str(rest);
    tidied
}

/// Where the first control character stands that is neither tab nor line feed.
fn next_control(bytes: &[u8]) -> Option<usize> {
    /// So many bytes are looked at together, without a branch.
    const TOGETHER: usize = 64;
    let is_control = |byte: u8| byte < b' ' && byte != b'\n' && byte != b'\t' || byte == 0x7f;
    let chunks = bytes
        .chunks(TOGETHER)
        .position(|chunk| chunk.iter().fold(false, |found, &byte| found | is_control(byte)));
    let start = chunks? * TOGETHER;
    let within = bytes[start..].iter().position(|&byte| is_control(byte));
    within.map(|at| start + at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn encodings_are_found() {
        let check = |bytes: &[u8], html, expected: (&str, &str)| {
            let (text, name) = decode(bytes, None, html).unwrap();
            assert_eq!((text.as_str(), name), expected);
        };
        let utf16 = |text: &str, little: bool| -> Vec<u8> {
            text.encode_utf16()
                .flat_map(|unit| {
                    if little {
                        unit.to_le_bytes()
                    } else {
                        unit.to_be_bytes()
                    }
                })
                .collect()
        };
        check(b"plain", false, ("plain", "UTF-8"));
        check("naïve".as_bytes(), false, ("naïve", "UTF-8"));
        check(b"\xef\xbb\xbfmark", false, ("mark", "UTF-8"));
        check(&utf16("\u{feff}mark", true), false, ("mark", "UTF-16LE"));
        check(&utf16("\u{feff}mark", false), false, ("mark", "UTF-16BE"));
        check(
            &utf16("without a mark", true),
            false,
            ("without a mark", "UTF-16LE"),
        );
        check(
            &utf16("без знака, но с пробелами", false),
            false,
            ("без знака, но с пробелами", "UTF-16BE"),
        );
        check(
            b"<meta charset=windows-1251>\xcc\xe8\xf0",
            true,
            ("<meta charset=windows-1251>Мир", "windows-1251"),
        );
        let content = b"<META http-equiv='Content-Type' content='text/html; charset=koi8-r'>\xed\xc9\xd2";
        let (text, name) = decode(content, None, true).unwrap();
        assert!(text.ends_with("Мир") && name == "KOI8-R", "{text} {name}");
        // A page that calls itself something else and is UTF-8.
        check(
            "<meta charset=windows-1251>Мир".as_bytes(),
            true,
            ("<meta charset=windows-1251>Мир", "UTF-8"),
        );
        let (russian, ..) =
            encoding_rs::WINDOWS_1251.encode("Президент встретился с министрами и обсудил бюджет.");
        check(
            &russian,
            false,
            (
                "Президент встретился с министрами и обсудил бюджет.",
                "windows-1251",
            ),
        );
        let mut torn = "Přehled zpráv: žluťoučký kůň úpěl ďábelské ódy. Další číslo"
            .as_bytes()
            .to_vec();
        torn.pop();
        torn.extend(b"\xc5");
        assert_eq!(decode(&torn, None, false).unwrap().1, "UTF-8");
    }

    #[test]
    fn the_transport_is_believed_before_the_page() {
        let (text, name) = decode(b"<meta charset=utf-8>\xcc\xe8\xf0", Some("windows-1251"), true).unwrap();
        assert!(text.ends_with("Мир"));
        assert_eq!(name, "windows-1251");
    }

    #[test]
    fn controls_and_line_ends() {
        let check = |text: &str, expected: &str| assert_eq!(tidy(text), expected);
        check("a\r\nb\rc\nd", "a\nb\nc\nd");
        check("a\0b\u{7}c\u{7f}d\te", "abcd\te");
        check("page\u{c}break", "page\nbreak");
        let long = "x".repeat(130);
        check(
            &format!("{long}\r\n{long}\0{long}\r"),
            &format!("{long}\n{long}{long}\n"),
        );
        check(&long, &long);
        check("â\u{80}\u{99}", "â\u{80}\u{99}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_decoded_or_refused(bytes: Vec<u8>, html: bool) {
            if let Some((text, name)) = decode(&bytes, None, html) {
                prop_assert!(!text.contains(['\0', '\r']));
                prop_assert!(Encoding::for_label(name.as_bytes()).is_some());
            }
        }

        #[test]
        fn utf8_is_utf8(text in "\\PC{0,80}") {
            let (decoded, name) = decode(text.as_bytes(), None, false).unwrap();
            prop_assert_eq!(name, "UTF-8");
            prop_assert_eq!(decoded, text.trim_start_matches('\u{feff}'));
        }
    }
}
