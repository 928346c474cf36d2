//! Repairs text that was UTF-8 and read as something else: `cafÃ©` becomes `café`.
//!
//! A byte of UTF-8 that is read as Windows-1252, Windows-1251 or another encoding of single bytes becomes a character
//! of that encoding, so a character beyond ASCII becomes a lead and its continuations, two to four odd characters in a
//! row. Such a row is put back where it cannot well be anything else: three bytes and more nearly always, two bytes
//! where the marks and letters around make a word of it or several stand together. `NESTLÉ®` and `4288×…` stay. What was
//! garbled twice is repaired twice. Control characters of ISO 8859-1, which stand for nothing in texts, are read as
//! Windows-1252.
//!
//! Text without a suspicious pair of characters is handed back after one look at each character.

use std::borrow::Cow;
use std::sync::LazyLock;

use encoding_rs::{ISO_8859_2, MACINTOSH, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1257};

/// The encodings that garble text, by the bit that stands for them.
const ENCODINGS: usize = 7;
const LATIN: usize = 0;
const CYRILLIC: usize = 1;
const MAC: usize = 4;
const DOS: usize = 5;

/// The upper half of code page 437, which the web never used and old archives did.
const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// Where the characters that any of the encodings has lie.
const LOW: usize = 0x500;
const HIGH: std::ops::Range<usize> = 0x2000..0x2600;
const SIZE: usize = LOW + 0x600;

/// The byte that each character is in each encoding, 0 if it is none, and in which it can lead or continue.
struct Bytes {
    bytes: Vec<[u8; ENCODINGS]>,
    leads: Vec<u8>,
    continues: Vec<u8>,
}

impl Bytes {
    fn get() -> &'static Self {
        static BYTES: LazyLock<Bytes> = LazyLock::new(Bytes::new);
        &BYTES
    }

    fn new() -> Self {
        let mut table = Self {
            bytes: vec![[0; ENCODINGS]; SIZE],
            leads: vec![0; SIZE],
            continues: vec![0; SIZE],
        };
        let encodings = [
            (LATIN, WINDOWS_1252),
            (CYRILLIC, WINDOWS_1251),
            (2, WINDOWS_1250),
            (3, ISO_8859_2),
            (MAC, MACINTOSH),
            (6, WINDOWS_1257),
        ];
        for byte in 0x80..=u8::MAX {
            table.add(LATIN, char::from(byte), byte);
            for (at, encoding) in encodings {
                let bytes = [byte];
                let (text, _) = encoding.decode_without_bom_handling(&bytes);
                if let Some(c) = text.chars().next().filter(|c| *c != '\u{fffd}') {
                    table.add(at, c, byte);
                }
            }
        }
        for (byte, c) in (0x80..=u8::MAX).zip(CP437.chars()) {
            table.add(DOS, c, byte);
        }
        table
    }

    fn add(&mut self, encoding: usize, c: char, byte: u8) {
        let Some(at) = place(c) else {
            return;
        };
        // Where 1252 has a character of its own for a byte, that of ISO 8859-1 is one more.
        self.bytes[at][encoding] = byte;
        match byte {
            0xC2..=0xF4 => self.leads[at] |= 1 << encoding,
            0x80..=0xBF => self.continues[at] |= 1 << encoding,
            _ => {}
        }
    }

    fn byte(&self, c: char, encoding: usize) -> u8 {
        place(c).map_or(0, |at| self.bytes[at][encoding])
    }

    /// The encodings in which `first` and `second` can be the first two bytes of a character.
    fn pair(&self, first: char, second: char) -> u8 {
        match (place(first), place(second)) {
            (Some(first), Some(second)) => self.leads[first] & self.continues[second],
            _ => 0,
        }
    }
}

fn place(c: char) -> Option<usize> {
    let code = c as usize;
    if (0x80..LOW).contains(&code) {
        Some(code)
    } else {
        HIGH.contains(&code).then(|| code - HIGH.start + LOW)
    }
}

