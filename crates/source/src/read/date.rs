//! Dates as records write them.

use gristmill_core::parse_date;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

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
    plausible(parse_date(text)?)
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
        check(json!(1_724_068_800), noon);
        check(json!(1_724_068_800_000_i64), noon);
        check(json!("1724068800"), noon);
        check(json!("2024-08-19"), day);
        check(json!("20240819"), day);
        check(json!("19.08.2024"), day);
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
