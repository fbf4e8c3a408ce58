//! Incidents: made, found, worked on, closed; and nothing of another tenant's.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    alerts::{alert, at, ids, second, text, uuid, with},
    kuma_core::eventually,
    tenant::{Tenant, issue},
    vault::faults,
    world::{Reply, User},
};

pub(crate) const INCIDENTS: &str = "/bridge/v1/incidents";

pub(crate) fn place(id: &str) -> String {
    format!("{INCIDENTS}/{id}")
}

/// Posts new alerts; gives their ids.
pub(crate) async fn posted(tenant: &Tenant, user: &User, count: usize) -> Vec<String> {
    let alerts: Vec<Value> = (0..count).map(|_| alert(tenant)).collect();
    user.ingest(&json!(alerts)).await.expect(202);
    alerts.iter().map(|alert| text(alert, "id").to_owned()).collect()
}

/// Makes an incident; `more` are members beside name and tenant.
pub(crate) async fn made(tenant: &Tenant, user: &User, more: Value) -> Value {
    let wanted = with(&json!({"name": "Phishing", "tenantID": tenant.id}), more);
    user.post(INCIDENTS, &wanted).await.expect(201).json()
}

/// What a change of an incident answers.
pub(crate) async fn act(user: &User, incident: &Value, what: &str, body: &Value) -> Reply {
    user.post(&format!("{}/{what}", place(text(incident, "id"))), body).await
}

/// A list, once it has as many incidents as it should: an index may lag a moment.
async fn listed(user: &User, query: &str, count: usize) -> Vec<Value> {
    eventually(&format!("{count} incidents of {query}"), || async {
        let list = user.get(&format!("{INCIDENTS}?{query}")).await.expect(200).array();
        (list.len() == count).then_some(list)
    })
    .await
}

#[tokio::test]
async fn an_incident_is_made_read_changed_assigned_and_closed() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let alerts = posted(&tenant, &user, 2).await;
    let wanted = json!({
        "name": "Фишинг", "tenantID": tenant.id, "description": "Письмо", "type": "Malware infection",
        "alertIDs": alerts, "assetIDs": ["srv"], "accountIDs": ["petrov"],
    });
    let reply = user.post(INCIDENTS, &wanted).await.expect(201);
    let shown = reply.json();
    let id = text(&shown, "id");
    assert_eq!(reply.header("location"), Some(&*place(id)));
    assert!(id.strip_prefix("INC-").unwrap().parse::<u64>().is_ok(), "{id}");
    let nothing = json!(null);
    let expected = json!({
        "id": id, "tenantID": tenant.id, "name": "Фишинг", "priority": "high", "description": "Письмо",
        "category": "Computer incident notification", "type": "Malware infection", "status": "open",
        "resolution": nothing, "assignee": "", "alertIDs": alerts, "assetIDs": ["srv"], "accountIDs": ["petrov"],
        "firstSeen": at("10:00:00.000"), "lastSeen": at("11:00:00.000"), "created": shown["created"],
        "updated": shown["created"], "closed": nothing, "exportToNCIRCC": "Not exported", "ncircc": nothing,
        "revision": 1,
    });
    assert_eq!(shown, expected);
    assert_eq!(user.get(&place(id)).await.expect(200).json(), shown);

    let assigned = act(&user, &shown, "assign", &json!({"assignee": "ivanova"})).await.expect(200).json();
    assert_eq!((text(&assigned, "status"), &assigned["revision"]), ("assigned", &json!(2)));
    let change = json!({"name": "Phishing", "priority": "low", "description": ""});
    let changed = user.patch(&place(id), &change).await.expect(200).json();
    assert_eq!((text(&changed, "name"), text(&changed, "priority")), ("Phishing", "low"));
    assert_eq!((text(&changed, "description"), &changed["assetIDs"]), ("", &json!(["srv"])));
    let nobody = act(&user, &shown, "assign", &json!({"assignee": ""})).await.expect(200).json();
    assert_eq!((text(&nobody, "status"), text(&nobody, "assignee")), ("open", ""));

    let closed = act(&user, &shown, "close", &json!({"resolution": "not approved"})).await.expect(200).json();
    assert_eq!((text(&closed, "status"), text(&closed, "resolution")), ("closed", "not approved"));
    assert!(text(&closed, "closed") >= text(&closed, "created"));
    let told = |reply: Reply| reply.refused(406, "incident already closed", &json!(null));
    told(act(&user, &shown, "close", &json!({"resolution": "approved"})).await);
    told(act(&user, &shown, "assign", &json!({"assignee": "x"})).await);
    told(act(&user, &shown, "link", &json!({"alertIDs": alerts})).await);
    told(act(&user, &shown, "unlink", &json!({"alertIDs": alerts})).await);
    told(user.patch(&place(id), &change).await);
    assert_eq!(user.get(&place(id)).await.json(), closed);
    // Its alerts stay what they are.
    assert_eq!(user.alert(&alerts[0]).await["status"], "escalated");
}

