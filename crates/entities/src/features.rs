//! What the tagger sees of a token: some ninety facts, each hashed to a row of the model.
//!
//! The facts about one word (its spelling, shape, endings, how this document and the training text write it)
//! are computed once a token; a template then mixes the facts of one or several neighbours into a row number
//! with two multiplications. Nothing is allocated a token: all buffers live in a [`Sheet`] that is used again.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use crate::lexicon::MIX;
pub use crate::lexicon::{Already, Lexicon, TOPICS, Usage, hash};
use crate::tokens::Token;

/// The number of templates of the first pass, so of features a token.
pub const TEMPLATES: usize = 91;

/// The facts about one token by itself.
#[derive(Debug, Clone, Copy, Default)]
struct Facts {
    word: u32,
    lower: u32,
    shape: u32,
    short: u32,
    prefixes: [u32; 3],
    suffixes: [u32; 4],
    last_part: u32,
    usage: Usage,
    /// The cluster in large text of the word as it is written here, whole, and by its first ten and six branches.
    path: [u32; 3],
    /// How this document writes the word: two counts of up to 3, in lower case and capitalised in mid-sentence.
    context: u8,
    capital: bool,
    letters: bool,
    /// Whether it is a sign, a number, or a word that is hardly ever capitalised.
    quiet: bool,
    /// The run of capitalised words that it stands in: the hash of its words.
    run: u32,
}

/// What the second pass needs to know of a token.
pub(crate) struct Seen {
    pub(crate) lower: u32,
    pub(crate) short: u32,
    pub(crate) capital: bool,
    /// The run of capitalised words that it stands in, if there are several.
    pub(crate) run: Option<u32>,
}

/// The facts of all tokens of one document, in buffers that are used again.
#[derive(Default)]
pub struct Sheet {
    facts: Vec<Facts>,
    seen: HashMap<u32, u8, BuildHasherDefault<Already>>,
    /// What the document is about: the topic that most of its words are typical of, if any.
    topic: u32,
}

/// A word whose share of lower-case uses is at least this is quiet where it is in lower case.
const QUIET: u8 = 5;

/// Facts of a place before or after the sentence.
const EDGE: u32 = 0x5EED_ED6E;

impl Sheet {
    /// Looks at all `tokens` of `text`.
    pub fn read(&mut self, text: &str, tokens: &[Token], lexicon: &Lexicon) {
        self.facts.clear();
        self.seen.clear();
        let mut topics = [0_u32; TOPICS + 1];
        for token in tokens {
            let facts = facts(token.of(text), lexicon);
            if let Some(count) = topics.get_mut(usize::from(facts.usage.topic)) {
                *count += 1;
            }
            if facts.letters {
                let seen = self.seen.entry(facts.lower).or_default();
                if !facts.capital {
                    *seen = (*seen & 12) | (*seen & 3).saturating_add(1).min(3);
                } else if !token.first {
                    *seen = (*seen & 3) | ((*seen >> 2) + 1).min(3) << 2;
                }
            }
            self.facts.push(facts);
        }
        self.topic = (1..=TOPICS).fold(0, |best, topic| {
            let ahead = topics[topic] > 1 && (best == 0 || topics[topic] > topics[best]);
            if ahead { topic } else { best }
        }) as u32;
        for facts in &mut self.facts {
            facts.context = self.seen.get(&facts.lower).copied().unwrap_or(16);
        }
        let mut at = 0;
        while at < tokens.len() {
            let start = at;
            at += 1;
            while self.facts[start].capital
                && at < tokens.len()
                && self.facts[at].capital
                && !tokens[at].first
            {
                at += 1;
            }
            let mut run = self.facts[start].lower;
            for facts in &self.facts[start + 1..at] {
                run = run.rotate_left(5).wrapping_mul(0x9E37_79B1) ^ facts.lower;
            }
            for facts in &mut self.facts[start..at] {
                facts.run = run;
            }
        }
    }

    pub(crate) fn seen(&self, at: usize) -> Seen {
        let facts = &self.facts[at];
        Seen {
            lower: facts.lower,
            short: facts.short,
            capital: facts.capital,
            run: (facts.capital && facts.run != facts.lower).then_some(facts.run),
        }
    }

