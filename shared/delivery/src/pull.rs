//! Queueing work for alert-pull.

use std::time::Duration;

use aws_sdk_sqs::Client;
use bridge_domain::{CallError, Class, pull::Work};
use bridge_runtime::aws;

const SYSTEM: &str = "sqs";

/// The queue of alert-pull.
#[derive(Clone, Debug)]
pub struct PullQueue {
    client: Client,
    url: String,
}

impl PullQueue {
    /// The queue at `url`. Makes no call.
    #[must_use]
    pub const fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Queues work, to be seen after `delay` (15 minutes at most, says SQS). Once this returns, it
    /// is not lost any more.
    ///
    /// # Errors
    /// When SQS does not take it.
    pub async fn send(&self, work: &Work, delay: Duration) -> Result<(), CallError> {
        let body = serde_json::to_string(work)
            .map_err(|_| CallError::new(Class::Permanent, SYSTEM, "the work can not be written"))?;
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_body(body)
            .delay_seconds(i32::try_from(delay.as_secs()).unwrap_or(i32::MAX).min(900))
            .send()
            .await
            .map(drop)
            .map_err(|error| aws::call_error(SYSTEM, &error))
    }
}
