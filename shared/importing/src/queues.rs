//! The queue of each kind of import.

use aws_sdk_sqs::Client;
use bridge_domain::{TaskId, import::ImportKind};
use bridge_runtime::{aws, config::Env};

use crate::Message;

/// URLs of the queues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueUrls {
    ldap: String,
}

/// Where the tasks of imports are queued.
#[derive(Clone, Debug)]
pub struct ImportQueues {
    client: Client,
    urls: QueueUrls,
}

impl ImportQueues {
    /// Reads the URLs of the queues: `LDAP_QUEUE`.
    #[must_use]
    pub fn read(env: &mut Env) -> Option<QueueUrls> {
        let ldap = env.required("LDAP_QUEUE");
        Some(QueueUrls { ldap: ldap? })
    }

    /// The queues at these URLs. Makes no call.
    #[must_use]
    pub const fn new(client: Client, urls: QueueUrls) -> Self {
        Self { client, urls }
    }

    /// Queues a task; gives whether it could be queued. What could not is only logged: it stays due, and
    /// the dispatcher queues it.
    pub async fn send(&self, kind: ImportKind, task: &TaskId) -> bool {
        let url = match kind {
            ImportKind::Ldap => &self.urls.ldap,
        };
        let message = Message { task: task.clone() };
        // A message is one text: it can always be written.
        let body = serde_json::to_string(&message).unwrap_or_default();
        match self.client.send_message().queue_url(url).message_body(body).send().await {
            Ok(_) => true,
            Err(error) => {
                let error = aws::call_error("sqs", &error);
                tracing::warn!(class = error.class.as_str(), code = %error.code, detail = %error.detail, %task,
                    "a task was not queued, the dispatcher will");
                false
            }
        }
    }
}
