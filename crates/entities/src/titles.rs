//! Courtesy and academic titles, by language, and what they say of the name that they go with.
//!
//! A title is no part of a name: "M. Lefèvre" is Lefèvre, as he is in English. The corpora agree but for "don" and
//! "doña", which they count in, so there only the name that an entity bears is without it. A word that is tagged as a
//! place or a body after "Dr." is a person. And who is called "Mme" is not the man of that surname.

use std::ops::Range;

use gristmill_core::EntityType;

use crate::hits::Hit;
use crate::tokens::{Token, is_ideograph};

/// Whom a title addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    /// A woman.
    Female,
    /// A man.
    Male,
}

/// The titles of one language, in lower case; one that ends in a full stop here must be met with it.
struct Titles {
    language: &'static str,
    men: &'static [&'static str],
    women: &'static [&'static str],
    /// Titles of women and men, and of several people.
    others: &'static [&'static str],
    /// Titles that count as a part of the mention and not of the name.
    kept: &'static [&'static str],
    /// Titles above that are common words as well, after which a capitalised word need not be a person.
    vague: &'static [&'static str],
}

#[rustfmt::skip] // a word a line makes no list easier to read
const TITLES: [Titles; 14] = [
    Titles {
        language: "en",
        men: &["mr", "sir"],
        women: &["mrs", "ms", "dame"],
        others: &["messrs", "dr", "prof"],
        kept: &[],
        vague: &["sir", "dame"],
    },
    Titles {
        language: "fr",
        men: &["m.", "monsieur", "mgr"],
        women: &["mme", "mlle", "madame", "mademoiselle"],
        others: &["mm", "messieurs", "mmes", "mlles", "dr", "pr", "me", "docteur", "maître"],
        kept: &[],
        vague: &["me", "maître"],
    },
    Titles {
        language: "de",
        men: &["herr", "herrn"],
        women: &["frau", "fräulein"],
        others: &["dr", "prof", "professor", "professorin"],
        kept: &[],
        vague: &["herr", "herrn", "frau", "fräulein", "professor", "professorin"],
    },
    Titles {
        language: "es",
        men: &["sr", "señor"],
        women: &["sra", "srta", "señora", "señorita", "dra", "doctora", "profesora"],
        others: &["sres", "señores", "dr", "doctor", "prof", "profesor", "lic.", "ing."],
        kept: &["don", "doña", "d."],
        vague: &["señor", "señora", "señorita", "señores", "sres", "profesor", "profesora"],
    },
    Titles {
        language: "pt",
        men: &["sr", "senhor"],
        women: &["sra", "senhora", "dra", "doutora", "professora", "profa"],
        others: &["srs", "dr", "doutor", "prof", "professor", "eng."],
        kept: &["dona", "dom", "d."],
        vague: &["senhor", "senhora", "professor", "professora"],
    },
    Titles {
        language: "it",
        men: &["signor", "sig", "mons", "monsignor"],
        women: &["signora", "signorina", "sig.ra", "sig.na", "dott.ssa", "dottoressa", "professoressa", "prof.ssa"],
        others: &["signori", "dott", "dottor", "dr", "prof", "professor", "on.", "avv.", "ing."],
        kept: &["don", "suor", "donna"],
        vague: &["signora", "signorina", "signori", "professor"],
    },
    Titles {
        language: "nl",
        men: &["heer", "meneer", "mijnheer", "dhr"],
        women: &["mevrouw", "mevr", "mw", "mej", "juffrouw"],
        others: &["dr", "drs", "prof", "mr", "ir"],
        kept: &[],
        vague: &[],
    },
    Titles {
        language: "da",
        men: &["hr", "herr"],
        women: &["fru", "frk", "frøken"],
        others: &["dr", "prof", "professor"],
        kept: &[],
        vague: &["hr", "professor"],
    },
    Titles {
        language: "sv",
        men: &["herr", "hr"],
        women: &["fru", "fröken", "frk"],
        others: &["dr", "prof", "professor", "docent", "doc."],
        kept: &[],
        vague: &["professor", "docent"],
    },
    Titles {
        language: "fi",
        men: &["herra"],
        women: &["rouva", "neiti"],
        others: &["tri", "tohtori", "prof", "professori", "dosentti"],
        kept: &[],
        vague: &["tri", "professori", "dosentti"],
    },
    Titles {
        language: "ru",
        men: &[
            "господин", "господина", "господину", "господином", "господине", "г-н", "г-на", "г-ну", "г-ном", "г-не",
            "мистер", "мистера", "мистеру", "мистером",
        ],
        women: &[
            "госпожа", "госпожи", "госпоже", "госпожу", "госпожой", "г-жа", "г-жи", "г-же", "г-жу", "г-жой",
            "миссис", "мисс",
        ],
        others: &["господа", "господ", "доктор", "доктора", "доктору", "доктором", "профессор", "профессора", "проф"],
        kept: &[],
        vague: &["доктор", "доктора", "профессор", "профессора", "господ"],
    },
    Titles {
        language: "uk",
        men: &["пан", "пана", "пану", "панові", "паном", "пане", "містер", "містера"],
        women: &["пані", "місіс"],
        others: &["панове", "доктор", "доктора", "професор", "професора", "проф"],
        kept: &[],
        vague: &["доктор", "доктора", "професор", "професора"],
    },
    Titles {
        language: "ar",
        men: &["السيد", "الأستاذ", "الدكتور", "الشيخ"],
        women: &["السيدة", "الآنسة", "الأستاذة", "الدكتورة", "الشيخة"],
        others: &["د"],
        kept: &[],
        vague: &["السيدة", "الشيخ"],
    },
    Titles {
        language: "hy",
        men: &["պարոն", "պրն"],
        women: &["տիկին", "տկն", "օրիորդ"],
        others: &["դոկտոր", "պրոֆեսոր"],
        kept: &[],
        vague: &[],
    },
];

