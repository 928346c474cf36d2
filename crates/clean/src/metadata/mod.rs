//! What a page says of its article: title, authors, dates, site, addresses.
//!
//! Sources are asked in the order of how often they are right: JSON-LD, then `meta` (Open Graph, Twitter, Dublin Core and the usual
//! ones), then microdata and what elements are called, then the address. Where no source speaks clearly, nothing is said.

mod byline;
pub mod date;
pub mod json_ld;
mod title;

use gristmill_core::Metadata;
use jiff::Timestamp;

use crate::html::page::{Mark, MarkKind, Page};
use json_ld::{JsonLd, string};

/// What a page says of its article.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// The title, without the name of the site.
    pub title: Option<String>,
    /// When the article was published.
    pub created: Option<Timestamp>,
    /// When it was last changed.
    pub modified: Option<Timestamp>,
    /// Authors, site, addresses and the rest.
    pub metadata: Metadata,
    /// The article's text as the page hands it to search engines.
    pub body: Option<String>,
}

const PUBLISHED: [&str; 24] = [
    "article:published_time",
    "article:published:time",
    "og:article:published_time",
    "og:published_time",
    "og:pubdate",
    "datepublished",
    "article:published",
    "parsely-pub-date",
    "sailthru.date",
    "cxenseparse:recs:publishtime",
    "cxenseparse:publishtime",
    "publishdate",
    "publish-date",
    "publish_date",
    "publication_date",
    "pubdate",
    "date.published",
    "dcterms.created",
    "dc.date.issued",
    "dcterms.issued",
    "dc.date",
    "citation_publication_date",
    "article.published",
    "date",
];
const MODIFIED: [&str; 6] = [
    "article:modified_time",
    "og:updated_time",
    "datemodified",
    "dcterms.modified",
    "last-modified",
    "revision_date",
];

/// Reads what `page` says of its article.
pub fn find(page: &Page<'_>) -> Found {
    let json = JsonLd::read(&page.head.json_ld);
    let article = json.article();
    let said = |key: &str| article.and_then(|article| string(article, key));
    let meta = |keys: &[&str]| meta(page, keys);
    let url = page
        .head
        .canonical
        .as_deref()
        .map(str::to_owned)
        .filter(|url| is_address(url))
        .or_else(|| meta(&["og:url", "twitter:url"]).filter(|url| is_address(url)))
        .or_else(|| said("url").filter(|url| is_address(url)))
        .or_else(|| said("mainEntityOfPage").filter(|url| is_address(url)));
    let publisher = article
        .and_then(|article| article.get("publisher"))
        .and_then(|publisher| json.names(publisher).into_iter().next());
    let web_site = json.of_type("WebSite").and_then(|site| string(site, "name"));
    let site = meta(&["og:site_name", "application-name"])
        .or(publisher)
        .or(web_site);
    let created = said("datePublished")
        .or_else(|| said("dateCreated"))
        .and_then(|text| date::parse(&text))
        .or_else(|| PUBLISHED.iter().find_map(|key| date::parse(&meta(&[key])?)))
        .or_else(|| marked_date(page, MarkKind::Published))
        .or_else(|| date_beside_title(page))
        .or_else(|| date_below_title(page))
        .or_else(|| date_in_title(page))
        .or_else(|| date_in_scripts(page))
        .or_else(|| url.as_deref().and_then(date::in_address));
    let modified = said("dateModified")
        .and_then(|text| date::parse(&text))
        .or_else(|| MODIFIED.iter().find_map(|key| date::parse(&meta(&[key])?)))
        .or_else(|| marked_date(page, MarkKind::Modified));
    let headline = article
        .filter(|article| JsonLd::is_article(article))
        .and_then(|article| string(article, "headline").or_else(|| string(article, "name")));
    let authors = article.and_then(|article| article.get("author").or_else(|| article.get("creator")));
    let metadata = Metadata {
        author: byline::authors(
            page,
            authors.map(|authors| json.names(authors)).unwrap_or_default(),
            site.as_deref(),
        ),
        section: said("articleSection")
            .or_else(|| meta(&["article:section", "section", "cxenseparse:section"])),
        dateline: None,
        description: meta(&["og:description", "description", "twitter:description"])
            .or_else(|| said("description")),
        image: meta(&["og:image", "og:image:url", "twitter:image", "twitter:image:src"])
            .or_else(|| said("image"))
            .filter(|image| is_address(image)),
        extra: None,
        url,
        site,
    };
    Found {
        title: title::title(page, headline.as_deref(), metadata.site.as_deref()),
        created,
        modified: modified.filter(|modified| created.is_none_or(|created| *modified >= created)),
        metadata,
        body: said("articleBody"),
    }
}

