//! Alerts in incidents, and KUMA's own calls about both.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    alerts::{alert, at, ids, text, uuid, with},
    incidents::{INCIDENTS, act, made, place, posted},
    irp::{Irp, detail},
    kuma_core::eventually,
    tenant::Tenant,
    vault::faults,
    world::User,
};

async fn status(user: &User, alert: &str) -> String {
    text(&user.alert(alert).await, "status").to_owned()
}

/// The ids that a search of alerts gives, sorted, once there are so many.
async fn searched(user: &User, query: &str, count: usize) -> Vec<String> {
    eventually(&format!("{count} alerts of {query}"), || async {
        let found = user.search(query).await;
        let mut found: Vec<String> = ids(&found).into_iter().map(ToOwned::to_owned).collect();
        found.sort();
        (found.len() == count).then_some(found)
    })
    .await
}

#[tokio::test]
async fn linked_alerts_are_escalated_whatever_their_siem_says() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let first = alert(&tenant);
    user.ingest(&first).await.expect(202);
    let [second, third] = posted(&tenant, &user, 2).await.try_into().unwrap();
    let id = text(&first, "id");
    let incident = made(&tenant, &user, json!({"alertIDs": [id]})).await;
    assert_eq!(status(&user, id).await, "escalated");
    assert_eq!(detail(&user, id).await["incidentID"], incident["id"]);
    assert_eq!(detail(&user, &second).await["incidentID"], json!(null));

    // Sent again as new, and as something else.
    for (state, time) in [("new", "11:30:00"), ("assigned", "11:40:00")] {
        user.ingest(&with(&first, json!({"status": state, "lastSeen": at(time)}))).await.expect(202);
        assert_eq!(status(&user, id).await, "escalated", "{state}");
    }
    // Linking is repeated without harm, and an incident's times are those of its alerts.
    let body = json!({"alertIDs": [second, id]});
    let linked = act(&user, &incident, "link", &body).await.expect(200).json();
    assert_eq!(linked["alertIDs"], json!([id, second]));
    assert_eq!(act(&user, &incident, "link", &body).await.expect(200).json(), linked);
    let mut both = [id.to_owned(), second.clone()];
    both.sort();
    assert_eq!(searched(&user, "status=escalated", 2).await, both);
    assert_eq!(searched(&user, "status=new", 1).await, std::slice::from_ref(&third));

    // An alert is in one incident at most, and the answer says in which.
    let other = made(&tenant, &user, json!({"alertIDs": [third]})).await;
    let refused = act(&user, &other, "link", &json!({"alertIDs": [second]})).await;
    assert_eq!(faults(&refused), ["alertIDs"]);
    let said = format!("alert {second} is part of incident {} already", text(&incident, "id"));
    assert_eq!(refused.json()["details"][0]["message"], said);
    // All or none.
    let fresh = posted(&tenant, &user, 1).await.remove(0);
    act(&user, &other, "link", &json!({"alertIDs": [fresh, second]})).await.expect(400);
    assert_eq!(status(&user, &fresh).await, "new");

    // Out again: each gets back what its SIEM said last. A closed one stays so.
    user.close(&second, "responded").await.expect(204);
    let out = json!({"alertIDs": [id, second, fresh, uuid()]});
    let unlinked = act(&user, &incident, "unlink", &out).await.expect(200).json();
    assert_eq!(unlinked["alertIDs"], json!([]));
    assert_eq!(act(&user, &incident, "unlink", &out).await.expect(200).json(), unlinked);
    assert_eq!(status(&user, id).await, "assigned");
    assert_eq!(status(&user, &second).await, "closed");
    assert_eq!(detail(&user, &second).await["incidentID"], json!(null));
    let closed = act(&user, &incident, "link", &json!({"alertIDs": [second]})).await;
    assert_eq!(faults(&closed), ["alertIDs"]);
    act(&user, &incident, "link", &json!({"alertIDs": [id]})).await.expect(200);
}

#[tokio::test]
async fn of_incidents_that_want_one_alert_at_once_one_gets_it() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let alert = posted(&tenant, &user, 1).await.remove(0);
    let wanted = json!({"name": "Race", "tenantID": tenant.id, "alertIDs": [alert]});
    let answers = join_all((0..10).map(|_| user.post(INCIDENTS, &wanted))).await;
    let won: Vec<Value> =
        answers.iter().filter(|answer| answer.status == 201).map(super::world::Reply::json).collect();
    assert_eq!(won.len(), 1, "{answers:?}");
    for lost in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(faults(lost), ["alertIDs"]);
    }
    assert_eq!(detail(&user, &alert).await["incidentID"], won[0]["id"]);
    let all = eventually("the only incident", || async {
        let all = user.get(INCIDENTS).await.expect(200).array();
        (!all.is_empty()).then_some(all)
    });
    assert_eq!(all.await, won);

    // Links of different alerts to one incident all go through.
    let more = posted(&tenant, &user, 8).await;
    let links = more.iter().map(|alert| {
        let (user, incident, body) = (&user, &won[0], json!({"alertIDs": [alert]}));
        async move { act(user, incident, "link", &body).await.expect(200) }
    });
    join_all(links).await;
    let now = user.get(&place(text(&won[0], "id"))).await.expect(200).json();
    assert_eq!((now["alertIDs"].as_array().unwrap().len(), &now["revision"]), (9, &json!(9)));
    // Of closes at once exactly one closes.
    let close = json!({"resolution": "approved"});
    let answers = join_all((0..8).map(|_| act(&user, &won[0], "close", &close))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [[200].as_slice(), &[406; 7]].concat());
}

