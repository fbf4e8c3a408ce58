//! Batches of queue messages with bodies that somebody else wrote.

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use bridge_domain::{AlertId, Timestamp};
use bridge_runtime::{
    batch::{BatchError, Failure, Options, Order, run},
    deadline::Deadline,
};
use proptest::{collection::vec, prelude::*};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{config, edge::block_on, mutation::mutated_text, seeds::texts};

/// A message as a consumer of the bridge would have it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    alert: AlertId,
    at: Timestamp,
    #[serde(default)]
    list: Vec<u32>,
    #[serde(default)]
    raw: Option<Box<RawValue>>,
}

/// Stands in every body for what must not be logged.
const CANARY: &str = "CANARY-7";

static BODIES: std::sync::LazyLock<Vec<Vec<u8>>> = std::sync::LazyLock::new(|| {
    texts(&[
        r#"{"alert":"CANARY-7","at":"2026-11-20T10:00:00Z"}"#,
        r#"{"alert":"a","at":"2026-11-20T10:00:00Z","list":[1,2,3],"raw":{"CANARY-7":["CANARY-7"]}}"#,
        r#"{"alert":"a","at":"CANARY-7","CANARY-7":1}"#,
        "CANARY-7",
    ])
});

fn event(messages: &[(Option<String>, String)]) -> SqsEvent {
    let mut event = SqsEvent::default();
    event.records = messages
        .iter()
        .map(|(id, body)| {
            let mut message = SqsMessage::default();
            message.message_id.clone_from(id);
            message.body = Some(body.clone());
            message
        })
        .collect();
    event
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn one_bad_body_never_sinks_its_neighbours(bodies in vec(mutated_text(&BODIES, 2), 0..8), fifo in any::<bool>()) {
        let messages: Vec<_> =
            bodies.iter().enumerate().map(|(n, body)| (Some(format!("m{n}")), body.clone())).collect();
        let order = if fifo { Order::Fifo } else { Order::Standard { concurrency: 3 } };
        let options = Options { order, deadline: Deadline::at(Timestamp::MAX), reserve: std::time::Duration::ZERO };
        let handle = |message: Message, _| async move {
            let raw = message.raw.map_or(0, |raw| raw.get().len());
            if message.at == Timestamp::MIN && message.list.len() + raw > 1_000_000 {
                return Err(Failure::Dead { reason: message.alert.to_string().into() });
            }
            Ok(())
        };
        let plan = block_on(run(event(&messages), options, handle)).unwrap();
        prop_assert!(plan.retry.is_empty());
        let (mut done, mut dead) = (Vec::new(), Vec::new());
        for (n, body) in bodies.iter().enumerate() {
            let list = if serde_json::from_str::<Message>(body).is_ok() { &mut done } else { &mut dead };
            list.push(format!("m{n}"));
        }
        prop_assert_eq!(&plan.done, &done);
        prop_assert_eq!(plan.dead.iter().map(|dead| dead.message_id.clone()).collect::<Vec<_>>(), dead);
        for (dead, body) in plan.dead.iter().map(|dead| (dead, &bodies[index(&dead.message_id)])) {
            prop_assert_eq!(&dead.body, body);
            prop_assert!(!dead.reason.contains(CANARY), "{}", dead.reason);
        }
    }

    #[test]
    fn a_batch_without_proper_ids_fails_whole(ids in vec(prop::option::of("[ab ]{0,2}"), 0..5)) {
        let messages: Vec<_> = ids.iter().map(|id| (id.clone(), "CANARY-7".to_owned())).collect();
        let options = Options {
            order: Order::Fifo,
            deadline: Deadline::at(Timestamp::MAX),
            reserve: std::time::Duration::ZERO,
        };
        let result = block_on(run(event(&messages), options, |_: Message, _| async { Ok(()) }));
        let first_bad = ids.iter().enumerate().find_map(|(position, id)| match id {
            None => Some(BatchError::MissingId { position }),
            Some(id) if id.trim().is_empty() => Some(BatchError::MissingId { position }),
            Some(_) if ids[..position].contains(id) => Some(BatchError::DuplicateId { position }),
            Some(_) => None,
        });
        prop_assert_eq!(result.err(), first_bad);
    }
}

fn index(message_id: &str) -> usize {
    message_id[1..].parse().unwrap()
}
