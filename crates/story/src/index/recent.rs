//! The postings of a segment in memory: while it is filled, and then until all of them are in its file.

use super::times::{Span, Times};
use super::{BUCKETS, Found, LATEST, PARTS, POSTING, Posting, ROWS, UPPER, bucket, rows};
use crate::spread::Numbered;
use crate::terms::Term;

/// A posting, with the place of the posting of the same term before it.
#[derive(Debug, Clone, Copy)]
struct Link {
    before: u32,
    within: u16,
    weight: u8,
}

const NONE: u32 = u32::MAX;

/// The postings of one segment.
#[derive(Debug, Clone, Default)]
pub(super) struct Recent {
    links: Vec<Link>,
    /// The latest posting of each term, by the part of the file that the term will stand in.
    latest: Vec<Numbered<u32>>,
    /// When each article was published, in minutes since 1970.
    times: Vec<u32>,
    /// The rows of the table that have a term of the segment.
    filter: Vec<u8>,
}

impl Recent {
    /// Adds the next article; `most` is how many postings the segment may have.
    pub(super) fn push(&mut self, minutes: u32, terms: impl Iterator<Item = (Term, u8)>, most: usize) {
        self.links.reserve_exact(most.saturating_sub(self.links.len()));
        self.latest.resize_with(PARTS, Numbered::default);
        self.filter.resize(ROWS / 8, 0);
        let within = self.times.len() as u16;
        self.times.push(minutes);
        for (term, weight) in terms {
            let place = self.links.len() as u32;
            let before = self.latest[part(term)].insert(term, place).unwrap_or(NONE);
            self.links.push(Link {
                before,
                within,
                weight,
            });
            for row in rows(term) {
                self.filter[row / 8] |= 1 << (row % 8);
            }
        }
    }

    pub(super) fn filter(&self) -> &[u8] {
        &self.filter
    }

    pub(super) fn times(&self) -> Times {
        Times::of(&self.times)
    }

    /// The latest postings of `term`, as many as its file will have.
    fn chain(&self, term: Term) -> impl Iterator<Item = Link> + '_ {
        let latest = self.latest.get(part(term)).and_then(|latest| latest.get(&term));
        let link = |place: &u32| self.links.get(*place as usize).copied();
        let first = latest.and_then(link);
        std::iter::successors(first, move |at| link(&at.before)).take(LATEST)
    }

    /// Adds the articles with `term` that were published within `span` to `found`; `first` is the number of the segment's first
    /// article.
    pub(super) fn look_up(&self, term: Term, span: Span, first: u32, found: &mut Found) {
        self.find(term, first, found, |minutes| span.has(minutes));
    }

    /// As [`Recent::look_up`], but as closely as the file will know the times.
    pub(super) fn look_up_by_rank(
        &self,
        term: Term,
        times: &Times,
        (low, high): (u8, u8),
        first: u32,
        found: &mut Found,
    ) {
        self.find(term, first, found, |minutes| {
            (low..=high).contains(&times.rank(minutes))
        });
    }

    fn find(&self, term: Term, first: u32, found: &mut Found, takes: impl Fn(u32) -> bool) {
        for link in self.chain(term) {
            if found.len() == LATEST {
                break;
            }
            if takes(self.times[usize::from(link.within)]) {
                found.push(Posting {
                    article: first + u32::from(link.within),
                    weight: link.weight,
                });
            }
        }
    }

    /// The postings of one part as the file has them, by term and for each the latest first; `starts` gets where each of the
    /// part's buckets begins, in postings.
    pub(super) fn part(&self, part: usize, times: &Times, starts: &mut Vec<u32>, mut before: u32) -> Vec<u8> {
        let mut terms: Vec<Term> = self
            .latest
            .get(part)
            .into_iter()
            .flat_map(|latest| latest.keys().copied())
            .collect();
        terms.sort_unstable();
        let mut rest = terms.iter().peekable();
        let mut bytes = Vec::new();
        for at in part * BUCKETS / PARTS..(part + 1) * BUCKETS / PARTS {
            starts.push(before);
            while let Some(&term) = rest.next_if(|term| bucket(**term) == at) {
                for link in self.chain(term) {
                    // 20 lower bits of the term, 14 of the article, 8 of the weight, 6 of the time, in 6 bytes.
                    let rank = times.rank(self.times[usize::from(link.within)]);
                    let packed = u64::from(term << UPPER >> UPPER) << 28
                        | u64::from(link.within) << 14
                        | u64::from(link.weight) << 6
                        | u64::from(rank);
                    bytes.extend_from_slice(&packed.to_be_bytes()[2..]);
                    before += 1;
                }
            }
        }
        debug_assert_eq!(bytes.len() % POSTING, 0);
        bytes
    }

    /// Forgets the postings and keeps the room for others.
    pub(super) fn clear(&mut self) {
        self.links.clear();
        self.latest.iter_mut().for_each(Numbered::clear);
        self.times.clear();
        self.filter.fill(0);
    }
}

fn part(term: Term) -> usize {
    bucket(term) * PARTS / BUCKETS
}
