//! The articles that may still matter, on disk. What memory holds of them does not grow with their number, but for what the
//! index keeps of a segment.

use std::collections::BTreeMap;
use std::sync::Arc;

use gristmill_core::{State, StateError};

use crate::article::{Article, Likeness, NONE, Subject};
use crate::features::Member;
use crate::index::{self, Index, SEGMENT, Span};
use crate::spread::Numbered;

/// Terms of an article by which it is found.
const INDEXED: usize = 20;
/// Terms of an article by which it looks for others.
const ASKED: usize = 32;
/// So many articles are looked at: those that share most with it.
const NEAREST: usize = 24;
/// Further members, the latest, of the stories of these that are looked at.
const MEMBERS: usize = 8;
/// So many parts of the index on disk are read for an article at the most, its weightiest terms first and for each the
/// latest articles: what a look-up costs has a bound, however much is remembered.
const READS: usize = 40;

const ROW: usize = 8;
const MINUTE: i64 = 60_000;

/// A story that shares terms with an article.
#[derive(Debug)]
pub(crate) struct Near {
    pub(crate) story: Joined,
    /// Its members that were looked at; one at least.
    pub(crate) members: Vec<Member>,
}

/// The story that an article joins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Joined {
    /// The number of its first article.
    pub(crate) story: u32,
    /// The number of the latest of its members that were looked at.
    pub(crate) latest: u32,
}

/// The articles remembered.
#[derive(Debug, Clone)]
pub(crate) struct Memory {
    /// Articles a segment.
    size: u32,
    /// The number of the first article that is remembered, and of the next that comes.
    first: u32,
    next: u32,
    latest: Latest,
    /// When the last article of each segment came, in minutes since 1970.
    came: BTreeMap<u32, u32>,
    index: Index,
    /// Articles that were looked at, by number; each number has one place.
    looked_at: Vec<Option<(u32, Arc<Article>)>>,
}

/// So many of the articles looked at stay in memory: one is mostly looked at by many.
const LOOKED_AT: usize = 1 << 11;

/// The latest member of each story that has more than one, by the number of its first. A story has one place, which it loses to
/// another that gets a member: then the members that the index finds lead to those before them.
#[derive(Debug, Clone, Default)]
struct Latest(Vec<[u32; 2]>);

impl Latest {
    const PLACES: usize = 1 << 17;

    fn place(story: u32) -> usize {
        (story.wrapping_mul(0x9e37_79b1) >> 15) as usize % Self::PLACES
    }

    fn get(&self, story: u32) -> Option<u32> {
        let &[of, latest] = self.0.get(Self::place(story))?;
        (of == story && latest > 0).then_some(latest)
    }

    fn set(&mut self, story: u32, latest: u32) {
        if self.0.is_empty() {
            self.0 = vec![[0; 2]; Self::PLACES];
        }
        self.0[Self::place(story)] = [story, latest];
    }
}

fn name(kind: &str, segment: u32) -> String {
    format!("{kind}-{segment:08}")
}

fn minutes(milliseconds: i64) -> u32 {
    u32::try_from(milliseconds.div_euclid(MINUTE).max(0)).unwrap_or(u32::MAX)
}

/// The weight of a term in an article, from 0 to 1, in a byte; finer where it is small.
fn pack(weight: f32) -> u8 {
    (weight.sqrt() * 255.0).round() as u8
}

fn unpack(byte: u8) -> f32 {
    let root = f32::from(byte) / 255.0;
    root * root
}

impl Default for Memory {
    fn default() -> Self {
        Self::new(SEGMENT)
    }
}

impl Memory {
    /// A memory of segments of `size` articles, [`SEGMENT`] at the most.
    pub(crate) fn new(size: u32) -> Self {
        Self {
            size,
            first: 0,
            next: 0,
            latest: Latest::default(),
            came: BTreeMap::new(),
            index: Index::new(size, INDEXED),
            looked_at: Vec::new(),
        }
    }

    /// The number of the next article.
    pub(crate) fn next(&self) -> u32 {
        self.next
    }

    /// Articles a segment.
    pub(crate) fn size(&self) -> u32 {
        self.size
    }

    /// Whether the next article begins a segment.
    pub(crate) fn is_full(&self) -> bool {
        self.next.is_multiple_of(self.size)
    }

    /// The segment of the next article.
    pub(crate) fn segment(&self) -> u32 {
        self.next / self.size
    }

    /// The article with this number, unless it is forgotten.
    fn article(&mut self, number: u32, state: &dyn State) -> Result<Option<Arc<Article>>, StateError> {
        if !(self.first..self.next).contains(&number) {
            return Ok(None);
        }
        let place = number as usize % LOOKED_AT;
        if let Some((_, article)) = self
            .looked_at
            .get(place)
            .and_then(|at| at.as_ref().filter(|(of, _)| *of == number))
        {
            return Ok(Some(Arc::clone(article)));
        }
        let article = Arc::new(self.read(number, state)?);
        self.looked_at.resize(LOOKED_AT, None);
        self.looked_at[place] = Some((number, Arc::clone(&article)));
        Ok(Some(article))
    }

