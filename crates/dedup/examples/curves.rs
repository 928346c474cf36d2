//! Draws what `stream` printed: `curves NAME=FILE.csv… > curves.svg`.
//!
//! Three panels over the number of documents, on a logarithmic scale: resident memory, bytes of state a document,
//! and the processor time of look-up and insertion (the median dashed, the 99th percentile whole).

use std::error::Error;
use std::fmt::Write as _;

/// A panel: its title, and the columns that it shows.
const PANELS: [(&str, &[&str]); 3] = [
    ("resident memory, MiB", &["resident_mib"]),
    ("state, bytes a document", &["bytes_each"]),
    ("look-up and insertion, µs", &["p99_us", "median_us"]),
];
const COLOURS: [&str; 4] = ["#1b6ca8", "#c8553d", "#3a7d44", "#7b4b94"];
const WIDTH: f64 = 250.0;
const HEIGHT: f64 = 180.0;

/// Points of one column of one file.
type Points = Vec<(f64, f64)>;

fn column(csv: &str, name: &str) -> Points {
    let mut lines = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap_or_default();
    let Some(place) = header.iter().position(|&title| title == name) else {
        return Points::new();
    };
    lines
        .filter_map(|line| Some((line.first()?.parse().ok()?, line.get(place)?.parse().ok()?)))
        .filter(|&(documents, _)| documents > 0.0)
        .collect()
}

/// The least of 1, 2, 5, 10, 20 … that is not below `value`.
fn round_up(value: f64) -> f64 {
    let power = 10_f64.powf(value.max(1e-9).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    steps.into_iter().find(|&step| step >= value).unwrap_or(value)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut files = Vec::new();
    for arg in std::env::args().skip(1) {
        let (name, file) = arg.split_once('=').ok_or("curves NAME=FILE.csv…")?;
        files.push((name.to_owned(), std::fs::read_to_string(file)?));
    }
    let mut svg = String::new();
    for (number, (title, columns)) in PANELS.iter().enumerate() {
        let left = 60.0 + number as f64 * (WIDTH + 70.0);
        let series: Vec<(usize, usize, Points)> = files
            .iter()
            .enumerate()
            .flat_map(|(file, (_, csv))| {
                let points = columns.iter().enumerate();
                points.map(move |(dashed, name)| (file, dashed, column(csv, name)))
            })
            .collect();
        let points = || series.iter().flat_map(|(_, _, points)| points);
        let most = round_up(points().map(|point| point.1).fold(0.0, f64::max));
        let first = points().map(|point| point.0).fold(f64::MAX, f64::min).log10();
        let last = points().map(|point| point.0).fold(1.0, f64::max).log10();
        let x = |documents: f64| left + WIDTH * (documents.log10() - first) / (last - first).max(0.1);
        let y = |value: f64| 40.0 + HEIGHT * (1.0 - value / most);
        writeln!(
            svg,
            r#"<text x="{left}" y="24" font-weight="bold">{title}</text>"#
        )?;
        for share in [0.0, 0.5, 1.0] {
            let (value, at) = (most * share, y(most * share));
            writeln!(
                svg,
                r##"<path d="M{left} {at:.1}h{WIDTH}" stroke="#ddd"/><text x="{}" y="{:.1}" text-anchor="end">{value}</text>"##,
                left - 6.0,
                at + 4.0
            )?;
        }
        for power in first.ceil() as i32..=last.floor() as i32 {
            let documents = 10_f64.powi(power);
            let label = if power < 6 {
                format!("{}k", documents / 1e3)
            } else {
                format!("{}M", documents / 1e6)
            };
            writeln!(
                svg,
                r#"<text x="{:.1}" y="{}" text-anchor="middle">{label}</text>"#,
                x(documents),
                HEIGHT + 56.0
            )?;
        }
        for (file, dashed, points) in &series {
            let path: Vec<String> = points
                .iter()
                .map(|&(documents, value)| format!("{:.1},{:.1}", x(documents), y(value)))
                .collect();
            let dash = if *dashed > 0 {
                r#" stroke-dasharray="4 3""#
            } else {
                ""
            };
            writeln!(
                svg,
                r#"<polyline points="{}" fill="none" stroke="{}" stroke-width="1.8"{dash}/>"#,
                path.join(" "),
                COLOURS[file % COLOURS.len()]
            )?;
        }
    }
    for (number, (name, _)) in files.iter().enumerate() {
        let left = 60.0 + number as f64 * 240.0;
        let (colour, y) = (COLOURS[number % COLOURS.len()], HEIGHT + 84.0);
        writeln!(
            svg,
            r#"<path d="M{left} {}h24" stroke="{colour}" stroke-width="3"/><text x="{}" y="{y}">{name}</text>"#,
            y - 4.0,
            left + 32.0
        )?;
    }
    let (width, height) = (60.0 + 3.0 * (WIDTH + 70.0), HEIGHT + 96.0);
    println!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12" fill="#222">
<rect width="100%" height="100%" fill="#fff"/>
{svg}</svg>"##
    );
    Ok(())
}
