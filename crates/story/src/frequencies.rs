//! In how many articles a term stands, language by language: what tells names from function words.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::terms::{Term, Tongue};

/// Counts are kept by hash, so that memory is bounded; terms that share a bucket are about equally rare.
const BUCKETS: usize = 1 << 20;
/// So many articles of the stream outweigh all before: then every count is halved, and what is news now
/// counts more than what was.
const FADE: u32 = 1 << 18;

/// The document frequencies of one language's news, as the training counted them.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The language's code.
    pub code: String,
    /// For how many articles of a stream the table counts.
    pub articles: u16,
    /// Terms, each with the share of articles that have it in 65,535ths.
    pub shares: Vec<(Term, u16)>,
}

const CODE: usize = 4;
const HEAD: usize = CODE + 2 + 4;

impl Table {
    /// Appends the table to `bytes`: code (4 bytes), articles (2), number of terms (4), then a term (4) and its
    /// share (2) each, little-endian.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        let mut code = [0; CODE];
        self.code.bytes().zip(&mut code).for_each(|(byte, to)| *to = byte);
        bytes.extend(code);
        bytes.extend(self.articles.to_le_bytes());
        bytes.extend((self.shares.len() as u32).to_le_bytes());
        for (term, share) in &self.shares {
            bytes.extend(term.to_le_bytes());
            bytes.extend(share.to_le_bytes());
        }
    }

    /// Visits the tables written one after the other in `bytes` until `visit` breaks off.
    fn each<'b>(
        mut bytes: &'b [u8],
        mut visit: impl FnMut(&'b str, u16, &'b [[u8; 6]]) -> ControlFlow<()>,
    ) -> Option<()> {
        while let Some((head, rest)) = bytes.split_first_chunk::<HEAD>() {
            let code = bytes.get(..CODE)?;
            let code = std::str::from_utf8(code).ok()?.trim_end_matches('\0');
            let articles = u16::from_le_bytes([head[4], head[5]]);
            let count = u32::from_le_bytes([head[6], head[7], head[8], head[9]]) as usize;
            let (terms, following) = rest.split_at_checked(count * 6)?;
            if visit(code, articles, terms.as_chunks().0).is_break() {
                break;
            }
            bytes = following;
        }
        Some(())
    }
}

/// Counts of articles by term, learned on the stream.
#[derive(Debug, Clone)]
pub(crate) struct Frequencies {
    counts: Vec<u32>,
    /// Articles by language.
    articles: BTreeMap<Tongue, u32>,
    /// Articles of the stream since the counts were halved.
    fresh: u32,
}

impl Frequencies {
    /// What is known before the first article, from the tables written in `tables`. Text of unknown language
    /// may be in any, so it is held against all at once: a word is as common as in the language where it is
    /// most common.
    pub(crate) fn start(tables: &[u8]) -> Self {
        let mut counts = vec![0_u32; BUCKETS];
        let mut articles = BTreeMap::new();
        let mut widest = 0;
        let mut any: Vec<(Term, u16)> = Vec::new();
        let share =
            |count: u16, of: u16| (u32::from(count) * u32::from(of) + u32::from(u16::MAX) / 2) / 65_535;
        let _ = Table::each(tables, |code, weight, terms| {
            let tongue = Tongue::of(Some(code));
            articles.insert(tongue, u32::from(weight));
            widest = widest.max(weight);
            for &[a, b, c, d, low, high] in terms {
                let term = Term::from_le_bytes([a, b, c, d]);
                let stands = u16::from_le_bytes([low, high]);
                counts[bucket(tongue, term)] += share(stands, weight);
                any.push((term, stands));
            }
            ControlFlow::Continue(())
        });
        articles.insert(Tongue::UNKNOWN, u32::from(widest));
        any.sort_unstable();
        for same in any.chunk_by(|a, b| a.0 == b.0) {
            if let Some(&(term, most)) = same.last() {
                counts[bucket(Tongue::UNKNOWN, term)] += share(most, widest);
            }
        }
        Self {
            counts,
            articles,
            fresh: 0,
        }
    }

