//! The life of an incident.

use bridge_delivery::Message;
use bridge_domain::outbox::State;
use bridge_runtime::batch::Failure;

use super::*;

#[tokio::test]
async fn an_incident_is_made_changed_and_closed_with_its_alert() {
    let mut bench = Bench::start(json!({})).await;
    bench.take("a", 0, json!({})).await;
    let incident = bench.incident().await;
    assert_eq!((&incident["alertID"], &incident["closed"]), (&json!("a"), &json!(false)));
    assert_eq!(kinds(&incident), ["create"]);

    bench.take("a", 60, json!({"priority": "critical"})).await;
    let incident = bench.incident().await;
    assert_eq!(kinds(&incident), ["create", "update"]);
    assert_eq!(incident["fields"]["level"], "Критический");

    bench.close("a", "script").await;
    let incident = bench.incident().await;
    assert_eq!(kinds(&incident), ["create", "update", "update"]);
    assert_eq!(incident["closed"], true);

    let delivery = bench.world.delivery("a", &bench.target).await;
    let remote = delivery.remote.clone().unwrap();
    assert_eq!(incident["identifier"], remote.id);
    assert_eq!(remote.link, Some(format!("{}/incidents/{}", bench.irp.url, remote.id)));
    assert_eq!((delivery.state(bench.world.hand.now()), delivery.closed), (State::Delivered, true));
    assert!(bench.post.dead.is_empty());
    assert!(!bench.world.output.text().contains("canary"));
}

#[tokio::test]
async fn the_file_is_sent_again_only_when_something_in_it_changed() {
    let mut bench = Bench::start(json!({})).await;
    let event = |name: &str, raw: &str| json!([{"ID": "1", "Timestamp": 1, "Name": name, "Raw": raw}]);
    bench.take("a", 0, json!({"events": event("Login", "x")})).await;
    let files = |incident: Value| incident["files"].as_array().unwrap().len();
    bench.take("a", 1, json!({"events": event("Login", "x")})).await;
    bench.take("a", 2, json!({"events": event("Login", "y")})).await;
    assert_eq!(kinds(&bench.incident().await).len(), 3);
    assert_eq!(files(bench.incident().await), 1, "what is not sent is no reason to send");
    let more = json!({"events": [{"ID": "2", "Timestamp": 2, "Name": "Logout"}]});
    bench.take("a", 3, more).await;
    assert_eq!(files(bench.incident().await), 2);
    bench.close("a", "script").await;
    assert_eq!(files(bench.incident().await), 2);
}

#[tokio::test]
async fn what_is_opened_again_stays_open_and_still_gets_what_is_not_its_own_affair() {
    let fields = json!({"name": "NAME", "status": "STATUS", "assignee": "ASSIGNEE"});
    let mut bench = Bench::start(json!({ "fields": fields })).await;
    let tags = json!(["ALERT_ID", "ALERT_URL", "NAME", "STATUS", "ASSIGNEE"]);
    bench.irp.control.configure(&json!({ "fields": tags })).await.unwrap();
    bench.take("a", 0, json!({"name": "First"})).await;
    bench.close("a", "script").await;
    bench.irp.control.act(&json!({"act": "reopen", "alertID": "a"})).await.unwrap();

    bench.take("a", 60, json!({"name": "Second", "assignee": "Ivanov", "priority": "low"})).await;
    let incident = bench.incident().await;
    assert_eq!(incident["closed"], false);
    let fields = &incident["fields"];
    assert_eq!((&fields["NAME"], &fields["STATUS"]), (&json!("First"), &json!("closed")));
    assert_eq!((&fields["ASSIGNEE"], &fields["level"]), (&json!("Ivanov"), &json!("Низкий")));
    let last = last_fields(&incident);
    for settled in ["ALERT_ID", "NAME", "STATUS", "status"] {
        assert!(!last.contains(&settled), "{last:?}");
    }
    let alert = bench.world.store.found(&"a".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(alert.status.as_str(), "closed");
}

#[tokio::test]
async fn an_incident_that_is_there_is_found_and_not_made_again() {
    let mut bench = Bench::start(json!({})).await;
    bench.take("a", 0, json!({})).await;
    // The target is made anew, so nothing is known of what it was sent.
    let old = bench.world.store.target_by_id(&bench.target).await.unwrap().unwrap();
    bench.world.store.delete_target(&old).await.unwrap();
    let again = rvision_target("again", &bench.irp, &json!({}));
    bench.target = bench.world.add_target(&again, TOKEN, &bench.irp.ca_pem).await;
    bench.world.hand.pass(60);
    bench.take("a", 60, json!({})).await;
    assert_eq!(kinds(&bench.incident().await), ["create", "update"]);
    assert!(bench.world.delivery("a", &bench.target).await.remote.is_some());
}

#[tokio::test]
async fn a_deleted_incident_is_made_anew_also_for_a_closed_alert() {
    let mut bench = Bench::start(json!({})).await;
    bench.take("a", 0, json!({})).await;
    bench.irp.control.reset().await.unwrap();
    bench.take("a", 60, json!({})).await;
    assert_eq!(kinds(&bench.incident().await), ["create"]);
    bench.close("a", "script").await;
    bench.irp.control.reset().await.unwrap();
    bench.take("a", 120, json!({})).await;
    let incident = bench.incident().await;
    assert_eq!((kinds(&incident), &incident["closed"]), (vec!["create", "update"], &json!(true)));
}

#[tokio::test]
async fn an_alert_that_is_closed_when_it_comes_makes_a_closed_incident_in_two_steps() {
    let mut bench = Bench::start(json!({})).await;
    bench.take("a", 0, closed()).await;
    let incident = bench.incident().await;
    assert_eq!((kinds(&incident), &incident["closed"]), (vec!["create", "update"], &json!(true)));
}

#[tokio::test]
async fn messages_that_come_again_late_or_for_somebody_else_do_nothing() {
    let mut bench = Bench::start(json!({})).await;
    bench.take("a", 0, json!({})).await;
    let calls = bench.irp.control.history().await.unwrap().len();
    let message = |tenant: &str, alert: &str, target: &str| Message {
        tenant: tenant.parse().unwrap(),
        alert: alert.parse().unwrap(),
        target: target.parse().unwrap(),
        again: false,
    };
    for again in [false, true] {
        let repeated = Message { again, ..message("t", "a", "r") };
        assert_eq!(bench.engine.handle(&repeated).await, Ok(()));
    }
    assert_eq!(bench.engine.handle(&message("t", "a", "other")).await, Ok(()));
    for (tenant, alert) in [("other", "a"), ("t", "unknown")] {
        let refused = bench.engine.handle(&message(tenant, alert, "r")).await;
        assert!(matches!(refused, Err(Failure::Dead { .. })), "{refused:?}");
    }
    assert_eq!(bench.irp.control.history().await.unwrap().len(), calls);
}
