//! KUMA Core pushes to R-Vision, and R-Vision closes in KUMA Core: the two without anything between them.

use serde_json::{Value, json};

use crate::peer::{Peer, alert, sent, text, with};

fn irp(rvision: &Peer) -> Value {
    json!({
        "url": rvision.running.url, "token": "r-vision-token", "ca": rvision.running.ca, "category": "Инцидент KUMA",
        "alertIDField": "ALERT_ID", "alertURLField": "ALERT_URL", "eventFields": ["ID", "DeviceVendor"],
    })
}

async fn pair(changes: Value) -> (Peer, Peer) {
    let (kuma, rvision) = (Peer::kuma().await, Peer::rvision().await);
    let probed = kuma.control().configure(&json!({"irp": with(&irp(&rvision), changes)})).await.unwrap();
    assert_eq!(probed["probe"]["status"], 200);
    let connector = json!({
        "url": kuma.url("/api/v1/alerts/close"), "token": "kuma-token", "ca": kuma.running.ca_pem, "pauseMs": 10,
    });
    rvision.control().configure(&json!({"connector": connector})).await.unwrap();
    (kuma, rvision)
}

#[tokio::test]
async fn an_alert_arrives_as_a_form_with_its_events_in_a_file() {
    let (kuma, rvision) = pair(json!({})).await;
    let alert = alert(0);
    kuma.control().put_alerts(&alert).await.unwrap();
    let pushed = kuma.idle().await;
    let incident = rvision.control().state().await.unwrap()["incidents"][0].clone();
    assert_eq!(pushed["pushes"][0]["identifier"], incident["identifier"]);
    assert_eq!(
        (&pushed["alerts"][0]["incident"], &pushed["pushes"][0]["attempts"]),
        (&incident["identifier"], &json!(1))
    );
    assert_eq!(
        incident["fields"],
        json!({
            "ALERT_ID": alert["id"], "ALERT_URL": format!("https://localhost:7220/alerts/{}", text(&alert, "id")),
            "company": "Main", "level": "Высокий", "category": "Инцидент KUMA", "status": "Открыт",
            "description": "Brute force", "detection": "2024-05-06T09:00:00.000Z",
        })
    );
    let file = &incident["files"][0];
    assert_eq!(text(file, "type"), "application/json");
    let target = format!("/api/v2/incidents/files/{}/download", file["id"]);
    assert_eq!(sent(rvision.get(&target)).await.ok(), json!([{"ID": "e1", "DeviceVendor": "Microsoft"}]));
    let history = rvision.control().history().await.unwrap();
    let posts: Vec<&Value> = history.iter().filter(|record| record["method"] == "POST").collect();
    assert_eq!(posts.len(), 1);
    let fields =
        ["ALERT_ID", "ALERT_URL", "company", "level", "category", "detection", "description", "files"];
    assert_eq!((&posts[0]["fields"], &posts[0]["status"]), (&json!(fields), &json!(200)));
}

#[tokio::test]
async fn every_change_is_pushed_and_the_plain_form_has_no_file() {
    let (kuma, rvision) = pair(json!({"form": "urlencoded"})).await;
    let one = alert(0);
    kuma.control().put_alerts(&one).await.unwrap();
    kuma.control().put_alerts(&json!({"id": one["id"], "name": "Password spray"})).await.unwrap();
    kuma.control().act(&json!({"act": "assign", "id": one["id"], "assignee": "ivanov"})).await.unwrap();
    sent(kuma.post("/api/v1/alerts/close").json(&json!({"id": one["id"], "reason": "responded"}))).await.ok();
    let elsewhere = json!({"irp": with(&irp(&rvision), json!({"tenants": ["other"]}))});
    kuma.control().configure(&elsewhere).await.unwrap();
    kuma.control().put_alerts(&alert(1)).await.unwrap();
    kuma.control().configure(&json!({"irp": irp(&rvision)})).await.unwrap();
    kuma.control().put_alerts_silently(&alert(2)).await.unwrap();
    let state = kuma.idle().await;
    assert_eq!(
        (state["pushes"].as_array().unwrap().len(), state["alerts"].as_array().unwrap().len()),
        (4, 3)
    );
    let incidents = rvision.control().state().await.unwrap()["incidents"].clone();
    let incidents = incidents.as_array().unwrap();
    // R-Vision itself does not look for the alert: each push is an incident.
    assert_eq!(incidents.len(), 4);
    assert!(
        incidents.iter().all(|incident| incident["files"] == json!([]) && incident["alertID"] == one["id"])
    );
    assert_eq!(text(&incidents[3]["fields"], "description"), "Password spray");
}

#[tokio::test]
async fn the_alert_can_be_read_when_the_push_arrives() {
    let (kuma, rvision) = pair(json!({})).await;
    rvision.control().fault(&json!({"fault": "hang", "method": "POST"})).await.unwrap();
    let alert = alert(0);
    kuma.control().put_alerts(&alert).await.unwrap();
    rvision.state_when(|state| state["open"] == 1).await;
    let target = format!("/api/v1/alerts?withAffected&id={}", text(&alert, "id"));
    assert_eq!(sent(kuma.get(&target)).await.ok()[0]["affectedAssets"][0]["id"], "a1");
    assert_eq!(kuma.control().state().await.unwrap()["idle"], false);
}

