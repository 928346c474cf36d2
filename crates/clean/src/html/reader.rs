//! From tokens to blocks: a stack of open elements and no tree.
//!
//! The standard's tree building moves elements about (adoption agency, foster parents), costs most of a parser's time and can be
//! made quadratic. Text blocks hardly depend on it. So this reader keeps the elements that are open, knows which end tags may be
//! left out, and cuts the text wherever a block-level element begins or ends.
//!
//! Time and memory are linear in the page: at most [`DEEPEST`] elements are open (what is nested deeper is read as if it stood in
//! the deepest), and an end tag that ends nothing open is seen to do so without a search.

mod attributes;
mod ends;
mod text;

use super::page::{Block, Head, Node, Page};
use super::signals::{Signals, Vocabulary};
use super::tags::Tag;
use super::tokens::{Token, Tokens};
use attributes::{MOST_MARKS, SEEN, Said};
use text::empty_block;

/// Elements deeper than this are flattened.
pub const DEEPEST: usize = 512;

/// Text beyond this many blocks is not kept. The longest articles and live blogs have some thousands.
pub const MOST_BLOCKS: usize = 1 << 15;

/// Block-level elements beyond this many count as the one around them.
const MOST_NODES: usize = 1 << 17;

/// Reads `page`.
pub fn read<'a>(page: &'a str, vocabulary: &Vocabulary) -> Page<'a> {
    let mut reader = Reader::new(page, vocabulary);
    while let Some(token) = reader.tokens.next() {
        match token {
            Token::Text(text) => reader.text(text),
            Token::Start { tag, closed } => reader.start(tag, closed),
            Token::End(tag) => reader.end(tag),
        }
    }
    reader.finish()
}

/// An open element.
#[derive(Debug, Clone, Copy)]
struct Open {
    tag: Tag,
    /// The innermost block-level element at or above.
    node: u32,
    /// Whether `node` is this element itself.
    own: bool,
    /// The mark that ends with it.
    mark: Option<u16>,
    /// Signals of the inline elements from the innermost block-level one down to here.
    signals: Signals,
}

