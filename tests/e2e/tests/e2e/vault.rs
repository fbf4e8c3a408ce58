//! Secrets for outside systems: made, replaced, never shown, not deleted while in use.

use bridge_runtime::aws::Aws;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    alerts::{text, uuid},
    targets::{IRP, rvision},
    tenant::{Tenant, issue},
    world::{Reply, User},
};

pub(crate) const SECRETS: &str = "/bridge/v1/secrets";

/// A secret of type token that is in nobody else's way.
pub(crate) fn token(tenant: &Tenant, value: &str) -> Value {
    json!({"tenantID": tenant.id, "type": "token", "name": format!("Token {}", uuid()), "value": {"token": value}})
}

/// Makes a secret, which must succeed; gives its id.
pub(crate) async fn keep(user: &User, wanted: &Value) -> String {
    text(&user.post(SECRETS, wanted).await.expect(201).json(), "id").to_owned()
}

pub(crate) fn place(id: &str) -> String {
    format!("{SECRETS}/{id}")
}

/// What lies in Secrets Manager under a secret; `None` when nothing does.
async fn kept(tenant: &Tenant, id: &str) -> Option<String> {
    let name = format!("{}/vault/{}/{id}", tenant.admin.world.stack.name, tenant.id);
    let client = Aws::load().await.secrets();
    let answer = client.get_secret_value().secret_id(name).send().await;
    answer.ok().and_then(|answer| answer.secret_string)
}

/// The fields that an answer finds fault with.
#[track_caller]
pub(crate) fn faults(reply: &Reply) -> Vec<String> {
    assert_eq!((reply.status, &reply.json()["message"]), (400, &json!("invalid body")), "{reply:?}");
    let mut fields: Vec<String> = reply.json()["details"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| {
            assert!(!text(fault, "message").is_empty());
            text(fault, "field").to_owned()
        })
        .collect();
    fields.sort();
    fields
}

#[tokio::test]
async fn a_secret_is_made_shown_without_its_value_replaced_and_deleted() {
    let tenant = Tenant::new().await;
    let wanted = json!({
        "tenantID": tenant.id, "type": "credentials", "name": "R-Vision", "description": "ж".repeat(256),
        "tags": ["irp", "Москва"], "value": {"user": "canary-user", "password": "canary-password-1"},
    });
    let made = tenant.admin.post(SECRETS, &wanted).await.expect(201);
    let secret = made.json();
    let id = text(&secret, "id");
    assert_eq!(made.header("location"), Some(&*place(id)));
    assert_eq!((&secret["revision"], &secret["usedBy"]), (&json!(1), &json!([])));
    for key in ["tenantID", "type", "name", "description", "tags"] {
        assert_eq!(secret[key], wanted[key], "{key}");
    }
    assert!(kept(&tenant, id).await.unwrap().contains("canary-password-1"));
    let shown = tenant.admin.get(&place(id)).await.expect(200);
    assert_eq!(shown.json(), secret);
    assert!(!made.text.contains("canary") && !shown.text.contains("canary"));

    let change = json!({"name": "R-VISION", "revision": 1});
    let replaced = tenant.admin.put(&place(id), &change).await.expect(200).json();
    assert_eq!((text(&replaced, "name"), text(&replaced, "description")), ("R-VISION", ""));
    assert_eq!((&replaced["tags"], &replaced["revision"]), (&json!([]), &json!(2)));
    assert_eq!(replaced["created"], secret["created"]);
    assert!(kept(&tenant, id).await.unwrap().contains("canary-password-1"), "a value left out stays");

    let change = json!({"name": "R-Vision", "value": {"user": "u", "password": "canary-password-2"}});
    let replaced = tenant.admin.put(&place(id), &change).await.expect(200);
    assert!(!replaced.text.contains("canary"));
    let now = kept(&tenant, id).await.unwrap();
    assert!(now.contains("canary-password-2") && !now.contains("canary-password-1"));

    tenant.admin.delete(&place(id)).await.expect(204);
    assert_eq!(kept(&tenant, id).await, None);
    for gone in [tenant.admin.get(&place(id)).await, tenant.admin.delete(&place(id)).await] {
        gone.refused(404, "secret not found", &json!(null));
    }
    tenant.admin.put(&place(id), &change).await.refused(404, "secret not found", &json!(null));
}

