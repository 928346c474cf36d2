//! Dates and sums of money, by rule.
//!
//! Both are written by few patterns and with few words (`terms.rs`), so that a grammar over tokens finds what a
//! tagger would need labelled text for in each language. A date is a calendar date, a month, a day of the week, a year or a decade; not
//! "yesterday" or "last year". A sum has a number and a currency. Numeric dates and signs of currencies are found in every language,
//! words in English, Spanish, Portuguese, French, Italian, German, Dutch, Danish, Swedish, Finnish, Russian and Ukrainian, and Chinese dates.

use std::ops::Range;

use gristmill_core::EntityType;

use crate::terms::{self, CODES, CURRENCIES, OWNERS, Terms, YEARS};
use crate::tokens::Token;

/// The dates and sums in `text`, whose tokens are `tokens`, in order and apart.
pub fn find(text: &str, tokens: &[Token], language: Option<&str>) -> Vec<(Range<usize>, EntityType)> {
    let words = Words {
        text,
        tokens,
        terms: terms::of(language.filter(|code| *code != "und").unwrap_or("en")),
    };
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let money = words.money(at).map(|end| (end, EntityType::Money));
        let Some((end, kind)) = money.or_else(|| Some((words.date(at)?, EntityType::Date))) else {
            at += 1;
            continue;
        };
        found.push((at..end, kind));
        at = end;
    }
    found
}

struct Words<'t> {
    text: &'t str,
    tokens: &'t [Token],
    terms: Option<&'static Terms>,
}

