use serde_json::{Value, json};

use super::*;
use crate::testing::{Hand, Peer, START};

/// Works a batch of one good, one busy and one unreadable message with this time left.
async fn consumed(peer: &Peer, left_ms: u64) -> (Vec<String>, Value) {
    let client = peer.aws().sqs();
    let plan = move |(): &(), context: &Context| {
        let order = Order::Standard { concurrency: 2 };
        let options = Options { order, deadline: context.into(), reserve: Duration::ZERO };
        (
            options,
            Queue {
                client: client.clone(),
                url: "http://q/main".into(),
                dead_letter_url: "http://q/dead".into(),
            },
        )
    };
    let handle = |_, ok: bool, _| async move {
        if ok { Ok(()) } else { Err(Failure::Retry { after: None, reason: "busy".into() }) }
    };
    let (clock, output) = (Hand::new().clock(), Output::memory());
    let consumer = Consumer { function: "f", app: Arc::new(()), plan, handle, clock, output: output.clone() };
    let event = json!({ "Records": [
        { "messageId": "good", "receiptHandle": "r1", "body": "true" },
        { "messageId": "busy", "receiptHandle": "r2", "body": "false" },
        { "messageId": "poison", "receiptHandle": "r3", "body": "canary" },
    ] });
    let mut context = Context::default();
    context.deadline = u64::try_from(START / 1000).unwrap() + left_ms;
    let response = consumer.call(serde_json::from_value(event).unwrap(), &context).await.unwrap();
    assert!(!output.text().contains("canary"));
    let ids = response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect();
    (ids, serde_json::from_str(output.text().trim_end()).unwrap())
}

#[tokio::test]
async fn a_batch_is_worked_settled_and_told_in_one_line() {
    let peer = Peer::start(|_| (200, json!({ "MessageId": "new" }))).await;
    let (failures, line) = consumed(&peer, 60_000).await;
    assert_eq!(failures, ["busy"]);
    assert_eq!((&line["Done"], &line["Retried"], &line["DeadLettered"]), (&1.into(), &1.into(), &1.into()));
    assert_eq!(peer.calls().len(), 2);
}

#[tokio::test]
async fn without_time_to_settle_what_is_done_stays_done() {
    let (failures, _) = consumed(&Peer::silent().await, 100).await;
    assert_eq!(failures, ["busy", "poison"]);
}