    /// Gives each token of `sentence` its features: calls `row` with the 64-bit hashes of one token at a time.
    pub fn features(&self, sentence: std::ops::Range<usize>, mut row: impl FnMut(&[u64; TEMPLATES])) {
        self.rows(
            sentence,
            |_| true,
            |found| {
                if let Some(found) = found {
                    row(found);
                }
            },
        );
    }

    /// Gives each token of `sentence` its features but for those with only quiet ones up to `reach` places from them, which are in no
    /// name: `row` is called with none. A `reach` of 0 gives all their features.
    pub(crate) fn features_of_names(
        &self,
        sentence: std::ops::Range<usize>,
        reach: usize,
        row: impl FnMut(Option<&[u64; TEMPLATES]>),
    ) {
        let facts = &self.facts[sentence.clone()];
        let loud = |at: usize| {
            let from = at.saturating_sub(reach);
            let to = (at + reach + 1).min(facts.len());
            reach == 0 || !facts[from..to].iter().all(|facts| facts.quiet)
        };
        self.rows(sentence, loud, row);
    }

    fn rows(
        &self,
        sentence: std::ops::Range<usize>,
        wanted: impl Fn(usize) -> bool,
        mut row: impl FnMut(Option<&[u64; TEMPLATES]>),
    ) {
        let facts = &self.facts[sentence];
        let capitals = facts.iter().filter(|f| f.capital).count();
        let words = facts.iter().filter(|f| f.letters).count();
        // A headline or a shout: case says little here.
        let titled = if (facts.len() - words) * 2 >= facts.len() {
            // A table of results or prices.
            2
        } else {
            u32::from(words > 3 && capitals * 10 >= words * 7)
        };
        let mut run_start = 0;
        let mut run_end = 0;
        for at in 0..facts.len() {
            if at >= run_end {
                run_start = at;
                run_end = at + 1;
                if facts[at].capital {
                    run_end += facts[at + 1..].iter().take_while(|f| f.capital).count();
                }
            }
            if wanted(at) {
                row(Some(&templates(
                    facts,
                    at,
                    run_start..run_end,
                    titled,
                    self.topic,
                )));
            } else {
                row(None);
            }
        }
    }
}

