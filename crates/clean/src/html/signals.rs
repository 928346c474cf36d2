//! What the names that designers give to elements say: `class`, `id`, `role`, `itemprop`.
//!
//! A name alone decides nothing here. Each family of words is one bit, and the model sees how near above a block an element with
//! that bit stands. Words are found anywhere in a name, since names are glued in every way (`storyBody`, `article__body-text`).

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

/// A set of families of words, a bit each.
pub type Signals = u32;

/// The families; a family's place is its bit. Words of each are lower case and separated by spaces.
const FAMILIES: [(&str, &str); Signal::COUNT] = [
    (
        "comment",
        "comment kommentar comentario commentaire disqus respond livefyre discussion reply",
    ),
    (
        "related",
        "related recommend similar read-more readmore more- -more teaser outbrain taboola trending popular most- mostread latest verwandt further suggest see-also read-also also-read readalso upnext up-next zergnet mehr- siehe relacionad",
    ),
    (
        "share",
        "share sharing social facebook twitter whatsapp follow addtoany sharedaddy linkedin",
    ),
    ("caption", "caption credit legend bildunterschrift cutline"),
    (
        "media",
        "image img photo figure gallery slide video media player picture thumb foto bild podcast audio",
    ),
    (
        "byline",
        "author byline writer autor auteur redakt contributor journalist",
    ),
    ("date", "date time publish posted datum datetime updated modified"),
    ("meta", "meta info"),
    (
        "nav",
        "nav menu breadcrumb pagination pager toolbar topbar masthead skip",
    ),
    ("header", "header head"),
    ("footer", "foot bottom legal copyright imprint impressum"),
    ("side", "sidebar side aside widget rail module box column -col"),
    (
        "ad",
        "ad- -ad ads adv advert sponsor banner anzeige promo werbung commercial dfp adslot",
    ),
    (
        "newsletter",
        "newsletter subscri signup sign-up paywall premium login register regwall piano donat membership",
    ),
    (
        "consent",
        "cookie consent gdpr modal popup overlay notice dialog lightbox",
    ),
    (
        "body",
        "article-body articlebody article__body article_body entry-content entry_content post-content post_content postcontent post-body story-body storybody story__body story-content article-content articlecontent article__content article-text articletext article_text content-body content__body body-text bodytext richtext rich-text prose article-detail paragraph td-post-content text-block wysiwyg",
    ),
    ("article", "article artikel post entry story single hentry news"),
    ("content", "content main inhalt text body page"),
    ("title", "title headline heading hed titel titre titulo"),
    (
        "lead",
        "summary lead intro excerpt standfirst subtitle subhead sub-head dek description abstract chapo vorspann deck teaser-text",
    ),
    ("tags", "tag topic categor keyword label"),
    (
        "bio",
        "bio author-box authorbox about-author about-the profile avatar",
    ),
    ("list", "list grid card carousel item slider feed tile swiper"),
    (
        "tool",
        "toc table-of-contents tool print button btn icon rating vote poll survey quiz form search input",
    ),
    (
        "hidden",
        "hidden sr-only visually screen-reader invisible noprint d-none hide collapse",
    ),
    (
        "box",
        "quote zitat callout fact infobox key-points keypoints highlight live ticker embed tweet instagram youtube correction disclaimer footnote reference citation source note",
    ),
];

/// The bits that other modules name.
#[derive(Debug, Clone, Copy)]
pub struct Signal;

#[allow(missing_docs, reason = "each is named as its family")]
impl Signal {
    pub const COUNT: usize = 26;
    pub const COMMENT: Signals = 1;
    pub const RELATED: Signals = 1 << 1;
    pub const SHARE: Signals = 1 << 2;
    pub const CAPTION: Signals = 1 << 3;
    pub const BYLINE: Signals = 1 << 5;
    pub const DATE: Signals = 1 << 6;
    pub const BODY: Signals = 1 << 15;
    pub const TITLE: Signals = 1 << 18;
    pub const BIO: Signals = 1 << 21;
    pub const HIDDEN: Signals = 1 << 24;
}

/// Finds the families' words in names.
#[derive(Debug)]
pub struct Vocabulary {
    words: AhoCorasick,
    family: Vec<u8>,
}

impl Vocabulary {
    /// The words of all families.
    ///
    /// # Errors
    /// The automaton is too large, which it is not.
    pub fn new() -> Result<Self, aho_corasick::BuildError> {
        let mut family = Vec::new();
        let mut words = Vec::new();
        for (place, (_, list)) in FAMILIES.iter().enumerate() {
            for word in list.split(' ') {
                words.push(word);
                family.push(place as u8);
            }
        }
        let words = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::DFA))
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(true)
            .build(words)?;
        Ok(Self { words, family })
    }

    /// The families with a word in `name`.
    pub fn signals(&self, name: &str) -> Signals {
        self.words.find_overlapping_iter(name).fold(0, |signals, found| {
            signals | 1 << self.family[found.pattern().as_usize()]
        })
    }
}

/// The name of the family of bit `place`, for explanations.
pub fn family(place: usize) -> &'static str {
    FAMILIES.get(place).map_or("", |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_where_they_are_said_to_be() {
        for (bit, name) in [
            (Signal::COMMENT, "comment"),
            (Signal::RELATED, "related"),
            (Signal::SHARE, "share"),
            (Signal::CAPTION, "caption"),
            (Signal::BYLINE, "byline"),
            (Signal::DATE, "date"),
            (Signal::BODY, "body"),
            (Signal::TITLE, "title"),
            (Signal::BIO, "bio"),
            (Signal::HIDDEN, "hidden"),
        ] {
            assert_eq!(family(bit.trailing_zeros() as usize), name);
        }
    }

    #[test]
    fn words_are_found_in_any_case_within_names() {
        let vocabulary = Vocabulary::new().unwrap();
        let signals = vocabulary.signals("c-StoryBody relatedArticles");
        assert!(signals & Signal::BODY != 0 && signals & Signal::RELATED != 0);
        assert_eq!(vocabulary.signals("x1"), 0);
    }
}
