//! The batch runner on a real queue: what becomes of each message, as SQS sees it.

use std::{
    collections::HashMap,
    sync::Mutex,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_lambda_events::sqs::SqsEvent;
use aws_sdk_sqs::{
    Client,
    types::{Message, MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName},
};
use bridge_runtime::{
    aws::Aws,
    batch::{Failure, Options, Order, Queue, Record, run, settle},
    deadline::Deadline,
};
use serde::Deserialize;
use serde_json::json;

use crate::{alerts::uuid, world::World};

/// Longer than any test: only a change of the visibility makes a message come back in time.
const VISIBILITY: &str = "600";

/// A queue and its dead-letter queue, of the test's own.
struct Queues {
    client: Client,
    url: String,
    dead: String,
    fifo: bool,
}

impl Queues {
    async fn new(fifo: bool) -> Self {
        // Says how to get a stack when there is none.
        let _ = World::new();
        let client = Aws::load().await.sqs();
        let (name, end) = (format!("e2e-{}", uuid()), if fifo { ".fifo" } else { "" });
        let mut urls = Vec::new();
        for name in [format!("{name}{end}"), format!("{name}-dead{end}")] {
            let request = client.create_queue().queue_name(name);
            let request = request.attributes(QueueAttributeName::VisibilityTimeout, VISIBILITY);
            let request =
                if fifo { request.attributes(QueueAttributeName::FifoQueue, "true") } else { request };
            urls.push(request.send().await.unwrap().queue_url.unwrap());
        }
        let dead = urls.pop().unwrap();
        Self { client, url: urls.remove(0), dead, fifo }
    }

    /// Sends a message; gives its id.
    async fn send(&self, body: &str, group: &str) -> String {
        let correlation = MessageAttributeValue::builder()
            .data_type("String")
            .string_value(format!("case-{group}"))
            .build();
        let mut request = self.client.send_message().queue_url(&self.url).message_body(body);
        request = request.message_attributes("correlation_id", correlation.unwrap());
        if self.fifo {
            request = request.message_group_id(group).message_deduplication_id(uuid());
        }
        request.send().await.unwrap().message_id.unwrap()
    }

    /// Takes what is visible.
    async fn take(&self, url: &str) -> Vec<Message> {
        let mut taken = Vec::new();
        loop {
            let answer = self
                .client
                .receive_message()
                .queue_url(url)
                .max_number_of_messages(10)
                .message_system_attribute_names(MessageSystemAttributeName::All)
                .message_attribute_names("All")
                .send()
                .await
                .unwrap();
            let messages = answer.messages.unwrap_or_default();
            if messages.is_empty() {
                return taken;
            }
            taken.extend(messages);
        }
    }

    /// Does with a batch what Lambda does: hands it over, then deletes what is not reported.
    /// Gives the ids that were kept.
    async fn work<Handled>(
        &self,
        messages: &[Message],
        handle: impl Fn(Work, Record) -> Handled,
    ) -> Vec<String>
    where
        Handled: Future<Output = Result<(), Failure>>,
    {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_mins(1);
        let options = Options {
            order: if self.fifo { Order::Fifo } else { Order::Standard { concurrency: 4 } },
            deadline: Deadline::from_epoch_millis(u64::try_from(now.as_millis()).unwrap()),
            reserve: Duration::from_secs(2),
        };
        let plan = run(event(messages), options, handle).await.unwrap();
        let queue =
            Queue { client: self.client.clone(), url: self.url.clone(), dead_letter_url: self.dead.clone() };
        let response = settle(plan, &queue).await;
        let kept: Vec<String> =
            response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect();
        for message in messages {
            if !kept.contains(message.message_id.as_ref().unwrap()) {
                let receipt = message.receipt_handle.as_ref().unwrap();
                self.client
                    .delete_message()
                    .queue_url(&self.url)
                    .receipt_handle(receipt)
                    .send()
                    .await
                    .unwrap();
            }
        }
        kept
    }

    /// How many messages of the queue are hidden.
    async fn hidden(&self) -> String {
        let name = QueueAttributeName::ApproximateNumberOfMessagesNotVisible;
        let request = self.client.get_queue_attributes().queue_url(&self.url).attribute_names(name.clone());
        request.send().await.unwrap().attributes.unwrap().remove(&name).unwrap()
    }
}

/// The event that Lambda makes of messages.
fn event(messages: &[Message]) -> SqsEvent {
    let record = |message: &Message| {
        let attributes: HashMap<&str, &String> =
            message.attributes.iter().flatten().map(|(name, value)| (name.as_str(), value)).collect();
        let own = message.message_attributes.iter().flatten().map(|(name, value)| {
            let text = json!({"dataType": value.data_type, "stringValue": value.string_value});
            (name.clone(), text)
        });
        json!({
            "messageId": message.message_id, "receiptHandle": message.receipt_handle, "body": message.body,
            "attributes": attributes, "messageAttributes": own.collect::<HashMap<_, _>>(),
            "eventSource": "aws:sqs", "awsRegion": "eu-central-1"
        })
    };
    serde_json::from_value(json!({"Records": messages.iter().map(record).collect::<Vec<_>>()})).unwrap()
}

/// What a message asks its handler to do.
#[derive(Deserialize)]
struct Work {
    task: String,
}

async fn handle(work: Work, _: Record) -> Result<(), Failure> {
    let retry =
        |seconds| Err(Failure::Retry { after: Some(Duration::from_secs(seconds)), reason: "not yet".into() });
    match work.task.as_str() {
        "done" => Ok(()),
        "at once" => retry(0),
        "in an hour" => retry(3600),
        "never" => Err(Failure::Dead { reason: "it can never succeed\n".into() }),
        other => panic!("no such task: {other}"),
    }
}

fn body(task: &str) -> String {
    json!({"task": task}).to_string()
}

fn attribute<'a>(message: &'a Message, name: &str) -> &'a str {
    message.message_attributes.as_ref().unwrap()[name].string_value.as_deref().unwrap()
}