fn templates(
    all: &[Facts],
    at: usize,
    run: std::ops::Range<usize>,
    titled: u32,
    topic: u32,
) -> [u64; TEMPLATES] {
    let (run_start, run_end) = (run.start, run.end);
    let edge = Facts {
        word: EDGE,
        lower: EDGE,
        shape: EDGE,
        short: EDGE,
        ..Facts::default()
    };
    let near = |offset: isize| {
        at.checked_add_signed(offset)
            .and_then(|i| all.get(i))
            .unwrap_or(&edge)
    };
    let (l2, l1, f, r1, r2) = (near(-2), near(-1), near(0), near(1), near(2));
    let left = run_start.checked_sub(1).map_or(&edge, |i| &all[i]);
    let right = all.get(run_end).unwrap_or(&edge);
    let first = u32::from(at == 0);
    let run = ((run_end - run_start).min(6) * 8 + (at - run_start).min(6)) as u32;
    let (c, cl, cr) = (cluster(f), cluster(l1), cluster(r1));
    let (s, sl, sr) = (case(f), case(l1), case(r1));
    let x = u32::from(f.context);
    let (p, pl, pr) = (f.path[0], l1.path[0], r1.path[0]);
    let (n, nl, nr) = (list(f), list(l1), list(r1));
    let end = &all[run_end - 1];
    let facts: [(u32, u32, u32); TEMPLATES] = [
        (0, 0, 0),
        (f.word, 0, 0),
        (f.lower, 0, 0),
        (l1.lower, 0, 0),
        (r1.lower, 0, 0),
        (l2.lower, 0, 0),
        (r2.lower, 0, 0),
        (l1.lower, f.lower, 0),
        (f.lower, r1.lower, 0),
        (l1.lower, r1.lower, 0),
        (l2.lower, l1.lower, 0),
        (r1.lower, r2.lower, 0),
        (f.shape, 0, 0),
        (l1.short, f.short, 0),
        (f.short, r1.short, 0),
        (l1.short, f.short, r1.short),
        (l2.short, l1.short, f.short),
        (f.short, r1.short, r2.short),
        (f.prefixes[0], f.short, 0),
        (f.prefixes[1], 0, 0),
        (f.prefixes[2], 0, 0),
        (f.suffixes[0], 0, 0),
        (f.suffixes[1], 0, 0),
        (f.suffixes[2], 0, 0),
        (f.suffixes[3], 0, 0),
        (f.suffixes[2], f.short, 0),
        (l1.suffixes[2], f.short, 0),
        (r1.suffixes[2], f.short, 0),
        (f.last_part, f.short, 0),
        (f.short, l1.lower, 0),
        (f.short, r1.lower, 0),
        (f.short, first, titled),
        (f.lower, first, titled),
        (x, f.short, 0),
        (x, first, titled),
        (u32::from(l1.context), x, l1.short),
        (x, u32::from(r1.context), r1.short),
        (s, f.short, first),
        (s, x, titled),
        (sl, s, sr),
        (s, sr, r1.short),
        (sl, s, l1.short),
        (left.lower, f.short, 0),
        (right.lower, f.short, 0),
        (left.lower, right.lower, 0),
        (left.lower, run, 0),
        (right.lower, run, 0),
        (run, f.short, first),
        (all[run_start].lower, run, 0),
        (all[run_end - 1].lower, run, 0),
        (all[run_end - 1].suffixes[2], run, 0),
        (c, f.short, 0),
        (cl, f.short, 0),
        (cr, f.short, 0),
        (cl, c, 0),
        (c, cr, 0),
        (cl, c, cr),
        (cluster(l2), cl, f.short),
        (cr, cluster(r2), f.short),
        (cluster(left), f.short, run),
        (cluster(right), f.short, run),
        (cluster(&all[run_end - 1]), run, c),
        (p, f.short, 0),
        (f.path[1], f.short, x),
        (f.path[2], f.short, s),
        (pl, f.short, 0),
        (pr, f.short, 0),
        (pl, p, 0),
        (p, pr, 0),
        (l1.path[2], f.path[2], r1.path[2]),
        (l2.path[0], l1.path[2], f.short),
        (r2.path[0], r1.path[2], f.short),
        (left.path[0], f.short, run),
        (right.path[0], f.short, run),
        (end.path[0], run, f.path[2]),
        (n, f.short, 0),
        (n, s, first),
        (nl, n, 0),
        (n, nr, 0),
        (nl, n, nr),
        (list(end), run, n),
        (list(&all[run_start]), list(end), run),
        (n, f.path[2], x),
        (f.run, run, 0),
        (left.lower, f.lower, 0),
        (right.lower, f.lower, 0),
        (topic, f.lower, 0),
        (topic, f.short, x),
        (topic, f.path[2], n),
        (topic, l1.lower, f.short),
        (topic, r1.lower, f.short),
    ];
    mixed(&facts, 0)
}

/// The hash of each fact or mix of facts under the number of its template, counted from `first`.
pub(crate) fn mixed<const N: usize>(facts: &[(u32, u32, u32); N], first: u64) -> [u64; N] {
    let mut rows = [0; N];
    for (number, (row, &(a, b, c))) in rows.iter_mut().zip(facts).enumerate() {
        let mixed = (u64::from(a) | u64::from(b) << 32)
            ^ (first + number as u64 + 1).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        let mixed =
            (mixed ^ (mixed >> 32)).wrapping_mul(MIX) ^ u64::from(c).wrapping_mul(0xA24B_AED4_963E_E407);
        *row = (mixed ^ (mixed >> 29)).wrapping_mul(MIX);
    }
    rows
}

fn cluster(facts: &Facts) -> u32 {
    u32::from(facts.usage.cluster)
}

fn list(facts: &Facts) -> u32 {
    u32::from(facts.usage.lists)
}

fn case(facts: &Facts) -> u32 {
    u32::from(facts.usage.case)
}

