//! Durations and sizes as people write them in a configuration.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a text is neither a duration nor a size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a {what}: write a whole number and a unit, such as {example} (units: {units})")]
pub struct UnitError {
    text: String,
    what: &'static str,
    example: &'static str,
    units: &'static str,
}

/// A length of time written as `500ms`, `30s`, `5m`, `1h`, `14d` or `2w`; several parts may follow each other
/// (`1h30m`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Period(pub Duration);

/// A number of bytes written as `512`, `64KiB`, `16MiB`, `1GiB`, or with the decimal `kB`, `MB`, `GB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ByteSize(pub u64);

const DAY: u64 = 86_400_000;
/// Units of time in milliseconds, largest first.
const TIMES: [(&str, u64); 6] = [
    ("w", 7 * DAY),
    ("d", DAY),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];
/// Units of size in bytes, largest first, the binary ones before the decimal so that they are the ones written.
const SIZES: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

/// Splits `14d` into `(14, "d", "")`, the rest last.
fn part(text: &str) -> Option<(u64, &str, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number = text[..digits].parse().ok()?;
    let rest = text[digits..].trim_start();
    let letters = rest
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(rest.len());
    Some((number, &rest[..letters], rest[letters..].trim_start()))
}

impl FromStr for Period {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let parse = || {
            let mut rest = text.trim();
            let mut total = 0_u64;
            loop {
                let (number, unit, after) = part(rest)?;
                let scale = match TIMES.iter().find(|(name, _)| *name == unit) {
                    Some((_, scale)) => *scale,
                    None if unit.is_empty() && number == 0 => 1,
                    None => return None,
                };
                total = total.checked_add(number.checked_mul(scale)?)?;
                if after.is_empty() {
                    return Some(Self(Duration::from_millis(total)));
                }
                rest = after;
            }
        };
        parse().ok_or_else(|| UnitError {
            text: text.to_owned(),
            what: "duration",
            example: "500ms or 14d",
            units: "ms, s, m, h, d, w",
        })
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        if left == 0 {
            return f.write_str("0s");
        }
        // Weeks read worse than days to most people, so they are understood but not written.
        for (unit, scale) in TIMES.iter().skip(1) {
            if left >= *scale {
                write!(f, "{}{unit}", left / scale)?;
                left %= scale;
            }
        }
        Ok(())
    }
}

impl FromStr for ByteSize {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let parse = || {
            let (number, unit, after) = part(text.trim())?;
            let scale = match SIZES.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)) {
                Some((_, scale)) => *scale,
                None if unit.is_empty() => 1,
                None => return None,
            };
            after.is_empty().then(|| number.checked_mul(scale).map(Self))?
        };
        parse().ok_or_else(|| UnitError {
            text: text.to_owned(),
            what: "size",
            example: "64KiB or 16MiB",
            units: "B, KiB, MiB, GiB, TiB, kB, MB, GB, TB",
        })
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match SIZES
            .iter()
            .find(|(_, scale)| self.0 >= *scale && self.0.is_multiple_of(*scale))
        {
            Some((unit, scale)) => write!(f, "{}{unit}", self.0 / scale),
            None => write!(f, "{}B", self.0),
        }
    }
}

macro_rules! written_as_text {
    ($name:ident, $examples:tt) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                /// A bare number is let through to the parser, which tells zero from a forgotten unit.
                #[derive(Deserialize)]
                #[serde(untagged, expecting = "a number with its unit")]
                enum Written<'t> {
                    Number(u64),
                    Text(Cow<'t, str>),
                }
                match Written::deserialize(deserializer)? {
                    Written::Number(number) => number.to_string().parse(),
                    Written::Text(text) => text.parse(),
                }
                .map_err(serde::de::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": ["string", "integer"], "examples": $examples })
            }
        }
    };
}

written_as_text!(Period, ["500ms", "30s", "14d"]);
written_as_text!(ByteSize, ["64KiB", "16MiB"]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods() {
        for (text, millis, written) in [
            ("500ms", 500, "500ms"),
            ("30s", 30_000, "30s"),
            ("90s", 90_000, "1m30s"),
            ("1h30m", 5_400_000, "1h30m"),
            ("14d", 14 * DAY, "14d"),
            ("2w", 14 * DAY, "14d"),
            ("0", 0, "0s"),
            ("0ms", 0, "0s"),
        ] {
            let period: Period = text.parse().unwrap();
            assert_eq!(
                (period.0.as_millis() as u64, period.to_string()),
                (millis, written.to_owned()),
                "{text}"
            );
        }
        for wrong in ["", "5", "d", "-1s", "1.5h", "5 parsecs", "99999999999999999999d"] {
            assert!(wrong.parse::<Period>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes() {
        for (text, bytes, written) in [
            ("512", 512, "512B"),
            ("16MiB", 16 << 20, "16MiB"),
            ("1 GiB", 1 << 30, "1GiB"),
            ("5MB", 5_000_000, "5MB"),
            ("64kib", 65_536, "64KiB"),
        ] {
            let size: ByteSize = text.parse().unwrap();
            assert_eq!((size.0, size.to_string()), (bytes, written.to_owned()), "{text}");
        }
        for wrong in ["", "MiB", "5 parsecs", "1.5GiB", "99999999TiB"] {
            assert!(wrong.parse::<ByteSize>().is_err(), "{wrong}");
        }
    }
}
