//! Whether a run may hold a key, without reading it.

use gristmill_core::{State, StateError};

use crate::index::KEY_BITS;
use crate::words::mix;

/// A homogeneous ribbon filter (Dillinger et al., Fast Succinct Retrieval and Approximate Membership Using Ribbon,
/// 2022) with sparse equations. A key stands for an equation over [`WIDTH`] neighbouring rows, and the rows, a few bits
/// each, are chosen so that those in the equation of a key that was given add up to nothing, bit by bit. For another key they do by
/// chance, once in `2^columns`. It takes 1.1 bits a key and column, a quarter less than the bits of Bloom's.
///
/// In the paper every second row is in an equation, and a question adds up a word of each column. Here six are, one at each
/// end and one in each quarter between: a question is six short reads from one or two lines of the cache. Equations of six
/// can be solved for all but 1.0025 rows a key (Dietzfelbinger et al., Tight Thresholds for Cuckoo Hashing via XORSAT, 2010);
/// with 1.1 rows, in windows of 64, strangers pass 1.00 to 1.13 times as often as by chance alone.
///
/// Rows follow the keys' order, so that a filter is made part by part while its run is written, and a part is all
/// of it that is worked on. The longer a run, the fewer columns it has: a bit taken from a key of the longest and
/// given to those of the shorter ones, which are fewer, spares more reads (Dayan et al., Monkey, 2017).
#[derive(Debug)]
pub(crate) struct Filter {
    /// Bits a row, 8 at most.
    columns: usize,
    parts: u64,
    /// The rows of all parts one behind the other, the lowest bits first, and [`BEHIND`].
    rows: Vec<u8>,
}

/// Rows that an equation reaches over.
const WIDTH: usize = u64::BITS as usize;
/// Rows a part.
const ROWS: usize = 1 << 13;
/// Rows of a part that an equation may begin at.
const STARTS: usize = ROWS - WIDTH + 1;
/// Rows a key.
const ROOM: f64 = 1.1;
/// Columns at most: of 256 keys that are not there, one seems to be.
const MOST_COLUMNS: usize = 8;
/// A run of so many keys has no filter, one of half as many has one column, and so on.
const NONE: f64 = 1200e6;
/// The filter of a run of so many postings is kept in a file; that of a shorter one is made again in a moment.
const KEPT: u64 = 1 << 20;
/// What the first byte of a file begins with; files of an earlier form begin with zeros.
const FORM: u8 = 1 << 4;
/// The last row is read with the byte behind it.
const BEHIND: u8 = 0;

/// The name of the file where the filter of run `number` is kept.
pub(crate) fn file(number: u64) -> String {
    format!("filter-{number:010}")
}

/// Keys that are asked after at once: what memory sends for them fits into the nearest cache.
const TOGETHER: usize = 128;

/// Where among so many `parts` the equation of a key begins: the part, and the row in it.
fn start(key: u64, parts: u64) -> (usize, usize) {
    // Below 2^64: with more than 2^28 parts there is no filter.
    let place = key * parts;
    let fraction = place & ((1 << KEY_BITS) - 1);
    (
        (place >> KEY_BITS) as usize,
        ((fraction * STARTS as u64) >> KEY_BITS) as usize,
    )
}

/// Which rows are in the equation of a key, counted from where it begins, but for the first and the last, which always are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Equation([u8; 4]);

impl Equation {
    pub(crate) fn of(key: u64) -> Self {
        const QUARTER: u64 = WIDTH as u64 / 4 - 1;
        let hash = mix(key);
        Self(std::array::from_fn(|n| {
            let part = hash >> (16 * n) & 0xffff;
            (1 + n as u64 * QUARTER + ((part * QUARTER) >> 16)) as u8
        }))
    }

    /// The rows as bits.
    fn bits(self) -> u64 {
        self.0
            .iter()
            .fold(1 | 1 << (WIDTH - 1), |bits, &row| bits | 1 << row)
    }
}

impl Filter {
    /// The filter that is kept in `file`, if it has the present form.
    pub(crate) fn open(file: &str, state: &dyn State) -> Result<Option<Self>, StateError> {
        let mut head = [0; 1];
        state.read(file, 0, &mut head)?;
        match usize::from(head[0] ^ FORM) {
            columns @ 1..=MOST_COLUMNS => Self::read(file, columns, state).map(Some),
            _ => Ok(None),
        }
    }