fn facts(word: &str, lexicon: &Lexicon) -> Facts {
    let lower = || word.chars().flat_map(char::to_lowercase);
    let key = hash(lower());
    let (long, short) = shapes(word);
    let mut suffixes = [0; 4];
    let mut prefixes = [0; 3];
    let mut tail = [' '; 4];
    let mut length = 0;
    for c in lower().rev() {
        tail[length] = c;
        length += 1;
        suffixes[length - 1] = hash(tail[..length].iter().copied());
        if length == tail.len() {
            break;
        }
    }
    for (at, prefix) in prefixes.iter_mut().enumerate() {
        *prefix = hash(lower().take(at + 2));
    }
    let usage = lexicon.words.get(&key).copied().unwrap_or_default();
    let capital = word.chars().next().is_some_and(char::is_uppercase);
    let path = lexicon.paths.get(usize::from(usage.paths[usize::from(capital)]));
    let path = path.map_or([0; 3], |&path| [path + 1, (path & 0x3FF) + 1, (path & 0x3F) + 1]);
    let last_part = word
        .rsplit(['-', '‐', '\u{2011}'])
        .next()
        .filter(|part| part.len() < word.len());
    Facts {
        word: hash(word.chars()),
        lower: key,
        shape: long,
        short,
        prefixes,
        suffixes,
        last_part: last_part.map_or(0, |part| hash(part.chars().flat_map(char::to_lowercase))),
        usage,
        path,
        context: 0,
        run: 0,
        capital,
        letters: word.chars().next().is_some_and(char::is_alphabetic),
        quiet: is_quiet(word, usage.case),
    }
}

/// Whether `word` begins no name and continues none by itself: a sign, a number, or a word of lower-case letters that is nearly
/// always written so. A script without case has no quiet words.
fn is_quiet(word: &str, case: u8) -> bool {
    let Some(first) = word.chars().next() else {
        return true;
    };
    let written = !first.is_alphabetic() || (first.is_lowercase() && case >= QUIET);
    written && !word.chars().any(char::is_uppercase)
}

/// The word with its letters and digits replaced by their class: runs up to four, and runs as one.
fn shapes(word: &str) -> (u32, u32) {
    let mut classes = [(' ', 0_u8); 12];
    let mut length = 0;
    for c in word.chars() {
        let class = if c.is_uppercase() {
            'X'
        } else if c.is_lowercase() {
            'x'
        } else if c.is_numeric() {
            'd'
        } else if c.is_alphabetic() {
            'o'
        } else {
            c
        };
        if length > 0 && classes[length - 1].0 == class {
            classes[length - 1].1 = (classes[length - 1].1 + 1).min(4);
        } else if length < classes.len() {
            classes[length] = (class, 1);
            length += 1;
        }
    }
    let runs = &classes[..length];
    let long = hash(
        runs.iter()
            .flat_map(|&(class, times)| std::iter::repeat_n(class, times.into())),
    );
    (long, hash(runs.iter().map(|&(class, _)| class)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::tokenize;

    #[test]
    fn only_tokens_near_a_capital_or_an_unknown_word_are_weighed() {
        let text = "they said on the way that the old Ada saw 3 of the tall brids on the way";
        let mut tokens = Vec::new();
        tokenize(text, &mut tokens);
        let mut lexicon = Lexicon::default();
        for word in text.split(' ').filter(|word| !matches!(*word, "Ada" | "brids")) {
            let usage = Usage {
                case: 6,
                ..Usage::default()
            };
            lexicon.words.insert(hash(word.chars()), usage);
        }
        let mut sheet = Sheet::default();
        sheet.read(text, &tokens, &lexicon);
        let weighed = |reach: usize| {
            let mut kept = Vec::new();
            let mut at = 0;
            sheet.features_of_names(0..tokens.len(), reach, |row| {
                kept.extend(row.map(|_| tokens[at].of(text)));
                at += 1;
            });
            assert_eq!(at, tokens.len());
            kept.join(" ")
        };
        assert_eq!(weighed(1), "old Ada saw tall brids on");
        assert_eq!(weighed(2), "the old Ada saw 3 the tall brids on the");
        assert_eq!(weighed(0), text);
    }

    #[test]
    fn a_script_without_case_has_no_quiet_words() {
        assert!(is_quiet("über", 6) && is_quiet("1,200", 0) && is_quiet("“", 0));
        assert!(!is_quiet("über", 4) && !is_quiet("Über", 6) && !is_quiet("al-Quds", 6));
        assert!(!is_quiet("القاهرة", 6) && !is_quiet("京", 6));
    }
}
