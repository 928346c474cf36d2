//! What one line looks like: the measurements that its features come from, taken in one reading of its bytes.
//!
//! The reading knows no language. A word is a run of letters and digits with apostrophes inside, folded to lower
//! case and hashed; an ideograph or a kana is a word by itself. Hashes go to the [`Phrases`], which know the
//! function words and the furniture of the languages that we serve.

use crate::letters::is_ideograph;

use super::phrases::{CLASSES, FUNCTION, Hash, Phrases, REACH, mix};

/// How a line ends, in the order from furniture to prose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum End {
    /// There is nothing but spaces and symbols.
    #[default]
    Nothing,
    Symbol,
    Digit,
    Letter,
    Comma,
    Ellipsis,
    Bracket,
    Colon,
    Quote,
    /// A quotation mark or bracket after the end of a sentence.
    QuotedSentence,
    Question,
    Sentence,
}

/// How a line begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Start {
    #[default]
    Nothing,
    Symbol,
    Bullet,
    Bracket,
    Digit,
    Lower,
    Quote,
    Upper,
    /// A letter of a script without case.
    Uncased,
}

/// The measurements of a line.
#[derive(Debug, Clone, Default)]
pub(super) struct Scan {
    /// Words, an ideograph being half a word.
    pub words: u32,
    /// Characters that are not white space.
    pub chars: u32,
    pub letters: u32,
    pub digits: u32,
    /// Words after the first that begin with a capital.
    pub capitalised: u32,
    /// Words of two and more letters that are capitals throughout.
    pub shouted: u32,
    /// Words that are digits throughout.
    pub numbers: u32,
    /// Ends of sentences, the last one included.
    pub sentences: u32,
    pub commas: u32,
    pub quotes: u32,
    pub brackets: u32,
    /// `|`, `•`, `»`, `›`, `/`, `>`, `·`, `→`, `–` between spaces: marks that part a row of links.
    pub separators: u32,
    /// `@`, `#`, `©`, `://`, `www`: marks of addresses and rights.
    pub addresses: u32,
    /// Symbols and pictographs of other kinds.
    pub symbols: u32,
    /// A time such as 12:30, or a year.
    pub times: u32,
    /// A lower-case letter right before a capital, as where two elements were glued.
    pub glued: u32,
    /// Words by class of phrase; see [`Phrases`].
    pub classes: [u16; CLASSES],
    pub start: Start,
    pub end: End,
    /// The hash of all words in order.
    pub hash: u64,
    /// The hash of the first words, up to the first separator with words after it.
    pub head: u64,
}

const OTHER: u8 = 0;
const SPACE: u8 = 1;
const LOWER: u8 = 2;
const UPPER: u8 = 3;
const DIGIT: u8 = 4;
const STOP: u8 = 5;
const COMMA: u8 = 6;
const QUOTE: u8 = 7;
const OPEN: u8 = 8;
const CLOSE: u8 = 9;
const SEPARATOR: u8 = 10;
const ADDRESS: u8 = 11;
const COLON: u8 = 12;
const ELLIPSIS: u8 = 13;
const QUESTION: u8 = 14;
const DASH: u8 = 15;
const BULLET: u8 = 16;
/// A letter of a script that has no case, and the marks that belong to it.
const UNCASED: u8 = 17;
const IDEOGRAPH: u8 = 18;
const SYMBOL: u8 = 19;

const ASCII: [u8; 128] = {
    let mut table = [OTHER; 128];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = match byte as u8 {
            b' ' | b'\t' => SPACE,
            b'a'..=b'z' => LOWER,
            b'A'..=b'Z' => UPPER,
            b'0'..=b'9' => DIGIT,
            b'.' => STOP,
            b'!' | b'?' => QUESTION,
            b',' | b';' => COMMA,
            b'"' | b'\'' | b'`' => QUOTE,
            b'(' | b'[' | b'{' => OPEN,
            b')' | b']' | b'}' => CLOSE,
            b'|' | b'/' | b'>' | b'<' => SEPARATOR,
            b'@' | b'#' => ADDRESS,
            b':' => COLON,
            b'-' => DASH,
            b'*' => BULLET,
            b'+' | b'=' | b'\\' | b'~' | b'^' | b'_' | b'%' | b'&' | b'$' => SYMBOL,
            _ => OTHER,
        };
        byte += 1;
    }
    table
};

