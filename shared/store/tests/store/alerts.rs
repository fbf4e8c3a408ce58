//! Storing and closing alerts, raced and repeated.

use crate::support::{Engine, alert, alert_json, search};
use std::fmt::Write;

use bridge_domain::{
    Timestamp,
    access::Grants,
    close::Reason,
    outbox::{Change, Channel, Origin, Route},
};
use bridge_store::{Closed, Upserted};
use futures_util::future::join_all;
use serde_json::{Value, json};

async fn events_of(engine: &Engine, id: &str) -> Vec<Value> {
    let page =
        engine.store.search(&search(&format!("id={id}&withEvents")), &Grants::Everything).await.unwrap();
    let found = page.alerts.into_iter().next().unwrap();
    let (_, events) = engine.store.with_events(found).await.unwrap().unwrap();
    serde_json::from_str(&events).unwrap()
}

#[tokio::test]
async fn the_same_is_a_duplicate_and_news_are_an_update() {
    let engine = Engine::start().await;
    let first = alert(&alert_json("a", "t", 0));
    let later = alert(&alert_json("a", "t", 5));
    assert_eq!(engine.upsert(first.clone()).await.unwrap(), Upserted::Created);
    assert_eq!(engine.upsert(first.clone()).await.unwrap(), Upserted::Duplicate);
    assert_eq!(engine.upsert(later.clone()).await.unwrap(), Upserted::Updated);
    for late in [later, first] {
        assert_eq!(engine.upsert(late).await.unwrap(), Upserted::Duplicate);
    }
    assert_eq!(events_of(&engine, "a").await.len(), 2);
    assert_eq!(engine.items_of("a").await, ["ALERT"]);
}

#[tokio::test]
async fn an_older_message_changes_no_field_but_its_events_are_kept() {
    let engine = Engine::start().await;
    let mut newer = alert_json("a", "t", 9);
    newer["name"] = json!("New name");
    engine.upsert(alert(&newer)).await.unwrap();
    assert_eq!(engine.upsert(alert(&alert_json("a", "t", 1))).await.unwrap(), Upserted::Updated);
    let page = engine.store.search(&search("id=a"), &Grants::Everything).await.unwrap();
    assert_eq!(page.alerts[0].name.as_str(), "New name");
    assert_eq!(events_of(&engine, "a").await.len(), 2);
}

