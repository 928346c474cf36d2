//! Shows what is made of text files, title, metadata, body and what was left out; or, with `--time`, how fast.

use std::error::Error;
use std::time::Instant;

use gristmill_clean::text::read;

fn main() -> Result<(), Box<dyn Error>> {
    let mut paths: Vec<String> = std::env::args().skip(1).collect();
    let timed = paths.first().is_some_and(|first| first == "--time");
    if timed {
        paths.remove(0);
    }
    for path in paths {
        let text = std::fs::read_to_string(&path)?;
        if timed {
            const TIMES: u32 = 5;
            let start = Instant::now();
            // Form feeds part texts in one file.
            for _ in 0..TIMES {
                text.split('\u{c}').for_each(|text| drop(read(text, None)));
            }
            let took = start.elapsed().as_secs_f64();
            println!(
                "{path}: {:.1} MB/s",
                f64::from(TIMES) * text.len() as f64 / took / 1e6
            );
            continue;
        }
        let article = read(&text, None);
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
