//! Offsets hold whatever a text is made of: emoji, combining marks, scripts of several bytes a letter, quotes and
//! control characters that JSON must escape.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use gristmill::stages;
use gristmill_core::{BuildEnv, Built, Document, MemoryState, Verdict};
use proptest::prelude::*;
use proptest::sample::select;

/// Words that the stages have something to say about, between words that shift the offsets.
fn words() -> impl Strategy<Value = Vec<&'static str>> {
    let word = select(vec![
        "Ann Miller",
        "London",
        "the United Nations",
        "said",
        "on Monday",
        "in",
        "Владимир Путин",
        "Москве",
        "e\u{301}te\u{301}",
        "🎉",
        "👩‍👩‍👧",
        "\"quoted\"",
        "back\\slash",
        "tab\there",
        "\u{1}",
        "北京",
        "और",
        "\u{feff}",
        "l’Île-de-France",
        "Ångström",
        "a",
        "bridge.",
        "council,",
        "\n\n",
        "München",
        "und der",
        "¿Qué?",
        "\u{2028}",
    ]);
    prop::collection::vec(word, 1..80)
}

struct Chain(Vec<(Built, MemoryState)>);

impl Chain {
    fn new() -> Self {
        let registry = stages::built_in();
        let names = ["clean", "language", "dedup", "entities", "story"];
        let params = |name: &str| match name {
            "dedup" => serde_json::json!({"exact": "tag", "passages": {"min_words": 8}}),
            _ => serde_json::Value::Null,
        };
        let mut chain = Vec::new();
        for name in names {
            let stage = registry.get(name).unwrap();
            let mut built = stage.build(params(name), &BuildEnv::default()).unwrap();
            let mut state = MemoryState::new();
            if let Built::Ordered { ordered, .. } = &mut built {
                ordered.open(&mut state).unwrap();
            }
            chain.push((built, state));
        }
        Self(chain)
    }

    fn run(&mut self, mut document: Document) -> Option<Document> {
        for (built, state) in &mut self.0 {
            let verdict = match built {
                Built::Pure(stage) => stage.process(&mut document).unwrap(),
                Built::Ordered { prepare, ordered } => {
                    if let Some(prepare) = prepare {
                        prepare.process(&mut document).unwrap();
                    }
                    ordered.process(&mut document, state).unwrap()
                }
            };
            if verdict != Verdict::Keep {
                return None;
            }
        }
        Some(document)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn spans_are_what_they_name(texts in prop::collection::vec(words(), 1..4)) {
        let mut chain = Chain::new();
        let mut texts: Vec<String> = texts.iter().map(|words| words.join(" ")).collect();
        // One that repeats what came before has passages.
        texts.push(texts.concat());
        let mut earlier: Vec<Document> = Vec::new();
        for (number, text) in texts.iter().enumerate() {
            let document = Document::from_text(&format!("{number}.txt"), text);
            let Some(document) = chain.run(document) else { continue };
            let line = serde_json::to_string(&document).unwrap();
            prop_assert!(!line.contains('\n'));
            let read: Document = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(&read.text, &document.text);
            prop_assert_eq!(&read.title, &document.title);
            let points: Vec<char> = document.text.chars().collect();
            for mention in document.entities.iter().flat_map(|entity| &entity.mentions) {
                let span: String = points[mention.start..mention.end].iter().collect();
                prop_assert_eq!(&span, &mention.text);
            }
            for span in &document.language.spans {
                prop_assert!(span.start < span.end && span.end <= points.len());
            }
            for passage in &document.passages {
                let other = earlier.iter().find(|other| other.id == passage.of).unwrap();
                let of: Vec<char> = other.text.chars().collect();
                let plain = |span: &[char]| -> Vec<String> {
                    let text: String = span.iter().collect::<String>().to_lowercase();
                    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
                };
                let here = plain(&points[passage.start..passage.end]);
                prop_assert!(!here.is_empty());
                prop_assert_eq!(here, plain(&of[passage.of_start..passage.of_end]));
            }
            earlier.push(document);
        }
    }
}
