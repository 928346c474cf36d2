//! Counts the cases of garbled text that are repaired, and those of good text that are left alone:
//!
//! ```text
//! mojibake CASES.json…
//! ```
//!
//! A case has `original` and `fixed`, or `fixed-encoding` where only part of `fixed` is a matter of encoding.

use anyhow::Result;
use gristmill_clean::mojibake::repair;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Case {
    original: String,
    fixed: String,
    fixed_encoding: Option<String>,
}

fn main() -> Result<()> {
    for path in std::env::args().skip(1) {
        let cases: Vec<Case> = serde_json::from_str(&std::fs::read_to_string(&path)?)?;
        let mut right = 0;
        for case in &cases {
            let expected = case.fixed_encoding.as_ref().unwrap_or(&case.fixed);
            let said = repair(&case.original);
            if said == *expected {
                right += 1;
            } else {
                println!("{:?} became {said:?}, not {expected:?}", case.original);
            }
        }
        println!("{path}: {right} of {}", cases.len());
    }
    Ok(())
}
