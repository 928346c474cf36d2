//! From characters to tags and text.
//!
//! The tokenizer follows the states of the HTML standard as far as text and attributes depend on them, and leaves out what does
//! not show: it does not repair, report or build. It borrows all that it gives from the page, and finds the ends of text, of
//! comments and of quoted values by searching for bytes, so that its time does not hang on how long they are. A page that is
//! mostly scripts and attributes, as pages are, is thus read at nearly the speed of memory.

use memchr::{memchr, memmem};

use super::tags::Tag;

/// One piece of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token<'a> {
    /// Characters between tags; character references are not resolved yet.
    Text(&'a str),
    /// The start of an element. [`Tokens::attributes`] holds its attributes until the next token.
    Start {
        /// The element.
        tag: Tag,
        /// Whether the tag ends in `/>`, which means something inside `svg` alone.
        closed: bool,
    },
    /// The end of an element.
    End(Tag),
}

/// One attribute as it stands in the page; names in any case, character references not resolved.
pub type Attribute<'a> = (&'a str, &'a str);

/// Reads a page from start to end.
#[derive(Debug)]
pub struct Tokens<'a> {
    page: &'a str,
    at: usize,
    attributes: Vec<Attribute<'a>>,
    name: &'a str,
    /// What is known not to come any more, so that nobody looks for it again.
    no_more: u8,
}

const NO_COMMENT_END: u8 = 1;
const NO_SCRIPT_END: u8 = 2;
const NO_STYLE_END: u8 = 4;
const NO_TITLE_END: u8 = 8;
const NO_NOSCRIPT_END: u8 = 16;
const NO_IFRAME_END: u8 = 32;
const NO_RAW_END: u8 = 64;

/// More attributes than any element of use has; the rest is read and forgotten.
const MOST_ATTRIBUTES: usize = 48;

impl<'a> Tokens<'a> {
    /// The tokens of `page`.
    pub fn new(page: &'a str) -> Self {
        Self {
            page,
            at: 0,
            attributes: Vec::new(),
            name: "",
            no_more: 0,
        }
    }

    /// The attributes of the start tag that was read last.
    pub fn attributes(&self) -> &[Attribute<'a>] {
        &self.attributes
    }

