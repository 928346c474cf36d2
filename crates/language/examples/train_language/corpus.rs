//! The rows that the model learns from: a language, a source and a text each.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Result};
use gristmill_language::Script;

use crate::rng::Rng;
use crate::{made, malay, noise};

/// The languages that the model tells apart, by the codes that the data uses.
const LANGUAGES: &str = "af ak am ar as ay az ba be bem bg bm bn bo br bs ca ce ceb ckb cs cv cy da de dv dz ee el en eo es et eu \
    fa ff fi fil fj fo fr fy ga gd gl gn gu ha he hi hr ht hu hy id ig ilo is it ja jv ka kab kg ki kk km kn ko ku ky la lb lg ln lo \
    lt luo lv mai mg mi mk ml mn mr ms mt my nb ne nl nn nqo nr ny oc om or pa pap pl ps pt qu rn ro ru rw sa sah sat sd si sk sl sm \
    sn so sq sr ss st su sv sw ta te tg th ti tk tn to tpi tr ts tt ty ug uk ur uz ve vi war wo xh yi yo yue zh zu";

/// Codes that the data uses for what goes by another: Filipino is written Tagalog, and the declaration of human
/// rights that is labelled Southern Ndebele is in the Northern.
const RENAMED: [(&str, &str); 3] = [("fil", "tl"), ("nr", "nd"), ("prs", "fa")];

/// Languages with much news, which are likelier before the text is read; so they are drawn more often.
const FREQUENT: &str = "ar az be bg bn bs ca cs de el es et fa fi fr gu he hi hu hy is it ja ka kk kn ko lt lv mk ml mr my ne nl pa pl \
    pt ro ru sk sl sq sv sw ta te th tr uk und ur vi zh";
/// Languages that are rarely met, some of which take names and short texts of others for their own.
const RARE: &str = "ay br ce ceb cv eo fy gd gn ht ilo jv ks la nd oc pap qu sa sah su tpi war yue";
/// Languages with close neighbours, which take longest to learn.
const CLOSE: &str = "da en hr id ms nb nn sr";
/// Texts drawn in each pass for the labels of a language that is close to others, frequent, rare, or neither.
const DRAWS: [usize; 4] = [9000, 4500, 1200, 3000];

/// A script is a label of its own where it has this many rows, and this share of the language's.
const MIN_ROWS: usize = 80;
const MIN_SHARE: f64 = 0.1;
/// Rows of words by which Indonesian and Malay differ, for each of them, and how often one is drawn.
const MALAY_ROWS: usize = 1500;
const MALAY_WEIGHT: f32 = 0.25;
/// Rows of Hmong that are made.
const HMONG_ROWS: usize = 2000;
/// One row in so many is held out for calibration.
const HELD_OUT: u64 = 20;

pub(crate) struct Row {
    pub(crate) text: String,
    /// How often it is drawn, against others of its label.
    pub(crate) weight: f32,
}

/// The rows of one label.
pub(crate) struct Labelled {
    pub(crate) language: String,
    pub(crate) script: &'static str,
    /// Texts drawn in each pass.
    pub(crate) draws: usize,
    pub(crate) rows: Vec<Row>,
    pub(crate) held_out: Vec<String>,
}

