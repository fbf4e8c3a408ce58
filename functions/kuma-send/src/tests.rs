//! The function as it is, against a KUMA Core over TLS and tables in a real engine.

use std::time::Duration;

use bridge_delivery::Engine;
use bridge_domain::{TargetId, close::Reason, outbox::State};
use bridge_simulators::{KumaCore as Simulator, Options, Running};
use bridge_world::{Post, TENANT, World, alert, calm, cut, kuma_target};
use serde_json::{Value, json};

use crate::handler::KumaCore;

/// A bridge with one KUMA Core.
struct Bench {
    world: World,
    core: Running,
    target: TargetId,
    engine: Engine<KumaCore>,
    post: Post,
}

impl Bench {
    async fn start() -> Self {
        let (world, core) = (World::start().await, Simulator::start(Options::default()).await.unwrap());
        let tenants = json!({"tenants": [{"id": TENANT, "name": "Main"}]});
        core.control.configure(&tenants).await.unwrap();
        let target = world.add_target(&kuma_target("k", &core, &json!({})), "kuma-token", &core.ca_pem).await;
        let engine = world.sender("kuma-send", KumaCore::new);
        Self { world, core, target, engine, post: Post::default() }
    }

    /// An alert that lies on both sides.
    async fn alert(&self, id: &str) {
        let there = json!({
            "id": id, "tenantID": TENANT, "firstSeen": "2026-11-20T09:30:00Z", "lastSeen": "2026-11-20T09:30:00Z",
        });
        self.core.control.put_alerts_silently(&there).await.unwrap();
        self.world.take(alert(id, 0, &json!({}))).await;
    }

    /// An IRP closes an alert here.
    async fn close(&mut self, id: &str, reason: Reason) {
        assert_eq!(self.world.close(id, reason, "irp").await.len(), 1);
        self.world.collect(&mut self.post);
    }

    async fn settle(&mut self) {
        self.world.settle(&mut self.post, &self.engine).await;
    }

    /// Closings that the Core was asked for.
    async fn asked(&self) -> Vec<Value> {
        self.core.control.state().await.unwrap()["closes"].as_array().unwrap().clone()
    }

    async fn state(&self, id: &str) -> State {
        self.world.delivery(id, &self.target).await.state(self.world.hand.now())
    }
}

#[tokio::test]
async fn what_an_irp_closed_is_closed_in_kuma_with_its_reason() {
    let mut bench = Bench::start().await;
    for reason in Reason::ALL {
        let id = reason.as_str().replace(' ', "-");
        bench.alert(&id).await;
        bench.close(&id, reason).await;
        bench.settle().await;
        let last = bench.asked().await.pop().unwrap();
        assert_eq!(
            (&last["id"], &last["reason"], &last["status"]),
            (&json!(id), &json!(reason.as_str()), &json!(204))
        );
        let delivery = bench.world.delivery(&id, &bench.target).await;
        assert_eq!((delivery.closed, delivery.remote.unwrap().id), (true, id));
    }
    assert_eq!(bench.asked().await.len(), 3);
}

#[tokio::test]
async fn what_a_siem_closed_is_no_news_to_kuma() {
    let mut bench = Bench::start().await;
    let closed = json!({"status": "closed", "closingReason": "responded"});
    bench.world.take(alert("a", 0, &closed)).await;
    bench.settle().await;
    assert!(bench.world.outbox("a").await.deliveries.is_empty());
    assert!(bench.asked().await.is_empty());
}

#[tokio::test]
async fn what_is_closed_there_already_is_done() {
    let mut bench = Bench::start().await;
    bench.alert("a").await;
    let act = json!({"act": "close", "id": "a", "reason": "incorrect data"});
    bench.core.control.act(&act).await.unwrap();
    bench.close("a", Reason::Responded).await;
    bench.settle().await;
    let asked = bench.asked().await;
    assert_eq!((asked.len(), &asked[0]["status"]), (1, &json!(406)));
    assert_eq!(bench.state("a").await, State::Delivered);
    assert!(bench.post.dead.is_empty());
}

#[tokio::test]
async fn an_alert_of_another_siem_is_none_of_its_business() {
    let mut bench = Bench::start().await;
    bench.world.take(alert("a", 0, &json!({}))).await;
    bench.close("a", Reason::Responded).await;
    bench.settle().await;
    assert_eq!(bench.asked().await[0]["status"], 404);
    let delivery = bench.world.delivery("a", &bench.target).await;
    assert_eq!((delivery.state(bench.world.hand.now()), delivery.closed), (State::Delivered, false));
    assert!(bench.post.dead.is_empty());
}

