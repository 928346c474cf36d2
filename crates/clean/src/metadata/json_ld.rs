//! What a page says of its article in JSON-LD: the richest and most reliable source there is, and often broken.

use std::borrow::Cow;
use std::cmp::Reverse;

use serde_json::{Map, Value};

/// Scripts longer than this are data of the site's programs, not a description of an article.
const LONGEST: usize = 1 << 19;
/// How deep objects are looked for inside objects.
const DEEPEST: usize = 6;
/// How many objects are looked at.
const MOST: usize = 2000;

/// The objects of all scripts of a page.
#[derive(Debug, Default)]
pub struct JsonLd(Vec<Map<String, Value>>);

/// Types of which the article may be, the likeliest first.
const ARTICLES: [&str; 4] = ["NewsArticle", "Article", "BlogPosting", "Posting"];
const PAGES: [&str; 6] = [
    "Report",
    "Review",
    "Recipe",
    "WebPage",
    "ItemPage",
    "CreativeWork",
];

impl JsonLd {
    /// Reads `scripts`; what is no JSON even after repair is left out.
    pub fn read(scripts: &[&str]) -> Self {
        let mut objects = Vec::new();
        for script in scripts.iter().filter(|script| script.len() < LONGEST) {
            for value in parse(script) {
                collect(value, DEEPEST, &mut objects);
            }
        }
        Self(objects)
    }

    /// The object that is the article, else the one that is the page.
    pub fn article(&self) -> Option<&Map<String, Value>> {
        let of = |wanted: &[&str]| {
            let rank = |object: &Map<String, Value>| {
                let is = |wanted: &&str| types(object).any(|kind| kind.ends_with(wanted));
                wanted.iter().position(is)
            };
            let ranked = self.0.iter().filter_map(|object| Some((rank(object)?, object)));
            // Of several the one that says most, then the first of the best rank.
            let best = ranked.min_by_key(|(rank, object)| {
                let says = ["headline", "datePublished"];
                let says = says.iter().filter(|key| object.contains_key(**key));
                (Reverse(says.count()), *rank)
            });
            best.map(|(_, object)| object)
        };
        of(&ARTICLES).or_else(|| of(&PAGES))
    }

    /// Whether `object` is said to be an article rather than a page.
    pub fn is_article(object: &Map<String, Value>) -> bool {
        types(object).any(|kind| ARTICLES.iter().any(|wanted| kind.ends_with(wanted)))
    }

    /// The first object of the type `kind`.
    pub fn of_type(&self, kind: &str) -> Option<&Map<String, Value>> {
        self.0
            .iter()
            .find(|object| types(object).any(|said| said == kind))
    }

    /// The names of the people or organisations that `value` names or refers to.
    pub fn names(&self, value: &Value) -> Vec<String> {
        let mut names = Vec::new();
        self.add_names(value, &mut names, DEEPEST);
        names
    }

    fn add_names(&self, value: &Value, names: &mut Vec<String>, depth: usize) {
        if depth == 0 || names.len() > 32 {
            return;
        }
        match value {
            Value::String(name) => names.push(text(name)),
            Value::Array(list) => list
                .iter()
                .for_each(|value| self.add_names(value, names, depth - 1)),
            Value::Object(object) => {
                let referred = || {
                    let id = object.get("@id")?.as_str()?;
                    let same =
                        |other: &&Map<String, Value>| other.get("@id").and_then(Value::as_str) == Some(id);
                    self.0.iter().filter(same).find_map(|other| other.get("name"))
                };
                if let Some(name) = object.get("name").or_else(referred) {
                    self.add_names(name, names, depth - 1);
                }
            }
            _ => {}
        }
    }
}

fn types(object: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let (one, many) = match object.get("@type") {
        Some(Value::String(one)) => (Some(one.as_str()), None),
        Some(Value::Array(many)) => (None, Some(many)),
        _ => (None, None),
    };
    let many = many.into_iter().flatten().filter_map(Value::as_str);
    one.into_iter().chain(many)
}