#[tokio::test]
async fn a_name_is_taken_once_in_a_tenant_and_a_refused_secret_leaves_nothing() {
    let tenant = Tenant::new().await;
    let named = |name: &str, value: &str| json!({"tenantID": tenant.id, "type": "token", "name": name, "value": {"token": value}});
    let first = keep(&tenant.admin, &named("Токен", "one")).await;
    let second = keep(&tenant.admin, &named("Other", "two")).await;
    let taken = "a secret with this name exists";
    tenant.admin.post(SECRETS, &named("ТОКЕН", "three")).await.refused(409, taken, &json!(null));
    let change = json!({"name": "ТОКЕН", "value": {"token": "three"}});
    tenant.admin.put(&place(&second), &change).await.refused(409, taken, &json!(null));
    assert!(kept(&tenant, &second).await.unwrap().contains("two"), "a refused change changes nothing");
    tenant.admin.put(&place(&first), &change).await.expect(200);

    let many = join_all(
        (0..8).map(|n| tenant.admin.post_text(SECRETS, named("Same", &format!("v{n}")).to_string())),
    );
    let made = many.await.into_iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 1);
    let other = Tenant::on(&tenant.admin.world).await;
    let elsewhere = json!({"tenantID": other.id, "type": "token", "name": "Same", "value": {"token": "x"}});
    tenant.admin.post(SECRETS, &elsewhere).await.expect(201);
}

#[tokio::test]
async fn of_changes_at_once_what_is_answered_is_what_is_kept() {
    let tenant = Tenant::new().await;
    let id = keep(&tenant.admin, &token(&tenant, "first")).await;
    let target = place(&id);
    for round in 0..3 {
        let changes: Vec<Value> = (0..6)
            .map(|n| json!({"name": format!("Name {round}-{n}"), "value": {"token": format!("value-{round}-{n}")}}))
            .collect();
        let answers = join_all(changes.iter().map(|change| tenant.admin.put(&target, change))).await;
        let before = answers.iter().filter(|answer| answer.status == 200).count();
        assert!(before >= 1, "{answers:?}");
        for answer in answers.iter().filter(|answer| answer.status != 200) {
            answer.refused(409, "the secret was changed meanwhile, try again", &json!(null));
        }
        // The name and the value that are kept are of one and the same change.
        let name = text(&tenant.admin.get(&target).await.expect(200).json(), "name").to_owned();
        let which = name.strip_prefix("Name ").unwrap();
        let value = kept(&tenant, &id).await.unwrap();
        assert!(value.contains(&format!("value-{which}\"")), "{which} and another value");
    }
    let stale = json!({"name": "Late", "revision": 1});
    tenant.admin.put(&target, &stale).await.refused_with(409, "changed meanwhile");
}

#[tokio::test]
async fn every_fault_is_named_and_no_value_is_repeated() {
    let tenant = Tenant::new().await;
    let wanted = json!({
        "type": "token", "name": "", "description": "ж".repeat(257), "tags": vec!["a"; 21],
        "value": {"token": "canary token", "password": "canary"}, "surplus": "canary",
    });
    let refused = tenant.admin.post(SECRETS, &wanted).await;
    assert!(!refused.text.contains("canary"), "{}", refused.text);
    let all = ["description", "name", "surplus", "tags", "tenantID", "value.password", "value.token"];
    assert_eq!(faults(&refused), all);
    for (change, field) in [
        (json!({"tenantID": uuid()}), "tenantID"),
        (json!({"type": "password"}), "type"),
        (json!({"type": "certificate"}), "value.certificate"),
        (json!({"value": {"token": "x".repeat(4_097)}}), "value.token"),
        (json!({"value": "canary"}), "value"),
    ] {
        let mut wanted = token(&tenant, "canary");
        wanted.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let refused = tenant.admin.post(SECRETS, &wanted).await;
        assert!(faults(&refused).contains(&field.to_owned()), "{change}: {refused:?}");
        assert!(!refused.text.contains("canary"), "{}", refused.text);
    }
    let mut wanted = token(&tenant, "");
    (wanted["type"], wanted["value"]) = (json!("certificate"), json!({"certificate": "no PEM, a canary"}));
    let refused = tenant.admin.post(SECRETS, &wanted).await;
    assert_eq!(faults(&refused), ["value.certificate"]);
    assert!(!refused.text.contains("canary"));
    let id = keep(&tenant.admin, &token(&tenant, "x")).await;
    let moved = json!({"name": "a", "tenantID": uuid(), "type": "credentials"});
    assert_eq!(faults(&tenant.admin.put(&place(&id), &moved).await), ["tenantID", "type"]);
}

