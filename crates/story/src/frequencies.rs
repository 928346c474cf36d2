//! In how many articles a term stands, language by language: what tells names from function words.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};

use crate::terms::{Term, Tongue};

/// Counts are kept by hash, so that memory is bounded; terms that share a bucket are about equally rare.
pub(crate) const BUCKETS: usize = 1 << 20;
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
#[derive(Debug, Clone, PartialEq)]
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
        // Terms of two languages may meet in a bucket, where the commoner counts; so all of it need not be sorted.
        let mut any = vec![0_u16; BUCKETS];
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
                let most = &mut any[bucket(Tongue::UNKNOWN, term)];
                *most = stands.max(*most);
            }
            ControlFlow::Continue(())
        });
        articles.insert(Tongue::UNKNOWN, u32::from(widest));
        for (count, most) in counts.iter_mut().zip(any) {
            *count += share(most, widest);
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

    /// The rarity of each of `terms`: the logarithm of the inverse share of articles that have it.
    pub(crate) fn rarities(&self, tongue: Tongue, terms: impl Iterator<Item = Term>) -> Vec<f32> {
        // First all counts: what no cache holds is then waited for once and not one by one.
        let counts: Vec<u32> = terms.map(|term| self.counts[bucket(tongue, term)]).collect();
        let articles = self.articles.get(&tongue).copied().unwrap_or_default() as f32 + 2.0;
        let rarity = |count| (articles / (count as f32 + 1.0)).ln().max(0.0);
        counts.into_iter().map(rarity).collect()
    }

    /// The counts of these buckets.
    pub(crate) fn counts(&self, buckets: Range<usize>) -> &[u32] {
        self.counts.get(buckets).unwrap_or_default()
    }

    /// Sets the counts of the buckets from `start` on.
    pub(crate) fn set_counts(&mut self, start: usize, counts: impl Iterator<Item = u32>) {
        let from = self.counts.iter_mut().skip(start);
        from.zip(counts).for_each(|(old, new)| *old = new);
    }

    /// All but the counts: the number of languages, the articles of the stream, then each language with its articles.
    pub(crate) fn head(&self) -> Vec<u8> {
        let mut bytes = (self.articles.len() as u32).to_le_bytes().to_vec();
        bytes.extend(self.fresh.to_le_bytes());
        for (tongue, articles) in &self.articles {
            bytes.extend(tongue.number().to_le_bytes());
            bytes.extend(articles.to_le_bytes());
        }
        bytes
    }

    /// Reads what [`Frequencies::head`] wrote, and gives what follows it; the counts are all 0.
    pub(crate) fn from_head(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (&[languages, fresh], mut rest) = bytes.as_chunks().0.split_first_chunk::<2>()?;
        let number = |&bytes: &[u8; 4]| u32::from_le_bytes(bytes);
        let mut articles = BTreeMap::new();
        for _ in 0..number(&languages) {
            let ([tongue, count], following) = rest.split_first_chunk::<2>()?;
            articles.insert(Tongue::from_number(number(tongue)), number(count));
            rest = following;
        }
        let frequencies = Self {
            counts: vec![0; BUCKETS],
            articles,
            fresh: number(&fresh),
        };
        Some((frequencies, rest.as_flattened()))
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
        let rarity = |code, word| start.rarities(Tongue::of(code), term(word).into_iter())[0];
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
        let rarity = |table: &Frequencies| table.rarities(en, [word].into_iter())[0];
        let before = rarity(&table);
        for _ in 0..100 {
            table.add(en, &Frequencies::buckets(en, [word].into_iter()));
        }
        assert!(rarity(&table) < before - 3.0);
        let bytes = [table.head(), vec![7; 4]].concat();
        let (mut back, rest) = Frequencies::from_head(&bytes).unwrap();
        assert_eq!(rest, [7; 4]);
        let counts = table.counts(0..BUCKETS).to_vec();
        back.set_counts(5, counts[5..].iter().copied());
        back.set_counts(0, counts[..5].iter().copied());
        assert_eq!(back, table);
        assert!(Frequencies::from_head(&[9, 0, 0, 0, 0, 0, 0, 0, 1]).is_none());
    }
}
