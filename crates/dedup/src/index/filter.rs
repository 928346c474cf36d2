//! Whether a run may hold a key, without reading it.

use gristmill_core::{State, StateError};

use crate::index::KEY_BITS;
use crate::words::mix;

/// A homogeneous ribbon filter (Dillinger et al., Fast Succinct Retrieval and Approximate Membership Using Ribbon,
/// 2022). A key stands for an equation over 64 neighbouring rows of bits, and the rows are chosen so that it holds
/// in each of `columns` columns for all keys that were given; for another it holds by chance, once in `2^columns`.
/// It takes 1.1 bits a key and column, a quarter less than the bits of Bloom's.
///
/// Rows follow the keys' order, so that a filter is made part by part while its run is written, and a part is all
/// of it that is worked on. The longer a run, the fewer columns it has: a bit taken from a key of the longest and
/// given to those of the shorter ones, which are fewer, spares more reads (Dayan et al., Monkey, 2017).
#[derive(Debug)]
pub(crate) struct Filter {
    columns: usize,
    /// Rows that an equation may begin at.
    starts: u64,
    /// A word of each of the first columns for every 64 rows, and zeros behind the last. They stand apart from the
    /// others, since they tell most strangers, and the fewer lines of the cache a question meets the better.
    first: Vec<u64>,
    /// The same of the other columns.
    others: Vec<u64>,
}

/// Rows a part.
const ROWS: usize = 1 << 13;
/// Rows of a part that an equation may begin at.
const STARTS: usize = ROWS - 63;
/// Words of a part and column.
const WORDS: usize = ROWS / 64;
/// Rows a key.
const ROOM: f64 = 1.1;
/// Columns at most: of 256 keys that are not there, one seems to be.
const MOST_COLUMNS: usize = 8;
/// A run of so many keys has no filter, one of half as many has one column, and so on.
const NONE: f64 = 600e6;
/// The filter of a run of so many postings is kept in a file; that of a shorter one is made again in a moment.
const KEPT: u64 = 1 << 20;

/// The name of the file where the filter of run `number` is kept.
pub(crate) fn file(number: u64) -> String {
    format!("filter-{number:010}")
}

/// Keys that are asked after at once: what memory sends for them fits into the nearest cache.
const TOGETHER: usize = 64;
/// Columns that are looked at before the others, half of them.
const FIRST: usize = MOST_COLUMNS / 2;

/// Where among so many `starts` the equation of a key begins.
fn start(key: u64, starts: u64) -> usize {
    // Below 2^64: with more than 2^28 rows there is no filter.
    ((key * starts) >> KEY_BITS) as usize
}

/// Which of 64 rows are in the equation of a key.
pub(crate) fn equation(key: u64) -> u64 {
    mix(key) | 1
}

impl Filter {
    /// The filter that is kept in `file`.
    pub(crate) fn open(file: &str, state: &dyn State) -> Result<Self, StateError> {
        let length = state.len(file).unwrap_or_default();
        let mut columns = [0; 1];
        state.read(file, 0, &mut columns)?;
        let columns = usize::from(columns[0]);
        let mut bytes = vec![0; columns * ROWS / 8];
        if bytes.is_empty() || length % bytes.len() as u64 != 1 {
            return Err(StateError::Invalid(format!("{file} has {length} bytes")));
        }
        let parts = length as usize / bytes.len();
        let mut filter = Self::new(columns, parts);
        for at in (1..length).step_by(bytes.len()) {
            state.read(file, at, &mut bytes)?;
            let words = bytes.as_chunks::<8>().0.iter();
            filter.extend(words.map(|&word| u64::from_le_bytes(word)));
        }
        Ok(filter.closed())
    }

    /// A filter of so many parts that are not made yet.
    fn new(columns: usize, parts: usize) -> Self {
        let first = columns.min(FIRST);
        Self {
            columns,
            starts: (parts * STARTS) as u64,
            // What is behind the last part makes that no look goes past the end.
            first: Vec::with_capacity((parts * WORDS + 1) * first),
            others: Vec::with_capacity((parts * WORDS + 1) * (columns - first)),
        }
    }