/// The content of the first `meta` element that is called like one of `keys`.
fn meta(page: &Page<'_>, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| {
        let named = page.head.metas.iter().filter(|(name, _)| name == key);
        named
            .map(|(_, content)| json_ld::text(content))
            .find(|content| !content.is_empty())
    })
}

fn is_address(text: &str) -> bool {
    const LONGEST: usize = 2048;
    (text.starts_with("http://") || text.starts_with("https://") || text.starts_with("//"))
        && text.len() < LONGEST
        && !text.contains(char::is_whitespace)
}

/// The date of the first mark of `kind` that has one.
fn marked_date(page: &Page<'_>, kind: MarkKind) -> Option<Timestamp> {
    let marks = page.head.marks.iter().filter(|mark| mark.kind == kind);
    marks
        .filter_map(|mark| date::parse(&mark.value).or_else(|| date::parse(page.marked(mark))))
        .next()
}

/// The first heading that says something.
fn heading<'p, 'h>(page: &'p Page<'h>) -> Option<&'p Mark<'h>> {
    let mut marks = page.head.marks.iter();
    marks.find(|mark| mark.kind == MarkKind::Heading && mark.text.end > mark.text.start)
}

/// The date of a `time` element near the main heading, if those near it agree on the day.
fn date_beside_title(page: &Page<'_>) -> Option<Timestamp> {
    /// Bytes of text between heading and date.
    const NEAR: u32 = 600;
    let heading = heading(page)?;
    let mut found = page.head.marks.iter().filter_map(|mark| {
        let near = mark.text.start.abs_diff(heading.text.end) < NEAR
            || mark.text.end.abs_diff(heading.text.start) < NEAR;
        let is_date = mark.kind == MarkKind::Date && near;
        is_date
            .then(|| date::parse(&mark.value).or_else(|| date::within(page.marked(mark))))
            .flatten()
    });
    let first = found.next()?;
    // A second date is that of the last change, or of another article.
    found.all(|other| day(other) >= day(first)).then_some(first)
}

/// The short lines right below the main heading, first to last: those that say who wrote the article and when are among them.
fn below_title<'p>(page: &'p Page<'_>) -> impl Iterator<Item = &'p str> {
    /// Blocks below the heading.
    const NEAR: usize = 5;
    /// Bytes of such a line.
    const LONGEST: usize = 100;
    let end = heading(page).map_or(u32::MAX, |heading| heading.text.end);
    let first = page.blocks.partition_point(|block| block.start < end);
    let blocks = page.blocks.get(first..).unwrap_or_default().iter().take(NEAR);
    blocks
        .map(|block| page.text_of(block))
        .filter(|text| text.len() <= LONGEST)
}

/// The day that the lines right below the main heading name, if it is one alone.
fn date_below_title(page: &Page<'_>) -> Option<Timestamp> {
    let mut found = below_title(page).filter_map(date::within);
    let first = found.next()?;
    found.all(|other| day(other) == day(first)).then_some(first)
}

/// The date after the last separator of the title of the page.
fn date_in_title(page: &Page<'_>) -> Option<Timestamp> {
    let title = page.head.title.as_deref()?;
    let (_, last) = title.rsplit_once(['|', '–', '—', '-'])?;
    date::parse(last)
}

/// The date that the page's scripts call that of publication, if they name one day only.
fn date_in_scripts(page: &Page<'_>) -> Option<Timestamp> {
    const KEYS: [&str; 6] = [
        "\"datePublished\":\"",
        "\"publishedFirst\":\"",
        "\"first-publication\":\"",
        "\"publishedAt\":\"",
        "\"publicationDate\":\"",
        "\"published_time\":\"",
    ];
    const LONGEST: usize = 40;
    let mut found: Option<Timestamp> = None;
    for script in &page.head.scripts {
        for key in KEYS {
            for at in memchr::memmem::find_iter(script.as_bytes(), key) {
                let value = script.get(at + key.len()..).unwrap_or_default();
                let Some(end) = value.bytes().take(LONGEST).position(|byte| byte == b'"') else {
                    continue;
                };
                match (date::parse(&value[..end]), found) {
                    (Some(said), Some(found)) if day(said) != day(found) => return None,
                    (Some(said), None) => found = Some(said),
                    _ => {}
                }
            }
        }
    }
    found
}

fn day(instant: Timestamp) -> jiff::civil::Date {
    jiff::tz::TimeZone::UTC.to_datetime(instant).date()
}
