//! What is counted of an article before anything is known of others: the pure half of the stage.

use gristmill_core::{CodePoints, Document};

use crate::terms::{Term, Tongue, Word, words};

/// At most so many words of a text are looked at: news says what happened first.
const MOST: usize = 1_500;
/// Words of the text that count as its beginning.
const LEAD: usize = 80;
/// Words of the text that stand in for a title where there is none.
const TITLE: usize = 12;
/// Words in a row of what is quoted that are kept as one number.
const RUN: usize = 4;
/// So many of these numbers are kept, the smallest, so that two articles with a quotation in common keep the same ones.
pub(crate) const RUNS: usize = 32;
/// A quotation that is longer in bytes has lost its end.
const LONGEST: usize = 800;

/// Where a term stands in the article and what it is.
pub(crate) mod flag {
    /// In the title.
    pub(crate) const TITLE: u8 = 1;
    /// Among the first words of the text.
    pub(crate) const LEAD: u8 = 2;
    /// Part of a name: by the entities where they are known, else by its capital within sentences.
    pub(crate) const NAME: u8 = 4;
    /// Whatever a term may have.
    pub(crate) const ALL: u8 = TITLE | LEAD | NAME;
}

/// A term of an article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) term: Term,
    /// How often it stands there; in the title and in the first words it counts twice.
    pub(crate) count: u16,
    /// See [`flag`].
    pub(crate) flags: u8,
}

/// The terms of an article, by term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sketch {
    pub(crate) tongue: Tongue,
    pub(crate) counts: Vec<Count>,
    /// What stands for runs of quoted words, in rising order.
    pub(crate) runs: Vec<u32>,
}

/// One occurrence of a term.
struct Seen {
    term: Term,
    flags: u8,
    count: u16,
    /// For a name, 1; against, -1.
    vote: i8,
}

impl Sketch {
    pub(crate) fn of(document: &Document) -> Self {
        const PROMINENT: u16 = 2;
        let names = names(document);
        let title = document.title.as_deref().filter(|title| !title.trim().is_empty());
        let mut seen = Vec::with_capacity(MOST);
        seen.extend(title.into_iter().flat_map(words).take(LEAD).map(|word| Seen {
            term: word.term,
            flags: flag::TITLE,
            count: PROMINENT,
            vote: 0,
        }));
        let mut name = names.iter().peekable();
        let mut quoted = Quoted::new(&document.text);
        for (n, word) in words(&document.text).take(MOST).enumerate() {
            while name.next_if(|name| name.end <= word.range.start).is_some() {}
            let inside = name.peek().is_some_and(|name| name.start <= word.range.start);
            let vote = match (names.is_empty(), word.capital, word.first) {
                (false, ..) => i8::from(inside) * 2 - 1,
                (true, false, _) => -1,
                (true, true, false) => 1,
                (true, true, true) => 0,
            };
            quoted.meet(&word);
            let mut flags = if n < LEAD { flag::LEAD } else { 0 };
            if title.is_none() && n < TITLE {
                flags |= flag::TITLE;
            }
            seen.push(Seen {
                term: word.term,
                flags,
                count: if n < LEAD { PROMINENT } else { 1 },
                vote,
            });
        }
        seen.sort_unstable_by_key(|seen| seen.term);
        let one = |same: &[Seen]| Count {
            term: same[0].term,
            count: same.iter().map(|seen| seen.count).fold(0, u16::saturating_add),
            flags: same.iter().fold(0, |all, seen| all | seen.flags)
                | if same.iter().map(|seen| i32::from(seen.vote)).sum::<i32>() > 0 {
                    flag::NAME
                } else {
                    0
                },
        };
        Self {
            tongue: Tongue::of(document.language.code.as_deref()),
            counts: seen.chunk_by(|a, b| a.term == b.term).map(one).collect(),
            runs: quoted.runs(),
        }
    }
}

/// Gathers the runs of words that stand within one quotation.
struct Quoted<'t> {
    text: &'t str,
    /// The end of the last word.
    end: usize,
    /// Where the quotation began that the last word is in, and the mark that ends it.
    open: Option<(usize, char)>,
    /// The last words of the quotation.
    last: [Term; RUN],
    words: usize,
    runs: Vec<u32>,
}