#[tokio::test]
async fn the_priority_is_that_of_the_most_urgent_alert() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let mut named = Vec::new();
    for priority in ["low", "critical", "medium"] {
        let one = with(&alert(&tenant), json!({ "priority": priority }));
        user.ingest(&one).await.expect(202);
        named.push(text(&one, "id").to_owned());
    }
    let critical = made(&tenant, &user, json!({"alertIDs": named})).await;
    assert_eq!(text(&critical, "priority"), "critical");
    assert_eq!(text(&made(&tenant, &user, json!({})).await, "priority"), "low");
    let more = posted(&tenant, &user, 1).await;
    let told = made(&tenant, &user, json!({"alertIDs": more, "priority": "medium"})).await;
    assert_eq!(text(&told, "priority"), "medium");
}

#[tokio::test]
async fn every_fault_is_told_at_once_and_nothing_is_made() {
    let tenant = Tenant::new().await;
    let other = Tenant::on(&tenant.admin.world).await;
    let (user, stranger) = (tenant.analyst().await, other.analyst().await);
    let [good, closed, taken] = posted(&tenant, &user, 3).await.try_into().unwrap();
    let foreign = posted(&other, &stranger, 1).await.remove(0);
    user.close(&closed, "responded").await.expect(204);
    let owner = made(&tenant, &user, json!({"alertIDs": [taken]})).await;
    let nowhere = uuid();
    let wanted = json!({
        "name": "Phishing", "tenantID": tenant.id, "priority": "urgent", "description": "ж".repeat(257),
        "category": "Notification about a computer attack", "type": "Malware infection", "status": "closed",
        "alertIDs": [good, closed, taken, foreign, nowhere],
    });
    let reply = user.post(INCIDENTS, &wanted).await;
    let expected =
        ["alertIDs", "alertIDs", "alertIDs", "alertIDs", "description", "priority", "status", "type"];
    assert_eq!(faults(&reply), expected);
    let details = reply.json()["details"].clone();
    let texts: Vec<&str> = details.as_array().unwrap().iter().map(|fault| text(fault, "message")).collect();
    for said in [
        format!("alert {closed} is closed"),
        format!("alert {taken} is part of incident {} already", text(&owner, "id")),
        format!("the tenant has no alert {foreign}"),
        format!("the tenant has no alert {nowhere}"),
    ] {
        assert!(texts.contains(&&*said), "{said}: {texts:?}");
    }
    // A tenant that is not there and one that is not one's own read the same.
    for tenant_id in [&other.id, &nowhere] {
        let reply = user.post(INCIDENTS, &json!({"name": "x", "tenantID": tenant_id})).await;
        reply.refused(400, "invalid body", &json!([{"field": "tenantID", "message": "tenant not found"}]));
    }
    assert_eq!(faults(&user.post(INCIDENTS, &json!({})).await), ["name", "tenantID"]);
    let many: Vec<String> = (0..91).map(|_| uuid()).collect();
    let many = json!({"name": "x", "tenantID": tenant.id, "alertIDs": many});
    assert_eq!(faults(&user.post(INCIDENTS, &many).await), ["alertIDs"]);
    for (what, body, field) in [
        ("assign", json!({}), "assignee"),
        ("assign", json!({"assignee": 5}), "assignee"),
        ("close", json!({"resolution": "closed"}), "resolution"),
        ("link", json!({"alertIDs": []}), "alertIDs"),
        ("unlink", json!({}), "alertIDs"),
        ("comments", json!({"text": " "}), "text"),
        ("comments", json!({"text": "x".repeat(5_001)}), "text"),
    ] {
        assert_eq!(faults(&act(&user, &owner, what, &body).await), [field], "{what} {body}");
    }
    assert_eq!(user.alert(&good).await["status"], "new");
    assert_eq!(listed(&user, "", 1).await[0], owner);
}

