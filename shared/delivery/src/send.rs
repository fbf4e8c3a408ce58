//! Queueing deliveries.

use aws_sdk_sqs::Client;
use bridge_domain::outbox::{Channel, Queued};
use bridge_runtime::{aws, config::Env};
use futures_util::{StreamExt, stream};

use crate::Message;

const SYSTEM: &str = "sqs";
/// Messages sent at once. One call each: a failure concerns one delivery, and the call's name is the
/// right it needs, which emulators that know no batches of it enforce as well.
const CONCURRENT: usize = 10;

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
        let sent = stream::iter(queued.to_vec()).map(|queued| self.send_one(queued));
        sent.buffer_unordered(CONCURRENT).filter(|sent| std::future::ready(*sent)).count().await
    }

    async fn send_one(&self, queued: Queued) -> bool {
        let url = match queued.channel {
            Channel::RVision => &self.queues.rvision,
            Channel::KumaCore => &self.queues.kuma,
        };
        // A message consists of texts: it can always be written.
        let body = serde_json::to_string(&Message::from(&queued)).unwrap_or_default();
        match self.client.send_message().queue_url(url).message_body(body).send().await {
            Ok(_) => true,
            Err(error) => {
                let error = aws::call_error(SYSTEM, &error);
                tracing::warn!(class = error.class.as_str(), code = %error.code, detail = %error.detail,
                    "a delivery was not queued, the sweeper will");
                false
            }
        }
    }
}
