//! What the process makes of signals.

use std::io::{self, IsTerminal};
use std::thread;
use std::time::{Duration, Instant};

use gristmill_pipeline::StopFlag;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::Exit;

/// The same signal so soon after the first is the first: `timeout` and others tell the process, and then its group.
const TOGETHER: Duration = Duration::from_millis(200);

/// The signals that have a meaning here, and those that have one elsewhere and would end the process.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    strange: [Signal; 2],
    /// Whether somebody sits before the process; a hangup then says that they are gone.
    has_terminal: bool,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            strange: [
                signal(SignalKind::user_defined1())?,
                signal(SignalKind::user_defined2())?,
            ],
            has_terminal: io::stdin().is_terminal(),
        })
    }

    /// Waits for a signal that tells the process to end.
    async fn end(&mut self) -> SignalKind {
        let [first, second] = &mut self.strange;
        loop {
            let other = tokio::select! {
                _ = self.terminate.recv() => return SignalKind::terminate(),
                _ = self.interrupt.recv() => return SignalKind::interrupt(),
                _ = self.hangup.recv() => {
                    if self.has_terminal {
                        return SignalKind::hangup();
                    }
                    "SIGHUP"
                }
                _ = first.recv() => "SIGUSR1",
                _ = second.recv() => "SIGUSR2",
            };
            tracing::warn!(
                "{other} changes nothing: the configuration is read at the start, logs go to standard error; SIGTERM drains"
            );
        }
    }
}

/// The first signal asks for a drain. The second ends the process, and so does the time that a drain may take; that
/// is safe at any instant.
///
/// # Errors
/// The system takes no handler or starts no thread.
pub(crate) fn listen(stop: &StopFlag, drain: Duration, once: bool) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()?;
    let mut signals = {
        let _context = runtime.enter();
        Signals::new()?
    };
    let stop = stop.clone();
    let listen = move || {
        runtime.block_on(async {
            let first = signals.end().await;
            let heard = Instant::now();
            tracing::info!("draining; a second signal stops at once");
            stop.set();
            let second = async { while signals.end().await == first && heard.elapsed() < TOGETHER {} };
            if tokio::time::timeout(drain, second).await.is_err() {
                tracing::warn!("not drained within {drain:?}");
            }
            tracing::warn!("stopping at once; the next start goes on from the last batch");
            // A pass over the folder that was broken off has not done what it was asked for.
            std::process::exit(if once {
                Exit::SetAside as i32
            } else {
                Exit::Done as i32
            });
        });
    };
    thread::Builder::new()
        .name("gristmill-signal".to_owned())
        .spawn(listen)?;
    Ok(())
}
