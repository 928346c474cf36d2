//! Accuracy and speed of language identifiers on the same texts, in one process:
//!
//! ```sh
//! cargo run --release --ignore-rust-version --manifest-path crates/language/peers/Cargo.toml -- dev.tsv.zst lid.176.ftz [PEER…]
//! ```
//!
//! The texts are lines of language, text, kind (`headline`, `sentence`, `chunk200`, `article`) and source, separated by tabs.
//! The second file is fastText's model, from its site. Without names all peers run: `gristmill`, `fasttext`, `py3langid`,
//! `whatlang`, `lingua`. Each is called as its documentation shows first; ours with the search for parts in other languages.
//! `rust-py3langid` asks for a newer compiler than it needs, hence the option.

use std::collections::BTreeMap;
use std::fs::File;
use std::hint::black_box;
use std::io::read_to_string;

use anyhow::{Context, Result, bail};
use cpu_time::ProcessTime;

const COMMON: &str = "af ar az be bg bn ca cs da de el en es et fa fi fr gu he hi hr hu hy id is it ja ka kk kn ko lt lv mk ml mr \
                      ms my ne nl pa pl pt ro ru sk sl sr sv ta te th tr uk ur vi zh";
const LINGUA: &str = "af ar az be bg bn bs ca cs cy da de el en eo es et eu fa fi fr ga gu he hi hr hu hy id is it ja ka kk ko la \
                      lg lt lv mi mk mn mr ms nb nl nn pa pl pt ro ru sk sl sn so sq sr st sv sw ta te th tl tn tr ts uk ur vi xh \
                      yo zh zu";
const KINDS: [&str; 4] = ["headline", "sentence", "chunk200", "article"];
const PEERS: [&str; 5] = ["gristmill", "fasttext", "py3langid", "whatlang", "lingua"];
/// Of so many rounds the fastest counts: others on the machine can only slow a round down.
const ROUNDS: usize = 3;

/// Names the language of a text.
type Peer = Box<dyn Fn(&str) -> String>;

struct Text<'t> {
    language: String,
    text: &'t str,
    kind: &'t str,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [texts, fasttext, names @ ..] = arguments.as_slice() else {
        bail!("usage: peers TEXTS.tsv.zst LID.176.FTZ [PEER…]");
    };
    let lines = read_to_string(zstd::Decoder::new(
        File::open(texts).with_context(|| texts.clone())?,
    )?)?;
    let texts = lines
        .lines()
        .map(text)
        .collect::<Option<Vec<_>>>()
        .context("a line is not language, text, kind and source")?;
    let texts: Vec<Text<'_>> = texts.into_iter().flatten().collect();
    let names: Vec<&str> = if names.is_empty() {
        PEERS.to_vec()
    } else {
        names.iter().map(String::as_str).collect()
    };
    let peers = names
        .iter()
        .map(|name| Ok((*name, peer(name, fasttext)?)))
        .collect::<Result<Vec<_>>>()?;
    let mut speeds = BTreeMap::new();
    for _ in 0..ROUNDS {
        for kind in ["headline", "article"] {
            for (name, peer) in &peers {
                let fastest = speeds.entry((*name, kind)).or_insert(0.0);
                *fastest = speed(name, peer, kind, &texts).max(*fastest);
            }
        }
    }
    for (name, peer) in &peers {
        accuracy(name, peer, &texts);
        let [headlines, articles] = ["headline", "article"].map(|kind| speeds[&(*name, kind)]);
        println!("{name}: {headlines:.2} MB/s of processor time on headlines, {articles:.2} on articles");
    }
    Ok(())
}

/// A line of the texts; nothing for the sentences of FLORES, which are in languages that no peer claims.
fn text(line: &str) -> Option<Option<Text<'_>>> {
    let mut fields = line.split('\t');
    let text = Text {
        language: same(fields.next()?),
        text: fields.next()?,
        kind: fields.next()?,
    };
    let source = fields.next()?;
    Some((!source.starts_with("sib200")).then_some(text))
}