/// Titles after a name, in Chinese, each of two tokens.
const AFTER: [(&str, Option<Sex>); 7] = [
    ("先生", Some(Sex::Male)),
    ("女士", Some(Sex::Female)),
    ("小姐", Some(Sex::Female)),
    ("夫人", Some(Sex::Female)),
    ("博士", None),
    ("教授", None),
    ("同志", None),
];

/// Small words inside a surname.
const PARTICLES: [&str; 22] = [
    "van", "de", "der", "den", "von", "zu", "da", "do", "dos", "das", "del", "della", "di", "la", "le",
    "ten", "ter", "af", "al", "el", "bin", "ibn",
];

/// A mention of more probability than this keeps its type after a title.
const SURE: f64 = 0.8;
/// What is given for the probability that capitalised words after a title name a person. In the corpora the tagger
/// overlooks too few of them to count.
const TITLED: f64 = 0.9;

/// The titles of a text, by its language.
#[derive(Clone, Copy)]
pub(crate) struct Address<'t> {
    text: &'t str,
    tokens: &'t [Token],
    titles: Option<&'static Titles>,
}

impl<'t> Address<'t> {
    /// Those of `text`, whose tokens are `tokens`; a text of unknown language is read as English.
    pub(crate) fn new(text: &'t str, tokens: &'t [Token], language: Option<&str>) -> Self {
        let code = language.filter(|code| *code != "und").unwrap_or("en");
        let titles = TITLES.iter().find(|titles| titles.language == code);
        Self { text, tokens, titles }
    }

