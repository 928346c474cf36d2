//! From the configuration to what each crate has to know of it.

use std::thread;

use gristmill_pipeline::{BatchLimits, LastResort, Probe, Settings};
use gristmill_source::Inbox;

use crate::config::{Compression, Config, WhenDone};
use crate::exit::{Exit, Failure};

/// The door to the drop folders.
///
/// # Errors
/// A glob or the name of a folder is wrong.
pub(crate) fn inbox(config: &Config) -> Result<Inbox, Failure> {
    Inbox::new(source(config)).map_err(|errors| {
        let errors: Vec<_> = errors.iter().map(|error| format!("input: {error}")).collect();
        Failure::new(Exit::Config, anyhow::Error::msg(errors.join("\n")))
    })
}

/// What the source has to know.
pub(crate) fn source(config: &Config) -> gristmill_source::Settings {
    let input = &config.input;
    let watch = input.watch.iter();
    gristmill_source::Settings {
        watch: watch
            .map(|watched| gristmill_source::Watched {
                path: watched.path.clone(),
                name: watched.name.clone(),
            })
            .collect(),
        include: input.include.clone(),
        exclude: input.exclude.clone(),
        settle: input.settle.0,
        rescan: input.rescan.0,
        follow_links: input.follow_links,
        max_document: input.max_document.0,
    }
}

/// What the pipeline has to know.
pub(crate) fn pipeline(config: &Config, last_resort: LastResort, probe: Probe) -> Settings {
    let Config {
        input,
        output,
        state,
        limits,
        workers,
        ..
    } = config;
    let cores = thread::available_parallelism().map_or(1, usize::from);
    Settings {
        output: output.dir.clone(),
        state: state.dir.clone(),
        compression: match output.compression {
            Compression::None => gristmill_sink::Compression::None,
            Compression::Gzip => gristmill_sink::Compression::Gzip,
            Compression::Zstd => gristmill_sink::Compression::Zstd,
        },
        rotation: gristmill_sink::Rotation {
            size: output.rotate.size.0,
            age: output.rotate.age.0,
        },
        when_done: match &input.when_done {
            WhenDone::Keep => gristmill_pipeline::WhenDone::Keep,
            WhenDone::Delete => gristmill_pipeline::WhenDone::Delete,
            WhenDone::Move(to) => gristmill_pipeline::WhenDone::Move(to.clone()),
        },
        workers: if *workers == 0 { cores } else { *workers },
        document_time: limits.document_time.0,
        in_flight: limits.in_flight.0,
        batch: BatchLimits {
            documents: limits.batch.documents.max(1),
            bytes: limits.batch.bytes.0,
            time: limits.batch.time.0,
        },
        last_resort,
        probe,
    }
}
