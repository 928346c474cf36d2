//! Whether a run may hold a key, without reading it.

use gristmill_core::{State, StateError};

use crate::index::KEY_BITS;
use crate::words::mix;

/// A Bloom filter in blocks of one cache line. Blocks follow the keys' order, so that a filter is written from its
/// first byte to its last while its run is, and two bits stand for a key.
///
/// The longer a run, the fewer bits a key: a bit taken from a key of the longest and given to those of the shorter
/// runs, which are fewer, spares more reads (Dayan et al., Monkey, 2017).
#[derive(Debug)]
pub(crate) struct Filter(Vec<u64>);

/// Words of 64 bits a block.
const BLOCK: usize = 8;
/// Bits a key at most: of a hundred keys that are not there, five seem to be.
const MOST_BITS: f64 = 8.0;
/// A run of so many keys has no filter, one of half as many has 1.44 bits a key and so on.
const NONE: f64 = (1_u64 << 28) as f64;
/// The filter of a run of so many postings is kept in a file; that of a shorter one is made again in a moment.
const KEPT: u64 = 1 << 21;
/// Words that are written or read at once.
const CHUNK: usize = 1 << 13;

/// The name of the file where the filter of run `number` is kept.
pub(crate) fn file(number: u64) -> String {
    format!("filter-{number:010}")
}

/// The block of `key` among so many, and the word and the bits of the key in it.
fn place(key: u64, blocks: usize) -> (usize, u64) {
    // Far below 2^28 blocks, so that nothing overflows.
    let block = ((key * blocks as u64) >> KEY_BITS) as usize;
    let hash = mix(key);
    let word = block * BLOCK + (hash >> 61) as usize;
    (word, 1 << (hash & 63) | 1 << (hash >> 6 & 63))
}

impl Filter {
    /// The filter that is kept in `file`.
    pub(crate) fn open(file: &str, state: &dyn State) -> Result<Self, StateError> {
        let length = state.len(file).unwrap_or_default();
        if length == 0 || !length.is_multiple_of(BLOCK as u64 * 8) {
            return Err(StateError::Invalid(format!("{file} has {length} bytes")));
        }
        let mut words = Vec::with_capacity((length / 8) as usize);
        let mut bytes = vec![0; CHUNK * 8];
        let mut at = 0;
        while at < length {
            let bytes = &mut bytes[..(length - at).min(CHUNK as u64 * 8) as usize];
            state.read(file, at, bytes)?;
            words.extend(
                bytes
                    .as_chunks::<8>()
                    .0
                    .iter()
                    .map(|&word| u64::from_le_bytes(word)),
            );
            at += bytes.len() as u64;
        }
        Ok(Self(words))
    }

    pub(crate) fn may_hold(&self, key: u64) -> bool {
        let (word, bits) = place(key, self.0.len() / BLOCK);
        self.0[word] & bits == bits
    }
}

/// A filter that is being made from keys in order.
#[derive(Debug)]
pub(crate) struct Maker {
    blocks: usize,
    /// Where it is kept, if it is.
    file: Option<String>,
    /// The words that are in the file already.
    written: usize,
    /// The words behind them.
    words: Vec<u64>,
}

impl Maker {
    /// For at most `keys` keys of run `number`; nothing where they are too many for a filter.
    pub(crate) fn new(number: u64, keys: u64) -> Option<Self> {
        let bits = ((NONE / keys.max(1) as f64).log2() / std::f64::consts::LN_2).min(MOST_BITS);
        (bits >= 1.0).then(|| Self {
            blocks: (keys as f64 * bits / (BLOCK * 64) as f64) as usize + 1,
            file: (keys >= KEPT).then(|| file(number)),
            written: 0,
            words: Vec::new(),
        })
    }

    pub(crate) fn insert(&mut self, key: u64, state: &mut dyn State) -> Result<(), StateError> {
        let (word, bits) = place(key, self.blocks);
        if word >= self.written + self.words.len() {
            self.begin_block(word / BLOCK, state)?;
        }
        self.words[word - self.written] |= bits;
        Ok(())
    }

    /// Makes room for block number `block`, after which no earlier one changes.
    fn begin_block(&mut self, block: usize, state: &mut dyn State) -> Result<(), StateError> {
        if let Some(file) = &self.file
            && self.words.len() >= CHUNK
        {
            let bytes: Vec<u8> = self.words.iter().flat_map(|word| word.to_le_bytes()).collect();
            state.append(file, &bytes)?;
            self.written += self.words.len();
            self.words.clear();
        }
        self.words.resize((block + 1) * BLOCK - self.written, 0);
        Ok(())
    }

    pub(crate) fn finish(mut self, state: &mut dyn State) -> Result<Filter, StateError> {
        self.words.resize(self.blocks * BLOCK - self.written, 0);
        let Some(file) = self.file else {
            return Ok(Filter(self.words));
        };
        let bytes: Vec<u8> = self.words.iter().flat_map(|word| word.to_le_bytes()).collect();
        state.append(&file, &bytes)?;
        Filter::open(&file, state)
    }
}