#[tokio::test]
async fn an_incident_of_another_tenant_does_not_exist() {
    let tenant = Tenant::new().await;
    let other = Tenant::on(&tenant.admin.world).await;
    let (user, stranger) = (tenant.analyst().await, other.analyst().await);
    let theirs = made(&other, &stranger, json!({"alertIDs": posted(&other, &stranger, 1).await})).await;
    let id = text(&theirs, "id");
    let missing = |reply: Reply| reply.refused(404, "incident not found", &json!(null));
    missing(user.get(&place(id)).await);
    missing(user.patch(&place(id), &json!({"name": "x"})).await);
    missing(user.get(&format!("{}/comments", place(id))).await);
    missing(user.get(&format!("/api/v3/incidents/id/{id}")).await);
    for (what, body) in [
        ("assign", json!({"assignee": "x"})),
        ("close", json!({"resolution": "approved"})),
        ("link", json!({"alertIDs": posted(&tenant, &user, 1).await})),
        ("unlink", json!({"alertIDs": theirs["alertIDs"]})),
        ("comments", json!({"text": "x"})),
    ] {
        missing(act(&user, &theirs, what, &body).await);
    }
    for body in
        [json!({"incidentIDs": [id], "assignee": "x"}), json!({"incidentIDs": ["#"], "assignee": "x"})]
    {
        let reply = user.post("/api/v3/incidents/assign", &body).await;
        reply.refused(404, "incident not found", &body["incidentIDs"][0]);
    }
    missing(user.get(&place(&uuid())).await);
    listed(&stranger, &format!("id={id}"), 1).await;
    for query in
        [String::new(), format!("id={id}"), format!("tenantID={}", other.id), "search=INC".to_owned()]
    {
        for list in [INCIDENTS, "/api/v3/incidents"] {
            assert_eq!(user.get(&format!("{list}?{query}")).await.expect(200).text, "[]", "{query}");
        }
    }
    assert_eq!(stranger.get(&place(id)).await.json(), theirs);
    // The general administrator sees all.
    assert_eq!(tenant.admin.get(&place(id)).await.expect(200).json(), theirs);
}

#[tokio::test]
async fn a_token_does_what_it_is_allowed_and_no_more() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let incident = made(&tenant, &user, json!({})).await;
    let new = json!({"name": "x", "tenantID": tenant.id});
    let calls = [
        ("GET /incidents", "GET", place(text(&incident, "id")), json!(null)),
        ("POST /incidents/create", "POST", INCIDENTS.to_owned(), new.clone()),
        ("POST /incidents/create", "POST", "/api/v2.1/incidents/create".to_owned(), new),
        ("POST /incidents/assign", "POST", place(text(&incident, "id")) + "/comments", json!({"text": "x"})),
        (
            "POST /incidents/close",
            "POST",
            place(text(&incident, "id")) + "/close",
            json!({"resolution": "approved"}),
        ),
    ];
    let roles = json!([{"tenantID": tenant.id, "role": "operator"}]);
    for (operation, ..) in &calls {
        let token =
            issue(&tenant.admin, json!({"name": "One", "roles": roles, "operations": [operation]})).await;
        for (needed, method, target, body) in &calls {
            let reply = match *method {
                "GET" => token.user.get(target).await,
                _ => token.user.post(target, body).await,
            };
            let allowed = needed == operation;
            assert_eq!(reply.status == 403, !allowed, "{operation} {target}: {reply:?}");
            assert!(!allowed || reply.status < 300, "{operation} {target}: {reply:?}");
        }
    }
}

