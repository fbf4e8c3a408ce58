//! Many alerts at once.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    alerts::{alert, counts, results, second, text, with},
    tenant::Tenant,
    world::World,
};

#[tokio::test]
async fn a_thousand_alerts_are_one_request_and_one_more_is_refused_whole() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let mut alerts: Vec<Value> =
        (0..1000).map(|n| with(&alert(&tenant), json!({"lastSeen": second(40_000 + n)}))).collect();
    let answer = user.ingest(&json!(alerts)).await.expect(202).json();
    assert_eq!((counts(&answer), results(&answer).len()), ([1000, 0, 0, 0, 0], 1000));
    let again = user.ingest(&json!(alerts)).await.expect(202).json();
    assert_eq!(counts(&again), [0, 0, 1000, 0, 0]);

    alerts.push(alert(&tenant));
    user.ingest(&json!(alerts))
        .await
        .refused_with(400, "the body holds more than 1000 alerts: send them in several requests");
    assert_eq!(user.search("page=5").await, [json!(null); 0]);
    assert_eq!(user.search("page=4").await.len(), 250);
}

#[tokio::test]
async fn of_fifty_equal_posts_at_once_exactly_one_creates() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let posted = alert(&tenant);
    let answers = join_all((0..50).map(|_| user.ingest(&posted))).await;
    let mut told: Vec<String> =
        answers.into_iter().flat_map(|answer| results(&answer.expect(202).json())).collect();
    told.sort();
    assert_eq!(told[0], "created");
    assert!(told.len() == 50 && told[1..].iter().all(|result| result == "duplicate"), "{told:?}");
    assert_eq!(user.search("").await.len(), 1);
}

#[tokio::test]
async fn of_many_different_messages_at_once_none_is_lost() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let base = alert(&tenant);
    let messages: Vec<Value> = (0..20)
        .map(|n| {
            let events = json!([{"ID": format!("{n:02}"), "Timestamp": n}]);
            with(&base, json!({"lastSeen": second(40_000 + n), "assignee": n.to_string(), "events": events}))
        })
        .collect();
    let answers = join_all(messages.iter().map(|message| user.ingest(message))).await;
    let told: Vec<String> =
        answers.into_iter().flat_map(|answer| results(&answer.expect(202).json())).collect();
    assert_eq!(told.iter().filter(|result| *result == "created").count(), 1, "{told:?}");
    let shown = user.alert(base["id"].as_str().unwrap()).await;
    assert_eq!(shown["assignee"], "19");
    assert_eq!(shown["events"].as_array().unwrap().len(), 20);
}

#[tokio::test]
async fn a_close_among_many_messages_is_not_undone() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let base = with(&alert(&tenant), json!({"events": []}));
    user.ingest(&base).await.expect(202);
    let messages: Vec<Value> = (0..16)
        .map(|n| {
            let events = json!([{"ID": format!("{n:02}"), "Timestamp": n}]);
            with(&base, json!({"lastSeen": second(40_000 + n), "status": "assigned", "events": events}))
        })
        .collect();
    let id = text(&base, "id");
    let posts = join_all(messages.iter().map(|message| user.ingest(message)));
    let (posts, closed) = tokio::join!(posts, user.close(id, "responded"));
    closed.expect(204);
    for answer in posts {
        assert_eq!(results(&answer.expect(202).json()), ["updated"]);
    }
    let shown = user.alert(id).await;
    assert_eq!((text(&shown, "status"), text(&shown, "closingReason")), ("closed", "responded"));
    assert_eq!(shown["events"].as_array().unwrap().len(), 16);
    assert_eq!(user.search("status=closed").await.len(), 1);
    assert!(user.search("status=assigned&status=new").await.is_empty());
}

#[tokio::test]
async fn of_two_tenants_that_post_one_id_at_once_one_has_it() {
    let world = World::new();
    let tenants = Tenant::several(&world, 2).await;
    let mine = alert(&tenants[0]);
    let theirs = with(&mine, json!({"tenantID": tenants[1].id}));
    let admin = world.admin();
    let posted = join_all((0..20).map(|n| admin.ingest(if n % 2 == 0 { &mine } else { &theirs }))).await;
    let told: Vec<String> = posted.iter().flat_map(|answer| results(&answer.json())).collect();
    let winner = told.iter().position(|result| result == "created").unwrap() % 2;
    for (n, result) in told.iter().enumerate() {
        let fits = if n % 2 == winner { ["created", "duplicate"] } else { ["rejected id"; 2] };
        assert!(fits.contains(&&**result), "{n}: {told:?}");
    }
    assert_eq!(told.iter().filter(|result| *result == "created").count(), 1);
    let shown = admin.alert(text(&mine, "id")).await;
    assert_eq!(shown["tenantID"], tenants[winner].id);
}