fn peer(name: &str, fasttext: &str) -> Result<Peer> {
    let start = ProcessTime::now();
    let peer: Peer = match name {
        "gristmill" => {
            let identifier = gristmill_language::Identifier::new();
            Box::new(move |text| identifier.identify_parts(text, None).0.language.to_owned())
        }
        "fasttext" => {
            let model = fasttext_pure_rs::FastText::load(fasttext)
                .map_err(|error| anyhow::anyhow!("{fasttext}: {error:?}"))?;
            Box::new(move |text| {
                let labels = model
                    .predict(&text.replace('\n', " "), 1, 0.0)
                    .unwrap_or_default();
                let best = labels
                    .first()
                    .map(|best| best.label.trim_start_matches("__label__"));
                best.unwrap_or("und").to_owned()
            })
        }
        "py3langid" => {
            let identifier =
                rust_py3langid::Identifier::new().map_err(|error| anyhow::anyhow!("py3langid: {error:?}"))?;
            Box::new(move |text| identifier.identify(text).language.to_string())
        }
        "whatlang" => Box::new(|text| {
            whatlang::detect_lang(text)
                .map_or("und", |language| language.code())
                .to_owned()
        }),
        "lingua" => {
            let detector = lingua::LanguageDetectorBuilder::from_all_languages()
                .with_preloaded_language_models()
                .build();
            Box::new(move |text| {
                let language = detector.detect_language_of(text);
                language.map_or("und".to_owned(), |language| language.iso_code_639_1().to_string())
            })
        }
        _ => bail!("no peer {name}; there are {}", PEERS.join(", ")),
    };
    peer("A text to warm it up.");
    println!(
        "{name}: ready in {:.1} ms of processor time",
        start.elapsed().as_secs_f64() * 1e3
    );
    Ok(peer)
}

/// Megabytes of one kind of text a second. Of lingua's one text in twenty, or it would take hours.
fn speed(name: &str, peer: &Peer, kind: &str, texts: &[Text<'_>]) -> f64 {
    let step = if name == "lingua" { 20 } else { 1 };
    let texts: Vec<&str> = texts
        .iter()
        .filter(|text| text.kind == kind)
        .step_by(step)
        .map(|text| text.text)
        .collect();
    let bytes: usize = texts.iter().map(|text| text.len()).sum();
    let start = ProcessTime::now();
    for text in texts {
        black_box(peer(text));
    }
    bytes as f64 / start.elapsed().as_secs_f64() / 1e6
}

/// Prints the mean over languages of the share of texts that are named rightly, by kind of text.
fn accuracy(name: &str, peer: &Peer, texts: &[Text<'_>]) {
    let step = if name == "lingua" { 8 } else { 1 };
    let mut counts: BTreeMap<(&str, &str), (f64, f64)> = BTreeMap::new();
    for text in texts.iter().step_by(step) {
        let (right, all) = counts.entry((&text.language, text.kind)).or_default();
        *all += 1.0;
        *right += f64::from(u8::from(same(&peer(text.text)) == text.language));
    }
    for (set, members) in [
        ("53 common", Some(COMMON)),
        ("lingua's 71", Some(LINGUA)),
        ("all", None),
    ] {
        let is_in =
            |language: &str| members.is_none_or(|members| members.split(' ').any(|it| it == language));
        let means = KINDS.map(|kind| {
            let of_kind = counts
                .iter()
                .filter(|((language, its), _)| *its == kind && is_in(language));
            let shares: Vec<f64> = of_kind.map(|(_, (right, all))| right / all).collect();
            format!(
                "{:.1}",
                100.0 * shares.iter().sum::<f64>() / shares.len().max(1) as f64
            )
        });
        println!("{name}: {set}, {}: {}", KINDS.join("/"), means.join(" "));
    }
}

/// One code for what peers call differently: two letters where there are, a macrolanguage for its usual member.
fn same(code: &str) -> String {
    let code = code.split('-').next().unwrap_or(code);
    let code = match code {
        "prs" | "pes" => "fa",
        "fil" => "tl",
        "no" | "nob" => "nb",
        "iw" => "he",
        "sh" => "sr",
        "cmn" => "zh",
        "lvs" => "lv",
        "azj" => "az",
        "ekk" => "et",
        "npi" => "ne",
        "ory" => "or",
        "swh" => "sw",
        "uzn" => "uz",
        "khk" => "mn",
        "als" => "sq",
        "pbt" => "ps",
        "plt" => "mg",
        "ydd" => "yi",
        "arb" => "ar",
        "zsm" => "ms",
        "gaz" => "om",
        "kmr" => "ku",
        code => code,
    };
    let short = isolang::Language::from_639_3(code).and_then(|language| language.to_639_1());
    short.unwrap_or(code).to_owned()
}