fn collect(value: Value, depth: usize, objects: &mut Vec<Map<String, Value>>) {
    /// The members that may hold the article or whom it refers to.
    const INSIDE: [&str; 7] = [
        "@graph",
        "mainEntity",
        "mainEntityOfPage",
        "hasPart",
        "isPartOf",
        "author",
        "publisher",
    ];
    if depth == 0 || objects.len() >= MOST {
        return;
    }
    match value {
        Value::Array(list) => list.into_iter().for_each(|value| collect(value, depth, objects)),
        Value::Object(object) => {
            let inside: Vec<Value> = INSIDE
                .iter()
                .filter_map(|key| object.get(*key))
                .filter(|value| value.is_object() || value.is_array())
                .cloned()
                .collect();
            objects.push(object);
            inside
                .into_iter()
                .for_each(|value| collect(value, depth - 1, objects));
        }
        _ => {}
    }
}

/// A text value: character references resolved, white space folded.
pub fn text(value: &str) -> String {
    let plain = if value.contains('&') {
        htmlize::unescape(value)
    } else {
        Cow::Borrowed(value)
    };
    crate::html::reader::fold(&plain)
}

/// The text of `key` in `object`; of a list the first.
pub fn string(object: &Map<String, Value>, key: &str) -> Option<String> {
    let mut value = object.get(key)?;
    if let Value::Array(list) = value {
        value = list.first()?;
    }
    if let Value::Object(inner) = value {
        let said = ["@value", "url", "name"].iter().find_map(|key| inner.get(*key));
        value = said?;
    }
    let said = text(value.as_str()?);
    (!said.is_empty()).then_some(said)
}

/// The values that a script holds: as they stand, else repaired.
fn parse(script: &str) -> Vec<Value> {
    let script = strip(script);
    let read = |text: &str| {
        let values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        values.collect::<Result<Vec<_>, _>>().ok()
    };
    read(script).or_else(|| read(&repair(script))).unwrap_or_default()
}

/// Without the comments in which scripts are wrapped for old browsers, and a closing semicolon.
fn strip(script: &str) -> &str {
    let mut script = script.trim();
    for open in [
        "<!--",
        "//<![CDATA[",
        "/*<![CDATA[*/",
        "<![CDATA[",
        "/* <![CDATA[ */",
    ] {
        script = script.strip_prefix(open).unwrap_or(script).trim_start();
    }
    for close in ["-->", "//]]>", "/*]]>*/", "]]>", "/* ]]> */", ";"] {
        script = script.strip_suffix(close).unwrap_or(script).trim_end();
    }
    script
}

