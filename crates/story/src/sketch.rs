//! What is counted of an article before anything is known of others: the pure half of the stage.

use gristmill_core::{CodePoints, Document};

use crate::terms::{Term, Tongue, words};

/// At most so many words of a text are looked at: news says what happened first.
const MOST: usize = 1_500;
/// Words of the text that count as its beginning.
const LEAD: usize = 80;
/// Words of the text that stand in for a title where there is none.
const TITLE: usize = 12;

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
        for (n, word) in words(&document.text).take(MOST).enumerate() {
            while name.next_if(|name| name.end <= word.range.start).is_some() {}
            let inside = name.peek().is_some_and(|name| name.start <= word.range.start);
            let vote = match (names.is_empty(), word.capital, word.first) {
                (false, ..) => i8::from(inside) * 2 - 1,
                (true, false, _) => -1,
                (true, true, false) => 1,
                (true, true, true) => 0,
            };
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
        }
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

    #[test]
    fn the_title_counts_apart() {
        let mut document = Document::from_text("a", "The bank left its rate unchanged.");
        document.title = Some("Rate stands".into());
        let sketch = Sketch::of(&document);
        assert_eq!(flags(&sketch, "rate"), flag::TITLE | flag::LEAD);
        assert_eq!(flags(&sketch, "bank"), flag::LEAD);
    }
}
