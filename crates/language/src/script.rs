//! Scripts by ISO 15924, and what each character contributes to a text.

/// The scripts that the identifier tells apart.
///
/// Han stands for the characters as such; whether a Chinese text is written in simplified or traditional
/// characters is the classifier's decision, and so are Japanese (kanji with kana) and Korean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Script {
    /// Latin.
    Latn = 1,
    /// Cyrillic.
    Cyrl,
    /// Greek.
    Grek,
    /// Armenian.
    Armn,
    /// Hebrew.
    Hebr,
    /// Arabic.
    Arab,
    /// Syriac.
    Syrc,
    /// Thaana.
    Thaa,
    /// N'Ko.
    Nkoo,
    /// Devanagari.
    Deva,
    /// Bengali.
    Beng,
    /// Gurmukhi.
    Guru,
    /// Gujarati.
    Gujr,
    /// Oriya.
    Orya,
    /// Tamil.
    Taml,
    /// Telugu.
    Telu,
    /// Kannada.
    Knda,
    /// Malayalam.
    Mlym,
    /// Sinhala.
    Sinh,
    /// Thai.
    Thai,
    /// Lao.
    Laoo,
    /// Tibetan.
    Tibt,
    /// Burmese.
    Mymr,
    /// Georgian.
    Geor,
    /// Ethiopic.
    Ethi,
    /// Cherokee.
    Cher,
    /// Canadian syllabics.
    Cans,
    /// Khmer.
    Khmr,
    /// Mongolian.
    Mong,
    /// Ol Chiki.
    Olck,
    /// Tifinagh.
    Tfng,
    /// Han characters and kana.
    Hani,
    /// Hangul.
    Hang,
    /// Meetei Mayek.
    Mtei,
    /// Yi.
    Yiii,
}

/// All scripts, in the order of their numbers.
const ALL: [(Script, &str); 35] = [
    (Script::Latn, "Latn"),
    (Script::Cyrl, "Cyrl"),
    (Script::Grek, "Grek"),
    (Script::Armn, "Armn"),
    (Script::Hebr, "Hebr"),
    (Script::Arab, "Arab"),
    (Script::Syrc, "Syrc"),
    (Script::Thaa, "Thaa"),
    (Script::Nkoo, "Nkoo"),
    (Script::Deva, "Deva"),
    (Script::Beng, "Beng"),
    (Script::Guru, "Guru"),
    (Script::Gujr, "Gujr"),
    (Script::Orya, "Orya"),
    (Script::Taml, "Taml"),
    (Script::Telu, "Telu"),
    (Script::Knda, "Knda"),
    (Script::Mlym, "Mlym"),
    (Script::Sinh, "Sinh"),
    (Script::Thai, "Thai"),
    (Script::Laoo, "Laoo"),
    (Script::Tibt, "Tibt"),
    (Script::Mymr, "Mymr"),
    (Script::Geor, "Geor"),
    (Script::Ethi, "Ethi"),
    (Script::Cher, "Cher"),
    (Script::Cans, "Cans"),
    (Script::Khmr, "Khmr"),
    (Script::Mong, "Mong"),
    (Script::Olck, "Olck"),
    (Script::Tfng, "Tfng"),
    (Script::Hani, "Hani"),
    (Script::Hang, "Hang"),
    (Script::Mtei, "Mtei"),
    (Script::Yiii, "Yiii"),
];

/// One more than the highest number of a script.
pub(crate) const SCRIPTS: usize = ALL.len() + 1;

