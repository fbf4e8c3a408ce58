//! Where "now" comes from.

use std::{fmt, sync::Arc, time::SystemTime};

use bridge_domain::Timestamp;

/// A source of the current time: the system's, or any other for tests.
///
/// It is wall time, never a monotonic counter: a frozen Lambda environment may not count the time
/// it slept, and neither a deadline nor the age of a secret may forget it.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The system clock.
    #[must_use]
    pub fn system() -> Self {
        Self::from_fn(|| Timestamp::from_system(SystemTime::now()))
    }

    /// A clock that reads whatever `now` returns.
    #[must_use]
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The current time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// Time from `earlier` to `later`; zero when they are the other way round.
pub(crate) fn between(earlier: Timestamp, later: Timestamp) -> std::time::Duration {
    std::time::Duration::from_micros(u64::try_from(later.micros() - earlier.micros()).unwrap_or(0))
}