    /// Whether the token at `at` is one of the titles that `of` chooses, however capitalised, with or without a stop
    /// that the title need not have.
    fn is(&self, at: usize, of: impl Fn(&'static Titles) -> &'static [&'static str]) -> bool {
        let Some(titles) = self.titles else {
            return false;
        };
        let word = self.tokens[at].of(self.text);
        let bare = word.strip_suffix('.').unwrap_or(word);
        // Most words are told from a title by their length, which no letter of a title changes with its case.
        let same = |title: &str, word: &str| {
            word.len() == title.len() && word.chars().flat_map(char::to_lowercase).eq(title.chars())
        };
        of(titles)
            .iter()
            .any(|title| same(title, bare) || same(title, word))
    }

    fn is_title(&self, at: usize) -> bool {
        self.is(at, |titles| titles.men)
            || self.is(at, |titles| titles.women)
            || self.is(at, |titles| titles.others)
    }

    /// Whether the token at `at` is a title that a person must follow.
    fn tells(&self, at: usize) -> bool {
        self.is_title(at) && !self.is(at, |titles| titles.vague)
    }

    fn is_kept(&self, at: usize) -> bool {
        self.is(at, |titles| titles.kept)
    }

    /// The name in the tokens `span` without the titles that stand before or after it; empty if it is nothing else but
    /// a title. In capitals "DR" and "MR" are more often something else.
    pub(crate) fn name(&self, mut span: Range<usize>) -> Range<usize> {
        let shouts = |at: usize| !self.tokens[at].of(self.text).contains(char::is_lowercase);
        if span.len() == 1 && shouts(span.start) {
            return span;
        }
        while !span.is_empty() && self.is_title(span.start) {
            span.start += 1;
        }
        if let Some((_, inside)) = self.after(&span) {
            span.end -= inside;
        }
        span
    }

    /// The first token of what the mention `hit` is called, which is not "don".
    pub(crate) fn called(&self, hit: &Hit<'_>) -> usize {
        let own = self.tokens[hit.start].of(self.text);
        let common =
            own.starts_with(char::is_lowercase) || own.ends_with('.') || self.tokens[hit.start].first;
        let rest = hit.end - hit.start - 1;
        let kept = hit.kind == EntityType::Per && rest > 0 && common && self.is_kept(hit.start);
        hit.start + usize::from(kept)
    }

    /// Whom the title of a mention of these tokens addresses.
    pub(crate) fn sex(&self, span: Range<usize>) -> Option<Sex> {
        let mut at = span.start + usize::from(self.is_kept(span.start));
        while let Some(before) = at
            .checked_sub(1)
            .filter(|&before| self.is_title(before) || self.is_kept(before))
        {
            if self.is(before, |titles| titles.women) {
                return Some(Sex::Female);
            }
            if self.is(before, |titles| titles.men) {
                return Some(Sex::Male);
            }
            at = before;
        }
        self.after(&span).and_then(|((_, sex), _)| *sex)
    }

    /// The title after the name that ends with `span`, and how many of its tokens are in the span.
    fn after(&self, span: &Range<usize>) -> Option<(&'static (&'static str, Option<Sex>), usize)> {
        let last = self.tokens.get(span.end.checked_sub(1)?)?.of(self.text);
        if !last.starts_with(is_ideograph) {
            return None;
        }
        (0..=2.min(span.len())).find_map(|inside| {
            let rest = self
                .text
                .get(self.tokens[span.end - inside..].first()?.start as usize..)?;
            Some((AFTER.iter().find(|(title, _)| rest.starts_with(title))?, inside))
        })
    }

    /// Makes people of what goes after a title.
    pub(crate) fn people(&self, hits: &mut Vec<Hit<'_>>) {
        self.retype(hits);
        self.add(hits);
    }

    /// Makes a person of a place or a body after a title that is not surely one.
    fn retype(&self, hits: &mut [Hit<'_>]) {
        for hit in hits {
            let name = self.name(hit.start..hit.end).start;
            let titled = name.checked_sub(1).is_some_and(|before| self.tells(before));
            let capital = |at: usize| self.tokens[at].of(self.text).starts_with(char::is_uppercase);
            let doubtful = matches!(hit.kind, EntityType::Org | EntityType::Loc) && hit.score < SURE;
            if titled && doubtful && name < hit.end && capital(name) {
                hit.start = name;
                hit.kind = EntityType::Per;
                hit.score = 1.0 - hit.score / 2.0;
            }
        }
    }

    /// Adds the capitalised words after a title that the tagger overlooked, where the title is in lower case or a person
    /// of the text has the last of them.
    fn add(&self, hits: &mut Vec<Hit<'_>>) {
        let mut at = 1;
        while at < self.tokens.len() {
            let capital = at;
            at += 1;
            if !self.is_capital(capital) {
                continue;
            }
            let start = (1..=capital)
                .rev()
                .find(|&start| !self.is_particle(start - 1))
                .unwrap_or(capital);
            if self.tokens[start].first || !self.tells(start - 1) {
                continue;
            }
            let next = hits.partition_point(|hit| hit.end <= start);
            let limit = hits.get(next).map_or(self.tokens.len(), |hit| hit.start);
            if limit <= capital {
                continue;
            }
            let end = self.end(capital + 1, limit);
            let surname = self.tokens[end - 1].of(self.text);
            let known = |hit: &Hit<'_>| {
                hit.kind == EntityType::Per && self.tokens[hit.end - 1].of(self.text) == surname
            };
            // "Dr Pepper" and "Mr Porter" are not people.
            let small = self.tokens[start - 1]
                .of(self.text)
                .starts_with(char::is_lowercase);
            if !small && !hits.iter().any(known) {
                continue;
            }
            match hits.get_mut(next) {
                Some(hit) if hit.start == end && hit.kind == EntityType::Per => hit.start = start,
                _ => hits.insert(
                    next,
                    Hit {
                        start,
                        end,
                        kind: EntityType::Per,
                        score: TITLED,
                        given: None,
                    },
                ),
            }
            at = end;
        }
    }

    /// Whether a capitalised word stands at `at`, inside a sentence.
    fn is_capital(&self, at: usize) -> bool {
        !self.tokens[at].first && self.tokens[at].of(self.text).starts_with(char::is_uppercase)
    }

    fn is_particle(&self, at: usize) -> bool {
        !self.tokens[at].first && PARTICLES.contains(&self.tokens[at].of(self.text))
    }

    /// Where a name ends of which all tokens before `at` are known, at `limit` at the latest.
    fn end(&self, mut at: usize, limit: usize) -> usize {
        loop {
            let word = (at..limit).find(|&word| !self.is_particle(word));
            match word.filter(|&word| self.is_capital(word) && !self.is_title(word)) {
                Some(word) => at = word + 1,
                // A particle before a mention that goes on with the name is a part of both.
                None if word.is_none() && limit < self.tokens.len() => return limit,
                None => return at,
            }
        }
    }
}
