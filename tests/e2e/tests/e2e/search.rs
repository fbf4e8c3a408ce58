//! Searching alerts: what is shown, in which order, and how soon.

use reqwest::{Method, header::CONTENT_TYPE};
use serde_json::{Value, json};

use crate::{
    alerts::{alert, at, event_ids, ids, text, uuid, with},
    tenant::Tenant,
    world::{Reply, User},
};

const ROUTES: [&str; 6] = [
    "/api/v1/alerts",
    "/api/v1/alerts/",
    "/api/v2/alerts",
    "/api/v2/alerts/",
    "/api/v3/alerts",
    "/api/v3/alerts/",
];

/// Four alerts, one in each status, a minute apart: the newest first.
async fn one_of_each(tenant: &Tenant) -> (User, Vec<String>) {
    let user = tenant.analyst().await;
    let alerts: Vec<Value> = [("new", 4), ("assigned", 3), ("escalated", 2), ("closed", 1)]
        .into_iter()
        .map(|(status, minute)| {
            let changes = json!({"status": status, "lastSeen": at(&format!("12:0{minute}:00"))});
            with(&alert(tenant), changes)
        })
        .collect();
    user.ingest(&json!(alerts)).await.expect(202);
    (user, ids(&alerts).into_iter().map(ToOwned::to_owned).collect())
}

#[tokio::test]
async fn the_poll_of_security_vision_is_answered() {
    let tenant = Tenant::new().await;
    let (user, posted) = one_of_each(&tenant).await;
    // As its connector sends it: a slash before the query, a flag without a value, the header's
    // name in lower case, a content type on a GET, no page.
    let request = user
        .request(&Method::GET, "/api/v1/alerts/?withEvents&status=new")
        .header(CONTENT_TYPE, "application/json");
    let reply = Reply::of(request).await.expect(200);
    assert_eq!(reply.header("content-type"), Some("application/json; charset=utf-8"));
    let found = reply.array();
    assert_eq!(ids(&found), [&posted[0]]);
    assert_eq!(event_ids(&found[0]), ["e1"]);
    // It asks the same again and again, until the alert is closed.
    assert_eq!(user.get("/api/v1/alerts/?withEvents&status=new").await.array(), found);
    user.close(&posted[0], "responded").await.expect(204);
    assert_eq!(user.get("/api/v1/alerts/?withEvents&status=new").await.text, "[]");
}

#[tokio::test]
async fn every_version_answers_alike_with_and_without_a_slash() {
    let tenant = Tenant::new().await;
    let (user, posted) = one_of_each(&tenant).await;
    for route in ROUTES {
        let found = user.get(&format!("{route}?withEvents&withAffected")).await.expect(200).array();
        assert_eq!(ids(&found), posted, "{route}");
        assert_eq!(event_ids(&found[3]), ["e1"], "{route}");
        let refused = user.get(&format!("{route}?page=0")).await;
        refused.refused(400, "invalid query parameter value", &json!("page"));
    }
}

#[tokio::test]
async fn an_alert_is_shown_with_every_key_of_kuma() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let posted = alert(&tenant);
    user.ingest(&posted).await.expect(202);
    let bare = &user.search("").await[0];
    assert_eq!(
        *bare,
        json!({
            "id": posted["id"], "tenantID": tenant.id, "tenantName": tenant.name, "name": "Brute force",
            "correlationRuleID": "", "priority": "high", "status": "new",
            "firstSeen": "2024-05-06T10:00:00.000Z", "lastSeen": "2024-05-06T11:00:00.000Z",
            "assignee": "", "closingReason": "", "overflow": false
        })
    );
    let full = &user.search("withEvents&withAffected").await[0];
    let added = json!({"events": posted["events"], "affectedAssets": [], "affectedAccounts": []});
    assert_eq!(*full, with(bare, added));
}

#[tokio::test]
async fn times_are_utc_with_a_z_and_at_most_six_digits() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    for (sent, shown) in [
        ("2024-05-06T15:00:00+03:00", "2024-05-06T12:00:00.000Z"),
        ("2024-05-06T12:00:00Z", "2024-05-06T12:00:00.000Z"),
        ("2024-05-06T12:00:00.123456789Z", "2024-05-06T12:00:00.123456Z"),
        ("2024-05-06t12:00:00.5z", "2024-05-06T12:00:00.500Z"),
    ] {
        let posted = with(&alert(&tenant), json!({"firstSeen": sent, "lastSeen": sent}));
        user.ingest(&posted).await.expect(202);
        let found = user.alert(text(&posted, "id")).await;
        assert_eq!((text(&found, "firstSeen"), text(&found, "lastSeen")), (shown, shown), "{sent}");
    }
}

