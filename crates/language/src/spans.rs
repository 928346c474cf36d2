//! Where the language of a text changes.
//!
//! The text is cut into pieces at the ends of sentences, at quotation marks and brackets, at changes of script,
//! and where there is nothing of the kind after some words. Each piece gives every language in question a log
//! probability, and the cheapest path through the pieces is sought that pays for each change of language
//! (Viterbi, 1967), so that a name or a borrowed phrase does not make a span.

use crate::evidence::Evidence;
use crate::features::Words;
use crate::identify::{Identifier, UNDETERMINED};
use crate::model::Desk;

/// A part of a text in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The byte at which it begins.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
    /// ISO 639-1 where there is one, else ISO 639-3.
    pub language: &'static str,
}

/// The size of a piece (in letters) from which it ends with the sentence.
const SENTENCE: usize = 15;
/// The size from which it ends at a lesser mark.
const CLAUSE: usize = 40;
/// The size from which it ends with the word.
const LONGEST: usize = 120;
/// What a change of language costs, in log odds.
const CHANGE: f64 = 5.0;
/// The log odds that a letter of a piece can speak against a language, and a piece as a whole.
const PER_LETTER: f64 = 0.2;
const PER_PIECE: f64 = 20.0;
/// A piece puts a language into question if it gives it this probability.
const IN_QUESTION: f64 = 0.5;
/// The most languages in question.
const MOST: usize = 8;
/// The least size of what a language says in a text, to count as one of its languages.
const LEAST: usize = 20;

struct Piece {
    start: usize,
    end: usize,
    evidence: Evidence,
    /// The languages with their log probability.
    chances: Vec<(&'static str, f64)>,
}

/// The spans of `text` where it holds more than one language, else none; and what those parts say that are in
/// the language of most of it.
pub(crate) fn find(identifier: &Identifier, text: &str) -> (Vec<Span>, Option<Evidence>) {
    let pieces = pieces(identifier, text);
    let path = path(&pieces, &in_question(&pieces));
    let spans = spans(&pieces, &path, text.len());
    if spans.len() < 2 {
        return (Vec::new(), None);
    }
    let Some(main) = main_language(&spans) else {
        return (Vec::new(), None);
    };
    let mut evidence = Evidence::new();
    let in_main = |piece: &Piece| {
        let span = spans.iter().find(|span| piece.start < span.end);
        span.is_some_and(|span| span.language == main)
    };
    for piece in pieces.iter().filter(|piece| in_main(piece)) {
        evidence.add(identifier.model(), &piece.evidence);
    }
    (spans, Some(evidence))
}

/// The language of most bytes.
fn main_language(spans: &[Span]) -> Option<&'static str> {
    let size = |language: &str| -> usize {
        let of = spans.iter().filter(|span| span.language == language);
        of.map(|span| span.end - span.start).sum()
    };
    spans
        .iter()
        .map(|span| span.language)
        .max_by_key(|&language| (size(language), std::cmp::Reverse(language)))
}

fn pieces(identifier: &Identifier, text: &str) -> Vec<Piece> {
    let model = identifier.model();
    let mut words = Words::new(text);
    let mut pieces: Vec<Piece> = Vec::new();
    let mut script = None;
    let mut desk = Desk::default();
    while let Some(word) = words.next_word() {
        let ends = pieces.last().is_none_or(|piece| {
            let size = piece.evidence.size();
            let between = &text[piece.end..word.start];
            script != Some(word.script)
                || size >= LONGEST
                || size >= CLAUSE && between.contains(is_clause_mark)
                || size >= SENTENCE && between.contains(is_sentence_mark)
        });
        if ends {
            if let Some(piece) = pieces.last_mut() {
                piece.evidence.weigh(model, &mut desk);
            }
            pieces.push(Piece {
                start: word.start,
                end: word.end,
                evidence: Evidence::new(),
                chances: Vec::new(),
            });
        }
        script = Some(word.script);
        if let Some(piece) = pieces.last_mut() {
            piece.evidence.read(model, &word, &mut desk);
            piece.end = word.end;
        }
    }
    if let Some(piece) = pieces.last_mut() {
        piece.evidence.weigh(model, &mut desk);
    }
    for piece in &mut pieces {
        let Some(script) = piece.evidence.script() else {
            continue;
        };
        piece.chances = identifier.open(&piece.evidence, script);
        for (_, chance) in &mut piece.chances {
            *chance = chance.ln();
        }
    }
    pieces
}