/// JSON with the usual faults mended: raw line feeds and unknown escapes in strings, quotation marks that were not escaped,
/// commas too many or missing, comments, brackets left open.
fn repair(script: &str) -> String {
    let decoded = if !script.contains('"') && script.contains("&quot;") {
        htmlize::unescape(script)
    } else {
        Cow::Borrowed(script)
    };
    let mut out = String::with_capacity(decoded.len());
    let mut open = Vec::new();
    let mut rest = decoded.char_indices().peekable();
    let mut in_string = false;
    while let Some((at, character)) = rest.next() {
        if in_string {
            match character {
                '\\' => match rest.peek() {
                    Some(&(_, next))
                        if matches!(next, '"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't' | 'u') =>
                    {
                        out.extend(['\\', next]);
                        rest.next();
                    }
                    _ => out.push_str("\\\\"),
                },
                '"' if ends_string(&decoded.as_bytes()[at + 1..]) => {
                    in_string = false;
                    out.push('"');
                }
                '"' => out.push_str("\\\""),
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                control if control < ' ' => {}
                other => out.push(other),
            }
            continue;
        }
        let last = out.trim_end().bytes().last();
        match character {
            '"' => {
                in_string = true;
                if matches!(last, Some(b'"' | b'}' | b']')) {
                    out.push(',');
                }
                out.push('"');
            }
            '{' | '[' => {
                if matches!(last, Some(b'}' | b']')) && !open.is_empty() {
                    out.push(',');
                }
                open.push(if character == '{' { '}' } else { ']' });
                out.push(character);
            }
            '}' | ']' => {
                drop_comma(&mut out);
                if open.last() == Some(&character) {
                    open.pop();
                    out.push(character);
                }
            }
            ',' if matches!(last, Some(b',' | b'{' | b'[')) => {}
            '/' if matches!(rest.peek(), Some((_, '/'))) => {
                while rest.peek().is_some_and(|(_, next)| *next != '\n') {
                    rest.next();
                }
            }
            ';' => {}
            // White space could be searched through again and again.
            space if space.is_whitespace() => {}
            other => out.push(other),
        }
    }
    if in_string {
        out.push('"');
    }
    drop_comma(&mut out);
    while let Some(close) = open.pop() {
        out.push(close);
    }
    out
}

fn drop_comma(out: &mut String) {
    if out.ends_with(',') {
        out.pop();
    }
}

/// Whether a quotation mark before `rest` ends its string: what follows is what may follow a string.
fn ends_string(rest: &[u8]) -> bool {
    /// White space further than this is looked at no more.
    const FAR: usize = 256;
    let rest = &rest[..rest.len().min(FAR)];
    let Some(at) = rest.iter().position(|byte| !byte.is_ascii_whitespace()) else {
        return true;
    };
    match rest[at] {
        b':' | b'}' | b']' => true,
        b',' => {
            let after = rest[at + 1..].iter().find(|byte| !byte.is_ascii_whitespace());
            matches!(
                after,
                None | Some(
                    b',' | b'"' | b'{' | b'[' | b'}' | b']' | b'0'..=b'9' | b'-' | b't' | b'f' | b'n'
                )
            )
        }
        // A comma was forgotten at the end of a line.
        b'"' => at > 0,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headline(script: &str) -> Option<String> {
        let found = JsonLd::read(&[script]);
        string(found.article()?, "headline")
    }

    #[test]
    fn articles_are_found_in_graphs_and_arrays() {
        for script in [
            r#"{"@type":"NewsArticle","headline":"A &amp; B"}"#,
            r#"[{"@type":"WebSite","name":"x"},{"@type":["Thing","ReportageNewsArticle"],"headline":"A & B"}]"#,
            r#"{"@graph":[{"@type":"WebPage","headline":"no"},{"@type":"Article","headline":"A & B"}]}"#,
            r#"{"@type":"WebPage","mainEntity":{"@type":"BlogPosting","headline":"A & B"}}"#,
        ] {
            assert_eq!(headline(script).as_deref(), Some("A & B"), "{script}");
        }
        assert_eq!(headline(r#"{"@type":"BreadcrumbList","headline":"no"}"#), None);
    }

    #[test]
    fn broken_json_is_mended() {
        for script in [
            "<!-- {\"@type\":\"Article\",\"headline\":\"A\"} -->",
            "//<![CDATA[\n{\"@type\":\"Article\",\"headline\":\"A\"}\n//]]>",
            "{\"@type\":\"Article\",\"headline\":\"A\",}",
            "{\"@type\":\"Article\",\"description\":\"a\nb\tc\",\"headline\":\"A\"}",
            "{\"@type\":\"Article\",\"description\":\"he said \"no\" to it\",\"headline\":\"A\"}",
            "{\"@type\":\"Article\",\"headline\":\"A\"",
            "{\"@type\":\"Article\" \"headline\":\"A\"}",
            "{\"@type\":\"Article\",,\"x\":\"\\d\",\"headline\":\"A\"};",
            "{&quot;@type&quot;:&quot;Article&quot;,&quot;headline&quot;:&quot;A&quot;}",
        ] {
            assert_eq!(headline(script).as_deref(), Some("A"), "{script}");
        }
        assert_eq!(headline("var x = 1"), None);
    }

    #[test]
    fn names_are_followed_to_where_they_are_said() {
        let script = r##"{"@graph":[{"@type":"Article","headline":"x","author":[{"@id":"#p"},"B. Other",{"name":["C"]}]},{"@type":"Person","@id":"#p","name":"A. Person"}]}"##;
        let found = JsonLd::read(&[script]);
        let authors = &found.article().unwrap()["author"];
        assert_eq!(found.names(authors), ["A. Person", "B. Other", "C"]);
    }
}