    fn read(file: &str, columns: usize, state: &dyn State) -> Result<Self, StateError> {
        let rows = state.len(file).unwrap_or_default().saturating_sub(1);
        let part = (ROWS * columns / 8) as u64;
        if rows == 0 || !rows.is_multiple_of(part) {
            return Err(StateError::Invalid(format!("{file} has {rows} bytes of rows")));
        }
        let mut filter = Self::new(columns, rows / part);
        filter.rows.resize(rows as usize, 0);
        state.read(file, 1, &mut filter.rows)?;
        Ok(filter.closed())
    }

    /// A filter of so many parts that are not made yet.
    fn new(columns: usize, parts: u64) -> Self {
        Self {
            columns,
            parts,
            rows: Vec::with_capacity(parts as usize * ROWS * columns / 8 + 1),
        }
    }

    fn closed(mut self) -> Self {
        self.rows.push(BEHIND);
        self
    }

    /// Calls `found` with the number of each of `keys` that may be there. `equations` are those of the keys.
    ///
    /// Each question is a look into memory far away. So what many keys need is asked for before the first of
    /// them is answered, and none waits for another.
    pub(crate) fn likely(&self, keys: &[u64], equations: &[Equation], mut found: impl FnMut(usize)) {
        let mut firsts = [0; TOGETHER];
        for (number, keys) in keys.chunks(TOGETHER).enumerate() {
            let mut touched = 0;
            for (first, &key) in firsts.iter_mut().zip(keys) {
                let (part, row) = start(key, self.parts);
                *first = (part * ROWS + row) * self.columns;
                touched ^= self.rows[*first / 8] ^ self.rows[(*first + (WIDTH - 1) * self.columns) / 8];
            }
            std::hint::black_box(touched);
            for (n, &first) in firsts[..keys.len()].iter().enumerate() {
                let number = number * TOGETHER + n;
                if self.holds(first, equations[number]) {
                    found(number);
                }
            }
        }
    }

    /// Whether the rows of an equation that begins at bit `first` add up to nothing.
    fn holds(&self, first: usize, equation: Equation) -> bool {
        let row = |row: usize| {
            let bit = first + row * self.columns;
            let bytes = self.rows.get(bit / 8..).and_then(<[u8]>::first_chunk::<2>);
            bytes.map_or(0, |bytes| u16::from_le_bytes(*bytes) >> (bit % 8))
        };
        let between = equation.0.iter().fold(0, |sum, &n| sum ^ row(usize::from(n)));
        (row(0) ^ between ^ row(WIDTH - 1)).trailing_zeros() as usize >= self.columns
    }
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
                filter: Filter::new(MOST_COLUMNS.min(columns as usize), parts as u64),
                part: 0,
                rows: vec![0; ROWS].into(),
                file: (keys >= KEPT).then(|| file(number)),
            }
        })
    }

    pub(crate) fn insert(&mut self, key: u64, state: &mut dyn State) -> Result<(), StateError> {
        let (part, mut row) = start(key, self.filter.parts);
        while self.part < part {
            self.solve(state)?;
        }
        // Gaussian elimination: an equation that follows from others comes out empty.
        let mut equation = Equation::of(key).bits();
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
        let mut part = vec![0; ROWS * columns / 8];
        let mut behind = [0_u64; MOST_COLUMNS];
        for (row, equation) in self.rows.iter_mut().enumerate().rev() {
            let free = if *equation == 0 { mix(row as u64) } else { 0 };
            for (column, behind) in behind[..columns].iter_mut().enumerate() {
                let bit = u64::from((*equation >> 1 & *behind).count_ones()) ^ free >> column;
                *behind = *behind << 1 | bit & 1;
                let place = row * columns + column;
                part[place / 8] |= ((bit & 1) as u8) << (place % 8);
            }
            *equation = 0;
        }
        match &self.file {
            Some(file) => {
                if self.part == 0 {
                    state.append(file, &[FORM | columns as u8])?;
                }
                state.append(file, &part)?;
            }
            None => self.filter.rows.extend_from_slice(&part),
        }
        self.part += 1;
        Ok(())
    }

    pub(crate) fn finish(mut self, state: &mut dyn State) -> Result<Filter, StateError> {
        while (self.part as u64) < self.filter.parts {
            self.solve(state)?;
        }
        match &self.file {
            Some(file) => Filter::read(file, self.filter.columns, state),
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
                let equations: Vec<Equation> = keys.iter().map(|&key| Equation::of(key)).collect();
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
