//! What the words of a text say for each language.
//!
//! A text is read in full until one language leads beyond doubt, for two thousand letters at most. The rest is
//! skimmed, one feature a word, to notice where another language may begin; there it is read in full again, and
//! if that confirms it, and only then, the whole text is read part by part ([`crate::spans`]).

use std::ops::Range;

use crate::features::{Word, Words};
use crate::model::{Desk, Model, Scores};
use crate::script::{SCRIPTS, Script};

/// Features after which the rest is skimmed: about two thousand letters.
const ENOUGH: usize = 4096;
/// Features after which the rest is skimmed if the best label leads by [`SURE`], and after how many more it is
/// looked at again.
const SOME: usize = 26;
const STEP: usize = 18;
/// Log odds of a label against the next that leave no doubt.
const SURE: f32 = 7.0;
/// Letters after which a part of the text is compared with the whole.
const PART: usize = 40;
/// Letters that a last part has at least, to be compared.
const LAST_PART: usize = 20;
/// Log odds against the text's language at which a part strays from it.
const STRAYS: f32 = 4.0;
/// The same, uncalibrated, at which a part that was skimmed is read in full.
const SUSPICION: f32 = 3.0;

/// Scores of all labels, with what they rest on.
#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    scores: Scores,
    /// Features read in each script.
    features: [u32; SCRIPTS],
    /// Letters in each script.
    letters: [u32; SCRIPTS],
    /// A bit for each script that was met.
    met: u64,
    /// Whether a word was met that only Cantonese has.
    cantonese: bool,
}

impl Evidence {
    pub(crate) fn new() -> Self {
        Self {
            scores: Scores::default(),
            features: [0; SCRIPTS],
            letters: [0; SCRIPTS],
            met: 0,
            cantonese: false,
        }
    }

    /// Reads `text` as far as it takes to tell its language, and says whether a part of it strays: whether it
    /// may hold more than one.
    pub(crate) fn gather(model: &Model<'_>, text: &str) -> (Self, bool) {
        let mut words = Words::new(text);
        let (mut whole, mut parts, mut part) = (Self::new(), Vec::new(), Self::new());
        let (mut letters, mut features, mut look) = (0, 0, SOME);
        let mut desk = Desk::default();
        while let Some(word) = words.next_word() {
            features += part.read(model, &word, &mut desk);
            letters += word.letters();
            if letters >= PART {
                part.weigh(model, &mut desk);
                whole.add(model, &part);
                parts.push(std::mem::replace(&mut part, Self::new()));
                letters = 0;
            }
            if features >= look {
                look = features + STEP;
                part.weigh(model, &mut desk);
                if features >= ENOUGH || whole.lead(model, &part) >= SURE {
                    break;
                }
            }
        }
        part.weigh(model, &mut desk);
        whole.add(model, &part);
        if letters >= LAST_PART {
            parts.push(part);
        }
        let Some(main) = whole.script().map(|script| Main::of(model, &whole, script)) else {
            return (whole, false);
        };
        if parts.iter().any(|part| main.is_left_by(model, part)) {
            return (whole, true);
        }
        let unit = SUSPICION / model.step();
        let mut part = Self::new();
        let (mut letters, mut start) = (0, 0);
        while let Some(word) = words.next_word() {
            if letters == 0 {
                start = word.start;
            }
            part.skim(model, &word, &mut desk);
            letters += word.letters();
            if letters < PART {
                continue;
            }
            part.weigh(model, &mut desk);
            // A suspicion, which reading in full confirms or not.
            if main.is_foreign(&part, unit)
                && main.is_left_by(model, &Self::of(model, &text[start..word.end]))
            {
                return (whole, true);
            }
            part = Self::new();
            letters = 0;
        }
        part.weigh(model, &mut desk);
        let last = letters >= LAST_PART
            && main.is_foreign(&part, unit)
            && main.is_left_by(model, &Self::of(model, &text[start..]));
        (whole, last)
    }

    /// What all words of `text` say.
    fn of(model: &Model<'_>, text: &str) -> Self {
        let mut words = Words::new(text);
        let (mut evidence, mut desk) = (Self::new(), Desk::default());
        while let Some(word) = words.next_word() {
            evidence.read(model, &word, &mut desk);
        }
        evidence.weigh(model, &mut desk);
        evidence
    }

    /// Takes in all features of `word`, and says how many there were. They wait in `desk` to be weighed, many at
    /// once.
    pub(crate) fn read(&mut self, model: &Model<'_>, word: &Word<'_>, desk: &mut Desk) -> usize {
        // A language alone in its script needs no scores.
        let mut count = word.letters() * 2;
        if model.range(word.script).len() > 1 {
            let before = desk.hashes.len();
            word.features(|hash| desk.hashes.push(hash));
            count = desk.hashes.len() - before;
        }
        self.count(word, count);
        count
    }

    /// Takes in the one feature of `word` that says most.
    fn skim(&mut self, model: &Model<'_>, word: &Word<'_>, desk: &mut Desk) {
        if model.range(word.script).len() > 1 {
            desk.hashes.push(word.whole());
        }
        self.count(word, 1);
    }

