//! What lands in a drop folder while a test disturbs the daemon: drawn by chance, the same for the same seed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

/// SplitMix64: the same draw for the same seed, on any machine.
#[derive(Debug, Clone)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }

    /// A report that every stage has something to do with: a language, names, events that others tell of too, runs of words
    /// that stand elsewhere, and a few words of its own.
    pub(crate) fn text(&mut self) -> String {
        const WHO: [&str; 6] = [
            "Anna Petrova",
            "John Whitfield",
            "Maria Santos",
            "Karl Brandt",
            "Amina Diallo",
            "Li Wei",
        ];
        const WHERE: [&str; 6] = ["Geneva", "Nairobi", "Lisbon", "Yerevan", "Oslo", "Montevideo"];
        const BODY: [&str; 5] = [
            "the World Health Organization",
            "the harbour authority",
            "the European Commission",
            "the city council",
            "the Red Cross",
        ];
        const DID: [&str; 5] = [
            "opened an inquiry into",
            "signed an agreement on",
            "warned of delays to",
            "voted against",
            "published a report on",
        ];
        const WHAT: [&str; 6] = [
            "the flood defences",
            "the ferry strike",
            "vaccine supplies",
            "the new railway",
            "grain exports",
            "the power cuts",
        ];
        let (place, matter) = (self.one(&WHERE), self.one(&WHAT));
        let mut text = format!("{} and {matter} in {place}\n\n", self.one(&WHO));
        for _ in 0..3 + self.below(4) {
            let number = self.below(100_000);
            text += &format!(
                "{} said in {place} on Tuesday that {} {} {matter}, and that {number} people had been told so by {}. ",
                self.one(&WHO),
                self.one(&BODY),
                self.one(&DID),
                self.one(&BODY),
            );
        }
        text
    }
}

/// The files that land with the number `number`, by their paths from the drop folder: single texts, pages, copies, empty
/// and unreadable ones, records of which one is bad, and trees.
pub(crate) fn files(random: &mut Random, number: u64) -> Vec<(String, Vec<u8>)> {
    let text = random.text();
    match random.below(13) {
        0 => vec![(format!("{number:06}.txt"), Vec::new())],
        1 => vec![(
            format!("{number:06}.bin"),
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0".to_vec(),
        )],
        2 => vec![(
            format!("{number:06}.txt"),
            b"the same words in every copy of this text, over and over again".to_vec(),
        )],
        3 | 4 => {
            let mut lines: Vec<_> = (0..8)
                .map(|_| serde_json::json!({"text": random.text()}).to_string())
                .collect();
            lines.insert(random.below(9) as usize, "{broken".to_owned());
            vec![(
                format!("{number:06}.jsonl"),
                (lines.join("\n") + "\n").into_bytes(),
            )]
        }
        5 => (0..3)
            .map(|leaf| (format!("{number:06}/a/b/{leaf}.txt"), random.text().into_bytes()))
            .collect(),
        6 => vec![(format!("{number:06} odd\nname.txt"), text.into_bytes())],
        7 => {
            let page = format!(
                "<html><head><title>Page {number}</title></head><body><nav><a href=/>Home</a></nav><article><p>{}</p></article></body></html>",
                text.replace("\n\n", "</p><p>")
            );
            vec![(format!("{number:06}.html"), page.into_bytes())]
        }
        _ => vec![(format!("{number:06}.txt"), text.into_bytes())],
    }
}

/// Where a line or an entry came from: file and record.
pub(crate) fn origin(line: &Value) -> (String, u64) {
    (
        line["source"]["path"].as_str().unwrap().to_owned(),
        line["source"]["record"].as_u64().unwrap(),
    )
}

/// The records that must come out of what landed, each once.
pub(crate) fn records(landed: &BTreeMap<String, Vec<u8>>) -> BTreeSet<(String, u64)> {
    landed
        .iter()
        .flat_map(|(path, bytes)| {
            let records = if path.ends_with("jsonl") {
                bytes.split(|&b| b == b'\n').count() - 1
            } else {
                1
            };
            (0..records as u64).map(move |record| (path.clone(), record))
        })
        .collect()
}

/// Writes `files` below `inbox` in place.
pub(crate) fn write(inbox: &Path, files: &[(String, Vec<u8>)]) {
    for (path, bytes) in files {
        let path = inbox.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
    }
}
