//! The elements of HTML, as far as their kind decides how text is cut into blocks.

/// An element's name, or the group that it behaves like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[allow(missing_docs, reason = "each is named as its element")]
pub enum Tag {
    /// An unknown element; inline, as browsers show it.
    Unknown,
    /// A custom element (its name has a hyphen): mostly a container.
    Custom,
    /// Any inline element without a meaning of its own here.
    Inline,
    A,
    Br,
    Code,
    Em,
    Strong,
    Time,
    Img,
    Meta,
    Link,
    Void,
    /// Raw text that is never shown: its content is no markup.
    Script,
    Style,
    Title,
    Raw,
    Svg,
    Template,
    Select,
    Button,
    /// Other elements whose content is not shown as text.
    Unseen,
    Html,
    Head,
    Body,
    Address,
    Article,
    Aside,
    Blockquote,
    Caption,
    Dd,
    Details,
    Div,
    Dl,
    Dt,
    Figcaption,
    Figure,
    Footer,
    Form,
    H1,
    H2,
    H3,
    H4,
    H5,
    H6,
    Header,
    Hr,
    Li,
    Main,
    Nav,
    Ol,
    P,
    Pre,
    Section,
    Summary,
    Table,
    Td,
    Th,
    Tr,
    TableGroup,
    Ul,
    /// Any other block-level element.
    Block,
}

impl Tag {
    /// The number of tags.
    pub const COUNT: usize = Tag::Block as usize + 1;

    /// The tag called `name`, in any case.
    pub fn of(name: &[u8]) -> Self {
        let mut lower = [0_u8; 12];
        if name.len() > lower.len() {
            return if name.contains(&b'-') {
                Self::Custom
            } else {
                Self::Unknown
            };
        }
        for (to, from) in lower.iter_mut().zip(name) {
            *to = from.to_ascii_lowercase();
        }
        match &lower[..name.len()] {
            b"a" => Self::A,
            b"abbr" | b"acronym" | b"bdi" | b"bdo" | b"big" | b"cite" | b"data" | b"del" | b"dfn"
            | b"font" | b"ins" | b"kbd" | b"label" | b"mark" | b"math" | b"nobr" | b"q" | b"rp" | b"rt"
            | b"ruby" | b"s" | b"samp" | b"small" | b"span" | b"strike" | b"sub" | b"sup" | b"tt" | b"u"
            | b"var" => Self::Inline,
            b"b" | b"strong" => Self::Strong,
            b"i" | b"em" => Self::Em,
            b"code" => Self::Code,
            b"time" => Self::Time,
            b"br" => Self::Br,
            b"img" | b"image" => Self::Img,
            b"meta" => Self::Meta,
            b"link" => Self::Link,
            b"area" | b"base" | b"basefont" | b"bgsound" | b"col" | b"command" | b"embed" | b"frame"
            | b"input" | b"keygen" | b"param" | b"source" | b"track" | b"wbr" => Self::Void,
            b"script" => Self::Script,
            b"style" => Self::Style,
            b"title" => Self::Title,
            b"textarea" | b"iframe" | b"xmp" | b"noembed" | b"noframes" | b"noscript" => Self::Raw,
            b"svg" => Self::Svg,
            b"template" => Self::Template,
            b"select" => Self::Select,
            b"button" => Self::Button,
            b"audio" | b"video" | b"canvas" | b"object" | b"map" | b"datalist" | b"applet" => Self::Unseen,
            b"html" => Self::Html,
            b"head" => Self::Head,
            b"body" => Self::Body,
            b"address" => Self::Address,
            b"article" => Self::Article,
            b"aside" => Self::Aside,
            b"blockquote" => Self::Blockquote,
            b"caption" => Self::Caption,
            b"dd" => Self::Dd,
            b"details" => Self::Details,
            b"div" => Self::Div,
            b"dl" => Self::Dl,
            b"dt" => Self::Dt,
            b"figcaption" => Self::Figcaption,
            b"figure" => Self::Figure,
            b"footer" => Self::Footer,
            b"form" => Self::Form,
            b"h1" => Self::H1,
            b"h2" => Self::H2,
            b"h3" => Self::H3,
            b"h4" => Self::H4,
            b"h5" => Self::H5,
            b"h6" => Self::H6,
            b"header" => Self::Header,
            b"hr" => Self::Hr,
            b"li" => Self::Li,
            b"main" => Self::Main,
            b"nav" => Self::Nav,
            b"ol" => Self::Ol,
            b"p" => Self::P,
            b"pre" | b"listing" => Self::Pre,
            b"section" => Self::Section,
            b"summary" => Self::Summary,
            b"table" => Self::Table,
            b"td" => Self::Td,
            b"th" => Self::Th,
            b"tr" => Self::Tr,
            b"thead" | b"tbody" | b"tfoot" | b"colgroup" => Self::TableGroup,
            b"ul" | b"menu" | b"dir" => Self::Ul,
            b"center" | b"dialog" | b"fieldset" | b"frameset" | b"hgroup" | b"legend" | b"search"
            | b"optgroup" | b"option" => Self::Block,
            other if other.contains(&b'-') => Self::Custom,
            _ => Self::Unknown,
        }
    }

    /// Whether text before and after the element belongs to two blocks.
    pub const fn is_block(self) -> bool {
        self as u8 >= Self::Html as u8 || matches!(self, Self::Custom)
    }

    /// Whether the element never has an end tag.
    pub const fn is_void(self) -> bool {
        matches!(
            self,
            Self::Br | Self::Img | Self::Meta | Self::Link | Self::Void | Self::Hr
        )
    }

    /// Whether what stands inside is no markup.
    pub const fn is_raw(self) -> bool {
        matches!(self, Self::Script | Self::Style | Self::Title | Self::Raw)
    }

    /// Whether what stands inside is markup, but no text that a reader sees.
    pub const fn is_unseen(self) -> bool {
        matches!(
            self,
            Self::Svg | Self::Template | Self::Select | Self::Button | Self::Unseen
        )
    }

    /// The level of a heading, or 0.
    pub const fn heading(self) -> u8 {
        if self as u8 >= Self::H1 as u8 && self as u8 <= Self::H6 as u8 {
            self as u8 - Self::H1 as u8 + 1
        } else {
            0
        }
    }

    /// Whether an open `p` ends where the element begins.
    pub const fn closes_p(self) -> bool {
        self.is_block()
            && !matches!(
                self,
                Self::Html
                    | Self::Head
                    | Self::Body
                    | Self::Custom
                    | Self::Td
                    | Self::Th
                    | Self::Tr
                    | Self::TableGroup
                    | Self::Caption
            )
    }

    /// Whether an end tag inside cannot end an element outside of this one.
    pub const fn is_barrier(self) -> bool {
        matches!(
            self,
            Self::Td | Self::Th | Self::Caption | Self::Table | Self::Html | Self::Template | Self::Unseen
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_any_case() {
        for (name, tag) in [
            ("DIV", Tag::Div),
            ("h3", Tag::H3),
            ("amp-img", Tag::Custom),
            ("a-very-long-custom-name", Tag::Custom),
            ("averylongunknownname", Tag::Unknown),
            ("blink", Tag::Unknown),
            ("menu", Tag::Ul),
        ] {
            assert_eq!(Tag::of(name.as_bytes()), tag, "{name}");
        }
        assert_eq!(Tag::H3.heading(), 3);
        assert_eq!(Tag::P.heading(), 0);
        assert!(Tag::Hr.is_block() && Tag::Hr.is_void() && !Tag::Img.is_block());
    }
}
