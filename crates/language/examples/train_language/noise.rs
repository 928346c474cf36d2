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

/// A name as programs have them: a word of the trade, or letters.
fn identifier(rng: &mut Rng) -> String {
    const WORDS: [&str; 36] = [
        "args", "buffer", "buf", "client", "config", "count", "ctx", "data", "entries", "err", "event",
        "file", "handler", "id", "index", "input", "item", "items", "key", "label", "length", "line", "name",
        "node", "offset", "options", "path", "request", "response", "result", "size", "state", "token",
        "user", "value", "worker",
    ];
    if rng.chance(0.4) {
        (*rng.pick(&WORDS)).to_owned()
    } else {
        letters(rng, 1, 9)
    }
}

/// A line of a program, of its settings, of a page's markup, or of what it logs.
fn code(rng: &mut Rng) -> String {
    let (a, b, c) = (identifier(rng), identifier(rng), identifier(rng));
    let n = rng.below(1000);
    match rng.below(26) {
        0 => format!("for (int {c} = 0; {c} < {n}; ++{c}) {{ {a}[{c}] = {b}({c}); }}"),
        1 => format!("let {a} = {b}.iter().filter(|{c}| {c} > {n}).count();"),
        2 => format!("SELECT {a}, {b} FROM {c} WHERE {a} = {n} ORDER BY {b} DESC LIMIT {n};"),
        3 => format!("def {a}(self, {b}): return self.{c}[{b}] + {n}"),
        4 => format!("function {a}({b}) {{ return {b}.map({c} => {c} * {n}); }}"),
        5 => format!("<div class=\"{a}\"><span id=\"{b}\">{c}</span></div>"),
        6 => format!("import {a} from \"{b}\"; const {c} = new {a}({n});"),
        7 => format!("if err != nil {{ return fmt.Errorf(\"{a}\", {b}) }} // {c}"),
        8 => format!("pub fn {a}({b}: usize) -> Option<{c}> {{ while {b} < {n} {{ {b} += 1; }} None }}"),
        9 => format!("{{\"{a}\": {n}, \"{b}\": \"{c}\", \"null\": true}}"),
        10 => format!(
            "#{a} > .{b} {{ width: {n}px; border: none; background: transparent; font-weight: bold }}"
        ),
        11 => format!(
            "@media (max-width: {n}px) {{ .{a} {{ float: left; margin-top: {n}em; text-align: center; }} }}"
        ),
        12 => format!("[{n}] WARN {a}.{b}: timeout after {n} ms, retrying {c}"),
        13 => format!("INFO {a}: listening on port {n}, {b} started, pid {n}"),
        14 => format!("FATAL {a} [{b}] failed to open {c}: permission denied (code {n})"),
        15 => format!("    at {a}.{b}({c}.java:{n}) caused by NullPointerException"),
        16 => format!("Traceback: File \"{a}.py\", line {n}, in {b}: KeyError: {c}"),
        17 => format!("sudo apt-get install -y {a} && cd {b} && make {c} -j {n}"),
        18 => format!("static int {a}(const char *{b}, size_t {c}) {{ if (!{b}) return -{n}; }}"),
        19 => format!("#include <{a}.h> struct {b} {{ unsigned long {c}; void *next; }};"),
        20 => format!("public class {a} extends {b} {{ private final int {c} = {n}; }}"),
        21 => format!("<input type=\"text\" name=\"{a}\" value=\"{b}\" onchange=\"{c}(this)\">"),
        22 => format!("try: {a} = {b}.get({n}) except ValueError as e: print(e, {c})"),
        23 => format!("UPDATE {a} SET {b} = {n} WHERE {c} IS NOT NULL; INSERT INTO {a} VALUES ({n})"),
        24 => format!("var {a} = document.getElementById('{b}'); if ({a} === undefined) {{ {c}(); }}"),
        _ => format!("match {a} {{ Some({b}) => {b}.len(), None => 0, }} let mut {c} = Vec::new();"),
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