#[tokio::test]
async fn an_id_of_another_tenant_is_not_touched() {
    let engine = Engine::start().await;
    engine.upsert(alert(&alert_json("a", "t", 0))).await.unwrap();
    let foreign = alert(&alert_json("a", "other", 9));
    assert_eq!(engine.upsert(foreign).await.unwrap(), Upserted::OtherTenant);
    let page = engine.store.search(&search("id=a"), &Grants::Everything).await.unwrap();
    assert_eq!(page.alerts[0].tenant.as_str(), "t");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_equal_posts_one_creates() {
    let engine = Engine::start().await;
    let one = alert(&alert_json("a", "t", 0));
    let results = join_all((0..50).map(|_| engine.upsert(one.clone()))).await;
    let created = results.iter().filter(|r| matches!(r, Ok(Upserted::Created))).count();
    let duplicate = results.iter().filter(|r| matches!(r, Ok(Upserted::Duplicate))).count();
    assert_eq!((created, duplicate), (1, 49));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_event_of_thirty_racing_updates_is_lost() {
    let engine = Engine::start().await;
    let updates = (0..30).map(|minute| engine.upsert(alert(&alert_json("a", "t", minute))));
    assert!(join_all(updates).await.into_iter().all(|result| result.is_ok()));
    assert_eq!(events_of(&engine, "a").await.len(), 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_closings_one_closes_and_it_stays_closed() {
    let engine = Engine::start().await;
    engine.upsert(alert(&alert_json("a", "t", 0))).await.unwrap();
    let head = engine.store.alert_head(&"a".parse().unwrap()).await.unwrap().unwrap();
    let results = join_all((0..50).map(|_| engine.close(&head, Reason::Responded))).await;
    let now = results.iter().filter(|r| matches!(r, Ok(Closed::Now(_)))).count();
    let already = results.iter().filter(|r| matches!(r, Ok(Closed::Already))).count();
    assert_eq!((now, already), (1, 49));

    assert_eq!(engine.upsert(alert(&alert_json("a", "t", 30))).await.unwrap(), Upserted::Updated);
    let page = engine.store.search(&search("status=closed"), &Grants::Everything).await.unwrap();
    assert_eq!(page.alerts[0].closing_reason, "responded");
    assert_eq!(page.alerts[0].last_seen.to_string(), "2026-11-20T10:30:00.000Z");
    let open = engine.store.search(&search("status=new"), &Grants::Everything).await.unwrap();
    assert!(open.alerts.is_empty());
}

#[tokio::test]
async fn closing_what_is_not_there_finds_nothing() {
    let engine = Engine::start().await;
    assert!(engine.store.alert_head(&"a".parse().unwrap()).await.unwrap().is_none());
}

/// Events that do not compress: pseudo-random hexadecimal.
fn large(id: &str, minute: u32, events: u32, bytes: usize) -> Value {
    let mut value = alert_json(id, "t", minute);
    let mut state = 88_172_645_463_325_252_u64;
    let mut noise = || {
        let mut text = String::new();
        while text.len() < bytes {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            write!(text, "{state:016x}").unwrap();
        }
        text
    };
    let list: Vec<Value> = (0..events)
        .map(|n| json!({"ID": format!("{minute}-{n}"), "Timestamp": minute * 10_000 + n, "Raw": noise()}))
        .collect();
    value["events"] = Value::Array(list);
    value
}

#[tokio::test]
async fn a_large_alert_is_kept_in_chunks_and_old_chunks_go() {
    let engine = Engine::start().await;
    assert_eq!(engine.upsert(alert(&large("a", 0, 100, 16_000))).await.unwrap(), Upserted::Created);
    let before = engine.items_of("a").await;
    assert!(before.len() > 2, "{before:?}");
    assert_eq!(events_of(&engine, "a").await.len(), 100);

    assert_eq!(engine.upsert(alert(&large("a", 0, 100, 16_000))).await.unwrap(), Upserted::Duplicate);
    assert_eq!(engine.items_of("a").await, before);

    assert_eq!(engine.upsert(alert(&large("a", 1, 1, 16))).await.unwrap(), Upserted::Updated);
    assert_eq!(events_of(&engine, "a").await.len(), 101);
    let after = engine.items_of("a").await;
    assert_eq!(after.len(), before.len());
    assert!(after.iter().filter(|sk| before.contains(sk)).eq(["ALERT"].iter()), "{after:?}");
}

#[tokio::test]
async fn ten_thousand_events_are_the_most() {
    let engine = Engine::start().await;
    engine.upsert(alert(&large("a", 0, 9_000, 16))).await.unwrap();
    engine.upsert(alert(&large("a", 1, 2_000, 16))).await.unwrap();
    let page = engine.store.search(&search("id=a"), &Grants::Everything).await.unwrap();
    assert!(page.alerts[0].overflow);
    let events = events_of(&engine, "a").await;
    assert_eq!(events.len(), 10_000);
    assert_eq!(events[0]["ID"], "0-1000", "the oldest are the ones left out");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_siem_that_tells_of_a_closing_it_was_told_of_owes_nobody_anything() {
    let engine = Engine::start().await;
    let route = Route {
        target: "irp".parse().unwrap(),
        channel: Channel::RVision,
        alerts: true,
        changes: true,
        closes: true,
        caller: None,
    };
    let (siem, token) = (Origin::Siem, Origin::Token("k".parse().unwrap()));
    let change = |origin| Change { origin, routes: std::slice::from_ref(&route), now: Timestamp::MIN };
    let first = alert(&alert_json("a", "t", 0));
    let stored = engine.store.upsert(first, change(&siem)).await.unwrap();
    assert_eq!((stored.what, stored.queue.len()), (Upserted::Created, 1));
    let head = engine.store.alert_head(&"a".parse().unwrap()).await.unwrap().unwrap();
    let closed = engine.store.close(head, Reason::Responded, change(&token)).await.unwrap();
    assert!(matches!(closed, Closed::Now(queue) if queue.len() == 1));

    let mut news = alert_json("a", "t", 0);
    news["status"] = "closed".into();
    news["closingReason"] = "responded".into();
    let stored = engine.store.upsert(alert(&news), change(&siem)).await.unwrap();
    assert_eq!(stored.queue, []);
    news["assignee"] = "somebody".into();
    news["updatedAt"] = "2026-11-20T12:00:00Z".into();
    let stored = engine.store.upsert(alert(&news), change(&siem)).await.unwrap();
    assert_eq!((stored.what, stored.queue.len()), (Upserted::Updated, 1));
}
