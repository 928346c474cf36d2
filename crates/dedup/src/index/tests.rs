use std::collections::BTreeMap;

use gristmill_core::MemoryState;
use proptest::prelude::*;

use super::*;
use crate::words::mix;

fn key(n: u64) -> u64 {
    mix(n) >> (64 - KEY_BITS)
}

/// An index that becomes runs often.
fn open(state: &mut MemoryState) -> Index {
    Index {
        limit: 400,
        ..Index::open(state).unwrap()
    }
}

/// Adds a document of `count` postings, every other of which has a fingerprint that others have too.
fn document(number: u32, count: u16) -> Vec<Entry> {
    (0..count)
        .map(|n| {
            let own = u64::from(number) << 16 | u64::from(n);
            let hash = if n % 2 == 0 { own } else { mix(own) % 5_000 };
            let posting = Posting {
                document: number,
                at: n * 3,
            };
            (key(hash), posting)
        })
        .collect()
}

fn packed(entries: &[Entry]) -> Vec<u64> {
    entries
        .iter()
        .map(|(key, posting)| key << 16 | u64::from(posting.at))
        .collect()
}

#[test]
fn runs_merges_and_restarts_do_not_change_an_answer() {
    let mut state = MemoryState::new();
    let mut index = open(&mut state);
    let mut all: BTreeMap<u64, Vec<Posting>> = BTreeMap::new();
    for number in 0..300_u32 {
        let entries = document(number, 100);
        index.insert(number, packed(&entries), &mut state).unwrap();
        for &(key, posting) in &entries {
            all.entry(key).or_default().push(posting);
        }
        let floor = number / 3;
        if number % 7 == 0 {
            index.tend(floor, &mut state).unwrap();
        }
        if number % 50 == 49 {
            index = open(&mut state);
        }
        let keys: Vec<u64> = entries.iter().map(|&(key, _)| key).chain([key(77)]).collect();
        let mut expected = Vec::new();
        for (n, key) in keys.iter().enumerate() {
            let mut postings = all.get(key).cloned().unwrap_or_default();
            postings.retain(|posting| posting.document >= floor);
            postings.sort_unstable();
            expected.extend(postings.into_iter().map(|posting| (n, posting)));
        }
        assert_eq!(index.look_up(&keys, floor, &state).unwrap(), expected, "{number}");
    }
    assert!(index.runs.len() < 12, "{}", index.runs.len());
    let runs = state
        .files()
        .iter()
        .filter(|file| file.starts_with("run-"))
        .count();
    assert_eq!(runs, index.runs.len() + index.merges.len());
}

#[test]
fn a_filter_of_an_earlier_form_is_made_again() {
    let mut state = MemoryState::new();
    let mut index = open(&mut state);
    let entries = document(1, 500);
    index.insert(1, packed(&entries), &mut state).unwrap();
    index.tend(0, &mut state).unwrap();
    let old = filter::file(index.runs[0].shape.number);
    state.append(&old, &[8; 8_193]).unwrap();
    let mut index = open(&mut state);
    let found = index.look_up(&[entries[8].0, key(77)], 0, &state).unwrap();
    assert_eq!((found, state.len(&old)), (vec![(0, entries[8].1)], None));
}

#[test]
fn what_is_forgotten_leaves_the_disk() {
    let mut state = MemoryState::new();
    let mut index = open(&mut state);
    for number in 0..600 {
        index
            .insert(number, packed(&document(number, 100)), &mut state)
            .unwrap();
        index.tend(number.saturating_sub(50), &mut state).unwrap();
    }
    let kept: u64 = index.runs.iter().map(|run| run.shape.entries).sum();
    assert!(kept < 40_000, "{kept}");
}

proptest! {
    #[test]
    fn a_run_gives_back_what_it_was_given(
        mut entries in prop::collection::btree_set((0..1_u64 << KEY_BITS, 3..4_000_000_u32, any::<u16>()), 1..300),
        crowded in any::<bool>(),
    ) {
        if crowded {
            entries = entries.into_iter().map(|(key, document, at)| (key >> 32, document, at)).collect();
        }
        let entries: Vec<Entry> = entries
            .into_iter()
            .map(|(key, document, at)| (key, Posting { document, at }))
            .collect();
        let mut state = MemoryState::new();
        let mut writer = Writer::new(1, entries.len() as u64 + 40, (3, 4_000_000));
        for &entry in &entries {
            writer.push(entry, &mut state).unwrap();
        }
        let run = writer.finish(&mut state).unwrap();
        let shape = Shape::decode(&run.shape.encode());
        prop_assert_eq!(shape, run.shape);
        let mut reader = Reader::new(&Run::open(shape, &mut state).unwrap());
        let mut back = Vec::new();
        while let Some(entry) = reader.head(&state).unwrap() {
            back.push(entry);
            reader.skip();
        }
        prop_assert_eq!(&back, &entries);
        let keys: Vec<u64> = entries.iter().map(|&(key, _)| key).collect();
        let mut found = 0;
        run.look_up(&keys, &mut Scratch::new(&keys), &state, |_, _| found += 1).unwrap();
        prop_assert!(found >= entries.len());
    }
}
