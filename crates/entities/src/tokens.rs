//! Words and sentences, each token knowing its bytes.
//!
//! A token is what a name can begin or end with: a run of letters, marks and digits with hyphens inside, an
//! abbreviation with its dot, a possessive, one ideograph, or one sign. In the other scripts that write words without
//! spaces (Thai, Lao, Burmese, Khmer) it is one letter with its marks, so that a listed name is met wherever it
//! stands; as in Chinese, nothing says then whether a longer word goes on. Nothing is normalised, so that every
//! span of tokens is a slice of the text.
//!
//! A line's end is a sentence's end, but in text that was broken into lines of one width, where a name may begin on
//! one line and end on the next.

use std::ops::{Range, RangeInclusive};

/// One token of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// First byte.
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
    /// Whether a sentence begins here.
    pub first: bool,
}

impl Token {
    /// The token's words in the text that it was cut from.
    pub fn of<'t>(&self, text: &'t str) -> &'t str {
        &text[self.start as usize..self.end as usize]
    }
}

/// Sentences longer than this many tokens are cut, which bounds the memory of the decoder.
const LONGEST: usize = 400;

/// Short forms that keep their dot and do not end a sentence, but where they are also words of the language that they
/// are not short forms of.
#[rustfmt::skip] // a word a line makes no list easier to read
const SHORT: [&str; 61] = [
    "Mr", "Mrs", "Ms", "Dr", "Sen", "Rep", "Gov", "Gen", "Col", "Lt", "Sgt", "Capt", "St", "Jr", "Sr", "Inc",
    "Corp", "Co", "Ltd", "Prof", "Rev", "Hon", "Maj", "Adm", "Cmdr", "Messrs", "Jan", "Feb", "Aug", "Sept",
    "Oct", "Nov",
    "MM", "Mgr", "Hr", "Sra", "Srta", "Sres", "Dra", "Lic", "Sig", "Dott", "Avv", "Mons", "Dhr", "Mevr", "Mw",
    "Frk", "dr", "prof", "sr", "sra", "dra", "sig", "dott", "avv", "dhr", "mevr", "mw", "hr", "проф",
];

/// Cuts `text` into `tokens`, which are cleared first.
///
/// Texts beyond four gibibytes are cut off there.
pub fn tokenize(text: &str, tokens: &mut Vec<Token>) {
    tokens.clear();
    let width = width(text);
    let mut at = 0;
    let mut broken = true;
    let mut length = 0;
    while let Some(c) = text[at..].chars().next() {
        if at + 4 >= u32::MAX as usize {
            break;
        }
        if c.is_whitespace() {
            broken |= c == '\n' && width.is_none_or(|width| !is_full(text, at, width));
            at += c.len_utf8();
            continue;
        }
        let end = at + token_length(&text[at..], c);
        let first = broken || length >= LONGEST || ends_sentence(text, tokens, at, c);
        length = if first { 1 } else { length + 1 };
        tokens.push(Token {
            start: at as u32,
            end: end as u32,
            first,
        });
        broken = false;
        at = end;
    }
}

/// The widths, in characters, to which text is broken into lines.
const WIDTHS: RangeInclusive<usize> = 50..=100;

/// The width to which `text` was broken into lines, if it was: nearly every line that is followed by another has no room for
/// that one's first word.
fn width(text: &str) -> Option<usize> {
    let mut width = 0;
    for line in text.lines() {
        width = width.max(line.chars().count());
        // Most texts have a paragraph a line, and are known by the first.
        if width > *WIDTHS.end() {
            return None;
        }
    }
    if !WIDTHS.contains(&width) {
        return None;
    }
    let (mut ends, mut full) = (0, 0);
    for (at, _) in text.match_indices('\n') {
        if text[at + 1..].starts_with(|c: char| !c.is_whitespace()) && !text[..at].ends_with('\n') {
            ends += 1;
            full += usize::from(is_full(text, at, width));
        }
    }
    (ends > 2 && full * 5 >= ends * 4).then_some(width)
}

/// Whether the line that ends at the newline at byte `at` has no room for the first word of the next.
fn is_full(text: &str, at: usize, width: usize) -> bool {
    let line = text[..at].rsplit('\n').next().unwrap_or_default().trim_end();
    let next = text[at + 1..]
        .split(char::is_whitespace)
        .next()
        .unwrap_or_default();
    !next.is_empty() && !line.is_empty() && line.chars().count() + 1 + next.chars().count() > width
}

