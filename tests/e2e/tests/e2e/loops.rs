//! Closing on any side closes the others, once and without an echo.

use serde_json::{Value, json};

use crate::{
    alerts::{alert, text, uuid, with},
    irp::{Irp, detail, names},
    kuma_core::{Core, ago, eventually, integrate},
    tenant::{Tenant, of},
    world::User,
};

/// The connector's calls, once there are so many.
async fn calls(irp: &Irp, count: usize) -> Vec<Value> {
    eventually(&format!("{count} calls of the playbook"), || async {
        let state = irp.vision.control.state().await.unwrap();
        let calls = state["calls"].as_array().unwrap().clone();
        (calls.len() == count && state["idle"] == true).then_some(calls)
    })
    .await
}

/// What KUMA was asked to close, once there is something.
async fn closes(core: &Core, count: usize) -> Vec<Value> {
    eventually(&format!("{count} closes in KUMA"), || async {
        let state = core.kuma.control.state().await.unwrap();
        let closes = state["closes"].as_array().unwrap().clone();
        (closes.len() >= count && state["idle"] == true).then_some(closes)
    })
    .await
}

async fn closed(user: &User, id: &str) -> Value {
    eventually(&format!("alert {id} closed"), || async {
        Some(detail(user, id).await).filter(|alert| alert["status"] == "closed")
    })
    .await
}