#[tokio::test]
async fn a_list_has_pages_of_250_newest_first() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let wanted: Vec<Value> =
        (0..253).map(|n| with(&alert(&tenant), json!({"lastSeen": second(40_000 + n)}))).collect();
    user.ingest(&json!(wanted)).await.expect(202);
    let mut all = Vec::new();
    for share in wanted.chunks(23) {
        let makes = share.iter().map(|alert| {
            made(
                &tenant,
                &user,
                json!({"alertIDs": [alert["id"]], "name": format!("№ {}", text(alert, "lastSeen"))}),
            )
        });
        all.extend(join_all(makes).await);
    }
    all.reverse();
    let first = listed(&user, "", 250).await;
    assert_eq!(ids(&first), ids(&all[..250]));
    assert_eq!(ids(&listed(&user, "page=2", 3).await), ids(&all[250..]));
    listed(&user, "page=3", 0).await;
    listed(&user, "page=2&timestampField=firstSeen", 3).await;
    let newest = text(&wanted[252], "lastSeen");
    assert_eq!(ids(&listed(&user, &format!("from={newest}"), 1).await), ids(&all[..1]));
    assert_eq!(ids(&listed(&user, &format!("name={newest}%24"), 1).await), ids(&all[..1]));
    act(&user, &all[7], "close", &json!({"resolution": "approved"})).await.expect(200);
    act(&user, &all[8], "assign", &json!({"assignee": "x"})).await.expect(200);
    assert_eq!(ids(&listed(&user, "status=closed&status=assigned", 2).await), ids(&all[7..9]));
    listed(&user, "status=open&page=2", 1).await;
    for (query, name) in
        [("page=0", "page"), ("status=new", "status"), ("name=%5B", "name"), ("id=a%23", "id")]
    {
        for list in [INCIDENTS, "/api/v3/incidents"] {
            let reply = user.get(&format!("{list}?{query}")).await;
            reply.refused(400, "invalid query parameter value", &json!(name));
        }
    }
}

#[tokio::test]
async fn comments_are_kept_in_their_order() {
    let tenant = Tenant::new().await;
    let login = format!("ann-{}", uuid());
    let roles = json!([{"tenantID": tenant.id, "role": "operator"}]);
    let user = issue(&tenant.admin, json!({"name": "Ann", "login": login, "roles": roles})).await.user;
    let incident = made(&tenant, &user, json!({})).await;
    let list = format!("{}/comments", place(text(&incident, "id")));
    assert!(user.get(&list).await.expect(200).array().is_empty());
    let mut said = Vec::new();
    for n in 0..103 {
        let one =
            act(&user, &incident, "comments", &json!({"text": format!("№ {n}\nline")})).await.expect(201);
        said.push(one.json());
    }
    assert_eq!((text(&said[0], "author"), text(&said[0], "from")), (&*login, "operator"));
    let (first, second) = (user.get(&list).await.array(), user.get(&format!("{list}?page=2")).await.array());
    assert_eq!((first.len(), second.len()), (100, 3));
    assert_eq!([first, second].concat(), said);
    assert!(user.get(&format!("{list}?page=3")).await.array().is_empty());
    user.get(&format!("{list}?page=x")).await.refused(400, "invalid query parameter value", &json!("page"));
    // A closed one may be spoken of, one of a disabled tenant only read.
    act(&user, &incident, "close", &json!({"resolution": "approved"})).await.expect(200);
    act(&user, &incident, "comments", &json!({"text": "after all"})).await.expect(201);
    tenant.disable().await;
    act(&user, &incident, "comments", &json!({"text": "x"})).await.refused(
        406,
        "tenant disabled",
        &json!(null),
    );
    assert_eq!(user.get(&format!("{list}?page=2")).await.array().len(), 4);
}

#[tokio::test]
async fn incidents_of_a_disabled_tenant_can_be_read_and_not_changed() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let alerts = posted(&tenant, &user, 1).await;
    let incident = made(&tenant, &user, json!({})).await;
    tenant.disable().await;
    let told = |reply: Reply| reply.refused(406, "tenant disabled", &json!(null));
    told(user.post(INCIDENTS, &json!({"name": "x", "tenantID": tenant.id})).await);
    told(user.patch(&place(text(&incident, "id")), &json!({"name": "x"})).await);
    told(act(&user, &incident, "assign", &json!({"assignee": "x"})).await);
    told(act(&user, &incident, "close", &json!({"resolution": "approved"})).await);
    told(act(&user, &incident, "link", &json!({"alertIDs": alerts})).await);
    assert_eq!(user.get(&place(text(&incident, "id"))).await.expect(200).json(), incident);
}
