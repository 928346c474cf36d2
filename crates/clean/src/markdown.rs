//! From a Markdown file to an article.
//!
//! Marks of structure are taken off by the rules of CommonMark, as `pulldown-cmark` has them; what is left is plain text,
//! which may carry residue like any other and is read by [`text`].

use pulldown_cmark::{Event, MetadataBlockKind, Options, Parser, Tag, TagEnd};

use crate::{Article, text};

/// The article in `source`; `title` is its title where that is known. Else the title is that of a YAML block before the
/// text, or a heading that the text begins with. With `structure` the body keeps its marks.
pub fn read(source: &str, title: Option<&str>, structure: bool) -> Article {
    let parts = Parts::of(source);
    let title = title.map(str::to_owned).or(parts.title);
    if structure {
        let body = source.get(parts.body..).unwrap_or_default();
        return Article {
            text: body.trim().to_owned(),
            title,
            ..Article::default()
        };
    }
    text::read(&parts.text, title.as_deref())
}

/// What a Markdown file holds.
#[derive(Debug, Default)]
struct Parts {
    title: Option<String>,
    /// The blocks after the title as plain text, an empty line between them.
    text: String,
    /// The byte of the source that they begin at.
    body: usize,
}

impl Parts {
    fn of(source: &str) -> Self {
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
        let mut parts = Self::default();
        let mut block = String::new();
        let mut in_yaml = false;
        let mut images = 0_usize;
        for (event, range) in Parser::new_ext(source, options).into_offset_iter() {
            match event {
                Event::Start(Tag::MetadataBlock(MetadataBlockKind::YamlStyle)) => in_yaml = true,
                Event::End(TagEnd::MetadataBlock(_)) => {
                    in_yaml = false;
                    parts.title = title_of(&block);
                    parts.body = range.end;
                    block.clear();
                }
                // What stands for an image is not text of the article.
                Event::Start(Tag::Image { .. }) => images += 1,
                Event::End(TagEnd::Image) => images -= 1,
                Event::End(TagEnd::Heading(_)) if parts.text.is_empty() && parts.title.is_none() => {
                    parts.title = Some(block.trim().to_owned()).filter(|title| !title.is_empty());
                    parts.body = range.end;
                    block.clear();
                }
                Event::End(TagEnd::Item | TagEnd::TableRow | TagEnd::TableHead) => {
                    parts.add(&mut block, "\n");
                }
                Event::Start(Tag::List(_)) => parts.add(&mut block, "\n"),
                Event::End(TagEnd::TableCell) => block.push(' '),
                Event::End(
                    TagEnd::Paragraph
                    | TagEnd::Heading(_)
                    | TagEnd::CodeBlock
                    | TagEnd::List(_)
                    | TagEnd::Table
                    | TagEnd::BlockQuote(_),
                ) => parts.add(&mut block, "\n\n"),
                Event::Text(words) | Event::Code(words) if images == 0 || in_yaml => block.push_str(&words),
                Event::SoftBreak => block.push(' '),
                Event::HardBreak => block.push('\n'),
                _ => {}
            }
        }
        parts.add(&mut block, "");
        parts.text.truncate(parts.text.trim_end().len());
        parts
    }

    /// Moves `block` to the text, or only widens the gap behind it where it is empty.
    fn add(&mut self, block: &mut String, gap: &str) {
        let words = block.trim();
        if words.is_empty() {
            if gap == "\n\n" && self.text.ends_with('\n') && !self.text.ends_with("\n\n") {
                self.text.push('\n');
            }
        } else {
            self.text.push_str(words);
            self.text.push_str(gap);
        }
        block.clear();
    }
}

/// The title in a YAML block, if it stands on one line.
fn title_of(yaml: &str) -> Option<String> {
    let value = yaml.lines().find_map(|line| line.strip_prefix("title:"))?.trim();
    let bare = ['"', '\''].into_iter().find_map(|quote| {
        let inner = value.strip_prefix(quote)?;
        inner.strip_suffix(quote)
    });
    Some(bare.unwrap_or(value).trim().to_owned()).filter(|title| !title.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FERRY: &str = "---\nlayout: post\ntitle: \"A ferry again\"\n---\n\nThe ferry across the bay sails again since *Friday*, the \
                         [harbour office](https://example.org/x) said,\nand it takes cars.\n\n![A ferry at the quay](ferry.jpg)\n\n## What it costs\n\n\
                         - Three crowns for people on foot\n- Nine crowns for a car with **everybody** in it\n\nThe timetable hangs at the quay \
                         and is kept, more or less.\n";

    #[test]
    fn marks_are_taken_off() {
        let parts = Parts::of(FERRY);
        assert_eq!(parts.title.as_deref(), Some("A ferry again"));
        assert_eq!(
            parts.text,
            "The ferry across the bay sails again since Friday, the harbour office said, and it takes cars.\n\n\
             What it costs\n\n\
             Three crowns for people on foot\nNine crowns for a car with everybody in it\n\n\
             The timetable hangs at the quay and is kept, more or less."
        );
    }

    #[test]
    fn a_heading_at_the_start_is_the_title() {
        let source = "# Council votes for a tunnel\n\nThe council voted for a tunnel on Friday, by nineteen to fourteen.\n";
        let article = read(source, None, false);
        assert_eq!(article.title.as_deref(), Some("Council votes for a tunnel"));
        assert_eq!(
            article.text,
            "The council voted for a tunnel on Friday, by nineteen to fourteen."
        );
        let article = read("Some words first.\n\n# A heading\n\nMore words.", None, true);
        assert_eq!(article.title, None);
        assert!(article.text.contains("# A heading"));
        let article = read(source, Some("Known"), true);
        assert_eq!(article.title.as_deref(), Some("Known"));
    }

    #[test]
    fn structure_stays_where_it_is_asked_for() {
        let article = read(FERRY, None, true);
        assert_eq!(article.title.as_deref(), Some("A ferry again"));
        assert!(
            article
                .text
                .starts_with("The ferry across the bay sails again since *Friday*")
        );
        assert!(article.text.contains("## What it costs\n\n- Three crowns"));
    }

    #[test]
    fn nothing_and_nonsense_are_read_too() {
        for source in [
            "",
            "#",
            "# ",
            "---\n---\n",
            "![",
            "| |\n|-|\n| |",
            "- \n- ",
            "```",
        ] {
            read(source, None, false);
            read(source, None, true);
        }
        let deep = "> ".repeat(2_000) + "words";
        assert!(read(&deep, None, false).text.contains("words"));
    }
}