#[tokio::test]
async fn a_push_is_tried_as_often_as_said() {
    let (kuma, rvision) = pair(json!({"attempts": 3, "pauseMs": 5})).await;
    rvision.control().fault(&json!({"fault": "status", "method": "POST", "times": 2})).await.unwrap();
    kuma.control().put_alerts(&alert(0)).await.unwrap();
    let pushes = kuma.idle().await["pushes"].clone();
    assert_eq!((&pushes[0]["attempts"], &pushes[0]["success"]), (&json!(3), &json!(true)));
    rvision.control().fault(&json!({"fault": "error_body", "error": "no licence"})).await.unwrap();
    kuma.control().put_alerts(&alert(1)).await.unwrap();
    let pushes = kuma.idle().await["pushes"].clone();
    assert_eq!(
        (&pushes[1]["attempts"], &pushes[1]["success"], &pushes[1]["status"]),
        (&json!(3), &json!(false), &json!(200))
    );
}

#[tokio::test]
async fn settings_with_a_wrong_token_are_not_saved() {
    let (kuma, rvision) = (Peer::kuma().await, Peer::rvision().await);
    let wrong = json!({"irp": with(&irp(&rvision), json!({"token": "other"})), "token": "changed"});
    let refused = kuma.control().configure(&wrong).await.unwrap_err().to_string();
    assert!(refused.contains("422") && refused.contains("401"), "{refused}");
    let stranger = json!({"irp": with(&irp(&rvision), json!({"ca": kuma.running.ca}))});
    let refused = kuma.control().configure(&stranger).await.unwrap_err().to_string();
    assert!(refused.contains("certificate"), "{refused}");
    kuma.control().put_alerts(&alert(0)).await.unwrap();
    assert_eq!(kuma.idle().await["pushes"], json!([]));
    sent(kuma.get("/api/v1/alerts")).await.ok();
}

#[tokio::test]
async fn a_closed_incident_closes_its_alert_and_a_second_close_does_no_harm() {
    let (kuma, rvision) = pair(json!({"pushClosed": false})).await;
    let alert = alert(0);
    kuma.control().put_alerts(&alert).await.unwrap();
    kuma.idle().await;
    let act = async |what: &str| {
        rvision.control().act(&json!({"act": what, "alertID": alert["id"]})).await.unwrap()
    };
    assert_eq!(act("close").await["closed"], true);
    let calls = rvision.idle().await["calls"].clone();
    assert_eq!((text(&calls[0], "reason"), &calls[0]["status"]), ("Incorrect Data ", &json!(204)));
    assert_eq!((&calls[0]["alertID"], &calls[0]["attempts"]), (&alert["id"], &json!(1)));
    let closed = kuma.control().state().await.unwrap()["alerts"][0].clone();
    assert_eq!((text(&closed, "status"), text(&closed, "closingReason")), ("closed", "incorrect data"));
    // Closed twice in a row starts nothing; after it was open again, the rule starts again.
    act("close").await;
    assert_eq!(rvision.idle().await["calls"].as_array().unwrap().len(), 1);
    assert_eq!(act("reopen").await["fields"]["status"], "Открыт");
    act("close").await;
    assert_eq!(rvision.idle().await["calls"][1]["status"], 406);
    assert_eq!(kuma.control().state().await.unwrap()["alerts"][0]["status"], "closed");
}

#[tokio::test]
async fn a_close_over_the_api_starts_the_rule_too_and_it_asks_until_it_is_answered() {
    let (kuma, rvision) = pair(json!({})).await;
    let faults = json!([{"fault": "reset", "times": 2}, {"fault": "status", "status": 503, "times": 1}]);
    kuma.control().fault(&faults).await.unwrap();
    let body = json!({
        "ALERT_ID": "unknown", "company": "Main", "level": "Низкий", "category": "Инцидент KUMA", "status": "Закрыт",
    });
    let made = sent(rvision.post("/api/v2/incidents").json(&body)).await.ok()["data"][0].clone();
    assert!(text(&made, "closure_date").ends_with('Z'));
    let call = rvision.idle().await["calls"][0].clone();
    // Any answer is one.
    assert_eq!((&call["attempts"], &call["status"]), (&json!(3), &json!(503)));
    let open = json!({"identifier": made["identifier"], "status": "В работе"});
    let open = sent(rvision.post("/api/v2/incidents").json(&open)).await.ok();
    assert_eq!(open["data"][0]["closure_date"], Value::Null);
    let closed = json!({"identifier": made["identifier"], "status": "Закрыт"});
    sent(rvision.post("/api/v2/incidents").json(&closed)).await.ok();
    assert_eq!(rvision.idle().await["calls"][1]["status"], 404);
    rvision.control().configure(&json!({"connector": null})).await.unwrap();
    rvision.control().act(&json!({"act": "reopen", "identifier": made["identifier"]})).await.unwrap();
    rvision.control().act(&json!({"act": "close", "identifier": made["identifier"]})).await.unwrap();
    assert_eq!(rvision.idle().await["calls"].as_array().unwrap().len(), 2);
    assert_eq!(kuma.control().state().await.unwrap()["alerts"], json!([]));
}
