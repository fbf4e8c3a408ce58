//! Every sample under `events/` is a request that succeeds where it makes sense.

use std::sync::Arc;

use bridge_domain::{incident::ReportState, ledger::Outcome};
use serde_json::{Value, json};

use super::{Bridge, request, status};
use crate::handler::handle;

/// Sends a sample; gives the status of the answer.
async fn send(bridge: &Bridge, sample: &str) -> String {
    let envelope: Value = serde_json::from_str(sample).unwrap();
    let id = envelope["pathParameters"]["id"].as_str().unwrap().parse().unwrap();
    let route = envelope["routeKey"].as_str().unwrap();
    let mut request = request(&bridge.world, route, &id, &json!({}));
    assert_eq!(envelope["rawPath"], request.path);
    let body = envelope["body"].as_str().unwrap_or_default();
    if !body.is_empty() {
        assert_eq!(envelope["headers"]["content-length"], body.len().to_string());
    }
    request.body = body.as_bytes().to_vec();
    status(&handle(Arc::clone(&bridge.app), request).await.unwrap())
}

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!("../../../../events/incident-export/", $name, ".json"))
    };
}

#[tokio::test]
async fn every_sample_succeeds() {
    let bridge = Bridge::new().await;
    let id = bridge.incident("INC-7", json!({})).await;
    assert_eq!(send(&bridge, sample!("dry-run")).await, "200");
    assert!(bridge.rows(&id).await.is_empty());
    assert_eq!(send(&bridge, sample!("export")).await, "202");
    assert_eq!(send(&bridge, sample!("show")).await, "200");
    let lost = Outcome::Unknown { error: "reset".to_owned() };
    bridge.attempted(bridge.export_row(&id).await, lost).await;
    assert_eq!(send(&bridge, sample!("resolve")).await, "200");

    let before = bridge.now(&id).await;
    let mut after = before.value.clone();
    let report = after.report.as_mut().unwrap();
    report.state = ReportState::Exported;
    "there".clone_into(&mut report.uuid);
    "Требуется дополнение".clone_into(&mut report.status);
    bridge.world.store.change_incident(&before, &after).await.unwrap();
    assert_eq!(send(&bridge, sample!("supplement")).await, "202");

    let notice: Value = serde_json::from_str(sample!("decision")).unwrap();
    let report = json!({"state": ReportState::Notice, "uuid": "notice", "status": "Новое"});
    let notice = notice["pathParameters"]["id"].as_str().unwrap();
    bridge.incident(notice, json!({ "report": report })).await;
    assert_eq!(send(&bridge, sample!("decision")).await, "202");
}
