//! The features of all lines of a text, in columns of bytes.
//!
//! Every value lies between 0 and 63. A column has a margin before and after its lines, so that a forest can ask
//! for the value some lines away without a look at where the text begins and ends.

use super::forest::Question;
use super::phrases::{CLASSES, COMMENT, FUNCTION, RELATED, TIME};
use super::scan::{End, Scan};

/// Zeros before and after the lines of a column.
const MARGIN: usize = 8;
/// Columns are padded to whole batches of a forest.
const BATCH: usize = 64;

/// The columns of the table, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Column {
    // What the line itself looks like.
    Words,
    Chars,
    Start,
    End,
    FunctionShare,
    CapitalShare,
    ShoutShare,
    DigitShare,
    NumberShare,
    Separators,
    Sentences,
    Commas,
    Quotes,
    Brackets,
    Addresses,
    Symbols,
    Times,
    Glued,
    WordLength,
    Share,
    Subscribe,
    Consent,
    Comment,
    Related,
    Navigate,
    Rights,
    Byline,
    Time,
    Media,
    Furniture,
    FurnitureShare,
    // How it stands to the other lines.
    Repeats,
    Earlier,
    Title,
    ProseBefore,
    ProseAfter,
    ProsePlace,
    ProseNear,
    ProseAround,
    SincePrevious,
    UntilNext,
    RunWords,
    RunLines,
    Index,
    IndexFromEnd,
    ShortNear,
    FurnitureNear,
    WordsNear,
    Uneven,
    SinceComment,
    CommentsBefore,
    CommentsAfter,
    CommentsNear,
    SinceRelated,
    RelatedBefore,
    RelatedNear,
    TimesNear,
    RepeatsNear,
    EllipsesNear,
    SimilarNear,
    // What the whole text looks like.
    AllProse,
    AllProseShare,
    AllLines,
    AllFurniture,
    // What the first pass thinks of the lines.
    Score,
    Near2,
    Near5,
    Near12,
    Before5,
    After5,
    Before15,
    After15,
    Stretch,
    StretchWords,
    StrictStretch,
    GoodBefore,
    GoodAfter,
    GoodPlace,
    SinceGood,
    UntilGood,
    GapWords,
    AllGood,
    AllBad,
    AllMean,
    AllWorst,
    AllStrong,
    AllFirst,
    AllLast,
}

use Column as C;

/// The features of the lines of a text.
#[derive(Debug, Clone)]
pub struct Table {
    pub(super) lines: usize,
    stride: usize,
    values: Vec<u8>,
    pub(super) words: Vec<u32>,
}

/// Small numbers as they are, then eight steps an octave, up to about 1,000.
pub(super) fn fine(n: u32) -> u8 {
    if n < 16 {
        return n as u8;
    }
    let log = n.ilog2();
    (16 + (log - 4) * 8 + ((n >> (log - 3)) & 7)).min(63) as u8
}

/// Four steps an octave, up to about 130,000.
pub(super) fn coarse(n: u32) -> u8 {
    if n < 8 {
        return n as u8;
    }
    let log = n.ilog2();
    (8 + (log - 3) * 4 + ((n >> (log - 2)) & 3)).min(63) as u8
}

pub(super) fn share(part: u32, whole: u32) -> u8 {
    (part * 63).checked_div(whole).unwrap_or(0).min(63) as u8
}

pub(super) fn capped(n: u32) -> u8 {
    n.min(63) as u8
}

/// Sums of the values before each place, so that the sum of any stretch is one subtraction.
pub(super) fn running(values: impl Iterator<Item = u32>, room: usize) -> Vec<u32> {
    let mut sums = Vec::with_capacity(room + 1);
    let mut sum = 0_u32;
    sums.push(0);
    sums.extend(values.map(|value| {
        sum = sum.saturating_add(value);
        sum
    }));
    sums
}

/// The sum of the stretch from `from` lines before to `to` lines after the line `at`.
pub(super) fn around(sums: &[u32], at: usize, from: usize, to: usize) -> u32 {
    sums[(at + to + 1).min(sums.len() - 1)] - sums[at.saturating_sub(from)]
}