impl Script {
    /// The code by ISO 15924.
    pub const fn code(self) -> &'static str {
        ALL[self as usize - 1].1
    }

    /// The script with this number.
    pub(crate) fn from_number(number: u8) -> Option<Self> {
        ALL.get((number as usize).checked_sub(1)?)
            .map(|&(script, _)| script)
    }

    /// The script with this ISO 15924 code; `Hans`, `Hant` and `Jpan` are written in [`Script::Hani`].
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "Hans" | "Hant" | "Jpan" => Some(Self::Hani),
            "Kore" => Some(Self::Hang),
            _ => ALL
                .iter()
                .find(|&&(_, name)| name == code)
                .map(|&(script, _)| script),
        }
    }

    /// The script of `c` if it belongs to words: a letter, or a mark that stands on one.
    pub fn of(c: char) -> Option<Self> {
        let point = c as u32;
        let script = match point {
            0x41..=0x5A | 0x61..=0x7A | 0xAA | 0xBA | 0xC0..=0x2B8 => Self::Latn,
            0x370..=0x3FF | 0x1F00..=0x1FFF => Self::Grek,
            0x400..=0x52F | 0x1C80..=0x1C8F | 0x2DE0..=0x2DFF | 0xA640..=0xA69F => Self::Cyrl,
            0x531..=0x58F => Self::Armn,
            0x591..=0x5F4 | 0xFB1D..=0xFB4F => Self::Hebr,
            0x610..=0x6FF | 0x750..=0x77F | 0x870..=0x8FF | 0xFB50..=0xFDFF | 0xFE70..=0xFEFC => Self::Arab,
            0x700..=0x74F => Self::Syrc,
            0x780..=0x7BF => Self::Thaa,
            0x7C0..=0x7FF => Self::Nkoo,
            0x900..=0x97F | 0xA8E0..=0xA8FF => Self::Deva,
            0x980..=0x9FF => Self::Beng,
            0xA00..=0xA7F => Self::Guru,
            0xA80..=0xAFF => Self::Gujr,
            0xB00..=0xB7F => Self::Orya,
            0xB80..=0xBFF => Self::Taml,
            0xC00..=0xC7F => Self::Telu,
            0xC80..=0xCFF => Self::Knda,
            0xD00..=0xD7F => Self::Mlym,
            0xD80..=0xDFF => Self::Sinh,
            0xE00..=0xE7F => Self::Thai,
            0xE80..=0xEFF => Self::Laoo,
            0xF00..=0xFFF => Self::Tibt,
            0x1000..=0x109F | 0xA9E0..=0xA9FF | 0xAA60..=0xAA7F => Self::Mymr,
            0x10A0..=0x10FF | 0x1C90..=0x1CBF | 0x2D00..=0x2D2F => Self::Geor,
            0x1200..=0x139F | 0x2D80..=0x2DDF | 0xAB00..=0xAB2F => Self::Ethi,
            0x13A0..=0x13FF | 0xAB70..=0xABBF => Self::Cher,
            0x1400..=0x167F | 0x18B0..=0x18FF => Self::Cans,
            0x1780..=0x17FF => Self::Khmr,
            0x1800..=0x18AF => Self::Mong,
            0x1C50..=0x1C7F => Self::Olck,
            0x1D00..=0x1DBF | 0x1E00..=0x1EFF | 0x2C60..=0x2C7F | 0xA720..=0xA7FF | 0xAB30..=0xAB6F => {
                Self::Latn
            }
            0x2D30..=0x2D7F => Self::Tfng,
            0x3005..=0x3007 | 0x3041..=0x30FF | 0x3105..=0x312F | 0x31A0..=0x31BF | 0x31F0..=0x31FF => {
                Self::Hani
            }
            0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF => Self::Hani,
            0x1100..=0x11FF | 0x3130..=0x318F | 0xA960..=0xA97F | 0xAC00..=0xD7FF => Self::Hang,
            0xA000..=0xA4CF => Self::Yiii,
            0xABC0..=0xABFF | 0xAAE0..=0xAAFF => Self::Mtei,
            0xFB00..=0xFB06 | 0xFF21..=0xFF3A | 0xFF41..=0xFF5A => Self::Latn,
            0xFB13..=0xFB17 => Self::Armn,
            0xFF66..=0xFF9D => Self::Hani,
            _ => return None,
        };
        (c.is_alphabetic() || is_mark(point)).then_some(script)
    }
}

/// Signs inside the blocks above that no word can do without, yet Unicode does not call alphabetic: viramas,
/// nuktas, tone marks, vowel points.
fn is_mark(point: u32) -> bool {
    match point {
        0x483..=0x487 | 0x591..=0x5BD | 0x610..=0x61A | 0x64B..=0x65F | 0x6DF..=0x6E8 | 0x7EB..=0x7F3 => true,
        0x900..=0xDFF => {
            matches!(
                point & 0x7F,
                0x3C | 0x4D | 0x51..=0x54 // nukta, virama, accents: the Indic blocks are laid out alike
            ) || point == 0xDCA
        }
        0xE31..=0xE4E | 0xEB1..=0xECE => true,
        0xF18..=0xF19 | 0xF35 | 0xF37 | 0xF39 | 0xF71..=0xF87 | 0xF0B => true,
        0x102B..=0x103E | 0x17B4..=0x17D3 | 0x135D..=0x135F | 0x2D7F => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_numbers_go_both_ways() {
        for (number, &(script, code)) in ALL.iter().enumerate() {
            assert_eq!(script as usize, number + 1);
            assert_eq!(Script::from_number(script as u8), Some(script));
            assert_eq!(Script::from_code(code), Some(script));
            assert_eq!(script.code(), code);
        }
        assert_eq!(Script::from_number(0), None);
        assert_eq!(Script::from_number(SCRIPTS as u8), None);
    }

    #[test]
    fn letters_and_their_marks_belong_to_words() {
        for (c, script) in [
            ('a', "Latn"),
            ('ß', "Latn"),
            ('ạ', "Latn"),
            ('ж', "Cyrl"),
            ('Ω', "Grek"),
            ('ա', "Armn"),
            ('ש', "Hebr"),
            ('ک', "Arab"),
            ('\u{64E}', "Arab"),
            ('ہ', "Arab"),
            ('ह', "Deva"),
            ('\u{94D}', "Deva"),
            ('\u{9CD}', "Beng"),
            ('ไ', "Thai"),
            ('\u{E48}', "Thai"),
            ('ལ', "Tibt"),
            ('\u{F0B}', "Tibt"),
            ('မ', "Mymr"),
            ('ქ', "Geor"),
            ('አ', "Ethi"),
            ('ខ', "Khmr"),
            ('漢', "Hani"),
            ('か', "Hani"),
            ('カ', "Hani"),
            ('한', "Hang"),
            ('ⵣ', "Tfng"),
        ] {
            assert_eq!(Script::of(c).map(Script::code), Some(script), "{c}");
        }
        for c in [
            '1', ' ', '.', '«', '—', '×', '।', '、', '。', '😀', '٣', '၀', '؟', '\u{200D}',
        ] {
            assert_eq!(Script::of(c), None, "{c:?}");
        }
    }
}
