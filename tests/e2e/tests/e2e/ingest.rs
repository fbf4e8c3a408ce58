//! Posting alerts: what each of them becomes, and what is said of it.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use reqwest::{
    Method,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use serde_json::{Value, json};

use crate::{
    alerts::{alert, at, counts, ids, results, text, uuid, with},
    tenant::Tenant,
    world::Reply,
};

#[tokio::test]
async fn each_alert_of_an_array_has_a_result_of_its_own() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let (known, grown) = (alert(&tenant), alert(&tenant));
    let first = user.ingest(&json!([known, grown])).await.expect(202).json();
    assert_eq!(
        (results(&first), counts(&first)),
        (vec!["created".into(), "created".into()], [2, 0, 0, 0, 0])
    );

    let fresh = alert(&tenant);
    let urgent = with(&alert(&tenant), json!({"priority": "urgent"}));
    let timeless = with(&alert(&tenant), json!({"lastSeen": "yesterday"}));
    let body = json!([
        known,
        with(&grown, json!({"lastSeen": at("12:00:00"), "assignee": "i.ivanov"})),
        urgent,
        fresh,
        7,
        {"name": "no id"},
        timeless,
        with(&alert(&tenant), json!({"events": [{"ID": "a"}, {"ID": 7}]}))
    ]);
    let answer = user.ingest(&body).await.expect(202).json();
    assert_eq!(
        results(&answer),
        [
            "duplicate",
            "updated",
            "rejected priority",
            "created",
            "rejected ",
            "rejected id",
            "rejected lastSeen",
            "rejected events[1]"
        ]
    );
    assert_eq!(counts(&answer), [1, 1, 1, 5, 0]);
    let lines = answer["results"].as_array().unwrap();
    assert_eq!(text(&lines[2], "id"), text(&urgent, "id"));
    assert_eq!(text(&lines[2], "message"), "must be one of low, medium, high, critical");
    assert_eq!(text(&lines[4], "message"), "must be a JSON object");
    assert!(lines[4].get("id").is_none() && lines[0].get("message").is_none());

    // The neighbours of the bad ones are there, and of the bad ones nothing is.
    let mut here = user.search("").await;
    here.sort_by_key(|alert| text(alert, "id").to_owned());
    let mut wanted = [&known, &grown, &fresh].map(|alert| text(alert, "id"));
    wanted.sort_unstable();
    assert_eq!(ids(&here), wanted);
}

#[tokio::test]
async fn the_status_says_whether_anything_was_taken() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let bad = with(&alert(&tenant), json!({"priority": null}));
    let worse = with(&alert(&tenant), json!({"name": ""}));

    let one = user.ingest(&alert(&tenant)).await.expect(202).json();
    assert_eq!(counts(&one), [1, 0, 0, 0, 0]);
    assert!(one.get("message").is_none());
    user.ingest(&json!([])).await.expect(202);
    user.ingest(&json!([bad, alert(&tenant)])).await.expect(202);

    let refused = user.ingest(&json!([bad, worse])).await.expect(400).json();
    assert_eq!(text(&refused, "message"), "no alert was accepted");
    assert_eq!(text(&refused, "details"), "priority");
    assert_eq!(results(&refused), ["rejected priority", "rejected name"]);
    assert_eq!(counts(&refused), [0, 0, 0, 2, 0]);
    let alone = user.ingest(&worse).await.expect(400).json();
    assert_eq!(text(&alone, "details"), "name");
}

#[tokio::test]
async fn unknown_fields_are_kept_and_events_come_back_letter_for_letter() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    // Numbers that a decoder would round, keys in no order, letters beyond ASCII, spaces.
    let event = r#"{ "Timestamp":1714989600000,"S.custom":"значение","Big":12345678901234567890123,"F":1.10, "ID":"e1","Extra":{"b":"1","a":"2"},"BaseEvents":[{"ID":"b1"}] }"#;
    let id = uuid();
    let body = format!(
        r#"{{"id":"{id}","tenantID":"{}","name":"Перебор паролей","priority":"low","firstSeen":"{}","lastSeen":"{}",
           "branchName":"Север","maxAssetsWeightStr":null,"actions":[{{"kind":"note","n":1}}],"events":[{event}],
           "affectedAssets":[{{"id":"a1","fqdn":["ws.example.com"],"custom":true}}],
           "affectedAccounts":[{{"cn":"svc-backup","extension":{{"x":[1,2]}}}}]}}"#,
        tenant.id,
        at("10:00:00"),
        at("11:00:00")
    );
    let posted = user.post_text("/bridge/v1/alerts", body).await.expect(202).json();
    assert_eq!(results(&posted), ["created"]);

    let reply = user.get(&format!("/api/v1/alerts?withEvents&withAffected&id={id}")).await.expect(200);
    assert!(reply.text.contains(&format!(r#""events":[{event}]"#)), "{}", reply.text);
    let shown = &reply.array()[0];
    assert_eq!(shown["branchName"], "Север");
    assert_eq!(shown["name"], "Перебор паролей");
    assert_eq!(shown["actions"], json!([{"kind": "note", "n": 1}]));
    assert_eq!(shown["affectedAssets"], json!([{"id": "a1", "fqdn": ["ws.example.com"], "custom": true}]));
    assert_eq!(shown["affectedAccounts"], json!([{"cn": "svc-backup", "extension": {"x": [1, 2]}}]));
}

#[tokio::test]
async fn the_name_of_the_tenant_is_filled_in_unless_the_sender_gave_one() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let (plain, named) = (alert(&tenant), with(&alert(&tenant), json!({"tenantName": "As KUMA calls it"})));
    user.ingest(&json!([plain, named])).await.expect(202);
    assert_eq!(user.alert(text(&plain, "id")).await["tenantName"], tenant.name);
    assert_eq!(user.alert(text(&named, "id")).await["tenantName"], "As KUMA calls it");
}

#[tokio::test]
async fn a_compressed_body_is_read() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let alerts: Vec<Value> = (0..50).map(|_| alert(&tenant)).collect();
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(json!(alerts).to_string().as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let request = user
        .request(&Method::POST, "/bridge/v1/alerts")
        .header(CONTENT_TYPE, "application/json")
        .header(CONTENT_ENCODING, "gzip");
    let answer = Reply::of(request.body(packed)).await.expect(202).json();
    assert_eq!(counts(&answer), [50, 0, 0, 0, 0]);
    assert_eq!(user.search("").await.len(), 50);
}

#[tokio::test]
async fn more_events_than_an_alert_may_hold_lose_the_oldest() {
    const MOST: usize = 10_000;
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let events: Vec<Value> = (0..=MOST).map(|n| json!({"ID": format!("{n:05}"), "Timestamp": n})).collect();
    let full = with(&alert(&tenant), json!({"events": events[..MOST]}));
    user.ingest(&full).await.expect(202);
    let shown = user.alert(text(&full, "id")).await;
    assert_eq!((shown["events"].as_array().unwrap().len(), &shown["overflow"]), (MOST, &json!(false)));

    let one_more = with(&full, json!({"events": [events[MOST]]}));
    let answer = user.ingest(&one_more).await.expect(202).json();
    assert_eq!(results(&answer), ["updated"]);
    let shown = user.alert(text(&full, "id")).await;
    let kept = shown["events"].as_array().unwrap();
    assert_eq!((kept.len(), &shown["overflow"]), (MOST, &json!(true)));
    assert_eq!((text(&kept[0], "ID"), text(&kept[MOST - 1], "ID")), ("00001", "10000"));
}
