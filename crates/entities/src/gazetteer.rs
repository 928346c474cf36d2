//! The user's own names: a table of millions, met at word bounds, the longest first.
//!
//! A name is its sequence of tokens. The table maps the hash of each beginning of a name to what is known of it,
//! so that a walk over the text from each token ends at the first word that goes on no name. Names that count in
//! any case walk by lower-case words, under hashes of their own.

use std::collections::HashMap;
use std::fs::File;
use std::hash::BuildHasherDefault;
use std::io::{BufRead, BufReader};
use std::path::Path;

use gristmill_core::EntityType;
use serde::Deserialize;

use crate::features::{Already, hash};
use crate::tokens::{Token, tokenize};

/// Names that the user brings.
#[derive(Default)]
pub struct Gazetteer {
    /// The hash of a beginning of a name, to twice the number of the entry that ends there, plus one for an alias,
    /// or to [`ON`].
    steps: HashMap<u64, u32, BuildHasherDefault<Already>>,
    entries: Vec<Place>,
    /// The names and ids of all entries, end to end.
    words: String,
}

/// Where the name of an entry stands in the words, its id after it.
struct Place {
    at: u32,
    name: u16,
    id: u16,
    kind: EntityType,
}

/// What a gazetteer says of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'g> {
    /// The name as it is to be written.
    pub name: &'g str,
    /// The id as the gazetteer has it, if it has one.
    pub id: Option<&'g str>,
    /// What it names.
    pub kind: EntityType,
    /// Whether an alias was met, and not the name.
    pub alias: bool,
}

/// A gazetteer that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GazetteerError {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// Lines are no entries.
    #[error("{}", Self::lines(.first, *.more))]
    Lines {
        /// The number, from 1, of each of the first bad lines, and what is wrong with it.
        first: Vec<(usize, String)>,
        /// How many more there are.
        more: usize,
    },
}

impl GazetteerError {
    fn lines(first: &[(usize, String)], more: usize) -> String {
        let mut out = String::new();
        for (number, message) in first {
            let gap = if out.is_empty() { "" } else { "; " };
            out.push_str(&format!("{gap}line {number}: {message}"));
        }
        if more > 0 {
            out.push_str(&format!("; and {more} more"));
        }
        out
    }
}

/// Bad lines that an error tells of one by one.
const TOLD: usize = 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    name: String,
    #[serde(rename = "type")]
    kind: EntityType,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    case: Case,
}

/// Whether upper and lower case must agree.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Case {
    #[default]
    Exact,
    Any,
}

/// Names go on here, but none ends.
const ON: u32 = u32::MAX;
const EXACT: u64 = 1;
const ANY: u64 = 2;

impl Gazetteer {
    /// Adds the names in the file at `path`: JSON Lines if its name ends in `.jsonl`, else tab-separated columns
    /// `name`, `type`, `id`, `aliases` (with `|` between) and `case` (`exact` or `any`), of which the last three may
    /// be missing. A first line that names the columns, empty lines and lines that begin with `#` are passed over.
    ///
    /// # Errors
    /// The file cannot be read, or lines are no entries; the error names them, and the good ones are in.
    pub fn load(&mut self, path: &Path) -> Result<(), GazetteerError> {
        self.add(
            BufReader::with_capacity(1 << 16, File::open(path)?),
            is_json(path),
        )
    }

    /// Adds the names in `lines`; see [`load`](Self::load).
    ///
    /// # Errors
    /// They cannot be read, or are no entries.
    pub fn add(&mut self, mut lines: impl BufRead, json: bool) -> Result<(), GazetteerError> {
        let mut tokens = Vec::new();
        let mut line = String::new();
        let mut number = 0;
        let (mut first, mut more) = (Vec::new(), 0);
        while lines.read_line(&mut line)? > 0 {
            number += 1;
            let content = line.trim_end_matches(['\n', '\r']).trim_start_matches('\u{feff}');
            let header = number == 1 && !json && content.starts_with("name\ttype");
            if !(content.trim().is_empty() || content.starts_with('#') || header)
                && let Err(message) = self.add_line(content, json, &mut tokens)
            {
                if first.len() < TOLD {
                    first.push((number, message));
                } else {
                    more += 1;
                }
            }
            line.clear();
        }
        if first.is_empty() {
            Ok(())
        } else {
            Err(GazetteerError::Lines { first, more })
        }
    }

    fn add_line(&mut self, line: &str, json: bool, tokens: &mut Vec<Token>) -> Result<(), String> {
        let record = if json {
            serde_json::from_str(line).map_err(|error| {
                // Each line is read by itself, so the reader's own line says nothing.
                let message = error.to_string();
                message.split(" at line ").next().unwrap_or_default().to_owned()
            })?
        } else {
            columns(line)?
        };
        let length = |text: &str, what: &str| {
            u16::try_from(text.len()).map_err(|_| format!("the {what} is longer than 65,535 bytes"))
        };
        let place = Place {
            at: u32::try_from(self.words.len()).map_err(|_| "more than four gibibytes of names")?,
            name: length(&record.name, "name")?,
            id: length(record.id.as_deref().unwrap_or_default(), "id")?,
            kind: record.kind,
        };
        let entry = u32::try_from(self.entries.len()).unwrap_or(ON) << 1;
        self.insert(&record.name, record.case, entry, tokens);
        for alias in &record.aliases {
            self.insert(alias, record.case, entry | 1, tokens);
        }
        self.entries.push(place);
        self.words.push_str(&record.name);
        self.words.push_str(record.id.as_deref().unwrap_or_default());
        Ok(())
    }