/// The sentences of `tokens`, as ranges of them.
pub fn sentences(tokens: &[Token]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at;
        tokens.get(start)?;
        at += 1;
        while tokens.get(at).is_some_and(|token| !token.first) {
            at += 1;
        }
        Some(start..at)
    })
}

/// Whether what was read ends a sentence before a token that begins with `next` at byte `at`.
fn ends_sentence(text: &str, tokens: &[Token], at: usize, next: char) -> bool {
    // After a space, a letter of a script without case, such as Arabic, may begin one as a capital does.
    let spaced = tokens.last().is_some_and(|token| token.end as usize != at);
    let letter = if spaced {
        is_initial(next)
    } else {
        next.is_uppercase()
    };
    if !(letter || is_ideograph(next) || matches!(next, '"' | '“' | '«' | '‘' | '„')) {
        return false;
    }
    let mut before = tokens.iter().rev().map(|token| token.of(text));
    loop {
        match before.next() {
            Some("." | "!" | "?" | "…" | "。" | "！" | "？" | "։" | "؟") => return true,
            Some("”" | "\"" | "»" | "’" | ")" | "]") => {}
            _ => return false,
        }
    }
}

/// The length in bytes of the token that `rest` begins with; its first character is `c`.
fn token_length(rest: &str, c: char) -> usize {
    if matches!(c, '\'' | '’') && is_possessive(rest) {
        return c.len_utf8() + 1;
    }
    if is_unspaced(c) {
        let marks = rest
            .chars()
            .skip(1)
            .take_while(|&c| is_mark(c) && !is_unspaced(c));
        return c.len_utf8() + marks.map(char::len_utf8).sum::<usize>();
    }
    if is_ideograph(c) || !is_word(c) {
        return c.len_utf8();
    }
    let mut end = 0;
    let mut chars = rest.char_indices().peekable();
    let mut last = c;
    while let Some((at, c)) = chars.next() {
        if is_word(c) && !is_ideograph(c) && !is_unspaced(c) {
            end = at + c.len_utf8();
            last = c;
            continue;
        }
        let after = chars.peek().map(|&(_, next)| next).unwrap_or(' ');
        let joined = match c {
            '-' | '‐' | '\u{2011}' | '_' => is_word(after) && !is_ideograph(after),
            '\'' | '’' => {
                if is_word(after) && last.is_alphabetic() && rest[..end].chars().all(char::is_lowercase) {
                    // French and Italian elision: the article is a token of its own.
                    if after.is_uppercase() {
                        return at + c.len_utf8();
                    }
                }
                is_word(after) && !is_possessive(&rest[at..])
            }
            '.' => joins_dot(&rest[..end], &rest[at + 1..], last, after),
            ',' => last.is_ascii_digit() && after.is_ascii_digit(),
            '&' => last.is_uppercase() && after.is_uppercase(),
            _ => false,
        };
        if !joined {
            break;
        }
    }
    let keeps_dot =
        rest[end..].starts_with('.') && (SHORT.contains(&&rest[..end]) || is_initials(&rest[..end]));
    end + usize::from(keeps_dot)
}

/// Whether a dot after `head` joins it to what follows: decimals, initials and addresses.
fn joins_dot(head: &str, tail: &str, last: char, after: char) -> bool {
    if last.is_ascii_digit() {
        return after.is_ascii_digit();
    }
    let second = tail.chars().nth(1).unwrap_or(' ');
    (is_initials(head) && after.is_uppercase() && !is_word(second))
        || (last.is_ascii_lowercase() && after.is_ascii_lowercase())
}

/// Whether `c` may begin a name: a capital, or a letter of a script that has none.
fn is_initial(c: char) -> bool {
    c.is_alphabetic() && !c.is_lowercase() && !is_ideograph(c) && !is_unspaced(c)
}

/// One capital letter, or several with dots between (`U.S`).
fn is_initials(head: &str) -> bool {
    head.split('.').all(|part| {
        let mut chars = part.chars();
        chars.next().is_some_and(is_initial) && chars.next().is_none()
    })
}

fn is_possessive(rest: &str) -> bool {
    let mut chars = rest.chars().skip(1);
    matches!(chars.next(), Some('s' | 'S')) && !chars.next().is_some_and(is_word)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || is_mark(c)
}

