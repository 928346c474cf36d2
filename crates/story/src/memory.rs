//! The articles that may still matter: on disk what they are compared by, in memory twelve bytes each.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use gristmill_core::{State, StateError};

use crate::article::{Article, Likeness, Subject};
use crate::features::Member;
use crate::index::{self, Index, SEGMENT};

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
const READS: usize = 96;

/// What memory keeps of an article.
#[derive(Debug, Clone, Copy)]
struct Row {
    /// The number of the story's first article.
    story: u32,
    /// Minutes since 1970.
    minutes: u32,
    /// The story's member before, [`NONE`] for the first.
    before: u32,
}

const NONE: u32 = u32::MAX;
const ROW: usize = 12;
const MINUTE: i64 = 60_000;

/// A story that shares terms with an article.
#[derive(Debug)]
pub(crate) struct Near {
    /// The number of the story's first article.
    pub(crate) story: u32,
    /// Its members that were looked at; one at least.
    pub(crate) members: Vec<Member>,
}

/// The articles remembered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    rows: VecDeque<Row>,
    /// The number of the first of `rows`.
    first: u32,
    /// The latest member of each story that has more than one.
    latest: HashMap<u32, u32>,
    /// When the last article of each segment came, in minutes since 1970.
    came: BTreeMap<u32, u32>,
    index: Index,
    /// Articles that were looked at, by number; each number has one place.
    looked_at: Vec<Option<(u32, Arc<Article>)>>,
}

/// So many of the articles looked at stay in memory: one is mostly looked at by many.
const LOOKED_AT: usize = 1 << 11;

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

/// Spreads article numbers; the map that uses it is only ever asked for one total order.
#[derive(Debug, Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u32(byte.into()));
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0.rotate_left(5) ^ u64::from(number))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(26);
    }
}

impl Memory {
    /// The number of the next article.
    pub(crate) fn next(&self) -> u32 {
        self.first + self.rows.len() as u32
    }

    /// Whether the next article begins a segment.
    pub(crate) fn is_full(&self) -> bool {
        self.next().is_multiple_of(SEGMENT)
    }

    /// The segment of the next article.
    pub(crate) fn segment(&self) -> u32 {
        self.next() / SEGMENT
    }

    fn row(&self, number: u32) -> Option<&Row> {
        self.rows.get(number.checked_sub(self.first)? as usize)
    }

    fn article(&mut self, number: u32, state: &dyn State) -> Result<Arc<Article>, StateError> {
        let place = number as usize % LOOKED_AT;
        if let Some((_, article)) = self
            .looked_at
            .get(place)
            .and_then(|at| at.as_ref().filter(|(of, _)| *of == number))
        {
            return Ok(Arc::clone(article));
        }
        let article = Arc::new(self.read(number, state)?);
        self.looked_at.resize(LOOKED_AT, None);
        self.looked_at[place] = Some((number, Arc::clone(&article)));
        Ok(article)
    }

    fn read(&self, number: u32, state: &dyn State) -> Result<Article, StateError> {
        let mut bytes = [0; Article::SIZE];
        let file = name("articles", number / SEGMENT);
        state.read(
            &file,
            u64::from(number % SEGMENT) * Article::SIZE as u64,
            &mut bytes,
        )?;
        Article::decode(&bytes)
            .ok_or_else(|| StateError::Invalid(format!("file {file} holds no article {number}")))
    }

    /// Ends the segment before the next article, which came at `now` (milliseconds since 1970), and forgets the
    /// segments whose last article came more than twice `window` (milliseconds) before: within the window an
    /// article can then come late by as much and still meets all.
    pub(crate) fn turn(&mut self, now: i64, window: i64, state: &mut dyn State) -> Result<(), StateError> {
        self.index.seal(self.segment() - 1, state)?;
        while let Some((&segment, &came)) = self.came.first_key_value() {
            if i64::from(came) * MINUTE >= now.saturating_sub(window.saturating_mul(2)) {
                break;
            }
            self.came.remove(&segment);
            self.index.remove(segment, state)?;
            state.remove(&name("articles", segment))?;
            state.remove(&name("rows", segment))?;
            self.rows.drain(..SEGMENT as usize);
            self.first += SEGMENT;
        }
        let first = self.first;
        self.latest.retain(|_, latest| *latest >= first);
        Ok(())
    }

    /// Remembers the next article, of the story with this number, which came at `now` (milliseconds since 1970).
    pub(crate) fn push(
        &mut self,
        article: &Article,
        story: u32,
        now: i64,
        state: &mut dyn State,
    ) -> Result<(), StateError> {
        let segment = self.segment();
        let (time, came) = (minutes(article.time), minutes(now));
        state.append(&name("articles", segment), &article.encode())?;
        let row = [story, time, came].map(u32::to_le_bytes);
        state.append(&name("rows", segment), row.as_flattened())?;
        self.index(article);
        self.add(story, time, came);
        Ok(())
    }

    fn index(&mut self, article: &Article) {
        let weightiest = article.weightiest(INDEXED).into_iter();
        let terms = weightiest.map(|e| (article.tongue.own(e.term), pack(e.weight() / article.length())));
        self.index.push(self.next(), terms);
    }

    fn add(&mut self, story: u32, minutes: u32, came: u32) {
        let number = self.next();
        let mut before = NONE;
        if story != number {
            before = self.latest.insert(story, number).unwrap_or(story);
        }
        let last = self.came.entry(number / SEGMENT).or_default();
        *last = came.max(*last);
        self.rows.push_back(Row {
            story,
            minutes,
            before,
        });
    }

