//! The stage as a whole.

use gristmill_core::MemoryState;

use super::*;

const QUAKE: [&str; 3] = [
    "A strong earthquake struck the harbour town of Velmora on Tuesday, killing at least twelve people and trapping dozens under the collapsed Orsini hotel, rescuers said.",
    "Rescue teams in Velmora searched the ruins of the Orsini hotel on Wednesday after an earthquake killed at least twelve people in the harbour town.",
    "Velmora mourns: twelve dead in the earthquake, dozens still missing in the rubble of the collapsed Orsini hotel, rescuers say.",
];
const BANK: &str = "The central bank of Tarnland left its interest rate unchanged at four per cent, and governor Ilse Brandt said that inflation would fall next year.";

fn stories(texts: &[&str], reopen: bool) -> Vec<Story> {
    let mut stories = Stories::new(&StoryParams::default());
    let mut state = MemoryState::new();
    let place = |(n, text): (usize, &&str)| {
        if reopen {
            stories.open(&mut state).unwrap();
        }
        let mut document = Document::from_text(&n.to_string(), text);
        stories.place(&mut document, &mut state).unwrap();
        document.story
    };
    texts.iter().enumerate().map(place).collect()
}

#[test]
fn one_event_is_one_story_in_any_order() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let placed = stories(&[QUAKE[order[0]], BANK, QUAKE[order[1]], QUAKE[order[2]]], false);
        assert_eq!(placed[2].id, placed[0].id, "{order:?}");
        assert_eq!(placed[3].id, placed[0].id, "{order:?}");
        assert_ne!(placed[1].id, placed[0].id, "{order:?}");
        assert_eq!(placed[0].similarity, None);
    }
}

#[test]
fn a_restart_between_documents_changes_nothing() {
    let texts: Vec<&str> = QUAKE.iter().chain([&BANK]).copied().cycle().take(9).collect();
    assert_eq!(stories(&texts, true), stories(&texts, false));
}

#[test]
fn beyond_the_window_a_new_story_begins() {
    let mut stories = Stories::new(&StoryParams::default());
    let mut state = MemoryState::new();
    let mut place = |path: &str, created: &str| {
        let mut document = Document::from_text(path, QUAKE[0]);
        document.created = Some(created.parse().unwrap());
        stories.place(&mut document, &mut state).unwrap();
        (document.id, document.story.id)
    };
    let (first, _) = place("a", "2024-05-01T00:00:00Z");
    assert_eq!(place("b", "2024-05-10T00:00:00Z").1, Some(first));
    let (late, story) = place("c", "2024-06-10T00:00:00Z");
    assert_eq!(story, Some(late));
}

#[test]
fn an_explanation_names_the_words_that_tie() {
    let mut stories = Stories::new(&StoryParams::default());
    let mut state = MemoryState::new();
    stories
        .place(&mut Document::from_text("a", QUAKE[0]), &mut state)
        .unwrap();
    let mut document = Document::from_text("b", QUAKE[1]);
    document.notes = Some(Vec::new());
    stories.place(&mut document, &mut state).unwrap();
    let note = &document.notes.unwrap()[0];
    assert!(note.says.starts_with("joins"));
    assert!(
        note.evidence["shared"]
            .as_array()
            .unwrap()
            .contains(&json!("Velmora"))
    );
}

#[test]
fn articles_survive_writing() {
    let article = Article {
        story: Document::from_text("a", "").id,
        time: -5,
        terms: vec![(1, 0.5), (7, 0.25)],
        title: vec![(9, 1.0)],
    };
    let bytes = [article.encode(), vec![1, 2]].concat();
    assert_eq!(Article::decode(&bytes), Some((article, &[1, 2][..])));
    assert_eq!(Article::decode(&[1, 2]), None);
}
