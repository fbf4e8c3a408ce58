//! Exports: checked as a whole, shown before they are made, and made once.

use std::sync::Arc;

use bridge_domain::{
    RowId,
    incident::ReportState,
    ledger::{Outcome, State},
    ncircc::errand::Errand,
};
use bridge_store::TenantChange;
use bridge_world::{TENANT, alert};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Bridge, EXPORT, SHOW, accepted, fields, form, form_with, process, refused, request, status};
use crate::{handler::handle, view::RowView};

/// The body and the marker of an export.
fn sent(errand: &Errand) -> (Value, &str) {
    let Errand::Export { body, marker } = errand else { panic!("{errand:?}") };
    (serde_json::from_str(body).unwrap(), marker)
}

#[tokio::test]
async fn an_export_is_owed_from_the_one_write_on_and_shown() {
    let bridge = Bridge::new().await;
    let id = bridge.incident("INC-1", json!({"description": "Найден троян"})).await;
    refused(bridge.call(SHOW, &id, &json!({})).await, 404);
    accepted(bridge.call(EXPORT, &id, &form()).await);

    let rows = bridge.rows(&id).await;
    let row = &rows[0].value;
    assert_eq!((rows.len(), &row.id, &row.ledger.state), (1, &RowId::export(), &State::Pending));
    let (body, marker) = sent(&row.errand);
    assert!(marker.starts_with("INC-1/") && marker.len() == "INC-1/12345678".len(), "{marker}");
    let description = format!("Найден троян\nKUMA Bridge: {marker}");
    for (name, wanted) in [
        ("category", "Уведомление о компьютерном инциденте"),
        ("type", "Заражение ВПО"),
        ("company", "Ромашка"),
        ("owner_name", "Ромашка"),
        ("tlp", "TLP:RED"),
        ("location", "RU-MOW"),
        ("affected_system_function", "Связь"),
        ("activity_status", "Проводятся мероприятия по реагированию"),
        ("detect_time", "2026-11-19T09:00:00Z"),
        ("detection_tool", "KUMA"),
        ("event_description", &description),
    ] {
        assert_eq!(body[name], wanted, "{name}");
    }
    let report = bridge.now(&id).await.value.report.unwrap();
    assert_eq!((report.state, report.uuid.as_str()), (ReportState::Exporting, ""));
    let queued = bridge.queued();
    assert_eq!((queued.len(), &queued[0].incident, &queued[0].row), (1, &id, &row.id));

    let view = serde_json::to_value(RowView::new(row)).unwrap();
    assert_eq!(
        (&view["state"], &view["attempts"], &view["sent"]),
        (&json!("pending"), &json!(0), &json!(null))
    );
    assert_eq!((&view["body"], &view["log"][0]["event"]), (&body, &json!("requested")));
    assert_eq!(status(&bridge.call(SHOW, &id, &json!({})).await.unwrap()), "200");
}

#[tokio::test]
async fn of_fifty_at_once_one_is_taken() {
    let bridge = Bridge::new().await;
    let id = bridge.incident("INC-1", json!({})).await;
    let mut apps = Vec::new();
    for _ in 0..5 {
        apps.push(process(&bridge.world).await);
    }
    let form = form();
    let calls = (0..50).map(|n| handle(Arc::clone(&apps[n % 5]), request(&bridge.world, EXPORT, &id, &form)));
    let mut taken = 0;
    for answer in join_all(calls).await {
        match answer {
            Ok(answer) => {
                assert_eq!(status(&answer), "202");
                taken += 1;
            }
            Err(error) => {
                assert_eq!((error.status.as_u16(), error.message.as_ref()), (409, "already exported"));
                assert_eq!(error.details, json!({"state": "pending", "uuid": null, "number": null}));
            }
        }
    }
    assert_eq!((taken, bridge.rows(&id).await.len(), bridge.queued().len()), (1, 1, 1));
}

#[tokio::test]
async fn every_fault_is_told_at_once_and_nothing_is_written() {
    let bridge = Bridge::new().await;
    let closed = json!({"status": "closed", "resolution": "approved", "closed": "2026-11-20T09:00:00Z"});
    let id = bridge.incident("INC-1", closed).await;
    let before = bridge.now(&id).await;
    let wrong = json!({
        "type": "Network scanning", "affectedSystemName": "a".repeat(5_001), "detectedAt": "2026-11-20T10:00:01Z",
        "location": "Moscow", "tlp": "PURPLE", "availabilityImpact": "High", "technical": {"malwareHashes": ["x"]},
        "vulnerabilityID": "CVE-2020-1231", "nonsense": 1, "personalDataLeak": {"reasons": "r"},
    });
    let error = refused(bridge.call(EXPORT, &id, &wrong).await, 400);
    assert_eq!(error.message, "the incident can not be exported yet");
    let mut found = fields(&error);
    found.sort_unstable();
    found.dedup();
    for field in [
        "affectedSystemCategory",
        "affectedSystemName",
        "availabilityImpact",
        "description",
        "detectedAt",
        "location",
        "nonsense",
        "personalDataLeak",
        "technical",
        "tlp",
        "vulnerabilityID",
    ] {
        assert!(found.iter().any(|known| known.starts_with(field)), "{field} is not among {found:?}");
    }
    assert_eq!((bridge.rows(&id).await.len(), bridge.queued().len()), (0, 0));
    assert_eq!(bridge.now(&id).await, before);
}

