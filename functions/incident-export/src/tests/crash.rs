//! The process dies at every point at which it waits for something.

use bridge_domain::{RowId, Timestamp, incident::ReportState};
use bridge_world::cut;
use serde_json::json;

use super::{Bridge, EXPORT, form, process, refused, request, status};
use crate::handler::handle;

/// Wherever it ends: either nothing was done, or the row is owed and the incident says so.
#[tokio::test]
async fn wherever_it_dies_the_export_is_owed_or_was_never_ordered() {
    let bridge = Bridge::new().await;
    for waits in 0.. {
        let id = bridge.incident(&format!("INC-{}", waits + 1), json!({})).await;
        let app = process(&bridge.world).await;
        let end = cut(handle(app, request(&bridge.world, EXPORT, &id, &form())), waits).await;
        bridge.world.amazon.calm().await;
        let (rows, report) = (bridge.rows(&id).await, bridge.now(&id).await.value.report);
        assert_eq!(rows.is_empty(), report.is_none(), "after {waits} waits: half of it was written");
        let due = bridge.world.store.overdue_rows(Timestamp::MAX, 100).await.unwrap();
        let owed = due.iter().any(|(incident, row, _)| *incident == id && *row == RowId::export());
        assert_eq!(owed, !rows.is_empty(), "after {waits} waits: what is written is found by the sweeper");
        let before = bridge.queued();
        assert!(!rows.is_empty() || before.is_empty(), "nothing is queued before it is written");

        // Nobody told whoever wanted it, so the request comes again.
        let app = process(&bridge.world).await;
        let again = handle(app, request(&bridge.world, EXPORT, &id, &form())).await;
        if rows.is_empty() {
            assert_eq!(status(&again.unwrap()), "202", "after {waits} waits");
        } else {
            assert_eq!(refused(again, 409).message, "already exported");
        }
        assert_eq!(bridge.rows(&id).await.len(), 1);
        let report = bridge.now(&id).await.value.report.unwrap();
        assert_eq!(report.state, ReportState::Exporting);
        bridge.queued();
        if let Some(end) = end {
            assert_eq!(status(&end.unwrap()), "202");
            assert!(waits > 8, "only {waits} points were tried");
            return;
        }
    }
}

#[tokio::test]
async fn an_export_is_taken_while_the_queue_is_away() {
    let bridge = Bridge::new().await;
    let id = bridge.incident("INC-1", json!({})).await;
    bridge.world.amazon.break_queues(true);
    assert_eq!(status(&bridge.call(EXPORT, &id, &form()).await.unwrap()), "202");
    bridge.world.amazon.break_queues(false);
    assert!(bridge.queued().is_empty());
    let due = bridge.world.store.overdue_rows(bridge.world.hand.now(), 10).await.unwrap();
    assert_eq!(due.len(), 1);
}

/// The incident is changed by somebody else while it is exported.
#[tokio::test]
async fn a_change_of_the_incident_meanwhile_is_in_the_export_or_comes_after_it() {
    let bridge = Bridge::new().await;
    for waits in 0.. {
        let id = bridge.incident(&format!("INC-{}", waits + 1), json!({"description": "old"})).await;
        let form = form();
        let mut work =
            Box::pin(handle(process(&bridge.world).await, request(&bridge.world, EXPORT, &id, &form)));
        let mut end = cut(&mut work, waits).await;
        bridge.world.amazon.calm().await;
        let was_open = bridge.rows(&id).await.is_empty();
        let before = bridge.now(&id).await;
        let mut after = before.value.clone();
        "new".clone_into(&mut after.description);
        bridge.world.store.change_incident(&before, &after).await.unwrap();
        let ended = end.is_some();
        if !ended {
            end = Some(work.await);
        }
        assert_eq!(status(&end.unwrap().unwrap()), "202", "after {waits} waits");
        let row = serde_json::to_string(&bridge.export_row(&id).await.value.errand).unwrap();
        assert_eq!(row.contains("new"), was_open, "after {waits} waits: {row}");
        assert_eq!(bridge.now(&id).await.value.report.unwrap().state, ReportState::Exporting);
        if ended {
            return;
        }
    }
}
