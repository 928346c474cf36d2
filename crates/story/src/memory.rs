//! The latest articles: their terms, their stories, and which of them has a term.

use std::collections::{BTreeMap, HashMap, VecDeque};

use gristmill_core::DocumentId;

use crate::model::Features;
use crate::terms::Term;

/// So many articles are remembered at most; the window usually ends before.
pub(crate) const ARTICLES: usize = 20_000;

/// Terms with weights, the sum of whose squares is 1.
pub(crate) type Vector = Vec<(Term, f32)>;

/// What is kept of an article.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Article {
    pub(crate) story: DocumentId,
    /// When it was published or taken in, in milliseconds since 1970.
    pub(crate) time: i64,
    pub(crate) terms: Vector,
    pub(crate) title: Vector,
}

impl Article {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![0; 4];
        bytes.extend_from_slice(self.story.as_bytes());
        bytes.extend_from_slice(&self.time.to_le_bytes());
        bytes.extend_from_slice(&(self.terms.len() as u32).to_le_bytes());
        for (term, weight) in self.terms.iter().chain(&self.title) {
            bytes.extend_from_slice(&term.to_le_bytes());
            bytes.extend_from_slice(&weight.to_le_bytes());
        }
        let length = (bytes.len() - 4) as u32;
        bytes[..4].copy_from_slice(&length.to_le_bytes());
        bytes
    }

    /// Reads what [`Article::encode`] wrote, and gives what follows it.
    pub(crate) fn decode(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (mine, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        let (story, mine) = mine.split_first_chunk::<16>()?;
        let (time, mine) = mine.split_first_chunk::<8>()?;
        let (count, mine) = mine.split_first_chunk::<4>()?;
        let (pairs, _) = mine.as_chunks::<8>();
        let mut terms: Vector = pairs
            .iter()
            .map(|&[a, b, c, d, e, f, g, h]| {
                (u32::from_le_bytes([a, b, c, d]), f32::from_le_bytes([e, f, g, h]))
            })
            .collect();
        let title = terms.split_off(terms.len().min(u32::from_le_bytes(*count) as usize));
        let article = Self {
            story: DocumentId::from_bytes(*story),
            time: i64::from_le_bytes(*time),
            terms,
            title,
        };
        Some((article, rest))
    }
}

/// A story that an article may belong to.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The id of the story's first document.
    pub story: DocumentId,
    /// What the model judges by.
    pub features: Features,
    /// The number of the most similar member.
    pub(crate) nearest: usize,
}

/// The latest articles, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    articles: VecDeque<Article>,
    /// The number of the oldest article in `articles`.
    first: usize,
    /// Which articles have a term, and its weight there.
    postings: HashMap<Term, VecDeque<(usize, f32)>>,
}

const DAY: f32 = 86_400_000.0;

impl Memory {
    pub(crate) fn get(&self, number: usize) -> Option<&Article> {
        self.articles.get(number.checked_sub(self.first)?)
    }

    pub(crate) fn push(&mut self, article: Article) {
        if self.articles.len() == ARTICLES {
            for (term, _) in self.articles.pop_front().into_iter().flat_map(|old| old.terms) {
                if let Some(postings) = self.postings.get_mut(&term) {
                    postings.pop_front();
                    if postings.is_empty() {
                        self.postings.remove(&term);
                    }
                }
            }
            self.first += 1;
        }
        let number = self.first + self.articles.len();
        for &(term, weight) in &article.terms {
            self.postings.entry(term).or_default().push_back((number, weight));
        }
        self.articles.push_back(article);
    }

    /// The stories with a member that shares terms with the article and is at most `window` milliseconds away.
    pub(crate) fn candidates(
        &self,
        terms: &Vector,
        title: &Vector,
        time: i64,
        window: i64,
    ) -> Vec<Candidate> {
        /// Articles less alike than this have some words in common, as all articles do.
        const LEAST: f32 = 0.08;
        let mut cosines = vec![0.0_f32; self.articles.len()];
        for (term, weight) in terms {
            for &(number, other) in self.postings.get(term).into_iter().flatten() {
                cosines[number - self.first] += weight * other;
            }
        }
        let mut stories: BTreeMap<DocumentId, Vec<usize>> = BTreeMap::new();
        let near = |&(n, article): &(usize, &Article)| {
            cosines[n] >= LEAST && article.time.abs_diff(time) <= window.unsigned_abs()
        };
        for (n, article) in self.articles.iter().enumerate().filter(near) {
            stories.entry(article.story).or_default().push(n);
        }
        let candidate = |(story, members): (DocumentId, Vec<usize>)| {
            let nearest = members
                .iter()
                .copied()
                .max_by(|&a, &b| cosines[a].total_cmp(&cosines[b]))?;
            let sum: f32 = members.iter().map(|&n| cosines[n]).sum();
            let gap = members
                .iter()
                .map(|&n| self.articles[n].time.abs_diff(time))
                .min()?;
            let features = [
                cosines[nearest],
                sum / members.len() as f32,
                cosine(title, &self.articles[nearest].title),
                (gap as f32 / DAY).ln_1p(),
            ];
            Some(Candidate {
                story,
                features,
                nearest: nearest + self.first,
            })
        };
        stories.into_iter().filter_map(candidate).collect()
    }
}

/// The cosine of two vectors sorted by term.
fn cosine(a: &Vector, b: &Vector) -> f32 {
    let weight = |term| {
        b.binary_search_by_key(&term, |&(term, _)| term)
            .map_or(0.0, |n| b[n].1)
    };
    a.iter().map(|&(term, mine)| mine * weight(term)).sum()
}