#[tokio::test]
async fn each_message_of_a_batch_ends_where_it_belongs() {
    let queues = Queues::new(false).await;
    let mut sent = HashMap::new();
    for task in ["done", "at once", "in an hour", "never", "panic", "done"] {
        sent.insert(task, queues.send(&body(task), task).await);
    }
    sent.insert("poison", queues.send("{\"task\": canary", "poison").await);
    let batch = queues.take(&queues.url).await;
    assert_eq!(batch.len(), 7);

    let mut kept = queues.work(&batch, handle).await;
    let mut wanted = ["at once", "in an hour", "panic"].map(|task| sent[task].clone());
    kept.sort();
    wanted.sort();
    assert_eq!(kept, wanted);

    // What can never succeed is in the other queue, with the reason, and its body as it was.
    let mut dead = queues.take(&queues.dead).await;
    dead.sort_by_key(|message| message.body.clone());
    let told: Vec<_> = dead
        .iter()
        .map(|message| {
            let [reason, id, case] =
                ["reason", "original_message_id", "correlation_id"].map(|name| attribute(message, name));
            (message.body.as_deref().unwrap(), reason, id, case)
        })
        .collect();
    assert_eq!(
        told,
        [
            (
                "{\"task\": canary",
                "the body can not be read: it is not JSON at $.task, line 1 column 10",
                &*sent["poison"],
                "case-poison"
            ),
            (&*body("never"), "it can never succeed ", &*sent["never"], "case-never"),
        ]
    );

    // One is back at once; the others stay hidden, each for its own time.
    let back = queues.take(&queues.url).await;
    assert_eq!(
        back.iter().map(|message| message.message_id.clone().unwrap()).collect::<Vec<_>>(),
        [&*sent["at once"]]
    );
    let count = &back[0].attributes.as_ref().unwrap()[&MessageSystemAttributeName::ApproximateReceiveCount];
    assert_eq!(count, "2");
    let second_time = |_, record: Record| async move {
        assert_eq!((record.receive_count, &*record.correlation_id), (2, "case-at once"));
        Ok(())
    };
    assert!(queues.work(&back, second_time).await.is_empty());
    assert_eq!(queues.hidden().await, "2");
}

#[tokio::test]
async fn a_fifo_group_waits_for_its_first_and_others_do_not() {
    let queues = Queues::new(true).await;
    for (task, group) in [("at once", "a"), ("done", "a"), ("done", "b"), ("never", "c"), ("done", "c")] {
        queues.send(&body(task), group).await;
    }
    let batch = queues.take(&queues.url).await;
    assert_eq!(batch.len(), 5);
    let handled = Mutex::new(Vec::new());
    let note = |work: Work, record: Record| {
        handled.lock().unwrap().push(format!("{} {}", record.group.clone().unwrap(), work.task));
        handle(work, record)
    };
    let kept = queues.work(&batch, note).await;
    let mut seen = handled.lock().unwrap().clone();
    seen.sort();
    assert_eq!(seen, ["a at once", "b done", "c done", "c never"]);
    assert_eq!(kept.len(), 2, "both of group a");

    let dead = queues.take(&queues.dead).await;
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].attributes.as_ref().unwrap()[&MessageSystemAttributeName::MessageGroupId], "c");
    assert_eq!(attribute(&dead[0], "reason"), "it can never succeed ");

    // Both of group a are back, in their order.
    let back = queues.take(&queues.url).await;
    let bodies: Vec<&str> = back.iter().map(|message| message.body.as_deref().unwrap()).collect();
    assert_eq!(bodies, [body("at once"), body("done")]);
    assert!(queues.work(&back, |_, _| async { Ok(()) }).await.is_empty());
    assert_eq!(queues.hidden().await, "0");
}
