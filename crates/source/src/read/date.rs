//! Dates as records write them.
//!
//! What names no time zone is taken as UTC. What is not plain is not guessed: `01/02/2024` is two different days
//! to two readers, and a wrong date is worse than none.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use serde_json::Value;

/// Dates with a time, then dates alone, as newspapers and programs write them.
const TIMES: [&str; 12] = [
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y, %H:%M",
    "%B %d, %Y %I:%M %p",
    "%B %d, %Y at %I:%M %p",
    "%B %d, %Y, %I:%M %p",
    "%b %d, %Y %I:%M %p",
    "%B %d, %Y %H:%M",
    "%d %B %Y %H:%M",
    "%d %b %Y %H:%M",
];
const DAYS: [&str; 10] = [
    "%Y/%m/%d",
    "%Y%m%d",
    "%d.%m.%Y",
    "%B %d, %Y",
    "%b %d, %Y",
    "%b. %d, %Y",
    "%d %B %Y",
    "%d %b %Y",
    "%A, %B %d, %Y",
    "%A, %d %B %Y",
];

/// The instant that a field names.
pub(crate) fn read(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(number) => unix(number.as_f64()?),
        Value::String(text) => parse(text.trim()),
        _ => None,
    }
}

fn parse(text: &str) -> Option<Timestamp> {
    const LONGEST: usize = 64;
    if text.len() > LONGEST {
        return None;
    }
    if text.len() > 8
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && let Some(instant) = text.parse().ok().and_then(unix)
    {
        return Some(instant);
    }
    let utc = |civil: DateTime| TimeZone::UTC.to_timestamp(civil).ok();
    let instant = text
        .parse::<Timestamp>()
        .ok()
        .or_else(|| rfc2822::parse(text).ok().map(|zoned| zoned.timestamp()))
        .or_else(|| {
            text.trim_end_matches(" UTC")
                .parse::<DateTime>()
                .ok()
                .and_then(utc)
        })
        .or_else(|| {
            TIMES
                .iter()
                .find_map(|format| DateTime::strptime(format, text).ok())
                .and_then(utc)
        })
        .or_else(|| {
            let day = DAYS.iter().find_map(|format| Date::strptime(format, text).ok());
            day.map(|day| day.at(0, 0, 0, 0)).and_then(utc)
        })?;
    plausible(instant)
}

/// Seconds since 1970, or milliseconds where the number is too large for seconds.
fn unix(number: f64) -> Option<Timestamp> {
    const SECONDS_TO_5138: f64 = 1e11;
    let milliseconds = if number.abs() < SECONDS_TO_5138 {
        number * 1e3
    } else {
        number
    };
    plausible(Timestamp::from_millisecond(milliseconds as i64).ok()?)
}

/// Newspapers are younger than printing, and a year of five digits is something else.
fn plausible(instant: Timestamp) -> Option<Timestamp> {
    let year = TimeZone::UTC.to_datetime(instant).year();
    (1400..=9000).contains(&year).then_some(instant)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn dates() {
        let check = |value: Value, expected: &str| {
            assert_eq!(
                read(&value).map(|instant| instant.to_string()).as_deref(),
                Some(expected),
                "{value}"
            );
        };
        let noon = "2024-08-19T12:00:00Z";
        let day = "2024-08-19T00:00:00Z";
        check(json!("2024-08-19T12:00:00Z"), noon);
        check(json!("2024-08-19T14:00:00+02:00"), noon);
        check(json!("2024-08-19 12:00:00"), noon);
        check(json!("2024-08-19T12:00:00"), noon);
        check(json!("2024-08-19 12:00:00 UTC"), noon);
        check(json!("2024/08/19 12:00"), noon);
        check(json!("Mon, 19 Aug 2024 14:00:00 +0200"), noon);
        check(json!("August 19, 2024 12:00 PM"), noon);
        check(json!("19.08.2024, 12:00"), noon);
        check(json!(1_724_068_800), noon);
        check(json!(1_724_068_800_000_i64), noon);
        check(json!("1724068800"), noon);
        check(json!("2024-08-19"), day);
        check(json!("20240819"), day);
        check(json!("19.08.2024"), day);
        check(json!("August 19, 2024"), day);
        check(json!("Aug 19, 2024"), day);
        check(json!("Aug. 19, 2024"), day);
        check(json!("19 August 2024"), day);
        check(json!("Monday, August 19, 2024"), day);
    }

    #[test]
    fn what_is_not_plain_is_no_date() {
        for value in [
            json!("01/02/2024"),
            json!("yesterday"),
            json!(""),
            json!("2024-13-01"),
            json!(true),
            json!("x".repeat(1000)),
            json!(1e300),
        ] {
            assert_eq!(read(&value), None, "{value}");
        }
    }
}
