//! What is counted of each block, once, before anything is decided.

use crate::letters::is_ideograph;

use super::page::{Block, Page};
use super::words::{self, Phrase};

/// The counts of one block's text.
#[derive(Debug, Clone, Copy, Default)]
pub struct Measure {
    /// Characters. One of a script without spaces between words counts as two.
    pub chars: u32,
    /// Runs of letters and digits; two characters of a script without spaces count as one word.
    pub words: u32,
    /// Characters inside links, by share of bytes.
    pub linked: u32,
    /// Words that begin with a capital.
    pub capitals: u32,
    /// Words that are among the most frequent of a language.
    pub stops: u32,
    /// Digits.
    pub digits: u32,
    /// Sentences that end.
    pub sentences: u32,
    /// Commas of any script.
    pub commas: u32,
    /// Quotation marks.
    pub quotes: u32,
    /// Characters that separate links and labels, such as `|` and `•`.
    pub separators: u32,
    /// How it ends.
    pub end: End,
    /// How it begins.
    pub begin: Begin,
    /// A hash of its words, case aside.
    pub hash: u32,
    /// Which kinds of set phrases it holds, a bit each.
    pub phrases: Phrase,
    /// Words that stand in the title of the page too.
    pub in_title: u32,
    /// Words that stand in the description of the page too.
    pub in_description: u32,
}

/// How a block ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum End {
    /// In a letter, a digit or a mark that ends nothing.
    #[default]
    Open,
    /// In a comma, a dash or a semicolon.
    Comma,
    /// In a colon.
    Colon,
    /// In an ellipsis or an arrow.
    Ellipsis,
    /// In the mark that ends a sentence, quotation marks aside.
    Sentence,
}

/// How a block begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Begin {
    /// With a mark or a digit.
    #[default]
    Other,
    /// With a small letter.
    Small,
    /// With a capital.
    Capital,
    /// With a quotation mark.
    Quote,
}

/// A set of words, by hash: small, since it holds a title or a description.
#[derive(Debug, Default)]
pub struct WordSet(Vec<u32>);

impl WordSet {
    /// The words of `text`.
    pub fn of(text: &str) -> Self {
        let mut hashes = Vec::new();
        each_word(text, |hash, _, _| hashes.push(hash));
        hashes.sort_unstable();
        hashes.dedup();
        Self(hashes)
    }

    fn contains(&self, hash: u32) -> bool {
        self.0.binary_search(&hash).is_ok()
    }

    /// The number of different words.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Measures all blocks of `page`.
pub fn measure(page: &Page<'_>, title: &WordSet, description: &WordSet) -> Vec<Measure> {
    page.blocks
        .iter()
        .map(|block| of(page.text_of(block), block, title, description))
        .collect()
}

fn of(text: &str, block: &Block, title: &WordSet, description: &WordSet) -> Measure {
    let mut all = Measure {
        hash: OFFSET,
        ..Measure::default()
    };
    each_word(text, |hash, first, wide| {
        all.words += 1;
        all.hash = (all.hash ^ hash).wrapping_mul(PRIME);
        all.capitals += u32::from(first.is_uppercase());
        all.stops += u32::from(!wide && words::is_frequent(hash));
        all.in_title += u32::from(title.contains(hash));
        all.in_description += u32::from(description.contains(hash));
    });
    let mut last = ' ';
    let mut last_in_sentence = ' ';
    for character in text.chars() {
        all.chars += 1 + u32::from(is_ideograph(character));
        if character.is_ascii_alphabetic() {
            last_in_sentence = character;
            last = character;
            continue;
        }
        match character {
            '0'..='9' => all.digits += 1,
            ',' | '،' | '、' | '，' | ';' | '；' => all.commas += 1,
            '"' | '“' | '”' | '„' | '«' | '»' | '‘' | '「' | '」' => all.quotes += 1,
            '|' | '•' | '·' | '›' | '→' | '/' | '▶' | '★' => all.separators += 1,
            '。' | '！' | '？' | '؟' | '।' => all.sentences += 1,
            ' ' | '\n' if matches!(last, '.' | '!' | '?') => all.sentences += 1,
            _ => {}
        }
        if !matches!(
            character,
            '"' | '”' | '“' | '»' | '\'' | '’' | ')' | ']' | '」' | ' ' | '\n'
        ) {
            last_in_sentence = character;
        }
        last = character;
    }
    all.sentences += u32::from(matches!(last, '.' | '!' | '?'));
    all.end = match last_in_sentence {
        '.' if text.ends_with("..") => End::Ellipsis,
        '.' | '!' | '?' | '。' | '！' | '？' | '؟' | '।' => End::Sentence,
        '…' | '→' | '›' | '>' => End::Ellipsis,
        ':' | '：' => End::Colon,
        ',' | ';' | '-' | '–' | '—' | '，' | '、' => End::Comma,
        _ => End::Open,
    };
    all.begin = match text.chars().next() {
        Some('"' | '“' | '„' | '«' | '‘' | '「' | '–' | '—') => Begin::Quote,
        Some(first) if first.is_lowercase() => Begin::Small,
        Some(first) if first.is_uppercase() => Begin::Capital,
        _ => Begin::Other,
    };
    let length = u64::from(block.end - block.start).max(1);
    all.linked = (u64::from(all.chars) * u64::from(block.linked) / length) as u32;
    all.phrases = words::phrases(text);
    all
}

const OFFSET: u32 = 0x811c_9dc5;
const PRIME: u32 = 0x0100_0193;

/// Calls `word` with the hash, case aside, and the first character of each word, and whether its script goes without spaces.
pub fn each_word(text: &str, mut word: impl FnMut(u32, char, bool)) {
    let mut hash = OFFSET;
    let mut first = None;
    let mut wide = 0;
    for character in text.chars() {
        if character.is_ascii() {
            if character.is_ascii_alphanumeric() || character == '_' {
                first = first.or(Some(character));
                hash = (hash ^ u32::from(character.to_ascii_lowercase() as u8)).wrapping_mul(PRIME);
                continue;
            }
        } else if character.is_alphanumeric() {
            first = first.or(Some(character));
            if is_ideograph(character) {
                wide += 1;
                hash = (hash ^ character as u32).wrapping_mul(PRIME);
                if wide == 2 {
                    word(hash, first.take().unwrap_or(character), true);
                    (hash, wide) = (OFFSET, 0);
                }
            } else {
                let small = character.to_lowercase().next().unwrap_or(character);
                hash = (hash ^ small as u32).wrapping_mul(PRIME);
            }
            continue;
        }
        if let Some(character) = first.take() {
            word(hash, character, wide > 0);
        }
        (hash, wide) = (OFFSET, 0);
    }
    if let Some(character) = first {
        word(hash, character, wide > 0);
    }
}
