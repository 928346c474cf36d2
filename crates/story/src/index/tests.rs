use gristmill_core::MemoryState;

use super::*;

const ALWAYS: Span = Span {
    from: 0,
    to: u32::MAX,
};

fn look(index: &Index, state: &MemoryState, term: Term, span: Span) -> Vec<Posting> {
    let mut found = Vec::new();
    index.look_up(term, span, state, &mut 99, &mut found).unwrap();
    found
}

fn terms() -> Vec<Term> {
    let spread = (0..200_u32).map(|n| n.wrapping_mul(0x9e37_79b1));
    spread.chain([u32::MAX]).collect()
}

fn push(index: &mut Index, article: u32) {
    let terms = terms();
    let mine = terms
        .iter()
        .enumerate()
        .filter(|(n, _)| (article as usize).is_multiple_of(n + 1));
    index.push(article, 1_000 + article, mine.map(|(n, &term)| (term, n as u8)));
}

const SIZE: u32 = 300;

/// What is found of every term, at any time and within a span that no rank begins or ends with.
fn all(index: &Index, state: &MemoryState) -> Vec<Vec<Posting>> {
    let span = Span {
        from: 1_100,
        to: 1_333,
    };
    let each = terms().into_iter();
    each.flat_map(|term| [ALWAYS, span].map(|span| look(index, state, term, span)))
        .collect()
}

#[test]
fn a_closing_segment_answers_as_a_closed_one_at_every_step() {
    let mut index = Index::new(SIZE, terms().len());
    let mut state = MemoryState::new();
    (0..SIZE).for_each(|article| push(&mut index, article));
    let first = look(&index, &state, terms()[0], ALWAYS);
    assert_eq!((first.len(), first[0].article), (LATEST, SIZE - 1));
    let ever: Vec<_> = terms()
        .iter()
        .map(|&term| look(&index, &state, term, ALWAYS))
        .collect();
    index.begin_to_close(&mut state).unwrap();
    (SIZE..SIZE + 3).for_each(|article| push(&mut index, article));
    let expected = all(&index, &state);
    for articles in (0..SIZE).step_by(13) {
        index.close(articles, &mut state).unwrap();
        assert_eq!(all(&index, &state), expected, "after {articles}");
        // A start over what is in the state goes on where the one before ended.
        let mut again = Index::new(SIZE, terms().len());
        if closed(&state).unwrap() == 0 {
            (0..SIZE).for_each(|article| push(&mut again, article));
            again.begin_to_close(&mut state.clone()).unwrap();
        } else {
            again.open(0, &state).unwrap();
        }
        (SIZE..SIZE + 3).for_each(|article| push(&mut again, article));
        assert_eq!(all(&again, &state), expected, "opened after {articles}");
        let mut rest = state.clone();
        again.close(SIZE, &mut rest).unwrap();
        let mut whole = state.clone();
        index.clone().close(SIZE, &mut whole).unwrap();
        let bytes = |state: &MemoryState| {
            let mut bytes = vec![0; state.len(&name(0)).unwrap() as usize];
            state.read(&name(0), 0, &mut bytes).unwrap();
            bytes
        };
        assert!(bytes(&rest) == bytes(&whole), "written after {articles}");
    }
    assert_eq!(closed(&state).unwrap(), 1);
    let late = |term| {
        let found = look(&index, &state, term, ALWAYS);
        found
            .into_iter()
            .filter(|at| at.article < SIZE)
            .collect::<Vec<_>>()
    };
    for (term, ever) in terms().into_iter().zip(ever) {
        let found = late(term);
        assert_eq!(found, ever[..found.len()]);
        assert!(found.len() + 3 >= ever.len());
    }
}

#[test]
fn a_look_up_has_a_bound_that_forgotten_segments_do_not_count_against() {
    let mut index = Index::new(SIZE, terms().len());
    let mut state = MemoryState::new();
    for article in 0..3 * SIZE {
        if article > 0 && article % SIZE == 0 {
            index.begin_to_close(&mut state).unwrap();
        }
        push(&mut index, article);
    }
    index.close(SIZE, &mut state).unwrap();
    let term = terms()[99];
    let bounded = |index: &Index, state: &MemoryState, mut reads| {
        let mut found = Vec::new();
        index
            .look_up(term, ALWAYS, state, &mut reads, &mut found)
            .unwrap();
        found.len()
    };
    assert_eq!([0, 1, 2].map(|reads| bounded(&index, &state, reads)), [3, 6, 9]);
    index.remove(1, &mut state).unwrap();
    assert_eq!([0, 1, 2].map(|reads| bounded(&index, &state, reads)), [3, 6, 6]);
}

#[test]
fn segments_outside_the_span_are_not_read() {
    let mut index = Index::new(SIZE, terms().len());
    let mut state = MemoryState::new();
    (0..SIZE).for_each(|article| push(&mut index, article));
    index.begin_to_close(&mut state).unwrap();
    for articles in [0, SIZE] {
        index.close(articles, &mut state).unwrap();
        let mut found = Vec::new();
        let span = Span { from: 0, to: 999 };
        index
            .look_up(terms()[0], span, &MemoryState::new(), &mut 1, &mut found)
            .unwrap();
        assert_eq!(found, []);
    }
}
