//! Words and their fingerprints: the pure half of the work.

/// A word of a text: its hash with case folded away, and where it stands in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) hash: u64,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// How many words make a shingle. Five in a row are rare enough to stand for their place even among a million
/// articles, where three would be idiom.
pub(crate) const SHINGLE: usize = 5;

/// A text up to this many words is fingerprinted whole: a sample of so few shingles would be left to chance.
const SHORT: usize = 64;

/// A text without this many words says too little to be anything but an exact copy.
const LEAST: usize = 12;

/// Where a fingerprint stands is kept in 16 bits, so what lies behind so many words is not fingerprinted.
const MOST: usize = u16::MAX as usize;

/// Spreads `value` over all 64 bits (the finalizer of SplitMix64). Hashes are stored, so this never changes.
pub(crate) fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// Whether `c` belongs to a script that sets no spaces between words; each such character is a word.
fn stands_alone(c: char) -> bool {
    matches!(c,
        '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// The words of `text`: runs of letters and digits, whatever their case, spacing and punctuation.
pub(crate) fn words(text: &str) -> Vec<Word> {
    const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut words = Vec::with_capacity(text.len() / 6);
    let mut open: Option<(u64, usize)> = None;
    let close = |open: &mut Option<(u64, usize)>, end: usize, words: &mut Vec<Word>| {
        if let Some((hash, start)) = open.take() {
            words.push(Word {
                hash: mix(hash),
                start: start as u32,
                end: end as u32,
            });
        }
    };
    for (at, c) in text.char_indices() {
        if !c.is_alphanumeric() {
            close(&mut open, at, &mut words);
            continue;
        }
        if stands_alone(c) {
            close(&mut open, at, &mut words);
        }
        let (hash, _) = open.get_or_insert((SEED, at));
        if c.is_ascii() {
            *hash = (*hash ^ u64::from(c.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3);
        } else {
            for lower in c.to_lowercase() {
                *hash = (*hash ^ u64::from(lower)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        if stands_alone(c) {
            close(&mut open, at + c.len_utf8(), &mut words);
        }
    }
    close(&mut open, text.len(), &mut words);
    words
}

/// A hash of all words in order, or of the text itself where it has none: equal for what is equal but for
/// case, spacing and punctuation.
pub(crate) fn content(text: &str, words: &[Word]) -> u128 {
    let (mut low, mut high) = (1_u64, 2_u64);
    let mut add = |value: u64| {
        low = mix(low ^ value).wrapping_add(0x9e37_79b9_7f4a_7c15);
        high = mix(high.rotate_left(23) ^ value).wrapping_add(value);
    };
    if words.is_empty() {
        text.bytes().for_each(|byte| add(u64::from(byte) << 32 | 1));
    }
    words.iter().for_each(|word| add(word.hash));
    u128::from(low) << 64 | u128::from(high)
}

/// How shingles are chosen to stand for a text.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sample {
    /// One in this many, by hash: enough to tell near duplicates.
    OneIn(u64),
    /// The least hash among so many in a row (winnowing, Schleimer et al. 2003): each run of
    /// `SHINGLE + window - 1` words is sure to have one.
    Least(usize),
}

/// The fingerprints of a text with the number of their first word, each once, by place.
pub(crate) fn fingerprints(words: &[Word], sample: Sample) -> Vec<(u64, u16)> {
    let words = &words[..words.len().min(MOST)];
    if words.len() < LEAST {
        return Vec::new();
    }
    let all: Vec<u64> = words
        .windows(SHINGLE)
        .map(|shingle| {
            mix(shingle
                .iter()
                .fold(0, |hash: u64, word| hash.rotate_left(11).wrapping_add(word.hash)))
        })
        .collect();
    let mut chosen: Vec<(u64, u16)> = match sample {
        _ if words.len() < SHORT => all.iter().copied().zip(0..).collect(),
        Sample::OneIn(n) => all
            .iter()
            .copied()
            .zip(0..)
            .filter(|(hash, _)| hash % n == 0)
            .collect(),
        Sample::Least(window) => winnow(&all, window),
    };
    chosen.sort_unstable();
    chosen.dedup_by_key(|(hash, _)| *hash);
    chosen.sort_unstable_by_key(|&(_, at)| at);
    chosen
}

fn winnow(all: &[u64], window: usize) -> Vec<(u64, u16)> {
    let mut chosen: Vec<(u64, u16)> = Vec::with_capacity(all.len() * 2 / (window + 1) + 1);
    for (first, hashes) in all.windows(window.clamp(1, all.len().max(1))).enumerate() {
        if let Some((least, offset)) = hashes.iter().copied().zip(0..).min_by_key(|&(hash, _)| hash) {
            let at = (first + offset) as u16;
            if chosen.last().is_none_or(|&(_, last)| last != at) {
                chosen.push((least, at));
            }
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: &str, b: &str) -> bool {
        content(a, &words(a)) == content(b, &words(b))
    }

    #[test]
    fn case_spacing_and_punctuation_do_not_count() {
        assert!(same("He said: “We won’t go.”", "he SAID  we won't go"));
        assert!(same("Приём — сегодня", "приём сегодня"));
        assert!(!same("We won", "Won we"));
        assert!(!same("...", "!!!"));
    }

    #[test]
    fn scripts_without_spaces_go_by_characters() {
        assert_eq!(words("北京 ab東京").len(), 5);
        let text = "东京电力";
        let spans: Vec<&str> = words(text)
            .iter()
            .map(|w| &text[w.start as usize..w.end as usize])
            .collect();
        assert_eq!(spans, ["东", "京", "电", "力"]);
    }

    #[test]
    fn every_long_enough_run_has_a_fingerprint() {
        let text: Vec<String> = (0..500).map(|n| format!("w{}", mix(n))).collect();
        let found = fingerprints(&words(&text.join(" ")), Sample::Least(8));
        let starts: Vec<usize> = found.iter().map(|&(_, at)| usize::from(at)).collect();
        for first in 0..=500 - 12 {
            assert!(
                starts.iter().any(|&at| at >= first && at + SHINGLE <= first + 12),
                "{first}"
            );
        }
        assert!(found.len() < 150);
    }
}
