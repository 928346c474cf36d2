//! Mentions before they are named: where two could stand, and what a document's other mentions say of one.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use gristmill_core::EntityType;

use crate::gazetteer::Entry;
use crate::labels::TYPES;
use crate::names::fold;
use crate::tokens::Token;

/// A mention by its tokens.
pub(crate) struct Hit<'g> {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kind: EntityType,
    pub(crate) score: f64,
    pub(crate) given: Option<Entry<'g>>,
}

/// A single mention of less probability may be a surname after all.
const DOUBT: f64 = 0.8;
/// How many times the weight of its type the other type of the same words must have for a mention to follow it.
const CLEAR: f64 = 3.0;
/// The same of a name of several words, which is seldom a person here and a place there, as a surname may be.
const CLEAR_OF_WORDS: f64 = 1.5;

/// Gives the mentions of one part of a document that are tagged against all the others of the same name, however
/// spelt, the type of these, with their share of the probability. A word alone that a person's name in the same part
/// ends with is that person, unless it is surely something else.
pub(crate) fn settle(text: &str, tokens: &[Token], hits: &mut [Hit<'_>]) {
    let words = |hit: &Hit<'_>| &text[tokens[hit.start].start as usize..tokens[hit.end - 1].end as usize];
    let number = |kind: EntityType| TYPES.iter().position(|known| *known == kind);
    let mut folded: HashMap<&str, String> = HashMap::new();
    for hit in hits.iter() {
        let name = words(hit);
        folded.entry(name).or_insert_with(|| fold(name).join(" "));
    }
    let keys: Vec<&str> = hits.iter().map(|hit| &*folded[words(hit)]).collect();
    let mut weights: HashMap<&str, [f64; TYPES.len()]> = HashMap::new();
    let mut surnames: HashSet<&str> = HashSet::new();
    for (hit, key) in hits.iter().zip(&keys) {
        if let Some(kind) = number(hit.kind) {
            weights.entry(key).or_default()[kind] += hit.score;
        }
        if hit.kind == EntityType::Per && hit.end - hit.start > 1 {
            surnames.insert(tokens[hit.end - 1].of(text));
        }
    }
    for (hit, key) in hits.iter_mut().zip(&keys) {
        let (Some(own), Some(weights)) = (number(hit.kind), weights.get(*key)) else {
            continue;
        };
        let best = (0..TYPES.len()).fold(
            0,
            |best, kind| if weights[kind] > weights[best] { kind } else { best },
        );
        let all: f64 = weights.iter().sum();
        let clear = if key.contains(' ') { CLEAR_OF_WORDS } else { CLEAR };
        if best != own && weights[best] > clear * weights[own] {
            hit.kind = TYPES[best];
            hit.score = weights[best] / all;
        } else if hit.kind != EntityType::Per && surnames.contains(words(hit)) && weights[own] < DOUBT {
            hit.kind = EntityType::Per;
            hit.score = 1.0 - hit.score / 2.0;
        }
    }
}

/// Makes one of two bodies in capitals with a slash between ("RFE/RL"), unless the text has one of them by itself.
pub(crate) fn join_slashes(text: &str, tokens: &[Token], hits: &mut Vec<Hit<'_>>) {
    let body = |hit: &Hit<'_>| {
        let word = tokens[hit.start].of(text);
        hit.kind == EntityType::Org && hit.end == hit.start + 1 && word.chars().all(char::is_uppercase)
    };
    let slash = |one: &Hit<'_>, two: &Hit<'_>| {
        two.start == one.end + 1
            && tokens[one.end].of(text) == "/"
            && tokens[two.start].start == tokens[one.start].end + 1
            && body(one)
            && body(two)
    };
    let alone = |hit: &Hit<'_>| {
        let word = tokens[hit.start].of(text);
        let slashed = |at: usize| tokens.get(at).is_some_and(|token| token.of(text) == "/");
        (0..tokens.len())
            .any(|at| tokens[at].of(text) == word && !slashed(at + 1) && !(at > 0 && slashed(at - 1)))
    };
    let mut at = 0;
    while at + 1 < hits.len() {
        if slash(&hits[at], &hits[at + 1]) && !alone(&hits[at]) && !alone(&hits[at + 1]) {
            let second = hits.remove(at + 1);
            hits[at].end = second.end;
            hits[at].score = hits[at].score.min(second.score);
        }
        at += 1;
    }
}

