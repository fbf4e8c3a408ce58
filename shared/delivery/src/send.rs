//! Queueing deliveries.

use aws_sdk_sqs::{Client, types::SendMessageBatchRequestEntry};
use bridge_domain::outbox::{Channel, Queued};
use bridge_runtime::{aws, config::Env};

use crate::Message;

const SYSTEM: &str = "sqs";
/// Most messages that SQS takes at once.
const BATCH: usize = 10;

/// URLs of the queues of the senders.
#[derive(Clone, Debug)]
pub struct Queues {
    rvision: String,
    kuma: String,
}

impl Queues {
    /// Reads `RVISION_QUEUE` and `KUMA_QUEUE`.
    #[must_use]
    pub fn read(env: &mut Env) -> Option<Self> {
        let rvision = env.required("RVISION_QUEUE");
        let kuma = env.required("KUMA_QUEUE");
        Some(Self { rvision: rvision?, kuma: kuma? })
    }
}

/// Sends the messages that a change calls for.
#[derive(Clone, Debug)]
pub struct Dispatcher {
    client: Client,
    queues: Queues,
}

impl Dispatcher {
    /// A dispatcher to these queues. Makes no call.
    #[must_use]
    pub const fn new(client: Client, queues: Queues) -> Self {
        Self { client, queues }
    }

    /// Queues deliveries, as many as can be; gives how many were. What could not be queued is only
    /// logged: it stays due, and the sweeper queues it.
    pub async fn send(&self, queued: &[Queued]) -> usize {
        let mut sent = 0;
        for (channel, url) in
            [(Channel::RVision, &self.queues.rvision), (Channel::KumaCore, &self.queues.kuma)]
        {
            let of_channel: Vec<&Queued> = queued.iter().filter(|one| one.channel == channel).collect();
            for batch in of_channel.chunks(BATCH) {
                sent += self.send_batch(url, batch).await;
            }
        }
        sent
    }

    async fn send_batch(&self, url: &str, batch: &[&Queued]) -> usize {
        let entries = batch.iter().enumerate().filter_map(|(index, queued)| {
            let body = serde_json::to_string(&Message::from(*queued)).ok()?;
            SendMessageBatchRequestEntry::builder().id(index.to_string()).message_body(body).build().ok()
        });
        let entries: Vec<_> = entries.collect();
        let answer = self.client.send_message_batch().queue_url(url).set_entries(Some(entries)).send().await;
        match answer {
            Ok(answer) => {
                let failed = answer.failed();
                if !failed.is_empty() {
                    tracing::warn!(failed = failed.len(), "deliveries were not queued, the sweeper will");
                }
                answer.successful().len()
            }
            Err(error) => {
                let error = aws::call_error(SYSTEM, &error);
                tracing::warn!(class = error.class.as_str(), code = %error.code, detail = %error.detail,
                    "deliveries were not queued, the sweeper will");
                0
            }
        }
    }
}
