//! What the rest of a document says of a mention that its own sentence leaves open.
//!
//! A tagger that reads sentence by sentence takes the words of a heading for a name, because all are capitalised
//! there; it does not know that the letters in brackets stand for the body before them, nor whose first name goes
//! before "and".

use std::collections::{HashMap, HashSet};

use gristmill_core::EntityType;

use crate::hits::Hit;
use crate::tokens::{Token, sentences};

/// A mention of more probability than this is not cut in places.
const SURE: f64 = 0.8;
/// The share of the capitalised words before "party" that name one.
const PARTY: f64 = 0.9;
/// Words that join two people.
const AND: [&str; 12] = [
    "and", "y", "e", "et", "und", "en", "og", "och", "ja", "и", "та", "і",
];
/// In the lists of the lexicon: first names, surnames, and places.
const FIRST: u16 = 1;
const LAST: u16 = 2;
const PLACES: u16 = 4 | 8 | 128 | 256 | 1024;

fn words<'t>(text: &'t str, tokens: &[Token], hit: &Hit<'_>) -> &'t str {
    &text[tokens[hit.start].start as usize..tokens[hit.end - 1].end as usize]
}

/// Makes a body of the letters in brackets after one that they abbreviate, wherever the text has them.
pub(crate) fn abbreviations(text: &str, tokens: &[Token], hits: &mut [Hit<'_>]) {
    let mut bodies: HashMap<&str, f64> = HashMap::new();
    for pair in hits.windows(2) {
        let (long, short) = (&pair[0], &pair[1]);
        let bracket = short.start == long.end + 1 && tokens[long.end].of(text) == "(";
        let closed = tokens
            .get(short.end)
            .is_some_and(|token| matches!(token.of(text), ")" | "," | ";"));
        let letters = words(text, tokens, short);
        if bracket
            && closed
            && long.kind == EntityType::Org
            && short.kind != EntityType::Org
            && short.end == short.start + 1
            && abbreviates(letters, &tokens[long.start..long.end], text)
        {
            bodies.insert(letters, long.score);
        }
    }
    for hit in hits {
        if let Some(&score) = bodies.get(words(text, tokens, hit)) {
            hit.kind = EntityType::Org;
            hit.score = score;
        }
    }
}

/// Whether the capitals of a word of letters, or all of its letters, are first letters of some words of a name, in
/// their order.
fn abbreviates(letters: &str, name: &[Token], text: &str) -> bool {
    let mut wanted = letters.chars().flat_map(char::to_lowercase).peekable();
    let mut met = 0;
    for token in name {
        let mut own = token.of(text).chars().flat_map(char::to_lowercase);
        if own.next() == wanted.peek().copied() {
            met += 1;
            wanted.next();
            // "Cenidh": a word may give more letters than its first.
            while wanted.peek().is_some() && own.next() == wanted.peek().copied() {
                wanted.next();
            }
        }
    }
    met > 1 && wanted.peek().is_none()
}

/// Cuts what begins with two places that the text also names by themselves ("Northland Southland Talks", "Northland
/// Southland") into these.
pub(crate) fn places_in_a_row(text: &str, tokens: &[Token], hits: &mut Vec<Hit<'_>>) {
    let doubtful = |hit: &Hit<'_>| hit.end > hit.start + 1 && hit.score < SURE;
    if !hits.iter().any(doubtful) {
        return;
    }
    let mut places: HashMap<&str, usize> = HashMap::new();
    for hit in hits
        .iter()
        .filter(|hit| hit.kind == EntityType::Loc && hit.end == hit.start + 1)
    {
        *places.entry(words(text, tokens, hit)).or_default() += 1;
    }
    let place = |at: usize| places.get(tokens[at].of(text)).is_some_and(|&count| count > 1);
    let mut at = 0;
    while at < hits.len() {
        let hit = &hits[at];
        let (start, score) = (hit.start, hit.score);
        if doubtful(hit) && place(start) && place(start + 1) {
            let part = |start: usize| Hit {
                start,
                end: start + 1,
                kind: EntityType::Loc,
                score,
                given: None,
            };
            hits.splice(at..=at, [part(start), part(start + 1)]);
            at += 1;
        }
        at += 1;
    }
}

/// Takes from the names in headings the words at their end that the rest of the text writes in lower case alone,
/// since all words are capitalised there; what then is no name elsewhere is none.
pub(crate) fn headings(text: &str, tokens: &[Token], hits: &mut Vec<Hit<'_>>) {
    let heading = |sentence: &std::ops::Range<usize>| {
        let letters = |token: &&Token| token.of(text).starts_with(char::is_alphabetic);
        let capital = |token: &&Token| token.of(text).starts_with(char::is_uppercase);
        let words = tokens[sentence.clone()].iter().filter(letters);
        let long = words.clone().filter(|token| token.end - token.start > 3);
        let ends = tokens[sentence.end - 1].of(text);
        words.clone().count() > 2
            && long.clone().count() > 1
            && long.clone().all(|token| capital(&token))
            && !matches!(ends, "." | "!" | "…" | "”" | ":" | ",")
    };
    let titled: Vec<_> = sentences(tokens).filter(heading).collect();
    if titled.is_empty() {
        return;
    }
    let inside = |at: usize| {
        let next = titled.partition_point(|sentence| sentence.end <= at);
        titled.get(next).is_some_and(|sentence| sentence.contains(&at))
    };
    if !hits
        .iter()
        .any(|hit| hit.kind != EntityType::Per && inside(hit.start))
    {
        return;
    }
    let (mut lower, mut upper): (HashSet<&str>, HashSet<String>) = (HashSet::new(), HashSet::new());
    for (at, token) in tokens.iter().enumerate() {
        let word = token.of(text);
        if word.starts_with(char::is_lowercase) {
            lower.insert(word);
        } else if word.starts_with(char::is_uppercase) && !token.first && !inside(at) {
            upper.insert(word.to_lowercase());
        }
    }
    let elsewhere: HashMap<&str, EntityType> = hits
        .iter()
        .filter(|hit| !inside(hit.start))
        .map(|hit| (words(text, tokens, hit), hit.kind))
        .collect();
    let common = |at: usize| {
        let word = tokens[at].of(text).to_lowercase();
        lower.contains(&*word) && !upper.contains(&word)
    };
    hits.retain_mut(|hit| {
        let fixed = hit.kind == EntityType::Per
            || !inside(hit.start)
            || elsewhere.contains_key(words(text, tokens, hit));
        if fixed || !common(hit.end - 1) {
            return true;
        }
        while hit.end > hit.start && common(hit.end - 1) {
            hit.end -= 1;
        }
        let known = (hit.end > hit.start).then(|| elsewhere.get(words(text, tokens, hit)));
        match known.flatten() {
            Some(&kind) => {
                hit.kind = kind;
                true
            }
            None => false,
        }
    });
}

/// Adds the parties that the tagger overlooked: several capitalised words in mid-sentence before "party".
pub(crate) fn parties(text: &str, tokens: &[Token], hits: &mut Vec<Hit<'_>>) {
    let capital = |at: usize| {
        let word = tokens[at].of(text);
        !tokens[at].first && word.starts_with(char::is_uppercase) && word.chars().any(char::is_lowercase)
    };
    for end in (0..tokens.len()).filter(|&at| tokens[at].of(text) == "party") {
        let start = (0..end).rev().take_while(|&at| capital(at)).last().unwrap_or(end);
        let next = hits.partition_point(|hit| hit.end <= start);
        let free = hits.get(next).is_none_or(|hit| hit.start >= end);
        if end > start + 1 && free {
            let hit = Hit {
                start,
                end,
                kind: EntityType::Org,
                score: PARTY,
                given: None,
            };
            hits.insert(next, hit);
        }
    }
}

/// Words before people of one family.
const FAMILY: [&str; 11] = [
    "brothers",
    "sisters",
    "siblings",
    "twins",
    "sons",
    "daughters",
    "children",
    "parents",
    "couple",
    "spouses",
    "cousins",
];

/// Names the people who share a surname: of "Ada and Carl Lindqvist" the first is Ada Lindqvist, where the text says
/// so elsewhere, a list has her first name, or "brothers" and the like go before; and so is whoever goes before her
/// with a comma. A single word that is taken for a place, and is none in any list nor elsewhere in the text, is such
/// a first name as well, since a place is seldom joined to a person. Gives the full name of a mention by its first
/// token. `lists` tells the lists that have a word.
pub(crate) fn surnames(
    text: &str,
    tokens: &[Token],
    hits: &mut [Hit<'_>],
    lists: impl Fn(&str) -> u16,
) -> HashMap<usize, String> {
    let mut full = HashMap::new();
    for at in 1..hits.len() {
        let last = &hits[at];
        // In "Park Geun-hye" the surname goes first.
        let surname = tokens[last.end - 1].of(text);
        if last.kind != EntityType::Per || last.end != last.start + 2 || is_double(surname) {
            continue;
        }
        let mut next = at;
        while let Some(first) = next.checked_sub(1).map(|before| &hits[before]) {
            let between = tokens[first.end].of(text);
            let joined = hits[next].start == first.end + 1
                && if next == at {
                    AND.contains(&between)
                } else {
                    between == ","
                };
            if !joined || first.end != first.start + 1 || first.given.is_some() {
                break;
            }
            let own = words(text, tokens, first);
            let name = format!("{own} {surname}");
            let alone = hits
                .iter()
                .filter(|hit| tokens[hit.end - 1].of(text) == own)
                .count()
                == 1;
            let listed = lists(own);
            let family = first
                .start
                .checked_sub(1)
                .is_some_and(|before| FAMILY.contains(&&*tokens[before].of(text).to_lowercase()));
            let shares = match first.kind {
                EntityType::Per => family || listed & FIRST > 0 && listed & PLACES == 0,
                EntityType::Loc => listed & PLACES == 0 && (family || listed & (FIRST | LAST) != LAST),
                _ => false,
            };
            let written = hits
                .iter()
                .any(|hit| hit.kind == EntityType::Per && words(text, tokens, hit) == name);
            if !(written || alone && shares) {
                break;
            }
            full.insert(first.start, name);
            next -= 1;
            hits[next].kind = EntityType::Per;
        }
    }
    full
}

/// Whether a name is of two syllables with a hyphen, of which the second is small.
fn is_double(name: &str) -> bool {
    name.split_once('-')
        .is_some_and(|(_, second)| second.starts_with(char::is_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::tokenize;

    /// Reads a text in which names stand between brackets with their type, and says what `change` makes of them.
    fn check(marked: &str, change: impl Fn(&str, &[Token], &mut Vec<Hit<'static>>), expected: &[&str]) {
        let mut text = String::new();
        let mut names = Vec::new();
        for part in marked.split_inclusive(['{', '}']) {
            match part.strip_suffix('}') {
                Some(name) => {
                    let (kind, name) = name.split_once(' ').unwrap();
                    let kind = [EntityType::Per, EntityType::Org, EntityType::Loc]
                        .into_iter()
                        .find(|known| known.as_str() == kind)
                        .unwrap();
                    names.push((text.len(), text.len() + name.len(), kind));
                    text.push_str(name);
                }
                None => text.push_str(part.trim_end_matches('{')),
            }
        }
        let mut tokens = Vec::new();
        tokenize(&text, &mut tokens);
        let at = |byte: usize| tokens.partition_point(|token| (token.start as usize) < byte);
        let mut hits: Vec<_> = names
            .into_iter()
            .map(|(start, end, kind)| Hit {
                start: at(start),
                end: at(end),
                kind,
                score: 0.6,
                given: None,
            })
            .collect();
        change(&text, &tokens, &mut hits);
        let found: Vec<_> = hits
            .iter()
            .map(|hit| format!("{} {}", hit.kind.as_str(), words(&text, &tokens, hit)))
            .collect();
        assert_eq!(found, expected, "{marked}");
    }

    #[test]
    fn letters_in_brackets_stand_for_the_body_before_them() {
        let change = |text: &str, tokens: &[Token], hits: &mut Vec<_>| abbreviations(text, tokens, hits);
        check(
            "The {ORG Torvak Union of Bakers} ({LOC TUB}) met. {PER TUB} left.",
            change,
            &["ORG Torvak Union of Bakers", "ORG TUB", "ORG TUB"],
        );
        check(
            "The {ORG Centre for Island Law} ({PER Cisla}) met.",
            change,
            &["ORG Centre for Island Law", "ORG Cisla"],
        );
        check(
            "The {ORG Torvak Union} ({LOC Oslo}) met.",
            change,
            &["ORG Torvak Union", "LOC Oslo"],
        );
    }

    #[test]
    fn places_in_a_row_are_places() {
        let row = "{LOC Torvak} and {LOC Melin} talk. {LOC Torvak} and {LOC Melin} argue over the {ORG Torvak Melin Row}.";
        let places = ["LOC Torvak", "LOC Melin"].repeat(3);
        check(row, places_in_a_row, &places);
        let headline = "{LOC Torvak Melin} talks\n\n{LOC Torvak} and {LOC Melin} talk. {LOC Torvak} and {LOC Melin} argue.";
        check(headline, places_in_a_row, &places);
        check(
            "{LOC Torvak} and the {ORG Torvak Melin Bank}.",
            places_in_a_row,
            &["LOC Torvak", "ORG Torvak Melin Bank"],
        );
    }

    #[test]
    fn a_heading_makes_no_names() {
        let heading = "The {LOC Torvak} Question and {LOC Northern Influence}\n\n{LOC Torvak} has less influence than before.";
        check(heading, headings, &["LOC Torvak", "LOC Torvak"]);
        check(
            "{ORG Torvak Court} Frees Baker\n\nA court in {LOC Torvak} freed him.",
            headings,
            &["LOC Torvak", "LOC Torvak"],
        );
    }

    #[test]
    fn words_that_are_capitalised_elsewhere_stay_in_a_name() {
        let kept = ["ORG Grey House", "ORG Grey House"];
        check(
            "What the {ORG Grey House Wants}\n\nThe {ORG Grey House} wants a house.",
            headings,
            &kept,
        );
        check(
            "What {LOC Eastern Influence} means\n\nIts influence grows.",
            headings,
            &["LOC Eastern Influence"],
        );
    }

    #[test]
    fn a_party_is_named_before_its_word() {
        check(
            "We asked {PER Melin}’s Honest Bread party.",
            parties,
            &["PER Melin", "ORG Honest Bread"],
        );
        check(
            "We asked the {ORG Honest Bread} party.",
            parties,
            &["ORG Honest Bread"],
        );
        check("We asked the Bread party. The party said no.", parties, &[]);
    }

    #[test]
    fn people_joined_by_and_share_their_surname() {
        let named = |marked: &str| {
            let full = std::cell::RefCell::new(Vec::new());
            check(
                marked,
                |text, tokens, hits| {
                    let lists = |word: &str| match word {
                        "Ada" => FIRST,
                        "Oslo" => PLACES,
                        _ => 0,
                    };
                    let named = surnames(text, tokens, hits, lists);
                    full.borrow_mut().extend(named.into_values());
                    full.borrow_mut().sort();
                    hits.clear();
                },
                &[],
            );
            full.into_inner()
        };
        assert_eq!(named("{PER Ada} and {PER Carl Melin} came."), ["Ada Melin"]);
        assert_eq!(
            named("{PER Toru Melin} died. {LOC Toru} y {PER Carl Melin} came."),
            ["Toru Melin"]
        );
        assert_eq!(named("{LOC Toru} and {PER Carl Melin} came."), ["Toru Melin"]);
        assert_eq!(named("{ORG Toru} and {PER Carl Melin} came."), [""; 0]);
        assert_eq!(named("{LOC Oslo} and {PER Carl Melin} came."), [""; 0]);
        assert_eq!(
            named("{LOC Toru} and {PER Carl Melin} came to {LOC Toru}."),
            [""; 0]
        );
        assert_eq!(
            named("the brothers {PER Toru} and {PER Carl Melin}"),
            ["Toru Melin"]
        );
        assert_eq!(
            named("{LOC Toru}, {PER Ada} and {PER Carl Melin}"),
            ["Ada Melin", "Toru Melin"]
        );
        assert_eq!(named("{PER Ada} and {PER Melin Su-yin} came."), [""; 0]);
        assert_eq!(named("{PER Torvak} and {PER Carl Melin} came."), [""; 0]);
        assert_eq!(
            named("{PER Ada} and {PER Carl Melin} came. {PER Ada} left."),
            [""; 0]
        );
    }
}