/// Combining marks and the joiners that stand inside words.
fn is_mark(c: char) -> bool {
    matches!(u32::from(c),
        0x300..=0x36F | 0x483..=0x489 | 0x591..=0x5BD | 0x5BF..=0x5C7 | 0x610..=0x61A | 0x64B..=0x65F | 0x670
        | 0x6D6..=0x6DC | 0x900..=0x903 | 0x93A..=0x94F | 0x981..=0x983 | 0x9BC..=0x9CD | 0xA01..=0xA4D
        | 0xA81..=0xACD | 0xB01..=0xB57 | 0xB82..=0xBCD | 0xC00..=0xC56 | 0xC81..=0xCD6 | 0xD00..=0xD57
        | 0xD81..=0xDDF | 0xE31..=0xE4E | 0xEB1..=0xECE | 0x102B..=0x103E | 0x17B4..=0x17D3 | 0x200C..=0x200D
        | 0x20D0..=0x20F0 | 0xFE20..=0xFE2F)
}

/// Letters and spacing vowels of Thai, Lao, Burmese and Khmer, at each of which a word may begin.
fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c),
        0xE01..=0xE30 | 0xE32..=0xE33 | 0xE40..=0xE46 | 0xE81..=0xEB0 | 0xEB2..=0xEB3 | 0xEBD | 0xEC0..=0xEC6
        | 0xEDC..=0xEDF | 0x1000..=0x102A | 0x103F | 0x1050..=0x1055 | 0x1780..=0x17B3)
}

/// Scripts written without spaces, of which each character is a token.
pub(crate) fn is_ideograph(c: char) -> bool {
    matches!(u32::from(c), 0x3040..=0x30FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x323AF)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(text: &str) -> String {
        let mut tokens = Vec::new();
        tokenize(text, &mut tokens);
        let mut out = String::new();
        for token in tokens {
            out.push_str(if token.first && !out.is_empty() {
                " / "
            } else {
                " "
            });
            out.push_str(token.of(text));
        }
        out.trim().to_owned()
    }

    #[test]
    fn words_and_signs() {
        for (text, tokens) in [
            ("BAKU: Putin’s visit", "BAKU : Putin ’s visit"),
            ("U.S. Sen. J. Reed of AT&T Inc.", "U.S. Sen. J. Reed of AT&T Inc."),
            ("[Nikol] Pashinian, 49", "[ Nikol ] Pashinian , 49"),
            ("Armenian-Azerbaijani talks", "Armenian-Azerbaijani talks"),
            ("O'Brien l'Italia Conte's", "O'Brien l' Italia Conte 's"),
            ("3.5 of 1,200 at bbc.com", "3.5 of 1,200 at bbc.com"),
            ("北京2024年", "北 京 2024 年"),
            ("ไปกรุงเทพ", "ไ ป ก รุ ง เ ท พ"),
            ("Erdog\u{306}an 😀", "Erdog\u{306}an 😀"),
            ("He left. “Why?” Nobody", "He left . / “ Why ? ” / Nobody"),
            ("Title\nBody", "Title / Body"),
            ("Mevr. De Wit en dra. Prado", "Mevr. De Wit en dra. Prado"),
            ("عاد كريم. وقال د. سامي", "عاد كريم . / وقال د. سامي"),
        ] {
            assert_eq!(cut(text), tokens, "{text}");
        }
    }

    #[test]
    fn a_sentence_goes_on_over_the_lines_of_a_width() {
        let wrapped = "A Title of Its Own\n\nThe talks were led by the President of the Republic, Ilham\nAliyev, who had come \
                       by train from the old town in the north\nof the country, where he has a house by the lake and is often\nseen.\n";
        assert_eq!(cut(wrapped).matches(" / ").count(), 1, "{}", cut(wrapped));
        let list = "The first of the guests was Ada Lindqvist, who came from Oslo\nThe second one was Carl\nThe third was his \
                    uncle\nThe fourth nobody knew";
        assert_eq!(cut(list).matches(" / ").count(), 3);
    }

    proptest! {
        #[test]
        fn tokens_are_the_text_without_its_space(text in "(\\PC|[A-Za-z.’'-]|\n|😀|\u{301}){0,200}") {
            let mut tokens = Vec::new();
            tokenize(&text, &mut tokens);
            let joined: String = tokens.iter().map(|token| token.of(&text)).collect();
            let expected: String = text.chars().filter(|c| !c.is_whitespace()).collect();
            prop_assert_eq!(joined, expected);
            prop_assert_eq!(sentences(&tokens).map(|sentence| sentence.len()).sum::<usize>(), tokens.len());
        }
    }
}
