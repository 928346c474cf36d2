//! Dates in lines of text.

use std::collections::HashMap;
use std::sync::LazyLock;

use jiff::civil::Date;

/// The months by their names in the languages that we serve; the first letters are enough where they say it.
const MONTHS: [&str; 12] = [
    "jan janv januar january januari janvier enero ene gennaio gen janeiro января січня stycznia ocak يناير ledna",
    "feb febr februar february februari février févr febrero febbraio fevereiro fev февраля лютого lutego şubat فبراير února",
    "mar march märz mars marzo março maart марта березня marca mart مارس března",
    "apr april avril abril abr aprile апреля квітня kwietnia nisan أبريل dubna",
    "may mai mayo maggio mag maio mei мая травня maja mayıs مايو května maj",
    "jun june juni juin junio giugno giu junho июня червня czerwca haziran يونيو června",
    "jul july juli juillet julio luglio lug julho июля липня lipca temmuz يوليو července",
    "aug august août agosto ago augustus августа серпня sierpnia ağustos أغسطس srpna augusti",
    "sep sept september septembre septiembre settembre set setembro сентября вересня września eylül سبتمبر září",
    "oct october oktober okt octobre octubre ottobre ott outubro out октября жовтня października ekim أكتوبر října",
    "nov november novembre noviembre novembro ноября листопада listopada kasım نوفمبر listopadu",
    "dec december dezember dez décembre déc diciembre dic dicembre dezembro декабря грудня grudnia aralık ديسمبر prosince",
];

fn month(word: &str) -> Option<i8> {
    if word.as_bytes().first().is_none_or(u8::is_ascii_digit) {
        return None;
    }
    static NAMES: LazyLock<HashMap<&str, i8>> = LazyLock::new(|| {
        let months = (1..).zip(MONTHS);
        let names = months.flat_map(|(month, names)| names.split(' ').map(move |name| (name, month)));
        names.collect()
    });
    NAMES.get(word.to_lowercase().as_str()).copied()
}

/// Whether a word names a month.
pub(super) fn is_month(word: &str) -> bool {
    month(word).is_some()
}

/// The first date in a line that can be read in one way only: with the month's name, the year first, or dots between.
pub(super) fn find(line: &str) -> Option<Date> {
    // No date is without a year, and most lines have none.
    let mut digits = line.as_bytes().windows(4);
    if !digits.any(|four| four.iter().all(u8::is_ascii_digit)) {
        return None;
    }
    let mut tokens: Vec<(&str, char)> = Vec::new();
    let mut start = None;
    for (at, c) in line.char_indices().chain([(line.len(), '\0')]) {
        let inside = c.is_alphanumeric() && !matches!(c, '年' | '月' | '日');
        match start {
            None if inside => start = Some(at),
            Some(from) if !inside => {
                tokens.push((&line[from..at], c));
                start = None;
            }
            _ => {}
        }
    }
    let number = |at: usize, least: i16, most: i16| -> Option<i16> {
        let (token, _) = tokens.get(at)?;
        let token = ["st", "nd", "rd", "th"]
            .iter()
            .find_map(|end| token.strip_suffix(end))
            .unwrap_or(token);
        let token = token.split('T').next().unwrap_or(token);
        let number = token.parse().ok()?;
        (least..=most).contains(&number).then_some(number)
    };
    let named = |at: usize| tokens.get(at).and_then(|(token, _)| month(token));
    let after = |at: usize| tokens.get(at).map_or('\0', |(_, after)| *after);
    for at in 0..tokens.len() {
        let year = |at| number(at, 1990, 2100);
        let day = |at| number(at, 1, 31).map(|day| day as i8);
        let of_year = |at| number(at, 1, 12).map(|month| month as i8);
        let filler = |at: usize| {
            usize::from(
                tokens
                    .get(at)
                    .is_some_and(|(token, _)| matches!(*token, "de" | "of")),
            )
        };
        let found = if let (Some(year), Some(month), Some(day)) = (year(at), of_year(at + 1), day(at + 2)) {
            matches!(
                (after(at), after(at + 1)),
                ('-', '-') | ('/', '/') | ('.', '.') | ('年', '月')
            )
            .then_some((year, month, day))
        } else if let Some(month) = named(at) {
            day(at + 1)
                .zip(year(at + 2))
                .map(|(day, year)| (year, month, day))
        } else if let Some(first) = day(at) {
            let middle = at + 1 + filler(at + 1);
            let last = middle + 1 + filler(middle + 1);
            if let (Some(month), Some(year)) = (named(middle), year(last)) {
                Some((year, month, first))
            } else if let (Some(month), Some(year)) = (of_year(at + 1), year(at + 2)) {
                // Between other marks the month may stand first, unless the day is no month.
                let marks = (after(at), after(at + 1));
                (marks == ('.', '.') || first > 12 && matches!(marks, ('/', '/') | ('-', '-')))
                    .then_some((year, month, first))
            } else {
                None
            }
        } else {
            None
        };
        if let Some((year, month, day)) = found {
            return Date::new(year, month, day).ok();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_that_can_be_read_in_one_way_only() {
        for (line, expected) in [
            ("Published: August 19, 2024 10:32 pm", Some("2024-08-19")),
            ("Stand: 19. März 2021, 12:10 Uhr", Some("2021-03-19")),
            ("19.08.2024 | Redaktion", Some("2024-08-19")),
            ("Publicado el 3 de enero de 2020", Some("2020-01-03")),
            ("2023年5月7日 更新", Some("2023-05-07")),
            ("2023-05-07T10:00:00Z", Some("2023-05-07")),
            ("5 января 2022, 10:15", Some("2022-01-05")),
            ("03/04/2022", None),
            ("Publié le 13/05/2026 à 07h15", Some("2026-05-13")),
            ("31 February 2022", None),
            ("since 1999", None),
        ] {
            assert_eq!(
                find(line).map(|date| date.to_string()).as_deref(),
                expected,
                "{line}"
            );
        }
    }
}
