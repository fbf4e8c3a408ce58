//! Comments, and decisions about notices.

use bridge_domain::ncircc::errand::Errand;
use serde_json::json;

use super::{Bridge, COMMENT, DECISION, SHOW, accepted, fields, refused, status};

#[tokio::test]
async fn a_comment_is_owed_once_for_each_time_it_is_made() {
    let bridge = Bridge::new().await;
    let id = bridge.incident("INC-1", json!({})).await;
    let comment = json!({"text": "Прошу\nуточнить"});
    let error = refused(bridge.call(COMMENT, &id, &comment).await, 409);
    assert!(error.message.contains("export it first"), "{error}");
    let id = bridge.exported("INC-2", |_| {}).await;
    accepted(bridge.call(COMMENT, &id, &comment).await);
    accepted(bridge.call(COMMENT, &id, &comment).await);
    let rows = bridge.rows(&id).await;
    let wanted =
        Errand::Comment { uuid: "uuid-INC-2".to_owned(), text: "Прошу\nуточнить".to_owned() };
    assert_eq!(rows.iter().filter(|row| row.value.errand == wanted).count(), 2);
    let queued = bridge.queued();
    assert!(queued.len() == 2 && queued[0].row != queued[1].row, "{queued:?}");
    for text in [json!(""), json!(" \n"), json!("a".repeat(5_001)), json!("a\u{0}"), json!(1), json!(null)] {
        let error = refused(bridge.call(COMMENT, &id, &json!({ "text": text })).await, 400);
        assert_eq!(error.details[0]["field"], "text");
    }
    accepted(bridge.call(COMMENT, &id, &json!({"text": "ж".repeat(5_000)})).await);
}

#[tokio::test]
async fn a_notice_is_decided_and_nothing_else_is() {
    let bridge = Bridge::new().await;
    // Whoever gets notices answers them, whatever may be exported.
    bridge.world.add_tenant("other", "Other").await;
    bridge.configure(json!({"exportTenantIDs": ["other"]})).await;
    let id = bridge.notice().await;
    assert_eq!(status(&bridge.call(SHOW, &id, &json!({})).await.unwrap()), "200");
    for (decision, body) in [
        (json!({"status": "in work"}), json!({"status": "В работе"})),
        (
            json!({"status": "decided", "result": "measures taken"}),
            json!({"status": "Принято решение", "int_result": "Меры приняты"}),
        ),
    ] {
        accepted(bridge.call(DECISION, &id, &decision).await);
        let queued = bridge.queued();
        let row = bridge.world.store.row(&id, &queued[0].row).await.unwrap().unwrap().value;
        let Errand::Decision { uuid, body: sent, status } = row.errand else { panic!("{:?}", row.errand) };
        let mut wanted = json!({"uuid": "notice-1", "company": "Ромашка"});
        wanted.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        assert_eq!(serde_json::from_str::<serde_json::Value>(&sent).unwrap(), wanted);
        assert_eq!((uuid.as_str(), Some(status.as_str())), ("notice-1", body["status"].as_str()));
    }
    accepted(bridge.call(COMMENT, &id, &json!({"text": "Принято"})).await);
    let wrong = json!({"status": "decided", "nonsense": 1});
    let error = refused(bridge.call(DECISION, &id, &wrong).await, 400);
    assert_eq!(fields(&error), ["nonsense", "result"]);

    bridge.configure(json!({})).await;
    let own = bridge.incident("INC-1", json!({})).await;
    let error = refused(bridge.call(DECISION, &own, &json!({"status": "in work"})).await, 409);
    assert!(error.message.contains("no notice"), "{error}");
}
