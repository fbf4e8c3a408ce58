//! The process dies at every point at which it waits for something.

use bridge_domain::outbox::State;
use bridge_world::{calm, cut};

use super::*;

/// One sweeper period and a lease, in seconds: all is made good within this.
const PATIENCE: u64 = 300 + 75 + 30;

/// Dies at the first wait, at the second and so on, each time with an alert of its own; `before` is
/// what was delivered of it in peace.
async fn die_everywhere(mut bench: Bench, before: Option<Value>, change: &Value) -> usize {
    for waits in 0.. {
        let id = format!("a-{waits}");
        if let Some(before) = &before {
            bench.take(&id, 0, before.clone()).await;
        }
        bench.world.take(alert(&id, 60, change)).await;
        bench.world.collect(&mut bench.post);
        let message = bench.post.letters[0].message.clone();
        let end = cut(bench.engine.handle(&message), waits).await;
        // What was on its way arrives.
        calm(&bench.irp.control).await;
        // Every other time the message itself is lost with the process.
        if waits % 2 == 0 {
            bench.post.letters.clear();
        } else {
            bench.post.letters[0].visible = bench.world.hand.now().plus_seconds(360);
        }
        bench.restart();
        bench.world.hand.pass(31);
        let patience = std::time::Duration::from_secs(PATIENCE);
        bench.world.run(&mut bench.post, &bench.engine, patience).await;
        check(&bench, &id, change, waits).await;
        bench.post.letters.clear();
        bench.world.hand.pass(600);
        if let Some(end) = end {
            end.unwrap();
            return waits;
        }
    }
    unreachable!()
}

async fn check(bench: &Bench, id: &str, change: &Value, waits: usize) {
    let mut of_alert = bench.incidents().await;
    of_alert.retain(|incident| incident["alertID"] == id);
    assert_eq!(of_alert.len(), 1, "after {waits} waits: {of_alert:?}");
    let incident = &of_alert[0];
    assert_eq!(incident["closed"], change["status"] == "closed", "after {waits} waits");
    assert_eq!(incident["fields"]["level"], "Низкий", "after {waits} waits");
    assert!(!incident["files"].as_array().unwrap().is_empty());
    let delivery = bench.world.delivery(id, &bench.target).await;
    let state = delivery.state(bench.world.hand.now());
    assert_eq!(state, State::Delivered, "after {waits} waits: {delivery:?}");
    assert_eq!(delivery.remote.unwrap().id, incident["identifier"].as_str().unwrap());
}

#[tokio::test]
async fn wherever_a_creation_with_its_closing_is_cut_off_there_is_one_closed_incident() {
    let change = json!({"priority": "low", "status": "closed", "closingReason": "responded"});
    let waits = Box::pin(die_everywhere(Bench::start(json!({})).await, None, &change)).await;
    assert!(waits > 5, "only {waits} points were tried");
}

#[tokio::test]
async fn wherever_a_change_is_cut_off_it_arrives() {
    let change = json!({"priority": "low"});
    let waits = Box::pin(die_everywhere(Bench::start(json!({})).await, Some(json!({})), &change)).await;
    assert!(waits > 5, "only {waits} points were tried");
}
