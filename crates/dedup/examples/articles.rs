//! Prints the made-up articles that `stream` measures, one a line: `articles DOCUMENTS`.

use std::error::Error;
use std::io::{BufWriter, Write};

#[path = "stream/articles.rs"]
mod made;

fn main() -> Result<(), Box<dyn Error>> {
    let count: u64 = std::env::args().nth(1).ok_or("articles DOCUMENTS")?.parse()?;
    let articles = made::Articles::new();
    let mut out = BufWriter::new(std::io::stdout().lock());
    for number in 0..count {
        writeln!(out, "{}", articles.text(number).replace('\n', " "))?;
    }
    Ok(out.flush()?)
}