    /// Adds a word of each column for every 64 rows.
    fn extend(&mut self, words: impl Iterator<Item = u64>) {
        for (n, word) in words.enumerate() {
            match n % self.columns < FIRST {
                true => self.first.push(word),
                false => self.others.push(word),
            }
        }
    }

    /// With what is behind the last part.
    fn closed(mut self) -> Self {
        let columns = self.columns;
        self.extend(std::iter::repeat_n(0, columns));
        self
    }

    /// Calls `found` with the number of each of `keys` that may be there. `equations` are those of the keys.
    ///
    /// Each question is a look into memory far away. So the words for many keys are asked for before the first of
    /// them is needed, and none waits for another.
    pub(crate) fn likely(&self, keys: &[u64], equations: &[u64], mut found: impl FnMut(usize)) {
        let (first, others) = (self.columns.min(FIRST), self.columns.saturating_sub(FIRST));
        let mut places = [(0, 0); TOGETHER];
        for (number, keys) in keys.chunks(TOGETHER).enumerate() {
            let mut touched = 0;
            for (place, &key) in places.iter_mut().zip(keys) {
                let start = start(key, self.starts);
                // The last rows of a part are nobody's start.
                let row = start + start / STARTS * (ROWS - STARTS);
                *place = (row / 64, row % 64);
                touched ^= self.first[row / 64 * first] ^ self.first[row / 64 * first + 2 * first - 1];
            }
            std::hint::black_box(touched);
            for (n, &(block, shift)) in places[..keys.len()].iter().enumerate() {
                let number = number * TOGETHER + n;
                let holds = |words: &[u64], columns: usize| {
                    let words = &words[block * columns..][..2 * columns];
                    holds(words.split_at(columns), shift, equations[number])
                };
                if holds(&self.first, first) && (others == 0 || holds(&self.others, others)) {
                    found(number);
                }
            }
        }
    }
}

/// Whether an equation, which begins at a row of `words` and ends in those `behind`, holds in each of at most [`FIRST`] columns.
fn holds((words, behind): (&[u64], &[u64]), shift: usize, equation: u64) -> bool {
    let mut lanes = [0; FIRST];
    for (lane, (word, behind)) in lanes.iter_mut().zip(words.iter().zip(behind)) {
        *lane = (word >> shift | behind << 1 << (63 - shift)) & equation;
    }
    !any_odd(lanes)
}

/// Whether one of these has an odd number of ones. Halves are folded onto halves, those of two in one word as soon
/// as there is room: the baseline of x86-64 has no instruction that counts ones.
fn any_odd([a, b, c, d]: [u64; FIRST]) -> bool {
    const LOW: u64 = 0x0000_ffff_0000_ffff;
    let fold = |a: u64, b: u64| {
        let both = (a ^ a >> 32) & 0xffff_ffff | (b ^ b >> 32) << 32;
        (both ^ both >> 16) & LOW
    };
    let mut all = fold(a, b) | fold(c, d) << 16;
    for by in [8, 4, 2, 1] {
        all ^= all >> by;
    }
    all & 0x0001_0001_0001_0001 != 0
}

/// A filter that is being made from keys in order.
#[derive(Debug)]
pub(crate) struct Maker {
    filter: Filter,
    /// The part that is being made.
    part: usize,
    /// The equations of that part, by their first row.
    rows: Box<[u64]>,
    /// Where the filter is kept, if it is.
    file: Option<String>,
}

