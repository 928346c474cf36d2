//! Dates as records and pages write them.
//!
//! What names no time zone is taken as UTC. What is not plain is not guessed: `01/02/2024` is two different days to
//! two readers, and a wrong date is worse than none.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;

/// Forms with a time zone, with a time, and with a day alone, beside ISO 8601 and RFC 2822.
const ZONED: [&str; 4] = [
    "%Y-%m-%dT%H:%M:%S%.f%z",
    "%Y-%m-%d %H:%M:%S %z",
    "%Y-%m-%dT%H:%M%z",
    "%a %b %d %H:%M:%S %z %Y",
];
const TIMES: [&str; 17] = [
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y.%m.%d %H:%M",
    "%Y年%m月%d日 %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y, %H:%M",
    "%B %d, %Y %I:%M %p",
    "%B %d, %Y at %I:%M %p",
    "%B %d, %Y, %I:%M %p",
    "%b %d, %Y %I:%M %p",
    "%B %d, %Y %H:%M",
    "%a %b %d %H:%M:%S %Y",
    "%d %B %Y %H:%M",
    "%d %b %Y %H:%M",
];
const DAYS: [&str; 14] = [
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y年%m月%d日",
    "%Y%m%d",
    "%d.%m.%Y",
    "%B %d, %Y",
    "%b %d, %Y",
    "%b. %d, %Y",
    "%d %B %Y",
    "%d %b %Y",
    "%A, %B %d, %Y",
    "%A, %d %B %Y",
    "%d-%b-%Y",
];

/// The instant that `text` names; a day alone is its first in UTC.
pub fn parse_date(text: &str) -> Option<Timestamp> {
    const LONGEST: usize = 64;
    let text = text.trim();
    if text.len() < 6 || text.len() > LONGEST {
        return None;
    }
    let utc = |civil: DateTime| TimeZone::UTC.to_timestamp(civil).ok();
    let bare = text.trim_end_matches(" UTC").trim_end_matches(" GMT");
    let zoned = || {
        let mut formats = ZONED.iter();
        formats.find_map(|format| Timestamp::strptime(format, text).ok())
    };
    let timed = || {
        let mut formats = TIMES.iter();
        formats.find_map(|format| DateTime::strptime(format, bare).ok())
    };
    let day = || {
        let mut formats = DAYS.iter();
        formats.find_map(|format| Date::strptime(format, bare).ok())
    };
    text.parse::<Timestamp>()
        .ok()
        .or_else(zoned)
        .or_else(|| rfc2822::parse(text).ok().map(|zoned| zoned.timestamp()))
        .or_else(|| bare.parse::<DateTime>().ok().and_then(utc))
        .or_else(|| timed().and_then(utc))
        .or_else(|| day().map(|day| day.at(0, 0, 0, 0)).and_then(utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_records_and_pages() {
        let check = |text: &str, expected: Option<&str>| {
            let said = parse_date(text).map(|instant| instant.to_string());
            assert_eq!(said.as_deref(), expected, "{text}");
        };
        let noon = Some("2024-08-19T12:00:00Z");
        let day = Some("2024-08-19T00:00:00Z");
        for text in [
            "2024-08-19T12:00:00Z",
            "2024-08-19T14:00:00+02:00",
            "2024-08-19T14:00:00+0200",
            "2024-08-19T14:00+02:00",
            "2024-08-19 14:00:00 +0200",
            "2024-08-19T12:00",
            "2024-08-19 12:00",
            "2024-08-19 12:00:00 UTC",
            "2024/08/19 12:00",
            "19.08.2024, 12:00",
            "Mon, 19 Aug 2024 14:00:00 +0200",
            "August 19, 2024 12:00 PM",
        ] {
            check(text, noon);
        }
        for text in [
            "2024-08-19",
            "20240819",
            "19.08.2024",
            "August 19, 2024",
            "Aug. 19, 2024",
            "Monday, August 19, 2024",
            "2024年08月19日",
        ] {
            check(text, day);
        }
        let long = "x".repeat(1000);
        for text in ["01/02/2024", "yesterday", "", "2024-13-01", &long] {
            check(text, None);
        }
    }
}
