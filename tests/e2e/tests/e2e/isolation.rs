//! Tenants do not see each other.

use serde_json::json;

use crate::{
    alerts::{alert, ids, text, uuid},
    tenant::{Tenant, issue, of},
    world::World,
};

#[tokio::test]
async fn what_belongs_to_another_tenant_does_not_exist() {
    let world = World::new();
    let tenants = Tenant::several(&world, 2).await;
    let (ours, theirs) = (alert(&tenants[0]), alert(&tenants[1]));
    let (our_user, their_user) = (tenants[0].analyst().await, tenants[1].analyst().await);
    our_user.ingest(&ours).await.expect(202);
    their_user.ingest(&theirs).await.expect(202);
    let their_id = text(&theirs, "id");

    for query in [
        format!("id={their_id}"),
        format!("tenantID={}", tenants[1].id),
        format!("id={their_id}&tenantID={}", tenants[1].id),
        format!("name={}&tenantID={}&withEvents", "Brute", tenants[1].id),
    ] {
        let answer = our_user.get(&format!("/api/v3/alerts?{query}")).await.expect(200);
        assert_eq!(answer.text, "[]", "{query}");
    }
    assert_eq!(ids(&our_user.search("").await), [text(&ours, "id")]);
    assert_eq!(
        ids(&our_user.search(&format!("id={their_id}&id={}", text(&ours, "id"))).await),
        [text(&ours, "id")]
    );

    our_user.close(their_id, "responded").await.refused(403, "access denied", &json!(null));
    our_user.close(&uuid(), "responded").await.refused(404, "alert not found", &json!(null));
    assert_eq!(their_user.alert(their_id).await["status"], "new");

    let both = of(&[&tenants[0], &tenants[1]], "operator").await;
    assert_eq!(both.search("").await.len(), 2);
    both.close(their_id, "responded").await.expect(204);
}

#[tokio::test]
async fn a_revoked_token_is_refused_at_once() {
    let tenant = Tenant::new().await;
    let roles = json!([{"tenantID": tenant.id, "role": "analyst"}]);
    let token = issue(&tenant.admin, json!({"name": "IRP", "roles": roles})).await;
    let posted = alert(&tenant);
    token.user.ingest(&posted).await.expect(202);
    assert_eq!(token.user.search("").await.len(), 1);
    tenant.admin.delete(&format!("/bridge/v1/tokens/{}", token.id)).await.expect(204);
    for answer in [
        token.user.get("/api/v1/alerts").await,
        token.user.close(text(&posted, "id"), "responded").await,
        token.user.get("/api/v1/users/whoami").await,
        token.user.get("/bridge/v1/tenants").await,
    ] {
        answer.refused(403, "access denied", &json!(null));
    }
    assert_eq!(tenant.analyst().await.alert(text(&posted, "id")).await["status"], "new");
}
