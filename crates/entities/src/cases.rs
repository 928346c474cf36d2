//! The cases of Russian and Ukrainian, which decline names.

/// Endings of cases in Russian and Ukrainian, the longest first; vowels at the end fall away after them.
const ENDINGS: [&str; 36] = [
    "ого", "его", "ому", "ему", "ыми", "ими", "ами", "ями", "ові", "еві", "ым", "им", "ом", "ем", "ой", "ей",
    "ий", "ый", "ую", "юю", "ая", "яя", "ое", "ее", "ых", "их", "ам", "ям", "ах", "ях", "ою", "ею", "ій",
    "ім", "єю", "їв",
];

/// The word without the ending of its case, if three letters are left.
pub(crate) fn stem(word: &str) -> &str {
    let long = |stem: &&str| stem.chars().nth(2).is_some();
    let cut = ENDINGS
        .iter()
        .find_map(|ending| word.strip_suffix(ending).filter(long))
        .unwrap_or(word);
    let vowels = ['а', 'е', 'и', 'о', 'у', 'ы', 'ю', 'я', 'ь', 'й', 'і', 'ї', 'є'];
    let bare = cut.trim_end_matches(vowels);
    let bare = if long(&bare) { bare } else { cut };
    // The adjective of a place is its name elsewhere: "российский", "Россия".
    match bare.strip_suffix("ск").map(|bare| bare.trim_end_matches(vowels)) {
        Some(place) if long(&place) => place,
        _ => bare,
    }
}

/// Whether all letters of `word` are Cyrillic.
pub(crate) fn is_cyrillic(word: &str) -> bool {
    word.chars().all(|c| matches!(c, 'Ѐ'..='ӿ'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_fall_away_and_short_words_stay() {
        for (word, bare) in [
            ("лаврова", "лавров"),
            ("лавровым", "лавров"),
            ("москвой", "москв"),
            ("российский", "росс"),
            ("ким", "ким"),
        ] {
            assert_eq!(stem(word), bare, "{word}");
        }
        assert!(is_cyrillic("київ") && !is_cyrillic("kиїв"));
    }
}
