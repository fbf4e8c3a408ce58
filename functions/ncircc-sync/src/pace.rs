//! No more requests per second than the settings allow.

use bridge_domain::{Timestamp, gate::slot};
use bridge_runtime::clock::Clock;

/// Spaces the requests of one run out. ncircc-send keeps to the same setting on its own.
#[derive(Debug)]
pub(crate) struct Pace {
    per_second: u16,
    next: Timestamp,
}

impl Pace {
    pub(crate) const fn new(per_second: u16) -> Self {
        Self { per_second, next: Timestamp::MIN }
    }

    /// Waits for the next slot.
    pub(crate) async fn wait(&mut self, clock: &Clock) {
        let now = clock.now();
        let wait = now.until(self.next);
        self.next = now.max(self.next).plus(slot(self.per_second));
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }
}
