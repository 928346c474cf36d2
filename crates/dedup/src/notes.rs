//! What `explain` shows of a duplicate: the text that both sides share.

use gristmill_core::{CodePoints, Document, Note, Passage};
use serde_json::json;

use crate::passages::{self, Run};
use crate::words::SHINGLE;
use crate::{Source, near, words};

/// Notes where a text agrees with the `group` that it is a copy of, as sampled shingles tell it where no text is kept:
/// the words there are those shown here.
pub(crate) fn shared(document: &mut Document, sources: &[Source], group: u32) {
    let members = sources.iter().filter(|source| source.record.group == group);
    let runs = members.clone().flat_map(|source| {
        let stretches = near::stretches(&source.hits).into_iter();
        stretches.map(|common| Run {
            document: source.number,
            common,
        })
    });
    let words = words::words(&document.text);
    let mut notes = Vec::new();
    let points = CodePoints::new(&document.text);
    for Run { document: of, common } in passages::choose(runs.collect(), words.len(), SHINGLE) {
        let Some(source) = members.clone().find(|source| source.number == of) else {
            continue;
        };
        let (first, last) = (
            words[common.start].start as usize,
            words[common.end() - 1].end as usize,
        );
        let (start, end) = (points.at_byte(first), points.at_byte(last));
        let (of, of_word, count) = (source.record.id, common.of_start + 1, common.words);
        let place =
            format!("characters {start}-{end} agree with {of} from its word {of_word} on, {count} words");
        notes.push(Note::new(place).with(json!({
            "start": start, "end": end, "here": &document.text[first..last],
            "of": of, "of_word": of_word, "words": count,
        })));
    }
    notes.into_iter().for_each(|note| document.note(|| note));
}

/// Says where a passage stands, for people and for programs.
pub(crate) fn passage(passage: &Passage, points: &CodePoints<'_>) -> Note {
    let Passage {
        start,
        end,
        of,
        of_start,
        of_end,
    } = *passage;
    Note::new(format!(
        "characters {start}-{end} stand in {of} at {of_start}-{of_end}"
    ))
    .with(json!({
        "start": start, "end": end, "here": points.slice(start, end),
        "of": of, "of_start": of_start, "of_end": of_end,
    }))
}
