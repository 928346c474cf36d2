//! What the stream has taught about how rare terms are, kept in the state.
//!
//! Each article adds a short entry to a log. Once a segment the whole table is written, so that a start has not much of
//! the log to go through: slice by slice while articles go on coming, each slice with the number of articles that it
//! counts already. The log adds those that came later.

use gristmill_core::{State, StateError};

use crate::frequencies::{BUCKETS, Frequencies};
use crate::index::due;
use crate::model::Model;
use crate::sketch::Sketch;
use crate::terms::Tongue;

/// Slices in which a table is written.
const SLICES: usize = 64;
const SLICE: usize = BUCKETS / SLICES;
/// Bytes of a slice: the articles of the segment that it counts, and the counts.
const BYTES: usize = 4 + 4 * SLICE;

/// The segment of the last whole table, in the state.
const WHOLE: &[u8] = b"frequencies";

/// The table of frequencies, and how far it is written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Learned {
    /// None until it is first asked for: tables of all languages take a while to spread.
    frequencies: Option<Frequencies>,
    /// Slices that are written of the table of the segment being filled.
    written: usize,
}

fn table(segment: u32) -> String {
    format!("frequencies-{segment:08}")
}

fn log(segment: u32) -> String {
    format!("counts-{segment:08}")
}

impl Learned {
    pub(crate) fn frequencies(&mut self, model: &Model) -> &mut Frequencies {
        self.frequencies.get_or_insert_with(|| model.frequencies())
    }

    /// Counts an article of `segment`.
    pub(crate) fn add(
        &mut self,
        sketch: &Sketch,
        model: &Model,
        segment: u32,
        state: &mut dyn State,
    ) -> Result<(), StateError> {
        let buckets = Frequencies::buckets(sketch.tongue, sketch.counts.iter().map(|count| count.term));
        state.append(&log(segment), &entry(sketch.tongue, &buckets))?;
        self.frequencies(model).add(sketch.tongue, &buckets);
        Ok(())
    }

    /// Begins `segment`, and its table; that of the segment before is made whole first.
    pub(crate) fn turn(
        &mut self,
        segment: u32,
        model: &Model,
        state: &mut dyn State,
    ) -> Result<(), StateError> {
        self.write(segment - 1, u32::MAX, SLICES, state)?;
        let frequencies = self.frequencies(model);
        frequencies.fade();
        state.append(&table(segment), &frequencies.head())?;
        self.written = 0;
        Ok(())
    }

    /// Goes on writing the table of `segment`, of which there are so many `articles` of `size`.
    pub(crate) fn tend(
        &mut self,
        segment: u32,
        articles: u32,
        size: u32,
        state: &mut dyn State,
    ) -> Result<(), StateError> {
        self.write(segment, articles, due(articles, size, SLICES), state)
    }