    fn read(&self, number: u32, state: &dyn State) -> Result<Article, StateError> {
        let mut bytes = [0; Article::SIZE];
        let file = name("articles", number / self.size);
        state.read(
            &file,
            u64::from(number % self.size) * Article::SIZE as u64,
            &mut bytes,
        )?;
        Article::decode(&bytes)
            .ok_or_else(|| StateError::Invalid(format!("file {file} holds no article {number}")))
    }

    /// Ends the segment before the next article, which came at `now` (milliseconds since 1970), and forgets the
    /// segments whose last article came more than twice `window` (milliseconds) before: within the window an
    /// article can then come late by as much and still meets all.
    pub(crate) fn turn(&mut self, now: i64, window: i64, state: &mut dyn State) -> Result<(), StateError> {
        self.index.begin_to_close(state)?;
        let ended = self.segment() - 1;
        // The segment that has just ended is closing, and is forgotten at the next end at the earliest.
        while let Some((&segment, &came)) = self.came.first_key_value().filter(|(at, _)| **at < ended) {
            if i64::from(came) * MINUTE >= now.saturating_sub(window.saturating_mul(2)) {
                break;
            }
            self.came.remove(&segment);
            self.index.remove(segment, state)?;
            state.remove(&name("articles", segment))?;
            state.remove(&name("rows", segment))?;
            self.first = (segment + 1) * self.size;
        }
        Ok(())
    }

    /// Goes on with what ending a segment put off, in proportion to the articles that have come since.
    pub(crate) fn tend(&mut self, state: &mut dyn State) -> Result<(), StateError> {
        self.index.close(self.next % self.size, state)
    }

    /// Remembers the next article, which came at `now` (milliseconds since 1970), as one that has `joined` a story or begins one;
    /// the article learns what it follows.
    pub(crate) fn push(
        &mut self,
        article: &mut Article,
        joined: Option<Joined>,
        now: i64,
        state: &mut dyn State,
    ) -> Result<(), StateError> {
        let segment = self.segment();
        let came = minutes(now);
        article.first = self.next;
        article.before = NONE;
        if let Some(Joined { story, latest }) = joined {
            article.first = story;
            article.before = self.latest.get(story).unwrap_or(latest);
        }
        state.append(&name("articles", segment), &article.encode())?;
        let row = [article.first, came].map(u32::to_le_bytes);
        state.append(&name("rows", segment), row.as_flattened())?;
        self.index(article);
        self.add(article.first, came);
        Ok(())
    }

    fn index(&mut self, article: &Article) {
        let weightiest = article.weightiest(INDEXED).into_iter();
        let terms = weightiest.map(|e| (article.tongue.own(e.term), pack(e.weight() / article.length())));
        self.index.push(self.next, minutes(article.time), terms);
    }

    fn add(&mut self, story: u32, came: u32) {
        if story != self.next {
            self.latest.set(story, self.next);
        }
        let last = self.came.entry(self.next / self.size).or_default();
        *last = came.max(*last);
        self.next += 1;
    }