/// Puts `given` among `hits`, before those that it overlaps, but for what is only a part of one.
pub(crate) fn put_before<'g>(hits: &mut Vec<Hit<'g>>, mut given: Vec<Hit<'g>>) {
    given.retain(|g| {
        !overlapping(hits, g)
            .any(|hit| hit.start <= g.start && hit.end >= g.end && hit.end - hit.start > g.end - g.start)
    });
    hits.retain(|hit| overlapping(&given, hit).next().is_none());
    hits.extend(given);
    hits.sort_by_key(|hit| hit.start);
}

/// Cuts a token such as "Armenia-Azerbaijan" in three where the document has both words by themselves.
pub(crate) fn split_pairs(text: &str, tokens: &mut Vec<Token>) {
    let pair = |token: &Token| {
        let word = token.of(text);
        let (left, right) = word.split_once('-')?;
        let name = |part: &str| part.len() > 2 && part.starts_with(char::is_uppercase);
        (name(left) && name(right) && !right.contains('-')).then_some((left, right))
    };
    if !tokens.iter().any(|token| pair(token).is_some()) {
        return;
    }
    let words: HashSet<&str> = tokens.iter().map(|token| token.of(text)).collect();
    let cut = |token: &Token| {
        let at = token.start
            + pair(token)
                .filter(|(left, right)| words.contains(left) && words.contains(right))?
                .0
                .len() as u32;
        Some([(token.start, at), (at, at + 1), (at + 1, token.end)])
    };
    if !tokens.iter().any(|token| cut(token).is_some()) {
        return;
    }
    let mut out = Vec::with_capacity(tokens.len() + 8);
    for token in tokens.iter() {
        match cut(token) {
            None => out.push(*token),
            Some(parts) => out.extend(parts.into_iter().enumerate().map(|(number, (start, end))| Token {
                start,
                end,
                first: token.first && number == 0,
            })),
        }
    }
    *tokens = out;
}

/// Words that French and Italian shorten before a vowel, in lower case, without their apostrophe.
const ELIDED: [&str; 12] = [
    "l", "d", "qu", "s", "un", "dell", "all", "nell", "dall", "sull", "quell", "c",
];

/// Cuts the article from a name at the beginning of a sentence ("L'Union"), where its capital does not tell it from a
/// part of the name, unless the text has the same within a sentence ("L'Oréal").
pub(crate) fn split_elisions(text: &str, tokens: &mut Vec<Token>) {
    let elided = |token: &Token| {
        if !token.first {
            return None;
        }
        let word = token.of(text);
        let (at, mark) = word.char_indices().find(|(_, c)| matches!(c, '\'' | '’'))?;
        let end = at + mark.len_utf8();
        let known =
            word[end..].starts_with(char::is_uppercase) && ELIDED.contains(&&*word[..at].to_lowercase());
        known.then_some(token.start + end as u32)
    };
    let within = |token: &Token| {
        tokens
            .iter()
            .any(|other| !other.first && other.of(text) == token.of(text))
    };
    let cuts: Vec<(usize, u32)> = tokens
        .iter()
        .enumerate()
        .filter_map(|(at, token)| Some((at, elided(token)?)))
        .filter(|&(at, _)| !within(&tokens[at]))
        .collect();
    for (at, cut) in cuts.into_iter().rev() {
        let rest = Token {
            start: cut,
            first: false,
            ..tokens[at]
        };
        tokens[at].end = cut;
        tokens.insert(at + 1, rest);
    }
}

/// First halves of adjectives of two peoples.
const HALVES: [&str; 16] = [
    "Afro", "Anglo", "Armeno", "Austro", "Euro", "Franco", "Greco", "Hispano", "Indo", "Israelo", "Italo",
    "Luso", "Polono", "Russo", "Serbo", "Sino",
];
/// Adjectives of peoples with an ending of their own.
const PEOPLES: [&str; 8] = [
    "Czech", "Dutch", "French", "Greek", "Swiss", "Thai", "Uzbek", "Welsh",
];

