//! What cross-validation found.

use gristmill_clean::text::{Model, keep_above, read_with};

use crate::corpus::{Kind, Text};
use crate::metric::{Runs, Score, runs, words};

/// The figures of the model of lines alone, by threshold.
pub(crate) fn scores(texts: &[Text], models: &[Model]) {
    let scored: Vec<_> = texts
        .iter()
        .map(|text| {
            let mut table = text.table.clone();
            let scores = models[text.fold].scores(&mut table);
            (text, table, scores)
        })
        .collect();
    for threshold in [-1024, -768, -512, -256, 0, 256] {
        let mut tally = Tally::default();
        for (text, table, scores) in &scored {
            let kept = keep_above(threshold, scores, table);
            let said: Vec<&str> = text
                .lines
                .iter()
                .zip(&kept)
                .filter(|(_, kept)| **kept)
                .map(|(line, _)| line.as_str())
                .collect();
            tally.add(text, &said.join("\n"), 0);
        }
        println!("threshold {threshold:5}: {tally}");
    }
}

/// The figures of whole articles, as the stage makes them.
pub(crate) fn articles(texts: &[Text], models: &[Model]) {
    let mut tally = Tally::default();
    let (mut right, mut wrong, mut titled) = (0, 0, 0);
    for text in texts {
        let article = read_with(&models[text.fold], &text.text, None);
        let title = article.title.unwrap_or_default();
        tally.add(text, &article.text, words(&title).len());
        if let (Some(gold), true) = (&text.title, matches!(text.kind, Kind::Heavy | Kind::Light)) {
            let fold = |title: &str| words(&title.to_lowercase());
            titled += 1;
            right += u32::from(fold(gold) == fold(&title));
            wrong += u32::from(!title.is_empty() && fold(gold) != fold(&title));
        }
    }
    println!("articles: {tally}; titles right {right} wrong {wrong} of {titled}");
}

/// The scores of each kind of text, and the share of words that clean ones keep.
#[derive(Default)]
struct Tally {
    heavy: Score,
    light: Score,
    short: Score,
    kept: usize,
    words: usize,
}

impl Tally {
    fn add(&mut self, text: &Text, said: &str, title: usize) {
        let said_runs: Runs = runs(said);
        match text.kind {
            Kind::Heavy => self.heavy.add(&text.body, &said_runs),
            Kind::Light => self.light.add(&text.body, &said_runs),
            Kind::Short => self.short.add(&text.body, &said_runs),
            Kind::Clean => {
                let all = words(&text.text).len();
                let kept = (words(said).len() + title).min(all);
                self.kept += kept;
                self.words += all;
            }
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (name, score) in [
            ("heavy", self.heavy),
            ("light", self.light),
            ("short", self.short),
        ] {
            write!(
                f,
                "{name} F1 {:.4} P {:.4} R {:.4}  ",
                score.f1(),
                score.precision(),
                score.recall()
            )?;
        }
        write!(
            f,
            "clean {:.2} %",
            100.0 * self.kept as f64 / self.words.max(1) as f64
        )
    }
}
