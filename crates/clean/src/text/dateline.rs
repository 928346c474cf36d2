//! Datelines.

/// Words in capitals before a colon that name no place.
const NO_PLACES: &[&str] = &[
    "UPDATE",
    "UPDATED",
    "EXCLUSIVE",
    "BREAKING",
    "WATCH",
    "OPINION",
    "LIVE",
    "NEW",
    "VIDEO",
    "REVIEW",
    "NOTE",
    "PHOTOS",
    "ANALYSIS",
    "EDITORIAL",
    "WARNING",
    "TL",
    "FAQ",
    "PS",
    "NB",
];

/// The dateline with which a text begins, such as `BAKU` or `WASHINGTON (AP)`.
pub(crate) fn find(text: &str) -> Option<String> {
    let head: String = text.lines().next()?.chars().take(80).collect();
    let (mut end, mut colon) = (None, false);
    for (at, c) in head.char_indices() {
        let rest = &head[at + c.len_utf8()..];
        let spaced = head[..at].ends_with(' ') && rest.starts_with(' ');
        match c {
            ':' if rest.starts_with(' ') => (end, colon) = (Some(at), true),
            '—' | '–' => end = Some(at),
            '-' if spaced || rest.starts_with('-') => end = Some(at),
            _ => continue,
        }
        break;
    }
    let place = head[..end?].trim();
    let (name, agency) = match place.split_once('(') {
        Some((name, agency)) => (name.trim(), Some(agency.strip_suffix(')')?)),
        None => (place, None),
    };
    if agency.is_some_and(|agency| agency.is_empty() || agency.chars().count() > 24) {
        return None;
    }
    let words: Vec<&str> = name.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let capitals = |word: &&str| {
        word.chars().filter(|c| c.is_alphabetic()).count() > 1 && !word.chars().any(char::is_lowercase)
    };
    let begins = |word: &&str| word.chars().next().is_some_and(char::is_uppercase);
    let city = words.iter().take_while(|word| capitals(word)).count();
    let known = city > 0 && !NO_PLACES.contains(words.first()?);
    let shape = if colon && agency.is_none() {
        city == words.len()
    } else {
        words
            .iter()
            .all(|word| begins(word) || word.chars().all(|c| c.is_ascii_digit() || c == '.'))
            && (city == words.len() || name.contains(',') || agency.is_some())
    };
    let fits = (1..=6).contains(&words.len())
        && shape
        && (known || agency.is_some_and(|agency| agency.chars().all(|c| c.is_alphabetic() || c == '/')));
    fits.then(|| place.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datelines() {
        for (text, expected) in [
            ("BAKU: The two presidents met.", Some("BAKU")),
            ("WASHINGTON (AP) — Senators voted.", Some("WASHINGTON (AP)")),
            ("Berlin (dpa) - Der Bundestag tagt.", Some("Berlin (dpa)")),
            (
                "NEW YORK, Jan. 5 (Reuters) - Shares rose.",
                Some("NEW YORK, Jan. 5 (Reuters)"),
            ),
            ("SÃO PAULO, Brazil — It rained.", Some("SÃO PAULO, Brazil")),
            ("EXCLUSIVE: The mayor resigns.", None),
            ("The council – it met on Tuesday – said no.", None),
            ("Note: this is an archive.", None),
            ("A sentence without any of it.", None),
        ] {
            assert_eq!(find(text).as_deref(), expected, "{text}");
        }
    }
}
