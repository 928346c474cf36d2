//! Short pieces of news as a scraper leaves them, written for this test in each language that we serve: hardly a line of furniture
//! stays, hardly a line of the body goes.
//!
//! In `tests/scraped` each line has a mark before it: `=` for the title, `+` for the body, `-` for what is neither.

use std::path::Path;

use gristmill_clean::text;

/// Of 183 lines of bodies, those that may be lost; of 654 lines of furniture, those that may stay.
const LOST: usize = 5;
const LEFT: usize = 15;

#[test]
fn short_news_in_each_language() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scraped");
    let (mut lost, mut left, mut untitled, mut texts) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for language in "ar de en es fr it ja nl pl pt ru tr uk zh".split(' ') {
        let marked = std::fs::read_to_string(folder.join(language).with_extension("txt")).unwrap();
        for news in marked.split("\n\n") {
            let lines: Vec<(&str, &str)> = news.lines().filter_map(|line| line.split_once(' ')).collect();
            let of = |mark: &str| -> Vec<&str> {
                let marked = lines.iter().filter(|(found, _)| *found == mark);
                marked.map(|(_, line)| *line).collect()
            };
            let whole: Vec<&str> = lines.iter().map(|(_, line)| *line).collect();
            let article = text::read(&whole.join("\n"), None);
            let body = of("+");
            let said: Vec<&str> = article.text.split("\n\n").collect();
            lost.extend(
                body.iter()
                    .filter(|line| !said.contains(line))
                    .map(ToString::to_string),
            );
            left.extend(
                said.iter()
                    .filter(|line| !body.contains(line))
                    .map(ToString::to_string),
            );
            if article.title.as_deref() != Some(of("=")[0]) {
                untitled.push(of("=")[0].to_owned());
            }
            texts += 1;
        }
    }
    assert_eq!(texts, 50);
    assert!(left.len() <= LEFT, "furniture that stays: {left:#?}");
    assert!(lost.len() <= LOST, "lines of bodies that are lost: {lost:#?}");
    assert!(untitled.is_empty(), "titles that are missed: {untitled:#?}");
}