/// Each of these takes the number of a token, and gives that of the token after what it met.
impl Words<'_> {
    fn word(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.of(self.text))
    }

    /// Whether token `at` follows the one before without a space.
    fn touches(&self, at: usize) -> bool {
        at > 0
            && self
                .tokens
                .get(at)
                .is_some_and(|token| token.start == self.tokens[at - 1].end)
    }

    fn one_of(&self, at: usize, list: &[&str]) -> Option<usize> {
        let word = self.word(at).to_lowercase();
        let word = word.trim_end_matches('.');
        list.iter().any(|term| begins(word, term)).then_some(at + 1)
    }

    fn money(&self, at: usize) -> Option<usize> {
        let owner = OWNERS.contains(&self.word(at));
        let sign = at + usize::from(owner);
        if is_sign(self.word(sign)) {
            return self.amount(sign + 1);
        }
        if CODES.contains(&self.word(at)) {
            let dot = usize::from(self.word(at + 1) == "." && self.touches(at + 1));
            return self.amount(at + 1 + dot);
        }
        // "US dollars 6000"
        if let Some(currency) = self.one_of(sign, &CURRENCIES) {
            return self.amount(currency);
        }
        let end = self.amount(at)?;
        let joined = self.joint(end);
        if is_sign(self.word(joined)) || CODES.contains(&self.word(joined)) {
            return Some(joined + 1);
        }
        // "Canadian dollars", "US dollars"
        let owned = joined + usize::from(self.word(joined).starts_with(char::is_uppercase));
        [joined, owned]
            .into_iter()
            .find_map(|at| self.one_of(at, &CURRENCIES))
    }

    /// A number with the word that multiplies it.
    fn amount(&self, at: usize) -> Option<usize> {
        let word = self.word(at);
        let digits = word.chars().next()?.is_ascii_digit()
            && word.chars().all(|c| {
                c.is_ascii_digit() || matches!(c, '.' | ',' | 'm' | 'b' | 'n' | 'k' | 'M' | 'B' | 'K')
            });
        if !digits {
            return None;
        }
        let mut end = at + 1;
        // Groups of three digits may stand apart: "30 000".
        while self.word(end).len() == 3 && self.word(end).bytes().all(|byte| byte.is_ascii_digit()) {
            end += 1;
        }
        if matches!(self.word(end), "–" | "-") && self.word(end + 1).starts_with(|c: char| c.is_ascii_digit())
        {
            end += 2;
        }
        if matches!(self.word(end), "万" | "亿" | "億") {
            end += 1;
        }
        while let Some(next) = self.terms.and_then(|terms| self.one_of(end, terms.scales)) {
            end = next;
        }
        Some(end)
    }

    fn joint(&self, at: usize) -> usize {
        let joints = self.terms.map_or(&[][..], |terms| terms.joints);
        at + usize::from(joints.contains(&self.word(at)))
    }

    fn date(&self, at: usize) -> Option<usize> {
        if let Some(end) = self.numeric(at).or_else(|| self.chinese(at)) {
            return Some(end);
        }
        let terms = self.terms?;
        if let Some(end) = self.named(at, terms.days) {
            let after = end + usize::from(self.word(end) == ",");
            let after = after + usize::from(matches!(self.word(after), "el" | "den" | "der"));
            return self.day_and_month(after, terms).or(Some(end));
        }
        if let Some(end) = self.day_and_month(at, terms) {
            return Some(end);
        }
        self.year(at).filter(|&end| {
            let before = at.checked_sub(1).map(|before| self.word(before).to_lowercase());
            let before = before.is_some_and(|word| terms.before_years.contains(&&word[..]));
            let decade = !self.word(at).bytes().all(|byte| byte.is_ascii_digit());
            // A long word in lower case after it is what it counts.
            let counts = self.word(end).chars().count() > 4 && self.word(end).chars().all(char::is_lowercase);
            let article = at > 0 && matches!(self.word(at - 1), "a" | "the");
            let address = self.touches(at) && self.word(at - 1) == "/";
            !address && (end > at + 1 || decade || article || !counts && (before || self.is_near(at)))
        })
    }

    /// Whether the number is a year of our days, which needs no word before it.
    fn is_near(&self, at: usize) -> bool {
        let near = self
            .word(at)
            .parse()
            .is_ok_and(|year: u32| (1950..2051).contains(&year));
        near && !self.word(at + 1).starts_with(char::is_lowercase)
    }

    fn named(&self, at: usize, list: &[&str]) -> Option<usize> {
        let terms = self.terms?;
        let capital = self.word(at).starts_with(char::is_uppercase);
        // "May" and "March" begin sentences as other words.
        let doubtful =
            terms.language == "en" && self.tokens.get(at)?.first && matches!(self.word(at), "May" | "March");
        if terms.capital && !capital || doubtful {
            return None;
        }
        let end = self.one_of(at, list)?;
        Some(end + usize::from(self.word(end) == "." && self.touches(end) && self.word(at).len() < 5))
    }

    /// "19 August 2024", "19. August", "19 de agosto de 2024", "August 19, 2024", "August 2024", "August".
    fn day_and_month(&self, at: usize, terms: &Terms) -> Option<usize> {
        if let Some(end) = self.day(at) {
            let dot = end + usize::from(self.word(end) == "." && self.touches(end));
            let month = self.named(self.joint(dot), terms.months)?;
            return Some(self.with_year(month));
        }
        let month = self.named(at, terms.months)?;
        let Some(day) = self.day(month).filter(|_| terms.language == "en") else {
            return Some(self.with_year(month));
        };
        let year = day + usize::from(self.word(day) == ",");
        Some(self.year(year).unwrap_or(day))
    }

    fn with_year(&self, at: usize) -> usize {
        let joined = self.joint(at);
        let comma = joined + usize::from(self.word(joined) == ",");
        self.year(comma).unwrap_or(at)
    }

    /// "9", "9th", "1er", "1º".
    fn day(&self, at: usize) -> Option<usize> {
        let word = self.word(at);
        let digits = word.bytes().take_while(u8::is_ascii_digit).count();
        let number: u32 = word.get(..digits)?.parse().ok()?;
        let tail = matches!(
            &word[digits..],
            "" | "st" | "nd" | "rd" | "th" | "er" | "º" | "°" | "e"
        );
        let sign = usize::from(matches!(self.word(at + 1), "º" | "°") && self.touches(at + 1));
        // "21-26"
        let to = word[digits..]
            .strip_prefix(['-', '–'])
            .and_then(|to| to.parse().ok());
        let range = to.is_some_and(|to: u32| (number..=31).contains(&to));
        ((1..=31).contains(&number) && (tail || range)).then_some(at + 1 + sign)
    }

    /// "2024", "1990s", "2010-2012", "2024 года".
    fn year(&self, at: usize) -> Option<usize> {
        let word = self.word(at);
        let number = |digits: &str| {
            digits.len() == 4
                && digits
                    .parse::<u32>()
                    .is_ok_and(|year| (1800..2100).contains(&year))
        };
        let whole = match word.split_once(['-', '–']) {
            Some((from, to)) => {
                number(from) && (number(to) || to.len() == 2 && to.bytes().all(|byte| byte.is_ascii_digit()))
            }
            None => number(word.strip_suffix('s').unwrap_or(word)),
        };
        if !whole {
            return None;
        }
        let mut end = at + 1;
        if YEARS.contains(&self.word(end)) {
            end += 1 + usize::from(self.word(end) == "г" && self.word(end + 1) == ".");
        }
        Some(end)
    }

    /// "2024-08-19", "19.08.2024", "19/08/2024".
    fn numeric(&self, at: usize) -> Option<usize> {
        let fits = |parts: &[&str]| {
            let number = |part: &str| {
                part.bytes()
                    .all(|byte| byte.is_ascii_digit())
                    .then(|| part.parse::<u32>().ok())?
            };
            let &[a, b, c] = parts else { return false };
            let (Some(first), Some(second), Some(third)) = (number(a), number(b), number(c)) else {
                return false;
            };
            let small = |number: u32| (1..=31).contains(&number);
            let day_first = small(first)
                && small(second)
                && first.min(second) <= 12
                && matches!(c.len(), 2 | 4)
                && third > 0;
            day_first || a.len() == 4 && (1..=12).contains(&second) && small(third)
        };
        let word = self.word(at);
        for sign in ['-', '.'] {
            let parts: Vec<&str> = word.split(sign).collect();
            if word.len() >= 8 && fits(&parts) {
                return Some(at + 1);
            }
        }
        let slashes = self.word(at + 1) == "/" && self.word(at + 3) == "/";
        (slashes && fits(&[word, self.word(at + 2), self.word(at + 4)])).then_some(at + 5)
    }

    /// "2024年8月19日", "8月19日", "2024年".
    fn chinese(&self, at: usize) -> Option<usize> {
        let digits =
            |at: usize| !self.word(at).is_empty() && self.word(at).bytes().all(|byte| byte.is_ascii_digit());
        let mut end = at;
        for unit in ["年", "月", "日"] {
            if digits(end) && self.word(end + 1) == unit {
                end += 2;
            }
        }
        (end > at).then_some(end)
    }
}