struct Reader<'a, 'v> {
    tokens: Tokens<'a>,
    vocabulary: &'v Vocabulary,
    page: Page<'a>,
    open: Vec<Open>,
    /// How many of each tag are open.
    counts: [u16; Tag::COUNT],
    links: u16,
    unseen: u16,
    stressed: u16,
    preformatted: u16,
    /// The block being read; its text starts at `block.start` and ends where the page's text ends.
    block: Block,
    space: bool,
    breaks: u16,
    seen: Box<[(&'a str, Signals); SEEN]>,
}

impl<'a, 'v> Reader<'a, 'v> {
    fn new(page: &'a str, vocabulary: &'v Vocabulary) -> Self {
        let root = Node {
            parent: 0,
            tag: Tag::Html,
            depth: 0,
            signals: 0,
            hidden: false,
            style: 0,
            first: 0,
            end: 0,
            children: 0,
        };
        Self {
            tokens: Tokens::new(page),
            vocabulary,
            page: Page {
                // Text is a tenth of a page, more or less.
                text: String::with_capacity(page.len() / 8),
                nodes: vec![root],
                blocks: Vec::new(),
                head: Head::default(),
            },
            open: vec![Open {
                tag: Tag::Html,
                node: 0,
                own: true,
                mark: None,
                signals: 0,
            }],
            counts: [0; Tag::COUNT],
            links: 0,
            unseen: 0,
            stressed: 0,
            preformatted: 0,
            block: empty_block(0, 0),
            space: false,
            breaks: 0,
            seen: Box::new([("", 0); SEEN]),
        }
    }

    fn top(&self) -> Open {
        self.open.last().copied().unwrap_or(Open {
            tag: Tag::Html,
            node: 0,
            own: true,
            mark: None,
            signals: 0,
        })
    }

    fn start(&mut self, tag: Tag, closed: bool) {
        if tag.is_raw() {
            let said = (tag == Tag::Script).then(|| self.is_json_ld());
            let raw = self.tokens.raw(tag);
            if said == Some(true) {
                self.page.head.json_ld.push(raw);
            } else if said.is_some() {
                if !raw.is_empty() && self.page.head.scripts.len() < MOST_MARKS {
                    self.page.head.scripts.push(raw);
                }
            } else if tag == Tag::Title && self.unseen == 0 && self.page.head.title.is_none() {
                let title = fold(&htmlize::unescape(raw));
                self.page.head.title = (!title.is_empty()).then_some(title);
            }
            return;
        }
        if tag.is_void() {
            self.void(tag);
            return;
        }
        match tag {
            Tag::Html | Tag::Body | Tag::Head => {
                self.page_element(tag);
                return;
            }
            _ => {}
        }
        if self.unseen > 0 {
            // Nothing in there is a block, but what is open must be known, or its end tags would end what is outside.
            if (tag.is_unseen() || tag.is_block()) && !closed {
                self.push(tag, &Said::default());
            }
            return;
        }
        self.imply_ends(tag);
        if closed && (tag.is_unseen() || tag == Tag::Unknown) {
            return;
        }
        if tag.is_block() {
            self.flush();
        }
        let said = self.said(tag);
        self.push(tag, &said);
    }

    fn void(&mut self, tag: Tag) {
        match tag {
            Tag::Br if self.unseen == 0 => self.breaks = self.breaks.saturating_add(1),
            Tag::Hr => self.flush(),
            Tag::Img if self.unseen == 0 => self.block.images = self.block.images.saturating_add(1),
            Tag::Meta => self.meta(),
            Tag::Link => {
                let said = self.said(tag);
                if said.rel.eq_ignore_ascii_case("canonical") && self.page.head.canonical.is_none() {
                    let address = htmlize::unescape_attribute(said.href.trim());
                    self.page.head.canonical = (!address.is_empty()).then_some(address);
                }
            }
            _ => {}
        }
    }

    fn page_element(&mut self, tag: Tag) {
        if tag == Tag::Html && self.page.head.language.is_none() {
            let attributes = self.tokens.attributes().iter();
            let mut named = attributes.filter(|(name, _)| {
                name.eq_ignore_ascii_case("lang") || name.eq_ignore_ascii_case("xml:lang")
            });
            self.page.head.language = named
                .find(|(_, value)| !value.trim().is_empty())
                .map(|(_, value)| htmlize::unescape_attribute(value.trim()));
        }
        if tag == Tag::Body {
            let said = self.said(tag);
            // What the body is called says what kind of page this is, not what a block is.
            self.page.nodes[0].hidden = false;
            self.page.nodes[0].style = said.style;
        }
    }

    fn push(&mut self, tag: Tag, said: &Said<'a>) {
        if self.open.len() >= DEEPEST {
            // Deeper than any page goes; what follows is read as if it stood here.
            return;
        }
        let top = self.top();
        let mut open = Open {
            tag,
            node: top.node,
            own: false,
            mark: None,
            signals: top.signals | said.signals,
        };
        if tag.is_block() && self.unseen == 0 && self.page.nodes.len() < MOST_NODES {
            let parent = &mut self.page.nodes[top.node as usize];
            parent.children += 1;
            let hidden = parent.hidden || said.hidden;
            open.node = self.page.nodes.len() as u32;
            open.own = true;
            open.signals = 0;
            self.page.nodes.push(Node {
                parent: top.node,
                tag,
                depth: self.open.len() as u16,
                signals: said.signals | top.signals,
                hidden,
                style: said.style,
                first: self.page.blocks.len() as u32,
                end: 0,
                children: 0,
            });
        }
        self.counts[tag as usize] += 1;
        match tag {
            Tag::A => {
                self.links += 1;
                self.block.links = self.block.links.saturating_add(1);
            }
            Tag::Strong | Tag::Em => self.stressed += 1,
            Tag::Pre => self.preformatted += 1,
            _ if tag.is_unseen() => self.unseen += 1,
            _ => {}
        }
        open.mark = self.mark(tag, said);
        self.open.push(open);
    }

    fn pop(&mut self) {
        if self.open.len() <= 1 {
            return;
        }
        let Some(open) = self.open.pop() else { return };
        let tag = open.tag;
        if tag.is_block() && self.unseen == 0 {
            self.flush();
        }
        if open.own {
            self.page.nodes[open.node as usize].end = self.page.blocks.len() as u32;
        }
        self.counts[tag as usize] -= 1;
        match tag {
            Tag::A => self.links -= 1,
            Tag::Strong | Tag::Em => self.stressed -= 1,
            Tag::Pre => self.preformatted -= 1,
            _ if tag.is_unseen() => self.unseen -= 1,
            _ => {}
        }
        if let Some(mark) = open.mark {
            let end = self.page.text.len() as u32;
            let text = &mut self.page.head.marks[usize::from(mark)].text;
            text.end = end.max(text.start);
        }
    }

    fn finish(mut self) -> Page<'a> {
        while self.open.len() > 1 {
            self.pop();
        }
        self.flush();
        self.page.nodes[0].end = self.page.blocks.len() as u32;
        self.page
    }
}

/// `text` with white space folded.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text
        .split(|c: char| c.is_whitespace())
        .filter(|word| !word.is_empty())
    {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(word);
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(page: &str) -> Vec<String> {
        let page = read(page, &Vocabulary::new().unwrap());
        let texts = page.blocks.iter().map(|block| page.text_of(block).to_owned());
        texts.collect()
    }

    #[test]
    fn text_is_cut_at_block_level_elements() {
        for (page, expected) in [
            ("<p>a<p>b", &["a", "b"][..]),
            ("<div>a<p>b</p>c</div>d", &["a", "b", "c", "d"]),
            ("<p>a <b>b</b>\n c</p>", &["a b c"]),
            (
                "<ul><li>a<li>b<ul><li>c</ul><li>d</ul>e",
                &["a", "b", "c", "d", "e"],
            ),
            ("<table><tr><td>a<td>b<tr><td>c</table>d", &["a", "b", "c", "d"]),
            ("<dl><dt>a<dd>b<dt>c</dl>", &["a", "b", "c"]),
            ("a<br>b<br><br>c", &["a\nb", "c"]),
            ("<h1>a</h2>b", &["a", "b"]),
            ("a&amp;b&nbsp;&eacute;&#x1F600;", &["a&b \u{e9}\u{1f600}"]),
            ("<pre>a\n  b</pre>", &["a\n  b"]),
            ("<p>a<button>b</button> c<svg><title>d</title></svg>", &["a c"]),
            ("<div><button>a</div>b", &["b"]),
            ("<template><div>a</div></template>b", &["b"]),
            ("<div><form><div>a</form>b</div>c</div>d", &["ab", "c", "d"]),
            ("<noscript><img></noscript>a<script>b</script>c", &["ac"]),
        ] {
            assert_eq!(blocks(page), expected, "{page}");
        }
    }

    #[test]
    fn links_are_counted_even_where_they_are_closed_wrongly() {
        let vocabulary = Vocabulary::new().unwrap();
        for (page, linked) in [
            ("<p><a>abc</a> def</p>", 3),
            ("<p><a>abc<a>def</a>ghi</p>", 6),
            ("<a><div>abc</a>def</div>", 3),
            ("<p>abc</p></a>", 0),
        ] {
            let page = read(page, &vocabulary);
            let sum: u32 = page.blocks.iter().map(|block| block.linked).sum();
            assert_eq!(sum, linked, "{:?}", page.text);
        }
    }

    #[test]
    fn elements_know_their_blocks() {
        let page = read("<body><div>a<p>b</p></div><p>c", &Vocabulary::new().unwrap());
        let ranges: Vec<_> = page
            .nodes
            .iter()
            .map(|node| (node.tag, node.first, node.end))
            .collect();
        assert_eq!(
            ranges,
            [
                (Tag::Html, 0, 3),
                (Tag::Div, 0, 2),
                (Tag::P, 1, 2),
                (Tag::P, 2, 3)
            ]
        );
    }
}