/// Lines since the last one and until the next one for which `holds`, by line; 63 where there is none.
pub(super) fn distances(holds: impl Fn(usize) -> bool, lines: usize, mut set: impl FnMut(usize, bool, u8)) {
    let mut since = 63;
    for at in 0..lines {
        set(at, true, since);
        since = if holds(at) { 1 } else { (since + 1).min(63) };
    }
    let mut until = 63;
    for at in (0..lines).rev() {
        set(at, false, until);
        until = if holds(at) { 1 } else { (until + 1).min(63) };
    }
}

impl Table {
    /// The number of columns.
    pub const COLUMNS: usize = C::AllLast as usize + 1;
    /// The first of the columns that [`Table::second`] fills in.
    pub const FIRST_OF_SECOND: usize = C::Score as usize;
    /// How far away a question may look.
    pub const OFFSETS: std::ops::RangeInclusive<i8> = -4..=4;
    /// The columns whose values in lines near by say something.
    pub const NEIGHBOURLY: &[u8] = &[
        C::Words as u8,
        C::End as u8,
        C::Start as u8,
        C::FunctionShare as u8,
        C::CapitalShare as u8,
        C::Furniture as u8,
        C::FurnitureShare as u8,
        C::Sentences as u8,
        C::Repeats as u8,
        C::Related as u8,
        C::Time as u8,
        C::Score as u8,
    ];

    /// The number of lines.
    pub fn lines(&self) -> usize {
        self.lines
    }

    /// The words of a line.
    pub fn words(&self, line: usize) -> u32 {
        self.words[line]
    }

    /// The values that answer `question` for `count` lines from `first` on.
    #[inline]
    pub(super) fn values(&self, question: Question, first: usize, count: usize) -> &[u8] {
        let start = usize::from(question.column) * self.stride + MARGIN + first;
        let start = start.saturating_add_signed(question.offset.into());
        &self.values[start..start + count]
    }

    /// The words before the first line that scores at least `threshold` and after the last one, but for a line that
    /// may be the title; `None` if there is no such line.
    pub(super) fn edges(&self, scores: &[i32], threshold: i32) -> Option<u32> {
        let first = scores.iter().position(|&score| score >= threshold)?;
        let last = scores.iter().rposition(|&score| score >= threshold)?;
        let before = if first > 1 {
            self.words[..first].iter().sum()
        } else {
            0
        };
        let after: u32 = self.words[last + 1..].iter().sum();
        Some(before + after)
    }

    /// The value that answers a question about `line`, whatever its threshold.
    pub fn value(&self, line: usize, column: u8, offset: i8) -> u8 {
        self.values(
            Question {
                column,
                offset,
                threshold: 0,
            },
            line,
            1,
        )[0]
    }

    pub(super) fn set(&mut self, column: Column, line: usize, value: u8) {
        self.values[column as usize * self.stride + MARGIN + line] = value;
    }

    /// The table of the lines with these scans, as the first pass sees them. `title` is the hash of the title, where
    /// that is known.
    pub(super) fn first(scans: &[Scan], title: Option<u64>) -> Self {
        let lines = scans.len();
        let stride = 2 * MARGIN + lines.next_multiple_of(BATCH);
        let mut table = Self {
            lines,
            stride,
            values: vec![0; stride * Self::COLUMNS],
            words: scans.iter().map(|scan| scan.words).collect(),
        };
        for (at, scan) in scans.iter().enumerate() {
            table.line(at, scan);
        }
        table.repeats(scans);
        table.title(scans, title);
        table.places(scans);
        table.headings(scans);
        table
    }

