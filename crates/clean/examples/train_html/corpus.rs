//! The labelled pages.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

/// A page and what is known to be its article.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) corpus: &'static str,
    pub(crate) domain: String,
    pub(crate) markup: String,
    pub(crate) gold: Gold,
}

/// What is known of a page's article.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Gold {
    id: String,
    domain: String,
    pub(crate) body: Option<String>,
    pub(crate) with: Option<Vec<String>>,
    pub(crate) without: Option<Vec<String>>,
}

/// Reads `corpus` below `dir`: `gold.jsonl` and `pages/ID.html.zst`.
pub(crate) fn read(dir: &Path, corpus: &'static str) -> Result<Vec<Sample>> {
    let dir = dir.join(corpus);
    let gold = dir.join("gold.jsonl");
    let lines = fs::read_to_string(&gold).with_context(|| format!("read {}", gold.display()))?;
    let mut samples = Vec::new();
    for line in lines.lines() {
        let gold: Gold = serde_json::from_str(line)?;
        let page = dir.join(format!("pages/{}.html.zst", gold.id));
        let Ok(packed) = fs::read(&page) else {
            eprintln!("no page {}", page.display());
            continue;
        };
        samples.push(Sample {
            corpus,
            domain: gold.domain.clone(),
            markup: decode(&zstd::decode_all(packed.as_slice())?),
            gold,
        });
    }
    Ok(samples)
}

/// The page's characters: by byte order mark, else UTF-8 where it is that, else as the page says, else as it looks.
fn decode(bytes: &[u8]) -> String {
    if let Some((encoding, _)) = encoding_rs::Encoding::for_bom(bytes) {
        return encoding.decode(bytes).0.into_owned();
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(2048)]).to_ascii_lowercase();
    let said = head.split_once("charset=").map(|(_, rest)| {
        let rest = rest.trim_start_matches(['"', '\'', ' ']);
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
        rest[..end.unwrap_or(rest.len())].to_owned()
    });
    let said = said.and_then(|label| encoding_rs::Encoding::for_label(label.as_bytes()));
    let encoding = said.unwrap_or_else(|| {
        let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Allow);
        detector.feed(bytes, true);
        detector.guess(None, chardetng::Utf8Detection::Allow)
    });
    encoding.decode(bytes).0.into_owned()
}
