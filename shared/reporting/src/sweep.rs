//! Finding what is owed and not under way.

use std::time::Duration;

use bridge_domain::{CallError, Timestamp};
use bridge_store::Store;

use crate::NcirccQueue;

/// What is due for less than this is left to its own message, in seconds.
const GRACE_SECONDS: i64 = 120;
/// Rows queued by one sweep. They are sent one by one: more would only lie in the queue twice.
const MOST: u16 = 500;
/// Rows that wait for a person, counted up to this.
const STUCK_MOST: u16 = 100;

/// What a sweep found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Rows queued again.
    pub queued: usize,
    /// How long the longest overdue row has been due.
    pub oldest: Duration,
    /// Rows that wait for a person.
    pub stuck: usize,
}

/// Queues every overdue row again, the longest overdue first. Nothing is written: a row that is
/// queued twice is found done, or not yet due, by whoever takes the second message.
///
/// # Errors
/// When the store fails.
pub async fn sweep(store: &Store, queue: &NcirccQueue, now: Timestamp) -> Result<Swept, CallError> {
    let mut swept = Swept { stuck: store.stuck_rows(STUCK_MOST).await?, ..Swept::default() };
    for (incident, row, due) in store.overdue_rows(now, MOST).await? {
        swept.oldest = swept.oldest.max(due.until(now));
        if due.plus_seconds(GRACE_SECONDS) <= now && queue.send(&incident, &row).await {
            swept.queued += 1;
        }
    }
    Ok(swept)
}
