//! The process dies at every point at which it waits for something.

use std::{collections::BTreeMap, sync::Arc};

use bridge_delivery::Message;
use bridge_domain::{AlertId, TargetId};
use bridge_runtime::{
    config::{Env, load_from},
    deadline::Deadline,
    http::{Answer, HttpError, Request},
};
use bridge_simulators::{Options, RVision};
use bridge_world::{KUMA_QUEUE, Post, RVISION_QUEUE, TENANT, World, cut, rvision_target};
use http::{HeaderMap, Method, header::AUTHORIZATION};
use serde_json::{Value, json};

use crate::{
    app::{App, Config},
    handler::handle,
};

/// The function as a new process has it.
async fn process(world: &World) -> Arc<App> {
    world.amazon.put_secret("admin", "first-token");
    let env = Env::from_pairs([
        ("LOG_LEVEL", "info"),
        ("STATE_TABLE", "State"),
        ("ADMIN_TOKEN_SECRET", "admin"),
        ("WEBHOOK_SECRET_PREFIX", "hooks/"),
        ("RVISION_QUEUE", RVISION_QUEUE),
        ("KUMA_QUEUE", KUMA_QUEUE),
        ("PULL_QUEUE", "http://queues/pull"),
    ]);
    let config = load_from(env, Config::read).map(|loaded| loaded.config).unwrap();
    Arc::new(App::connect(config, world.amazon.aws.clone()).await.unwrap())
}

fn request(world: &World, alerts: &Value) -> Request {
    let headers = HeaderMap::from_iter([(AUTHORIZATION, "Bearer first-token".parse().unwrap())]);
    Request {
        method: Method::POST,
        route: "POST /bridge/v1/alerts".to_owned(),
        path: "/bridge/v1/alerts".to_owned(),
        raw_query: String::new(),
        headers,
        path_parameters: BTreeMap::new(),
        body: alerts.to_string().into_bytes(),
        correlation_id: "c".to_owned(),
        received: world.hand.now(),
        deadline: Deadline::from_epoch_millis(u64::MAX),
    }
}

fn alerts(ids: &[String]) -> Value {
    let alert = |id: &String| {
        json!({
            "id": id, "tenantID": TENANT, "name": "n", "priority": "low", "firstSeen": "2026-11-20T09:30:00Z",
            "lastSeen": "2026-11-20T09:30:00Z", "events": [{"ID": "1", "Timestamp": 1}],
        })
    };
    ids.iter().map(alert).collect()
}

/// A bridge with a target; the simulator lends it an address and is never called.
async fn world() -> (World, TargetId) {
    let (world, irp) = (World::start().await, RVision::start(Options::default()).await.unwrap());
    let target = world.add_target(&rvision_target("r", &irp, &json!({})), "t", &irp.ca_pem).await;
    (world, target)
}

/// The alerts that were queued since the last time.
async fn queued(world: &World) -> Vec<Message> {
    world.sweep().await;
    let mut post = Post::default();
    world.collect(&mut post);
    post.letters.into_iter().map(|letter| letter.message).collect()
}

fn accepted(answer: Result<Answer, HttpError>) {
    let told = format!("{:?}", answer.unwrap());
    assert!(told.contains("status: 202"), "{told}");
}

#[tokio::test]
async fn wherever_it_dies_nothing_is_lost_and_nothing_is_there_twice() {
    let (world, target) = world().await;
    for waits in 0.. {
        let ids = [format!("a-{waits}"), format!("b-{waits}")];
        let body = alerts(&ids);
        let app = process(&world).await;
        let end = cut(handle(app, request(&world, &body)), waits).await;
        world.amazon.calm().await;
        let at_once = {
            let mut post = Post::default();
            world.collect(&mut post);
            post.letters
        };
        // What is stored is owed, and found by the next sweep, whether or not the sender comes again.
        world.hand.pass(31);
        let later = queued(&world).await;
        for id in &ids {
            let id: AlertId = id.parse().unwrap();
            if world.store.found(&id).await.unwrap().is_some() {
                let there = at_once.iter().any(|letter| letter.message.alert == id)
                    || later.iter().any(|message| message.alert == id && message.target == target);
                assert!(there, "{id} is stored and not queued");
            }
        }
        // It does: nobody told it that the request was taken.
        accepted(handle(process(&world).await, request(&world, &body)).await);
        world.hand.pass(31);
        let last = queued(&world).await;
        for id in &ids {
            let outbox = world.outbox(id).await;
            assert_eq!((outbox.content, outbox.deliveries.len()), (1, 1), "{id} was taken once");
            let there = at_once.iter().map(|letter| &letter.message).chain(&later).chain(&last);
            assert!(there.filter(|message| message.alert.as_str() == id).count() >= 1, "{id} is queued");
        }
        if let Some(end) = end {
            accepted(end);
            assert!(waits > 5, "only {waits} points were tried");
            return;
        }
    }
}

#[tokio::test]
async fn alerts_are_taken_while_the_queues_are_away() {
    let (world, _) = world().await;
    world.amazon.break_queues(true);
    let ids = ["a".to_owned(), "b".to_owned()];
    accepted(handle(process(&world).await, request(&world, &alerts(&ids))).await);
    world.amazon.break_queues(false);
    assert!(queued(&world).await.is_empty(), "their messages have some time first");
    world.hand.pass(31);
    assert_eq!(queued(&world).await.len(), 2);
}
