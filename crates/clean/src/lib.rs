//! Main text, title and metadata from HTML and from scraped text.