fn is_sentence_mark(c: char) -> bool {
    matches!(
        c,
        '.' | '!' | '?' | '…' | '\n' | '。' | '！' | '？' | '।' | '։' | '።' | '؟' | '۔'
    )
}

fn is_clause_mark(c: char) -> bool {
    !c.is_alphanumeric() && !matches!(c, ' ' | '-' | '\'' | '’' | '%' | '&' | '/')
}

/// The languages that a piece of some size gives a fair chance, most likely ones first.
fn in_question(pieces: &[Piece]) -> Vec<&'static str> {
    let mut sizes: Vec<(&'static str, usize)> = Vec::new();
    for piece in pieces {
        let size = piece.evidence.size();
        for &(language, chance) in &piece.chances {
            if language == UNDETERMINED || chance < IN_QUESTION.ln() {
                continue;
            }
            match sizes.iter_mut().find(|(known, _)| *known == language) {
                Some((_, sum)) => *sum += size,
                None => sizes.push((language, size)),
            }
        }
    }
    sizes.retain(|&(_, size)| size >= LEAST);
    sizes.sort_by_key(|&(language, size)| (std::cmp::Reverse(size), language));
    sizes.truncate(MOST);
    sizes.into_iter().map(|(language, _)| language).collect()
}

/// The language of each piece, from `languages`, on the cheapest path.
fn path(pieces: &[Piece], languages: &[&'static str]) -> Vec<&'static str> {
    let Some(&first) = languages.first() else {
        return vec![UNDETERMINED; pieces.len()];
    };
    let mut costs = vec![0.0_f64; languages.len()];
    let mut back = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let lowest = (0..costs.len())
            .min_by(|&a, &b| costs[a].total_cmp(&costs[b]))
            .unwrap_or(0);
        let change = costs[lowest] + CHANGE;
        let from: Vec<usize> = (0..costs.len())
            .map(|place| if costs[place] <= change { place } else { lowest })
            .collect();
        let floor = (piece.evidence.size() as f64 * PER_LETTER).min(PER_PIECE);
        for (place, cost) in costs.iter_mut().enumerate() {
            let chance = piece
                .chances
                .iter()
                .find(|(language, _)| *language == languages[place]);
            *cost = cost.min(change) + chance.map_or(floor, |(_, chance)| (-chance).min(floor));
        }
        back.push(from);
    }
    let mut place = (0..costs.len())
        .min_by(|&a, &b| costs[a].total_cmp(&costs[b]))
        .unwrap_or(0);
    let mut path = vec![first; pieces.len()];
    for (piece, from) in back.iter().enumerate().rev() {
        path[piece] = languages[place];
        place = from[place];
    }
    path
}

/// Runs of pieces of one language, which together cover the text; a language that says next to nothing is left
/// to its neighbours.
fn spans(pieces: &[Piece], path: &[&'static str], end: usize) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut run = 0;
    let size = |range: std::ops::Range<usize>| -> usize {
        pieces[range].iter().map(|piece| piece.evidence.size()).sum()
    };
    while run < pieces.len() {
        let next = (run..pieces.len())
            .find(|&piece| path[piece] != path[run])
            .unwrap_or(pieces.len());
        let start = if run == 0 { 0 } else { pieces[run].start };
        let new = spans.last().is_none_or(|span| span.language != path[run]);
        if new && (spans.is_empty() || size(run..next) >= LEAST) {
            if let Some(before) = spans.last_mut() {
                before.end = start;
            }
            spans.push(Span {
                start,
                end,
                language: path[run],
            });
        }
        run = next;
    }
    spans
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ENGLISH: &str =
        "The ministers met on Monday to discuss the new trade agreement with their neighbours.";
    const GERMAN: &str = "Die Verhandlungen wurden am Montag nach langer Unterbrechung wieder aufgenommen.";
    const RUSSIAN: &str = "Министры встретились в понедельник, чтобы обсудить новое соглашение.";

    /// The language of each span with its text.
    fn parts(text: &str) -> Vec<(&'static str, &str)> {
        let (_, spans) = Identifier::new().identify_parts(text, None);
        spans
            .iter()
            .map(|span| (span.language, text[span.start..span.end].trim()))
            .collect()
    }

    #[test]
    fn a_text_in_one_language_has_no_spans() {
        for text in [ENGLISH, GERMAN, RUSSIAN, "", "2024", "Al Jazeera"] {
            assert_eq!(parts(text), [], "{text}");
        }
        assert_eq!(
            parts(&format!("{ENGLISH} Angela Merkel and Wolfgang Schäuble agreed.")),
            []
        );
        assert_eq!(parts(&ENGLISH.repeat(200)), []);
    }

    #[test]
    fn spans_cover_the_text_and_change_with_the_sentence() {
        let text = format!("{ENGLISH} {GERMAN}");
        assert_eq!(parts(&text), [("en", ENGLISH), ("de", GERMAN)]);
        let text = format!("{GERMAN} {RUSSIAN} {GERMAN}");
        assert_eq!(parts(&text), [("de", GERMAN), ("ru", RUSSIAN), ("de", GERMAN)]);
    }

    #[test]
    fn a_quotation_in_a_long_text_is_found() {
        let text = format!("{} \u{201E}{GERMAN}\u{201C} {ENGLISH}", ENGLISH.repeat(60));
        let (answer, spans) = Identifier::new().identify_parts(&text, None);
        assert_eq!(answer.language, "en");
        let languages: Vec<_> = spans.iter().map(|span| span.language).collect();
        assert_eq!(languages, ["en", "de", "en"]);
        assert!(text[spans[1].start..spans[1].end].starts_with("Die Verhandlungen"));
    }

    proptest! {
        #[test]
        fn spans_cover_any_text(
            text in "(\\PC|[a-z ]{3}|[а-я. ]{3}|[א-ת ]{3}|[أ-ي ]{3}|[一-龥]{2}|ก|क्|😀|\u{301}|\u{200D}|\u{202E}|\n|\r|\0){0,150}",
            before in 0..3_usize,
            after in 0..3_usize,
        ) {
            let text = format!("{}{text}{}", [ENGLISH, RUSSIAN, ""][before], ["", GERMAN, RUSSIAN][after]);
            let (answer, spans) = Identifier::new().identify_parts(&text, None);
            prop_assert!((0.0..=1.0).contains(&answer.confidence));
            prop_assert_ne!(spans.len(), 1);
            for span in &spans {
                prop_assert!(!text[span.start..span.end].is_empty());
            }
            for (a, b) in spans.iter().zip(spans.iter().skip(1)) {
                prop_assert_eq!(a.end, b.start);
                prop_assert_ne!(a.language, b.language);
            }
            if let (Some(first), Some(last)) = (spans.first(), spans.last()) {
                prop_assert_eq!((first.start, last.end), (0, text.len()));
            }
        }
    }

    #[test]
    fn texts_without_an_end_to_their_words_are_read() {
        for text in [
            "a".repeat(1 << 20),
            "е́".repeat(1 << 18),
            "ⅷ😀".repeat(1 << 16),
            "本".repeat(1 << 18),
        ] {
            Identifier::new().identify_parts(&text, None);
        }
        let text = format!("{ENGLISH} {RUSSIAN} ").repeat(3000);
        let (_, spans) = Identifier::new().identify_parts(&text, None);
        assert_eq!(spans.len(), 6000);
    }

    #[test]
    fn the_answer_is_the_language_of_most_of_it() {
        let text = format!("{ENGLISH} {ENGLISH} {ENGLISH} {RUSSIAN}");
        let (answer, _) = Identifier::new().identify_parts(&text, None);
        assert_eq!(answer.language, "en");
        assert!(answer.confidence > 0.9);
    }
}
