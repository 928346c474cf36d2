//! Articles that nobody wrote: words by Zipf's law from a seed, some of them copies, quotes and fixed text.

/// The finalizer of SplitMix64.
fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// Numbers that only depend on a seed (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// From 0 to below 1.
    fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }
}

const VOCABULARY: usize = 200_000;
const OUTLETS: u64 = 300;

/// Makes articles by number.
pub(crate) struct Articles {
    vocabulary: Vec<String>,
}

/// What an article is made from.
enum Kind {
    New,
    /// Most of an earlier article, sentences dropped and words changed.
    Copy(u64),
    /// New but for some sentences of an earlier article.
    Quote(u64),
}

impl Articles {
    pub(crate) fn new() -> Self {
        let syllables = [
            "ka", "lo", "mi", "ren", "tas", "vo", "shi", "du", "per", "no", "gal", "e", "ti", "bur", "an",
            "so",
        ];
        let word = |rank: usize| {
            let mut rest = rank;
            let mut word = String::new();
            loop {
                word += syllables[rest % syllables.len()];
                rest /= syllables.len();
                if rest == 0 {
                    return word;
                }
                rest -= 1;
            }
        };
        Self {
            vocabulary: (0..VOCABULARY).map(word).collect(),
        }
    }

    fn kind(number: u64) -> Kind {
        let mut numbers = Numbers(mix(number) ^ 1);
        let earlier = number.saturating_sub(1 + numbers.below(number.min(20_000)));
        match numbers.below(100) {
            0..5 if number > 0 => Kind::Copy(earlier),
            5..15 if number > 0 => Kind::Quote(earlier),
            _ => Kind::New,
        }
    }

    /// The sentences that only article `number` has: ranks of words.
    fn sentences(&self, number: u64) -> Vec<Vec<usize>> {
        let mut numbers = Numbers(mix(number) ^ 2);
        let logarithm = (VOCABULARY as f64).ln();
        // From 150 words on, 500 in the mean.
        let words = 150 + (-(1.0 - numbers.fraction()).ln() * 350.0) as usize;
        let mut sentences = Vec::new();
        let mut count = 0;
        while count < words {
            let length = 8 + numbers.below(24) as usize;
            let rank =
                |numbers: &mut Numbers| ((numbers.fraction() * logarithm).exp() as usize).min(VOCABULARY) - 1;
            sentences.push((0..length).map(|_| rank(&mut numbers)).collect());
            count += length;
        }
        sentences
    }

    /// The text of article `number`.
    pub(crate) fn text(&self, number: u64) -> String {
        let mut numbers = Numbers(mix(number) ^ 3);
        let mut sentences = self.sentences(number);
        match Self::kind(number) {
            Kind::New => {}
            Kind::Copy(of) => {
                sentences = self.sentences(of);
                sentences.retain(|_| numbers.below(100) >= 15);
                for word in sentences.iter_mut().flatten() {
                    if numbers.below(100) < 3 {
                        *word = numbers.below(VOCABULARY as u64) as usize;
                    }
                }
            }
            Kind::Quote(of) => {
                let quoted = self.sentences(of);
                let from = numbers.below(quoted.len() as u64) as usize;
                let to = (from + 2).min(quoted.len());
                let place = numbers.below(sentences.len() as u64) as usize;
                sentences.splice(place..place, quoted[from..to].iter().cloned());
            }
        }
        // What the outlet puts under every article.
        sentences.extend(
            self.sentences(u64::MAX - numbers.below(OUTLETS))
                .into_iter()
                .take(2),
        );
        let mut text = String::new();
        for (n, sentence) in sentences.iter().enumerate() {
            let end = if n % 4 == 3 { ".\n\n" } else { ". " };
            for (n, &word) in sentence.iter().enumerate() {
                text += match n {
                    0 => "",
                    9 | 17 => ", ",
                    _ => " ",
                };
                text += &self.vocabulary[word];
            }
            text += end;
        }
        text
    }
}
