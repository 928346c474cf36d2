//! From the scores of features to a language and a probability.

use std::sync::{Arc, LazyLock};

use crate::codes::means;
use crate::evidence::Evidence;
use crate::model::{Label, Model};
use crate::script::Script;
use crate::spans::{self, Span};

/// The model that the crate carries. It is part of the binary and a test reads it, so the empty one that would
/// stand for a damaged one is never met.
static MODEL: LazyLock<Arc<Model<'static>>> =
    LazyLock::new(|| Arc::new(Model::new(include_bytes!("../model/language.bin")).unwrap_or_default()));

/// The code of what is in no language.
pub const UNDETERMINED: &str = "und";

/// A text with more features than this speaks for itself, whatever its input claims.
const HINT_BELOW: usize = 56;
/// How much likelier a hint makes its language.
const HINT_WEIGHT: f64 = 8.0;
/// The probability that a language alone in its script is right.
const ALONE: f64 = 0.995;
/// Candidates that an answer names.
const SHOWN: usize = 5;
/// Log odds below which a language is out of the question.
const NEGLIGIBLE: f32 = -16.0;

/// A language with its script and the probability that it is the text's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// ISO 639-1 where there is one, else ISO 639-3; `und` for no language.
    pub language: &'static str,
    /// ISO 15924.
    pub script: &'static str,
    /// From 0 to 1.
    pub probability: f64,
}

/// A label by its number, and the probability that it is the text's.
#[derive(Debug, Clone, Copy)]
struct Chance {
    label: usize,
    probability: f64,
}

/// What a text is in.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// ISO 639-1 where there is one, else ISO 639-3; `und` where the text does not say.
    pub language: &'static str,
    /// The script of most letters by ISO 15924 (`Hans`, `Hant`, `Jpan`, `Kore` included), `None` without letters.
    pub script: Option<&'static str>,
    /// The probability that `language` is right.
    pub confidence: f64,
    /// The features that the decision rests on; none where the script alone decided.
    pub features: usize,
    /// The likeliest languages of this script, best first, five at most.
    pub candidates: Vec<Candidate>,
}

/// Tells the language of texts.
///
/// ```
/// let identifier = gristmill_language::Identifier::new();
/// let answer = identifier.identify("Die Verhandlungen wurden am Montag fortgesetzt.");
/// assert_eq!((answer.language, answer.script), ("de", Some("Latn")));
/// ```
#[derive(Debug, Clone)]
pub struct Identifier {
    model: Arc<Model<'static>>,
    /// Which labels may be chosen.
    allowed: Vec<bool>,
}

impl Default for Identifier {
    fn default() -> Self {
        Self::new()
    }
}

impl Identifier {
    /// An identifier of all languages that the crate's model knows.
    pub fn new() -> Self {
        Self::with(Arc::clone(&MODEL))
    }

    /// An identifier by a model of your own.
    pub fn with(model: Arc<Model<'static>>) -> Self {
        Self {
            allowed: vec![true; model.labels().len()],
            model,
        }
    }