impl<'t> Quoted<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            end: 0,
            open: None,
            last: [0; RUN],
            words: 0,
            runs: Vec::new(),
        }
    }

    fn meet(&mut self, word: &Word) {
        let between = self.text.get(self.end..word.range.start).unwrap_or_default();
        for (at, mark) in between.char_indices() {
            if let Some((_, close)) = self.open {
                if mark == close || matches!(mark, '\n' | '"') {
                    self.open = None;
                }
                continue;
            }
            let close = match mark {
                '“' => '”',
                '„' => '“',
                '«' => '»',
                '»' => '«',
                '「' => '」',
                '『' => '』',
                '"' => mark,
                _ => continue,
            };
            self.open = Some((self.end + at, close));
            self.words = 0;
        }
        self.end = word.range.end;
        let Some((start, _)) = self.open else { return };
        if word.range.end - start > LONGEST {
            self.open = None;
            return;
        }
        self.last.rotate_left(1);
        self.last[RUN - 1] = word.term;
        self.words += 1;
        if self.words >= RUN {
            let run = self.last.iter().fold(0_u32, |run, &term| {
                (run.rotate_left(5) ^ term).wrapping_mul(0x9e37_79b1)
            });
            self.runs.push(run ^ run >> 15);
        }
    }

    fn runs(mut self) -> Vec<u32> {
        self.runs.sort_unstable();
        self.runs.dedup();
        self.runs.truncate(RUNS);
        self.runs
    }
}

/// The bytes of `document.text` that entities name, in order.
fn names(document: &Document) -> Vec<std::ops::Range<usize>> {
    if document.entities.is_empty() {
        return Vec::new();
    }
    let points = CodePoints::new(&document.text);
    let mentions = document.entities.iter().flat_map(|entity| &entity.mentions);
    let mut names: Vec<_> = mentions
        .map(|mention| points.to_byte(mention.start)..points.to_byte(mention.end))
        .collect();
    names.sort_unstable_by_key(|name| (name.start, name.end));
    names
}

#[cfg(test)]
mod tests {
    use gristmill_core::{Entity, EntityType, Mention};

    use super::*;
    use crate::terms::term;

    fn flags(sketch: &Sketch, word: &str) -> u8 {
        let term = term(word).unwrap();
        let found = sketch.counts.binary_search_by_key(&term, |count| count.term);
        sketch.counts[found.unwrap()].flags
    }

    #[test]
    fn capitals_within_sentences_make_names() {
        let text = "Voters in Tarnland chose Brandt. Voters went home.";
        let sketch = Sketch::of(&Document::from_text("a", text));
        assert_eq!(flags(&sketch, "Tarnland") & flag::NAME, flag::NAME);
        assert_eq!(flags(&sketch, "voters") & flag::NAME, 0);
    }

    #[test]
    fn entities_go_before_capitals() {
        let mut document = Document::from_text("a", "Die Wahl gewann Ilse Brandt in der Stadt.");
        document.entities = vec![Entity {
            id: "x".into(),
            name: "Ilse Brandt".into(),
            kind: EntityType::Per,
            mentions: vec![Mention {
                start: 16,
                end: 27,
                text: "Ilse Brandt".into(),
                score: 1.0,
            }],
        }];
        let sketch = Sketch::of(&document);
        assert_eq!(flags(&sketch, "Brandt") & flag::NAME, flag::NAME);
        assert_eq!(flags(&sketch, "Stadt") & flag::NAME, 0);
    }

    fn runs(text: &str) -> Vec<u32> {
        Sketch::of(&Document::from_text("a", text)).runs
    }

    #[test]
    fn quoted_words_are_the_same_in_whatever_marks() {
        let one = runs("“Nobody has won or lost today,” she said on the bridge.");
        assert_eq!(one.len(), 3);
        for other in [
            "He added: \"Nobody has won or lost today.\" Then he left the room.",
            "„Nobody has won or lost today“, so der Minister am Abend.",
            "« Nobody has won or lost today », dit la ministre au matin.",
            "»Nobody has won or lost today«, so der Minister am Abend.",
        ] {
            assert_eq!(runs(other), one, "{other}");
        }
    }

    #[test]
    fn what_is_not_quoted_makes_no_runs() {
        assert!(runs("Nobody has won or lost today, she said on the bridge.").is_empty());
        let lost = format!("“{}", "one two three four five ".repeat(100));
        assert!(runs(&lost).len() <= RUNS);
        let short = runs("The “gate” and the “fence” of the “lake” in the “plain” are words.");
        assert!(short.is_empty(), "a run stays within one quotation");
        let ended = runs("“No end of it\nis in this line of words that follows.");
        assert_eq!(ended.len(), 1, "a quotation ends with its line");
    }

    #[test]
    fn the_title_counts_apart() {
        let mut document = Document::from_text("a", "The bank left its rate unchanged.");
        document.title = Some("Rate stands".into());
        let sketch = Sketch::of(&document);
        assert_eq!(flags(&sketch, "rate"), flag::TITLE | flag::LEAD);
        assert_eq!(flags(&sketch, "bank"), flag::LEAD);
    }
}
