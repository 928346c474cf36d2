//! An event and others of its region, in every order of arrival.

use std::collections::HashSet;
use std::error::Error;

use gristmill_core::{Document, DocumentId, MemoryState};
use gristmill_story::Stories;
use jiff::Timestamp;

/// An article, with its event.
pub(crate) struct Told {
    pub(crate) event: String,
    pub(crate) title: String,
    pub(crate) text: String,
}

/// The articles written in a file, each after a line with two equals signs, its event, a bar and its title.
pub(crate) fn articles(file: &str) -> Vec<Told> {
    let parts = file.split("== ").skip(1);
    let heads = parts.filter_map(|part| part.split_once('\n'));
    heads
        .filter_map(|(head, text)| {
            let (event, title) = head.split_once(" |")?;
            Some(Told {
                event: event.to_owned(),
                title: title.trim().to_owned(),
                text: text.to_owned(),
            })
        })
        .collect()
}

/// What was found.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Found {
    /// Orders of arrival.
    pub(crate) orders: usize,
    /// Those in which the event is not one story.
    pub(crate) split: usize,
    /// The least probability with which an article joined its event.
    pub(crate) least: Option<f64>,
    /// Placements of neighbours, and those that joined a story.
    pub(crate) neighbours: usize,
    pub(crate) joined: usize,
}

/// Where the neighbours come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Neighbours {
    None,
    First,
    Mixed,
}

/// The orders of so many things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    let Some(last) = count.checked_sub(1) else {
        return vec![Vec::new()];
    };
    let insert = |order: Vec<usize>| {
        (0..count).map(move |place| {
            let mut order = order.clone();
            order.insert(place, last);
            order
        })
    };
    orders(last).into_iter().flat_map(insert).collect()
}

/// The articles of the event in this order, with the neighbours.
fn queue<'t>(event: Vec<&'t Told>, neighbours: &'t [Told], come: Neighbours) -> Vec<&'t Told> {
    let share = match come {
        Neighbours::None => return event,
        Neighbours::First => return neighbours.iter().chain(event).collect(),
        Neighbours::Mixed => neighbours.len() / event.len(),
    };
    let mut rest = neighbours.iter();
    let mut queue = Vec::new();
    for told in event {
        queue.push(told);
        queue.extend(rest.by_ref().take(share));
    }
    queue.extend(rest);
    queue
}

/// Places the articles of the `event` in each `every`th order, with the `neighbours`, all published on one day if `dated`.
pub(crate) fn check(
    stories: &Stories,
    event: &[Told],
    neighbours: &[Told],
    come: Neighbours,
    dated: bool,
    every: usize,
) -> Result<Found, Box<dyn Error>> {
    let mut found = Found::default();
    for order in orders(event.len()).into_iter().step_by(every) {
        let mut stories = stories.clone();
        let mut state = MemoryState::new();
        let mut ids = HashSet::new();
        for told in queue(order.iter().map(|&n| &event[n]).collect(), neighbours, come) {
            let mut document = Document::from_text(&told.text, &told.text);
            document.title = (!told.title.is_empty()).then(|| told.title.clone());
            document.created = dated.then_some(Timestamp::UNIX_EPOCH);
            stories.place(&mut document, &mut state)?;
            let similarity = document.story.similarity;
            if told.event == event[0].event {
                let least = found.least.into_iter().chain(similarity);
                found.least = least.reduce(f64::min);
                ids.extend(document.story.id);
            } else {
                found.neighbours += 1;
                found.joined += usize::from(similarity.is_some());
            }
        }
        let ids: HashSet<DocumentId> = ids;
        found.orders += 1;
        found.split += usize::from(ids.len() != 1);
    }
    Ok(found)
}