/// The class of a character beyond ASCII, and the character in lower case.
fn classify(c: char) -> (u8, u32) {
    let code = c as u32;
    match code {
        0x80..=0xBF => match c {
            '\u{a0}' | '\u{85}' => (SPACE, code),
            '«' | '»' => (QUOTE, code),
            '©' | '®' => (ADDRESS, code),
            '·' => (SEPARATOR, code),
            'ª' | 'µ' | 'º' => (LOWER, code),
            _ => (SYMBOL, code),
        },
        0xD7 | 0xF7 => (SYMBOL, code),
        0xC0..=0xDE => (UPPER, code + 0x20),
        0xDF..=0xFF => (LOWER, code),
        0x391..=0x3A9 | 0x410..=0x42F => (UPPER, code + 0x20),
        0x3B1..=0x3C9 | 0x430..=0x45F => (LOWER, code),
        0x400..=0x40F => (UPPER, code + 0x50),
        0x100..=0x58F | 0x1E00..=0x1FFF => {
            let lower = c.to_lowercase().next().unwrap_or(c) as u32;
            if lower != code {
                (UPPER, lower)
            } else if c.is_alphabetic() {
                (LOWER, code)
            } else {
                (SYMBOL, code)
            }
        }
        0x60C | 0x61B => (COMMA, code),
        0x61F => (QUESTION, code),
        0x6D4 | 0x964 | 0x965 => (STOP, code),
        0x660..=0x669 | 0x6F0..=0x6F9 | 0x966..=0x96F => (DIGIT, code),
        0x590..=0x10FF
        | 0x1100..=0x1CFF
        | 0xA960..=0xABFF
        | 0xAC00..=0xD7FF
        | 0xFB1D..=0xFDFF
        | 0xFE70..=0xFEFC => (UNCASED, code),
        0x2000..=0x200A | 0x202F | 0x205F | 0x3000 => (SPACE, code),
        0x2018..=0x201F | 0x2039 | 0x203A | 0x300C..=0x300F => (QUOTE, code),
        0x2010..=0x2015 => (DASH, code),
        0x2026 => (ELLIPSIS, code),
        0x2022 | 0x25A0..=0x25FF | 0x2023 | 0x2043 | 0x2219 => (BULLET, code),
        0x2190..=0x21FF | 0x27A1 | 0xFF5C | 0x30FB => (SEPARATOR, code),
        0x3002 | 0xFF0E | 0xFF61 => (STOP, code),
        0xFF01 | 0xFF1F => (QUESTION, code),
        0x3001 | 0xFF0C | 0xFF1B => (COMMA, code),
        0xFF1A => (COLON, code),
        0x3008..=0x300B | 0x3010 | 0x3014 | 0xFF08 | 0xFF3B => (OPEN, code),
        0x3011 | 0x3015 | 0xFF09 | 0xFF3D => (CLOSE, code),
        0xFF10..=0xFF19 => (DIGIT, code),
        _ if is_ideograph(c) => (IDEOGRAPH, code),
        _ if c.is_alphabetic() => (UNCASED, code),
        _ => (SYMBOL, code),
    }
}

/// The last hashes of words, so that phrases of several words can be looked up by their last word.
struct Words<'p> {
    phrases: &'p Phrases,
    last: [u32; REACH],
}

impl Words<'_> {
    fn add(&mut self, hash: u32, scan: &mut Scan) {
        scan.hash = scan.hash.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ u64::from(hash);
        let known = self.phrases.get(hash);
        if known != 0 {
            Phrases::count(known, 1, &mut scan.classes);
            if Phrases::ends_phrase(known) {
                let mut chain = hash;
                for (words, &word) in (2..).zip(&self.last) {
                    if word == 0 {
                        break;
                    }
                    chain = mix(word, chain);
                    Phrases::count(self.phrases.get(chain), words, &mut scan.classes);
                }
            }
        }
        let [first, second, third, fourth, _] = self.last;
        self.last = [hash, first, second, third, fourth];
    }

    /// A phrase does not go across a mark that ends a sentence or parts a row.
    fn interrupt(&mut self) {
        self.last = [0; REACH];
    }
}