/// `text` with garbled characters put back.
pub fn repair(text: &str) -> Cow<'_, str> {
    /// Texts were seen that went through it this often.
    const TIMES: usize = 5;
    if !is_suspicious(text) {
        return Cow::Borrowed(text);
    }
    let mut repaired = text.to_owned();
    for _ in 0..TIMES {
        let next = once(&repaired);
        if next == repaired {
            break;
        }
        repaired = next;
    }
    if repaired.chars().any(is_control) {
        repaired = repaired.chars().map(without_control).collect();
    }
    if repaired == text {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(repaired)
    }
}

fn is_suspicious(text: &str) -> bool {
    const STEP: usize = 64;
    let bytes = text.as_bytes();
    let table = Bytes::get();
    let mut from = 0;
    while let Some(step) = bytes[from..].chunks(STEP).position(|step| !step.is_ascii()) {
        from += step * STEP;
        let to = (from + STEP).min(bytes.len());
        // Whole characters, and the first of the next step.
        let start = text.floor_char_boundary(from);
        let end = text.ceil_char_boundary((to + 1).min(bytes.len()));
        let mut before = ' ';
        for c in text[start..end].chars() {
            if c >= '\u{80}' && (is_control(c) || before >= '\u{80}' && table.pair(before, c) != 0) {
                return true;
            }
            before = c;
        }
        from = to;
    }
    false
}

fn is_control(c: char) -> bool {
    ('\u{80}'..='\u{9f}').contains(&c)
}

fn without_control(c: char) -> char {
    if !is_control(c) {
        return c;
    }
    let byte = [c as u32 as u8];
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(&byte);
    text.chars().next().unwrap_or(c)
}

/// A garbled character: what it was, and how many characters it became.
struct Found {
    was: char,
    length: usize,
    encoding: usize,
}

