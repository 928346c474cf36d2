//! The text of the page: white space, line breaks, and where a block begins and ends.

use std::borrow::Cow;

use super::{MOST_BLOCKS, Reader};
use crate::html::page::Block;

impl<'a> Reader<'a, '_> {
    /// Adds text as it stands in the page, its white space folded.
    pub(super) fn text(&mut self, raw: &'a str) {
        if self.unseen > 0 {
            return;
        }
        let decoded = if memchr::memchr(b'&', raw.as_bytes()).is_some() {
            htmlize::unescape(raw)
        } else {
            Cow::Borrowed(raw)
        };
        if self.preformatted > 0 {
            self.preformatted_text(&decoded);
            return;
        }
        let before = self.page.text.len();
        let mut words = decoded
            .split(|c: char| c.is_ascii_whitespace() || c == '\u{a0}')
            .peekable();
        // The first and the last piece are empty where the text starts or ends with white space.
        let mut first = true;
        while let Some(word) = words.next() {
            if !word.is_empty() {
                if !first {
                    self.space = true;
                }
                self.word(word);
            }
            first = false;
            if words.peek().is_some() {
                self.space = true;
            }
        }
        self.count(before);
    }

    fn word(&mut self, word: &str) {
        let text = &mut self.page.text;
        let started = text.len() > self.block.start as usize;
        if self.breaks > 0 {
            if started {
                if self.breaks > 1 {
                    self.flush();
                } else {
                    text.push('\n');
                    self.block.breaks += 1;
                }
            }
            self.breaks = 0;
        } else if self.space && started {
            text.push(' ');
        }
        self.space = false;
        if self.page.text.len() == self.block.start as usize {
            self.begin();
        }
        self.page.text.push_str(word);
    }

    fn preformatted_text(&mut self, text: &str) {
        let before = self.page.text.len();
        for (at, line) in text.split('\n').enumerate() {
            if at > 0 && self.page.text.len() > self.block.start as usize {
                self.page.text.push('\n');
            }
            let line = line.trim_end();
            if !line.is_empty() {
                if self.page.text.len() == self.block.start as usize {
                    self.begin();
                }
                self.page.text.push_str(line);
            }
        }
        self.count(before);
    }

    /// The block gets its first word.
    fn begin(&mut self) {
        self.block.node = self.top().node;
    }

    /// Adds what was written since `before` to the sums of the block.
    fn count(&mut self, before: usize) {
        let added = (self.page.text.len() - before.max(self.block.start as usize)) as u32;
        if added == 0 {
            return;
        }
        if self.links > 0 {
            self.block.linked += added;
        }
        if self.stressed > 0 {
            self.block.stressed += added;
        }
        self.block.signals |= self.top().signals;
    }

    /// Ends the block.
    pub(super) fn flush(&mut self) {
        self.space = false;
        self.breaks = 0;
        let text = &mut self.page.text;
        let start = self.block.start as usize;
        if text.len() == start {
            return;
        }
        let length = text[start..].trim_end().len();
        text.truncate(start + length);
        let end = text.len() as u32;
        let next = empty_block(self.top().node, 0);
        let mut block = std::mem::replace(&mut self.block, next);
        if length > 0 && self.page.blocks.len() < MOST_BLOCKS {
            block.end = end;
            block.linked = block.linked.min(length as u32);
            block.stressed = block.stressed.min(length as u32);
            self.page.blocks.push(block);
            self.page.text.push('\n');
        } else {
            self.page.text.truncate(start);
        }
        self.block.start = self.page.text.len() as u32;
    }
}

/// A block without text.
pub(super) const fn empty_block(node: u32, start: u32) -> Block {
    Block {
        node,
        start,
        end: start,
        linked: 0,
        links: 0,
        stressed: 0,
        breaks: 0,
        images: 0,
        signals: 0,
    }
}