    /// Adds to the scores what the features in `desk` say.
    pub(crate) fn weigh(&mut self, model: &Model<'_>, desk: &mut Desk) {
        model.add(desk, &mut self.scores);
    }

    fn count(&mut self, word: &Word<'_>, features: usize) {
        let script = word.script as usize;
        self.letters[script] += word.letters() as u32;
        self.features[script] += features as u32;
        self.met |= 1 << script;
        self.cantonese = self.cantonese || word.is_cantonese();
    }

    /// Adds what `other` rests on.
    pub(crate) fn add(&mut self, model: &Model<'_>, other: &Self) {
        for script in other.scripts() {
            let range = model.range(script);
            let sums = self.scores.0[range.clone()].iter_mut();
            for (sum, score) in sums.zip(&other.scores.0[range]) {
                *sum += score;
            }
            self.features[script as usize] += other.features[script as usize];
            self.letters[script as usize] += other.letters[script as usize];
        }
        self.met |= other.met;
        self.cantonese |= other.cantonese;
    }

    /// Whether `language` is not out of the question: what has none of the characters of written Cantonese may as
    /// well be read in it, but is written as Chinese is everywhere.
    pub(crate) fn admits(&self, language: &str) -> bool {
        self.cantonese || language != "yue"
    }

    /// The scripts met.
    fn scripts(&self) -> impl Iterator<Item = Script> {
        let mut met = self.met;
        std::iter::from_fn(move || {
            let number = met.trailing_zeros() as u8;
            met &= met.wrapping_sub(1);
            Script::from_number(number)
        })
    }

    /// The log odds of the best label of the text's script against the next, `part` taken in.
    fn lead(&self, model: &Model<'_>, part: &Self) -> f32 {
        let letters = |script: Script| self.letters[script as usize] + part.letters[script as usize];
        let scripts = self.scripts().chain(part.scripts());
        let Some(script) = main_script(scripts, letters) else {
            return 0.0;
        };
        let range = model.range(script);
        let scores = self.scores(range.clone()).iter().zip(part.scores(range));
        let (mut best, mut next) = (i32::MIN, i32::MIN);
        for score in scores.map(|(whole, part)| whole + part) {
            next = next.max(score.min(best));
            best = best.max(score);
        }
        let features = self.features(script) + part.features(script);
        best.saturating_sub(next) as f32 * model.scale(features)
    }

    /// The scores of the labels in `range`.
    pub(crate) fn scores(&self, range: Range<usize>) -> &[i32] {
        &self.scores.0[range]
    }

    /// The features read in `script`.
    pub(crate) fn features(&self, script: Script) -> usize {
        self.features[script as usize] as usize
    }

    /// The letters read, a letter of any script counting for what it says: a Han character for as much as three
    /// letters of an alphabet, a syllable of Hangul for two.
    pub(crate) fn size(&self) -> usize {
        self.scripts().map(|script| self.size_in(script)).sum()
    }

    fn size_in(&self, script: Script) -> usize {
        self.letters[script as usize] as usize * worth(script)
    }

    /// The script of most of the text.
    pub(crate) fn script(&self) -> Option<Script> {
        main_script(self.scripts(), |script| self.letters[script as usize])
    }
}

/// How many letters of an alphabet a letter of `script` is worth.
fn worth(script: Script) -> usize {
    match script {
        Script::Hani => 3,
        Script::Hang => 2,
        _ => 1,
    }
}

/// The script of most letters. Those that are not Latin count twice: names in Latin letters stand in texts of all
/// scripts, seldom the other way round.
fn main_script(scripts: impl Iterator<Item = Script>, letters: impl Fn(Script) -> u32) -> Option<Script> {
    scripts
        .map(|script| {
            let twice = if script == Script::Latn { 1 } else { 2 };
            (letters(script) as usize * worth(script) * twice, script)
        })
        .filter(|&(size, _)| size > 0)
        .max_by_key(|&(size, script)| (size, std::cmp::Reverse(script)))
        .map(|(_, script)| script)
}

/// What a text seems to be in.
struct Main {
    script: Script,
    range: Range<usize>,
    /// The best label, counted from the range's start.
    label: usize,
}

impl Main {
    fn of(model: &Model<'_>, whole: &Evidence, script: Script) -> Self {
        let range = model.range(script);
        let scores = whole.scores(range.clone());
        let label = (0..scores.len()).max_by_key(|&label| (scores[label], std::cmp::Reverse(label)));
        Self {
            script,
            range,
            label: label.unwrap_or(0),
        }
    }

    /// Whether `part`, which was read in full, is likely in another language.
    fn is_left_by(&self, model: &Model<'_>, part: &Evidence) -> bool {
        self.is_foreign(part, STRAYS / model.scale(part.features(self.script)))
    }

    /// Whether `part` is mostly in another script, or scores another label by `margin` higher.
    fn is_foreign(&self, part: &Evidence, margin: f32) -> bool {
        if part.size_in(self.script) * 2 < part.size() {
            return true;
        }
        let scores = part.scores(self.range.clone());
        let (Some(&main), Some(&best)) = (scores.get(self.label), scores.iter().max()) else {
            return false;
        };
        (best - main) as f32 > margin
    }
}
