//! Letters that are words.

/// Whether `c` is an ideograph or a kana, of a script that goes without spaces between words: Hiragana, Katakana, and the
/// blocks of Han by Unicode 17.
pub(crate) const fn is_ideograph(c: char) -> bool {
    matches!(
        c as u32,
        0x3040..=0x30FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF
    )
}