impl Maker {
    /// For at most `keys` keys of run `number`; nothing where they are too many for a filter.
    pub(crate) fn new(number: u64, keys: u64) -> Option<Self> {
        let columns = (NONE / keys.max(1) as f64).log2().round();
        (columns >= 1.0).then(|| {
            let parts = (keys as f64 * ROOM / STARTS as f64) as usize + 1;
            Self {
                filter: Filter::new(MOST_COLUMNS.min(columns as usize), parts),
                part: 0,
                rows: vec![0; ROWS].into(),
                file: (keys >= KEPT).then(|| file(number)),
            }
        })
    }

    pub(crate) fn insert(&mut self, key: u64, state: &mut dyn State) -> Result<(), StateError> {
        let start = start(key, self.filter.starts);
        while self.part < start / STARTS {
            self.solve(state)?;
        }
        // Gaussian elimination: an equation that follows from others comes out empty.
        let (mut row, mut equation) = (start % STARTS, equation(key));
        while self.rows[row] != 0 {
            equation ^= self.rows[row];
            if equation == 0 {
                return Ok(());
            }
            row += equation.trailing_zeros() as usize;
            equation >>= equation.trailing_zeros();
        }
        self.rows[row] = equation;
        Ok(())
    }

    /// Finishes a part: rows that no equation begins with may be as they like, the others follow from those behind.
    fn solve(&mut self, state: &mut dyn State) -> Result<(), StateError> {
        let columns = self.filter.columns;
        let mut part = vec![0; WORDS * columns];
        let mut behind = [0_u64; MOST_COLUMNS];
        for (row, equation) in self.rows.iter_mut().enumerate().rev() {
            let free = if *equation == 0 { mix(row as u64) } else { 0 };
            for (column, behind) in behind[..columns].iter_mut().enumerate() {
                let bit = u64::from((*equation >> 1 & *behind).count_ones()) ^ free >> column;
                *behind = *behind << 1 | bit & 1;
                if row % 64 == 0 {
                    part[row / 64 * columns + column] = *behind;
                }
            }
            *equation = 0;
        }
        match &self.file {
            Some(file) => {
                if self.part == 0 {
                    state.append(file, &[columns as u8])?;
                }
                let bytes: Vec<u8> = part.iter().flat_map(|word| word.to_le_bytes()).collect();
                state.append(file, &bytes)?;
            }
            None => self.filter.extend(part.into_iter()),
        }
        self.part += 1;
        Ok(())
    }

    pub(crate) fn finish(mut self, state: &mut dyn State) -> Result<Filter, StateError> {
        while ((self.part * STARTS) as u64) < self.filter.starts {
            self.solve(state)?;
        }
        match &self.file {
            Some(file) => Filter::open(file, state),
            None => Ok(self.filter.closed()),
        }
    }
}

#[cfg(test)]
mod tests {
    use gristmill_core::MemoryState;

    use super::*;

    #[test]
    fn what_is_there_is_found_and_little_else() {
        for (count, strangers, kept) in [(50, 0.02, false), (200_000, 0.006, true)] {
            let mut keys: Vec<u64> = (0..count).map(|n| mix(n) >> (64 - KEY_BITS)).collect();
            keys.sort_unstable();
            let mut state = MemoryState::new();
            let mut maker = Maker::new(1, count).unwrap();
            maker.file = kept.then(|| file(1));
            for &key in &keys {
                maker.insert(key, &mut state).unwrap();
            }
            let filter = maker.finish(&mut state).unwrap();
            let held = |keys: &[u64]| {
                let equations: Vec<u64> = keys.iter().map(|&key| equation(key)).collect();
                let mut held = Vec::new();
                filter.likely(keys, &equations, |n| held.push(n));
                assert!(held.is_sorted() && held.iter().all(|&n| n < keys.len()));
                held.len()
            };
            assert_eq!(held(&keys), keys.len());
            let others: Vec<u64> = (0..100_000).map(|n| mix(count + n) >> (64 - KEY_BITS)).collect();
            let held = held(&others);
            assert!(
                (held as f64) < strangers * 100_000.0,
                "{held} of 100000 among {count}"
            );
            assert_eq!(state.len(&file(1)).is_some(), kept);
        }
    }
}
