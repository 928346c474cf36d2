//! Text that is in no language, made up: what the label `und` learns from.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::rng::Rng;

const ROWS: usize = 5_000;

/// Capitalised words from inside sentences: mostly names.
#[derive(Default)]
pub(crate) struct Names(BTreeSet<String>);

impl Names {
    /// Takes pairs of capitalised words from the middle of sentences of `text`.
    pub(crate) fn gather(&mut self, text: &str) {
        let mut before = "";
        let mut run: Vec<&str> = Vec::new();
        for word in text.split(' ').chain([""]) {
            let bare = word.trim_matches(|c: char| !c.is_alphabetic());
            let lower = bare.chars().skip(1).all(char::is_lowercase);
            let name = bare.chars().count() > 2 && bare.starts_with(char::is_uppercase) && lower;
            if name && (!run.is_empty() || before.ends_with(char::is_lowercase)) {
                run.push(bare);
            }
            if !name || word != bare {
                if (2..=3).contains(&run.len()) && self.0.len() < 60_000 {
                    self.0.insert(run.join(" "));
                }
                run.clear();
            }
            before = word;
        }
    }

    /// The names, sorted.
    pub(crate) fn listed(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }
}

/// Rows without a language.
pub(crate) fn rows(names: &[&str]) -> Vec<String> {
    let mut rng = Rng(7);
    (0..ROWS)
        .map(|row| match row % 7 {
            0 | 1 => gibberish(&mut rng),
            2 => mixed_case(&mut rng),
            3 => repeats(&mut rng),
            4 => code(&mut rng),
            _ if names.is_empty() => gibberish(&mut rng),
            _ => list(&mut rng, names),
        })
        .collect()
}

fn letters(rng: &mut Rng, shortest: usize, longest: usize) -> String {
    const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
    let length = rng.between(shortest, longest);
    (0..length).map(|_| *rng.pick(ALPHABET) as char).collect()
}

fn gibberish(rng: &mut Rng) -> String {
    let words = rng.between(1, 14);
    (0..words)
        .map(|_| letters(rng, 2, 12))
        .collect::<Vec<_>>()
        .join(" ")
}

/// What is left of base64 and hexadecimal codes when digits are gone.
fn mixed_case(rng: &mut Rng) -> String {
    let mut row = String::new();
    for _ in 0..rng.between(10, 120) {
        let letter = letters(rng, 1, 1);
        match rng.below(12) {
            0 => row.push('+'),
            1 => row.push('/'),
            2..=6 => row.push_str(&letter.to_uppercase()),
            _ => row.push_str(&letter),
        }
    }
    row
}

fn repeats(rng: &mut Rng) -> String {
    const SOUNDS: [&str; 12] = [
        "a", "o", "ha", "he", "la", "na", "xo", "mm", "zz", "lol", "hi", "bla",
    ];
    let sound = if rng.chance(0.6) {
        (*rng.pick(&SOUNDS)).to_owned()
    } else {
        letters(rng, 1, 3)
    };
    let gap = if rng.chance(0.3) { " " } else { "" };
    vec![sound; rng.between(4, 60)].join(gap)
}

fn code(rng: &mut Rng) -> String {
    let (a, b, c) = (letters(rng, 2, 9), letters(rng, 3, 9), letters(rng, 1, 6));
    let n = rng.below(1000);
    match rng.below(10) {
        0 => format!("for (int {c} = 0; {c} < {n}; ++{c}) {{ {a}[{c}] = {b}({c}); }}"),
        1 => format!("let {a} = {b}.iter().filter(|{c}| {c} > {n}).count();"),
        2 => format!("SELECT {a}, {b} FROM {c} WHERE {a} = {n} ORDER BY {b} DESC LIMIT {n};"),
        3 => format!("def {a}(self, {b}): return self.{c}[{b}] + {n}"),
        4 => format!("function {a}({b}) {{ return {b}.map({c} => {c} * {n}); }}"),
        5 => format!("<div class=\"{a}\"><span id=\"{b}\">{c}</span></div>"),
        6 => format!("import {a} from \"{b}\"; const {c} = new {a}({n});"),
        7 => format!("if err != nil {{ return fmt.Errorf(\"{a}\", {b}) }} // {c}"),
        8 => format!("pub fn {a}({b}: usize) -> Option<{c}> {{ while {b} < {n} {{ {b} += 1; }} None }}"),
        _ => format!("{{\"{a}\": {n}, \"{b}\": \"{c}\", \"null\": true}}"),
    }
}

/// A list of names, as under a picture or in a table.
fn list(rng: &mut Rng, names: &[&str]) -> String {
    let mut row = String::new();
    let table = rng.chance(0.4);
    for place in 1..=rng.between(2, 8) {
        let mut name = *rng.pick(names);
        if rng.chance(0.3) {
            name = name.split(' ').next().unwrap_or(name);
        }
        if table {
            let _ = write!(
                row,
                "{place}. {name} {} {}:{} ",
                rng.below(40),
                rng.below(100),
                rng.below(100)
            );
        } else {
            let _ = write!(row, "{}{name}", if place > 1 { ", " } else { "" });
        }
    }
    row
}
