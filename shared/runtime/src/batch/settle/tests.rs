use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::testing::{Call, Peer};

fn retry(id: &str, delay: Option<u64>) -> Retry {
    Retry {
        message_id: id.into(),
        delay: delay.map(Duration::from_millis),
        reason: "busy".into(),
        receipt_handle: Some(format!("receipt-{id}")),
    }
}

fn dead(id: &str, group: Option<&str>) -> Dead {
    Dead {
        message_id: id.into(),
        reason: "it can\nnever succeed".into(),
        body: format!("body of {id}"),
        correlation_id: "c-1".into(),
        group: group.map(str::to_owned),
        deduplication_id: group.map(|_| format!("dedup-{id}")),
    }
}

async fn settled(
    plan: Plan,
    answer: impl Fn(&Call) -> (u16, Value) + Send + Sync + 'static,
) -> (Vec<String>, Vec<Call>) {
    let peer = Peer::start(answer).await;
    let queue = Queue {
        client: peer.aws().sqs(),
        url: "http://q/main".into(),
        dead_letter_url: "http://q/dead".into(),
    };
    let response = settle(plan, &queue).await;
    let ids = response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect();
    (ids, peer.calls())
}

fn fine(_: &Call) -> (u16, Value) {
    (200, json!({ "MessageId": "new" }))
}

fn broken(_: &Call) -> (u16, Value) {
    (400, json!({ "__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "no" }))
}

#[tokio::test]
async fn a_dead_record_is_sent_with_its_reason_and_then_counts_as_done() {
    let plan = Plan { done: vec!["a".into()], retry: vec![], dead: vec![dead("b", None)] };
    let (failures, calls) = settled(plan, fine).await;
    assert!(failures.is_empty());
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].operation, "SendMessage");
    assert_eq!(
        calls[0].body,
        json!({
            "QueueUrl": "http://q/dead",
            "MessageBody": "body of b",
            "MessageAttributes": {
                "reason": { "StringValue": "it can never succeed", "DataType": "String" },
                "original_message_id": { "StringValue": "b", "DataType": "String" },
                "correlation_id": { "StringValue": "c-1", "DataType": "String" },
            },
        })
    );
}

#[tokio::test]
async fn a_dead_record_of_a_fifo_queue_keeps_group_and_deduplication_id() {
    let plan = Plan { dead: vec![dead("a", Some("g")), dead("b", Some("g"))], ..Plan::default() };
    let (_, calls) = settled(plan, fine).await;
    let sent: Vec<_> = calls
        .iter()
        .map(|call| (&call.body["MessageGroupId"], &call.body["MessageDeduplicationId"]))
        .collect();
    assert_eq!(sent, [(&json!("g"), &json!("dedup-a")), (&json!("g"), &json!("dedup-b"))]);
}

#[tokio::test]
async fn what_comes_back_is_reported_and_hidden_for_its_delay() {
    let plan = Plan { retry: vec![retry("a", Some(1500)), retry("b", None)], ..Plan::default() };
    let (failures, calls) = settled(plan, fine).await;
    assert_eq!(failures, ["a", "b"]);
    assert_eq!(calls.len(), 1);
    assert_eq!(
        (calls[0].operation.as_str(), &calls[0].body),
        (
            "ChangeMessageVisibility",
            &json!({ "QueueUrl": "http://q/main", "ReceiptHandle": "receipt-a", "VisibilityTimeout": 2 })
        )
    );
}

#[tokio::test]
async fn what_can_not_be_sent_is_reported_and_a_delay_that_can_not_be_set_is_not() {
    let plan =
        Plan { done: vec!["x".into()], retry: vec![retry("a", Some(5000))], dead: vec![dead("b", None)] };
    let (failures, _) = settled(plan, broken).await;
    assert_eq!(failures, ["a", "b"]);
}

#[tokio::test]
async fn one_dead_record_that_can_not_be_sent_leaves_the_others_alone() {
    let plan = Plan { dead: (0..30).map(|n| dead(&format!("m{n}"), None)).collect(), ..Plan::default() };
    let (failures, calls) =
        settled(
            plan,
            |call| {
                if call.body["MessageBody"] == "body of m7" { broken(call) } else { fine(call) }
            },
        )
        .await;
    assert_eq!(failures, ["m7"]);
    assert_eq!(calls.len(), 30);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn exactly_what_lambda_must_not_delete_is_reported(
        done in 0_usize..4, delays in prop::collection::vec(prop::option::of(0_u64..99_999), 0..5),
        sendable in prop::collection::vec(any::<bool>(), 0..5), fifo in any::<bool>(),
    ) {
        let plan = Plan {
            done: (0..done).map(|n| format!("done-{n}")).collect(),
            retry: delays.iter().enumerate().map(|(n, delay)| retry(&format!("retry-{n}"), *delay)).collect(),
            dead: sendable
                .iter()
                .enumerate()
                .map(|(n, fine)| dead(&format!("{fine}-{n}"), fifo.then_some("g")))
                .collect(),
        };
        let expected: Vec<String> = plan
            .retry
            .iter()
            .map(|retry| retry.message_id.clone())
            .chain(plan.dead.iter().map(|dead| dead.message_id.clone()).filter(|id| id.starts_with("false")))
            .collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer = |call: &Call| {
            let body = call.body["MessageBody"].as_str().unwrap_or_default();
            if body.starts_with("body of false") { broken(call) } else { fine(call) }
        };
        let (failures, _) = runtime.block_on(settled(plan, answer));
        prop_assert_eq!(failures, expected);
    }
}
