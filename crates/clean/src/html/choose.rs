//! Which blocks are the article: two passes of boosted trees.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use super::features::Outline;
use super::page::Block;
use super::study::Study;
use super::tags::Tag;
use super::verdicts::Verdicts;
use crate::trees::{Table, Trees, sigmoid};

/// The model: its card is beside it.
static FIRST: &[u8] = include_bytes!("../../model/html-first.bin");
static SECOND: &[u8] = include_bytes!("../../model/html-second.bin");

/// A block is article from about this probability on, found by cross-validation.
pub const THRESHOLD: f32 = 0.4;

/// Log-odds below which no more trees are asked.
pub const FLOOR: f32 = -4.0;

/// The two passes.
#[derive(Debug)]
pub struct Model {
    first: Trees,
    second: Trees,
}

static BUILT_IN: LazyLock<Option<Model>> = LazyLock::new(|| Model::new(FIRST, SECOND).ok());

impl Model {
    /// The model that these bytes hold.
    ///
    /// # Errors
    /// They hold none.
    pub fn new(first: &[u8], second: &[u8]) -> Result<Self, crate::trees::TreesError> {
        Ok(Self {
            first: Trees::from_bytes(first)?,
            second: Trees::from_bytes(second)?,
        })
    }

    /// The model that comes with the crate.
    pub fn built_in() -> Option<&'static Self> {
        BUILT_IN.as_ref()
    }

    /// For each block of the page the probability that it is article.
    pub fn scores(&self, study: &Study<'_>) -> Vec<f32> {
        let count = study.page.blocks.len();
        let outline = Outline::new(&study.page, &study.measures, &study.told);
        let all: Vec<usize> = (0..count).collect();
        let mut scores = Vec::with_capacity(count);
        for blocks in all.chunks(TOGETHER) {
            let said = ask(&self.first, blocks, |at, row| outline.features(at, row));
            scores.extend(said.into_iter().map(sigmoid));
        }
        let verdicts = Verdicts::new(&study.page, &study.measures, &scores);
        let asked: Vec<usize> = (0..count).filter(|&at| !verdicts.is_hopeless(at)).collect();
        let mut second = Vec::with_capacity(asked.len());
        for blocks in asked.chunks(TOGETHER) {
            second.extend(ask(&self.second, blocks, |at, row| {
                outline.features(at, row);
                verdicts.places(at, row);
                verdicts.features(at, row);
            }));
        }
        for (at, score) in asked.into_iter().zip(second) {
            scores[at] = sigmoid(score);
        }
        scores
    }
}

/// Blocks whose features are held at once. Some pages are hardly more than blocks of a word each, and the features of a block take
/// more memory than that.
const TOGETHER: usize = 128;

/// What `model` says of `blocks`, whose features `write` writes.
fn ask(model: &Trees, blocks: &[usize], write: impl Fn(usize, &mut Vec<f32>)) -> Vec<f32> {
    let mut table = Table::new(model.features());
    let mut row = Vec::new();
    for &at in blocks {
        write(at, &mut row);
        table.push(&row);
    }
    model.scores(FLOOR, &table)
}

/// What becomes of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is part of the article.
    Kept,
    /// The model takes it for something else.
    Unlikely,
    /// It says the title again.
    Title,
    /// It says again, word for word, what a block before it said, or stands in such a copy: pages hold them for other screens and in
    /// pull quotes.
    Repeated,
}

impl Fate {
    /// The rule as one word, empty where the block is kept.
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Kept => "",
            Self::Unlikely => "model",
            Self::Title => "title",
            Self::Repeated => "repeated",
        }
    }
}

