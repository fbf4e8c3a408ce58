//! What becomes of each message of a batch.

use std::{borrow::Cow, fmt, time::Duration};

/// What becomes of each message: its id is in exactly one of the lists, in the order of the batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Ids of those that are done.
    pub done: Vec<String>,
    /// Those that come back.
    pub retry: Vec<Retry>,
    /// Those that can never succeed.
    pub dead: Vec<Dead>,
}

impl Plan {
    /// Ids of all that are not done: what Lambda must keep if nothing else can be done.
    pub(super) fn kept(&self) -> Vec<String> {
        let retry = self.retry.iter().map(|retry| &retry.message_id);
        retry.chain(self.dead.iter().map(|dead| &dead.message_id)).cloned().collect()
    }
}

/// A message that comes back.
#[derive(Clone, PartialEq, Eq)]
pub struct Retry {
    /// Its id.
    pub message_id: String,
    /// How long it stays hidden; `None` leaves the queue's visibility time-out as it is.
    pub delay: Option<Duration>,
    /// Why it was not done.
    pub reason: Cow<'static, str>,
    /// What SQS wants to see before it changes the visibility.
    pub receipt_handle: Option<String>,
}

/// A message for the dead-letter queue.
#[derive(Clone, PartialEq, Eq)]
pub struct Dead {
    /// Its id.
    pub message_id: String,
    /// Why it can never succeed.
    pub reason: Cow<'static, str>,
    /// Its body, unchanged.
    pub body: String,
    /// Correlation id of the original.
    pub correlation_id: String,
    /// Group of the original in a FIFO queue.
    pub group: Option<String>,
    /// Deduplication id of the original in a FIFO queue.
    pub deduplication_id: Option<String>,
}

impl fmt::Debug for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("message_id", &self.message_id)
            .field("delay", &self.delay)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Dead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The body may hold personal data.
        f.debug_struct("Dead")
            .field("message_id", &self.message_id)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}