impl Scan {
    /// Takes the measurements of `line`, which holds no line break.
    pub(super) fn of(line: &str, phrases: &Phrases) -> Self {
        let bytes = line.as_bytes();
        let mut scan = Self::default();
        let mut words = Words {
            phrases,
            last: [0; REACH],
        };
        let mut ideographs = 0_u32;
        let mut count = 0_u32;
        let mut at = 0;
        // The class of the last character that is not white space, and of the one before it.
        let (mut before, mut last) = (SPACE, SPACE);
        let mut spaced = true;
        while at < bytes.len() {
            let (class, code, length) = class_at(line, bytes, at);
            match class {
                LOWER | UPPER | DIGIT | UNCASED => {
                    scan.begin(class);
                    let (end, class) = word(line, bytes, at, count, &mut scan, &mut words);
                    count += 1;
                    before = last;
                    last = class;
                    spaced = false;
                    at = end;
                    continue;
                }
                IDEOGRAPH => {
                    ideographs += 1;
                    scan.letters += 1;
                    let mut hash = Hash::START;
                    hash.push(code);
                    words.add(hash.finish(), &mut scan);
                }
                SPACE => {
                    spaced = true;
                    at += length;
                    continue;
                }
                STOP | QUESTION | ELLIPSIS => {
                    let next = bytes.get(at + length);
                    let closes = next.is_none_or(|next| matches!(next, b' ' | b'"' | b'\'' | b')' | 0x80..));
                    if closes && class != ELLIPSIS && !matches!(last, STOP | QUESTION | DIGIT) && !spaced {
                        scan.sentences += 1;
                    }
                    words.interrupt();
                }
                COMMA => scan.commas += 1,
                QUOTE => scan.quotes += 1,
                OPEN | CLOSE => scan.brackets += 1,
                SEPARATOR | BULLET => {
                    scan.separators += 1;
                    words.interrupt();
                    if scan.head == 0 && count > 0 {
                        scan.head = scan.hash;
                    }
                }
                DASH => {
                    if spaced {
                        words.interrupt();
                        if scan.head == 0 && count > 0 {
                            scan.head = scan.hash;
                        }
                    }
                }
                ADDRESS => scan.addresses += 1,
                COLON => {
                    if last == DIGIT && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
                        scan.times += 1;
                    } else if bytes[at..].starts_with(b"://") {
                        scan.addresses += 1;
                    }
                }
                _ => scan.symbols += 1,
            }
            scan.begin(class);
            scan.chars += 1;
            before = last;
            last = if class == STOP && matches!(last, STOP | ELLIPSIS) && !spaced {
                ELLIPSIS
            } else {
                class
            };
            spaced = false;
            at += length;
        }
        scan.words = count + ideographs.div_ceil(2);
        scan.end = ending(before, last);
        scan
    }

    /// Notes the class of the first character.
    fn begin(&mut self, class: u8) {
        if self.start == Start::Nothing {
            self.start = match class {
                LOWER => Start::Lower,
                UPPER => Start::Upper,
                DIGIT => Start::Digit,
                UNCASED | IDEOGRAPH => Start::Uncased,
                QUOTE => Start::Quote,
                OPEN => Start::Bracket,
                BULLET | DASH => Start::Bullet,
                _ => Start::Symbol,
            };
        }
    }

    /// Whether it reads like a sentence or more.
    pub(super) fn is_prose(&self) -> bool {
        self.words >= 8
            && self.end >= End::QuotedSentence
            && (self.classes[FUNCTION] > 0 || self.words >= 12)
            && self.separators * 8 <= self.words
    }

    /// Words of furniture of all classes.
    pub(super) fn furniture(&self) -> u32 {
        self.classes.iter().skip(1).map(|&words| u32::from(words)).sum()
    }
}

#[inline(always)]
fn class_at(line: &str, bytes: &[u8], at: usize) -> (u8, u32, usize) {
    let byte = bytes[at];
    if byte < 0x80 {
        return (ASCII[usize::from(byte)], u32::from(byte | 0x20), 1);
    }
    beyond_ascii(line, at)
}

#[inline(never)]
fn beyond_ascii(line: &str, at: usize) -> (u8, u32, usize) {
    let c = line[at..].chars().next().unwrap_or('\u{fffd}');
    let (class, code) = classify(c);
    (class, code, c.len_utf8())
}