/// What becomes of each block, by its probability and by what was kept before it.
pub fn decide(study: &Study<'_>, scores: &[f32], least: f32) -> Vec<Fate> {
    let scores = &*judge_tables(study, scores);
    let threshold = threshold(study, scores, least);
    let title = study.found.title.as_deref().map(key).unwrap_or_default();
    let fate = |(block, &score): (&Block, &f32)| {
        let text = study.page.text_of(block);
        if !title.is_empty() && text.len() < TITLE_BYTES && key(text) == title {
            Fate::Title
        } else if score < threshold {
            Fate::Unlikely
        } else {
            Fate::Kept
        }
    };
    let mut fates: Vec<Fate> = study.page.blocks.iter().zip(scores).map(fate).collect();
    leave_out_copies(study, &mut fates);
    fates
}

/// The probabilities with each table judged as a whole, by the mean of its cells' log-odds weighed by words: a figure alone looks
/// like nothing, and a table without some of its cells is worth little. A table with a long text in a cell is there for the layout
/// of the page and says nothing of what its cells hold.
fn judge_tables<'s>(study: &Study<'_>, scores: &'s [f32]) -> Cow<'s, [f32]> {
    /// Words of a cell that is no prose, at most.
    const LONGEST: u32 = 50;
    /// Log-odds of what is as good as certain.
    const SURE: f32 = 7.0;
    let nodes = &study.page.nodes;
    if !nodes.iter().any(|node| node.tag == Tag::Table) {
        return Cow::Borrowed(scores);
    }
    // The innermost table around each element. The page, which is none, stands for no table.
    let mut tables = vec![0_u32; nodes.len()];
    for (at, node) in (0_u32..).zip(nodes).skip(1) {
        tables[at as usize] = match node.tag {
            Tag::Table => at,
            _ => tables[node.parent as usize],
        };
    }
    let table_of = |block: &Block| tables[block.node as usize];
    let log_odds = |score: f32| (score / (1.0 - score)).ln().clamp(-SURE, SURE);
    let mut sums: HashMap<u32, (f32, f32, u32)> = HashMap::new();
    let blocks = || study.page.blocks.iter().zip(&study.measures).zip(scores);
    for ((block, measure), &score) in blocks().filter(|((block, _), _)| table_of(block) > 0) {
        let (sum, all, longest) = sums.entry(table_of(block)).or_default();
        let weight = measure.words as f32 + 1.0;
        *sum += weight * log_odds(score);
        *all += weight;
        *longest = measure.words.max(*longest);
    }
    let judged = blocks().map(|((block, _), &score)| match sums.get(&table_of(block)) {
        Some(&(sum, all, longest)) if longest <= LONGEST => sigmoid(sum / all),
        _ => score,
    });
    judged.collect()
}

/// Marks the copies among the blocks that are kept: each that says what one before it said, and the short ones next to it that stand
/// so next to the first too, since pages hold whole parts twice. Alone, a short block may well be said again.
fn leave_out_copies(study: &Study<'_>, fates: &mut [Fate]) {
    /// Words of a block that is not said twice by chance.
    const LONG: u32 = 8;
    let kept: Vec<usize> = (0..fates.len()).filter(|&at| fates[at] == Fate::Kept).collect();
    let text = |place: usize| study.page.text_of(&study.page.blocks[kept[place]]);
    let is_short = |place: usize| study.measures[kept[place]].words < LONG;
    let mut said = HashMap::new();
    for copy in (0..kept.len()).filter(|&place| !is_short(place)) {
        let first = *said.entry(text(copy)).or_insert(copy);
        if first == copy {
            continue;
        }
        fates[kept[copy]] = Fate::Repeated;
        let same = |&(first, copy): &(usize, usize)| is_short(copy) && text(first) == text(copy);
        let before = (0..first).rev().zip((first + 1..copy).rev());
        let after = (first + 1..copy).zip(copy + 1..kept.len());
        for (_, copy) in before.take_while(same).chain(after.take_while(same)) {
            fates[kept[copy]] = Fate::Repeated;
        }
    }
}

