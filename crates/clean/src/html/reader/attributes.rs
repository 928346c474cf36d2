//! What the attributes of elements say: names, `meta`, and the marks of authors, dates and titles.

use super::Reader;
use crate::html::page::{Mark, MarkKind};
use crate::html::signals::{Signal, Signals};
use crate::html::tags::Tag;

/// Marks beyond this many are not kept: a page of a thousand authors names none.
pub(super) const MOST_MARKS: usize = 256;

/// Names seen before and their signals: most names of a page occur many times.
pub(super) const SEEN: usize = 256;

/// What the attributes of an element say.
#[derive(Debug, Default)]
pub(super) struct Said<'a> {
    pub(super) signals: Signals,
    pub(super) hidden: bool,
    pub(super) style: u32,
    pub(super) itemprop: &'a str,
    pub(super) rel: &'a str,
    pub(super) value: &'a str,
    pub(super) href: &'a str,
}

impl<'a> Reader<'a, '_> {
    pub(super) fn meta(&mut self) {
        let (mut key, mut content) = ("", None);
        for (name, value) in self.tokens.attributes() {
            if name.eq_ignore_ascii_case("content") {
                content = Some(*value);
            } else if (name.eq_ignore_ascii_case("property")
                || name.eq_ignore_ascii_case("name")
                || name.eq_ignore_ascii_case("itemprop"))
                && key.is_empty()
            {
                key = value.trim();
            }
        }
        const LONGEST: usize = 4096;
        if let Some(content) = content
            && !key.is_empty()
            && key.len() < 64
            && content.len() < LONGEST
            && self.page.head.metas.len() < MOST_MARKS
        {
            let content = htmlize::unescape_attribute(content.trim());
            self.page.head.metas.push((key.to_ascii_lowercase(), content));
        }
    }

    pub(super) fn is_json_ld(&self) -> bool {
        self.tokens.attributes().iter().any(|(name, value)| {
            name.eq_ignore_ascii_case("type")
                && value
                    .trim()
                    .to_ascii_lowercase()
                    .starts_with("application/ld+json")
        })
    }

    /// Reads the attributes of the start tag.
    pub(super) fn said(&mut self, tag: Tag) -> Said<'a> {
        let mut said = Said::default();
        let mut style = None;
        for place in 0..self.tokens.attributes().len() {
            let (name, value) = self.tokens.attributes()[place];
            let is = |wanted: &str| name.eq_ignore_ascii_case(wanted);
            match name.len() {
                2 if is("id") => said.signals |= self.signals(value),
                3 if is("rel") => said.rel = value,
                4 if is("role") => said.signals |= self.signals(value),
                4 if is("href") => said.href = value,
                5 if is("class") => {
                    said.signals |= self.signals(value);
                    style = Some(hash(FNV ^ u32::from(tag as u8), value));
                }
                5 if is("style") => said.hidden |= is_hidden(value),
                6 if is("hidden") => said.hidden = true,
                7 if is("content") && said.value.is_empty() => said.value = value,
                8 if is("itemprop") => {
                    said.itemprop = value;
                    said.signals |= self.signals(value);
                }
                8 if is("datetime") => said.value = value,
                11 if is("aria-hidden") => said.hidden |= value.eq_ignore_ascii_case("true"),
                _ => {}
            }
        }
        // What has no class is styled by where it stands.
        said.style = style.unwrap_or_else(|| {
            let around = self.page.nodes[self.top().node as usize].style;
            (around ^ u32::from(tag as u8)).wrapping_mul(0x0100_0193)
        });
        said
    }

    fn signals(&mut self, name: &'a str) -> Signals {
        if name.is_empty() {
            return 0;
        }
        const LONGEST: usize = 512;
        let name = name.get(..LONGEST).unwrap_or(name);
        let place = hash(0, name) as usize % SEEN;
        if self.seen[place].0 != name {
            self.seen[place] = (name, self.vocabulary.signals(name));
        }
        self.seen[place].1
    }

    /// Remembers an element that may name an author, a date or the title.
    pub(super) fn mark(&mut self, tag: Tag, said: &Said<'a>) -> Option<u16> {
        let kind = match (tag, said.itemprop) {
            (_, "author") => MarkKind::Author,
            (_, "headline") => MarkKind::Headline,
            (_, "datePublished" | "dateCreated") => MarkKind::Published,
            (_, "dateModified") => MarkKind::Modified,
            (Tag::A, _) if said.rel.split_ascii_whitespace().any(|rel| rel == "author") => {
                MarkKind::RelAuthor
            }
            (Tag::H1, _) => MarkKind::Heading,
            (Tag::Time, _) => MarkKind::Date,
            _ if said.signals & Signal::BYLINE != 0 => MarkKind::Byline,
            _ if said.signals & Signal::DATE != 0 => MarkKind::Date,
            _ => return None,
        };
        let marks = &mut self.page.head.marks;
        if marks.len() >= MOST_MARKS {
            return None;
        }
        let start = self.page.text.len() as u32;
        let node = &self.page.nodes[self.open.last().map_or(0, |open| open.node as usize)];
        marks.push(Mark {
            kind,
            value: htmlize::unescape_attribute(said.value),
            signals: said.signals | node.signals,
            text: start..start,
        });
        Some((marks.len() - 1) as u16)
    }
}

fn is_hidden(style: &str) -> bool {
    let Some(at) = memchr::memmem::find(style.as_bytes(), b"display") else {
        return style.contains("visibility:hidden");
    };
    let rest = style[at + 7..].trim_start().strip_prefix(':');
    rest.is_some_and(|rest| rest.trim_start().starts_with("none"))
}

/// Where the hash of a class starts.
const FNV: u32 = 0x811c_9dc5;

/// FNV-1a.
fn hash(start: u32, text: &str) -> u32 {
    text.bytes().fold(start, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}