#[tokio::test]
async fn an_r_vision_is_told_that_its_alert_is_escalated() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let irp = Irp::new(&tenant, json!({})).await;
    let alert = posted(&tenant, &user, 1).await.remove(0);
    irp.delivered(&user, &alert).await;
    let incident = made(&tenant, &user, json!({"alertIDs": [alert]})).await;
    irp.incident(&alert, |there| there["fields"]["ALERT_STATUS"] == "escalated").await;
    act(&user, &incident, "unlink", &json!({"alertIDs": [alert]})).await.expect(200);
    irp.incident(&alert, |there| there["fields"]["ALERT_STATUS"] == "new").await;
}

#[tokio::test]
async fn kumas_calls_do_the_same() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let [first, second] = posted(&tenant, &user, 2).await.try_into().unwrap();
    let wanted = json!({
        "name": "Phishing", "tenantID": tenant.id, "description": "d", "type": {}, "priority": 2, "assigneeId": "u-1",
        "alerts": [{"id": first}], "assets": [{"id": "srv"}], "accounts": [{"id": "petrov"}],
        "availableTenants": [tenant.id],
    });
    let shown = user.post("/api/v3/incidents/create?calcPriority=false", &wanted).await.expect(200).json();
    let id = text(&shown, "id");
    let nothing = json!(null);
    let expected = json!({
        "id": id, "tenantID": tenant.id, "tenantName": tenant.name, "name": "Phishing", "description": "d",
        "priority": 2, "status": "assigned", "resolution": nothing, "assignee": "u-1", "category": nothing,
        "type": nothing, "firstSeen": at("10:00:00.000"), "lastSeen": at("11:00:00.000"),
        "createdAt": shown["createdAt"], "updatedAt": shown["createdAt"], "closedAt": nothing,
        "alerts": [{"id": first}], "assets": [{"id": "srv"}], "accounts": [{"id": "petrov"}],
        "exportToNCIRCC": "Not exported", "ncircc": nothing,
    });
    assert_eq!(shown, expected);
    assert_eq!(status(&user, &first).await, "escalated");
    assert_eq!(user.get(&format!("/api/v3/incidents/id/{id}")).await.expect(200).json(), shown);
    // Version 2.1, and the priority of the alerts.
    let other = with(&wanted, json!({"alerts": [{"id": second}], "assigneeId": null, "name": "Other"}));
    let other = user.post("/api/v2.1/incidents/create?calcPriority=true", &other).await.expect(200).json();
    assert_eq!((&other["priority"], text(&other, "status")), (&json!(3), "open"));
    let list = eventually("both in KUMA's list", || async {
        let query = "/api/v3/incidents?search=other&status=open&page=1";
        let list = user.get(query).await.expect(200).array();
        (!list.is_empty()).then_some(list)
    });
    assert_eq!(list.await, std::slice::from_ref(&other));

    let post = async |what: &str, body: Value| user.post(&format!("/api/v3/incidents/{what}"), &body).await;
    let other_id = text(&other, "id");
    assert!(
        post("unlink", json!({"incidentID": other_id, "alertIDs": [second]}))
            .await
            .expect(204)
            .wire
            .is_empty()
    );
    assert_eq!(status(&user, &second).await, "new");
    post("link", json!({"incidentID": id, "alertIDs": [second]})).await.expect(204);
    assert_eq!(detail(&user, &second).await["incidentID"], *id);
    post("comment", json!({"id": id, "comment": "Кто это?"})).await.expect(204);
    let comments = user.get(&format!("{}/comments", place(id))).await.array();
    assert_eq!((comments.len(), text(&comments[0], "text")), (1, "Кто это?"));
    post("assign", json!({"incidentIDs": [id, other_id], "assignee": "u-2"})).await.expect(204);
    for one in [id, other_id] {
        assert_eq!(user.get(&place(one)).await.json()["assignee"], "u-2");
    }
    // None is closed unless all can be.
    let some = json!({"incidentIDs": [id, "INC-0"], "resolution": 1});
    post("close", some).await.refused(404, "incident not found", &json!("INC-0"));
    assert_eq!(user.get(&place(id)).await.json()["status"], "assigned");
    post("close", json!({"incidentIDs": [id], "resolution": 1})).await.expect(204);
    let both = json!({"incidentIDs": [other_id, id], "resolution": 0});
    post("close", both).await.refused(406, "incident already closed", &json!(id));
    post("close", json!({"incidentIDs": [other_id], "resolution": 0})).await.expect(204);
    let closed = |one: &str| {
        let (user, one) = (&user, one.to_owned());
        async move { user.get(&format!("/api/v3/incidents/id/{one}")).await.expect(200).json() }
    };
    assert_eq!(
        (&closed(id).await["resolution"], &closed(other_id).await["resolution"]),
        (&json!(1), &json!(0))
    );

    for (what, body, fields) in [
        ("create", json!({"priority": 5, "alerts": ["a"]}), &["alerts", "name", "priority", "tenantID"][..]),
        ("create", with(&wanted, json!({"alerts": [{"id": first}]})), &["alertIDs"]),
        ("assign", json!({"incidentIDs": []}), &["assignee", "incidentIDs"]),
        ("close", json!({"incidentIDs": [id], "resolution": "approved"}), &["resolution"]),
        ("comment", json!({"id": id}), &["comment"]),
        ("link", json!({"incidentID": id, "alertIDs": "x"}), &["alertIDs"]),
    ] {
        assert_eq!(faults(&post(what, body).await), fields, "{what}");
    }
    let odd = user.post("/api/v3/incidents/create?calcPriority=x", &wanted).await;
    odd.refused(400, "invalid query parameter value", &json!("calcPriority"));
}
