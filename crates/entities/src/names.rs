//! Which mentions name the same thing, and what it is called.
//!
//! A name is compared by its folded key: lower case without marks, legal forms, articles and possessives, with the
//! spellings that transliteration varies (y/i, -yan/-ian, kh/h, ou/u, a doubled consonant) made one. Within a
//! document a shorter name joins the longer one that begins or ends with it, and an acronym its expansion; where
//! several longer names could take it, the one mentioned last before it does. A body is also called by its first or
//! last word once it was named. Of Cyrillic words the endings of cases fall away, since Russian and Ukrainian decline
//! their names.
//!
//! Over documents only the name counts. A surname that stands alone in a document has an id of its own, since nothing
//! there says whose it is; a gazetteer that lists it as an alias joins it to the person.

use std::collections::HashMap;

use gristmill_core::{EntityType, Sha256};

use crate::cases::is_cyrillic;
use crate::spelling::{is_combining, spell, unmarked};
pub use crate::titles::Sex;
use crate::tokens::is_ideograph;

/// One mention with its type, to be joined with others.
#[derive(Debug, Clone)]
pub struct Named<'t> {
    /// The words of the mention.
    pub text: &'t str,
    /// What it names.
    pub kind: EntityType,
    /// A name that a gazetteer gives it: such mentions join by it alone.
    pub given: Option<&'t str>,
    /// Whom the title before it addresses, if one does.
    pub sex: Option<Sex>,
}

/// Legal forms, which do not tell one body from another.
const FORMS: [&str; 34] = [
    "inc",
    "corp",
    "corporation",
    "co",
    "company",
    "ltd",
    "limited",
    "llc",
    "llp",
    "plc",
    "pty",
    "bhd",
    "gmbh",
    "ag",
    "kg",
    "se",
    "sa",
    "sas",
    "srl",
    "spa",
    "nv",
    "bv",
    "ab",
    "asa",
    "oy",
    "oyj",
    "jsc",
    "pjsc",
    "ojsc",
    "ooo",
    "ооо",
    "оао",
    "зао",
    "пао",
];
const ARTICLES: [&str; 12] = [
    "the", "a", "an", "el", "la", "los", "las", "le", "les", "der", "die", "das",
];

/// Forms of address, which are no part of a name.
const TITLES: [&str; 4] = ["mr", "mrs", "ms", "messrs"];

/// The words of a name as they are compared.
pub fn fold(name: &str) -> Vec<String> {
    let mut words: Vec<String> = name
        .split(|c: char| !(c.is_alphanumeric() || is_combining(c) || matches!(c, '\'' | '’' | '.')))
        .flat_map(|word| {
            // "J.Smith" is two words, "U.S" is one.
            let parts = word.split('.').filter(|part| !part.is_empty());
            let initials = parts.clone().all(|part| part.chars().nth(1).is_none());
            let whole = std::iter::once(word).filter(move |_| initials);
            whole.chain(parts.filter(move |_| !initials))
        })
        .map(|word| {
            let word = word.trim_end_matches("'s").trim_end_matches("’s");
            let plain = word.chars().flat_map(char::to_lowercase).map(unmarked);
            spell(&plain.filter(|c| c.is_alphanumeric()).collect::<String>())
        })
        .filter(|word| !word.is_empty())
        .collect();
    if words.len() > 1 && (ARTICLES.contains(&words[0].as_str()) || TITLES.contains(&words[0].as_str())) {
        words.remove(0);
    }
    let form = |words: &[String]| {
        words
            .last()
            .is_some_and(|last| FORMS.iter().any(|form| spell(form) == *last))
    };
    while words.len() > 1 && form(&words) {
        words.pop();
        // "Smith & Co." is Smith.
        while words.len() > 1 && words.last().is_some_and(|last| last == "and") {
            words.pop();
        }
    }
    let key = words.join(" ");
    match SAME.iter().find(|(short, _)| *short == key) {
        Some((_, full)) => full.split(' ').map(str::to_owned).collect(),
        None => words,
    }
}

