//! What is kept of an article, and how two articles are held against each other.

use gristmill_core::{Document, DocumentId};

use crate::frequencies::Frequencies;
use crate::meaning::{self, Meaning, Space};
use crate::sketch::{RUNS, Sketch, flag};
use crate::terms::{Term, Tongue};

/// Terms kept of an article: the weightiest, and those of its title.
const TERMS: usize = 64;
/// The weightiest terms say what an article means.
const MEANT: usize = 128;
/// Terms of a title that are kept whatever they weigh.
const TITLE: usize = 16;

/// A term of an article, in six bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) term: Term,
    /// Sixteen times the rarity that the term had when the article came.
    rarity: u8,
    /// The level of its count in the upper half, [`flag`]s in the lower.
    bits: u8,
}

/// The counts that the levels stand for.
const LEVELS: [u16; 16] = [0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 29, 38, 50, 70];

/// How much a term counts for standing there so often: 1 + ln of the level's count.
const OFTEN: [f32; 16] = [
    1.000, 1.000, 1.693, 2.099, 2.386, 2.609, 2.792, 3.079, 3.303, 3.565, 3.833, 4.091, 4.367, 4.638, 4.912,
    5.248,
];

impl Entry {
    const SIZE: usize = 6;

    fn new(term: Term, rarity: f32, count: u16, flags: u8) -> Self {
        let level = LEVELS
            .iter()
            .rposition(|&level| level <= count)
            .unwrap_or_default();
        Self {
            term,
            rarity: (rarity * 16.0 + 0.5) as u8,
            bits: (level as u8) << 4 | flags & flag::ALL,
        }
    }

    pub(crate) fn has(self, flag: u8) -> bool {
        self.bits & flag != 0
    }

    pub(crate) fn rarity(self) -> f32 {
        f32::from(self.rarity) / 16.0
    }

    /// How much the term counts in the article: rarer and more often is more.
    pub(crate) fn weight(self) -> f32 {
        OFTEN[usize::from(self.bits >> 4)] * self.rarity()
    }

    fn write(self, bytes: &mut Vec<u8>) {
        bytes.extend(self.term.to_le_bytes());
        bytes.extend([self.rarity, self.bits]);
    }

    fn read([a, b, c, d, rarity, bits]: [u8; Self::SIZE]) -> Self {
        Self {
            term: Term::from_le_bytes([a, b, c, d]),
            rarity,
            bits,
        }
    }
}

/// Lengths of the vectors in which articles are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Lengths {
    body: f32,
    title: f32,
    lead: f32,
    names: f32,
    common: f32,
}

/// What is kept of an article.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Article {
    /// The id of its story's first document.
    pub(crate) story: DocumentId,
    /// The numbers of that document and of the story's member before this one; [`NONE`] for the first.
    pub(crate) first: u32,
    pub(crate) before: u32,
    /// When it was published or, where that is not known, taken in; in milliseconds since 1970.
    pub(crate) time: i64,
    /// Whether the time is that of publication.
    pub(crate) dated: bool,
    pub(crate) tongue: Tongue,
    /// Its terms, by term.
    pub(crate) entries: Vec<Entry>,
    /// What stands for runs of words that it quotes, in rising order.
    pub(crate) runs: Vec<u32>,
    meaning: Meaning,
    /// The meaning of the terms that are no names: what happened, whoever and wherever it was.
    happening: Meaning,
    lengths: Lengths,
}

/// Stands for no article.
pub(crate) const NONE: u32 = u32::MAX;

/// The bytes of an article's story, time, language and numbers.
const HEAD: usize = 16 + 4 + 4 + 8 + 4 + 2;
/// Marks, in the number of terms as it is written, an article whose publication date is not known.
const UNDATED: u16 = 1 << 15;
/// Bits of that number that count the terms; those above count the runs.
const COUNT: u32 = 8;

impl Article {
    /// The bytes that an article takes in the state.
    pub(crate) const SIZE: usize = HEAD + TERMS * Entry::SIZE + 4 * RUNS + 2 * meaning::DIMENSIONS;