#[tokio::test]
async fn a_secret_belongs_to_the_administrators_of_its_tenant() {
    let tenant = Tenant::new().await;
    let other = Tenant::on(&tenant.admin.world).await;
    let administrator = tenant.user("tenant administrator").await;
    let stranger = other.user("tenant administrator").await;
    let analyst = tenant.analyst().await;
    let id = keep(&administrator, &token(&tenant, "x")).await;
    administrator.get(&place(&id)).await.expect(200);
    stranger.get(&place(&id)).await.refused(404, "secret not found", &json!(null));
    analyst.get(&place(&id)).await.refused(403, "access denied", &json!(null));
    analyst.delete(&place(&id)).await.refused(403, "access denied", &json!(null));
    analyst.post(SECRETS, &token(&tenant, "x")).await.refused(403, "access denied", &json!(null));
    assert_eq!(faults(&stranger.post(SECRETS, &token(&tenant, "x")).await), ["tenantID"]);

    let elsewhere = keep(&tenant.admin, &token(&other, "x")).await;
    let ids = async |user: &User, query: &str| -> Vec<String> {
        let list = user.get(&format!("{SECRETS}?{query}")).await.expect(200).array();
        list.iter().map(|secret| text(secret, "id").to_owned()).collect()
    };
    assert_eq!(ids(&administrator, "").await, [id.as_str()]);
    assert_eq!(ids(&stranger, &format!("tenantID={}", tenant.id)).await, [""; 0]);
    assert_eq!(ids(&analyst, "").await, [""; 0]);
    let both = ids(&tenant.admin, &format!("tenantID={}&tenantID={}", tenant.id, other.id)).await;
    assert_eq!(both, [id.as_str(), elsewhere.as_str()]);
    assert_eq!(ids(&administrator, "page=2").await, [""; 0]);
    administrator.get(&format!("{SECRETS}?page=0")).await.refused(
        400,
        "invalid query parameter value",
        &json!("page"),
    );

    let narrow =
        json!({"name": "N", "generalAdministrator": true, "operations": ["POST /bridge/integrations"]});
    let narrow = issue(&tenant.admin, narrow).await.user;
    narrow.get(SECRETS).await.refused(403, "access denied", &json!(null));
    narrow.get(IRP).await.expect(200);
}

#[tokio::test]
async fn a_secret_in_use_is_not_deleted_and_the_answer_names_what_uses_it() {
    let tenant = Tenant::new().await;
    let id = keep(&tenant.admin, &token(&tenant, "x")).await;
    let mut users = Vec::new();
    for name in ["SOC", "Branch"] {
        let mut wanted = rvision(&tenant, &id);
        wanted["name"] = json!(name);
        let made = tenant.admin.post(IRP, &wanted).await.expect(201).json();
        users.push(json!({"id": made["id"], "name": name, "kind": "r-vision"}));
    }
    let refused = tenant.admin.delete(&place(&id)).await;
    refused.refused_with(409, "the secret is in use");
    let mut named = refused.json()["details"].as_array().unwrap().clone();
    named.sort_by_key(|user| users.iter().position(|known| known == user));
    assert_eq!(named, users);
    assert_eq!(tenant.admin.get(&place(&id)).await.json()["usedBy"].as_array().unwrap().len(), 2);
    for user in &users {
        tenant.admin.delete(&place(&id)).await.refused_with(409, "the secret is in use");
        tenant.admin.delete(&format!("{IRP}/{}", text(user, "id"))).await.expect(204);
    }
    tenant.admin.delete(&place(&id)).await.expect(204);
}
