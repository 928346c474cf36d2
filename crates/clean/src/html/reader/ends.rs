//! What ends an element: its end tag, or what cannot stand inside it.

use super::Reader;
use crate::html::tags::Tag;

impl Reader<'_, '_> {
    /// Ends the elements whose end tag may be left out before `tag`.
    pub(super) fn imply_ends(&mut self, tag: Tag) {
        match tag {
            Tag::A => self.close_link(),
            Tag::Li => self.close_until(&[Tag::Li], &[Tag::Ul, Tag::Ol]),
            Tag::Dd | Tag::Dt => self.close_until(&[Tag::Dd, Tag::Dt], &[Tag::Dl]),
            Tag::Td | Tag::Th => self.close_until(&[Tag::Td, Tag::Th], &[Tag::Table, Tag::Tr]),
            Tag::Tr => self.close_until(&[Tag::Tr], &[Tag::Table]),
            Tag::TableGroup => self.close_until(&[Tag::TableGroup, Tag::Caption], &[Tag::Table]),
            _ if tag.heading() > 0 && self.top().tag.heading() > 0 => self.pop(),
            _ => {}
        }
        if tag.closes_p() && self.counts[Tag::P as usize] > 0 {
            self.close_until(&[Tag::P], &[]);
        }
    }

    /// Ends the innermost open element of `tags`, if no element of `bounds` stands between.
    fn close_until(&mut self, tags: &[Tag], bounds: &[Tag]) {
        if tags.iter().all(|tag| self.counts[*tag as usize] == 0) {
            return;
        }
        for at in (1..self.open.len()).rev() {
            let tag = self.open[at].tag;
            if tags.contains(&tag) {
                while self.open.len() > at {
                    self.pop();
                }
                return;
            }
            if bounds.contains(&tag) || (bounds.is_empty() && tag.is_barrier()) || tag == Tag::Button {
                return;
            }
        }
    }

    pub(super) fn end(&mut self, tag: Tag) {
        match tag {
            Tag::Html | Tag::Body | Tag::Head => return,
            Tag::Br => {
                self.breaks = self.breaks.saturating_add(1);
                return;
            }
            _ => {}
        }
        if self.unseen > 0 && !tag.is_unseen() && !tag.is_block() {
            return;
        }
        let heading = tag.heading() > 0;
        let count = if heading {
            (Tag::H1 as usize..=Tag::H6 as usize)
                .map(|at| self.counts[at])
                .sum()
        } else {
            self.counts[tag as usize]
        };
        if count == 0 {
            if tag.is_block() && self.unseen == 0 {
                self.flush();
            }
            return;
        }
        let inline = !tag.is_block();
        if tag == Tag::Form && self.top().tag != Tag::Form {
            self.close_form();
            return;
        }
        for at in (1..self.open.len()).rev() {
            let other = self.open[at].tag;
            if other == tag || (heading && other.heading() > 0) {
                while self.open.len() > at {
                    self.pop();
                }
                return;
            }
            // An inline element does not end the block-level ones inside it, nor does a cell's content end the cell.
            if inline && other.is_block() || other.is_barrier() && tag != Tag::Table && !tag_of_table(tag) {
                break;
            }
        }
        if tag == Tag::A {
            self.close_link();
        }
    }

    /// Ends the open link where it stands, even below block-level elements, which stay open.
    fn close_link(&mut self) {
        if self.links == 0 {
            return;
        }
        for at in (1..self.open.len()).rev() {
            if self.open[at].tag == Tag::A {
                self.links -= 1;
                self.counts[Tag::A as usize] -= 1;
                self.counts[Tag::Inline as usize] += 1;
                self.open[at].tag = Tag::Inline;
                return;
            }
        }
    }

    /// A form ends alone: what was opened inside it and not closed stays open.
    fn close_form(&mut self) {
        if let Some(open) = self.open.iter_mut().rev().find(|open| open.tag == Tag::Form) {
            open.tag = Tag::Block;
            self.counts[Tag::Form as usize] -= 1;
            self.counts[Tag::Block as usize] += 1;
        }
    }
}

const fn tag_of_table(tag: Tag) -> bool {
    matches!(tag, Tag::Td | Tag::Th | Tag::Tr | Tag::TableGroup | Tag::Caption)
}