/// One round of repairs.
fn once(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let order = likeliest(&chars);
    let mut repaired = String::with_capacity(text.len());
    let mut at = 0;
    // Whether the characters right before were put back, which makes it likelier for those that follow.
    let mut in_run = false;
    let mut broken: Vec<(std::ops::Range<usize>, &'static str)> = Vec::new();
    let mut any = false;
    while at < chars.len() {
        // No garbled character begins within ASCII.
        if chars[at] < '\u{80}' {
            repaired.push(chars[at]);
            at += 1;
            in_run = false;
            continue;
        }
        let mut sequences = sequences(&chars, at);
        let mut sure = order.iter().filter_map(|&encoding| sequences[encoding].take());
        if let Some(found) = sure.find(|found| is_sure(&chars, at, found, in_run)) {
            repaired.push(found.was);
            at += found.length;
            in_run = true;
            any = true;
            continue;
        }
        if let Some((length, was)) = without_continuation(&chars, at) {
            let bytes: usize = chars[at..at + length].iter().map(|c| c.len_utf8()).sum();
            broken.push((repaired.len()..repaired.len() + bytes, was));
            repaired.extend(&chars[at..at + length]);
            at += length;
        } else {
            repaired.push(chars[at]);
            at += 1;
        }
        in_run = false;
    }
    if any {
        for (range, was) in broken.into_iter().rev() {
            repaired.replace_range(range, was);
        }
    }
    repaired
}

/// The encodings by how many characters they explain.
fn likeliest(chars: &[char]) -> [usize; ENCODINGS] {
    let mut explained = [0_usize; ENCODINGS];
    for at in 0..chars.len().saturating_sub(1) {
        if chars[at] < '\u{80}' {
            continue;
        }
        for (encoding, found) in sequences(chars, at).iter().enumerate() {
            explained[encoding] += usize::from(found.is_some());
        }
    }
    let mut order = std::array::from_fn(|encoding| encoding);
    order.sort_by_key(|&encoding: &usize| std::cmp::Reverse(explained[encoding]));
    order
}

/// What was garbled and then lost its continuation: a space that does not break became a plain one, or a byte became
/// the replacement character. It is put back only beside other repairs. Gives how many characters it is, and what
/// they were.
fn without_continuation(chars: &[char], at: usize) -> Option<(usize, &'static str)> {
    let next = |offset: usize| chars.get(at + offset).copied().unwrap_or('\0');
    let before = at.checked_sub(1).map_or(' ', |before| chars[before]);
    let starts = !before.is_alphabetic();
    match (chars[at], next(1)) {
        ('Ã' | 'Ă', '\u{fffd}') => Some((2, "\u{fffd}")),
        ('â', '€') if next(2) == '\u{fffd}' => Some((3, "\u{fffd}")),
        ('Ã', ' ') if next(2) == 's' && next(3) == ' ' => Some((2, "à")),
        ('Ã', ' ') if starts && [2, 3, 4, 5].map(next) == ['q', 'u', 'e', 'l'] => Some((2, "à")),
        ('Ã', ' ') if starts && next(2).is_lowercase() => Some((1, "à")),
        ('Г', ' ') if starts && next(2).is_lowercase() => Some((1, "à")),
        ('Å', ' ') if starts && next(2).is_lowercase() => Some((2, "Š")),
        ('Â', ' ') if !before.is_uppercase() => Some((2, "\u{a0}")),
        _ => None,
    }
}

/// The characters that the ones from `at` on may have been, by encoding.
fn sequences(chars: &[char], at: usize) -> [Option<Found>; ENCODINGS] {
    let mut found = [const { None }; ENCODINGS];
    let table = Bytes::get();
    let Some(&second) = chars.get(at + 1) else {
        return found;
    };
    let mut left = table.pair(chars[at], second);
    while left != 0 {
        let encoding = left.trailing_zeros() as usize;
        left &= left - 1;
        found[encoding] = decode(chars, at, encoding);
    }
    found
}

fn decode(chars: &[char], at: usize, encoding: usize) -> Option<Found> {
    let table = Bytes::get();
    let byte = |offset: usize| chars.get(at + offset).map_or(0, |&c| table.byte(c, encoding));
    let length = match byte(0) {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => return None,
    };
    let mut bytes = [0; 4];
    for (offset, slot) in bytes.iter_mut().enumerate().take(length) {
        *slot = byte(offset);
    }
    if let Ok(decoded) = std::str::from_utf8(&bytes[..length]) {
        let was = decoded.chars().next()?;
        return Some(Found {
            was,
            length,
            encoding,
        });
    }
    // A pair of surrogates, each written in three bytes.
    let unit = |from: usize| -> Option<u16> {
        let [a, b, c] = [byte(from), byte(from + 1), byte(from + 2)];
        let fits = a == 0xED && b & 0xE0 == 0xA0 && c & 0xC0 == 0x80;
        fits.then(|| 0xD000 | (u16::from(b & 0x3F) << 6) | u16::from(c & 0x3F))
    };
    let pair = [unit(0)?, unit(3)?];
    let was = char::decode_utf16(pair).next()?.ok()?;
    Some(Found {
        was,
        length: 6,
        encoding,
    })
}

/// Marks that stand after letters in good text.
fn is_common_mark(c: char) -> bool {
    matches!(
        c,
        '\u{a0}'
            | '’'
            | '‘'
            | '“'
            | '”'
            | '…'
            | '–'
            | '—'
            | '™'
            | '®'
            | '¿'
            | '£'
            | '°'
            | '\u{85}'
            | '„'
            | '‚'
            | '•'
            | '»'
            | '«'
            | '´'
            | '·'
    )
}

/// Whether what was found can hardly be anything else.
fn is_sure(chars: &[char], at: usize, found: &Found, in_run: bool) -> bool {
    let before = at.checked_sub(1).map_or(' ', |before| chars[before]);
    let after = chars.get(at + found.length).copied().unwrap_or(' ');
    let (lead, second) = (chars[at], chars[at + 1]);
    if found.length > 2 {
        return is_text(found.was);
    }
    let letters = before.is_alphabetic() && after.is_alphabetic();
    let in_word = before.is_alphabetic() || after.is_lowercase();
    let run = run(chars, at, found.encoding);
    let runs = in_run || run > 1;
    match found.was as u32 {
        0x80..=0x9F => found.encoding == LATIN && lead == 'Â',
        0xA0..=0xBF => match found.encoding {
            LATIN => lead == 'Â' && !before.is_uppercase(),
            CYRILLIC => runs,
            MAC => false,
            _ => lead == 'Â' && !second.is_alphabetic(),
        },
        0xC0..=0xFF if found.encoding == LATIN => {
            if second == '\u{a0}' {
                !before.is_uppercase() || after.is_lowercase()
            } else if is_common_mark(second)
                && !matches!(second, '£' | '°' | '´' | '»' | '«' | '·' | '®' | '¿')
            {
                letters || runs
            } else {
                !second.is_alphabetic() || in_word || runs
            }
        }
        0xC0..=0x17F => match found.encoding {
            LATIN if is_common_mark(second) => {
                (before.is_lowercase() && after.is_lowercase())
                    || (before.is_whitespace() || at == 0) && after.is_lowercase() && second != '\u{a0}'
                    || runs && (before.is_lowercase() || after.is_lowercase())
                    || in_run && run > 1
            }
            LATIN => before.is_lowercase() || after.is_lowercase() || runs,
            CYRILLIC => {
                !second.is_alphabetic()
                    && (before.is_ascii_alphabetic() || after.is_ascii_alphabetic() || runs)
            }
            MAC => matches!(lead, '√' | 'ƒ' | '≈') && in_word,
            DOS => false,
            _ if second.is_alphabetic() => {
                after.is_lowercase() && (before.is_alphabetic() || second.is_uppercase())
            }
            _ => in_word && second != '\u{a0}' && (!is_common_mark(second) || after.is_lowercase()),
        },
        0x300..=0x36F => {
            found.encoding == LATIN
                && !before.is_alphabetic()
                && !second.is_alphabetic()
                && !is_common_mark(second)
        }
        0x370..=0x3FF => {
            found.encoding == LATIN && (runs || !is_common_mark(second) && !second.is_alphabetic())
        }
        0x400..=0x47F => match found.encoding {
            CYRILLIC if !matches!(lead, 'Р' | 'С') => false,
            // Two that end in letters of Ukrainian may be a word in capitals.
            CYRILLIC => {
                in_run
                    || run > 2
                    || run > 1 && !matches!(second, 'і' | 'ї' | 'є' | 'ґ' | 'І' | 'Ї' | 'Є' | 'Ґ' | 'ё')
            }
            LATIN | DOS => runs,
            _ => false,
        },
        0x590..=0x6FF => found.encoding == LATIN && runs,
        _ => false,
    }
}

/// How many characters, three at most, could have been garbled in one way from `at` on.
fn run(chars: &[char], mut at: usize, encoding: usize) -> usize {
    let mut run = 0;
    while run < 3 {
        match chars.get(at).and_then(|_| decode(chars, at, encoding)) {
            Some(found) => at += found.length,
            None => break,
        }
        run += 1;
    }
    run
}

/// Characters that stand in texts: none of the phonetic letters and private ones that chance would make.
fn is_text(c: char) -> bool {
    !matches!(c as u32, 0x7F0..=0x8FF | 0x1680..=0x17FF | 0x1800..=0x1DFF | 0xA000..=0xABFF | 0xE000..=0xF8FF | 0xF0000..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(garbled: &str, expected: &str) {
        assert_eq!(repair(garbled), expected, "{garbled}");
    }

    #[test]
    fn garbled_text_is_put_back() {
        check("Das GerÃ¤t kostet 5\u{c2}\u{a0}â‚¬", "Das Gerät kostet 5\u{a0}€");
        check("Sheâ€™s here â€“ at last", "She’s here – at last");
        check("РџСЂРёРІРµС‚", "Привет");
        check("dÃƒÂ©jÃƒÂ  vu", "déjà vu");
        check("na√Øve", "naïve");
        check("\u{93}quoted\u{94}", "“quoted”");
        check("Ð¼Ð¸Ñ€", "мир");
    }

    #[test]
    fn good_text_stays() {
        for text in [
            "NESTLÉ®",
            "12×…",
            "VOCÊ…",
            "Ça va à Paris",
            "Київ і Рівне",
            "СССР",
            "π ≈ 3",
            "漢字とかな",
            "«Ünïcode» £5",
            "MANHÃ…",
        ] {
            check(text, text);
            assert!(matches!(repair(text), Cow::Borrowed(_)));
        }
    }
}