    fn line(&mut self, at: usize, scan: &Scan) {
        let words = scan.words;
        let count = |class: usize| u32::from(scan.classes[class]);
        let furniture = scan.furniture();
        let letters = scan.letters.max(1);
        for (column, value) in [
            (C::Words, fine(words)),
            (C::Chars, coarse(scan.chars)),
            (C::Start, scan.start as u8),
            (C::End, scan.end as u8),
            (C::FunctionShare, share(count(FUNCTION), words)),
            (C::CapitalShare, share(scan.capitalised, words.saturating_sub(1))),
            (C::ShoutShare, share(scan.shouted, words)),
            (C::DigitShare, share(scan.digits, scan.chars)),
            (C::NumberShare, share(scan.numbers, words)),
            (C::Separators, capped(scan.separators)),
            (C::Sentences, capped(scan.sentences)),
            (C::Commas, capped(scan.commas)),
            (C::Quotes, capped(scan.quotes)),
            (C::Brackets, capped(scan.brackets)),
            (C::Addresses, capped(scan.addresses)),
            (C::Symbols, capped(scan.symbols)),
            (C::Times, capped(scan.times)),
            (C::Glued, capped(scan.glued)),
            (C::WordLength, capped(letters * 4 / words.max(1))),
            (C::Furniture, capped(furniture)),
            (C::FurnitureShare, share(furniture, words)),
        ] {
            self.set(column, at, value);
        }
        let columns = [
            C::Share,
            C::Subscribe,
            C::Consent,
            C::Comment,
            C::Related,
            C::Navigate,
            C::Rights,
            C::Byline,
            C::Time,
            C::Media,
        ];
        for (class, column) in (1..CLASSES).zip(columns) {
            if scan.classes[class] > 0 {
                self.set(column, at, capped(count(class)));
            }
        }
    }

    /// How often a line stands in the text, and how far back it stood before.
    fn repeats(&mut self, scans: &[Scan]) {
        let mut order: Vec<u32> = (0..scans.len() as u32).collect();
        order.sort_unstable_by_key(|&at| (scans[at as usize].hash, at));
        for same in order.chunk_by(|&a, &b| scans[a as usize].hash == scans[b as usize].hash) {
            if same.len() < 2 {
                continue;
            }
            for (place, &at) in same.iter().enumerate() {
                self.set(C::Repeats, at as usize, capped(same.len() as u32 - 1));
                let back = place.checked_sub(1).map_or(0, |before| at - same[before]);
                self.set(C::Earlier, at as usize, fine(back));
            }
        }
    }

    /// The first line is often the title, alone or before the name of the site, and stands again above the body.
    fn title(&mut self, scans: &[Scan], title: Option<u64>) {
        let Some(first) = scans.first() else {
            return;
        };
        let head = if first.head == 0 { first.hash } else { first.head };
        for (at, scan) in scans.iter().enumerate() {
            if title == Some(scan.hash) {
                self.set(C::Title, at, 4);
            } else if at > 0 && scan.words > 2 && (scan.hash == head || scan.hash == first.hash) {
                self.set(C::Title, at, 3);
            } else if at == 0 {
                self.set(C::Title, at, 1 + u8::from(first.head != 0));
            }
        }
    }

