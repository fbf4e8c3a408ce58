//! A clock that stands still until it is moved.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use bridge_domain::Timestamp;
use bridge_runtime::clock::Clock;

/// Moves a clock. Clones move the same one.
#[derive(Clone, Debug)]
pub struct Hand(Arc<AtomicI64>);

impl Default for Hand {
    fn default() -> Self {
        let start: Timestamp = "2026-11-20T10:00:00Z".parse().unwrap();
        Self(Arc::new(AtomicI64::new(start.micros())))
    }
}

impl Hand {
    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst)).unwrap()
    }

    /// Lets seconds pass.
    pub fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    /// Moves on to this time; never back.
    pub fn reach(&self, at: Timestamp) {
        self.0.fetch_max(at.micros(), Ordering::SeqCst);
    }

    /// The clock it moves.
    #[must_use]
    pub fn clock(&self) -> Clock {
        let hand = self.clone();
        Clock::from_fn(move || hand.now())
    }
}