/// The probability from which blocks of this page are kept: higher where the model is sure of what it keeps, lower where it is not,
/// since a page unlike those that it knows is judged low as a whole. Where next to nothing reaches `least`, what comes near it says
/// how low that is.
fn threshold(study: &Study<'_>, scores: &[f32], least: f32) -> f32 {
    const USUAL: f32 = 0.8;
    const HIGHER: f32 = 0.15;
    /// Words of the shortest article.
    const FEWEST: f32 = 12.0;
    const NEAR: f32 = 0.75;
    for least in [least, NEAR * least] {
        let blocks = study.measures.iter().zip(scores);
        let (mut sum, mut words) = (0.0, 0.0);
        for (measure, &score) in blocks.filter(|(_, score)| **score >= least) {
            sum += score * measure.words as f32;
            words += measure.words as f32;
        }
        if words >= FEWEST {
            return (least * sum / words / USUAL).min(least + HIGHER);
        }
    }
    least
}

/// A block longer than this is no title.
const TITLE_BYTES: usize = 1024;

/// The letters and digits of a title, case aside: two titles that differ in marks alone are one.
fn key(text: &str) -> String {
    let letters = text.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::super::signals::Vocabulary;
    use super::*;

    const LONG: &str = "a block of so many words that nobody says it twice";

    /// The texts that are kept of `page`, whose blocks have these `scores`.
    fn kept(page: &str, scores: &[f32]) -> Vec<String> {
        let vocabulary = Vocabulary::new().unwrap();
        let study = Study::of(page, &vocabulary);
        assert_eq!(study.page.blocks.len(), scores.len(), "{page}");
        let fates = decide(&study, scores, THRESHOLD);
        let blocks = study.page.blocks.iter().zip(fates);
        let kept = blocks.filter(|(_, fate)| *fate == Fate::Kept);
        kept.map(|(block, _)| study.page.text_of(block).to_owned())
            .collect()
    }

    #[test]
    fn a_table_is_kept_as_a_whole_or_not_at_all() {
        let table = |cell: &str| format!("<p>{LONG}<table><tr><td>year<td>{cell}<tr><td>2019<td>7</table>");
        let good = [0.9, 0.9, 0.9, 0.3, 0.3];
        assert_eq!(
            kept(&table("tons of wheat"), &good),
            [LONG, "year", "tons of wheat", "2019", "7"]
        );
        assert_eq!(kept(&table("share"), &[0.9, 0.5, 0.1, 0.1, 0.5]), [LONG]);
        // Prose in a cell is judged for itself, and so is a table in a table.
        let prose = "word ".repeat(51);
        assert_eq!(kept(&table(&prose), &good), [LONG, "year", prose.trim()]);
        let nested = "<table><tr><td>a<td><table><tr><td>b</table></table>";
        assert_eq!(kept(nested, &[0.9, 0.1]), ["a"]);
    }

    #[test]
    fn a_page_that_is_judged_low_as_a_whole_keeps_what_is_best() {
        let page = format!("<p>menu<p>{LONG}<p>{LONG} but once");
        assert_eq!(
            kept(&page, &[0.1, 0.39, 0.31]),
            [LONG.to_owned(), format!("{LONG} but once")]
        );
        assert_eq!(kept(&page, &[0.1, 0.2, 0.29]), [""; 0]);
        // Beside what is surely article the same is nothing.
        assert_eq!(kept(&page, &[0.1, 0.31, 0.99]), [format!("{LONG} but once")]);
    }

    #[test]
    fn a_copy_goes_with_the_short_blocks_that_were_copied_too() {
        let part = format!("<h2>heading</h2><p>{LONG}<p>end");
        let good = |count: usize| vec![0.9; count];
        assert_eq!(kept(&format!("{part}{part}"), &good(6)), ["heading", LONG, "end"]);
        // What is said of itself stays, and so does a short block that stands beside the copy alone.
        let alone = format!("<p>end<p>heading{part}<p>more<p>{LONG}<p>end");
        let expected = ["end", "heading", "heading", LONG, "end", "more"];
        assert_eq!(kept(&alone, &good(8)), expected);
        assert_eq!(kept("<p>so<p>so", &good(2)), ["so", "so"]);
    }
}
