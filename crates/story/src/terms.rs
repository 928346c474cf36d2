//! The words of an article, as numbers.

/// At most so many words of a text are looked at: news says what happened first.
const MOST: usize = 1_500;

/// A term: the hash of a word with case folded away, or of two neighbouring characters in scripts that set no
/// spaces between words.
pub type Term = u32;

/// The terms of `text` in order, each with the byte range of its word.
pub fn terms(text: &str) -> impl Iterator<Item = (Term, std::ops::Range<usize>)> {
    words(text).take(MOST).filter_map(|range| {
        let word = text.get(range.clone())?;
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut letters = 0;
        for c in word.chars().flat_map(char::to_lowercase) {
            hash = (hash ^ u64::from(c)).wrapping_mul(0x0100_0000_01b3);
            letters += 1;
        }
        hash = (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (letters > 1).then_some(((hash >> 32) as Term, range))
    })
}

fn stands_alone(c: char) -> bool {
    matches!(c,
        '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Runs of letters and digits, and overlapping pairs of characters that stand alone.
fn words(text: &str) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..)?;
        let start = at + rest.find(char::is_alphanumeric)?;
        let mut chars = text[start..].chars();
        let first = chars.next()?;
        let after = start + first.len_utf8();
        if stands_alone(first) {
            at = after;
            let second = chars.next().filter(|&c| stands_alone(c));
            return Some(start..after + second.map_or(0, char::len_utf8));
        }
        let end = text[start..].find(|c: char| !c.is_alphanumeric() || stands_alone(c));
        at = end.map_or(text.len(), |end| start + end);
        Some(start..at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_pairs() {
        let text = "Putin’s visit, 2024: 北京市a";
        let found: Vec<&str> = terms(text).map(|(_, range)| &text[range]).collect();
        assert_eq!(found, ["Putin", "visit", "2024", "北京", "京市"]);
        let term = |text| terms(text).next().map(|(term, _)| term);
        assert_eq!(term("BAKU"), term("Baku"));
    }
}
