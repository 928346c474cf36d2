//! Scraped text.

use crate::Article;

/// The article in `text`; `title` is its title where that is known.
pub fn read(text: &str, title: Option<&str>) -> Article {
    let paragraphs: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    Article {
        title: title.map(str::to_owned),
        text: paragraphs.join("\n\n"),
        ..Article::default()
    }
}