/// Short forms and second names, folded, that stand for one thing everywhere.
const SAME: [(&str, &str); 25] = [
    ("us", "united states"),
    ("usa", "united states"),
    ("united states of america", "united states"),
    ("america", "united states"),
    ("uk", "united kingdom"),
    ("britain", "united kingdom"),
    ("great britain", "united kingdom"),
    ("eu", "european union"),
    ("un", "united nations"),
    ("uae", "united arab emirates"),
    ("kiv", "kiev"),
    ("turkie", "turkei"),
    ("burma", "mianmar"),
    ("czech republic", "czechia"),
    ("cote d'ivoire", "ivori coast"),
    ("рф", "росс"),
    ("росс федерац", "росс"),
    ("соединен штат", "сша"),
    ("соединен штат америк", "сша"),
    ("америк", "сша"),
    ("американ", "сша"),
    ("британ", "великобритан"),
    ("соединен королевств", "великобритан"),
    ("москов", "москв"),
    ("оон", "организац объединен нац"),
];

/// The id of a name: the same for all its spellings, in every document.
pub fn id(kind: EntityType, name: &str) -> String {
    let key = fold(name).join(" ");
    let digest = Sha256::of(format!("{}\t{key}", kind.as_str()).as_bytes()).to_string();
    format!(
        "{}-{}",
        kind.as_str().to_lowercase(),
        digest.get(..16).unwrap_or_default()
    )
}

