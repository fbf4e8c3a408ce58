//! What can go wrong with one request.

use bridge_domain::outbox::State;
use bridge_world::calm;

use super::*;

/// Each fault of the menu, once, for the first or a later write.
fn faults() -> Vec<Value> {
    let orders = [
        json!({"fault": "reset"}),
        json!({"fault": "reset_after_effect"}),
        json!({"fault": "hang"}),
        json!({"fault": "hang", "afterEffect": true}),
        json!({"fault": "status", "status": 503}),
        json!({"fault": "status", "status": 500}),
        json!({"fault": "status_after_effect", "status": 500}),
        json!({"fault": "status_after_effect", "status": 502}),
        json!({"fault": "error_body"}),
        json!({"fault": "truncate"}),
        json!({"fault": "drip", "bytes": 1, "everyMs": 300}),
        json!({"fault": "status", "status": 401}),
        json!({"fault": "status", "status": 429}),
    ];
    let mut all = Vec::new();
    for skip in [0, 1] {
        for mut order in orders.clone() {
            let more = json!({"method": "POST", "path": "/api/v2/incidents", "times": 1, "skip": skip});
            order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            all.push(order);
        }
    }
    all
}

#[tokio::test]
async fn whatever_happens_to_a_write_there_is_one_incident_and_it_is_closed() {
    let mut bench = Bench::start(json!({})).await;
    for (number, fault) in faults().into_iter().enumerate() {
        let id = format!("a-{number}");
        bench.irp.control.fault(&fault).await.unwrap();
        bench.world.take(alert(&id, 0, &closed())).await;
        bench.settle().await;
        calm(&bench.irp.control).await;
        let met = bench.irp.control.faults().await.unwrap();
        assert_eq!(met[0]["hits"], 1, "{fault}");
        bench.irp.control.clear_faults().await.unwrap();
        let mut of_alert = bench.incidents().await;
        of_alert.retain(|incident| incident["alertID"] == id.as_str());
        assert_eq!(of_alert.len(), 1, "{fault}: {of_alert:?}");
        assert_eq!(of_alert[0]["closed"], true, "{fault}");
        let delivery = bench.world.delivery(&id, &bench.target).await;
        assert_eq!(delivery.state(bench.world.hand.now()), State::Delivered, "{fault}");
        assert_eq!(delivery.remote.unwrap().id, of_alert[0]["identifier"].as_str().unwrap());
        assert!(delivery.closed);
        bench.world.hand.pass(600);
    }
    assert!(bench.post.dead.is_empty());
}

#[tokio::test]
async fn a_success_with_an_error_in_it_is_a_failure_and_given_up_after_five_attempts() {
    let mut bench = Bench::start(json!({})).await;
    let fault = json!({"fault": "error_body", "method": "POST"});
    bench.irp.control.fault(&fault).await.unwrap();
    bench.take("a", 0, json!({})).await;
    assert_eq!(bench.posts().await, 5);
    let delivery = bench.world.delivery("a", &bench.target).await;
    assert_eq!((delivery.state(bench.world.hand.now()), delivery.attempts), (State::Failed, 5));
    assert!(delivery.error.unwrap().contains("R-Vision refuses"), "why is told");
    let (message, _) = bench.post.dead.pop().unwrap();
    assert!(bench.post.dead.is_empty() && bench.incidents().await.is_empty());

    // The message alone does nothing more; a person's wish does.
    bench.engine.handle(&message).await.unwrap();
    assert_eq!(bench.posts().await, 5);
    bench.irp.control.clear_faults().await.unwrap();
    let again = bridge_delivery::Message { again: true, ..message };
    bench.engine.handle(&again).await.unwrap();
    assert_eq!(kinds(&bench.incident().await), ["create"]);
    assert_eq!(
        bench.world.delivery("a", &bench.target).await.state(bench.world.hand.now()),
        State::Delivered
    );
}

#[tokio::test]
async fn what_was_given_up_is_tried_again_when_the_alert_changes() {
    let mut bench = Bench::start(json!({})).await;
    bench.irp.control.fault(&json!({"fault": "error_body", "times": 5, "method": "POST"})).await.unwrap();
    bench.take("a", 0, json!({})).await;
    assert_eq!(bench.post.dead.len(), 1);
    bench.take("a", 1, json!({})).await;
    assert_eq!(kinds(&bench.incident().await), ["create"]);
}

#[tokio::test]
async fn a_wrong_token_is_waited_out_and_a_new_one_taken_at_once() {
    let mut bench = Bench::start(json!({})).await;
    bench.take("a", 0, json!({})).await;
    // Both sides get a new token: the one that is remembered is refused, and read again.
    bench.irp.control.configure(&json!({"token": "second"})).await.unwrap();
    bench.world.rotate(&bench.target, "second");
    bench.world.take(alert("a", 1, &json!({}))).await;
    bench.world.collect(&mut bench.post);
    let letter = bench.post.letters.pop().unwrap();
    bench.engine.handle(&letter.message).await.unwrap();
    assert_eq!(kinds(&bench.incident().await), ["create", "update"]);

    // R-Vision alone gets one: nothing works until somebody enters it here.
    bench.irp.control.configure(&json!({"token": "third"})).await.unwrap();
    bench.world.take(alert("a", 2, &json!({}))).await;
    bench.world.run(&mut bench.post, &bench.engine, std::time::Duration::from_mins(20)).await;
    let delivery = bench.world.delivery("a", &bench.target).await;
    assert_eq!(delivery.state(bench.world.hand.now()), State::Retrying);
    assert!(delivery.error.unwrap().contains("refuses the token"));
    bench.world.rotate(&bench.target, "third");
    bench.settle().await;
    assert_eq!(kinds(&bench.incident().await), ["create", "update", "update"]);
    assert!(bench.post.dead.is_empty());
}
