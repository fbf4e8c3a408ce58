//! KUMA Core: authentication and search.

use serde_json::{Value, json};

use crate::peer::{Peer, Reply, TENANT, alert, sent, text, with};

fn error(status: u16, message: &str, details: impl Into<Value>) -> Reply {
    Reply(status, json!({"message": message, "details": details.into()}))
}

#[tokio::test]
async fn who_calls_is_told_in_kumas_words() {
    let peer = Peer::kuma().await;
    let bare = || peer.client.get(peer.url("/api/v1/alerts"));
    let malformed = || error(400, "invalid authorization header", "Example: Bearer <token>");
    assert_eq!(sent(bare()).await, malformed());
    for header in ["kuma-token", "Bearer", "Bearer ", "bearer kuma-token", "Bearer kuma token", "Basic a"] {
        assert_eq!(sent(bare().header("Authorization", header)).await, malformed(), "{header}");
    }
    let wrong = sent(bare().header("Authorization", "Bearer other")).await;
    assert_eq!(wrong, error(403, "access denied", Value::Null));
    for missing in ["/api/v1/alert", "/api/v9/alerts", "/alerts", "/api/v2/incidents"] {
        assert_eq!(sent(peer.get(missing)).await.0, 404, "{missing}");
    }
    assert_eq!(sent(peer.post("/api/v1/alerts")).await.0, 405);
    let me = sent(peer.get("/api/v1/users/whoami")).await.ok();
    assert_eq!(text(&me["tenants"][0], "id"), TENANT);
    let me = sent(peer.get("/api/v3/users/whoami")).await.ok();
    assert_eq!(text(&me["roles"][0]["tenants"][0], "id"), TENANT);
    let tenants = sent(peer.get("/api/v2/tenants?main")).await.ok();
    assert_eq!(tenants[0]["name"], "Main");
}

#[tokio::test]
async fn alerts_come_newest_first_in_pages_of_250() {
    let peer = Peer::kuma().await;
    let all: Vec<Value> = (0..260)
        .map(|n| {
            let last_seen = format!("2024-05-06T{:02}:{:02}:00Z", 10 + n / 60, n % 60);
            with(
                &alert(0),
                json!({"lastSeen": last_seen, "status": if n % 2 == 0 { "new" } else { "assigned" }}),
            )
        })
        .collect();
    peer.control().put_alerts(&json!(all)).await.unwrap();
    let page = async |query: &str| -> Vec<Value> {
        let list = sent(peer.get(&format!("/api/v1/alerts{query}"))).await.ok();
        list.as_array().unwrap().iter().map(|alert| alert["id"].clone()).collect()
    };
    let newest_first: Vec<Value> = all.iter().rev().map(|alert| alert["id"].clone()).collect();
    assert_eq!(page("").await, newest_first[..250]);
    assert_eq!(page("/").await, newest_first[..250]);
    assert_eq!(page("?page=2").await, newest_first[250..]);
    assert!(page("?page=3").await.is_empty());
    assert_eq!(page("?status=new").await.len(), 130);
    assert_eq!(page("?status=new&status=assigned&page=2").await.len(), 10);
    assert!(page("?status=closed").await.is_empty());
    // Both ends are part of it.
    let window = "?from=2024-05-06T10:00:00Z&to=2024-05-06T12:02:00.000%2B02:00";
    assert_eq!(page(window).await, newest_first[257..]);
    assert_eq!(page("?timestampField=firstSeen&from=2024-05-06T09:00:00.001Z").await.len(), 0);
    let two = format!("?id={}&id={}&id=other", text(&all[3], "id"), text(&all[7], "id"));
    assert_eq!(page(&two).await, [all[7]["id"].clone(), all[3]["id"].clone()]);
    assert_eq!(page(&format!("?tenantID={TENANT}&page=2")).await.len(), 10);
    assert!(page("?TenantID=other").await.is_empty());
    assert_eq!(page("?name=%5EBRUTE").await.len(), 250);
    assert!(page("?name=%5Eforce").await.is_empty());
}

#[tokio::test]
async fn flags_are_true_by_being_there() {
    let peer = Peer::kuma().await;
    peer.control().put_alerts(&alert(0)).await.unwrap();
    let one = async |query: &str| sent(peer.get(&format!("/api/v2/alerts?{query}"))).await.ok()[0].clone();
    let plain = one("").await;
    assert!(["events", "affectedAssets", "affectedAccounts"].iter().all(|key| plain.get(key).is_none()));
    assert_eq!((text(&plain, "tenantName"), text(&plain, "closingReason")), ("Main", ""));
    for flag in ["withEvents", "withEvents=", "withEvents=false"] {
        let shown = one(flag).await;
        assert_eq!(shown["events"][0]["DeviceVendor"], "Microsoft", "{flag}");
        assert!(shown.get("affectedAssets").is_none());
    }
    let shown = one("withAffected&withEvents").await;
    assert_eq!(shown["affectedAssets"][0]["id"], "a1");
    assert_eq!(shown["affectedAccounts"][0]["upn"], "user@example.com");
    peer.control().configure(&json!({"absentIsNull": true})).await.unwrap();
    assert_eq!(one("withEvents").await.get("affectedAssets"), Some(&Value::Null));
}

#[tokio::test]
async fn bad_parameters_are_named() {
    let peer = Peer::kuma().await;
    for (query, name) in [
        ("page=0", "page"),
        ("page=one", "page"),
        ("page=1&page=2", "page"),
        ("status=open", "status"),
        ("status=New", "status"),
        ("status", "status"),
        ("from=yesterday", "from"),
        ("to=2024-05-06", "to"),
        ("to=2024-05-06T10:00:00Z%2B00:00", "to"),
        ("timestampField=created", "timestampField"),
        ("name=%28", "name"),
        ("withevents", "withevents"),
        ("limit=10", "limit"),
    ] {
        let answer = sent(peer.get(&format!("/api/v1/alerts?{query}"))).await;
        assert_eq!(answer, error(400, "invalid query parameter value", name), "{query}");
    }
    assert_eq!(sent(peer.get("/api/v1/tenants?page=x")).await.1["details"], "page");
    assert_eq!(sent(peer.get("/api/v1/alerts").json(&json!({}))).await.0, 400);
}

#[tokio::test]
async fn tenants_without_a_role_are_passed_over() {
    let peer = Peer::kuma().await;
    let tenants = json!([{"id": TENANT, "name": "Main"}, {"id": "other", "name": "Other", "access": false}]);
    peer.control().configure(&json!({"tenants": tenants})).await.unwrap();
    let hidden = with(&alert(1), json!({"tenantID": "other"}));
    peer.control().put_alerts(&json!([alert(0), hidden])).await.unwrap();
    assert_eq!(sent(peer.get("/api/v1/alerts")).await.ok().as_array().unwrap().len(), 1);
    let asked = sent(peer.get(&format!("/api/v1/alerts?tenantID=other&id={}", text(&hidden, "id")))).await;
    assert_eq!(asked.ok(), json!([]));
    let close = json!({"id": hidden["id"], "reason": "responded"});
    let answer = sent(peer.post("/api/v1/alerts/close").json(&close)).await;
    assert_eq!(answer, error(403, "access denied", Value::Null));
}
