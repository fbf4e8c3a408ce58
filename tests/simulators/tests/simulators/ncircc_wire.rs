//! NCIRCC: the token, the addresses, the certificates and the faults.

use std::time::Duration;

use bridge_simulators::{Ncircc, Options, Process, RVision};
use serde_json::json;
use tokio::time::Instant;

use crate::peer::{Peer, client, notification, sent};

const INCIDENTS: &str = "/api/v2/incidents";
const PROBE: [(&str, &str); 2] = [("fields", r#"["uuid"]"#), ("limit", "1")];

#[tokio::test]
async fn the_account_is_asked_with_its_token() {
    let peer = Peer::ncircc().await;
    let empty = peer.query(INCIDENTS, &PROBE).await.ok();
    assert_eq!(empty, json!({"success": true, "data": {"next": false, "result": []}}));
    let plain = || peer.client.get(peer.url(INCIDENTS)).query(&PROBE);
    for request in [plain(), plain().header("x-token", "other"), plain().bearer_auth("ncircc-token")] {
        let refused = sent(request).await;
        let envelope = json!({
            "success": false, "message": "[400 Bad Request] Передан неверный токен",
            "error": "Передан неверный токен", "statusCode": 400,
        });
        assert_eq!((refused.0, refused.1), (400, envelope));
    }
    peer.control().configure(&json!({"token": "other"})).await.unwrap();
    sent(plain().header("x-token", "other")).await.ok();
    assert!(peer.control().configure(&json!({"tokens": "other"})).await.is_err());
}

#[tokio::test]
async fn what_does_not_exist_is_404() {
    let peer = Peer::ncircc().await;
    for target in [
        "/",
        "/api/v1/incidents",
        "/api/v2/incident",
        "/api/v2/tokens/get_info_by_token",
        "/api/v2/incidents/x/y",
    ] {
        sent(peer.get(target)).await.refused(404, "no such method");
    }
    sent(peer.get("/api/v2/incidents/no-such-uuid/files")).await.refused(404, "no such card");
    sent(peer.get("/api/v2/incidents/files/1/download")).await.refused(404, "no such file");
    let refused = sent(peer.client.put(peer.url(INCIDENTS))).await;
    assert_eq!((refused.0, &refused.1["message"]), (404, &json!("[404 Not Found] there is no such method")));
}

#[tokio::test]
async fn the_server_leaves_the_intermediate_certificate_out() {
    let running = Ncircc::start(Options::default()).await.unwrap();
    let url = format!("{}{INCIDENTS}", running.url);
    assert!(!running.ca_pem.contains(running.intermediate_pem.trim()));
    let error = client(&running.ca_pem).get(&url).send().await.unwrap_err();
    assert!(format!("{error:?}").contains("UnknownIssuer"), "{error:?}");
    assert_eq!(sent(client(&running.intermediate_pem).get(&url)).await.0, 400);
    let both = format!("{}{}", running.ca_pem, running.intermediate_pem);
    assert_eq!(sent(client(&both).get(&url)).await.0, 400);
    assert_eq!(running.control.state().await.unwrap()["requests"], 2);
}

#[tokio::test]
async fn the_server_sends_the_chain_when_told_to() {
    let options = Options { send_chain: true, ..Options::default() };
    let running = Ncircc::start(options.clone()).await.unwrap();
    let url = format!("{}{INCIDENTS}", running.url);
    assert_eq!(sent(client(&running.ca_pem).get(&url)).await.0, 400);
    assert!(RVision::start(options).await.is_err());
    let process = Process::start("sim-ncircc", &["--send-chain"]).await.unwrap();
    let url = format!("{}{INCIDENTS}", process.url);
    assert_eq!(sent(client(&process.ca_pem).get(&url)).await.0, 400);
    assert!(process.intermediate.as_ref().is_some_and(|path| path.exists()));
    process.stop().await.unwrap();
}

#[tokio::test]
async fn an_effect_can_come_late() {
    let peer = Peer::ncircc().await;
    for (hang, before) in [(false, 0), (true, 1)] {
        let fault =
            json!({"fault": "late_effect", "delayMs": 1500, "hang": hang, "method": "POST", "times": 1});
        peer.control().fault(&fault).await.unwrap();
        let start = Instant::now();
        let request = peer.post(INCIDENTS).json(&notification()).timeout(Duration::from_millis(500));
        let error = request.send().await.unwrap_err();
        assert_eq!(error.is_timeout(), hang, "{error:?}");
        let state = peer.control().state().await.unwrap();
        assert_eq!((&state["counts"]["notifications"], &state["idle"]), (&json!(before), &json!(false)));
        let state = peer.idle().await;
        assert!(start.elapsed() >= Duration::from_millis(1500));
        assert_eq!(state["counts"]["notifications"], before + 1);
    }
    let history = peer.control().history().await.unwrap();
    assert!(history.iter().all(|one| one["effect"] == true && one["status"].is_null()), "{history:?}");
    assert!(peer.control().fault(&json!({"fault": "late_effect"})).await.is_err());
}

#[tokio::test]
async fn a_reset_calls_off_what_is_late() {
    let peer = Peer::ncircc().await;
    let fault = json!({"fault": "late_effect", "delayMs": 60_000, "times": 1});
    peer.control().fault(&fault).await.unwrap();
    peer.post(INCIDENTS).json(&notification()).send().await.unwrap_err();
    assert_eq!(peer.control().state().await.unwrap()["idle"], false);
    peer.control().reset().await.unwrap();
    assert_eq!(peer.idle().await["counts"]["creates"], 0);
}

#[tokio::test]
async fn how_many_come_at_once_is_counted() {
    let peer = Peer::ncircc().await;
    let ask = || peer.query(INCIDENTS, &PROBE);
    ask().await.ok();
    ask().await.ok();
    assert_eq!(peer.control().state().await.unwrap()["mostInFlight"], 1);
    peer.control().fault(&json!({"fault": "delay_ms", "delayMs": 1000})).await.unwrap();
    tokio::join!(ask(), ask(), ask());
    assert_eq!(peer.control().state().await.unwrap()["mostInFlight"], 3);
    peer.control().reset().await.unwrap();
    assert_eq!(peer.control().state().await.unwrap()["mostInFlight"], 0);
}

#[tokio::test]
async fn an_accepted_notification_can_stay_unanswered() {
    let peer = Peer::ncircc().await;
    for (number, fault) in [
        json!({"fault": "hang", "afterEffect": true, "times": 1}),
        json!({"fault": "reset_after_effect", "times": 1}),
        json!({"fault": "truncate", "times": 1}),
    ]
    .into_iter()
    .enumerate()
    {
        peer.control().fault(&fault).await.unwrap();
        let request = peer.post(INCIDENTS).json(&notification()).timeout(Duration::from_secs(1));
        let answer = match request.send().await {
            Ok(answer) => answer.bytes().await,
            Err(error) => Err(error),
        };
        assert!(answer.is_err(), "{fault}");
        assert_eq!(peer.control().state().await.unwrap()["counts"]["creates"], number + 1);
    }
}