/// Whether `word` is of two adjectives of peoples and a hyphen, which name nothing: "Armenian-Azerbaijani",
/// "Franco-German", "U.S.-Chinese".
pub(crate) fn is_adjectives(word: &str) -> bool {
    let adjective = |part: &str| {
        PEOPLES.contains(&part)
            || part.len() > 4
                && ["an", "ese", "ish", "ani", "eli", "aqi"]
                    .iter()
                    .any(|end| part.ends_with(end))
    };
    let half = |part: &str| {
        HALVES.contains(&part) || part.len() > 1 && part.chars().all(|c| c.is_uppercase() || c == '.')
    };
    !word.contains(char::is_whitespace)
        && word
            .split_once('-')
            .is_some_and(|(left, right)| (adjective(left) || half(left)) && adjective(right))
}

/// The comma between a place and the one that it is in ("Baku, Azerbaijan"), unless what follows is an abbreviation.
pub(crate) fn place_in_place(text: &str, tokens: &[Token], span: Range<usize>) -> Option<usize> {
    let mut inside = span.start + 1..span.end.saturating_sub(1);
    let comma = inside.find(|&at| tokens[at].of(text) == ",")?;
    let rest = tokens.get(comma + 1..span.end)?;
    rest.iter()
        .all(|token| token.of(text).chars().all(char::is_alphabetic))
        .then_some(comma)
}

/// The tokens `span` without what begins and ends their sentence: an article cut from its word, and the stop but
/// after so short a word that it may be an abbreviation.
pub(crate) fn within_sentence(text: &str, tokens: &[Token], mut span: Range<usize>) -> Range<usize> {
    let first = &tokens[span.start];
    let cut = |next: &Token| next.start == first.end && first.of(text).ends_with(['\'', '’']);
    if span.len() > 1 && first.first && cut(&tokens[span.start + 1]) {
        span.start += 1;
    }
    let ends = tokens.get(span.end).is_none_or(|token| token.first);
    if ends
        && span.len() > 1
        && matches!(tokens[span.end - 1].of(text), "." | "؟" | "。" | "։")
        && tokens[span.end - 2].of(text).chars().nth(3).is_some()
    {
        span.end -= 1;
    }
    span
}

/// Those of `sorted`, none of which overlap each other, that overlap `hit`.
fn overlapping<'h, 'g>(sorted: &'h [Hit<'g>], hit: &Hit<'_>) -> impl Iterator<Item = &'h Hit<'g>> {
    let first = sorted.partition_point(|other| other.end <= hit.start);
    let end = hit.end;
    sorted[first..].iter().take_while(move |other| other.start < end)
}

