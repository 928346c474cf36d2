//! The title among what is called one.

use crate::html::page::{MarkKind, Page};

/// What may stand between a title and the name of the site.
const SEPARATORS: [&str; 16] = [
    " | ", " - ", " – ", " — ", " · ", " » ", " : ", " :: ", " • ", "｜", "：", " / ", "--", "_", " ‹ ",
    " ~ ",
];

/// The title: what the page gives to those who share it, else what its metadata call the headline, else the heading that agrees with
/// the title of the page, else that title; each without the name of the site.
pub(super) fn title(page: &Page<'_>, headline: Option<&str>, site: Option<&str>) -> Option<String> {
    const LONGEST: usize = 400;
    let headings: Vec<String> = page
        .head
        .marks
        .iter()
        .filter(|mark| matches!(mark.kind, MarkKind::Heading | MarkKind::Headline))
        .map(|mark| crate::html::reader::fold(page.marked(mark)))
        .filter(|heading| !heading.is_empty() && heading.len() < LONGEST)
        .collect();
    let named = |keys: &[&str]| super::meta(page, keys).filter(|title| title.len() < LONGEST);
    let shown = named(&["og:title"]).or_else(|| named(&["twitter:title", "headline", "dc.title"]));
    let whole = page.head.title.clone().filter(|title| title.len() < LONGEST);
    let known: Vec<&str> = headings.iter().map(String::as_str).chain(headline).collect();
    let strip = |title: &str| without_site(title, site, &known);

    let others: Vec<&str> = headings
        .iter()
        .map(String::as_str)
        .chain(shown.as_deref())
        .chain(whole.as_deref())
        .chain(headline)
        .collect();
    // What is said in the head may speak of the site or of another article; then nothing else on the page says the same.
    let told = [shown.as_deref(), headline];
    for told in told.into_iter().flatten() {
        let title = strip(told);
        let agrees = |other: &&&str| **other != told && alike(other, &title) > 0.2;
        let alone = others.iter().all(|other| *other == told);
        if title.is_empty() || site.is_some_and(|site| same(site, &title)) {
            continue;
        }
        if alone || others.iter().any(|other| agrees(&other)) {
            return Some(uncut(&title, &others).unwrap_or(title));
        }
    }
    let titles: Vec<String> = shown.iter().chain(&whole).map(|title| strip(title)).collect();
    let agrees = |heading: &&String| {
        titles
            .iter()
            .map(|title| alike(heading, title))
            .fold(0.0, f32::max)
    };
    let best = headings
        .iter()
        .filter(|heading| agrees(heading) >= 0.5)
        .max_by(|a, b| agrees(a).total_cmp(&agrees(b)));
    let title = best
        .cloned()
        .or_else(|| titles.into_iter().find(|title| !title.is_empty()))
        .or_else(|| headings.first().cloned())?;
    (!title.is_empty()).then_some(title)
}

/// The title of which `title` is the beginning, if it ends in an ellipsis.
fn uncut(title: &str, others: &[&str]) -> Option<String> {
    let cut = title.trim_end_matches(['.', '…', ' ']);
    let whole = |other: &&&str| other.starts_with(cut) && other.len() > title.len();
    let found = others.iter().find(whole).filter(|_| cut.len() < title.len());
    found.map(|found| (*found).to_owned())
}

/// `title` without the name of the site before or after it, where there is evidence that it is one: the rest is a heading or a
/// headline of the page, or the part says the name of the site.
fn without_site(title: &str, site: Option<&str>, known: &[&str]) -> String {
    let title = crate::html::reader::fold(title);
    for separator in SEPARATORS {
        for (at, _) in title.match_indices(separator) {
            let parts = [&title[..at], &title[at + separator.len()..]];
            if let Some(part) = parts
                .into_iter()
                .find(|part| part.chars().count() > 3 && known.iter().any(|known| same(known, part)))
            {
                return part.trim().to_owned();
            }
        }
    }
    let Some(site) = site else { return title };
    for separator in SEPARATORS {
        if let Some((before, after)) = title.rsplit_once(separator)
            && is_site(after, site)
            && before.chars().count() > 3
        {
            return without_site(before.trim(), Some(site), known);
        }
        if let Some((before, after)) = title.split_once(separator)
            && is_site(before, site)
            && after.chars().count() > 3
        {
            return after.trim().to_owned();
        }
    }
    title
}

/// Whether `part` is the name of the site, or begins with it or the other way round.
fn is_site(part: &str, site: &str) -> bool {
    let squeeze = |text: &str| -> String {
        let letters = text.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    let (part, site) = (squeeze(part), squeeze(site));
    !part.is_empty()
        && !site.is_empty()
        && (part == site
            || part.len() > 2 && site.starts_with(&part)
            || site.len() > 2 && part.starts_with(&site))
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

fn same(a: &str, b: &str) -> bool {
    words(a) == words(b)
}

/// How many of the words of two titles are common to both, from 0 to 1 (Dice's coefficient over different words).
fn alike(a: &str, b: &str) -> f32 {
    let set = |text: &str| {
        let mut words = words(text);
        words.sort_unstable();
        words.dedup();
        words
    };
    let (a, b) = (set(a), set(b));
    let common = a.iter().filter(|word| b.binary_search(word).is_ok()).count();
    2.0 * common as f32 / ((a.len() + b.len()) as f32).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::html::reader;
    use crate::html::signals::Vocabulary;

    fn check(markup: &str, headline: Option<&str>, site: Option<&str>, expected: &str) {
        let page = reader::read(markup, &Vocabulary::new().unwrap());
        assert_eq!(
            title(&page, headline, site).as_deref(),
            Some(expected),
            "{markup}"
        );
    }

    #[test]
    fn the_site_goes_where_there_is_evidence() {
        check(
            "<title>Storm hits coast | The Example</title><h1>Storm hits coast</h1>",
            None,
            None,
            "Storm hits coast",
        );
        check(
            "<title>Storm hits coast - The Example</title>",
            None,
            Some("The Example"),
            "Storm hits coast",
        );
        check(
            "<title>The Example: a story - part one</title>",
            None,
            None,
            "The Example: a story - part one",
        );
        check(
            "<title>Storm - Weather - Example</title>",
            None,
            Some("Example"),
            "Storm - Weather",
        );
    }

    #[test]
    fn the_headline_goes_first_unless_it_speaks_of_something_else() {
        check(
            "<title>Big storm</title><h1>Big storm</h1>",
            Some("Big storm hits coast"),
            None,
            "Big storm hits coast",
        );
        check(
            "<title>Big storm</title><h1>Big storm</h1>",
            Some("Our newsletter"),
            None,
            "Big storm",
        );
        check(
            "<h1>Big storm hits the coast</h1>",
            Some("Big storm hits..."),
            None,
            "Big storm hits the coast",
        );
    }

    #[test]
    fn of_several_headings_the_one_that_agrees() {
        check(
            "<title>Big storm - X</title><h1>The Daily</h1><h1>Big storm</h1>",
            None,
            None,
            "Big storm",
        );
    }
}