    /// Builds the memory from what `state` holds.
    pub(crate) fn open(state: &dyn State) -> Result<Self, StateError> {
        let mut memory = Self::default();
        let files = state.files();
        let segments = files
            .iter()
            .filter_map(|file| file.strip_prefix("rows-")?.parse::<u32>().ok());
        for (n, segment) in segments.enumerate() {
            if n == 0 {
                memory.first = segment * SEGMENT;
            }
            let file = name("rows", segment);
            let mut bytes = vec![0; state.len(&file).unwrap_or_default() as usize];
            state.read(&file, 0, &mut bytes)?;
            if memory.next() != segment * SEGMENT {
                return Err(StateError::Invalid(format!(
                    "file {file} does not follow the one before"
                )));
            }
            for row in bytes.as_chunks::<ROW>().0 {
                let number = |at: usize| u32::from_le_bytes([row[at], row[at + 1], row[at + 2], row[at + 3]]);
                memory.add(number(0), number(4), number(8));
            }
            if state.len(&index::name(segment)).is_some() {
                memory.index.open(segment, state)?;
            }
        }
        let Some((&last, _)) = memory.came.last_key_value() else {
            return Ok(memory);
        };
        if state.len(&index::name(last)).is_none() {
            let end = memory.next();
            let rows = memory.rows.split_off((last * SEGMENT - memory.first) as usize);
            for number in last * SEGMENT..end {
                let article = memory.read(number, state)?;
                memory.index(&article);
                memory.rows.extend(rows.get((number % SEGMENT) as usize));
            }
        }
        let first = memory.first;
        memory.latest.retain(|_, latest| *latest >= first);
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
        let minutes = minutes(article.time);
        let apart = minutes_of(window);
        let mut scores: HashMap<u32, f32, BuildHasherDefault<Spread>> = HashMap::default();
        let mut found = Vec::new();
        let mut reads = READS;
        for entry in article.weightiest(ASKED) {
            let weight = entry.weight() / article.length();
            let term = article.tongue.own(entry.term);
            self.index.look_up(term, state, &mut reads, &mut found)?;
            for posting in &found {
                if self
                    .row(posting.article)
                    .is_some_and(|row| row.minutes.abs_diff(minutes) <= apart)
                {
                    *scores.entry(posting.article).or_default() += weight * unpack(posting.weight);
                }
            }
        }
        let mut numbers: Vec<(f32, u32)> = scores
            .into_iter()
            .map(|(number, score)| (score, number))
            .collect();
        numbers.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
        numbers.truncate(NEAREST);
        let mut stories: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for &(_, number) in &numbers {
            stories.extend(self.row(number).map(|row| (row.story, Vec::new())));
        }
        for (&story, members) in &mut stories {
            let mut number = self.latest.get(&story).copied().unwrap_or(story);
            while let Some(row) = self.row(number).filter(|_| members.len() < MEMBERS) {
                if row.minutes.abs_diff(minutes) <= apart {
                    members.push(number);
                }
                number = row.before;
            }
        }
        for &(_, number) in &numbers {
            if let Some(members) = self.row(number).and_then(|row| stories.get_mut(&row.story))
                && !members.contains(&number)
            {
                members.push(number);
            }
        }
        let mut near = Vec::new();
        let subject = Subject::new(article);
        for (story, numbers) in stories {
            let mut members = Vec::new();
            for number in numbers {
                let other = self.article(number, state)?;
                if other.tongue == article.tongue
                    && other.time.abs_diff(article.time) <= window.unsigned_abs()
                {
                    let shared = subject.shared(&other);
                    let like = Likeness::of(article, &other, &shared);
                    members.push(Member {
                        article: other,
                        shared,
                        like,
                    });
                }
            }
            if !members.is_empty() {
                near.push(Near { story, members });
            }
        }
        Ok(near)
    }
}

/// The minutes that begin in so many milliseconds.
fn minutes_of(milliseconds: i64) -> u32 {
    u32::try_from(milliseconds / MINUTE + 1).unwrap_or(u32::MAX)
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
        let quake = "Rescuers searched the ruins of Velmora after the earthquake.";
        let bank = article("The bank of Tarnland left its interest rate unchanged.", 0);
        let mut memory = Memory::default();
        let mut state = MemoryState::new();
        let fill = |memory: &mut Memory, state: &mut MemoryState, first: &Article, now: i64| {
            if memory.next() > 0 {
                memory.turn(now, WINDOW, state).unwrap();
            }
            let story = memory.next();
            memory.push(first, story, now, state).unwrap();
            while !memory.is_full() {
                let next = memory.next();
                memory.push(&bank, next, now, state).unwrap();
            }
        };
        let told = article(quake, 0);
        fill(&mut memory, &mut state, &told, 0);
        fill(&mut memory, &mut state, &bank, 40 * HOUR);
        let later = article(quake, 20 * HOUR);
        let found = |memory: &mut Memory, state: &MemoryState| -> Vec<u32> {
            let near = memory.near(&later, WINDOW, state).unwrap();
            near.iter().map(|near| near.story).collect()
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
        let mut again = Memory::open(&state).unwrap();
        assert_eq!(again.next(), 3 * SEGMENT);
        assert!(!found(&mut again, &state).contains(&0));
    }
}
