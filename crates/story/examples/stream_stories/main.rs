//! A stream of made-up articles: `stream_stories FOLDER [ARTICLES [WINDOW]]` says, as it grows, what an article costs, what memory
//! holds, what lies on disk, and at the end how long a start takes; as lines that `curves` of `gristmill-dedup` draws.
//!
//! Six events are told at any time, each by several articles; 70,000 articles come a day. The time is the
//! processor's for placing an article: counting its words, look-up, decision and insertion; its median, 99th percentile and
//! longest are of the last 10,000 articles. Care is what `tend` does between batches of 100, its longest since the line before.

// The state that both stages' streams are measured over is one.
#[path = "../../../dedup/examples/stream/files.rs"]
mod files;

use std::error::Error;
use std::time::{Duration, Instant};

use files::Files;
use gristmill_core::{Document, OrderedStage};
use gristmill_story::{Stories, StoryParams};
use jiff::{SignedDuration, Timestamp};
use rustix::time::{ClockId, clock_gettime};

/// Numbers that depend on a seed alone (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    /// Below `bound`, small ones far more often than large ones, as words are (Zipf's law).
    fn rank(&mut self, bound: f64) -> u64 {
        let fraction = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        bound.powf(fraction) as u64
    }
}

fn word(mut rank: u64, text: &mut String) {
    const SYLLABLES: [&str; 16] = [
        "ka", "lo", "mi", "ren", "tas", "vo", "shi", "du", "per", "no", "gal", "le", "ti", "bur", "an", "so",
    ];
    loop {
        text.push_str(SYLLABLES[(rank % 16) as usize]);
        rank /= 16;
        if rank == 0 {
            break;
        }
    }
}

const WORDS: u64 = 180;
const VOCABULARY: f64 = 400_000.0;
const SECONDS_A_DAY: i64 = 86_400;
const A_DAY: i64 = 70_000;
/// Articles that are committed together.
const BATCH: u64 = 100;
/// Articles whose times are kept.
const SAMPLE: usize = 10_000;
/// The numbers of articles at which a line is printed.
const SHOWN: [u64; 8] = [
    10_000, 20_000, 50_000, 100_000, 200_000, 300_000, 500_000, 1_000_000,
];

fn article(number: u64, document: &mut Document) {
    const EVENTS: u64 = 6;
    const ARTICLES_AN_EVENT: u64 = 5;
    let mut numbers = Numbers(number);
    let event = number / (EVENTS * ARTICLES_AN_EVENT) * EVENTS + number % EVENTS;
    let mut own = Numbers(!event);
    let told: Vec<u64> = (0..24).map(|_| own.rank(VOCABULARY)).collect();
    let mut text = String::new();
    for n in 0..WORDS {
        let rank = if numbers.next().is_multiple_of(4) {
            told[(numbers.next() % 24) as usize]
        } else {
            numbers.rank(VOCABULARY)
        };
        word(rank, &mut text);
        text.push_str(if n % 15 == 14 { ". " } else { " " });
    }
    *document = Document::from_text(&number.to_string(), &text);
}

/// The processor time of this thread: on a machine with other work, time on the wall is of that work.
fn processor() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Resident memory in MiB.
fn resident() -> f64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: f64 = pages
        .split(' ')
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or_default();
    pages * 4_096.0 / f64::from(1 << 20)
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let folder = args.first().ok_or("stream_stories FOLDER [ARTICLES [WINDOW]]")?;
    let last: u64 = args.get(1).map_or(Ok(1_000_000), |n| n.parse())?;
    let mut state = Files::new(folder.into());
    let mut params = StoryParams::default();
    if let Some(window) = args.get(2) {
        params.window = window.parse()?;
    }
    let mut stories = Stories::new(&params);
    stories.open(&mut state)?;
    println!("documents,joined,resident_mib,bytes_each,median_us,p99_us,longest_us,longest_tend_us");
    let mut document = Document::from_text("", "");
    let mut times = vec![0; SAMPLE];
    let mut longest_tend = Duration::ZERO;
    let mut joined = 0;
    for number in 0..last {
        article(number, &mut document);
        let seconds = number as i64 * SECONDS_A_DAY / A_DAY;
        document.added = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
        let start = processor();
        stories.place(&mut document, &mut state)?;
        times[number as usize % SAMPLE] = (processor() - start).as_nanos() as u64;
        joined += u64::from(document.story.similarity.is_some());
        if (number + 1) % BATCH == 0 {
            let start = processor();
            stories.tend(&mut state)?;
            longest_tend = longest_tend.max(processor() - start);
            state.commit()?;
        }
        let documents = number + 1;
        if SHOWN.contains(&documents) || documents == last {
            let mut latest = times[..SAMPLE.min(documents as usize)].to_vec();
            latest.sort_unstable();
            let at = |share: usize| latest[(latest.len() - 1) * share / 1_000] as f64 / 1e3;
            println!(
                "{documents},{joined},{:.1},{},{:.0},{:.0},{:.0},{:.0}",
                resident(),
                state.bytes() / documents,
                at(500),
                at(990),
                at(1_000),
                std::mem::take(&mut longest_tend).as_secs_f64() * 1e6,
            );
        }
    }
    drop(stories);
    let start = Instant::now();
    Stories::new(&params).open(&mut state)?;
    eprintln!("start {:.0} ms", start.elapsed().as_secs_f64() * 1e3);
    Ok(())
}
