//! What an article is about, beyond the very words: a direction in a space in which words that stand in the
//! same articles lie close together (latent semantic indexing).

use crate::terms::{Term, Tongue};

/// The dimensions of the space.
pub const DIMENSIONS: usize = 64;

/// Vectors of words: the number of words (4 bytes, little-endian), their terms in rising order (4 each), then
/// [`DIMENSIONS`] signed bytes each. The words of one language; other languages have no meaning here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Space {
    terms: Vec<Term>,
    vectors: Vec<[i8; DIMENSIONS]>,
    /// Where the terms begin that share their upper bits.
    starts: Vec<u32>,
}

/// Upper bits of a term by which it is looked up.
const UPPER: u32 = 12;

impl Space {
    /// The language of the words.
    const TONGUE: &'static str = "en";

    /// The space written in `bytes`; none if they are not one.
    pub(crate) fn new(bytes: &[u8]) -> Option<Self> {
        let (count, rest) = bytes.split_first_chunk::<4>()?;
        let count = u32::from_le_bytes(*count) as usize;
        let (terms, vectors) = rest.split_at_checked(count * 4)?;
        let terms: Vec<Term> = terms
            .as_chunks()
            .0
            .iter()
            .map(|&term| Term::from_le_bytes(term))
            .collect();
        let vectors = vectors.as_chunks::<DIMENSIONS>().0.iter();
        let vectors: Vec<_> = vectors.map(|vector| vector.map(|byte| byte as i8)).collect();
        let mut starts = vec![0; (1 << UPPER) + 1];
        for &term in &terms {
            starts[(term >> (32 - UPPER)) as usize + 1] += 1;
        }
        for n in 1..starts.len() {
            starts[n] += starts[n - 1];
        }
        (vectors.len() == count).then_some(Self {
            terms,
            vectors,
            starts,
        })
    }

    fn vector(&self, term: Term) -> Option<&[i8; DIMENSIONS]> {
        let upper = (term >> (32 - UPPER)) as usize;
        let (start, end) = (
            *self.starts.get(upper)? as usize,
            *self.starts.get(upper + 1)? as usize,
        );
        let place = self.terms.get(start..end)?.binary_search(&term).ok()?;
        self.vectors.get(start + place)
    }

    /// Two directions of terms, by the weights of each term in the one and the other.
    pub(crate) fn meanings(
        &self,
        tongue: Tongue,
        terms: impl Iterator<Item = (Term, [f32; 2])>,
    ) -> [Meaning; 2] {
        let mut sums = [[0.0_f32; DIMENSIONS]; 2];
        if [Tongue::UNKNOWN, Tongue::of(Some(Self::TONGUE))].contains(&tongue) {
            for (term, weights) in terms {
                let Some(vector) = self.vector(term) else { continue };
                let vector = vector.map(f32::from);
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    if weight > 0.0 {
                        for (sum, value) in sum.iter_mut().zip(&vector) {
                            *sum += weight * value;
                        }
                    }
                }
            }
        }
        sums.map(|sum| {
            let most = sum.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
            Meaning::new(sum.map(|value| {
                if most > 0.0 {
                    (value / most * 127.0).round() as i8
                } else {
                    0
                }
            }))
        })
    }
}

/// A direction; all zero where nothing is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Meaning {
    vector: [i8; DIMENSIONS],
    length: f32,
}

impl Meaning {
    fn new(vector: [i8; DIMENSIONS]) -> Self {
        Self {
            length: (dot(&vector, &vector) as f32).sqrt(),
            vector,
        }
    }

    /// How alike two directions are; none unless both are known.
    pub(crate) fn cosine(&self, other: &Self) -> Option<f32> {
        let lengths = self.length * other.length;
        (lengths > 0.0).then(|| dot(&self.vector, &other.vector) as f32 / lengths)
    }

    pub(crate) fn to_bytes(self) -> [u8; DIMENSIONS] {
        self.vector.map(|value| value as u8)
    }

    pub(crate) fn from_bytes(bytes: &[u8; DIMENSIONS]) -> Self {
        Self::new(bytes.map(|byte| byte as i8))
    }
}

fn dot(a: &[i8; DIMENSIONS], b: &[i8; DIMENSIONS]) -> i32 {
    a.iter().zip(b).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum()
}
