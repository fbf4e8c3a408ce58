//! KUMA Core: closing.

use serde_json::{Value, json};

use crate::peer::{Peer, Reply, TENANT, alert, sent, text};

async fn close(peer: &Peer, body: &Value) -> Reply {
    sent(peer.post("/api/v1/alerts/close").json(body)).await
}

fn error(status: u16, message: &str) -> Reply {
    Reply(status, json!({"message": message, "details": null}))
}

#[tokio::test]
async fn a_close_is_done_once() {
    let peer = Peer::kuma().await;
    for (sent_as, kept) in [
        ("responded", "responded"),
        ("Incorrect Data ", "incorrect data"),
        ("INCORRECT CORRELATION RULE", "incorrect correlation rule"),
    ] {
        let alert = alert(0);
        peer.control().put_alerts(&alert).await.unwrap();
        let body = json!({"id": alert["id"], "reason": sent_as});
        assert_eq!(close(&peer, &body).await, Reply(204, Value::Null));
        assert_eq!(close(&peer, &body).await, error(406, "alert already closed"));
        let shown = sent(peer.get(&format!("/api/v1/alerts?id={}", text(&alert, "id")))).await.ok();
        assert_eq!((text(&shown[0], "status"), text(&shown[0], "closingReason")), ("closed", kept));
    }
    let closes = peer.control().state().await.unwrap()["closes"].clone();
    let statuses: Vec<&Value> = closes.as_array().unwrap().iter().map(|close| &close["status"]).collect();
    assert_eq!(statuses, [204, 406, 204, 406, 204, 406]);
}

#[tokio::test]
async fn a_wrong_close_has_kumas_text() {
    let peer = Peer::kuma().await;
    let alert = alert(0);
    peer.control().put_alerts(&alert).await.unwrap();
    let id = &alert["id"];
    for (body, status, message) in [
        (json!({}), 400, "id required"),
        (json!({"id": "", "reason": "x"}), 400, "id required"),
        (json!({"id": id}), 400, "reason required"),
        (json!({"id": id, "reason": " "}), 400, "reason required"),
        (json!({"id": id, "reason": "closed"}), 400, "invalid reason"),
        (json!({"id": id, "reason": "incorrect  data"}), 400, "invalid reason"),
        (json!({"id": "other", "reason": "responded"}), 404, "alert not found"),
    ] {
        assert_eq!(close(&peer, &body).await, error(status, message), "{body}");
    }
    let unknown = close(&peer, &json!({"id": id, "reason": "responded", "ID": id})).await;
    assert_eq!(unknown, Reply(400, json!({"message": "invalid body", "details": "ID"})));
    let right = json!({"id": id, "reason": "responded"}).to_string();
    let post = || peer.post("/api/v1/alerts/close");
    assert_eq!(sent(post().header("content-type", "text/plain").body(right)).await.0, 400);
    assert_eq!(sent(post().form(&[("id", text(&alert, "id")), ("reason", "responded")])).await.0, 400);
    assert_eq!(sent(peer.get("/api/v1/alerts/close")).await.0, 405);
    assert_eq!(peer.control().state().await.unwrap()["alerts"][0]["status"], "new");
}

#[tokio::test]
async fn a_disabled_tenant_and_a_stopped_correlator_stand_in_the_way() {
    let peer = Peer::kuma().await;
    let alert = alert(0);
    peer.control().put_alerts(&alert).await.unwrap();
    let body = json!({"id": alert["id"], "reason": "responded"});
    let tenant = |disabled: bool| json!({"tenants": [{"id": TENANT, "name": "Main", "disabled": disabled}]});
    peer.control().configure(&tenant(true)).await.unwrap();
    assert_eq!(close(&peer, &body).await, error(406, "tenant disabled"));
    peer.control().configure(&tenant(false)).await.unwrap();
    peer.control().configure(&json!({"correlatorDown": 2})).await.unwrap();
    for _ in 0..2 {
        assert_eq!(close(&peer, &body).await, error(500, "correlator is not running"));
    }
    assert_eq!(close(&peer, &body).await.0, 204);
}

#[tokio::test]
async fn an_analyst_moves_an_alert_until_it_is_closed() {
    let peer = Peer::kuma().await;
    let alert = alert(0);
    peer.control().put_alerts(&alert).await.unwrap();
    let id = &alert["id"];
    for (act, status) in [
        (json!({"act": "assign", "id": id, "assignee": "ivanov"}), "assigned"),
        (json!({"act": "escalate", "id": id}), "escalated"),
        (json!({"act": "unlink", "id": id}), "new"),
        (
            json!({"act": "grow", "id": id, "events": [{"ID": "e2"}], "lastSeen": "2024-05-06T11:00:00Z"}),
            "new",
        ),
        (json!({"act": "close", "id": id, "reason": "Incorrect data"}), "closed"),
    ] {
        assert_eq!(peer.control().act(&act).await.unwrap()["status"], status);
    }
    let told = peer.control().state().await.unwrap()["alerts"][0].clone();
    assert_eq!((&told["events"], text(&told, "closingReason")), (&json!(2), "incorrect data"));
    assert_eq!((text(&told, "assignee"), text(&told, "lastSeen")), ("ivanov", "2024-05-06T11:00:00Z"));
    let again = peer.control().act(&json!({"act": "assign", "id": id, "assignee": "petrov"})).await;
    assert!(again.unwrap_err().to_string().contains("409"));
}
