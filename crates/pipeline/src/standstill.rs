//! Time in which the whole process stood still, which is no document's doing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A pause that took so much longer than it was to take was no pause: the process was stopped, as by `docker pause` or SIGSTOP, or
/// got no processor.
const SLACK: Duration = Duration::from_secs(1);

/// How long the process stood still so far, as whoever looks at it now and then finds out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standstill(Arc<AtomicU64>);

/// A moment from which on time is counted, but for standstills.
#[derive(Debug)]
pub(crate) struct Since {
    moment: Instant,
    stood: Duration,
    standstill: Standstill,
}

impl Standstill {
    /// Hears that a pause of `planned` took `passed`.
    pub(crate) fn after(&self, planned: Duration, passed: Duration) {
        let more = passed.saturating_sub(planned);
        if more > SLACK {
            self.0.fetch_add(more.as_millis() as u64, Ordering::Relaxed);
        }
    }

    /// Now.
    pub(crate) fn now(&self) -> Since {
        Since {
            moment: Instant::now(),
            stood: self.total(),
            standstill: self.clone(),
        }
    }

    fn total(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

impl Since {
    /// How much time has passed in which the process could work.
    pub(crate) fn elapsed(&self) -> Duration {
        let stood = self.standstill.total() - self.stood;
        self.moment.elapsed().saturating_sub(stood)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_began_before_a_standstill_is_not_charged_with_it() {
        let [second, minute] = [1, 60].map(Duration::from_secs);
        let standstill = Standstill::default();
        let mut since = standstill.now();
        since.moment = since.moment.checked_sub(2 * minute).unwrap();
        // A little late is nothing.
        standstill.after(second, second + second);
        assert!(since.elapsed() >= 2 * minute);
        standstill.after(second, minute + second);
        assert!(since.elapsed() >= minute && since.elapsed() < 2 * minute);
        let later = standstill.now();
        assert_eq!(later.stood, minute);
        assert!(later.elapsed() < minute);
    }
}