/// Reads the rows of `path`, tab-separated and packed with zstd, and sorts them by script and language.
pub(crate) fn read(path: &Path) -> Result<Vec<Labelled>> {
    let file = std::fs::File::open(path).with_context(|| path.display().to_string())?;
    let mut languages: BTreeMap<&str, &str> = LANGUAGES.split_whitespace().map(|code| (code, code)).collect();
    languages.extend(RENAMED);
    let mut labels: BTreeMap<(Script, &'static str, String), Vec<Row>> = BTreeMap::new();
    let mut names = noise::Names::default();
    let mut rng = Rng(11);
    let sides = malay::Sides::new();
    for line in BufReader::new(zstd::Decoder::new(file)?).lines() {
        let line = line?;
        let mut columns = line.splitn(3, '\t');
        let (Some(code), Some(source), Some(text)) = (columns.next(), columns.next(), columns.next()) else {
            continue;
        };
        let Some(&language) = languages.get(code) else {
            continue;
        };
        let Some((script, name)) = script_of(text) else {
            continue;
        };
        // The Cantonese of FLORES is in standard written Chinese.
        let language = match (language, source) {
            ("yue", "flores") => "zh",
            _ => language,
        };
        let weight = match source {
            // Half of the Malay sentences of this source are in Indonesian. With many for one of the two alone
            // the model would learn the kind of text.
            "lingua" if language == "ms" && !sides.is_malay(text) => continue,
            "lingua" if language == "id" => 0.5,
            // What is made of the neighbour's texts is more, and all alike.
            "mw" | "udhr" if matches!(language, "nd" | "yue") => 2.0,
            "flores" | "lingua" => 1.0,
            "masakha" | "udhr" => 0.5,
            _ => 0.35,
        };
        if script == Script::Latn && source != "mw" && language != "de" {
            names.gather(text);
        }
        let mut add = |script, name, language: &str, text: String| {
            let label = (script, name, language.to_owned());
            labels.entry(label).or_default().push(Row { text, weight });
        };
        match (language, source) {
            ("sr", _) if script == Script::Cyrl => {
                add(Script::Latn, "Latn", language, made::serbian_latin(text))
            }
            ("zu", "flores" | "lingua") => add(script, name, "nd", made::ndebele(text, &mut rng)),
            ("zh", "flores" | "lingua") if name != "Jpan" => {
                if let Some(made) = made::cantonese(text, &mut rng) {
                    add(script, name, "yue", made);
                }
            }
            _ => {}
        }
        add(script, name, language, text.to_owned());
    }
    let names = names.listed();
    for (language, text) in malay::rows(MALAY_ROWS) {
        let rows = labels
            .entry((Script::Latn, "Latn", language.to_owned()))
            .or_default();
        rows.push(Row {
            text,
            weight: MALAY_WEIGHT,
        });
    }
    let hmong = made::hmong(HMONG_ROWS, &names)
        .into_iter()
        .map(|text| Row { text, weight: 1.0 });
    labels.insert((Script::Latn, "Latn", "hmn".to_owned()), hmong.collect());
    let noise = noise::rows(&names);
    labels.insert(
        (Script::Latn, "Latn", "und".to_owned()),
        noise.into_iter().map(|text| Row { text, weight: 1.0 }).collect(),
    );
    let mut totals: HashMap<String, usize> = HashMap::new();
    for ((_, _, language), rows) in &labels {
        *totals.entry(language.clone()).or_default() += rows.len();
    }
    Ok(labels
        .into_iter()
        .filter(|((_, _, language), rows)| {
            rows.len() >= MIN_ROWS.max((totals[language] as f64 * MIN_SHARE) as usize)
        })
        .map(|((_, script, language), rows)| {
            let (held_out, rows): (Vec<_>, Vec<_>) = rows
                .into_iter()
                .partition(|row| hash(&row.text).is_multiple_of(HELD_OUT));
            let of = |list: &str| list.split_whitespace().any(|code| code == language);
            let kind = [CLOSE, FREQUENT, RARE].iter().position(|list| of(list));
            let draws = DRAWS[kind.unwrap_or(3)];
            Labelled {
                language,
                script,
                draws,
                rows,
                held_out: held_out.into_iter().map(|row| row.text).collect(),
            }
        })
        .collect())
}

/// The script that most letters of `text` are in, and the name that the label goes by.
fn script_of(text: &str) -> Option<(Script, &'static str)> {
    let mut counts = BTreeMap::new();
    for script in text.chars().filter_map(Script::of) {
        *counts.entry(script).or_insert(0_usize) += 1;
    }
    let (&script, _) = counts.iter().max_by_key(|&(_, count)| count)?;
    let name = match script {
        Script::Hani if text.chars().any(|c| ('\u{3041}'..='\u{30FF}').contains(&c)) => "Jpan",
        Script::Hani if traditional(text) => "Hant",
        Script::Hani => "Hans",
        Script::Hang => "Kore",
        _ => script.code(),
    };
    Some((script, name))
}

/// Common characters in their simplified and traditional forms, in pairs.
const FORMS: &str = "们們这這国國来來时時会會对對说說为為发發经經现現个個后後学學动動长長问問没沒过過还還开開关關无無东東车車\
    马馬门門两兩应應点點实實产產业業书書让讓进進电電话話见見觉覺请請体體边邊样樣爱愛听聽岁歲种種数數总總报報亿億万萬与與\
    务務战戰华華场場线線组組织織济濟术術医醫义義网網页頁编編辑輯删刪设設选選项項讨討论論户戶号號称稱类類标標题題链鏈";

/// Whether more characters of `text` are of the traditional form than of the simplified.
fn traditional(text: &str) -> bool {
    let mut balance = 0;
    for c in text.chars() {
        if let Some(place) = FORMS
            .chars()
            .filter(|c| !c.is_whitespace())
            .position(|form| form == c)
        {
            balance += if place % 2 == 1 { 1 } else { -1 };
        }
    }
    balance > 0
}

/// FNV-1a, to choose the rows that are held out.
fn hash(text: &str) -> u64 {
    let fold = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let hash = text.as_bytes().iter().fold(0xcbf2_9ce4_8422_2325, fold);
    hash ^ hash >> 32
}

/// A piece of `text` as long as a headline, from the start of a word on.
pub(crate) fn crop<'t>(text: &'t str, rng: &mut Rng) -> &'t str {
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let dense = starts.len() * 2 < text.len() && !text.contains(' ');
    let wanted = if dense {
        rng.between(4, 36)
    } else {
        rng.between(12, 80)
    };
    if starts.len() <= wanted {
        return text;
    }
    let mut first = rng.below(starts.len() - wanted + 1);
    if !dense {
        while first > 0 && !text[..starts[first]].ends_with(' ') {
            first -= 1;
        }
    }
    let end = starts.get(first + wanted).map_or(text.len(), |&end| end);
    let piece = &text[starts[first]..end];
    // Cut the last word off unless it is whole.
    match piece.rfind(' ') {
        Some(space) if end < text.len() && !text[end..].starts_with(' ') && space > 0 => &piece[..space],
        _ => piece,
    }
}