    pub(crate) fn new(
        sketch: &Sketch,
        frequencies: &Frequencies,
        space: &Space,
        document: &Document,
    ) -> Self {
        let tongue = sketch.tongue;
        let rarities = frequencies.rarities(tongue, sketch.counts.iter().map(|count| count.term));
        let mut entries: Vec<Entry> = sketch
            .counts
            .iter()
            .zip(rarities)
            .map(|(count, rarity)| Entry::new(count.term, rarity, count.count, count.flags))
            .filter(|entry| entry.rarity > 0)
            .collect();
        sort_by_weight(&mut entries, 2 * MEANT);
        let mut others = 0;
        let weights = entries.iter().take(2 * MEANT).enumerate().map(|(n, entry)| {
            let happens = !entry.has(flag::NAME) && others < MEANT;
            others += usize::from(happens);
            let weight = |counts| if counts { entry.weight() } else { 0.0 };
            (entry.term, [weight(n < MEANT), weight(happens)])
        });
        let [meaning, happening] = space.meanings(tongue, weights);
        if entries.len() > TERMS {
            let (kept, rest) = entries.split_at(TERMS - TITLE);
            let title = rest.iter().filter(|entry| entry.has(flag::TITLE));
            let other = rest.iter().filter(|entry| !entry.has(flag::TITLE));
            let chosen: Vec<Entry> = kept
                .iter()
                .chain(title.take(TITLE).chain(other))
                .copied()
                .collect();
            entries = chosen;
            entries.truncate(TERMS);
        }
        entries.sort_unstable_by_key(|entry| entry.term);
        Self {
            story: document.id,
            first: NONE,
            before: NONE,
            time: document.created.unwrap_or(document.added).as_millisecond(),
            dated: document.created.is_some(),
            tongue,
            lengths: Lengths::of(&entries),
            entries,
            runs: sketch.runs.clone(),
            meaning,
            happening,
        }
    }

    /// The `most` weightiest terms, the weightiest first.
    pub(crate) fn weightiest(&self, most: usize) -> Vec<Entry> {
        let mut entries = self.entries.clone();
        sort_by_weight(&mut entries, most);
        entries.truncate(most);
        entries
    }

    /// The length of the article's vector of terms.
    pub(crate) fn length(&self) -> f32 {
        self.lengths.body
    }

    /// The cosine of the two articles' terms by weight.
    pub(crate) fn cosine(&self, other: &Self) -> f32 {
        let mut dot = 0.0;
        let mut rest = other.entries.iter().peekable();
        for mine in &self.entries {
            while rest.next_if(|other| other.term < mine.term).is_some() {}
            if let Some(other) = rest.next_if(|other| other.term == mine.term) {
                dot += mine.weight() * other.weight();
            }
        }
        ratio(dot, self.lengths.body * other.lengths.body)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::SIZE);
        bytes.extend(self.story.as_bytes());
        bytes.extend([self.first, self.before].map(u32::to_le_bytes).as_flattened());
        bytes.extend(self.time.to_le_bytes());
        bytes.extend(self.tongue.number().to_le_bytes());
        let undated = if self.dated { 0 } else { UNDATED };
        let counts = self.entries.len() as u16 | (self.runs.len() as u16) << COUNT;
        bytes.extend((counts | undated).to_le_bytes());
        bytes.extend(self.runs.iter().flat_map(|run| run.to_le_bytes()));
        bytes.resize(HEAD + 4 * RUNS, 0);
        self.entries.iter().for_each(|entry| entry.write(&mut bytes));
        bytes.resize(Self::SIZE - 2 * meaning::DIMENSIONS, 0);
        bytes.extend(self.meaning.to_bytes());
        bytes.extend(self.happening.to_bytes());
        bytes
    }

    /// Reads what [`Article::encode`] wrote.
    pub(crate) fn decode(bytes: &[u8; Self::SIZE]) -> Option<Self> {
        let (story, rest) = bytes.split_first_chunk::<16>()?;
        let (first, rest) = rest.split_first_chunk::<4>()?;
        let (before, rest) = rest.split_first_chunk::<4>()?;
        let (time, rest) = rest.split_first_chunk::<8>()?;
        let (tongue, rest) = rest.split_first_chunk::<4>()?;
        let (count, rest) = rest.split_first_chunk::<2>()?;
        let (runs, rest) = rest.split_at_checked(4 * RUNS)?;
        let (entries, meanings) = rest.split_at_checked(TERMS * Entry::SIZE)?;
        let [meaning, happening] = meanings.as_chunks().0 else {
            return None;
        };
        let count = u16::from_le_bytes(*count);
        let entries = entries
            .as_chunks()
            .0
            .get(..usize::from(count & !(u16::MAX << COUNT)))?;
        let runs = runs
            .as_chunks()
            .0
            .get(..usize::from((count & !UNDATED) >> COUNT))?;
        let entries: Vec<Entry> = entries.iter().copied().map(Entry::read).collect();
        Some(Self {
            story: DocumentId::from_bytes(*story),
            first: u32::from_le_bytes(*first),
            before: u32::from_le_bytes(*before),
            time: i64::from_le_bytes(*time),
            dated: count & UNDATED == 0,
            tongue: Tongue::from_number(u32::from_le_bytes(*tongue)),
            lengths: Lengths::of(&entries),
            entries,
            runs: runs.iter().map(|&run| u32::from_le_bytes(run)).collect(),
            meaning: Meaning::from_bytes(meaning),
            happening: Meaning::from_bytes(happening),
        })
    }
}