fn begins(word: &str, term: &str) -> bool {
    match term.strip_suffix('.') {
        Some(whole) => word == whole,
        // An ending is short.
        None => word
            .strip_prefix(term)
            .is_some_and(|ending| ending.chars().count() <= 5),
    }
}

fn is_sign(word: &str) -> bool {
    let mut chars = word.chars();
    let sign = chars
        .next()
        .is_some_and(|c| matches!(c, '$' | '£' | '¢' | '¥' | '₠'..='⃀' | '฿' | '元' | '￥'));
    sign && chars.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::tokenize;

    fn found(language: &str, text: &str) -> Vec<String> {
        let mut tokens = Vec::new();
        tokenize(text, &mut tokens);
        let spans = find(text, &tokens, Some(language));
        let words = spans.into_iter().map(|(span, kind)| {
            let words = &text[tokens[span.start].start as usize..tokens[span.end - 1].end as usize];
            format!("{} {words}", kind.as_str())
        });
        words.collect()
    }

    #[test]
    fn dates() {
        for (language, text, date) in [
            (
                "en",
                "He came on Monday, 19 August 2024, by car.",
                "Monday, 19 August 2024",
            ),
            ("en", "It was August 19th, 2024.", "August 19th, 2024"),
            ("en", "Elections in May were held.", "May"),
            ("en", "War broke out in 1994 and ended.", "1994"),
            ("en", "They meet on June 21-26 there.", "June 21-26"),
            ("en", "Born in the 1990s he left.", "1990s"),
            ("en", "As of 2024-08-19 nothing.", "2024-08-19"),
            (
                "es",
                "El lunes 3 de mayo de 2021 llegó.",
                "lunes 3 de mayo de 2021",
            ),
            ("pt", "Foi em 25 de abril de 1974.", "25 de abril de 1974"),
            ("fr", "Le 1er mai 2020, tous.", "1er mai 2020"),
            ("it", "Il 2 giugno 1946 nacque.", "2 giugno 1946"),
            (
                "de",
                "Am Montag, den 3. Oktober 1990, war es so weit.",
                "Montag, den 3. Oktober 1990",
            ),
            ("nl", "Op 5 mei 1945 was het zover.", "5 mei 1945"),
            ("ru", "Это было 9 мая 1945 года в Москве.", "9 мая 1945 года"),
            (
                "uk",
                "Це сталося 24 серпня 1991 року у Києві.",
                "24 серпня 1991 року",
            ),
            ("zh", "他于2024年8月19日抵达。", "2024年8月19日"),
        ] {
            assert_eq!(found(language, text), [format!("DATE {date}")], "{text}");
        }
        assert_eq!(found("en", "May I march on 2000 people in 12 days?"), [""; 0]);
    }

    #[test]
    fn sums() {
        for (language, text, sum) in [
            ("en", "It cost US$2.7 million then.", "US$2.7 million"),
            ("en", "A fine of €5bn was paid.", "€5bn"),
            ("en", "They paid 40 Canadian dollars each.", "40 Canadian dollars"),
            ("en", "About Rs. 1,200 crore went.", "Rs. 1,200 crore"),
            ("es", "Costó 3 millones de euros más.", "3 millones de euros"),
            ("fr", "Il a payé 30 000 € hier.", "30 000 €"),
            ("de", "Es kostet 2,5 Milliarden Euro mehr.", "2,5 Milliarden Euro"),
            ("ru", "Он заплатил 5 млн рублей за это.", "5 млн рублей"),
        ] {
            assert_eq!(found(language, text), [format!("MONEY {sum}")], "{text}");
        }
        assert_eq!(found("en", "He won 3 games and 20 million votes."), [""; 0]);
    }
}
