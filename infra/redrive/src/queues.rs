//! The queues themselves.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use aws_config::{BehaviorVersion, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_sqs::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    types::{
        ChangeMessageVisibilityBatchRequestEntry, MessageAttributeValue, MessageSystemAttributeName,
        QueueAttributeName,
    },
};
use futures_util::{StreamExt, stream};

use crate::{
    failure::Failure,
    letter::{CORRELATION_ID, Kind, Letter},
};

/// How long a letter that is being looked at is hidden from others, in seconds: long enough to read
/// a long queue to its end, short enough to wait for when this program is killed.
const HIDDEN_SECONDS: i32 = 600;
/// A long poll asks every part of a queue, so that an empty answer means an empty queue.
const POLL_SECONDS: i32 = 1;
/// Most messages of one call.
const BATCH: usize = 10;
/// Letters queued again at once.
const CONCURRENT: usize = 16;

pub(crate) async fn client() -> Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(15))
        .operation_timeout(Duration::from_mins(1))
        .build();
    let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(5))
        .load()
        .await;
    Client::new(&config)
}

/// A dead-letter queue and the queue its letters came from.
#[derive(Clone, Debug)]
pub(crate) struct Dead {
    client: Client,
    kind: Kind,
    url: String,
    work: String,
}

impl Dead {
    /// The queues of a stack, by their names.
    pub(crate) async fn find(client: &Client, stack: &str, kind: Kind) -> Result<Self, Failure> {
        let work = url(client, format!("{stack}-{kind}")).await?;
        let dead = url(client, format!("{stack}-{kind}-dead")).await?;
        Ok(Self { client: client.clone(), kind, url: dead, work })
    }

    /// How many letters are hidden, if any are.
    pub(crate) async fn hidden(&self) -> Option<u64> {
        let name = QueueAttributeName::ApproximateNumberOfMessagesNotVisible;
        let asked = self.client.get_queue_attributes().queue_url(&self.url).attribute_names(name.clone());
        let hidden = asked.send().await.ok()?.attributes?.remove(&name)?.parse().ok()?;
        (hidden > 0).then_some(hidden)
    }

    async fn take(&self) -> Result<Vec<Letter>, Failure> {
        let answer = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(10)
            .wait_time_seconds(POLL_SECONDS)
            .visibility_timeout(HIDDEN_SECONDS)
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All")
            .send()
            .await
            .map_err(|error| failed(&format!("reading {}", self.url), &error))?;
        let messages = answer.messages.unwrap_or_default();
        Ok(messages.into_iter().filter_map(|message| Letter::read(self.kind, message)).collect())
    }

    /// Sends a letter to the work queue, then deletes it: in this order nothing is ever lost.
    async fn queue_again(&self, letter: &Letter) -> Result<(), String> {
        let correlation = letter.correlation_id.as_ref().and_then(|id| {
            MessageAttributeValue::builder().data_type("String").string_value(id).build().ok()
        });
        let send = self.client.send_message().queue_url(&self.work).message_body(letter.again());
        let send = match correlation {
            Some(correlation) => send.message_attributes(CORRELATION_ID, correlation),
            None => send,
        };
        send.send().await.map_err(|error| format!("not queued, still a dead letter: {}", why(&error)))?;
        let delete = self.client.delete_message().queue_url(&self.url).receipt_handle(&letter.receipt);
        let deleted = delete.send().await;
        deleted.map(drop).map_err(|error| format!("queued, but still a dead letter as well: {}", why(&error)))
    }

    async fn release(&self, receipts: &[&String]) {
        for batch in receipts.chunks(BATCH) {
            let entry = |(index, receipt): (usize, &&String)| {
                ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(index.to_string())
                    .receipt_handle(*receipt)
                    .visibility_timeout(0)
                    .build()
                    .ok()
            };
            let entries: Vec<_> = batch.iter().enumerate().filter_map(entry).collect();
            let change = self.client.change_message_visibility_batch().queue_url(&self.url);
            // What can not be released becomes visible by itself.
            let _ = change.set_entries(Some(entries)).send().await;
        }
    }
}

/// What this program hides from others, to be given back at its end.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    queues: Vec<Dead>,
    /// Receipts by queue and id of the message.
    receipts: BTreeMap<Kind, HashMap<String, String>>,
}

impl Taken {
    /// Reads a dead-letter queue to its end.
    pub(crate) async fn read(&mut self, dead: Dead) -> Result<Vec<Letter>, Failure> {
        let held = self.receipts.entry(dead.kind).or_default();
        self.queues.push(dead.clone());
        let mut letters: HashMap<String, Letter> = HashMap::new();
        loop {
            let taken = dead.take().await?;
            // Only what was seen before: the first ones have come back already.
            let is_round = taken.iter().all(|letter| letters.contains_key(&letter.id));
            for letter in taken {
                held.insert(letter.id.clone(), letter.receipt.clone());
                letters.insert(letter.id.clone(), letter);
            }
            if is_round {
                break;
            }
        }
        Ok(letters.into_values().collect())
    }

    /// Queues letters again; gives how many were, and what went wrong with the others.
    pub(crate) async fn queue_again(&mut self, letters: &[Letter]) -> (usize, Vec<String>) {
        let by_kind: HashMap<&str, &Dead> =
            self.queues.iter().map(|dead| (dead.kind.as_str(), dead)).collect();
        let results: Vec<(&Letter, Result<(), String>)> = stream::iter(letters)
            .filter_map(async |letter| by_kind.get(letter.kind.as_str()).map(|dead| (*dead, letter)))
            .map(|(dead, letter)| async move { (letter, dead.queue_again(letter).await) })
            .buffer_unordered(CONCURRENT)
            .collect()
            .await;
        let (mut queued, mut faults) = (0, Vec::new());
        for (letter, result) in results {
            match result {
                Ok(()) => {
                    queued += 1;
                    if let Some(held) = self.receipts.get_mut(&letter.kind) {
                        held.remove(&letter.id);
                    }
                }
                Err(fault) => faults.push(format!("{} {}: {fault}", letter.kind, letter.id)),
            }
        }
        (queued, faults)
    }

    /// Gives back what is still a dead letter.
    pub(crate) async fn release(self) {
        for dead in &self.queues {
            let receipts: Vec<&String> =
                self.receipts.get(&dead.kind).into_iter().flat_map(HashMap::values).collect();
            dead.release(&receipts).await;
        }
    }
}

async fn url(client: &Client, name: String) -> Result<String, Failure> {
    let doing = format!("finding the queue {name} (is --stack right, and the region?)");
    let answer =
        client.get_queue_url().queue_name(name).send().await.map_err(|error| failed(&doing, &error))?;
    answer.queue_url.ok_or_else(|| Failure::new(format!("{doing}: no answer")))
}

fn failed<E>(doing: &str, error: &SdkError<E>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    Failure::new(format!("{doing}: {}", why(error)))
}

/// What the service says, or what kept us from hearing it.
fn why<E>(error: &SdkError<E>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error.as_service_error() {
        Some(service) => {
            format!("{} {}", service.code().unwrap_or("refused"), service.message().unwrap_or_default())
                .trim_end()
                .to_owned()
        }
        None => chain(error),
    }
}

/// An error and what led to it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
