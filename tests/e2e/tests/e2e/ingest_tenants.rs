//! For whom a sender may send.

use serde_json::json;

use crate::{
    alerts::{alert, counts, results, text, with},
    tenant::{Tenant, issue, of},
};

#[tokio::test]
async fn an_alert_without_a_tenant_goes_to_the_only_one_of_its_sender() {
    let tenant = Tenant::new().await;
    let other = Tenant::on(&tenant.admin.world).await;
    let homeless = with(&alert(&tenant), json!({"tenantID": null}));
    let one = tenant.analyst().await;
    let answer = one.ingest(&homeless).await.expect(202).json();
    assert_eq!(results(&answer), ["created"]);
    let shown = one.alert(text(&homeless, "id")).await;
    assert_eq!((text(&shown, "tenantID"), text(&shown, "tenantName")), (&*tenant.id, &*tenant.name));

    let homeless = with(&alert(&tenant), json!({"tenantID": null}));
    let both = of(&[&tenant, &other], "analyst").await;
    for sender in [both, tenant.admin.clone()] {
        let answer = sender.ingest(&homeless).await.expect(400).json();
        assert_eq!(results(&answer), ["rejected tenantID"]);
        assert_eq!(answer["results"][0]["message"], "is required");
    }
}

#[tokio::test]
async fn a_tenant_of_others_is_as_unknown_as_one_that_does_not_exist() {
    let tenant = Tenant::new().await;
    let other = Tenant::on(&tenant.admin.world).await;
    let user = tenant.analyst().await;
    let theirs = alert(&other);
    let nobodys = with(&alert(&tenant), json!({"tenantID": "no-such-tenant"}));
    let answer = user.ingest(&json!([theirs, alert(&tenant), nobodys])).await.expect(202).json();
    assert_eq!(results(&answer), ["rejected tenantID", "created", "rejected tenantID"]);
    assert_eq!(answer["results"][0]["message"], answer["results"][2]["message"]);
    assert!(other.analyst().await.search("").await.is_empty());
    // The general administrator is told the same of a tenant that is not there.
    let answer = tenant.admin.ingest(&json!([nobodys, theirs])).await.expect(202).json();
    assert_eq!(results(&answer), ["rejected tenantID", "created"]);
}

#[tokio::test]
async fn an_id_that_another_tenant_uses_can_not_be_taken_over() {
    let tenant = Tenant::new().await;
    let other = Tenant::on(&tenant.admin.world).await;
    let (mine, thief) = (tenant.analyst().await, other.analyst().await);
    let original = alert(&tenant);
    mine.ingest(&original).await.expect(202);
    let forged = with(&original, json!({"tenantID": other.id, "lastSeen": "2024-06-01T00:00:00Z"}));
    let answer = thief.ingest(&forged).await.expect(400).json();
    assert_eq!(results(&answer), ["rejected id"]);
    let shown = mine.alert(text(&original, "id")).await;
    assert_eq!(
        (text(&shown, "tenantID"), text(&shown, "lastSeen")),
        (&*tenant.id, "2024-05-06T11:00:00.000Z")
    );
    assert!(thief.search("").await.is_empty());
}

#[tokio::test]
async fn a_disabled_tenant_takes_no_alerts() {
    let tenant = Tenant::new().await;
    tenant.disable().await;
    let open = Tenant::on(&tenant.admin.world).await;
    let user = of(&[&tenant, &open], "analyst").await;
    let answer = user.ingest(&json!([alert(&tenant), alert(&open)])).await.expect(202).json();
    assert_eq!(
        (results(&answer), counts(&answer)),
        (vec!["rejected tenantID".into(), "created".into()], [1, 0, 0, 1, 0])
    );
    assert_eq!(answer["results"][0]["message"], "tenant disabled");
    assert_eq!(user.search("").await.len(), 1);
    // Only what is enabled is remembered at the door: enabled again, it takes alerts at once.
    tenant.change(&json!({"disabled": false})).await;
    user.ingest(&alert(&tenant)).await.expect(202);
}

#[tokio::test]
async fn every_role_may_post_and_a_token_without_the_operation_may_not() {
    let tenant = Tenant::new().await;
    for role in ["operator", "analyst", "tenant administrator"] {
        tenant.user(role).await.ingest(&alert(&tenant)).await.expect(202);
    }
    let roles = json!([{"tenantID": tenant.id, "role": "analyst"}]);
    let reader =
        issue(&tenant.admin, json!({"name": "Reader", "roles": roles, "operations": ["GET /alerts"]})).await;
    reader.user.ingest(&alert(&tenant)).await.refused(403, "access denied", &json!(null));
    assert_eq!(reader.user.search("").await.len(), 3);
}