    /// Builds the memory from what `state` holds, which was written with segments of `size` articles.
    pub(crate) fn open(size: u32, state: &mut dyn State) -> Result<Self, StateError> {
        let mut memory = Self::new(size);
        let closed = index::closed(state)?;
        let files = state.files();
        let segments = files
            .iter()
            .filter_map(|file| file.strip_prefix("rows-")?.parse::<u32>().ok());
        for (n, segment) in segments.enumerate() {
            if n == 0 {
                memory.first = segment * size;
                memory.next = memory.first;
            }
            let file = name("rows", segment);
            if memory.next != segment * size {
                return Err(StateError::Invalid(format!(
                    "file {file} does not follow the one before"
                )));
            }
            if segment < closed {
                memory.index.open(segment, state)?;
            } else if n > 0 && segment > closed {
                memory.index.begin_to_close(state)?;
            }
            let mut bytes = vec![0; state.len(&file).unwrap_or_default() as usize];
            state.read(&file, 0, &mut bytes)?;
            for &[a, b, c, d, e, f, g, h] in bytes.as_chunks::<ROW>().0 {
                if segment >= closed {
                    let article = memory.read(memory.next, state)?;
                    memory.index(&article);
                }
                memory.add(u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
            }
        }
        Ok(memory)
    }

    /// The stories with members that share terms with `article` and are at most `window` milliseconds away, by
    /// the number of the story.
    pub(crate) fn near(
        &mut self,
        article: &Article,
        window: i64,
        state: &dyn State,
    ) -> Result<Vec<Near>, StateError> {
        let span = Span {
            from: minutes(article.time.saturating_sub(window)),
            to: minutes(article.time.saturating_add(window)),
        };
        let mut scores = Numbered::<f32>::default();
        let mut found = Vec::new();
        let mut reads = READS;
        for entry in article.weightiest(ASKED) {
            let weight = entry.weight() / article.length();
            let term = article.tongue.own(entry.term);
            self.index.look_up(term, span, state, &mut reads, &mut found)?;
            for posting in &found {
                *scores.entry(posting.article).or_default() += weight * unpack(posting.weight);
            }
        }
        let mut numbers: Vec<(f32, u32)> = scores
            .into_iter()
            .map(|(number, score)| (score, number))
            .collect();
        numbers.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
        numbers.truncate(NEAREST);
        let mut stories: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (_, number) in numbers {
            if let Some(other) = self.article(number, state)? {
                stories.entry(other.first).or_default().push(number);
            }
        }
        let mut near = Vec::new();
        let subject = Subject::new(article);
        for (story, found) in stories {
            let numbers = self.members(story, &found, span, state)?;
            let mut members = Vec::new();
            let mut latest = 0;
            for number in numbers {
                let other = self.article(number, state)?;
                let within = |other: &Arc<Article>| {
                    other.tongue == article.tongue
                        && other.time.abs_diff(article.time) <= window.unsigned_abs()
                };
                if let Some(other) = other.filter(within) {
                    let shared = subject.shared(&other);
                    let like = Likeness::of(article, &other, &shared);
                    latest = latest.max(number);
                    members.push(Member {
                        article: other,
                        shared,
                        like,
                    });
                }
            }
            if !members.is_empty() {
                let story = Joined { story, latest };
                near.push(Near { story, members });
            }
        }
        Ok(near)
    }

    /// The members of a story that are looked at: the latest within `span`, and those that were `found`.
    fn members(
        &mut self,
        story: u32,
        found: &[u32],
        span: Span,
        state: &dyn State,
    ) -> Result<Vec<u32>, StateError> {
        /// Members that are passed over, being published outside the span.
        const PASSED: usize = MEMBERS;
        let mut members = Vec::new();
        let mut passed = 0;
        let mut number = self
            .latest
            .get(story)
            .or(found.iter().copied().max())
            .unwrap_or(NONE);
        while members.len() < MEMBERS
            && passed < PASSED
            && let Some(other) = self.article(number, state)?
        {
            if span.has(minutes(other.time)) {
                members.push(number);
            } else {
                passed += 1;
            }
            number = other.before;
        }
        for number in found {
            if !members.contains(number) {
                members.push(*number);
            }
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use gristmill_core::{Document, MemoryState};

    use super::*;
    use crate::Model;
    use crate::sketch::Sketch;

    const HOUR: i64 = 3_600_000;

    fn article(text: &str, time: i64) -> Article {
        let model = Model::default();
        let document = Document::from_text("a", text);
        let mut article = Article::new(
            &Sketch::of(&document),
            &model.frequencies(),
            model.space(),
            &document,
        );
        article.time = time;
        article
    }

    #[test]
    fn a_segment_is_forgotten_when_twice_the_window_has_gone_by() {
        const WINDOW: i64 = 24 * HOUR;
        const SIZE: u32 = 50;
        let quake = "Rescuers searched the ruins of Velmora after the earthquake.";
        let bank = article("The bank of Tarnland left its interest rate unchanged.", 0);
        let mut memory = Memory::new(SIZE);
        let mut state = MemoryState::new();
        let fill = |memory: &mut Memory, state: &mut MemoryState, first: &Article, now: i64| {
            if memory.next() > 0 {
                memory.turn(now, WINDOW, state).unwrap();
            }
            memory.push(&mut first.clone(), None, now, state).unwrap();
            while !memory.is_full() {
                memory.push(&mut bank.clone(), None, now, state).unwrap();
                memory.tend(state).unwrap();
            }
        };
        let told = article(quake, 0);
        fill(&mut memory, &mut state, &told, 0);
        fill(&mut memory, &mut state, &bank, 40 * HOUR);
        let later = article(quake, 20 * HOUR);
        let found = |memory: &mut Memory, state: &MemoryState| -> Vec<u32> {
            let near = memory.near(&later, WINDOW, state).unwrap();
            near.iter().map(|near| near.story.story).collect()
        };
        assert!(
            found(&mut memory, &state).contains(&0),
            "a late article still meets it"
        );
        fill(&mut memory, &mut state, &bank, 49 * HOUR);
        assert!(!found(&mut memory, &state).contains(&0));
        let kept = |state: &MemoryState, kind: &str| {
            let files = state.files();
            files
                .iter()
                .filter(|file| file.starts_with(kind))
                .cloned()
                .collect::<Vec<_>>()
        };
        assert_eq!(
            kept(&state, "articles"),
            ["articles-00000001", "articles-00000002"]
        );
        assert_eq!(kept(&state, "rows"), ["rows-00000001", "rows-00000002"]);
        assert_eq!(kept(&state, "postings"), ["postings-00000001"]);
        let mut again = Memory::open(SIZE, &mut state).unwrap();
        assert_eq!(again.next(), 3 * SIZE);
        assert!(!found(&mut again, &state).contains(&0));
    }
}
