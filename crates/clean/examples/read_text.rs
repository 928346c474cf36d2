//! Shows what is made of text files: title, metadata, body, and what was left out.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    for path in std::env::args().skip(1) {
        let article = gristmill_clean::text::read(&std::fs::read_to_string(&path)?, None);
        println!(
            "== {path}\ntitle {:?} {:?} {:?}",
            article.title, article.created, article.metadata
        );
        println!("{}", article.text);
        for dropped in &article.dropped {
            println!("-- {} {:?} {}", dropped.rule, dropped.score, dropped.text);
        }
    }
    Ok(())
}