    /// What stands from the start tag that was read last to its end tag, which is skipped too.
    ///
    /// A script or style without an end takes the rest of the page, as in a browser; any other element that is read raw ends
    /// where the next tag begins, since a forgotten `</title>` should not cost the article.
    pub fn raw(&mut self, tag: Tag) -> &'a str {
        let flag = match (tag, self.name.len()) {
            (Tag::Script, _) => NO_SCRIPT_END,
            (Tag::Style, _) => NO_STYLE_END,
            (Tag::Title, _) => NO_TITLE_END,
            (_, 6) => NO_IFRAME_END,
            (_, 8) => NO_NOSCRIPT_END,
            _ => NO_RAW_END,
        };
        let rest = &self.page[self.at..];
        let end = (self.no_more & flag == 0).then(|| end_tag(rest.as_bytes(), self.name.as_bytes()));
        match end.flatten() {
            Some((length, after)) => {
                self.at += after;
                &rest[..length]
            }
            None => {
                self.no_more |= flag;
                let whole = matches!(tag, Tag::Script | Tag::Style);
                let next = memchr(b'<', rest.as_bytes()).filter(|_| !whole);
                let length = next.unwrap_or(rest.len());
                self.at += length;
                &rest[..length]
            }
        }
    }

    fn comment(&mut self, rest: &'a str) {
        // `<!-->` and `<!--->` are whole comments.
        let body = &rest.as_bytes()[4..];
        let end = if body.starts_with(b">") {
            Some(1)
        } else if body.starts_with(b"->") {
            Some(2)
        } else if self.no_more & NO_COMMENT_END != 0 {
            None
        } else {
            let plain = memmem::find(body, b"-->").map(|at| at + 3);
            match (plain, memmem::find(&body[..plain.unwrap_or(body.len())], b"--!>")) {
                (_, Some(at)) => Some(at + 4),
                (plain, None) => plain,
            }
        };
        if end.is_none() {
            self.no_more |= NO_COMMENT_END;
        }
        self.at += end.map_or(rest.len(), |end| end + 4);
    }

    fn bogus(&mut self, rest: &str) {
        self.at += memchr(b'>', rest.as_bytes()).map_or(rest.len(), |end| end + 1);
    }

    /// Reads attributes up to the end of the tag; whether it ends in `/>`. `None` where the page ends first.
    fn read_attributes(&mut self) -> Option<bool> {
        let bytes = self.page.as_bytes();
        let mut at = self.at;
        loop {
            while at < bytes.len() && (bytes[at].is_ascii_whitespace() || bytes[at] == b'/') {
                at += 1;
            }
            let first = *bytes.get(at)?;
            if first == b'>' {
                let closed = bytes[at - 1] == b'/';
                self.at = at + 1;
                return Some(closed);
            }
            let name = at;
            at += 1;
            while at < bytes.len()
                && !matches!(bytes[at], b'=' | b'>' | b'/')
                && !bytes[at].is_ascii_whitespace()
            {
                at += 1;
            }
            let name = name..at;
            while at < bytes.len() && bytes[at].is_ascii_whitespace() {
                at += 1;
            }
            let mut value = at..at;
            if bytes.get(at) == Some(&b'=') {
                at += 1;
                while at < bytes.len() && bytes[at].is_ascii_whitespace() {
                    at += 1;
                }
                match *bytes.get(at)? {
                    quote @ (b'"' | b'\'') => {
                        let length = memchr(quote, &bytes[at + 1..])?;
                        value = at + 1..at + 1 + length;
                        at += length + 2;
                    }
                    b'>' => {}
                    _ => {
                        let start = at;
                        while at < bytes.len() && bytes[at] != b'>' && !bytes[at].is_ascii_whitespace() {
                            at += 1;
                        }
                        value = start..at;
                    }
                }
            }
            if self.attributes.len() < MOST_ATTRIBUTES {
                self.attributes.push((&self.page[name], &self.page[value]));
            }
        }
    }
}

/// Where the end tag called `name` begins, and where it ends.
fn end_tag(bytes: &[u8], name: &[u8]) -> Option<(usize, usize)> {
    let mut from = 0;
    loop {
        let at = from + memmem::find(&bytes[from..], b"</")?;
        let after = at + 2 + name.len();
        let called = bytes.get(at + 2..after)?;
        if called.eq_ignore_ascii_case(name)
            && bytes
                .get(after)
                .is_none_or(|next| next.is_ascii_whitespace() || matches!(next, b'>' | b'/'))
        {
            let end = memchr(b'>', &bytes[after..]).map_or(bytes.len(), |end| after + end + 1);
            return Some((at, end));
        }
        from = at + 2;
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let mut start = self.at;
        loop {
            let rest = self.page.get(self.at..)?;
            let bytes = rest.as_bytes();
            if bytes.is_empty() {
                return (start < self.at).then(|| Token::Text(&self.page[start..]));
            }
            // `<` that begins no tag is text.
            let Some(open) = memchr(b'<', bytes) else {
                self.at = self.page.len();
                return Some(Token::Text(&self.page[start..]));
            };
            let is_tag = match bytes.get(open + 1) {
                Some(b'!' | b'?') => true,
                Some(b'/') => bytes.get(open + 2).is_some(),
                Some(next) => next.is_ascii_alphabetic(),
                None => false,
            };
            if !is_tag {
                self.at += open + 1;
                continue;
            }
            if self.at + open > start {
                self.at += open;
                return Some(Token::Text(&self.page[start..self.at]));
            }
            match bytes[1] {
                b'!' if bytes.starts_with(b"<!--") => self.comment(rest),
                b'!' if bytes.starts_with(b"<![CDATA[") => {
                    let end = memmem::find(bytes, b"]]>");
                    let (text, after) = match end {
                        Some(end) => (&rest[9.min(end)..end], end + 3),
                        None => (&rest[9..], rest.len()),
                    };
                    self.at += after;
                    if !text.is_empty() {
                        return Some(Token::Text(text));
                    }
                }
                b'!' | b'?' => self.bogus(rest),
                b'/' if !bytes[2].is_ascii_alphabetic() => self.bogus(rest),
                b'/' => {
                    let name = name_length(&bytes[2..]);
                    let tag = Tag::of(&bytes[2..2 + name]);
                    // Attributes of end tags mean nothing; their quotes may still hold a `>`.
                    self.at += 2 + name;
                    if bytes.get(2 + name) == Some(&b'>') {
                        self.at += 1;
                    } else {
                        self.attributes.clear();
                        if self.read_attributes().is_none() {
                            self.at = self.page.len();
                        }
                    }
                    return Some(Token::End(tag));
                }
                _ => {
                    let name = name_length(&bytes[1..]);
                    let tag = Tag::of(&bytes[1..=name]);
                    self.name = &rest[1..=name];
                    self.at += 1 + name;
                    self.attributes.clear();
                    match self.read_attributes() {
                        Some(closed) => return Some(Token::Start { tag, closed }),
                        // The page ends within the tag: a browser shows nothing of it.
                        None => self.at = self.page.len(),
                    }
                }
            }
            start = self.at;
        }
    }
}