/// Puts the `most` weightiest entries first, the weightiest of all at the front.
fn sort_by_weight(entries: &mut [Entry], most: usize) {
    // The bits of numbers that are not negative are in the order of the numbers.
    let key = |entry: &Entry| u64::from(!entry.weight().to_bits()) << 32 | u64::from(entry.term);
    let mut keyed: Vec<(u64, Entry)> = entries.iter().map(|entry| (key(entry), *entry)).collect();
    if keyed.len() > most {
        keyed.select_nth_unstable_by_key(most, |(key, _)| *key);
    }
    let most = most.min(keyed.len());
    keyed[..most].sort_unstable_by_key(|(key, _)| *key);
    for (to, (_, entry)) in entries.iter_mut().zip(keyed) {
        *to = entry;
    }
}

impl Lengths {
    fn of(entries: &[Entry]) -> Self {
        let mut lengths = Self::default();
        for entry in entries {
            let weight = entry.weight() * entry.weight();
            let rarity = entry.rarity() * entry.rarity();
            lengths.body += weight;
            if entry.has(flag::TITLE) {
                lengths.title += rarity;
            }
            if entry.has(flag::LEAD) {
                lengths.lead += rarity;
            }
            if entry.has(flag::NAME) {
                lengths.names += weight;
            } else {
                lengths.common += weight;
            }
        }
        for length in [
            &mut lengths.body,
            &mut lengths.title,
            &mut lengths.lead,
            &mut lengths.names,
            &mut lengths.common,
        ] {
            *length = length.sqrt();
        }
        lengths
    }
}

/// How alike two articles are; all but the last three from 0 to 1 (`meaning` from -1).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Likeness {
    /// All terms, by weight.
    pub(crate) body: f32,
    /// The terms of the titles.
    pub(crate) title: f32,
    /// How much of the first article's title stands in the second.
    pub(crate) title_in: f32,
    /// How much of the second article's title stands in the first.
    pub(crate) title_of: f32,
    /// The terms of the first words.
    pub(crate) lead: f32,
    /// The names.
    pub(crate) names: f32,
    /// The terms that are no names.
    pub(crate) common: f32,
    /// The directions of the terms' vectors; where the words have none, about what it is in articles whose terms are as
    /// alike.
    pub(crate) meaning: f32,
    /// The same of the terms that are no names.
    pub(crate) happening: f32,
    /// The rarity of the rarest shared term.
    pub(crate) rarest: f32,
    /// The rarity of the rarest shared name.
    pub(crate) rarest_name: f32,
    /// The shared terms' rarities, summed.
    pub(crate) shared: f32,
    /// The same of the terms that are names in neither.
    pub(crate) shared_common: f32,
    /// The rarity of the rarest of these.
    pub(crate) rarest_common: f32,
    /// How much of the likeness of the terms names bear.
    pub(crate) by_names: f32,
}

/// `part` of `whole`, nothing of nothing.
fn ratio(part: f32, whole: f32) -> f32 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

