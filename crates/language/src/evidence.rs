//! What the words of a text say for each language.
//!
//! A text is read in full until one language leads beyond doubt, for a thousand letters at most. The rest is
//! skimmed, one feature a word, to notice where another language may begin; there it is read in full again, and
//! if that confirms it, and only then, the whole text is read part by part ([`crate::spans`]).

use std::ops::Range;

use crate::features::{MOST_FEATURES, Word, Words};
use crate::model::{Model, Scores};
use crate::script::{SCRIPTS, Script};

/// Features after which the rest is skimmed: about a thousand letters.
const ENOUGH: usize = 4096;
/// Features after which the rest is skimmed if the best label leads by [`SURE`].
const SOME: usize = 256;
/// Log odds of a label against the next that leave no doubt.
const SURE: f32 = 9.0;
/// Letters after which a part of the text is compared with the whole.
const PART: usize = 40;
/// Letters that a last part has at least, to be compared.
const LAST_PART: usize = 20;
/// Log odds against the text's language at which a part strays from it.
const STRAYS: f32 = 3.0;
/// The same, uncalibrated, at which a part that was skimmed is read in full.
const SUSPICION: f32 = 3.0;

/// Scores of all labels, with what they rest on.
#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    scores: Scores,
    /// Features read in each script.
    features: [usize; SCRIPTS],
    /// Letters in each script.
    letters: [usize; SCRIPTS],
}

impl Evidence {
    pub(crate) fn new() -> Self {
        Self {
            scores: Scores::default(),
            features: [0; SCRIPTS],
            letters: [0; SCRIPTS],
        }
    }

    /// Reads `text` as far as it takes to tell its language, and says whether a part of it strays: whether it
    /// may hold more than one.
    pub(crate) fn gather(model: &Model<'_>, text: &str) -> (Self, bool) {
        let mut words = Words::new(text);
        let (mut whole, mut parts, mut part) = (Self::new(), Vec::new(), Self::new());
        let (mut letters, mut features) = (0, 0);
        while let Some(word) = words.next_word() {
            features += part.read(model, &word);
            letters += word.letters();
            if letters >= PART {
                whole.add(&part);
                parts.push(std::mem::replace(&mut part, Self::new()));
                letters = 0;
                if features >= ENOUGH || features >= SOME && whole.lead(model) >= SURE {
                    break;
                }
            }
        }
        whole.add(&part);
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
            part.skim(model, &word);
            letters += word.letters();
            if letters < PART {
                continue;
            }
            // A suspicion, which reading in full confirms or not.
            if main.is_foreign(&part, unit)
                && main.is_left_by(model, &Self::of(model, &text[start..word.end]))
            {
                return (whole, true);
            }
            part = Self::new();
            letters = 0;
        }
        let last = letters >= LAST_PART
            && main.is_foreign(&part, unit)
            && main.is_left_by(model, &Self::of(model, &text[start..]));
        (whole, last)
    }

    /// What all words of `text` say.
    fn of(model: &Model<'_>, text: &str) -> Self {
        let mut words = Words::new(text);
        let mut evidence = Self::new();
        while let Some(word) = words.next_word() {
            evidence.read(model, &word);
        }
        evidence
    }

    /// Takes in all features of `word`, and says how many there were.
    pub(crate) fn read(&mut self, model: &Model<'_>, word: &Word<'_>) -> usize {
        let script = word.script as usize;
        // A language alone in its script needs no scores.
        let mut count = word.letters() * 5;
        if model.range(word.script).len() > 1 {
            let mut hashes = [0; MOST_FEATURES];
            count = 0;
            word.features(|hash| {
                hashes[count] = hash;
                count += 1;
            });
            model.add(&hashes[..count], &mut self.scores);
        }
        self.letters[script] += word.letters();
        self.features[script] += count;
        count
    }

    fn skim(&mut self, model: &Model<'_>, word: &Word<'_>) {
        let script = word.script as usize;
        if model.range(word.script).len() > 1 {
            model.add(&[word.whole()], &mut self.scores);
        }
        self.letters[script] += word.letters();
        self.features[script] += 1;
    }

    /// Adds what `other` rests on.
    pub(crate) fn add(&mut self, other: &Self) {
        for (sum, score) in self.scores.0.iter_mut().zip(&other.scores.0) {
            *sum += score;
        }
        for script in 0..SCRIPTS {
            self.features[script] += other.features[script];
            self.letters[script] += other.letters[script];
        }
    }

    /// The log odds of the best label of the text's script against the next.
    fn lead(&self, model: &Model<'_>) -> f32 {
        let Some(script) = self.script() else { return 0.0 };
        let (mut best, mut next) = (i32::MIN, i32::MIN);
        for &score in self.scores(model.range(script)) {
            if score > best {
                (best, next) = (score, best);
            } else {
                next = next.max(score);
            }
        }
        best.saturating_sub(next) as f32 * model.scale(self.features(script))
    }

    /// The scores of the labels in `range`.
    pub(crate) fn scores(&self, range: Range<usize>) -> &[i32] {
        &self.scores.0[range]
    }

    /// The features read in `script`.
    pub(crate) fn features(&self, script: Script) -> usize {
        self.features[script as usize]
    }

    /// The letters read, a letter of any script counting for what it says: a Han character for as much as three
    /// letters of an alphabet, a syllable of Hangul for two.
    pub(crate) fn size(&self) -> usize {
        let in_script =
            |number: usize| Script::from_number(number as u8).map_or(0, |script| self.size_in(script));
        (1..SCRIPTS).map(in_script).sum()
    }

    fn size_in(&self, script: Script) -> usize {
        let worth = match script {
            Script::Hani => 3,
            Script::Hang => 2,
            _ => 1,
        };
        self.letters[script as usize] * worth
    }

    /// The script of most of the text. Letters that are not Latin count twice: names in Latin letters stand in
    /// texts of all scripts, seldom the other way round.
    pub(crate) fn script(&self) -> Option<Script> {
        (1..SCRIPTS)
            .filter_map(|number| Script::from_number(number as u8))
            .map(|script| {
                let twice = if script == Script::Latn { 1 } else { 2 };
                (self.size_in(script) * twice, script)
            })
            .filter(|&(size, _)| size > 0)
            .max_by_key(|&(size, script)| (size, std::cmp::Reverse(script)))
            .map(|(_, script)| script)
    }
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