/// Reads the word that begins at `at`; gives back where it ends and the class of its last character.
fn word(
    line: &str,
    bytes: &[u8],
    at: usize,
    count: u32,
    scan: &mut Scan,
    words: &mut Words<'_>,
) -> (usize, u8) {
    if let Some((hash, end)) = plain_word(bytes, at) {
        let letters = (end - at) as u32;
        let upper = bytes[at].is_ascii_uppercase();
        scan.chars += letters;
        scan.letters += letters;
        scan.capitalised += u32::from(upper && count > 0);
        words.add(hash, scan);
        return (end, if upper && letters == 1 { UPPER } else { LOWER });
    }
    let mut hash = Hash::START;
    let (mut letters, mut digits, mut uppers) = (0_u32, 0_u32, 0_u32);
    let first_upper = class_at(line, bytes, at).0 == UPPER;
    let mut last = SPACE;
    let mut i = at;
    while i < bytes.len() {
        // Most letters of most texts.
        if bytes[i].is_ascii_lowercase() {
            letters += 1;
            last = LOWER;
            hash.push(u32::from(bytes[i]));
            i += 1;
            continue;
        }
        let (class, code, length) = class_at(line, bytes, i);
        match class {
            LOWER | UNCASED => letters += 1,
            UPPER => {
                scan.glued += u32::from(last == LOWER);
                letters += 1;
                uppers += 1;
            }
            DIGIT => digits += 1,
            QUOTE if matches!(code, 0x27 | 0x2019) && letters > 0 => {
                let next = i + length;
                if next < bytes.len() && matches!(class_at(line, bytes, next).0, LOWER | UPPER | UNCASED) {
                    scan.chars += 1;
                    hash.push(0x27);
                    i = next;
                    continue;
                }
                break;
            }
            _ => break,
        }
        last = class;
        hash.push(code);
        i += length;
    }
    scan.chars += letters + digits;
    scan.letters += letters;
    scan.digits += digits;
    scan.capitalised += u32::from(first_upper && count > 0);
    scan.shouted += u32::from(uppers >= 2 && uppers == letters && digits == 0);
    scan.numbers += u32::from(letters == 0);
    if digits == 4 && letters == 0 && (bytes[at..].starts_with(b"19") || bytes[at..].starts_with(b"20")) {
        scan.times += 1;
    }
    words.add(hash.finish(), scan);
    (i, last)
}

/// The hash and the end of the word that begins at `at`, if it is of the most common kind: ASCII letters, all but perhaps the first
/// in lower case, with nothing behind them that could belong to a word. It looks at eight bytes at a time (Lamport, *Multiple byte
/// processing with full-word instructions*, 1975).
#[inline]
fn plain_word(bytes: &[u8], at: usize) -> Option<(u32, usize)> {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    const EACH: u64 = 0x0101_0101_0101_0101;
    const CASE: u64 = 0x20;
    let last = *bytes.last_chunk::<8>()?;
    let mut hash = Hash::START;
    let mut end = at;
    loop {
        let eight = match bytes[end..].first_chunk::<8>() {
            Some(eight) => u64::from_le_bytes(*eight),
            // The line ends before: zeros follow it.
            None if end < bytes.len() => u64::from_le_bytes(last) >> (8 * (end + 8 - bytes.len())),
            None => return Some((hash.finish(), end)),
        };
        let small = if end == at { eight | CASE } else { eight };
        // The high bit of each byte that is a small letter; no sum goes beyond its byte.
        let low = small & !HIGH;
        let from_a = low + EACH * (0x80 - u64::from(b'a'));
        let beyond_z = low + EACH * (0x7f - u64::from(b'z'));
        let letters = from_a & !beyond_z & !small & HIGH;
        let run = (!letters & HIGH).trailing_zeros() / 8;
        if run == 8 {
            hash.eight(small);
            end += 8;
            continue;
        }
        let next = (eight >> (8 * run)) as u8;
        if !next.is_ascii() || next.is_ascii_alphanumeric() || next == b'\'' || end + run as usize == at {
            return None;
        }
        if run > 0 {
            hash.rest(small & !(u64::MAX << (8 * run)));
        }
        return Some((hash.finish(), end + run as usize));
    }
}

fn ending(before: u8, last: u8) -> End {
    match last {
        LOWER | UPPER | UNCASED | IDEOGRAPH => End::Letter,
        DIGIT => End::Digit,
        STOP => End::Sentence,
        QUESTION => End::Question,
        ELLIPSIS => End::Ellipsis,
        COMMA => End::Comma,
        COLON => End::Colon,
        QUOTE | CLOSE if matches!(before, STOP | QUESTION) => End::QuotedSentence,
        QUOTE if before == COMMA => End::QuotedSentence,
        QUOTE => End::Quote,
        OPEN | CLOSE => End::Bracket,
        SPACE => End::Nothing,
        _ => End::Symbol,
    }
}