#[tokio::test]
async fn a_dry_run_writes_nothing_and_is_free_at_any_time() {
    let bridge = Bridge::new().await;
    let id = bridge.incident("INC-1", json!({})).await;
    let dry = form_with(&json!({"dryRun": true}));
    let before = bridge.now(&id).await;
    assert_eq!(status(&bridge.call(EXPORT, &id, &dry).await.unwrap()), "200");
    assert_eq!((bridge.rows(&id).await.len(), bridge.queued().len()), (0, 0));
    assert_eq!(bridge.now(&id).await, before);
    // Of what was exported already, and while nothing is sent.
    accepted(bridge.call(EXPORT, &id, &form()).await);
    bridge.configure(json!({"enabled": false})).await;
    let row = bridge.export_row(&id).await;
    assert_eq!(status(&bridge.call(EXPORT, &id, &dry).await.unwrap()), "200");
    assert_eq!(bridge.export_row(&id).await, row);
    refused(bridge.call(EXPORT, &id, &form_with(&json!({"dryRun": true, "tlp": "x"}))).await, 400);
}

#[tokio::test]
async fn what_surely_came_to_nothing_may_be_exported_again() {
    let bridge = Bridge::new().await;
    let id = bridge.incident("INC-1", json!({})).await;
    accepted(bridge.call(EXPORT, &id, &form()).await);
    let first = bridge.export_row(&id).await;
    let no = Outcome::Refused { error: "no".to_owned() };
    let failed = bridge.attempted(first.clone(), no).await;
    assert_eq!(failed.value.ledger.state, State::Failed);
    accepted(bridge.call(EXPORT, &id, &form_with(&json!({"tlp": "AMBER"}))).await);
    let second = bridge.export_row(&id).await;
    assert_eq!((&second.value.ledger.state, second.value.ledger.sends), (&State::Pending, 0));
    let ((old, old_marker), (new, marker)) = (sent(&first.value.errand), sent(&second.value.errand));
    assert_ne!(old_marker, marker, "the first may still turn up there");
    assert_eq!((&old["tlp"], &new["tlp"]), (&json!("TLP:RED"), &json!("TLP:AMBER")));
    refused(bridge.call(EXPORT, &id, &form()).await, 409);
    // What nobody knows of is no failure.
    let lost = Outcome::Unknown { error: "reset".to_owned() };
    bridge.attempted(second, lost).await;
    let error = refused(bridge.call(EXPORT, &id, &form()).await, 409);
    assert_eq!((error.message.as_ref(), &error.details["state"]), ("already exported", &json!("unknown")));
}

#[tokio::test]
async fn who_may_not_export_is_told_why() {
    let bridge = Bridge::without_settings().await;
    let id = bridge.incident("INC-1", json!({})).await;
    let error = refused(bridge.call(EXPORT, &id, &form()).await, 409);
    assert!(error.message.contains("PUT /bridge/v1/integrations/ncircc"), "{error}");
    bridge.world.add_tenant("other", "Other").await;
    bridge.configure(json!({"exportTenantIDs": ["other"]})).await;
    let error = refused(bridge.call(EXPORT, &id, &form()).await, 403);
    assert_eq!(error.message, "the tenant has no right to export");
    bridge.configure(json!({"enabled": false})).await;
    let error = refused(bridge.call(EXPORT, &id, &form()).await, 409);
    assert!(error.message.contains("disabled"), "{error}");
    bridge.configure(json!({})).await;
    let notice = bridge.notice().await;
    let error = refused(bridge.call(EXPORT, &notice, &form()).await, 409);
    assert!(error.message.contains("came from NCIRCC"), "{error}");
    refused(bridge.call(EXPORT, &"INC-2".parse().unwrap(), &form()).await, 404);
    assert_eq!(bridge.queued().len(), 0);

    let off = TenantChange { disabled: Some(true), ..TenantChange::default() };
    let (tenant, now) = (TENANT.parse().unwrap(), bridge.world.hand.now());
    bridge.world.store.change_tenant(&tenant, &off, now).await.unwrap();
    let error = refused(bridge.call(EXPORT, &id, &form()).await, 406);
    assert_eq!(error.message, "tenant disabled");
}

#[tokio::test]
async fn events_tell_what_was_seen_of_a_connected_system_only() {
    let bridge = Bridge::new().await;
    let seen = json!({
        "affectedAssets": [{"id": "h", "fqdn": ["srv.example.com"], "ipAddresses": ["198.51.100.5"]}],
        "events": [{
            "ID": "1", "Timestamp": 1, "SourceAddress": "203.0.113.9", "DestinationAddress": "198.51.100.5",
            "FileHash": "44d88612fea8a8f36de82e1278abb02f",
        }],
    });
    bridge.world.take(alert("a", 0, &seen)).await;
    let id = bridge.incident("INC-1", json!({"alertIDs": ["a"]})).await;
    accepted(bridge.call(EXPORT, &id, &form_with(&json!({"affectedSystemHasConnection": true}))).await);
    let row = bridge.export_row(&id).await;
    let (body, _) = sent(&row.value.errand);
    assert_eq!(body["related_observables_ipv4"], json!([{"value": "198.51.100.5"}]));
    assert_eq!(body["related_indicators_ipv4"][0]["value"], "203.0.113.9");
    assert_eq!(body["malware_hash"], json!([{"value": "44d88612fea8a8f36de82e1278abb02f"}]));

    let seen = json!({"events": [{"ID": "1", "Timestamp": 1, "SourceAddress": "203.0.113.9"}]});
    bridge.world.take(alert("b", 0, &seen)).await;
    let id = bridge.incident("INC-2", json!({"alertIDs": ["b"]})).await;
    accepted(bridge.call(EXPORT, &id, &form()).await);
    let row = bridge.export_row(&id).await;
    let (body, _) = sent(&row.value.errand);
    assert!(!body.to_string().contains("related_"), "{body}");
}