    /// Writes the table of `segment` up to slice `end`. Nothing is written of the first: it is what the model starts with.
    fn write(
        &mut self,
        segment: u32,
        articles: u32,
        end: usize,
        state: &mut dyn State,
    ) -> Result<(), StateError> {
        let Some(frequencies) = self.frequencies.as_ref().filter(|_| segment > 0) else {
            return Ok(());
        };
        while self.written < end {
            let slice = self.written * SLICE..(self.written + 1) * SLICE;
            let mut bytes = articles.to_le_bytes().to_vec();
            bytes.extend(
                frequencies
                    .counts(slice)
                    .iter()
                    .flat_map(|count| count.to_le_bytes()),
            );
            state.append(&table(segment), &bytes)?;
            self.written += 1;
            if self.written == SLICES {
                state.put(WHOLE, &segment.to_le_bytes())?;
                for old in [table(segment - 1), log(segment - 1)] {
                    if state.len(&old).is_some() {
                        state.remove(&old)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// What `state` holds when the next article is of `segment`, or begins the one after.
    pub(crate) fn open(segment: u32, model: &Model, state: &dyn State) -> Result<Self, StateError> {
        let whole = state
            .get(WHOLE)?
            .and_then(|bytes| <[u8; 4]>::try_from(bytes).ok())
            .map(u32::from_le_bytes);
        let mut learned = Self::default();
        let (mut frequencies, counted) = match whole {
            None => (model.frequencies(), vec![0; SLICES]),
            Some(segment) => whole_table(&table(segment), state)?,
        };
        let first = whole.unwrap_or_default();
        replay(&read(&log(first), state)?, &mut frequencies, &counted);
        for segment in first + 1..=segment {
            frequencies.fade();
            replay(&read(&log(segment), state)?, &mut frequencies, &[0; SLICES]);
        }
        if segment > 0 && whole != Some(segment) {
            let bytes = read(&table(segment), state)?;
            learned.written = Frequencies::from_head(&bytes).map_or(0, |(_, slices)| slices.len() / BYTES);
        } else {
            learned.written = SLICES;
        }
        learned.frequencies = Some(frequencies);
        Ok(learned)
    }
}

fn read(file: &str, state: &dyn State) -> Result<Vec<u8>, StateError> {
    let mut bytes = vec![0; state.len(file).unwrap_or_default() as usize];
    if !bytes.is_empty() {
        state.read(file, 0, &mut bytes)?;
    }
    Ok(bytes)
}

/// A table with, of each slice, the number of articles that it counts.
fn whole_table(file: &str, state: &dyn State) -> Result<(Frequencies, Vec<u32>), StateError> {
    let bytes = read(file, state)?;
    let (mut frequencies, slices) = Frequencies::from_head(&bytes)
        .filter(|(_, slices)| slices.len() == SLICES * BYTES)
        .ok_or_else(|| StateError::Invalid(format!("file {file} is no table of frequencies")))?;
    let mut counted = Vec::with_capacity(SLICES);
    for (number, slice) in slices.chunks_exact(BYTES).enumerate() {
        let mut numbers = slice.as_chunks().0.iter().map(|&bytes| u32::from_le_bytes(bytes));
        counted.extend(numbers.next());
        frequencies.set_counts(number * SLICE, numbers);
    }
    Ok((frequencies, counted))
}

/// What an article adds to the log: its language, the number of buckets, and their distances, seven bits a byte.
fn entry(tongue: Tongue, buckets: &[u32]) -> Vec<u8> {
    let mut bytes = tongue.number().to_le_bytes().to_vec();
    bytes.extend((buckets.len() as u16).to_le_bytes());
    let mut last = 0;
    for &bucket in buckets {
        let mut apart = bucket - last;
        last = bucket;
        while apart >= 128 {
            bytes.push(apart as u8 | 128);
            apart >>= 7;
        }
        bytes.push(apart as u8);
    }
    bytes
}

/// Adds a log of [`entry`] to `frequencies`, but for the articles that a slice has `counted` already.
fn replay(mut bytes: &[u8], frequencies: &mut Frequencies, counted: &[u32]) {
    let mut buckets = Vec::new();
    let mut article = 0;
    while let Some((head, rest)) = bytes.split_first_chunk::<6>() {
        let tongue = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
        bytes = rest;
        buckets.clear();
        let mut bucket = 0;
        for _ in 0..u16::from_le_bytes([head[4], head[5]]) {
            let mut shift = 0;
            while let Some((&byte, rest)) = bytes.split_first() {
                bytes = rest;
                bucket += u32::from(byte & 127) << shift;
                shift += 7;
                if byte < 128 {
                    break;
                }
            }
            if counted
                .get(bucket as usize / SLICE)
                .is_none_or(|&counted| article >= counted)
            {
                buckets.push(bucket);
            }
        }
        frequencies.add(Tongue::from_number(tongue), &buckets);
        article += 1;
    }
}

#[cfg(test)]
mod tests {
    use gristmill_core::{Document, MemoryState};

    use super::*;

    #[test]
    fn a_start_knows_what_was_learned_however_far_the_table_is_written() {
        const SIZE: u32 = 6;
        let model = Model::default();
        let mut state = MemoryState::new();
        let mut learned = Learned::default();
        let check = |learned: &mut Learned, state: &MemoryState, segment: u32, written: usize| {
            let mut again = Learned::open(segment, &model, state).unwrap();
            assert!(
                again.frequencies(&model) == learned.frequencies(&model),
                "segment {segment}, {written} slices"
            );
            assert_eq!(again.written, written);
        };
        for article in 0..4 * SIZE {
            let (segment, within) = (article / SIZE, article % SIZE);
            if within == 0 && segment > 0 {
                learned.turn(segment, &model, &mut state).unwrap();
            }
            let text = format!(
                "Velmora mourns the {article} dead of the quake, and {}",
                segment * 7
            );
            let mut document = Document::from_text("a", &text);
            document.language.code = (article > SIZE).then(|| "xx".into());
            let sketch = Sketch::of(&document);
            learned.add(&sketch, &model, segment, &mut state).unwrap();
            // In the third segment nothing is written until it ends.
            let due = match segment {
                0 => SLICES,
                2 => 0,
                _ => due(within + 1, SIZE, SLICES),
            };
            if segment != 2 {
                learned.tend(segment, within + 1, SIZE, &mut state).unwrap();
            }
            check(&mut learned, &state, segment, due);
        }
        assert_eq!(
            state.files(),
            ["counts-00000003", "frequencies-00000003"],
            "what a whole table counts is forgotten"
        );
    }
}