#[tokio::test]
async fn a_correlator_that_does_not_run_is_waited_for() {
    let mut bench = Bench::start().await;
    bench.core.control.configure(&json!({"correlatorDown": 7})).await.unwrap();
    bench.alert("a").await;
    bench.close("a", Reason::Responded).await;
    bench.settle().await;
    let asked = bench.asked().await;
    assert_eq!((asked.len(), &asked[7]["status"]), (8, &json!(204)));
    assert_eq!(bench.state("a").await, State::Delivered);
}

#[tokio::test]
async fn after_a_day_without_a_correlator_a_person_has_to_look() {
    let mut bench = Bench::start().await;
    bench.core.control.configure(&json!({"correlatorDown": 1_000_000})).await.unwrap();
    bench.alert("a").await;
    bench.close("a", Reason::Responded).await;
    bench.world.run(&mut bench.post, &bench.engine, Duration::from_hours(23)).await;
    assert_eq!(bench.state("a").await, State::Retrying);
    bench.world.run(&mut bench.post, &bench.engine, Duration::from_hours(2)).await;
    assert_eq!(bench.state("a").await, State::Failed);
    assert_eq!(bench.post.dead.len(), 1);
    assert!(bench.post.dead[0].1.contains("correlator"), "{:?}", bench.post.dead);
    let calls = bench.asked().await.len();
    assert!((24..=150).contains(&calls), "{calls} calls");

    // A person sees to it and tries again.
    bench.core.control.configure(&json!({"correlatorDown": 0})).await.unwrap();
    bench.world.hand.pass(600);
    let (message, _) = bench.post.dead.pop().unwrap();
    bench.engine.handle(&bridge_delivery::Message { again: true, ..message }).await.unwrap();
    assert_eq!(bench.state("a").await, State::Delivered);
}

#[tokio::test]
async fn whatever_happens_to_the_call_the_alert_is_closed_once() {
    let mut bench = Bench::start().await;
    let orders = [
        json!({"fault": "reset_after_effect"}),
        json!({"fault": "hang", "afterEffect": true}),
        json!({"fault": "status_after_effect", "status": 502}),
        json!({"fault": "truncate"}),
        json!({"fault": "status", "status": 429}),
        json!({"fault": "status", "status": 403}),
    ];
    for (number, mut order) in orders.into_iter().enumerate() {
        order["times"] = 1.into();
        bench.core.control.fault(&order).await.unwrap();
        let id = format!("a-{number}");
        bench.alert(&id).await;
        bench.close(&id, Reason::Responded).await;
        bench.settle().await;
        check_closed_once(&bench, &id, &order.to_string()).await;
        bench.core.control.clear_faults().await.unwrap();
        bench.world.hand.pass(600);
    }
}

#[tokio::test]
async fn wherever_the_process_dies_the_alert_is_closed_once() {
    let mut bench = Bench::start().await;
    for waits in 0.. {
        let id = format!("a-{waits}");
        bench.alert(&id).await;
        bench.close(&id, Reason::IncorrectData).await;
        let message = bench.post.letters[0].message.clone();
        let end = cut(bench.engine.handle(&message), waits).await;
        // What was on its way arrives; the message is lost, and the sweeper finds what is owed.
        calm(&bench.core.control).await;
        bench.post.letters.clear();
        bench.engine = bench.world.sender("kuma-send", KumaCore::new);
        bench.world.hand.pass(76);
        bench.world.run(&mut bench.post, &bench.engine, Duration::from_mins(5)).await;
        check_closed_once(&bench, &id, &format!("after {waits} waits")).await;
        bench.world.hand.pass(600);
        if let Some(end) = end {
            end.unwrap();
            assert!(waits > 5, "only {waits} points were tried");
            return;
        }
    }
}

async fn check_closed_once(bench: &Bench, id: &str, when: &str) {
    let asked = bench.asked().await;
    let done = asked.iter().filter(|close| close["id"] == id && close["status"] == 204).count();
    assert_eq!(done, 1, "{when}: {asked:?}");
    assert_eq!(bench.state(id).await, State::Delivered, "{when}");
    assert!(bench.post.dead.is_empty(), "{when}");
}
