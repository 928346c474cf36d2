//! Shows what is made of pages, title, metadata, body and what was left out; or, with `--time`, how fast.

use std::error::Error;
use std::time::Instant;

use gristmill_clean::html::read;

fn main() -> Result<(), Box<dyn Error>> {
    let mut paths: Vec<String> = std::env::args().skip(1).collect();
    let timed = paths.first().is_some_and(|first| first == "--time");
    if timed {
        paths.remove(0);
    }
    let mut pages = Vec::new();
    for path in &paths {
        pages.push(String::from_utf8_lossy(&std::fs::read(path)?).into_owned());
    }
    if timed {
        const TIMES: u32 = 3;
        let bytes: usize = pages.iter().map(String::len).sum();
        let start = Instant::now();
        for _ in 0..TIMES {
            pages.iter().for_each(|page| drop(read(page, false)));
        }
        let took = start.elapsed().as_secs_f64() / f64::from(TIMES);
        println!(
            "{} pages, {:.0} pages/s, {:.1} MB/s",
            pages.len(),
            pages.len() as f64 / took,
            bytes as f64 / took / 1e6
        );
        return Ok(());
    }
    for (path, page) in paths.iter().zip(&pages) {
        let article = read(page, false);
        println!(
            "== {path}\ntitle {:?} {:?} {:?}\n{}",
            article.title, article.created, article.metadata, article.text
        );
        for dropped in &article.dropped {
            println!("-- {} {:?} {}", dropped.rule, dropped.score, dropped.text);
        }
    }
    Ok(())
}
