//! How far a KUMA Core was asked: claims, leases and marks on a real engine.

use bridge_domain::{
    TargetId, Timestamp,
    alert::Status,
    outbox::{Change, Origin},
    pull::State,
    tenant::Tenant,
};
use serde_json::json;

use crate::support::{Engine, alert, alert_json};

fn at(seconds: i64) -> Timestamp {
    "2026-11-20T12:00:00Z".parse::<Timestamp>().unwrap().plus_seconds(seconds)
}

fn core() -> TargetId {
    "core".parse().unwrap()
}

#[tokio::test]
async fn of_many_schedules_at_once_one_queues_a_run() {
    let Engine { store, .. } = &Engine::start().await;
    let target = core();
    for (limit, now, won) in [(-60, 0, 1), (0, 30, 1), (-1, 31, 0), (30, 60, 1)] {
        let claims = (0..8).map(|_| store.claim_pull(&target, at(limit), at(now)));
        let claims = futures_util::future::join_all(claims).await;
        assert_eq!(claims.into_iter().filter(|claim| *claim == Ok(true)).count(), won, "{now}");
    }
    let states = store.pull_states(&[target.clone(), "other".parse().unwrap()]).await.unwrap();
    assert_eq!(states.len(), 1);
    assert_eq!(states[&target], State { claimed: Some(at(60)), ..State::default() });
}

#[tokio::test]
async fn one_run_at_a_time_and_who_lost_the_lease_changes_nothing() {
    let Engine { store, .. } = &Engine::start().await;
    let target = core();
    assert_eq!(store.begin_pull(&target, "one", at(0), at(300)).await.unwrap(), Some(State::default()));
    assert_eq!(store.begin_pull(&target, "two", at(299), at(600)).await.unwrap(), None);
    assert!(store.advance_pull(&target, "one", at(-60)).await.unwrap());
    assert!(store.walk_pull(&target, "one", at(1), Some("new#1")).await.unwrap());

    // The first one died, or took too long.
    let state = store.begin_pull(&target, "two", at(300), at(600)).await.unwrap().unwrap();
    assert_eq!((state.watermark, state.walk_at.as_deref()), (Some(at(-60)), Some("new#1")));
    assert!(!store.advance_pull(&target, "one", at(0)).await.unwrap());
    assert!(!store.walk_pull(&target, "one", at(1), None).await.unwrap());
    assert!(!store.end_pull(&target, "one", 0, None).await.unwrap());

    // A mark goes forward only.
    assert!(!store.advance_pull(&target, "two", at(-60)).await.unwrap());
    assert!(!store.advance_pull(&target, "two", at(-120)).await.unwrap());
    assert!(store.advance_pull(&target, "two", at(60)).await.unwrap());
    assert!(store.walk_pull(&target, "two", at(2), None).await.unwrap());
    assert!(store.end_pull(&target, "two", 3, Some(at(900))).await.unwrap());
    let state = store.begin_pull(&target, "three", at(301), at(600)).await.unwrap().unwrap();
    let expected = State {
        watermark: Some(at(60)),
        claimed: None,
        not_before: Some(at(900)),
        failures: 3,
        walk_began: Some(at(2)),
        walk_at: None,
    };
    assert_eq!(state, expected);
    assert!(store.end_pull(&target, "three", 0, None).await.unwrap());
    let states = store.pull_states(std::slice::from_ref(&target)).await.unwrap();
    assert_eq!(states[&target], State { not_before: None, failures: 0, ..expected });
}

#[tokio::test]
async fn open_alerts_are_walked_in_pieces_each_once() {
    let Engine { store, .. } = &Engine::start().await;
    let mut open = Vec::new();
    for n in 0..30_u32 {
        let mut value = alert_json(&format!("a{n:02}"), "t", n / 7);
        let status = Status::ALL[n as usize % 4];
        value["status"] = json!(status);
        if status != Status::Closed {
            open.push(format!("a{n:02}"));
        }
        let change = Change { origin: &Origin::Siem, routes: &[], now: at(0) };
        store.upsert(alert(&value), change).await.unwrap();
    }
    let tenant = "t".parse().unwrap();
    for limit in [1, 4, 22, 23, 100] {
        let (mut walked, mut next) = (Vec::new(), None::<String>);
        loop {
            let (ids, rest) = store.open_alerts(&tenant, next.as_deref(), limit).await.unwrap();
            assert!(ids.len() <= limit);
            walked.extend(ids.into_iter().map(|id| id.to_string()));
            next = rest;
            if next.is_none() {
                break;
            }
        }
        walked.sort_unstable();
        assert_eq!(walked, open, "in pieces of {limit}");
    }
    let ids = ["a00", "a01", "none"].map(|id| id.parse().unwrap());
    let known = store.known(&ids).await.unwrap();
    assert_eq!(known.len(), 2);
    let (tenant, head) = &known[&ids[0]];
    assert_eq!((tenant.as_str(), head.status, &head.fields["priority"]), ("t", Status::New, &json!("high")));
}

#[tokio::test]
async fn a_tenant_is_found_by_its_name_whatever_the_case() {
    let Engine { store, .. } = &Engine::start().await;
    let tenant: Tenant = serde_json::from_value(json!({
        "id": "t1", "name": "Головной Офис", "description": "", "main": false, "disabled": false,
        "created": "2026-01-01T00:00:00Z", "updated": "2026-01-01T00:00:00Z"
    }))
    .unwrap();
    store.create_tenant(&tenant).await.unwrap();
    let found = |name: &str| {
        let name = name.parse().unwrap();
        async move { store.tenant_named(&name).await.unwrap() }
    };
    assert_eq!(found(" головной ОФИС").await, Some(tenant.id.clone()));
    assert_eq!(found("Другой").await, None);
}
