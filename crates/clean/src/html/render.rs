//! From the blocks of the article to its text.

use super::page::{Block, Page};
use super::tags::Tag;

/// The text of the blocks `kept`: paragraphs separated by one empty line, the items of a list and the rows of a table by a line
/// feed, the cells of a row by a tab. With `markdown`, headings, lists, quotes, tables and code are marked as such.
pub fn render(page: &Page<'_>, kept: &[usize], markdown: bool) -> String {
    let mut text = String::new();
    let mut before: Option<&Block> = None;
    for block in kept.iter().filter_map(|&at| page.blocks.get(at)) {
        let kind = Kind::of(page, block);
        if let Some(before) = before {
            text.push_str(between(page, before, block, markdown));
        }
        let words = page.text_of(block);
        if markdown {
            mark(&mut text, page, block, kind, words);
        } else {
            text.push_str(words);
        }
        before = Some(block);
    }
    text
}

/// What a block is in the structure of an article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Paragraph,
    Heading(u8),
    Item,
    Cell,
    Code,
}

impl Kind {
    fn of(page: &Page<'_>, block: &Block) -> Self {
        for node in page.around(block).take(3) {
            match node.tag {
                Tag::Pre => return Self::Code,
                Tag::Td | Tag::Th => return Self::Cell,
                Tag::Li | Tag::Dd | Tag::Dt => return Self::Item,
                tag if tag.heading() > 0 => return Self::Heading(tag.heading()),
                _ => {}
            }
        }
        Self::Paragraph
    }
}

/// The nearest element around `block` that is one of `tags`.
fn nearest(page: &Page<'_>, block: &Block, tags: &[Tag]) -> Option<usize> {
    let mut at = block.node as usize;
    for _ in 0..super::reader::DEEPEST {
        let node = page.nodes.get(at)?;
        if tags.contains(&node.tag) {
            return Some(at);
        }
        if node.parent as usize == at {
            return None;
        }
        at = node.parent as usize;
    }
    None
}

/// What separates two blocks.
fn between(page: &Page<'_>, before: &Block, block: &Block, markdown: bool) -> &'static str {
    const LISTS: [Tag; 3] = [Tag::Ul, Tag::Ol, Tag::Dl];
    match (Kind::of(page, before), Kind::of(page, block)) {
        (Kind::Item, Kind::Item) if nearest(page, before, &LISTS) == nearest(page, block, &LISTS) => "\n",
        (Kind::Cell, Kind::Cell) => {
            let row = |block| nearest(page, block, &[Tag::Tr]);
            let table = |block| nearest(page, block, &[Tag::Table]);
            match (row(before) == row(block), table(before) == table(block), markdown) {
                (true, _, false) => "\t",
                (true, _, true) => " | ",
                (false, true, _) => "\n",
                _ => "\n\n",
            }
        }
        _ => "\n\n",
    }
}

fn mark(text: &mut String, page: &Page<'_>, block: &Block, kind: Kind, words: &str) {
    let quoted = nearest(page, block, &[Tag::Blockquote]).is_some();
    match kind {
        Kind::Code => {
            text.push_str("```\n");
            text.push_str(words);
            text.push_str("\n```");
            return;
        }
        Kind::Heading(level) => (0..level).for_each(|_| text.push('#')),
        Kind::Item => {
            let numbered = nearest(page, block, &[Tag::Ul, Tag::Ol]);
            let numbered = numbered.is_some_and(|list| page.nodes[list].tag == Tag::Ol);
            text.push_str(if numbered { "1." } else { "-" });
        }
        Kind::Paragraph if quoted => text.push('>'),
        Kind::Paragraph | Kind::Cell => {}
    }
    if kind != Kind::Cell && (kind != Kind::Paragraph || quoted) {
        text.push(' ');
    }
    // A line feed inside would end the heading, the item or the quotation.
    let continues = match kind {
        Kind::Paragraph if quoted => "\n> ",
        Kind::Paragraph => "  \n",
        Kind::Item => "\n  ",
        _ => " ",
    };
    for (at, line) in words.split('\n').enumerate() {
        if at > 0 {
            text.push_str(continues);
        }
        text.push_str(line);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{reader, signals::Vocabulary};
    use super::*;

    #[test]
    fn structure_is_kept_where_it_is_wanted() {
        let check = |page: &str, plain: &str, marked: &str| {
            let page = reader::read(page, &Vocabulary::new().unwrap());
            let all: Vec<usize> = (0..page.blocks.len()).collect();
            assert_eq!(render(&page, &all, false), plain);
            assert_eq!(render(&page, &all, true), marked);
        };
        check("<h2>a</h2><p>b<br>c", "a\n\nb\nc", "## a\n\nb  \nc");
        check("<p>a<ul><li>b<li>c</ul>", "a\n\nb\nc", "a\n\n- b\n- c");
        check("<ol><li>a<li>b</ol><ul><li>c", "a\nb\n\nc", "1. a\n1. b\n\n- c");
        check("<blockquote><p>a<br>b</blockquote>", "a\nb", "> a\n> b");
        check(
            "<table><tr><td>a<td>b<tr><td>c<td>d</table><p>e",
            "a\tb\nc\td\n\ne",
            "a | b\nc | d\n\ne",
        );
        check("<pre>a\n b</pre>c", "a\n b\n\nc", "```\na\n b\n```\n\nc");
    }
}
