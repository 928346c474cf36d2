//! One spelling for the letters that writers of one name vary.

use crate::cases::{is_cyrillic, stem};

/// What transliteration and British spelling vary, and what stands for both, in this order.
const VARIED: [(&str, &str); 6] = [
    ("kh", "h"),
    ("ou", "u"),
    ("q", "k"),
    ("iy", "y"),
    ("isation", "ization"),
    ("y", "i"),
];

/// One spelling for those that transliteration varies, and one form for all cases.
pub(crate) fn spell(word: &str) -> String {
    if is_cyrillic(word) && word.chars().nth(3).is_some() {
        return stem(word).to_owned();
    }
    if !word.is_ascii() || word.len() < 4 {
        return word.to_owned();
    }
    let mut out = word.to_owned();
    for (varied, one) in VARIED {
        if out.contains(varied) {
            out = out.replace(varied, one);
        }
    }
    let mut last = None;
    out.retain(|c| last.replace(c) != Some(c));
    if out.ends_with("of") || out.ends_with("ef") {
        out.pop();
        out.push('v');
    }
    out
}

/// Whether `c` is a mark that stands on the letter before it.
pub(crate) fn is_combining(c: char) -> bool {
    matches!(u32::from(c), 0x300..=0x36F)
}

/// The letter without its mark, for the Latin letters that names carry; combining marks fall away later.
pub(crate) fn unmarked(c: char) -> char {
    match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' | 'ǎ' | 'ạ' | 'ả' | 'ấ' | 'ầ' | 'ə' => 'a',
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => 'c',
        'ď' | 'đ' | 'ð' => 'd',
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' | 'ế' | 'ề' | 'ệ' => 'e',
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => 'g',
        'ì'..='ï' | 'ī' | 'ĭ' | 'į' | 'ı' => 'i',
        'ķ' => 'k',
        'ĺ' | 'ļ' | 'ľ' | 'ł' => 'l',
        'ñ' | 'ń' | 'ņ' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' | 'ơ' => 'o',
        'ŕ' | 'ř' => 'r',
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => 's',
        'ţ' | 'ť' | 'ț' => 't',
        'ù'..='ü' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' | 'ư' => 'u',
        'ý' | 'ÿ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        'ё' => 'е',
        _ => c,
    }
}
