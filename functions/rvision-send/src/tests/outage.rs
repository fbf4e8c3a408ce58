//! An R-Vision that is away, or wants to be left alone.

use std::time::{Duration, Instant};

use bridge_domain::outbox::State;
use bridge_store::Upserted;

use super::*;

#[tokio::test]
async fn an_hour_without_r_vision_loses_nothing_and_costs_few_calls() {
    let mut bench = Bench::start(json!({})).await;
    bench.irp.control.fault(&json!({"fault": "reset"})).await.unwrap();
    for minute in 0..60 {
        let next = bench.world.hand.now().plus_seconds(60);
        let what = bench.world.take(alert(&format!("a-{minute}"), minute, &json!({}))).await;
        assert_eq!(what, Upserted::Created, "alerts are taken all the same");
        bench.world.run(&mut bench.post, &bench.engine, Duration::from_secs(59)).await;
        bench.world.hand.reach(next);
    }
    let calls = bench.irp.control.history().await.unwrap().len();
    // Five open the circuit; from then on one asks at growing intervals of up to five minutes.
    assert!((5..=30).contains(&calls), "{calls} calls");
    assert!(bench.incidents().await.is_empty() && bench.post.dead.is_empty());

    bench.irp.control.clear_faults().await.unwrap();
    let back = bench.world.hand.now();
    bench.settle().await;
    let took = back.until(bench.world.hand.now());
    assert!(took <= Duration::from_mins(25), "all was delivered {took:?} after it was back");
    let incidents = bench.incidents().await;
    assert_eq!(incidents.len(), 60);
    for minute in 0..60 {
        let id = format!("a-{minute}");
        assert_eq!(incidents.iter().filter(|incident| incident["alertID"] == id).count(), 1);
        let delivery = bench.world.delivery(&id, &bench.target).await;
        assert_eq!(delivery.state(bench.world.hand.now()), State::Delivered);
    }
}

#[tokio::test]
async fn queues_that_are_away_lose_nothing_either() {
    let mut bench = Bench::start(json!({})).await;
    bench.world.amazon.break_queues(true);
    for number in 0..5 {
        bench.world.take(alert(&format!("a-{number}"), 0, &json!({}))).await;
    }
    bench.world.run(&mut bench.post, &bench.engine, Duration::from_mins(10)).await;
    assert!(bench.incidents().await.is_empty());
    bench.world.amazon.break_queues(false);
    bench.settle().await;
    assert_eq!(bench.incidents().await.len(), 5);
}

#[tokio::test]
async fn a_wish_to_be_left_alone_is_obeyed_for_every_alert() {
    let mut bench = Bench::start(json!({})).await;
    let fault = json!({"fault": "status", "status": 429, "retryAfter": 120, "times": 1});
    bench.irp.control.fault(&fault).await.unwrap();
    let asked = bench.world.hand.now();
    for id in ["a", "b", "c"] {
        bench.world.take(alert(id, 0, &json!({}))).await;
    }
    bench.world.run(&mut bench.post, &bench.engine, Duration::from_secs(119)).await;
    assert_eq!(bench.irp.control.history().await.unwrap().len(), 1);
    assert!(
        bench.post.letters.iter().all(|letter| letter.visible >= asked.plus_seconds(120)),
        "{:?}",
        bench.post
    );
    bench.settle().await;
    assert_eq!(bench.incidents().await.len(), 3);
}

#[tokio::test]
async fn more_than_the_rate_waits_and_does_not_fail() {
    let mut bench = Bench::start(json!({"requestsPerSecond": 20})).await;
    for number in 0..30 {
        bench.world.take(alert(&format!("a-{number}"), 0, &json!({}))).await;
    }
    bench.world.collect(&mut bench.post);
    let letters = std::mem::take(&mut bench.post.letters);
    assert_eq!(letters.len(), 30);
    let started = Instant::now();
    let all = letters.iter().map(|letter| bench.engine.handle(&letter.message));
    for end in futures_util::future::join_all(all).await {
        end.unwrap();
    }
    assert!(started.elapsed() >= Duration::from_millis(1400), "30 in {:?}", started.elapsed());
    assert_eq!(bench.incidents().await.len(), 30);
}
