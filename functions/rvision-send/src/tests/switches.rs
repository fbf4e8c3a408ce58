//! Who is told what.

use bridge_domain::{
    outbox::State,
    target::{RVision as RVisionSettings, Settings},
};
use bridge_store::TenantChange;

use super::*;

async fn change(bench: &Bench, change: impl FnOnce(&mut RVisionSettings)) {
    let change = |target: &mut bridge_domain::target::Target| {
        let Settings::RVision(settings) = &mut target.settings else { panic!() };
        change(settings);
    };
    bench.world.change_target(&bench.target, change).await;
}

#[tokio::test]
async fn its_own_closing_is_not_told_back() {
    let mut bench = Bench::start(json!({"callerTokenID": "caller"})).await;
    bench.take("a", 0, json!({})).await;
    let posts = bench.posts().await;
    assert!(bench.world.close("a", bridge_domain::close::Reason::Responded, "caller").await.is_empty());
    bench.settle().await;
    assert_eq!(bench.posts().await, posts);
    // Nor later, with what changes then.
    bench.take("a", 60, json!({})).await;
    let incident = bench.incident().await;
    assert_eq!((kinds(&incident), &incident["closed"]), (vec!["create", "update"], &json!(false)));
}

#[tokio::test]
async fn targets_of_other_tenants_are_never_used() {
    let mut bench = Bench::start(json!({})).await;
    let other = RVision::start(Options::default()).await.unwrap();
    bench.world.add_tenant("t2", "Second").await;
    let settings = rvision_target("r2", &other, &json!({"tenantID": "t2", "company": "Main"}));
    bench.world.add_target(&settings, TOKEN, &other.ca_pem).await;
    bench.take("a", 0, json!({})).await;
    bench.take("b", 0, json!({"tenantID": "t2"})).await;
    let of = |incidents: Vec<Value>| incidents.iter().map(|one| one["alertID"].clone()).collect::<Vec<_>>();
    assert_eq!(of(bench.incidents().await), ["a"]);
    assert_eq!(of(incidents(&other).await), ["b"]);
}

#[tokio::test]
async fn what_waits_for_a_disabled_target_or_tenant_is_dropped() {
    let mut bench = Bench::start(json!({})).await;
    bench.world.take(alert("a", 0, &json!({}))).await;
    bench.world.change_target(&bench.target, |target| target.disabled = true).await;
    bench.settle().await;
    bench.world.take(alert("b", 0, &json!({}))).await;
    bench.settle().await;
    assert!(bench.world.outbox("b").await.deliveries.is_empty(), "nothing is owed to it at all");

    bench.world.change_target(&bench.target, |target| target.disabled = false).await;
    bench.world.take(alert("c", 0, &json!({}))).await;
    let disabled = TenantChange { disabled: Some(true), ..TenantChange::default() };
    let now = bench.world.hand.now();
    bench.world.store.change_tenant(&"t".parse().unwrap(), &disabled, now).await.unwrap();
    bench.world.hand.pass(11);
    bench.settle().await;
    for id in ["a", "c"] {
        let delivery = bench.world.delivery(id, &bench.target).await;
        assert_eq!(
            (delivery.state(bench.world.hand.now()), &delivery.remote),
            (State::Delivered, &None),
            "{id}"
        );
    }
    assert!(bench.irp.control.history().await.unwrap().is_empty());
}

#[tokio::test]
async fn without_send_alerts_only_known_alerts_follow() {
    let mut bench = Bench::start(json!({})).await;
    bench.take("known", 0, json!({})).await;
    change(&bench, |settings| settings.send_alerts = false).await;
    bench.take("new", 0, json!({})).await;
    bench.take("new", 1, json!({})).await;
    bench.take("known", 1, json!({})).await;
    assert_eq!(kinds(&bench.incident().await), ["create", "update"]);
}

#[tokio::test]
async fn without_send_changes_only_the_closing_follows() {
    let mut bench = Bench::start(json!({"sendChanges": false})).await;
    bench.take("a", 0, json!({})).await;
    bench.take("a", 1, json!({"priority": "low"})).await;
    assert_eq!(kinds(&bench.incident().await), ["create"]);
    bench.close("a", "script").await;
    let incident = bench.incident().await;
    assert_eq!((kinds(&incident), &incident["closed"]), (vec!["create", "update"], &json!(true)));
    assert_eq!(incident["fields"]["level"], "Низкий", "with it comes what was not sent before");
}

#[tokio::test]
async fn without_send_close_the_incident_stays_open() {
    let mut bench = Bench::start(json!({"sendClose": false})).await;
    bench.take("a", 0, json!({})).await;
    bench.close("a", "script").await;
    assert_eq!(kinds(&bench.incident().await), ["create"]);
    bench.take("a", 1, json!({})).await;
    bench.take("b", 0, closed()).await;
    let incidents = bench.incidents().await;
    assert!(incidents.iter().all(|incident| incident["closed"] == false), "{incidents:?}");
    assert_eq!(kinds(&incidents[0]), ["create", "update"]);
}
