//! Asking a KUMA Core for what no push brought.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    alerts::{alert, event_ids, text, with},
    kuma_core::{Core, ago, eventually, queue},
};

/// Every alert of ours: how many events, status and last event of each, by id.
async fn ours(core: &Core) -> BTreeMap<String, (usize, String, String)> {
    let mut all = BTreeMap::new();
    for page in 1.. {
        let alerts = core.user.search(&format!("withEvents&page={page}")).await;
        if alerts.is_empty() {
            return all;
        }
        for alert in alerts {
            let seen = (
                event_ids(&alert).len(),
                text(&alert, "status").to_owned(),
                text(&alert, "lastSeen").to_owned(),
            );
            // Twice, when the pages shift because more comes in.
            all.insert(text(&alert, "id").to_owned(), seen);
        }
    }
    all
}

/// The same of the Core.
async fn theirs(core: &Core) -> BTreeMap<String, (usize, String, String)> {
    let state = core.kuma.control.state().await.unwrap();
    let alerts = state["alerts"].as_array().unwrap().iter().map(|alert| {
        let events = usize::try_from(alert["events"].as_u64().unwrap()).unwrap();
        let seen = (events, text(alert, "status").to_owned(), text(alert, "lastSeen").to_owned());
        (text(alert, "id").to_owned(), seen)
    });
    alerts.collect()
}