fn name_length(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .position(|byte| matches!(byte, b'>' | b'/') || byte.is_ascii_whitespace())
        .unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `page` is read as, tags by their kind, raw text in brackets.
    fn read(page: &str) -> String {
        let mut tokens = Tokens::new(page);
        let mut said = Vec::new();
        while let Some(token) = tokens.next() {
            said.push(match token {
                Token::Text(text) => text.to_owned(),
                Token::End(tag) => format!("/{tag:?}"),
                Token::Start { tag, .. } if tag.is_raw() => format!("{tag:?}[{}]", tokens.raw(tag)),
                Token::Start { tag, .. } => {
                    let attributes = tokens.attributes().iter();
                    let attributes = attributes.map(|(name, value)| format!(" {name}={value}"));
                    format!("{tag:?}{}", attributes.collect::<String>())
                }
            });
        }
        said.join("|")
    }

    #[test]
    fn tags_text_and_attributes() {
        for (page, expected) in [
            ("<p>a</p>", "P|a|/P"),
            ("a < b <3 c", "a < b <3 c"),
            (
                "<a href='x>y' class=\"b c\" d=e f>z",
                "A href=x>y class=b c d=e f=|z",
            ),
            ("<a href=x/y>z</a >", "A href=x/y|z|/A"),
            ("<!-- <p> --><p><!--><!---><b>", "P|Strong"),
            ("<!doctype html><?xml?><p>", "P"),
            ("<![CDATA[a<b]]>c", "a<b|c"),
            ("<p", ""),
            ("a<!-- b", "a"),
            ("</>a</ b>c", "a|c"),
        ] {
            assert_eq!(read(page), expected, "{page}");
        }
    }

    #[test]
    fn raw_text_holds_no_tags() {
        for (page, expected) in [
            ("<script>if (a<b) '<p>'</SCRIPT >c", "Script[if (a<b) '<p>']|c"),
            ("<script>var a = '</p>';</script>c", "Script[var a = '</p>';]|c"),
            ("<title>a<b</title>c", "Title[a<b]|c"),
            ("<title>a<p>b", "Title[a]|P|b"),
            ("<script>a<p>b", "Script[a<p>b]"),
            ("<textarea><p></textareas></textarea>c", "Raw[<p></textareas>]|c"),
        ] {
            assert_eq!(read(page), expected, "{page}");
        }
    }
}
