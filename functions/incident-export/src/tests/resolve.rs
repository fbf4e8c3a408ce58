//! A person's word about what nobody could find out.

use bridge_domain::{
    IncidentId,
    incident::ReportState,
    ledger::{Outcome, Remote, State},
};
use serde_json::json;

use super::{Bridge, COMMENT, EXPORT, RESOLVE, accepted, form, refused, status};

/// An export that nobody knows the end of.
async fn lost(bridge: &Bridge, id: &str) -> IncidentId {
    let id = bridge.incident(id, json!({})).await;
    accepted(bridge.call(EXPORT, &id, &form()).await);
    assert_eq!(bridge.queued().len(), 1);
    let lost = Outcome::Unknown { error: "the connection was reset".to_owned() };
    bridge.attempted(bridge.export_row(&id).await, lost).await;
    id
}

#[tokio::test]
async fn what_is_there_is_known_by_its_uuid_from_then_on() {
    let bridge = Bridge::new().await;
    let id = lost(&bridge, "INC-1").await;
    let word = json!({"resolution": "exported", "uuid": "there-1", "identifier": "26-11-1"});
    assert_eq!(status(&bridge.call(RESOLVE, &id, &word).await.unwrap()), "200");
    let row = bridge.export_row(&id).await.value;
    let remote = Remote { uuid: "there-1".to_owned(), identifier: "26-11-1".to_owned() };
    assert_eq!((row.ledger.state, row.ledger.remote), (State::Sent, Some(remote)));
    let report = bridge.now(&id).await.value.report.unwrap();
    assert_eq!(
        (report.state, report.uuid.as_str(), report.identifier.as_str()),
        (ReportState::Exported, "there-1", "26-11-1")
    );
    let known = bridge.world.store.incidents_of(&["there-1".to_owned()]).await.unwrap();
    assert_eq!(known, [("there-1".to_owned(), id.clone())]);
    assert!(bridge.queued().is_empty());
    let error = refused(bridge.call(RESOLVE, &id, &word).await, 409);
    assert!(error.message.contains("the row is sent"), "{error}");

    // One notification is of one incident.
    let other = lost(&bridge, "INC-2").await;
    let error = refused(bridge.call(RESOLVE, &other, &word).await, 409);
    assert_eq!(error.message, "this notification belongs to another incident");
    assert_eq!(bridge.export_row(&other).await.value.ledger.state, State::Unknown);
}

#[tokio::test]
async fn what_is_not_there_is_sent_again_or_given_up() {
    let bridge = Bridge::new().await;
    let id = lost(&bridge, "INC-1").await;
    assert_eq!(
        status(&bridge.call(RESOLVE, &id, &json!({"resolution": "not exported"})).await.unwrap()),
        "200"
    );
    assert_eq!(bridge.export_row(&id).await.value.ledger.state, State::Pending);
    assert_eq!(bridge.now(&id).await.value.report.unwrap().state, ReportState::Exporting);
    let queued = bridge.queued();
    assert_eq!((queued.len(), &queued[0].incident), (1, &id));

    let id = lost(&bridge, "INC-2").await;
    assert_eq!(status(&bridge.call(RESOLVE, &id, &json!({"resolution": "give up"})).await.unwrap()), "200");
    assert_eq!(bridge.export_row(&id).await.value.ledger.state, State::Failed);
    assert_eq!(bridge.now(&id).await.value.report.unwrap().state, ReportState::Failed);
    assert!(bridge.queued().is_empty());
    accepted(bridge.call(EXPORT, &id, &form()).await);
}

#[tokio::test]
async fn only_what_waits_for_a_person_can_be_decided() {
    let bridge = Bridge::new().await;
    let id = bridge.incident("INC-1", json!({})).await;
    let word = json!({"resolution": "give up"});
    let error = refused(bridge.call(RESOLVE, &id, &word).await, 409);
    assert!(error.message.contains("no such row"), "{error}");
    accepted(bridge.call(EXPORT, &id, &form()).await);
    let error = refused(bridge.call(RESOLVE, &id, &word).await, 409);
    assert!(error.message.contains("the row is pending"), "{error}");
    for wrong in [
        json!({}),
        json!({"resolution": "maybe"}),
        json!({"resolution": "exported"}),
        json!({"resolution": "give up", "uuid": "u"}),
        json!({"resolution": "exported", "uuid": "\u{7}"}),
        json!({"resolution": "give up", "row": "a b"}),
        json!({"resolution": "give up", "more": 1}),
    ] {
        let error = refused(bridge.call(RESOLVE, &id, &wrong).await, 400);
        assert_eq!(
            (error.message.as_ref(), error.details.as_array().unwrap().len()),
            ("invalid body", 1),
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn another_row_is_decided_without_the_export() {
    let bridge = Bridge::new().await;
    let id = bridge.exported("INC-1", |_| {}).await;
    accepted(bridge.call(COMMENT, &id, &json!({"text": "Принято"})).await);
    let rows = bridge.rows(&id).await;
    let row = rows.into_iter().find(|row| row.value.errand.kind() == "comment").unwrap();
    let before = bridge.now(&id).await;
    let row = bridge.attempted(row, Outcome::Unknown { error: "reset".to_owned() }).await;
    let word = json!({"resolution": "exported", "row": row.value.id});
    assert_eq!(status(&bridge.call(RESOLVE, &id, &word).await.unwrap()), "200");
    let now = bridge.world.store.row(&id, &row.value.id).await.unwrap().unwrap();
    assert_eq!(now.value.ledger.state, State::Sent);
    assert_eq!(bridge.now(&id).await, before);
}