#[tokio::test]
async fn nothing_is_missed_over_pages_of_one_moment_while_alerts_keep_coming_and_moving() {
    let mut core = Core::alone().await;
    // Two pages and more of one moment, a page around it, and what came since.
    let moment = ago(90);
    let mut alerts: Vec<Value> =
        (0..520).map(|_| core.alert(90, json!({"lastSeen": moment, "affectedAssets": []}))).collect();
    alerts.extend((0..80).map(|n| core.alert(80 + n / 4, json!({}))));
    core.kuma.control.put_alerts_silently(&json!(alerts)).await.unwrap();
    core.join(json!({})).await;
    let core = Arc::new(core);

    let stop = Arc::new(AtomicBool::new(false));
    let coming = tokio::spawn({
        let (core, stop) = (Arc::clone(&core), Arc::clone(&stop));
        let moved: Vec<String> = alerts.iter().step_by(9).map(|alert| text(alert, "id").to_owned()).collect();
        async move {
            for (n, id) in moved.iter().enumerate() {
                // Several at the very same time, one that becomes visible late, one that moves on.
                let new = [ago(0), ago(0), ago(4)].map(|at| core.alert(0, json!({"lastSeen": at})));
                core.kuma.control.put_alerts_silently(&json!(new)).await.unwrap();
                let events = json!([{"ID": format!("new{n}"), "Timestamp": 1_714_989_601_000_i64}]);
                let grow = json!({"act": "grow", "id": id, "events": events, "lastSeen": ago(0)});
                core.kuma.control.act(&grow).await.unwrap();
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    });
    core.pull().await;
    eventually("half of the alerts", || async { (ours(&core).await.len() > 300).then_some(()) }).await;
    stop.store(true, Ordering::Relaxed);
    coming.await.unwrap();
    let expected = theirs(&core).await;
    core.pull().await;
    eventually("every alert as it is there", || async {
        let seen = ours(&core).await;
        if seen != expected {
            core.pull().await;
        }
        (seen == expected).then_some(())
    })
    .await;

    // Nothing new: the lists are read and no alert is.
    let before = core.kuma.control.state().await.unwrap()["requests"].as_u64().unwrap();
    core.pull().await;
    let calls = eventually("another run", || async {
        let calls = core.kuma.control.history_since(before).await.unwrap();
        (!calls.is_empty() && core.state().await.watermark.is_some()).then_some(calls)
    })
    .await;
    assert!(calls.iter().all(|call| !call["query"].to_string().contains("withEvents")), "{calls:?}");
}

#[tokio::test]
async fn the_schedule_asks_a_core_that_is_due_and_only_alerts_of_the_tenant_come() {
    let mut core = Core::alone().await;
    let strangers = crate::alerts::uuid();
    let tenants = json!([
        {"id": core.kuma_tenant, "name": core.tenant.name}, {"id": strangers, "name": "Strangers"},
    ]);
    core.kuma.control.configure(&json!({ "tenants": tenants })).await.unwrap();
    let alerts = [
        core.alert(10, json!({})),
        core.alert(11, json!({"status": "closed", "closingReason": "responded"})),
        core.alert(23 * 60, json!({})),
        core.alert(10, json!({"tenantID": strangers})),
        core.alert(25 * 60, json!({})),
    ];
    core.kuma.control.put_alerts_silently(&json!(alerts)).await.unwrap();
    core.join(json!({})).await;
    for _ in 0..3 {
        queue(&core.tenant, &json!({"run": "all"})).await;
    }
    let expected: BTreeSet<String> = alerts[..3].iter().map(|alert| text(alert, "id").to_owned()).collect();
    eventually("a day's alerts", || async {
        (ours(&core).await.into_keys().collect::<BTreeSet<_>>() == expected).then_some(())
    })
    .await;
    assert_eq!(core.brought(text(&alerts[1], "id"), |_| true).await["closingReason"], "responded");
    assert!(core.state().await.claimed.is_some());
}

#[tokio::test]
async fn what_changed_without_an_event_long_ago_is_found_by_asking_for_open_alerts() {
    let mut core = Core::alone().await;
    // Known here for days, through another door.
    let days = 3 * 24 * 60;
    let (closed, assigned) = (core.alert(days, json!({})), core.alert(days, json!({})));
    let here = |there: &Value| {
        let mut here = with(&alert(&core.tenant), json!({"id": there["id"], "name": there["name"]}));
        here["firstSeen"] = there["firstSeen"].clone();
        here["lastSeen"] = there["lastSeen"].clone();
        here
    };
    core.user.ingest(&json!([here(&closed), here(&assigned)])).await.expect(202);
    let closed = with(&closed, json!({"status": "closed", "closingReason": "incorrect correlation rule"}));
    let assigned = with(&assigned, json!({"status": "assigned", "assignee": "somebody"}));
    core.kuma.control.put_alerts_silently(&json!([closed, assigned])).await.unwrap();

    core.join(json!({})).await;
    core.pull().await;
    let shown = core.brought(text(&closed, "id"), |alert| alert["status"] == "closed").await;
    assert_eq!(shown["closingReason"], "incorrect correlation rule");
    core.brought(text(&assigned, "id"), |alert| alert["assignee"] == "somebody").await;
}

#[tokio::test]
async fn the_mark_waits_while_the_core_fails_and_moves_on_after() {
    let mut core = Core::alone().await;
    let alerts: Vec<Value> = (0..4).map(|n| core.alert(30 + n, json!({}))).collect();
    core.kuma.control.put_alerts_silently(&json!(alerts)).await.unwrap();
    // The lists of 24 hours are answered, and two of the alerts.
    let fault = json!({"fault": "truncate", "path": "/api/v1/alerts", "skip": 26});
    core.kuma.control.fault(&fault).await.unwrap();
    core.join(json!({})).await;
    core.pull().await;
    eventually("the fault", || async {
        let faults = core.kuma.control.faults().await.unwrap();
        (faults[0]["hits"].as_u64().unwrap() > 0).then_some(())
    })
    .await;
    let state = eventually("the end of the failed run", || async {
        let state = core.state().await;
        (state.failures > 0).then_some(state)
    })
    .await;
    let oldest = text(&alerts[3], "lastSeen").parse().unwrap();
    assert!(state.watermark.unwrap() < oldest, "{state:?}");
    assert!(ours(&core).await.len() < alerts.len());

    core.kuma.control.clear_faults().await.unwrap();
    core.pull().await;
    eventually("every alert", || async { (ours(&core).await.len() == alerts.len()).then_some(()) }).await;
    eventually("the mark", || async {
        let state = core.state().await;
        (state.failures == 0 && state.watermark.is_some_and(|mark| mark > oldest)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_period_is_asked_for_on_demand() {
    let core = Core::new(json!({"pull": false})).await;
    let day = 24 * 60;
    let alerts = [5, 6, 7, 9].map(|days| core.alert(days * day, json!({})));
    core.kuma.control.put_alerts_silently(&json!(alerts)).await.unwrap();
    let place = format!("/bridge/v1/integrations/irp/{}/pull", core.id);
    let period = json!({"from": ago(8 * day), "to": ago(5 * day + 60)});
    core.tenant.admin.post(&place, &period).await.expect(202);
    let expected: BTreeSet<String> = alerts[1..3].iter().map(|alert| text(alert, "id").to_owned()).collect();
    eventually("the alerts of the period", || async {
        (ours(&core).await.into_keys().collect::<BTreeSet<_>>() == expected).then_some(())
    })
    .await;
    assert_eq!(core.state().await, bridge_domain::pull::State::default(), "polls go on where they were");
}