    /// The same, choosing among `languages` alone. `no` stands for `nb` and `nn`, `sh` for `bs`, `hr` and `sr`.
    ///
    /// # Errors
    /// The first code that the model does not know.
    pub fn among<'c>(languages: impl IntoIterator<Item = &'c str>) -> Result<Self, String> {
        let mut identifier = Self::new();
        let labels = identifier.model.labels();
        let mut allowed: Vec<bool> = labels
            .iter()
            .map(|label| label.language == UNDETERMINED)
            .collect();
        for language in languages {
            if !identifier.knows(language) {
                return Err(language.to_owned());
            }
            for (allowed, label) in allowed.iter_mut().zip(labels) {
                *allowed |= means(language, label.language);
            }
        }
        identifier.allowed = allowed;
        Ok(identifier)
    }

    /// The codes of the languages, sorted.
    pub fn languages(&self) -> Vec<&'static str> {
        let labels = self.model.labels().iter().map(|label| label.language);
        let mut codes: Vec<_> = labels.filter(|&code| code != UNDETERMINED).collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }

    /// Whether `language` is the code of a language that the model knows, or of several.
    pub fn knows(&self, language: &str) -> bool {
        let mut labels = self.model.labels().iter();
        language != UNDETERMINED && labels.any(|label| means(language, label.language))
    }

    /// The language of `text`.
    pub fn identify(&self, text: &str) -> Answer {
        self.identify_with(text, None)
    }

    /// The language of `text`, which someone claims to be `hint`; that counts only where the text is too short
    /// to say.
    pub fn identify_with(&self, text: &str, hint: Option<&str>) -> Answer {
        let (evidence, _) = Evidence::gather(&self.model, text);
        self.decide(&evidence, hint)
    }

    /// The language of `text`, and where it changes: the spans are empty where the text is in one language.
    pub fn identify_parts(&self, text: &str, hint: Option<&str>) -> (Answer, Vec<Span>) {
        let (evidence, strays) = Evidence::gather(&self.model, text);
        let answer = self.decide(&evidence, hint);
        if !strays {
            return (answer, Vec::new());
        }
        let (spans, main) = spans::find(self, text);
        match main {
            Some(main) => (self.decide(&main, hint), spans),
            None => (answer, spans),
        }
    }

    /// The model behind it.
    pub(crate) fn model(&self) -> &Model<'static> {
        &self.model
    }

    /// The labels of `script` that are not out of the question, with the probability of each, in their order.
    fn chances(&self, evidence: &Evidence, script: Script, hint: Option<&str>) -> Vec<Chance> {
        let range = self.model.range(script);
        let first = range.start;
        let labels = &self.model.labels()[range.clone()];
        let allowed = &self.allowed[range.clone()];
        if let ([_], [true]) = (labels, allowed) {
            return vec![Chance {
                label: first,
                probability: ALONE,
            }];
        }
        let scale = self.model.scale(evidence.features(script));
        let scores = evidence.scores(range);
        let is_open = |number: usize| allowed[number] && evidence.admits(labels[number].language);
        let open = || (0..labels.len()).filter(|&number| is_open(number));
        let highest = open().map(|number| scores[number]).max().unwrap_or(0);
        let mut chances = Vec::with_capacity(labels.len());
        let mut total = 0.0;
        for number in open() {
            let odds = (scores[number] - highest) as f32 * scale;
            if odds < NEGLIGIBLE {
                continue;
            }
            let hinted = hint.is_some_and(|hint| means(hint, labels[number].language));
            let probability = f64::from(odds.exp()) * if hinted { HINT_WEIGHT } else { 1.0 };
            total += probability;
            chances.push(Chance {
                label: first + number,
                probability,
            });
        }
        for chance in &mut chances {
            chance.probability /= total;
        }
        if script == Script::Hani {
            chances = self.merged(chances);
        }
        chances
    }

    /// One chance a language: simplified and traditional Chinese are two labels of one. It is that of the likelier
    /// label.
    fn merged(&self, chances: Vec<Chance>) -> Vec<Chance> {
        let language = |chance: &Chance| self.model.labels()[chance.label].language;
        let mut merged: Vec<Chance> = Vec::with_capacity(chances.len());
        for chance in chances {
            let known = merged
                .iter_mut()
                .find(|known| language(known) == language(&chance));
            match known {
                Some(known) => {
                    if known.probability < chance.probability {
                        known.label = chance.label;
                    }
                    known.probability += chance.probability;
                }
                None => merged.push(chance),
            }
        }
        merged
    }

    /// The languages written in `script` that are not out of the question, with the probability of each.
    pub(crate) fn open(&self, evidence: &Evidence, script: Script) -> Vec<(&'static str, f64)> {
        let labels = self.model.labels();
        let chances = self.chances(evidence, script, None);
        chances
            .iter()
            .map(|chance| (labels[chance.label].language, chance.probability))
            .collect()
    }

    /// The likeliest languages written in `script`, best first, [`SHOWN`] at most.
    fn likeliest(&self, evidence: &Evidence, script: Script, hint: Option<&str>) -> Vec<Candidate> {
        let language = |chance: &Chance| self.model.labels()[chance.label].language;
        let before = |a: &Chance, b: &Chance| {
            a.probability > b.probability || a.probability == b.probability && language(a) < language(b)
        };
        let mut best: Vec<Chance> = Vec::with_capacity(SHOWN + 1);
        for chance in self.chances(evidence, script, hint) {
            if best.len() == SHOWN && !before(&chance, &best[SHOWN - 1]) {
                continue;
            }
            let place = best.partition_point(|known| before(known, &chance));
            best.insert(place, chance);
            best.truncate(SHOWN);
        }
        best.iter()
            .map(|chance| candidate(&self.model.labels()[chance.label], chance.probability))
            .collect()
    }

    /// What `evidence` amounts to.
    fn decide(&self, evidence: &Evidence, hint: Option<&str>) -> Answer {
        let Some(script) = evidence.script() else {
            return Answer {
                language: UNDETERMINED,
                script: None,
                confidence: 1.0,
                features: 0,
                candidates: Vec::new(),
            };
        };
        let features = evidence.features(script);
        let candidates = self.likeliest(evidence, script, hint.filter(|_| features < HINT_BELOW));
        match candidates.first() {
            Some(best) => Answer {
                language: best.language,
                script: Some(best.script),
                confidence: best.probability,
                features,
                candidates,
            },
            None => Answer {
                language: UNDETERMINED,
                script: Some(script.code()),
                confidence: ALONE,
                features,
                candidates,
            },
        }
    }
}