    /// Where a line stands among those that read like prose, and what is around it.
    fn places(&mut self, scans: &[Scan]) {
        let lines = scans.len();
        let prose = running(
            scans
                .iter()
                .map(|scan| if scan.is_prose() { scan.words } else { 0 }),
            lines,
        );
        let words = running(scans.iter().map(|scan| scan.words), lines);
        let short = running(scans.iter().map(|scan| u32::from(scan.words < 5)), lines);
        let furniture = running(scans.iter().map(Scan::furniture), lines);
        let (all_prose, all_words) = (prose[lines], words[lines]);
        for at in 0..lines {
            let before = prose[at];
            let after = all_prose - prose[at + 1];
            let near = around(&words, at, 5, 5);
            let uneven = |other: Option<&Scan>| {
                other.map_or(31, |other| other.words.abs_diff(scans[at].words).min(31))
            };
            let apart = uneven(at.checked_sub(1).map(|before| &scans[before])) + uneven(scans.get(at + 1));
            for (column, value) in [
                (C::ProseBefore, coarse(before)),
                (C::ProseAfter, coarse(after)),
                (C::ProsePlace, share(before, before + after)),
                (
                    C::ProseNear,
                    share(around(&prose, at, 3, 3), around(&words, at, 3, 3)),
                ),
                (
                    C::ProseAround,
                    share(around(&prose, at, 8, 8), around(&words, at, 8, 8)),
                ),
                (C::Index, coarse(at as u32)),
                (C::IndexFromEnd, coarse((lines - at) as u32)),
                (C::ShortNear, capped(around(&short, at, 5, 5) * 5)),
                (
                    C::FurnitureNear,
                    share(around(&furniture, at, 4, 4), around(&words, at, 4, 4)),
                ),
                (C::WordsNear, fine(near / 4)),
                (C::Uneven, capped(apart)),
                (C::AllProse, coarse(all_prose)),
                (C::AllProseShare, share(all_prose, all_words)),
                (C::AllLines, coarse(lines as u32)),
                (C::AllFurniture, share(furniture[lines] * 2, all_words)),
            ] {
                self.set(column, at, value);
            }
        }
        distances(
            |at| scans[at].is_prose(),
            lines,
            |at, back, lines| {
                self.set(if back { C::SincePrevious } else { C::UntilNext }, at, lines);
            },
        );
        for (start, end) in runs(lines, |at| scans[at].is_prose()) {
            for at in start..end {
                self.set(C::RunWords, at, coarse(words[end] - words[start]));
                self.set(C::RunLines, at, fine((end - start) as u32));
            }
        }
    }

    /// What short lines of furniture begin or come with: comments, lists of other articles, their dates.
    fn headings(&mut self, scans: &[Scan]) {
        let lines = scans.len();
        let says = |class: usize| move |scan: &Scan| scan.words <= 8 && scan.classes[class] > 0;
        let counted =
            |holds: &dyn Fn(usize) -> bool| running((0..lines).map(|at| u32::from(holds(at))), lines);
        let comments = counted(&|at| says(COMMENT)(&scans[at]));
        let related = counted(&|at| says(RELATED)(&scans[at]));
        let times =
            counted(&|at| scans[at].words <= 20 && (scans[at].classes[TIME] > 0 || scans[at].times > 0));
        let ellipses = counted(&|at| scans[at].end == End::Ellipsis);
        let repeats = counted(&|at| self.value(at, C::Repeats as u8, 0) > 0);
        let (mut since_comment, mut since_related) = (u32::MAX, u32::MAX);
        for at in 0..lines {
            let words = scans[at].words;
            let similar = (at.saturating_sub(4)..(at + 5).min(lines))
                .filter(|&other| {
                    other != at
                        && scans[other].words.abs_diff(words) * 4 <= words
                        && scans[other].end == scans[at].end
                })
                .count();
            for (column, value) in [
                (C::SinceComment, coarse(since_comment)),
                (C::CommentsBefore, fine(comments[at])),
                (C::CommentsAfter, fine(comments[lines] - comments[at + 1])),
                (C::CommentsNear, capped(around(&comments, at, 8, 8))),
                (C::SinceRelated, coarse(since_related)),
                (C::RelatedBefore, fine(related[at])),
                (C::RelatedNear, capped(around(&related, at, 6, 6))),
                (C::TimesNear, capped(around(&times, at, 5, 5))),
                (C::RepeatsNear, capped(around(&repeats, at, 5, 5))),
                (C::EllipsesNear, capped(around(&ellipses, at, 5, 5))),
                (C::SimilarNear, capped(similar as u32)),
            ] {
                self.set(column, at, value);
            }
            since_comment = if says(COMMENT)(&scans[at]) {
                1
            } else {
                since_comment.saturating_add(1)
            };
            since_related = if says(RELATED)(&scans[at]) {
                1
            } else {
                since_related.saturating_add(1)
            };
        }
    }
}

/// The runs of lines, longest possible, for which `ends` does not hold.
pub(super) fn runs(lines: usize, ends: impl Fn(usize) -> bool) -> Vec<(usize, usize)> {
    let mut runs = Vec::new();
    let mut start = 0;
    for at in 0..=lines {
        if at == lines || ends(at) {
            if start < at {
                runs.push((start, at));
            }
            start = at + 1;
        }
    }
    runs
}
