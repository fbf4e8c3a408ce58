//! Closing alerts: statuses and texts to the letter, since connectors compare them.

use futures_util::future::join_all;
use reqwest::{Method, header::CONTENT_TYPE};
use serde_json::{Value, json};

use crate::{
    alerts::{alert, text, uuid, with},
    tenant::{Tenant, issue},
    world::{Reply, User},
};

/// A new alert of a tenant's own.
async fn posted(tenant: &Tenant, user: &User) -> String {
    let alert = alert(tenant);
    user.ingest(&alert).await.expect(202);
    text(&alert, "id").to_owned()
}

#[tokio::test]
async fn a_close_answers_204_without_a_body_and_a_second_one_406() {
    let tenant = Tenant::new().await;
    let user = tenant.user("operator").await;
    for route in
        ["/api/v1/alerts/close", "/api/v2/alerts/close", "/api/v3/alerts/close", "/api/v1/alerts/close/"]
    {
        let id = posted(&tenant, &user).await;
        let body = json!({"id": id, "reason": "responded"});
        let closed = user.post(route, &body).await.expect(204);
        assert!(closed.wire.is_empty(), "{route}: {closed:?}");
        for _ in 0..2 {
            user.post(route, &body).await.refused(406, "alert already closed", &json!(null));
        }
        // Neither does another reason open it, nor change what is there.
        user.close(&id, "incorrect data").await.refused(406, "alert already closed", &json!(null));
        let shown = user.alert(&id).await;
        assert_eq!((text(&shown, "status"), text(&shown, "closingReason")), ("closed", "responded"));
    }
    assert_eq!(user.search("status=closed").await.len(), 4);
    assert!(user.search("status=new").await.is_empty());
}

#[tokio::test]
async fn reasons_are_taken_as_any_connector_writes_them() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    for (sent, kept) in [
        ("responded", "responded"),
        ("incorrect data", "incorrect data"),
        ("incorrect correlation rule", "incorrect correlation rule"),
        // R-Vision's template, with its stray space.
        ("Responded ", "responded"),
        ("Incorrect Data", "incorrect data"),
        ("Incorrect Correlation Rule ", "incorrect correlation rule"),
        ("\tRESPONDED\n", "responded"),
    ] {
        let id = posted(&tenant, &user).await;
        user.close(&id, sent).await.expect(204);
        assert_eq!(text(&user.alert(&id).await, "closingReason"), kept, "{sent}");
    }
}

#[tokio::test]
async fn what_is_missing_or_wrong_has_kumas_text() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let id = posted(&tenant, &user).await;
    for (body, message) in [
        (json!({}), "id required"),
        (json!({"reason": "responded"}), "id required"),
        (json!({"id": "", "reason": "responded"}), "id required"),
        (json!({"id": null, "reason": "nonsense"}), "id required"),
        (json!({"id": id}), "reason required"),
        (json!({"id": id, "reason": ""}), "reason required"),
        (json!({"id": id, "reason": "  "}), "reason required"),
        (json!({"id": id, "reason": null}), "reason required"),
        (json!({"id": id, "reason": "closed"}), "invalid reason"),
        (json!({"id": id, "reason": "incorrect  data"}), "invalid reason"),
        (json!({"id": uuid(), "reason": "closed"}), "invalid reason"),
    ] {
        let answer = user.post("/api/v1/alerts/close", &body).await;
        answer.refused(400, message, &json!(null));
    }
    for unknown in [uuid(), "a#b".to_owned(), "x".repeat(129)] {
        user.close(&unknown, "responded").await.refused(404, "alert not found", &json!(null));
    }
    for (body, details) in [
        (json!({"id": 7, "reason": "responded"}), "id"),
        (json!({"id": id, "reason": ["responded"]}), "reason"),
    ] {
        let answer = user.post("/api/v1/alerts/close", &body).await;
        assert_eq!(answer.json()["details"], details);
        answer.refused_with(400, "invalid body");
    }
    assert_eq!(user.alert(&id).await["status"], "new");
    // Whatever the content type says, and whatever else is in the body.
    let body = json!({"id": id, "reason": "responded", "comment": "unknown to KUMA"}).to_string();
    let request = user.request(&Method::POST, "/api/v1/alerts/close").header(CONTENT_TYPE, "text/plain");
    Reply::of(request.body(body)).await.expect(204);
}

#[tokio::test]
async fn who_may_not_close_is_told_so_before_the_state_of_the_alert() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let stranger = Tenant::on(&tenant.admin.world).await.analyst().await;
    let roles = json!([{"tenantID": tenant.id, "role": "analyst"}]);
    let reader =
        issue(&tenant.admin, json!({"name": "Reader", "roles": roles, "operations": ["GET /alerts"]})).await;
    let id = posted(&tenant, &user).await;
    for closed in [false, true] {
        for nobody in [&stranger, &reader.user] {
            nobody.close(&id, "responded").await.refused(403, "access denied", &json!(null));
        }
        if !closed {
            user.close(&id, "responded").await.expect(204);
        }
    }
    // Without the operation not even the body is looked at.
    reader.user.post("/api/v1/alerts/close", &json!({})).await.refused(403, "access denied", &json!(null));
}

#[tokio::test]
async fn alerts_of_a_disabled_tenant_can_be_read_and_not_closed() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let (open, closed) = (posted(&tenant, &user).await, posted(&tenant, &user).await);
    user.close(&closed, "responded").await.expect(204);
    tenant.disable().await;
    for id in [&open, &closed] {
        user.close(id, "responded").await.refused(406, "tenant disabled", &json!(null));
    }
    assert_eq!(user.search("status=new").await.len(), 1);
    tenant.change(&json!({"disabled": false})).await;
    user.close(&open, "responded").await.expect(204);
}

#[tokio::test]
async fn an_alert_in_any_open_status_can_be_closed() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    for status in ["new", "assigned", "escalated"] {
        let one = with(&alert(&tenant), json!({"status": status}));
        user.ingest(&one).await.expect(202);
        user.close(text(&one, "id"), "incorrect data").await.expect(204);
        let shown = user.alert(text(&one, "id")).await;
        assert_eq!((text(&shown, "status"), text(&shown, "closingReason")), ("closed", "incorrect data"));
        // Nothing else has changed.
        assert_eq!((&shown["events"], &shown["priority"]), (&one["events"], &one["priority"]));
    }
}

#[tokio::test]
async fn of_fifty_closes_at_once_exactly_one_closes() {
    let tenant = Tenant::new().await;
    let user = tenant.analyst().await;
    let id = posted(&tenant, &user).await;
    let reasons = ["responded", "incorrect data", "incorrect correlation rule"];
    let answers = join_all((0..50).map(|n| {
        let (user, id) = (&user, &id);
        async move { (reasons[n % 3], user.close(id, reasons[n % 3]).await) }
    }))
    .await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(_, answer)| answer.status == 204);
    assert_eq!((won.len(), lost.len()), (1, 49));
    for (_, answer) in lost {
        answer.refused(406, "alert already closed", &json!(null));
    }
    let shown: Value = user.alert(&id).await;
    assert_eq!((text(&shown, "status"), text(&shown, "closingReason")), ("closed", won[0].0));
}