#[tokio::test]
async fn an_alert_is_readable_right_after_it_was_posted() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    for n in 1..=20 {
        let posted = alert(&tenant);
        user.ingest(&posted).await.expect(202);
        // As the push to an IRP needs it: the first element of the answer is taken at once.
        let found =
            user.get(&format!("/api/v1/alerts?withAffected&id={}", text(&posted, "id"))).await.array();
        assert_eq!(ids(&found), [text(&posted, "id")]);
        assert_eq!(user.search("status=new").await.len(), n);
    }
}

#[tokio::test]
async fn the_newest_come_first_by_either_time() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    // By the last event: c b a. By the first: a c b.
    let spans = [("09:00:00", "10:00:00"), ("07:00:00", "11:00:00"), ("08:00:00", "12:00:00")];
    let posted: Vec<Value> = spans
        .into_iter()
        .map(|(first, last)| with(&alert(&tenant), json!({"firstSeen": at(first), "lastSeen": at(last)})))
        .collect();
    user.ingest(&json!(posted)).await.expect(202);
    let [a, b, c] = [0, 1, 2].map(|n| text(&posted[n], "id"));
    let by_id = format!("id={a}&id={b}&id={c}");
    for extra in ["", "&status=new&status=closed", &format!("&{by_id}")] {
        assert_eq!(ids(&user.search(&format!("timestampField=lastSeen{extra}")).await), [c, b, a]);
        assert_eq!(ids(&user.search(&format!("timestampField=firstSeen{extra}")).await), [a, c, b]);
    }
    assert_eq!(ids(&user.search("").await), [c, b, a]);
}

#[tokio::test]
async fn a_range_includes_both_its_ends() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let posted: Vec<Value> = (1..=4)
        .map(|n| {
            let (first, last) = (at(&format!("0{n}:00:00")), at(&format!("1{n}:00:00")));
            with(&alert(&tenant), json!({"firstSeen": first, "lastSeen": last}))
        })
        .collect();
    user.ingest(&json!(posted)).await.expect(202);
    let [one, two, three, four] = [0, 1, 2, 3].map(|n| text(&posted[n], "id"));
    for (query, wanted) in [
        (format!("from={}&to={}", at("12:00:00"), at("13:00:00")), vec![three, two]),
        (format!("from={}", at("12:00:00")), vec![four, three, two]),
        (format!("from={}", at("12:00:00.000001")), vec![four, three]),
        (format!("to={}", at("12:00:00")), vec![two, one]),
        (format!("to={}", at("11:59:59.999999")), vec![one]),
        (format!("from={0}&to={0}", at("13:00:00")), vec![three]),
        (format!("from={}&to={}", at("13:00:00"), at("12:00:00")), vec![]),
        (format!("timestampField=firstSeen&from={}&to={}", at("02:00:00"), at("03:00:00")), vec![three, two]),
        // Another offset, a plus sign that nobody escaped, and the malformed example of the manual.
        ("from=2024-05-06T15:00:00+03:00&to=2024-05-06T15:00:00%2B03:00".to_owned(), vec![two]),
        ("from=2024-05-06T14:00:00Z%2B00:00".to_owned(), vec![four]),
        (format!("id={one}&id={four}&from={}", at("12:00:00")), vec![four]),
    ] {
        assert_eq!(ids(&user.search(&query).await), wanted, "{query}");
    }
}

#[tokio::test]
async fn a_page_past_the_end_is_empty() {
    let tenant = Tenant::new().await;
    let (user, posted) = one_of_each(&tenant).await;
    for query in ["page=2", "page=4294967295", "status=new&page=2", &format!("id={}&page=2", posted[0])] {
        assert_eq!(user.get(&format!("/api/v1/alerts?{query}")).await.expect(200).text, "[]", "{query}");
    }
    assert_eq!(user.search("page=1").await.len(), 4);
    // Nothing to show is no error either.
    let nothing = user.get(&format!("/api/v1/alerts?id={}", uuid())).await.expect(200);
    assert_eq!(nothing.text, "[]");
}
