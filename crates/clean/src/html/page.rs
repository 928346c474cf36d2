//! What one reading of a page gives: its blocks of text, the elements that hold them, and what its head says.

use std::borrow::Cow;
use std::ops::Range;

use super::signals::Signals;
use super::tags::Tag;

/// A page as read: one string with the text of all blocks, and how it hangs together.
#[derive(Debug, Default)]
pub struct Page<'a> {
    /// The text of all blocks, white space folded, each block followed by a line feed.
    pub text: String,
    /// The runs of text under one block-level element, in the order of the page.
    pub blocks: Vec<Block>,
    /// The block-level elements; the first is the page, and each stands after its parent.
    pub nodes: Vec<Node>,
    /// What the page says of itself.
    pub head: Head<'a>,
}

/// A run of text under one block-level element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The innermost block-level element around it.
    pub node: u32,
    /// Where its text starts in [`Page::text`], in bytes.
    pub start: u32,
    /// Where its text ends.
    pub end: u32,
    /// Bytes of text inside links.
    pub linked: u32,
    /// The number of links that begin in it.
    pub links: u16,
    /// Bytes of text that is bold or slanted.
    pub stressed: u32,
    /// Line breaks inside.
    pub breaks: u16,
    /// Images in it or between it and the block before.
    pub images: u16,
    /// What the inline elements inside are called.
    pub signals: Signals,
}

/// A block-level element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The element around it; its own index for the page.
    pub parent: u32,
    /// Which element it is.
    pub tag: Tag,
    /// The number of open elements around it, inline ones too.
    pub depth: u16,
    /// What it is called.
    pub signals: Signals,
    /// Whether it or an element around it says that it is not shown.
    pub hidden: bool,
    /// A hash of its tag and its class, the same for elements that are styled alike.
    pub style: u32,
    /// The first block inside.
    pub first: u32,
    /// The block after the last inside.
    pub end: u32,
    /// The number of block-level elements directly inside.
    pub children: u32,
}

/// What a page says of itself, outside its text.
#[derive(Debug, Default)]
pub struct Head<'a> {
    /// The `lang` of the page.
    pub language: Option<Cow<'a, str>>,
    /// The content of `title`.
    pub title: Option<String>,
    /// The canonical address.
    pub canonical: Option<Cow<'a, str>>,
    /// `meta` elements: name, property or itemprop in lower case, and content.
    pub metas: Vec<(String, Cow<'a, str>)>,
    /// The contents of the scripts that hold JSON-LD.
    pub json_ld: Vec<&'a str>,
    /// The other scripts that stand in the page.
    pub scripts: Vec<&'a str>,
    /// Elements that may name an author, a date or the title.
    pub marks: Vec<Mark<'a>>,
}

/// An element that may name an author, a date or the title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark<'a> {
    /// What it is.
    pub kind: MarkKind,
    /// What its attribute says: `datetime` or `content`; empty where it has none.
    pub value: Cow<'a, str>,
    /// What the element and those around it are called.
    pub signals: Signals,
    /// Its text in [`Page::text`], in bytes.
    pub text: Range<u32>,
}

/// What a [`Mark`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkKind {
    /// A heading of the first level.
    Heading,
    /// A `time` element, or one that is called like a date.
    Date,
    /// An element that microdata calls the date of publication.
    Published,
    /// An element that microdata calls the date of the last change.
    Modified,
    /// A link that says `rel="author"`.
    RelAuthor,
    /// An element that microdata calls the author.
    Author,
    /// An element that is called like a byline.
    Byline,
    /// An element that microdata calls the headline.
    Headline,
}

impl Page<'_> {
    /// The text of a block.
    pub fn text_of(&self, block: &Block) -> &str {
        self.text
            .get(block.start as usize..block.end as usize)
            .unwrap_or_default()
    }

    /// The text of a mark, in one line.
    pub fn marked(&self, mark: &Mark<'_>) -> &str {
        self.text
            .get(mark.text.start as usize..mark.text.end as usize)
            .unwrap_or_default()
            .trim()
    }

    /// The elements around a block, innermost first, without the page.
    pub fn around(&self, block: &Block) -> impl Iterator<Item = &Node> {
        let mut at = block.node;
        std::iter::from_fn(move || {
            let node = self.nodes.get(at as usize)?;
            let is_page = node.parent == at;
            at = node.parent;
            (!is_page).then_some(node)
        })
    }
}
