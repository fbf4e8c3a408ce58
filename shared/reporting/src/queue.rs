//! Queueing rows.

use aws_sdk_sqs::Client;
use bridge_domain::{IncidentId, RowId};
use bridge_runtime::{aws, config::Env};

use crate::Message;

/// The queue of what is to be sent to NCIRCC.
#[derive(Clone, Debug)]
pub struct NcirccQueue {
    client: Client,
    url: String,
}

impl NcirccQueue {
    /// Reads the queue's URL, `NCIRCC_QUEUE`.
    #[must_use]
    pub fn read(env: &mut Env) -> Option<String> {
        env.required("NCIRCC_QUEUE")
    }

    /// The queue at this URL. Makes no call.
    #[must_use]
    pub const fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Queues a row; gives whether it could be queued. What could not is only logged: it stays due,
    /// and the sweeper queues it.
    pub async fn send(&self, incident: &IncidentId, row: &RowId) -> bool {
        let message = Message { incident: incident.clone(), row: row.clone() };
        // A message consists of texts: it can always be written.
        let body = serde_json::to_string(&message).unwrap_or_default();
        match self.client.send_message().queue_url(&self.url).message_body(body).send().await {
            Ok(_) => true,
            Err(error) => {
                let error = aws::call_error("sqs", &error);
                tracing::warn!(class = error.class.as_str(), code = %error.code, detail = %error.detail,
                    %incident, %row, "a row of the ledger was not queued, the sweeper will");
                false
            }
        }
    }
}
