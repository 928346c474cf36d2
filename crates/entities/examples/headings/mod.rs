//! Copies of documents whose sentences are all headings, in capitals or with a capital on each word that counts, so
//! that the tagger learns what is a name where every word looks like one.

use crate::corpus::Gold;

/// Words that a heading leaves small in its midst.
const SMALL: [&str; 16] = [
    "a", "an", "the", "of", "in", "on", "to", "for", "and", "or", "at", "by", "with", "from", "as", "nor",
];

/// The document of this number with each sentence as a heading, of the one or the other kind.
pub(crate) fn of(document: &Gold, number: usize) -> Gold {
    let mut text = String::with_capacity(document.text.len());
    // Where each byte of the document comes to stand.
    let mut places = Vec::with_capacity(document.text.len() + 1);
    let mut state = number as u64;
    for sentence in document.text.split_inclusive('\n') {
        state = state.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let in_capitals = state >> 63 == 1;
        for (at, word) in sentence.split_inclusive(' ').enumerate() {
            let small = at > 0 && SMALL.contains(&word.trim_end().to_lowercase().as_str());
            for (offset, letter) in word.char_indices() {
                places.extend(std::iter::repeat_n(text.len(), letter.len_utf8()));
                if in_capitals || (offset == 0 && !small) {
                    text.extend(letter.to_uppercase());
                } else {
                    text.push(letter);
                }
            }
        }
    }
    places.push(text.len());
    let names = document.names.iter();
    Gold {
        names: names
            .map(|&(start, end, kind)| (places[start], places[end], kind))
            .collect(),
        text,
    }
}