impl Likeness {
    /// Of two articles that have `shared` in common.
    pub(crate) fn of(a: &Article, b: &Article, shared: &[Shared]) -> Self {
        let mut like = Self::default();
        for &Shared { mine, other, .. } in shared {
            let weight = mine.weight() * other.weight();
            let rarity = mine.rarity() * other.rarity();
            let both = |flag| mine.has(flag) && other.has(flag);
            like.body += weight;
            if both(flag::TITLE) {
                like.title += rarity;
            }
            if mine.has(flag::TITLE) {
                like.title_in += mine.rarity() * mine.rarity();
            }
            if other.has(flag::TITLE) {
                like.title_of += other.rarity() * other.rarity();
            }
            if both(flag::LEAD) {
                like.lead += rarity;
            }
            if both(flag::NAME) {
                like.names += weight;
                like.rarest_name = like.rarest_name.max(mine.rarity());
            } else if !mine.has(flag::NAME) && !other.has(flag::NAME) {
                like.common += weight;
                like.shared_common += mine.rarity();
                like.rarest_common = like.rarest_common.max(mine.rarity());
            }
            like.rarest = like.rarest.max(mine.rarity());
            like.shared += mine.rarity();
        }
        let (mine, other) = (&a.lengths, &b.lengths);
        like.by_names = ratio(like.names, like.body);
        like.body = ratio(like.body, mine.body * other.body);
        like.title = ratio(like.title, mine.title * other.title);
        like.title_in = ratio(like.title_in, mine.title * mine.title);
        like.title_of = ratio(like.title_of, other.title * other.title);
        like.lead = ratio(like.lead, mine.lead * other.lead);
        like.names = ratio(like.names, mine.names * other.names);
        like.common = ratio(like.common, mine.common * other.common);
        let usual = |steep: f32| 1.0 - (-steep * like.body).exp();
        like.meaning = a.meaning.cosine(&b.meaning).unwrap_or(usual(5.0));
        like.happening = a.happening.cosine(&b.happening).unwrap_or(usual(2.5));
        like
    }
}

/// A term that two articles have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shared {
    /// Its place among the entries of the first.
    pub(crate) place: usize,
    /// As the first has it.
    pub(crate) mine: Entry,
    /// As the second has it.
    pub(crate) other: Entry,
}

/// An article with a table of where its terms stand, so that it can be held against many others: most of their
/// terms meet an empty slot and cost no more than that.
#[derive(Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) article: &'a Article,
    /// One more than the place of an entry; 0 is empty.
    slots: [u8; SLOTS],
}

const SLOTS: usize = 8 * TERMS;

impl<'a> Subject<'a> {
    pub(crate) fn new(article: &'a Article) -> Self {
        let mut slots = [0; SLOTS];
        for (place, entry) in (1..).zip(&article.entries) {
            let mut slot = entry.term as usize % SLOTS;
            while slots[slot] != 0 {
                slot = (slot + 1) % SLOTS;
            }
            slots[slot] = place;
        }
        Self { article, slots }
    }

    /// The terms that `other` has too, by term.
    pub(crate) fn shared(&self, other: &Article) -> Vec<Shared> {
        let find = |&other: &Entry| {
            let mut slot = other.term as usize % SLOTS;
            while self.slots[slot] != 0 {
                let place = usize::from(self.slots[slot]) - 1;
                let mine = *self.article.entries.get(place)?;
                if mine.term == other.term {
                    return Some(Shared { place, mine, other });
                }
                slot = (slot + 1) % SLOTS;
            }
            None
        };
        other.entries.iter().filter_map(find).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Model;

    fn article(text: &str) -> Article {
        let document = Document::from_text("a", text);
        let sketch = Sketch::of(&document);
        let model = Model::default();
        Article::new(&sketch, &model.frequencies(), model.space(), &document)
    }

    #[test]
    fn articles_survive_writing() {
        for text in [
            "",
            "Velmora mourns twelve dead in the earthquake of 2024.",
            "“We hear voices under the concrete,” said the chief.",
        ] {
            let article = article(text);
            let bytes: [u8; Article::SIZE] = article.encode().try_into().unwrap();
            assert_eq!(Article::decode(&bytes), Some(article));
        }
    }

    #[test]
    fn an_article_is_like_itself_and_unlike_another() {
        let bank = article("The central bank of Tarnland left its interest rate at 4.25 per cent.");
        let quake = article("Rescuers searched the ruins of Velmora after the earthquake.");
        let like = |a, b| Likeness::of(a, b, &Subject::new(a).shared(b));
        let same = like(&bank, &bank);
        assert!((same.body - 1.0).abs() < 1e-5 && (same.title_in - 1.0).abs() < 1e-5);
        let other = like(&bank, &quake);
        assert!(other.body < 0.05 && other.names == 0.0);
    }
}
