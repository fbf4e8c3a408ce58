//! NCIRCC: what its operators do.

use serde_json::{Value, json};

use crate::peer::{Peer, notification, sent, text};

const INCIDENTS: &str = "/api/v2/incidents";

#[tokio::test]
async fn a_notification_is_registered_and_changes_its_status() {
    let peer = Peer::ncircc().await;
    let uuid = sent(peer.post(INCIDENTS).json(&notification())).await.ok()["data"][0]["uuid"].clone();
    let before = peer.control().state().await.unwrap()["notifications"][0].clone();
    let given = peer.control().act(&json!({"act": "register", "uuid": uuid})).await.unwrap();
    assert!(text(&given, "number").starts_with("RMSH-"));
    let held = peer.control().state().await.unwrap()["notifications"][0].clone();
    assert_eq!((&held["number"], text(&held, "status")), (&given["number"], "Зарегистрировано"));
    assert!(text(&held, "updated") >= text(&before, "updated"));
    let act =
        json!({"act": "status", "uuid": uuid, "status": "Принято решение", "at": "2024-10-11T11:18:01.11Z"});
    peer.control().act(&act).await.unwrap();
    let held = peer.control().state().await.unwrap()["notifications"][0].clone();
    assert_eq!(
        (text(&held, "status"), text(&held, "updated")),
        ("Принято решение", "2024-10-11T11:18:01.110Z")
    );
    assert_eq!(held["created"], before["created"]);
}

#[tokio::test]
async fn a_message_has_what_it_is_given() {
    let peer = Peer::ncircc().await;
    let act = json!([
        {"act": "message", "type": "Зараженный ресурс"},
        {"act": "message", "type": "Уязвимый ресурс", "number": null, "uuid": "4a4d5b1e-0000-4000-8000-000000000001",
         "event_description": "patch it", "fields": {"inrelated_observables_ipv4": [{"value": "10.0.0.1"}]},
         "at": "2024-10-11T11:18:01.110Z"},
    ]);
    let made = peer.control().act(&act).await.unwrap();
    assert!(text(&made[0], "number").starts_with("ALRT-") && made[1]["number"].is_null());
    let fields = r#"["uuid","category","type","status","event_description","inrelated_observables_ipv4","create_time"]"#;
    let cards = peer.query(INCIDENTS, &[("fields", fields)]).await.ok()["data"]["result"].clone();
    assert_eq!(text(&cards[0]["category"], "name"), "Сообщение от НКЦКИ");
    assert_eq!(
        (text(&cards[1]["type"], "name"), text(&cards[1]["status"], "name")),
        ("Уязвимый ресурс", "Новое")
    );
    assert_eq!(cards[1]["uuid"], "4a4d5b1e-0000-4000-8000-000000000001");
    assert_eq!(cards[1]["inrelated_observables_ipv4"], json!([{"value": "10.0.0.1"}]));
    assert_eq!(
        (text(&cards[1], "event_description"), text(&cards[1], "create_time")),
        ("patch it", "2024-10-11T11:18:01Z")
    );
    assert_eq!(peer.control().state().await.unwrap()["counts"]["messages"], 2);
}

#[tokio::test]
async fn many_change_at_once() {
    let peer = Peer::ncircc().await;
    let made = peer.control().act(&json!({"act": "many", "count": 10_000})).await.unwrap();
    let uuids: Vec<Value> = made["uuids"].as_array().unwrap().clone();
    assert_eq!(uuids.len(), 10_000);
    let act = json!({
        "act": "statuses", "uuids": uuids[..9_000], "status": "Требуется дополнение", "at": "2024-10-11T11:18:01.110Z",
    });
    peer.control().act(&act).await.unwrap();
    let state = peer.control().state().await.unwrap();
    let all = state["notifications"].as_array().unwrap();
    let changed = all.iter().filter(|one| one["status"] == "Требуется дополнение").count();
    let alike = all.iter().filter(|one| one["updated"] == "2024-10-11T11:18:01.110Z").count();
    assert_eq!((all.len(), changed, alike), (10_000, 9_000, 9_000));
    assert_eq!(state["counts"]["creates"], 0);
    assert!(all.iter().all(|one| one["number"].is_string()));
}

#[tokio::test]
async fn an_act_that_makes_no_sense_is_refused() {
    let peer = Peer::ncircc().await;
    let message = json!({"act": "message", "type": "Зараженный ресурс"});
    let uuid = peer.control().act(&message).await.unwrap()["uuid"].clone();
    for act in [
        json!({"act": "explode"}),
        json!("status"),
        json!({"act": "status", "uuid": uuid}),
        json!({"act": "status", "uuid": uuid, "status": "Создано"}),
        json!({"act": "status", "uuid": "other", "status": "Новое"}),
        json!({"act": "status", "uuid": uuid, "status": "Новое", "when": "now"}),
        json!({"act": "status", "uuid": uuid, "status": "Новое", "at": "now"}),
        json!({"act": "statuses", "uuids": [uuid, "other"], "status": "В работе"}),
        json!({"act": "register", "uuid": uuid}),
        json!({"act": "comment", "uuid": "other", "text": "x"}),
        json!({"act": "message", "type": "Заражение ВПО"}),
        json!({"act": "message", "type": "Зараженный ресурс", "colour": "red"}),
        json!({"act": "message", "type": "Зараженный ресурс", "status": "В работе"}),
        json!({"act": "message", "type": "Зараженный ресурс", "uuid": uuid}),
        json!({"act": "many", "count": 1_000_000}),
    ] {
        assert!(peer.control().act(&act).await.is_err(), "{act}");
    }
    let state = peer.control().state().await.unwrap();
    assert_eq!((&state["counts"]["messages"], text(&state["messages"][0], "status")), (&json!(1), "Новое"));
}