/// Adds `hit`, with the bracketed first name before it if it has one ("[Nikol] Pashinian"), and with the opening
/// bracket if only the closing one is in it.
pub(crate) fn take_bracket<'g>(text: &str, tokens: &[Token], mut hit: Hit<'g>, hits: &mut Vec<Hit<'g>>) {
    let is = |at: usize, bracket: &str| tokens[at].of(text) == bracket;
    if hit.start > 0
        && is(hit.start - 1, "[")
        && (hit.start + 1..hit.end)
            .find(|&at| is(at, "[") || is(at, "]"))
            .is_some_and(|at| is(at, "]"))
    {
        hit.start -= 1;
        hits.push(hit);
        return;
    }
    if let Some(start) = hit.start.checked_sub(3)
        && hit.kind == EntityType::Per
        && tokens[start].of(text) == "["
        && tokens[start + 2].of(text) == "]"
        && tokens[start + 1].of(text).starts_with(char::is_uppercase)
        && hits
            .iter()
            .rev()
            .take_while(|other| other.end > start)
            .all(|other| other.start == start + 1)
    {
        while hits.last().is_some_and(|other| other.end > start) {
            hits.pop();
        }
        hit.start = start;
    }
    hits.push(hit);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::tokenize;

    fn hit(at: usize, kind: EntityType, score: f64) -> Hit<'static> {
        Hit {
            start: at,
            end: at + 1,
            kind,
            score,
            given: None,
        }
    }

    #[test]
    fn the_majority_of_a_part_decides_and_a_surname_is_a_person() {
        let text = "Torvak Torvak Torvak Torvak Ada Lindqvist Lindqvist Oslo";
        let mut tokens = Vec::new();
        tokenize(text, &mut tokens);
        let mut hits: Vec<_> = (0..3).map(|at| hit(at, EntityType::Loc, 0.9)).collect();
        hits.push(hit(3, EntityType::Per, 0.8));
        hits.push(Hit {
            end: 6,
            ..hit(4, EntityType::Per, 0.9)
        });
        hits.push(hit(6, EntityType::Org, 0.4));
        hits.push(hit(7, EntityType::Loc, 0.4));
        settle(text, &tokens, &mut hits);
        let kinds: Vec<_> = hits.iter().map(|hit| hit.kind.as_str()).collect();
        assert_eq!(kinds, ["LOC", "LOC", "LOC", "LOC", "PER", "PER", "LOC"]);
        assert!(hits[3].score < 0.8);
    }

    #[test]
    fn a_name_of_two_words_follows_a_smaller_majority() {
        let kinds = |text: &str| {
            let mut tokens = Vec::new();
            tokenize(text, &mut tokens);
            let kind = |at: usize| if at == 2 { EntityType::Per } else { EntityType::Loc };
            let mut hits: Vec<_> = (0..tokens.len()).map(|at| hit(at, kind(at), 0.9)).collect();
            settle(text, &tokens, &mut hits);
            hits.iter().map(|hit| hit.kind.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(
            kinds("Upper-Torvak Upper-Torvak Upper-Torvak"),
            ["LOC", "LOC", "LOC"]
        );
        assert_eq!(kinds("Torvak Torvak Torvak"), ["LOC", "LOC", "PER"]);
    }

    #[test]
    fn spellings_of_one_name_have_one_type() {
        let text = "Yanukov Yanukov Yanukov Yanukov Ianukof";
        let mut tokens = Vec::new();
        tokenize(text, &mut tokens);
        let mut hits: Vec<_> = (0..4).map(|at| hit(at, EntityType::Per, 0.9)).collect();
        hits.push(hit(4, EntityType::Loc, 0.9));
        settle(text, &tokens, &mut hits);
        assert!(hits.iter().all(|hit| hit.kind == EntityType::Per));
    }

    #[test]
    fn an_article_is_cut_from_the_name_that_a_sentence_begins_with() {
        for (text, expected) in [
            (
                "L'Institut ouvre. L’Union aussi.",
                "L' Institut ouvre . L’ Union aussi .",
            ),
            (
                "L'Oréal vend. Chez L'Oréal on vend.",
                "L'Oréal vend . Chez L'Oréal on vend .",
            ),
            ("O'Brien parle.", "O'Brien parle ."),
            ("L'eau monte.", "L'eau monte ."),
        ] {
            let mut tokens = Vec::new();
            tokenize(text, &mut tokens);
            split_elisions(text, &mut tokens);
            let words: Vec<_> = tokens.iter().map(|token| token.of(text)).collect();
            assert_eq!(words.join(" "), expected);
        }
    }

    #[test]
    fn bodies_with_a_slash_are_one_unless_named_alone() {
        for (text, count) in [("QRN/QL reports .", 1), ("QRN/QL and QRN", 3), ("QRN / QL", 2)] {
            let mut tokens = Vec::new();
            tokenize(text, &mut tokens);
            let capital = |at: &usize| tokens[*at].of(text).starts_with('Q');
            let mut hits: Vec<_> = (0..tokens.len())
                .filter(capital)
                .map(|at| hit(at, EntityType::Org, 0.9))
                .collect();
            join_slashes(text, &tokens, &mut hits);
            assert_eq!(hits.len(), count, "{text}");
        }
    }
}