async fn settled(user: &User, id: &str) {
    eventually(&format!("nothing more to deliver of {id}"), || async {
        let whole = detail(user, id).await;
        let mut all = whole["deliveries"].as_array().unwrap().iter();
        all.all(|delivery| delivery["state"] == "delivered").then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_incident_closed_in_one_r_vision_closes_the_alert_the_other_and_kuma() {
    let core = Core::new(json!({"pull": false})).await;
    core.push_by("multipart").await;
    let (tenant, user) = (&core.tenant, &core.user);
    let first = Irp::closing(tenant, json!({})).await;
    let second = Irp::closing(tenant, json!({})).await;
    let pushed = core.alert(5, json!({}));
    let id = text(&pushed, "id");
    core.kuma.control.put_alerts(&pushed).await.unwrap();
    for irp in [&first, &second] {
        irp.incident(id, |_| true).await;
        let shown = irp.delivered(user, id).await;
        assert!(!text(&shown, "remoteID").is_empty(), "{shown}");
    }
    let link = text(&first.incident(id, |_| true).await["fields"], "ALERT_URL").to_owned();
    assert!(link.ends_with(&format!(":7220/alerts/{id}")), "{link}");

    let before = first.vision.control.state().await.unwrap()["requests"].as_u64().unwrap();
    first.act("close", id).await;
    let whole = closed(user, id).await;
    assert_eq!(
        (text(&whole, "closingReason"), text(&whole["closedBy"], "kind")),
        ("incorrect data", "token")
    );
    assert_eq!(whole["closedBy"]["tokenID"], first.settings["callerTokenID"]);
    second.incident(id, |incident| incident["closed"] == true).await;
    let close = &closes(&core, 1).await[0];
    assert_eq!((&close["id"], &close["status"]), (&json!(id), &json!(204)));
    assert_eq!(text(close, "reason").to_lowercase(), "incorrect data");
    // The playbook of the second one starts as well: it is told that there is nothing left to close.
    assert_eq!(calls(&second, 1).await[0]["status"], 406);
    assert_eq!(calls(&first, 1).await[0]["status"], 204);
    // KUMA pushes the alert that it closed, which brings nothing new.
    settled(user, id).await;
    core.brought(id, |alert| alert["status"] == "closed").await;

    // Re-opened there, it leaves the alert closed; what still comes is mirrored, but for its id, name
    // and status.
    first.act("reopen", id).await;
    let later = with(
        &alert(tenant),
        json!({"id": id, "name": "Renamed", "priority": "critical", "firstSeen": pushed["firstSeen"], "lastSeen": ago(1)}),
    );
    user.ingest(&later).await.expect(202);
    let changed = first.incident(id, |incident| incident["fields"]["level"] == "Критический").await;
    assert_eq!((&changed["closed"], &changed["fields"]["status"]), (&json!(false), &json!("Открыт")));
    assert_eq!(changed["fields"]["ALERT_NAME"], "Brute force");
    let written = changed["writes"].as_array().unwrap().last().unwrap();
    for name in ["ALERT_ID", "ALERT_NAME", "ALERT_STATUS", "status"] {
        assert!(!names(&written["fields"]).contains(&name), "{written}");
    }
    assert_eq!(user.alert(id).await["status"], "closed");

    // Closed once more, its playbook is refused, and nobody is told.
    first.act("close", id).await;
    assert_eq!(calls(&first, 2).await[1]["status"], 406);
    settled(user, id).await;
    let told = first.vision.control.history_since(before).await.unwrap();
    let posts: Vec<&Value> = told.iter().filter(|call| call["method"] == "POST").collect();
    assert_eq!(posts.len(), 1, "the later change and nothing else: {posts:?}");
    assert_eq!(closes(&core, 1).await.len(), 1);
    assert_eq!(calls(&second, 1).await.len(), 1);
}

/// A KUMA Core with two tenants, and an R-Vision for each.
#[tokio::test]
async fn one_kuma_feeds_two_tenants_and_learns_what_their_analysts_closed() {
    let core = Core::new(json!({"pull": false})).await;
    let other = Tenant::on(&core.tenant.admin.world).await;
    let other_there = uuid();
    let tenants = json!([
        {"id": core.kuma_tenant, "name": core.tenant.name.to_uppercase()}, {"id": other_there, "name": other.name},
    ]);
    core.kuma.control.configure(&json!({ "tenants": tenants })).await.unwrap();
    integrate(&other, &core.kuma, json!({"pull": false})).await;
    let pusher = of(&[&core.tenant, &other], "operator").await;
    let stack = &pusher.world.stack;
    let push = json!({
        "url": stack.url, "token": pusher.token, "ca": stack.ca, "form": "urlencoded",
        "alertIDField": "ALERT_ID", "alertURLField": "ALERT_URL",
    });
    core.kuma.control.configure(&json!({ "irp": push })).await.unwrap();
    let ours = Irp::closing(&core.tenant, json!({})).await;
    let theirs = Irp::closing(&other, json!({})).await;
    let (user, stranger) = (&core.user, other.analyst().await);

    let one = core.alert(5, json!({}));
    let two = core.alert(4, json!({"tenantID": other_there}));
    let (one_id, two_id) = (text(&one, "id"), text(&two, "id"));
    core.kuma.control.put_alerts(&json!([one, two])).await.unwrap();
    let incident = ours.incident(one_id, |_| true).await;
    assert_eq!(incident["fields"]["company"], core.tenant.name);
    assert_eq!(theirs.incident(two_id, |_| true).await["fields"]["company"], other.name);
    ours.delivered(user, one_id).await;
    theirs.delivered(&stranger, two_id).await;

    // Closed by an analyst: KUMA has the reason.
    theirs.act("close", two_id).await;
    let close = &closes(&core, 1).await[0];
    assert_eq!((text(close, "id"), &*text(close, "reason").to_lowercase()), (two_id, "incorrect data"));
    assert_eq!(closed(&stranger, two_id).await["closingReason"], "incorrect data");

    // A false positive closed in KUMA closes the incident, and does not come back to KUMA.
    let act = json!({"act": "close", "id": one_id, "reason": "incorrect correlation rule"});
    core.kuma.control.act(&act).await.unwrap();
    let incident = ours.incident(one_id, |incident| incident["closed"] == true).await;
    assert_eq!(incident["fields"]["ALERT_STATUS"], "closed");
    let whole = closed(user, one_id).await;
    assert_eq!(text(&whole, "closingReason"), "incorrect correlation rule");
    assert_eq!(whole["closedBy"], json!({"kind": "kuma-core", "targetID": core.id}));
    assert_eq!(calls(&ours, 1).await[0]["status"], 406);
    settled(user, one_id).await;
    settled(&stranger, two_id).await;
    assert_eq!(closes(&core, 1).await.len(), 1);
    assert_eq!((ours.writes().await, theirs.writes().await), (2, 1));
    for (irp, id) in [(&ours, two_id), (&theirs, one_id)] {
        assert!(irp.incidents(id).await.is_empty());
    }
}

#[tokio::test]
async fn a_kuma_whose_correlator_stands_still_is_told_later_and_one_that_knows_is_content() {
    let core = Core::new(json!({"pull": false})).await;
    core.push_by("urlencoded").await;
    let irp = Irp::closing(&core.tenant, json!({})).await;
    let both = [core.alert(5, json!({})), core.alert(6, json!({}))];
    core.kuma.control.put_alerts(&json!(both)).await.unwrap();
    let [late, known] = both.each_ref().map(|alert| text(alert, "id"));
    for id in [late, known] {
        irp.incident(id, |_| true).await;
        irp.delivered(&core.user, id).await;
    }
    // Closed in KUMA, which nobody here knows yet.
    core.kuma.control.configure(&json!({"correlatorDown": 1, "irp": null})).await.unwrap();
    let act = json!({"act": "close", "id": known, "reason": "responded"});
    core.kuma.control.act(&act).await.unwrap();
    irp.act("close", late).await;
    let delivery = eventually("the close that failed", || async {
        let whole = detail(&core.user, late).await;
        let mut all = whole["deliveries"].as_array().unwrap().iter();
        all.find(|one| one["targetID"] == *core.id && one["attempts"] != 0).cloned()
    })
    .await;
    assert!(["sending", "retrying"].contains(&text(&delivery, "state")), "{delivery}");
    irp.act("close", known).await;
    settled(&core.user, known).await;
    settled(&core.user, late).await;
    let closes = closes(&core, 3).await;
    let of = |id: &str| {
        let statuses = closes.iter().filter(|close| close["id"] == id).map(|close| close["status"].clone());
        statuses.collect::<Vec<_>>()
    };
    assert_eq!((of(late), of(known)), (vec![json!(500), json!(204)], vec![json!(406)]));
}
