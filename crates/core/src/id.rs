//! Names of documents and of bytes.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Digest;

/// A document's name: 128 bits, written as 32 lower-case hexadecimal digits.
///
/// It is the first half of a SHA-256 over the source path, the record number and the SHA-256 of the record's
/// own bytes, so the same bytes at the same place have the same name on every run and every machine, and a
/// file that changed gives new names only to the records that changed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct DocumentId([u8; 16]);

impl DocumentId {
    /// Names the record number `record` (from 0) of the source at `path` (raw bytes), whose content hashes to
    /// `content`.
    pub fn of(path: &[u8], record: u64, content: &Sha256) -> Self {
        let mut hash = sha2::Sha256::new();
        hash.update((path.len() as u64).to_le_bytes());
        hash.update(path);
        hash.update(record.to_le_bytes());
        hash.update(content.0);
        let digest: [u8; 32] = hash.finalize().into();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        Self(id)
    }

    /// The id with exactly these 16 bytes, as [`as_bytes`](Self::as_bytes) gave them.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes of the id.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// Why a text is not a [`DocumentId`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a document id is 32 hexadecimal digits, not {0:?}")]
pub struct ParseIdError(String);

impl FromStr for DocumentId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let mut id = [0; 16];
        parse_hex(text, &mut id).ok_or_else(|| ParseIdError(text.to_owned()))?;
        Ok(Self(id))
    }
}

/// The SHA-256 of some bytes, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// Hashes `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// The hash with exactly these 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of the hash.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for Sha256 {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let mut hash = [0; 32];
        parse_hex(text, &mut hash).ok_or_else(|| ParseIdError(text.to_owned()))?;
        Ok(Self(hash))
    }
}

fn parse_hex(text: &str, into: &mut [u8]) -> Option<()> {
    let digits = text.as_bytes();
    if digits.len() != into.len() * 2 {
        return None;
    }
    for (byte, pair) in into.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = (high * 16 + low) as u8;
    }
    Some(())
}

fn hex<'b>(bytes: &[u8], buffer: &'b mut [u8]) -> &'b str {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (pair, byte) in buffer.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    std::str::from_utf8(&buffer[..bytes.len() * 2]).unwrap_or_default()
}

macro_rules! hexadecimal {
    ($name:ident, $bytes:literal, $about:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(hex(&self.0, &mut [0; $bytes * 2]))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(hex(&self.0, &mut [0; $bytes * 2]))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
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
                json_schema!({ "type": "string", "pattern": concat!("^[0-9a-f]{", stringify!($about), "}$") })
            }
        }
    };
}

hexadecimal!(DocumentId, 16, 32);
hexadecimal!(Sha256, 32, 64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_depends_on_path_record_and_content() {
        let content = Sha256::of(b"text");
        let id = DocumentId::of(b"a/b.txt", 0, &content);
        assert_eq!(id, DocumentId::of(b"a/b.txt", 0, &content));
        assert_ne!(id, DocumentId::of(b"a/c.txt", 0, &content));
        assert_ne!(id, DocumentId::of(b"a/b.txt", 1, &content));
        assert_ne!(id, DocumentId::of(b"a/b.txt", 0, &Sha256::of(b"Text")));
    }

    #[test]
    fn an_id_never_changes_between_versions() {
        let id = DocumentId::of(b"a/b.txt", 7, &Sha256::of(b"text"));
        assert_eq!(id.to_string(), "af32392074271ecd72c55d69b53f38fc");
    }

    #[test]
    fn hexadecimal_round_trip() {
        let id = DocumentId::of(b"x", 1, &Sha256::of(b""));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(
            serde_json::from_str::<DocumentId>(&serde_json::to_string(&id).unwrap()).unwrap(),
            id
        );
        assert!("12".parse::<DocumentId>().is_err());
        assert!("zz32392074271ecd72c55d69b53f38fc".parse::<DocumentId>().is_err());
    }
}
