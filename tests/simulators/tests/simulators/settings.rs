//! Settings and resets.

use serde_json::json;

use crate::peer::{Peer, TENANT, alert, incident, sent, with};

#[tokio::test]
async fn what_is_no_setting_is_refused_and_nothing_of_it_is_taken() {
    let peer = Peer::rvision().await;
    for change in [
        json!({"tokens": "x"}),
        json!({"closedStatus": "Done"}),
        json!({"statuses": ["New"]}),
        json!({"fields": ["description"], "token": "new"}),
        json!({"connector": {"url": "https://localhost"}}),
        json!({"connector": {"url": "https://localhost", "token": "t", "ca": "/nowhere"}}),
    ] {
        assert!(peer.control().configure(&change).await.is_err(), "{change}");
    }
    sent(peer.post("/api/v2/incidents").json(&with(&incident(), json!({"status": "Закрыт"})))).await.ok();
    peer.control().configure(&json!({"statuses": ["New", "Done"], "closedStatus": "Done"})).await.unwrap();
    let made = sent(peer.post("/api/v2/incidents").json(&incident())).await.ok();
    assert_eq!(made["data"][0]["status"]["name"], "New");
    assert!(peer.control().act(&json!({"act": "close"})).await.is_err());
    assert!(peer.control().act(&json!({"act": "close", "alertID": "other"})).await.is_err());
    assert!(peer.control().put_alerts(&alert(0)).await.is_err());
}

#[tokio::test]
async fn alerts_are_taken_together_or_not_at_all() {
    let peer = Peer::kuma().await;
    for wrong in [
        json!({"tenantID": "other"}),
        json!({"status": "open"}),
        json!({"priority": 4}),
        json!({"lastSeen": "yesterday"}),
        json!({"lastSeen": null}),
        json!({"colour": "red"}),
    ] {
        let list = json!([alert(0), with(&alert(1), wrong.clone())]);
        assert!(peer.control().put_alerts(&list).await.is_err(), "{wrong}");
    }
    assert_eq!(peer.control().state().await.unwrap()["alerts"], json!([]));
    // Said twice in one list, the second says what changes.
    let one = alert(0);
    let list = json!([one, {"id": one["id"], "assignee": "ivanov"}]);
    peer.control().put_alerts(&list).await.unwrap();
    let alerts = peer.control().state().await.unwrap()["alerts"].clone();
    assert_eq!((alerts.as_array().unwrap().len(), &alerts[0]["assignee"]), (1, &json!("ivanov")));
    assert_eq!((&alerts[0]["events"], &alerts[0]["tenantID"]), (&json!(1), &json!(TENANT)));
}

#[tokio::test]
async fn a_reset_leaves_the_settings() {
    let (kuma, rvision) = (Peer::kuma().await, Peer::rvision().await);
    rvision.control().configure(&json!({"companies": ["Branch"]})).await.unwrap();
    let body = with(&incident(), json!({"company": "Branch"}));
    sent(rvision.post("/api/v2/incidents").json(&body)).await.ok();
    kuma.control().put_alerts(&alert(0)).await.unwrap();
    for peer in [&kuma, &rvision] {
        peer.control().fault(&json!({"fault": "reset"})).await.unwrap();
        peer.control().reset().await.unwrap();
        assert!(peer.control().history().await.unwrap().is_empty());
        assert_eq!(peer.control().faults().await.unwrap(), json!([]));
    }
    assert_eq!(kuma.control().state().await.unwrap()["alerts"], json!([]));
    assert_eq!(rvision.control().state().await.unwrap()["incidents"], json!([]));
    sent(rvision.post("/api/v2/incidents").json(&body)).await.ok();
    kuma.control().put_alerts(&alert(0)).await.unwrap();
    assert_eq!(rvision.control().history_since(1).await.unwrap()[0]["n"], 1);
}
