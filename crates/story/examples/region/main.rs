//! An event among others of its region: `region FOLDER FILE` places the articles in FOLDER, all on one event, in every
//! order, with those in FILE (as `tests/region/ashka.txt` has them; whatever is of the event of the first is left out).

#[path = "../../tests/region/orders.rs"]
mod orders;

use std::error::Error;

use gristmill_story::{Stories, StoryParams};
use orders::{Neighbours, Told, articles, check};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [folder, file] = args.as_slice() else {
        return Err("region FOLDER FILE".into());
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        paths.push(entry?.path());
    }
    paths.sort();
    let mut event = Vec::new();
    for path in paths {
        event.push(Told {
            event: folder.clone(),
            title: String::new(),
            text: std::fs::read_to_string(path)?,
        });
    }
    let mut neighbours = articles(&std::fs::read_to_string(file)?);
    let first = neighbours.first().map(|told| told.event.clone());
    neighbours.retain(|told| Some(&told.event) != first.as_ref());
    let stories = Stories::new(&StoryParams::default());
    for dated in [false, true] {
        for come in [Neighbours::None, Neighbours::First, Neighbours::Mixed] {
            let found = check(&stories, &event, &neighbours, come, dated, 1)?;
            println!("dated {dated}, neighbours {come:?}: {found:?}");
        }
    }
    Ok(())
}
