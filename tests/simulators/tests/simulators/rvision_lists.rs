//! R-Vision: lists, with JSON in the query string.

use serde_json::{Value, json};

use crate::peer::{Peer, incident, sent, text, with};

const INCIDENTS: &str = "/api/v2/incidents";

async fn four(peer: &Peer) -> Vec<Value> {
    let mut made = Vec::new();
    for (description, level) in [("b", "Высокий"), ("a", "Низкий"), ("c", "Высокий"), ("a", "Средний")]
    {
        let body = with(&incident(), json!({"description": description, "level": level}));
        made.push(sent(peer.post(INCIDENTS).json(&body)).await.ok()["data"][0].clone());
    }
    made
}

#[tokio::test]
async fn an_incident_is_found_by_the_tag_of_any_field() {
    let peer = Peer::rvision().await;
    let made = four(&peer).await;
    let find = async |filter: Value| -> Vec<Value> {
        let fields = r#"["identifier"]"#;
        let parameters = [("fields", fields), ("filter", &*filter.to_string())];
        let data = peer.query(INCIDENTS, &parameters).await.ok()["data"].clone();
        let result = data["result"].as_array().unwrap().clone();
        assert_eq!(data["total"], result.len());
        result
    };
    let named = |places: &[usize]| -> Vec<Value> {
        places.iter().map(|place| json!({"identifier": made[*place]["identifier"]})).collect()
    };
    let alert = &made[1]["ALERT_ID"];
    assert_eq!(find(json!([{"property": "ALERT_ID", "operator": "=", "value": alert}])).await, named(&[1]));
    assert_eq!(find(json!([{"property": "ALERT_ID", "value": alert}])).await, named(&[1]));
    assert_eq!(find(json!([{"property": "level", "value": "Высокий"}])).await, named(&[0, 2]));
    assert_eq!(
        find(json!([{"property": "level", "operator": "!=", "value": "Высокий"}])).await,
        named(&[1, 3])
    );
    let both = json!([{"property": "description", "value": "a"}, {"property": "level", "value": "Низкий"}]);
    assert_eq!(find(both).await, named(&[1]));
    let two = json!([made[0]["identifier"], made[3]["identifier"]]);
    assert_eq!(
        find(json!([{"property": "identifier", "operator": "in", "value": two}])).await,
        named(&[0, 3])
    );
    assert_eq!(find(json!([{"property": "uuid", "value": made[2]["uuid"]}])).await, named(&[2]));
    assert!(find(json!([{"property": "ALERT_ID", "value": "other"}])).await.is_empty());
}

#[tokio::test]
async fn lists_are_sorted_and_cut_as_asked() {
    let peer = Peer::rvision().await;
    let made = four(&peer).await;
    let list = async |parameters: &[(&str, &str)]| -> Vec<usize> {
        let data = peer.query(INCIDENTS, parameters).await.ok()["data"].clone();
        assert_eq!(data["total"], 4);
        let place = |one: &Value| made.iter().position(|made| made["uuid"] == one["uuid"]).unwrap();
        data["result"].as_array().unwrap().iter().map(place).collect()
    };
    assert_eq!(list(&[]).await, [0, 1, 2, 3]);
    assert_eq!(list(&[("limit", "2"), ("offset", "1")]).await, [1, 2]);
    assert_eq!(list(&[("offset", "9")]).await, [0; 0]);
    let sort =
        r#"[{"property":"description","direction":"ASC"},{"property":"identifier","direction":"DESC"}]"#;
    assert_eq!(list(&[("sort", sort)]).await, [3, 1, 0, 2]);
    let everything = peer.query(INCIDENTS, &[("limit", "1")]).await.ok()["data"]["result"][0].clone();
    assert_eq!(text(&everything["status"], "name"), "Открыт");
    assert_eq!((&everything["ALERT_URL"], &everything["closure_date"]), (&Value::Null, &Value::Null));
    assert!(text(&everything, "creation").ends_with('Z'));
}

#[tokio::test]
async fn a_wrong_list_is_refused() {
    let peer = Peer::rvision().await;
    for (name, value, part) in [
        ("fields", "identifier", "`fields` is no JSON"),
        ("fields", r#"["kuma_alert_id"]"#, "unknown field"),
        ("filter", "ALERT_ID=1", "`filter` is no JSON"),
        ("filter", r#"{"property":"ALERT_ID","value":"x"}"#, "`filter` is no JSON"),
        ("filter", r#"[{"property":"ALERTID","value":"x"}]"#, "unknown field `ALERTID`"),
        ("filter", r#"[{"property":"ALERT_ID","operator":"~","value":"x"}]"#, "`filter` is no JSON"),
        ("filter", r#"[{"field":"ALERT_ID","value":"x"}]"#, "`filter` is no JSON"),
        ("sort", "identifier", "`sort` is no JSON"),
        ("sort", r#"[{"property":"identifier","direction":"up"}]"#, "`sort` is no JSON"),
        ("limit", "0", "`limit` is no number"),
        ("limit", "1001", "`limit` is no number"),
        ("offset", "-1", "`offset` is no number"),
        ("filters", "[]", "unknown parameter `filters`"),
    ] {
        peer.query(INCIDENTS, &[(name, value)]).await.refused(400, part);
    }
    peer.query(INCIDENTS, &[("limit", "1"), ("limit", "2")]).await.refused(400, "twice");
    let body = peer.get(INCIDENTS).json(&json!({}));
    sent(body).await.refused(400, "a GET has no body");
}

#[tokio::test]
async fn companies_are_listed() {
    let peer = Peer::rvision().await;
    peer.control().configure(&json!({"companies": ["Main", "Branch"]})).await.unwrap();
    let all = sent(peer.get("/api/v2/companies")).await.ok();
    assert_eq!(
        (&all["success"], &all["data"][1]["id"], text(&all["data"][1], "name")),
        (&json!(true), &json!(2), "Branch")
    );
    let parameters = [
        ("fields", "id"),
        ("fields", "name"),
        ("filter", r#"[{"property":"name","value":"Branch"}]"#),
        ("limit", "1000"),
    ];
    let some = peer.query("/api/v2/companies", &parameters).await.ok();
    assert_eq!(some["data"], json!([{"id": 2, "name": "Branch"}]));
    peer.query("/api/v2/companies", &[("fields", "title")]).await.refused(400, "unknown field");
}
