//! Articles on one event come together, and those on other events of the same region, with the same names in them, stay out.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "region/orders.rs"]
mod orders;

use gristmill_story::{Stories, StoryParams};
use orders::{Found, Neighbours, Told, articles, check};

/// What is found of five outlets' articles on one event, and of ten on others, in a region that no table knows.
fn found(come: Neighbours, dated: bool, every: usize) -> Found {
    let mut event = articles(include_str!("region/ashka.txt"));
    let neighbours = event.split_off(5);
    assert!(event.iter().all(|told| told.event == "treaty"));
    assert!(neighbours.iter().all(|told| told.event != "treaty"));
    let stories = Stories::new(&StoryParams::default());
    check(&stories, &event, &neighbours, come, dated, every).unwrap()
}

#[test]
fn an_event_is_one_story_in_every_order() {
    for dated in [false, true] {
        let found = found(Neighbours::None, dated, 1);
        assert_eq!((found.orders, found.split), (120, 0), "dated: {dated}");
    }
}

#[test]
fn other_events_of_the_region_stay_out_and_do_not_split_it() {
    for come in [Neighbours::First, Neighbours::Mixed] {
        for dated in [false, true] {
            let found = found(come, dated, 8);
            let what = (found.orders, found.split, found.neighbours, found.joined);
            assert_eq!(what, (15, 0, 150, 0), "{come:?}, dated: {dated}");
        }
    }
}

#[test]
fn reports_of_one_event_in_the_samples_are_one_story_in_every_order() {
    const TOLD: [&str; 4] = [
        include_str!("../../../tests/samples/articles/courier/2026-05-12-bridge.txt"),
        include_str!("../../../tests/samples/articles/courier/2026-05-14-ferry.txt"),
        include_str!("../../../tests/samples/articles/courier/2026-05-15-council.md"),
        include_str!("../../../tests/samples/articles/herald/bridge-second-edition.txt"),
    ];
    let told = |event: &str, text: &str| Told {
        event: event.to_owned(),
        title: String::new(),
        text: text.to_owned(),
    };
    let event = TOLD.map(|text| told("bridge", text));
    let chess = told(
        "chess",
        include_str!("../../../tests/samples/articles/wire/chess.txt"),
    );
    let stories = Stories::new(&StoryParams::default());
    for dated in [false, true] {
        let found = check(
            &stories,
            &event,
            std::slice::from_ref(&chess),
            Neighbours::First,
            dated,
            1,
        )
        .unwrap();
        let what = (found.orders, found.split, found.neighbours, found.joined);
        assert_eq!(what, (24, 0, 24, 0), "dated: {dated}");
    }
}
