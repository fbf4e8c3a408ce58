//! The fault menu.

use std::{error::Error, time::Duration};

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::peer::{Peer, incident, sent, text};

const INCIDENTS: &str = "/api/v2/incidents";
const PROBE: &str = "/api/v2/tokens/get_info_by_token";

async fn order(peer: &Peer, fault: Value) {
    peer.control().fault(&fault).await.unwrap();
}

async fn incidents(peer: &Peer) -> usize {
    peer.control().state().await.unwrap()["incidents"].as_array().unwrap().len()
}

/// An error with its causes.
fn told(error: &dyn Error) -> String {
    let cause = error.source().map(told).unwrap_or_default();
    format!("{error}: {cause}")
}

#[tokio::test]
async fn a_status_comes_as_often_as_ordered_and_nothing_is_done() {
    let peer = Peer::rvision().await;
    order(&peer, json!({"fault": "status", "status": 429, "retryAfter": 3, "times": 2})).await;
    for _ in 0..2 {
        let answer = peer.post(INCIDENTS).json(&incident()).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (429, "3"));
    }
    assert_eq!(incidents(&peer).await, 0);
    sent(peer.post(INCIDENTS).json(&incident())).await.ok();
    assert_eq!(incidents(&peer).await, 1);
    let history = peer.control().history().await.unwrap();
    let short: Vec<_> = history.iter().map(|one| (&one["status"], &one["fault"], &one["effect"])).collect();
    let faulty = (&json!(429), &json!("status"), &json!(false));
    assert_eq!(short, [faulty, faulty, (&json!(200), &json!(null), &json!(true))]);
    assert_eq!(text(&history[0], "path"), INCIDENTS);
    let names = json!(["ALERT_ID", "category", "company", "description", "detection", "level"]);
    assert_eq!((&history[0]["fields"], &history[0]["n"]), (&names, &json!(0)));
}

#[tokio::test]
async fn a_status_can_come_after_the_effect() {
    let peer = Peer::rvision().await;
    order(&peer, json!({"fault": "status_after_effect", "times": 1})).await;
    assert_eq!(sent(peer.post(INCIDENTS).json(&incident())).await.0, 500);
    assert_eq!(incidents(&peer).await, 1);
}

#[tokio::test]
async fn an_error_can_hide_in_a_200() {
    let peer = Peer::rvision().await;
    order(&peer, json!({"fault": "error_body", "error": "out of licence", "times": 1})).await;
    sent(peer.post(INCIDENTS).json(&incident())).await.refused(200, "out of licence");
    assert_eq!(incidents(&peer).await, 0);
}