fn candidate(label: &Label<'static>, probability: f64) -> Candidate {
    Candidate {
        language: label.language,
        script: label.script,
        probability,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn language(text: &str) -> &'static str {
        Identifier::new().identify(text).language
    }

    #[test]
    fn the_model_in_the_crate_is_sound() {
        assert!(Identifier::new().languages().len() >= 130);
    }

    #[test]
    fn languages_and_scripts() {
        for (text, language, script) in [
            (
                "The ministers met on Monday to discuss the new trade agreement.",
                "en",
                "Latn",
            ),
            (
                "Die Minister trafen sich am Montag, um über das neue Abkommen zu sprechen.",
                "de",
                "Latn",
            ),
            (
                "Les ministres se sont réunis lundi pour discuter du nouvel accord.",
                "fr",
                "Latn",
            ),
            (
                "Los ministros se reunieron el lunes para hablar del nuevo acuerdo.",
                "es",
                "Latn",
            ),
            (
                "Министры встретились в понедельник, чтобы обсудить новое соглашение.",
                "ru",
                "Cyrl",
            ),
            (
                "Міністри зустрілися в понеділок, щоб обговорити нову угоду.",
                "uk",
                "Cyrl",
            ),
            (
                "Οι υπουργοί συναντήθηκαν τη Δευτέρα για να συζητήσουν.",
                "el",
                "Grek",
            ),
            (
                "التقى الوزراء يوم الاثنين لمناقشة الاتفاق التجاري الجديد.",
                "ar",
                "Arab",
            ),
            ("部长们星期一开会讨论新的贸易协定。", "zh", "Hans"),
            (
                "部長們星期一見面，他們討論的是新的貿易協定，但是沒有結果。",
                "zh",
                "Hant",
            ),
            (
                "大臣たちは月曜日に会合を開き、新しい貿易協定について話し合った。",
                "ja",
                "Jpan",
            ),
            (
                "장관들은 월요일에 만나 새로운 무역 협정을 논의했다.",
                "ko",
                "Kore",
            ),
            (
                "मंत्रियों ने सोमवार को नए व्यापार समझौते पर चर्चा करने के लिए मुलाकात की।",
                "hi",
                "Deva",
            ),
            ("佢哋琴日同部長傾咗新嘅貿易協定，但係冇結果。", "yue", "Hant"),
            ("台灣總統選舉結果", "zh", "Hant"),
            ("รัฐมนตรีพบกันในวันจันทร์เพื่อหารือข้อตกลงการค้าใหม่", "th", "Thai"),
        ] {
            let answer = Identifier::new().identify(text);
            assert_eq!(
                (answer.language, answer.script),
                (language, Some(script)),
                "{text}"
            );
            assert!(answer.confidence > 0.5, "{text}: {}", answer.confidence);
        }
    }

    #[test]
    fn what_is_in_no_language_is_undetermined() {
        for text in [
            "",
            "12:30, 45 %",
            "https://example.org/news/the-latest",
            "😀😀",
            "@someone #1",
        ] {
            assert_eq!(language(text), UNDETERMINED, "{text}");
        }
    }

    #[test]
    fn the_choice_can_be_narrowed() {
        let identifier = Identifier::among(["de", "nl"]).unwrap();
        let answer = identifier.identify("The ministers met on Monday to discuss the agreement.");
        assert!(["de", "nl", UNDETERMINED].contains(&answer.language));
        assert_eq!(Identifier::among(["de", "xx"]).err(), Some("xx".to_owned()));
        assert_eq!(Identifier::among(["und"]).err(), Some("und".to_owned()));
        let identifier = Identifier::among(["no", "sv"]).unwrap();
        assert_eq!(
            identifier
                .identify("Regjeringa legg fram nytt budsjett i dag.")
                .language,
            "nn"
        );
    }

    #[test]
    fn a_hint_counts_in_short_texts_alone() {
        let identifier = Identifier::new();
        let short = "Film og musik";
        let share = |hint| {
            let answer = identifier.identify_with(short, hint);
            let danish = answer
                .candidates
                .iter()
                .find(|candidate| candidate.language == "da");
            danish.map_or(0.0, |candidate| candidate.probability)
        };
        assert!(share(Some("da")) > share(None));
        let long = "The ministers met on Monday to discuss the new trade agreement with their neighbours.";
        assert_eq!(
            identifier.identify_with(long, Some("da")),
            identifier.identify(long)
        );
    }

    proptest! {
        #[test]
        fn any_text_has_an_answer(text in "(\\PC|[a-z ]|[а-я]|😀|\u{301}|\n){0,200}") {
            let answer = Identifier::new().identify(&text);
            prop_assert!((0.0..=1.0).contains(&answer.confidence));
            prop_assert!(answer.candidates.len() <= 5);
        }
    }
}
