//! No more requests per second to a Core than its settings allow.

use bridge_domain::{Timestamp, gate::slot};
use bridge_runtime::clock::Clock;
use tokio::sync::Mutex;

/// Spaces the requests of one message out. Messages of one Core hardly ever run side by side.
#[derive(Debug)]
pub(crate) struct Pace {
    per_second: u16,
    next: Mutex<Timestamp>,
}

impl Pace {
    pub(crate) fn new(per_second: u16) -> Self {
        Self { per_second, next: Mutex::new(Timestamp::MIN) }
    }

    /// Waits for the next slot.
    pub(crate) async fn wait(&self, clock: &Clock) {
        let now = clock.now();
        let at = {
            let mut next = self.next.lock().await;
            let at = now.max(*next);
            *next = at.plus(slot(self.per_second));
            at
        };
        let wait = now.until(at);
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }
}
