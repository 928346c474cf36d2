//! Codes other than its own by which a language goes: those of macrolanguages, older ones, and those of varieties
//! that the model does not tell apart.

/// Each with the codes that the model uses.
const OTHERS: [(&str, &[&str]); 11] = [
    // Norwegian, and what was Serbo-Croatian.
    ("no", &["nb", "nn"]),
    ("sh", &["bs", "hr", "sr"]),
    // Mandarin, Filipino, Dari, Iranian Persian, Moldavian.
    ("cmn", &["zh"]),
    ("fil", &["tl"]),
    ("prs", &["fa"]),
    ("pes", &["fa"]),
    ("mo", &["ro"]),
    // As ISO 639 had them before 1989.
    ("iw", &["he"]),
    ("in", &["id"]),
    ("ji", &["yi"]),
    ("jw", &["jv"]),
];

/// Whether `code` stands for `language`, by the code that the model uses.
pub(crate) fn means(code: &str, language: &str) -> bool {
    code == language
        || OTHERS
            .iter()
            .any(|(other, languages)| *other == code && languages.contains(&language))
}

/// The language of a tag such as `en-GB` or `FR_fr`, in lower case.
pub(crate) fn primary(tag: &str) -> String {
    tag.trim()
        .split(['-', '_'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Identifier;

    #[test]
    fn tags_are_read_as_people_write_them() {
        for (tag, code) in [("en-GB", "en"), ("FR_fr", "fr"), (" no ", "no"), ("", "")] {
            assert_eq!(primary(tag), code);
        }
    }

    #[test]
    fn other_codes_stand_for_languages_that_the_model_knows_by_another() {
        let known = Identifier::new().languages();
        for (other, languages) in OTHERS {
            assert!(!known.contains(&other), "{other}");
            for language in languages {
                assert!(known.contains(language), "{language}");
                assert!(means(other, language));
            }
        }
        assert!(means("nb", "nb") && !means("no", "da") && !means("nb", "nn"));
    }
}
