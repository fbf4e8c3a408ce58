//! One alert told of several times, in any order.

use serde_json::json;

use crate::{
    alerts::{alert, at, event_ids, results, text, with},
    tenant::Tenant,
};

#[tokio::test]
async fn a_newer_message_wins_and_an_older_one_overwrites_nothing() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let middle = with(
        &alert(&tenant),
        json!({"name": "Middle", "assignee": "middle", "status": "assigned", "onlyMiddle": 1,
               "events": [{"ID": "b", "Timestamp": 2}, {"ID": "c", "Timestamp": 3}]}),
    );
    let id = text(&middle, "id");
    let newer = with(
        &alert(&tenant),
        json!({"id": id, "name": "Newer", "priority": "critical", "status": "escalated", "lastSeen": at("12:00:00"),
               "events": [{"ID": "c", "Timestamp": 3}, {"ID": "d", "Timestamp": 4}]}),
    );
    let older = with(
        &alert(&tenant),
        json!({"id": id, "name": "Older", "priority": "low", "firstSeen": at("08:00:00"), "lastSeen": at("09:00:00"),
               "events": [{"ID": "a", "Timestamp": 1}]}),
    );
    for (message, result) in [
        (&middle, "created"),
        (&newer, "updated"),
        (&older, "updated"),
        // Everything that was said once says nothing new.
        (&middle, "duplicate"),
        (&older, "duplicate"),
        (&newer, "duplicate"),
    ] {
        let answer = user.ingest(message).await.expect(202).json();
        assert_eq!(results(&answer), [result], "{}", text(message, "name"));
    }
    let shown = user.alert(id).await;
    assert_eq!(text(&shown, "name"), "Newer");
    assert_eq!((text(&shown, "status"), text(&shown, "priority")), ("escalated", "critical"));
    assert_eq!((text(&shown, "assignee"), shown.get("onlyMiddle")), ("", None));
    assert_eq!(
        (text(&shown, "firstSeen"), text(&shown, "lastSeen")),
        ("2024-05-06T08:00:00.000Z", "2024-05-06T12:00:00.000Z")
    );
    assert_eq!(event_ids(&shown), ["a", "b", "c", "d"]);
    assert_eq!(user.search("").await.len(), 1);
}

#[tokio::test]
async fn a_listing_follows_an_alert_that_changes() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let first = alert(&tenant);
    user.ingest(&first).await.expect(202);
    assert_eq!(user.search("status=new").await.len(), 1);
    let later =
        with(&first, json!({"status": "assigned", "lastSeen": at("13:00:00"), "firstSeen": at("07:00:00")}));
    user.ingest(&later).await.expect(202);
    assert!(user.search("status=new").await.is_empty());
    assert_eq!(user.search("status=assigned").await.len(), 1);
    assert_eq!(user.search(&format!("from={}", at("13:00:00"))).await.len(), 1);
    assert!(user.search(&format!("to={}", at("12:59:59"))).await.is_empty());
    assert_eq!(user.search(&format!("timestampField=firstSeen&to={}", at("07:00:00"))).await.len(), 1);
}

#[tokio::test]
async fn a_closed_alert_stays_closed_and_still_takes_events() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    // One is closed here, the other comes closed.
    let here = alert(&tenant);
    let there = with(&alert(&tenant), json!({"status": "closed", "closingReason": "responded"}));
    user.ingest(&json!([here, there])).await.expect(202);
    user.close(text(&here, "id"), "incorrect data").await.expect(204);
    for (posted, reason) in [(&here, "incorrect data"), (&there, "responded")] {
        let reopened = with(
            posted,
            json!({"status": "new", "closingReason": "", "lastSeen": at("18:00:00"), "assignee": "later",
                   "events": [{"ID": "e2", "Timestamp": 1_714_989_700_000_i64}]}),
        );
        let answer = user.ingest(&reopened).await.expect(202).json();
        assert_eq!(results(&answer), ["updated"]);
        let shown = user.alert(text(posted, "id")).await;
        assert_eq!((text(&shown, "status"), text(&shown, "closingReason")), ("closed", reason));
        assert_eq!((text(&shown, "assignee"), event_ids(&shown)), ("later", vec!["e1", "e2"]));
        user.close(text(posted, "id"), "responded").await.refused(406, "alert already closed", &json!(null));
    }
    assert!(user.search("status=new").await.is_empty());
    assert_eq!(user.search("status=closed").await.len(), 2);
}

#[tokio::test]
async fn an_alert_with_more_events_than_fit_one_item_is_merged_as_well() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let events = |from: usize, to: usize| -> Vec<_> {
        (from..to)
            .map(|n| {
                let note = crate::alerts::noise(n as u64 + 1, 20_000);
                json!({"ID": format!("{n:03}"), "Timestamp": n, "Note": note})
            })
            .collect()
    };
    let first = with(&alert(&tenant), json!({"events": events(0, 60)}));
    let second = with(&first, json!({"lastSeen": at("12:00:00"), "events": events(40, 100)}));
    for (message, result) in [(&first, "created"), (&first, "duplicate"), (&second, "updated")] {
        let answer = user.ingest(message).await.expect(202).json();
        assert_eq!(results(&answer), [result]);
    }
    let shown = user.alert(text(&first, "id")).await;
    assert_eq!(shown["events"], json!(events(0, 100)));
    assert_eq!(shown["overflow"], false);
}