#[tokio::test]
async fn an_answer_can_be_cut_short() {
    let peer = Peer::rvision().await;
    order(&peer, json!({"fault": "truncate", "times": 1})).await;
    let answer = peer.post(INCIDENTS).json(&incident()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let announced = answer.content_length().unwrap();
    assert!(announced > 100);
    let error = told(&answer.bytes().await.unwrap_err());
    assert!(error.contains("end of file") || error.contains("EOF") || error.contains("closed"), "{error}");
    assert_eq!(incidents(&peer).await, 1);
    sent(peer.get(PROBE)).await.ok();
}

#[tokio::test]
async fn an_answer_can_drip() {
    let peer = Peer::rvision().await;
    let whole = peer.get(PROBE).send().await.unwrap().bytes().await.unwrap();
    order(&peer, json!({"fault": "drip", "bytes": 10, "everyMs": 20})).await;
    let (start, mut answer, mut parts) = (Instant::now(), peer.get(PROBE).send().await.unwrap(), 0);
    let mut got = Vec::new();
    while let Some(part) = answer.chunk().await.unwrap() {
        parts += 1;
        got.extend(part);
    }
    assert_eq!(got, whole);
    let steps = u32::try_from(whole.len().div_ceil(10)).unwrap();
    assert!(
        parts > 1 && start.elapsed() >= Duration::from_millis(20) * steps,
        "{parts} {:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn a_connection_can_be_reset_before_the_effect_and_after_it() {
    let peer = Peer::rvision().await;
    for (fault, done) in [("reset", 0), ("reset_after_effect", 1)] {
        order(&peer, json!({"fault": fault, "times": 1})).await;
        let error = told(&peer.post(INCIDENTS).json(&incident()).send().await.unwrap_err());
        assert!(error.contains("reset"), "{error}");
        assert_eq!(incidents(&peer).await, done);
    }
    let history = peer.control().history().await.unwrap();
    let short: Vec<_> = history.iter().map(|one| (&one["status"], &one["effect"])).collect();
    assert_eq!(short, [(&json!(null), &json!(false)), (&json!(null), &json!(true))]);
}

#[tokio::test]
async fn a_request_can_hang() {
    let peer = Peer::rvision().await;
    for (after_effect, done) in [(false, 0), (true, 1)] {
        order(&peer, json!({"fault": "hang", "afterEffect": after_effect, "times": 1})).await;
        let request = peer.post(INCIDENTS).json(&incident()).timeout(Duration::from_millis(200));
        assert!(request.send().await.unwrap_err().is_timeout());
        assert_eq!(incidents(&peer).await, done);
    }
    // The simulator sees that the client went away.
    peer.state_when(|state| state["open"] == 0).await;
}

#[tokio::test]
async fn each_request_can_take_its_time_and_fail_besides() {
    let peer = Peer::rvision().await;
    order(&peer, json!([{"fault": "delay_ms", "delayMs": 60}, {"fault": "status", "status": 502}])).await;
    let start = Instant::now();
    assert_eq!(sent(peer.get(PROBE)).await.0, 502);
    assert!(start.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn a_fault_may_be_for_some_requests_only() {
    let peer = Peer::rvision().await;
    order(
        &peer,
        json!({"fault": "status", "method": "post", "path": "/api/v2/incidents/", "skip": 1, "times": 1}),
    )
    .await;
    order(&peer, json!({"fault": "status", "status": 502, "path": "/api/v2/tok*"})).await;
    assert_eq!(sent(peer.get(INCIDENTS)).await.0, 200);
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(sent(peer.post(INCIDENTS).json(&incident())).await.0);
    }
    assert_eq!(statuses, [200, 503, 200]);
    assert_eq!(sent(peer.get(PROBE)).await.0, 502);
    let faults = peer.control().faults().await.unwrap();
    assert_eq!(
        (&faults[0]["times"], &faults[0]["hits"], &faults[1]["hits"]),
        (&json!(0), &json!(1), &json!(1))
    );
    peer.control().clear_faults().await.unwrap();
    assert_eq!(sent(peer.get(PROBE)).await.0, 200);
}

#[tokio::test]
async fn an_order_that_makes_no_sense_is_refused() {
    let peer = Peer::kuma().await;
    for order in [
        json!({"fault": "explode"}),
        json!({"fault": "status", "code": 500}),
        json!({"fault": "status", "status": 42}),
        json!({"fault": "reset", "status": 500}),
        json!({"fault": "delay_ms"}),
        json!([{"fault": "reset"}, {"fault": "drip", "delayMs": 1}]),
    ] {
        assert!(peer.control().fault(&order).await.is_err(), "{order}");
    }
    assert_eq!(peer.control().faults().await.unwrap(), json!([]));
}

#[tokio::test]
async fn kuma_core_has_the_same_menu() {
    let peer = Peer::kuma().await;
    let alert = crate::peer::alert(0);
    peer.control().put_alerts(&alert).await.unwrap();
    let close = || peer.post("/api/v1/alerts/close").json(&json!({"id": alert["id"], "reason": "responded"}));
    // A 204 has nothing that could be cut: the connection is.
    order(&peer, json!({"fault": "truncate", "times": 1})).await;
    assert!(close().send().await.is_err());
    assert_eq!(sent(close()).await.1["message"], "alert already closed");
}
