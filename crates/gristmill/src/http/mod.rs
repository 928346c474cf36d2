//! The status page with `/metrics`, `/healthz` and `/readyz`.
//!
//! A thread and a small runtime of its own answer, so that a busy chain does not delay a health check and a slow
//! reader does not delay the chain. Everything is read, nothing can be changed from here.

mod metrics;
mod status;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use gristmill_pipeline::{Counters, StopFlag};

use crate::config::Config;
use status::History;

/// How often the numbers of the chart are noted.
const TICK: Duration = Duration::from_secs(2);

/// What the daemon is doing.
#[derive(Debug, Clone, Default)]
pub(crate) enum Phase {
    /// The books are being opened.
    #[default]
    Starting,
    /// Files are taken as they come.
    Working,
    /// The machine failed; the work is taken up again in a moment.
    Failing {
        /// What failed.
        error: String,
    },
}

/// Everything that the page tells.
pub(crate) struct Observed {
    config: Config,
    chain: Vec<String>,
    counters: Arc<Counters>,
    stop: StopFlag,
    started: jiff::Timestamp,
    phase: Mutex<Phase>,
    history: Mutex<History>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Observed {
    pub(crate) fn new(config: &Config, chain: Vec<String>, counters: Arc<Counters>, stop: StopFlag) -> Self {
        Self {
            config: config.clone(),
            chain,
            counters,
            stop,
            started: jiff::Timestamp::now(),
            phase: Mutex::default(),
            history: Mutex::default(),
        }
    }

    /// Tells what the daemon is doing from now on.
    pub(crate) fn now(&self, phase: Phase) {
        *lock(&self.phase) = phase;
    }

    /// The phase in one word, and what failed in it.
    fn phase(&self) -> (&'static str, Option<String>) {
        match &*lock(&self.phase) {
            Phase::Failing { error } => ("failing", Some(error.clone())),
            _ if self.stop.is_set() => ("draining", None),
            Phase::Starting => ("starting", None),
            Phase::Working => ("working", None),
        }
    }
}

/// Listens on `address` and answers until the process ends. Gives the address, with its port where 0 asked for any.
///
/// # Errors
/// The address cannot be listened on.
pub(crate) fn serve(address: SocketAddr, observed: Arc<Observed>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()?;
    let answer = move || {
        let served = runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            tokio::spawn(note(Arc::clone(&observed)));
            axum::serve(listener, routes(observed)).await
        });
        if let Err(error) = served {
            tracing::error!(%error, "the status page is gone");
        }
    };
    thread::Builder::new()
        .name("gristmill-http".to_owned())
        .spawn(answer)?;
    Ok(address)
}

async fn note(observed: Arc<Observed>) {
    let mut tick = tokio::time::interval(TICK);
    loop {
        tick.tick().await;
        lock(&observed.history).note(observed.counters.now());
    }
}

fn routes(observed: Arc<Observed>) -> Router {
    const PAGE: &str = include_str!("page.html");
    Router::new()
        .route("/", get(async || Html(PAGE)))
        .route("/status.json", get(status_json))
        .route("/metrics", get(metrics_text))
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(readiness))
        .with_state(observed)
}

async fn status_json(State(observed): State<Arc<Observed>>) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, status::json(&observed).to_string())
}

async fn metrics_text(State(observed): State<Arc<Observed>>) -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (headers, metrics::text(&observed))
}

/// Whether files are being taken: not while the books are opened, the disk fails, or the daemon drains.
async fn readiness(State(observed): State<Arc<Observed>>) -> impl IntoResponse {
    let (phase, error) = observed.phase();
    let code = match phase {
        "working" => StatusCode::OK,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    let error = error.map_or_else(String::new, |error| format!(": {error}"));
    (code, format!("{phase}{error}\n"))
}
