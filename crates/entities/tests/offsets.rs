//! Every mention stands where it says, whatever its text is made of.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::OnceLock;

use gristmill_core::EntityType;
use gristmill_entities::Recognizer;
use proptest::prelude::*;
use proptest::sample::select;

/// Looks for all types, with names of several scripts listed.
fn recognizer() -> &'static Recognizer {
    static RECOGNIZER: OnceLock<Recognizer> = OnceLock::new();
    RECOGNIZER.get_or_init(|| {
        let mut recognizer = Recognizer {
            types: EntityType::ALL.to_vec(),
            ..Recognizer::default()
        };
        let lists = "Zoe\u{308} 😀 Smith\tPER\nירושלים\tLOC\nกรุงเทพ\tLOC\n北京\tLOC\nالقاهرة\tLOC\tQ85\tوالقاهرة\n👨‍👩‍👧 Club\tORG\n";
        recognizer.gazetteer.add(lists.as_bytes(), false).unwrap();
        recognizer
    })
}

/// Names, and what shifts or turns the text around them.
fn texts() -> impl Strategy<Value = String> {
    let part = select(vec![
        "Nikol Pashinian",
        "[Nikol] Pashinian",
        "the European Union",
        "BAKU:",
        "Heydar and Ilham Aliyev",
        "Armenia-Azerbaijan",
        "Putin’s",
        "said",
        "on 19 August 2024",
        "$3 million",
        "RFE/RL",
        "Zoe\u{308} 😀 Smith",
        "Erdog\u{306}an",
        "e\u{301}te\u{301}",
        "👨‍👩‍👧 Club",
        "🇦🇲",
        "\u{202e}",
        "\u{200f}",
        "ירושלים",
        "בנימין נתניהו",
        "الرئيس عبد الفتاح السيسي",
        "والقاهرة",
        "القاهرة",
        "Владимир Путин",
        "в Москве",
        "Նիկոլ Փաշինյանը",
        "ไปกรุงเทพมหานคร",
        "在北京会见普京",
        "។",
        ".",
        "\n",
        "\n\n",
        "\r\n",
        "\u{feff}",
        "\u{2028}",
        "\"",
        "(",
        "]",
    ]);
    prop::collection::vec((part, select(vec![" ", "", "\u{a0}"])), 1..60)
        .prop_map(|parts| parts.into_iter().flat_map(|(part, gap)| [part, gap]).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_mention_is_the_text_at_its_place(text in texts(), language in select(vec!["en", "ar", "ru", "hy", "zh", "th"])) {
        let points: Vec<char> = text.chars().collect();
        let mut taken = vec![false; points.len()];
        for (entity, found) in recognizer().entities(&text, Some(language)) {
            prop_assert_eq!(entity.mentions.len(), found.len());
            for mention in entity.mentions {
                prop_assert!(mention.start < mention.end && mention.end <= points.len());
                let span = &mut taken[mention.start..mention.end];
                prop_assert!(span.iter().all(|taken| !taken), "two mentions overlap");
                span.fill(true);
                let there: String = points[mention.start..mention.end].iter().collect();
                prop_assert_eq!(there, mention.text);
                prop_assert!((0.0..=1.0).contains(&mention.score));
            }
        }
    }
}

#[test]
fn a_listed_name_is_met_at_the_words_of_its_script() {
    let met = |text: &str, language: &str| {
        let found = recognizer().entities(text, Some(language));
        found
            .iter()
            .flat_map(|(entity, _)| &entity.mentions)
            .map(|mention| mention.text.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(met("ไปกรุงเทพมหานคร", "th"), ["กรุงเทพ"]);
    assert_eq!(met("ב ירושלים אתמול", "he"), ["ירושלים"]);
    assert_eq!(
        met("בירושלים", "he"),
        [""; 0],
        "a letter before it makes another word"
    );
    assert!(
        met("وصل إلى القاهرة والقاهرة", "ar").contains(&"والقاهرة".to_owned()),
        "listed with its conjunction"
    );
}