/// For each of `mentions`, in the order of the text, the number of the mention whose name it bears; that one bears
/// its own.
pub fn join(mentions: &[Named<'_>]) -> Vec<usize> {
    let keys: Vec<Vec<String>> = mentions
        .iter()
        .map(|mention| fold(mention.given.unwrap_or(mention.text)))
        .collect();
    // One entry for each distinct name, so that the comparisons grow with names and not with mentions.
    let mut distinct: Vec<usize> = Vec::new();
    let mut first: Vec<usize> = Vec::with_capacity(mentions.len());
    let mut known = HashMap::new();
    for (at, mention) in mentions.iter().enumerate() {
        let same = *known.entry((mention.kind, &keys[at])).or_insert_with(|| {
            distinct.push(at);
            at
        });
        first.push(same);
    }
    distinct.truncate(MOST);
    let mut sexes: HashMap<usize, Sex> = HashMap::new();
    for (mention, &name) in mentions.iter().zip(&first) {
        if let Some(sex) = mention.sex {
            sexes.entry(name).or_insert(sex);
        }
    }
    let mut bearers = Vec::with_capacity(mentions.len());
    // For a name that a title keeps from all fuller ones, the first mention of this kind.
    let mut apart: HashMap<usize, usize> = HashMap::new();
    for at in 0..mentions.len() {
        if mentions[at].given.is_some() {
            bearers.push(first[at]);
            continue;
        }
        let fuller = |&other: &usize| {
            let (long, short) = (&mentions[other], &mentions[at]);
            long.kind == short.kind
                && (extends(short.kind, &keys[other], &keys[at])
                    || is_short(long, &keys[other], short, &keys[at], other < at))
        };
        let meant = |other: &usize| match (mentions[at].sex, sexes.get(other)) {
            (Some(own), Some(known)) => own == *known,
            _ => true,
        };
        // Whom such a title addressed before; then the one mentioned last before this mention, else the first after it.
        let near = |&other: &usize| {
            let unknown = mentions[at].sex.is_some() && !sexes.contains_key(&other);
            match (0..at).rev().find(|&before| first[before] == other) {
                Some(before) => (unknown, 0, at - before),
                None => (unknown, 1, other),
            }
        };
        let mut longer = distinct.iter().copied().filter(fuller).peekable();
        let named = longer.peek().is_some();
        bearers.push(match longer.filter(meant).min_by_key(near) {
            Some(bearer) => {
                if let Some(sex) = mentions[at].sex {
                    sexes.entry(bearer).or_insert(sex);
                }
                bearer
            }
            None if named => *apart.entry(first[at]).or_insert(at),
            None => first[at],
        });
    }
    // The bearer of a bearer's name bears it too: "Biden", "J. Biden", "Joe Biden". Each step goes to a fuller name.
    (0..mentions.len())
        .map(|mut at| {
            while bearers[at] != at {
                at = bearers[at];
            }
            at
        })
        .collect()
}

/// Distinct names beyond this many in one document join only their like.
const MOST: usize = 600;

/// Whether `long` is a fuller form of the name `short`.
fn extends(kind: EntityType, long: &[String], short: &[String]) -> bool {
    if kind == EntityType::Per && long.len() == short.len() {
        return short.first().is_some_and(|first| first.chars().nth(1).is_none())
            && (initial(long, short) || is_surname(long, short));
    }
    if long.len() <= short.len() || short.is_empty() {
        return false;
    }
    match kind {
        // A surname or a first name alone, whichever goes first; no part of a place stands for the whole as safely.
        EntityType::Per => {
            long.ends_with(short)
                || (short.len() == 1 && long.starts_with(short))
                || (short.len() > 1 && short.iter().all(|word| long.contains(word)))
        }
        EntityType::Org => long.starts_with(short) && (short.len() > 1 || is_cyrillic(&short[0])),
        _ => false,
    }
}

/// Whether a body or a place is called `short` for `long`: by its initials, or a body by its first or last word once
/// the whole was `named`.
fn is_short(
    long: &Named<'_>,
    long_key: &[String],
    short: &Named<'_>,
    short_key: &[String],
    named: bool,
) -> bool {
    if short.kind == EntityType::Per || long_key == short_key {
        return false;
    }
    let word = named && short.kind == EntityType::Org && short_key.len() == 1;
    let common = short_key
        .first()
        .is_some_and(|word| GENERAL.contains(&word.as_str()));
    word && (long_key.ends_with(short_key) && !is_cyrillic(&short_key[0])
        || long_key.starts_with(short_key) && !common)
        || is_acronym(long.text, short.text)
}

/// First words of the names of many bodies, folded: alone they name none of them.
const GENERAL: [&str; 24] = [
    "national",
    "international",
    "european",
    "american",
    "british",
    "central",
    "general",
    "royal",
    "united",
    "bank",
    "universiti",
    "ministri",
    "department",
    "house",
    "senate",
    "new",
    "first",
    "federal",
    "state",
    "north",
    "south",
    "west",
    "east",
    "world",
];

/// Whether two names of as many words are one but for a first name that one of them shortens to its initial.
fn initial(one: &[String], other: &[String]) -> bool {
    let letter = |word: &str| word.chars().nth(1).is_none();
    let ([a, one @ ..], [b, other @ ..]) = (one, other) else {
        return false;
    };
    !one.is_empty() && one == other && letter(a) != letter(b) && a.chars().next() == b.chars().next()
}

/// Whether one ideograph is the surname of a name in ideographs, which begins with it.
fn is_surname(long: &[String], short: &[String]) -> bool {
    let ([long], [short]) = (long, short) else {
        return false;
    };
    long != short && long.starts_with(short.as_str()) && long.chars().all(is_ideograph)
}

/// Whether `text` is the initials of the words of `long`, with or without the small ones.
fn is_acronym(long: &str, text: &str) -> bool {
    let letters: String = text.chars().filter(|c| c.is_alphabetic()).collect();
    let words = || {
        let words = long
            .split(|c: char| c.is_whitespace() || c == '/')
            .map(str::to_lowercase);
        words.filter(|word| word.starts_with(char::is_alphabetic))
    };
    let small = |word: &String| {
        matches!(
            word.as_str(),
            "of" | "for"
                | "and"
                | "the"
                | "de"
                | "del"
                | "la"
                | "in"
                | "on"
                | "und"
                | "et"
                | "y"
                | "и"
                | "для"
        )
    };
    let initials = |skip: bool| -> String {
        let words = words().filter(|word| !(skip && small(word)));
        words.filter_map(|word| word.chars().next()).collect()
    };
    let lower = letters.to_lowercase();
    letters.chars().count() > 1
        && letters.chars().all(char::is_uppercase)
        && (initials(true) == lower || initials(false) == lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(kind: EntityType, names: &[&str]) -> Vec<usize> {
        let named: Vec<_> = names
            .iter()
            .map(|text| Named {
                text,
                kind,
                given: None,
                sex: None,
            })
            .collect();
        join(&named)
    }

    #[test]
    fn spellings_of_one_name_have_one_id() {
        for (one, other) in [
            ("Nikol Pashinyan", "[Nikol] Pashinian"),
            ("Zelensky", "Zelenskyy"),
            ("Erdogan", "Erdoğan"),
            ("Erdogan", "Erdog\u{306}an"),
            ("Khadafi", "Haddafi"),
            ("the Acme Corp.", "Acme"),
            ("Putin’s", "Putin"),
            ("Volodymyr Zelenskiy", "Volodymyr Zelensky"),
            ("Ulm & Partner GmbH & Co. KG", "Ulm & Partner"),
            ("Northwind Trading Company, Limited", "Northwind Trading"),
            ("Kyiv", "Kiev"),
            ("Mr. Putin", "Putin"),
            ("World Labour Organisation", "World Labour Organization"),
            ("Türkiye", "Turkey"),
        ] {
            assert_eq!(
                id(EntityType::Per, one),
                id(EntityType::Per, other),
                "{one} {other}"
            );
        }
        assert_ne!(
            id(EntityType::Per, "Washington"),
            id(EntityType::Loc, "Washington")
        );
        assert_ne!(
            id(EntityType::Per, "Heydar Aliyev"),
            id(EntityType::Per, "Ilham Aliyev")
        );
    }

    #[test]
    fn short_names_join_the_fuller_one_named_last() {
        let names = [
            "Ilham Aliyev",
            "Aliyev",
            "Heydar Aliyev",
            "Aliyev",
            "Ilham Aliev",
            "Aliyev",
        ];
        assert_eq!(joined(EntityType::Per, &names), [0, 0, 2, 2, 0, 0]);
        let names = ["Aliyev", "Ilham Aliyev", "Aliyev"];
        assert_eq!(joined(EntityType::Per, &names), [1, 1, 1]);
    }

    #[test]
    fn cases_of_a_name_are_one() {
        for names in [
            &["Путин", "Путина", "Путину", "Путиным", "Путине"][..],
            &[
                "Сергей Лавров",
                "Сергея Лаврова",
                "Сергею Лаврову",
                "Сергеем Лавровым",
            ],
            &[
                "Россия",
                "России",
                "Россию",
                "Россией",
                "российский",
                "РФ",
                "Российская Федерация",
            ],
            &["Москва", "Москвы", "Москве", "Москвой"],
        ] {
            for name in names {
                assert_eq!(id(EntityType::Per, name), id(EntityType::Per, names[0]), "{name}");
            }
        }
        assert_ne!(fold("Марина"), fold("Мария"));
        assert_ne!(fold("Ким"), fold("Кима Чен Ына"));
    }

    #[test]
    fn initials_and_middle_names_join() {
        assert_eq!(
            joined(EntityType::Per, &["Joe Biden", "J. Biden", "Biden"]),
            [0, 0, 0]
        );
        let names = ["Recep Tayyip Erdogan", "Recep Erdoğan", "Tayyip Erdogan"];
        assert_eq!(joined(EntityType::Per, &names), [0, 0, 0]);
        assert_eq!(joined(EntityType::Per, &["Joe Biden", "Jill Biden"]), [0, 1]);
        assert_eq!(joined(EntityType::Per, &["Nam Do Yun", "Nam", "Yun"]), [0, 0, 0]);
    }

    #[test]
    fn acronyms_join_their_expansion() {
        let names = [
            "European Union",
            "EU",
            "Organization for Security and Co-operation in Europe",
            "NATO",
        ];
        assert_eq!(joined(EntityType::Org, &names), [0, 0, 2, 3]);
        let names = ["OSCE", "Organization for Security and Co-operation in Europe"];
        assert_eq!(joined(EntityType::Org, &names), [1, 1]);
        assert_eq!(
            joined(EntityType::Org, &["Northern Broadcasting Corporation", "NBC"]),
            [0, 0]
        );
    }

    #[test]
    fn a_body_is_called_by_one_word_once_it_was_named() {
        assert_eq!(
            joined(EntityType::Org, &["Vandermeer Shipping Lines", "Vandermeer"]),
            [0, 0]
        );
        assert_eq!(
            joined(EntityType::Org, &["Vandermeer", "Vandermeer Shipping Lines"]),
            [0, 1]
        );
        assert_eq!(joined(EntityType::Org, &["Dunmore Herald", "Herald"]), [0, 0]);
        assert_eq!(joined(EntityType::Org, &["Herald", "Dunmore Herald"]), [0, 1]);
        assert_eq!(joined(EntityType::Org, &["National Bank", "National"]), [0, 1]);
        assert_eq!(joined(EntityType::Loc, &["Lima Province", "Lima"]), [0, 1]);
    }
}