    /// Of two entries with one name the earlier counts.
    fn insert(&mut self, name: &str, case: Case, entry: u32, tokens: &mut Vec<Token>) {
        tokenize(name, tokens);
        let mut state = match case {
            Case::Exact => EXACT,
            Case::Any => ANY,
        };
        for (at, token) in tokens.iter().enumerate() {
            state = step(state, word(token.of(name), case));
            let end = self.steps.entry(state).or_insert(ON);
            if at + 1 == tokens.len() && *end == ON {
                *end = entry;
            }
        }
    }

    /// The longest name that begins at token `at`: the token after its last, and its entry.
    pub fn longest(&self, text: &str, tokens: &[Token], at: usize) -> Option<(usize, Entry<'_>)> {
        let mut best: Option<(usize, u32)> = None;
        for (case, mut state) in [(Case::Exact, EXACT), (Case::Any, ANY)] {
            for (offset, token) in tokens[at..].iter().enumerate() {
                state = step(state, word(token.of(text), case));
                let Some(&end) = self.steps.get(&state) else { break };
                let length = at + offset + 1;
                if end != ON && best.is_none_or(|(longest, _)| length > longest) {
                    best = Some((length, end));
                }
            }
        }
        let (end, entry) = best?;
        let place = self.entries.get((entry >> 1) as usize)?;
        let at = place.at as usize;
        let (name, id) = self.words.get(at..)?.split_at_checked(place.name.into())?;
        let id = id.get(..usize::from(place.id)).filter(|id| !id.is_empty());
        let (kind, alias) = (place.kind, entry & 1 == 1);
        Some((
            end,
            Entry {
                name,
                id,
                kind,
                alias,
            },
        ))
    }

    /// Whether it holds no name.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Whether the gazetteer at `path` is of JSON Lines.
pub(crate) fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "jsonl")
}

fn word(word: &str, case: Case) -> u32 {
    match case {
        Case::Exact => hash(word.chars()),
        Case::Any => hash(word.chars().flat_map(char::to_lowercase)),
    }
}

fn step(state: u64, word: u32) -> u64 {
    let mixed = (state ^ u64::from(word)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 31)).wrapping_mul(0xD6E8_FEB8_6659_FD93)
}

fn columns(line: &str) -> Result<Record, String> {
    let mut columns = line.split('\t').map(str::trim);
    let name = columns
        .next()
        .filter(|name| !name.is_empty())
        .ok_or("the name is empty")?;
    let kind = columns.next().ok_or("no type after the name and a tab")?;
    let kind = EntityType::ALL
        .into_iter()
        .find(|known| known.as_str() == kind)
        .ok_or_else(|| format!("type {kind:?} is none of PER, ORG, LOC, MISC, DATE, MONEY"))?;
    let id = columns.next().filter(|id| !id.is_empty());
    let aliases = columns.next().unwrap_or_default().split('|').map(str::trim);
    let case = match columns.next().unwrap_or_default() {
        "" | "exact" => Case::Exact,
        "any" => Case::Any,
        other => return Err(format!("case {other:?} is neither exact nor any")),
    };
    Ok(Record {
        name: name.to_owned(),
        kind,
        id: id.map(str::to_owned),
        aliases: aliases
            .filter(|alias| !alias.is_empty())
            .map(str::to_owned)
            .collect(),
        case,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(gazetteer: &Gazetteer, text: &str) -> Vec<(String, String)> {
        let mut tokens = Vec::new();
        tokenize(text, &mut tokens);
        let hits = (0..tokens.len()).filter_map(|at| {
            let (end, entry) = gazetteer.longest(text, &tokens, at)?;
            let span = &text[tokens[at].start as usize..tokens[end - 1].end as usize];
            Some((span.to_owned(), entry.name.to_string()))
        });
        hits.collect()
    }

    #[test]
    fn the_longest_name_at_word_bounds() {
        let mut gazetteer = Gazetteer::default();
        let lines = "name\ttype\tid\taliases\tcase\nNew York\tLOC\tQ60\tNYC\nNew York Times\tORG\nacme\tORG\t\t\tany\n北京\tLOC\n";
        gazetteer.add(lines.as_bytes(), false).unwrap();
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            found(&gazetteer, "New York Times, NYC")[0],
            pair("New York Times", "New York Times")
        );
        assert_eq!(found(&gazetteer, "in NYC."), [pair("NYC", "New York")]);
        assert_eq!(found(&gazetteer, "AcMe and acmes"), [pair("AcMe", "acme")]);
        assert_eq!(found(&gazetteer, "new york"), []);
        assert_eq!(found(&gazetteer, "在北京市"), [pair("北京", "北京")]);
    }

    #[test]
    fn bad_lines_are_named() {
        let mut gazetteer = Gazetteer::default();
        let error = |content: &str, json| {
            Gazetteer::default()
                .add(content.as_bytes(), json)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            error("A\tPER\nB\tPERS", false),
            "line 2: type \"PERS\" is none of PER, ORG, LOC, MISC, DATE, MONEY"
        );
        assert!(error("{\"name\": \"A\"}", true).starts_with("line 1: missing field `type`"));
        assert!(
            gazetteer
                .add(
                    &b"{\"name\": \"A\", \"type\": \"PER\", \"aliases\": [\"B\"]}"[..],
                    true
                )
                .is_ok()
        );
        assert!(!gazetteer.is_empty());
    }
}