    /// Where the count of `term` stands.
    pub(crate) fn buckets(tongue: Tongue, terms: impl Iterator<Item = Term>) -> Vec<u32> {
        let mut buckets: Vec<u32> = terms.map(|term| bucket(tongue, term) as u32).collect();
        buckets.sort_unstable();
        buckets.dedup();
        buckets
    }

    /// Counts an article that has terms in each of `buckets`.
    pub(crate) fn add(&mut self, tongue: Tongue, buckets: &[u32]) {
        for &bucket in buckets {
            let count = &mut self.counts[bucket as usize % BUCKETS];
            *count = count.saturating_add(1);
        }
        *self.articles.entry(tongue).or_default() += 1;
        self.fresh += 1;
    }

    /// Halves the counts where the stream has outgrown them; called at fixed numbers of articles only.
    pub(crate) fn fade(&mut self) {
        if self.fresh >= FADE {
            self.counts
                .iter_mut()
                .for_each(|count| *count = count.div_ceil(2));
            self.articles.values_mut().for_each(|count| *count /= 2);
            self.fresh /= 2;
        }
    }

    /// The rarity of a term: the logarithm of the inverse share of articles that have it.
    pub(crate) fn rarity(&self, tongue: Tongue, term: Term) -> f32 {
        let count = self.counts[bucket(tongue, term)] as f32 + 1.0;
        let articles = self.articles.get(&tongue).copied().unwrap_or_default();
        ((articles as f32 + 2.0) / count).ln().max(0.0)
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(4 * BUCKETS + 8 * self.articles.len() + 8);
        bytes.extend((self.articles.len() as u32).to_le_bytes());
        bytes.extend(self.fresh.to_le_bytes());
        for (tongue, articles) in &self.articles {
            bytes.extend(tongue.number().to_le_bytes());
            bytes.extend(articles.to_le_bytes());
        }
        bytes.extend(self.counts.iter().flat_map(|count| count.to_le_bytes()));
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut numbers = bytes.as_chunks().0.iter().map(|&bytes| u32::from_le_bytes(bytes));
        let languages = numbers.next()?;
        let fresh = numbers.next()?;
        let mut articles = BTreeMap::new();
        for _ in 0..languages {
            articles.insert(Tongue::from_number(numbers.next()?), numbers.next()?);
        }
        let counts: Vec<u32> = numbers.collect();
        (counts.len() == BUCKETS).then_some(Self {
            counts,
            articles,
            fresh,
        })
    }
}

fn bucket(tongue: Tongue, term: Term) -> usize {
    tongue.own(term) as usize % BUCKETS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terms::term;

    fn tables() -> Vec<u8> {
        let mut bytes = Vec::new();
        for (code, word, share) in [("en", "the", 65_000), ("de", "die", 60_000)] {
            Table {
                code: code.into(),
                articles: 1_000,
                shares: vec![(term(word).unwrap(), share)],
            }
            .write(&mut bytes);
        }
        bytes
    }

    #[test]
    fn a_language_starts_with_its_own_table() {
        let start = Frequencies::start(&tables());
        let rarity = |code, word| start.rarity(Tongue::of(code), term(word).unwrap());
        assert!(rarity(Some("en"), "the") < 0.1);
        assert!(rarity(Some("de"), "the") > 5.0);
        assert!(rarity(None, "the") < 0.1 && rarity(None, "die") < 0.2);
        assert!(
            rarity(Some("xx"), "the") < 1.0,
            "nothing is known of a new language"
        );
    }

    #[test]
    fn counts_are_learned_and_survive_writing() {
        let mut table = Frequencies::start(&tables());
        let en = Tongue::of(Some("en"));
        let word = term("quorum").unwrap();
        let before = table.rarity(en, word);
        for _ in 0..100 {
            table.add(en, &Frequencies::buckets(en, [word].into_iter()));
        }
        assert!(table.rarity(en, word) < before - 3.0);
        let back = Frequencies::from_bytes(&table.to_bytes()).unwrap();
        assert_eq!(back.rarity(en, word), table.rarity(en, word));
        assert!(Frequencies::from_bytes(&[0; 16]).is_none());
    }
}
