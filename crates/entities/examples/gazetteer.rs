//! Loads a gazetteer and says what it costs: `gazetteer FILE`.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use gristmill_entities::gazetteer::Gazetteer;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: gazetteer FILE")?;
    let mut gazetteer = Gazetteer::default();
    let start = Instant::now();
    gazetteer.load(Path::new(&path))?;
    println!("loaded in {:.2} s", start.elapsed().as_secs_f64());
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    for line in status
        .lines()
        .filter(|line| line.starts_with("VmHWM") || line.starts_with("VmRSS"))
    {
        println!("{line}");
    }
    Ok(())
}
