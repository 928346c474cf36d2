//! Dates as pages write them.
//!
//! What names no time zone is taken as UTC. What may be two days, such as `01/02/2024`, is none: a wrong date is worse than no date.

use gristmill_core::parse_date;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The instant that `text` names.
pub fn parse(text: &str) -> Option<Timestamp> {
    unix(text.trim()).or_else(|| parse_date(text)).and_then(plausible)
}

/// Seconds or milliseconds since 1970.
fn unix(text: &str) -> Option<Timestamp> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i64 = text.parse().ok()?;
    match text.len() {
        10 => Timestamp::from_second(number).ok(),
        13 => Timestamp::from_millisecond(number).ok(),
        _ => None,
    }
}

/// Newspapers are younger than 1700, and none is of another century to come.
fn plausible(instant: Timestamp) -> Option<Timestamp> {
    let year = TimeZone::UTC.to_datetime(instant).year();
    (1700..=2100).contains(&year).then_some(instant)
}

/// The first day that stands in `text` as `19.08.2024` or `2024-08-19`, with the time if it follows; two such days are none.
pub fn within(text: &str) -> Option<Timestamp> {
    const LONGEST: usize = 200;
    if text.len() > LONGEST {
        return None;
    }
    let mut days = text
        .split(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-'))
        .filter(|part| part.len() >= 8)
        .filter_map(|part| {
            let part = part.trim_matches(['.', '-']);
            let forms = match part.len() {
                8 => ["%d.%m.%y", "%d.%m.%y"],
                _ => ["%d.%m.%Y", "%Y-%m-%d"],
            };
            forms.iter().find_map(|form| Date::strptime(form, part).ok())
        });
    let day = days.next()?;
    let times = text.split(|c: char| !(c.is_ascii_digit() || c == ':'));
    let time = times
        .filter(|part| matches!(part.len(), 4..=5))
        .find_map(|part| jiff::civil::Time::strptime("%H:%M", part).ok());
    if days.any(|other| other != day) {
        return None;
    }
    let instant = day.to_datetime(time.unwrap_or_default());
    plausible(TimeZone::UTC.to_timestamp(instant).ok()?)
}

/// The day in the path of an address: `/2024/05/03/`, `/2024-05-03-`, `/20240503/`.
pub fn in_address(address: &str) -> Option<Timestamp> {
    let path = address.split_once("://").map_or(address, |(_, rest)| rest);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let digits: Vec<&str> = path
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .collect();
    let day = |year: &str, month: &str, day: &str| {
        let year: i16 = year.parse().ok()?;
        let date = Date::new(year, month.parse().ok()?, day.parse().ok()?).ok()?;
        (1995..=2100).contains(&year).then_some(date)
    };
    let parts = digits.windows(3).find_map(|parts| {
        let lengths = (parts[0].len(), parts[1].len(), parts[2].len());
        let is_date = matches!(lengths, (4, 1..=2, 1..=2));
        is_date.then(|| day(parts[0], parts[1], parts[2])).flatten()
    });
    let date = parts.or_else(|| {
        let run = digits
            .iter()
            .find(|run| run.len() == 8 && run.starts_with("20"))?;
        day(&run[..4], &run[4..6], &run[6..])
    })?;
    TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_pages() {
        let check = |text: &str, expected: Option<&str>| {
            let said = parse(text).map(|instant| instant.to_string());
            assert_eq!(said.as_deref(), expected, "{text}");
        };
        let noon = Some("2024-08-19T12:00:00Z");
        for text in ["2024-08-19T14:00:00+02:00", "1724068800", "1724068800000"] {
            check(text, noon);
        }
        check("19.08.2024", Some("2024-08-19T00:00:00Z"));
        for text in ["01/02/2024", "0024-08-19", "99999999999999999999"] {
            check(text, None);
        }
    }

    #[test]
    fn dates_within_text() {
        let check = |text: &str, expected: Option<&str>| {
            let said = within(text).map(|instant| instant.to_string());
            assert_eq!(said.as_deref(), expected, "{text}");
        };
        check("Mo 19.08.24 | 12:00 Uhr", Some("2024-08-19T12:00:00Z"));
        check("Stand: 19.08.2024", Some("2024-08-19T00:00:00Z"));
        check("19.08.2024, aktualisiert 20.08.2024", None);
        check("vor 3 Stunden", None);
    }

    #[test]
    fn dates_of_addresses() {
        let check = |address: &str, expected: Option<&str>| {
            let said = in_address(address).map(|day| day.to_string());
            assert_eq!(said.as_deref(), expected, "{address}");
        };
        let day = Some("2024-08-19T00:00:00Z");
        check("https://news.example/2024/08/19/storm.html", day);
        check("https://news.example/a/2024-8-19-storm", day);
        check("https://news.example/20240819/storm", day);
        check("https://news.example/article-12345678", None);
        check("https://news.example/2024/storm", None);
        check("https://news.example/storm?d=2024/08/19", None);
    }
}
