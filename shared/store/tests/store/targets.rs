//! Targets, and the secrets that they keep from being deleted.

use std::collections::BTreeSet;

use crate::{support::Engine, vault::entry};
use bridge_domain::{
    TenantId, Timestamp,
    form::{Faults, Form},
    target::{Draft, Target},
    tenant::Tenant,
    vault::Kind,
};
use bridge_store::{Revised, SecretConflict, Store, TargetConflict};
use futures_util::future::join_all;
use serde_json::{Value, json};

fn target(id: &str, tenant: &str, changes: &Value) -> Target {
    let mut wanted = json!({
        "tenantID": tenant, "kind": "r-vision", "name": format!("Target {id}"),
        "url": "https://irp.example.com", "secretID": "token-1",
        "alertIDField": "ALERT_ID", "alertURLField": "ALERT_URL", "category": "Malware",
        "eventFields": ["DeviceVendor"],
        "severity": {"low": "Низкий", "medium": "Средний", "high": "Высокий", "critical": "Критический"},
    });
    for (name, value) in changes.as_object().unwrap() {
        wanted[name] = value.clone();
    }
    let form: Form = serde_json::from_value(wanted).unwrap();
    let mut faults = Faults::default();
    let (draft, _) = Draft::read(form, None, &mut faults);
    assert!(faults.is_empty(), "{faults:?}");
    let made = Timestamp::MIN.plus_seconds(1);
    draft.unwrap().into_target(id.parse().unwrap(), made, made)
}

/// Secrets of tenant `t`: two tokens and a certificate.
async fn start() -> Engine {
    let engine = Engine::start().await;
    for (id, kind) in [("token-1", Kind::Token), ("token-2", Kind::Token), ("ca", Kind::Certificate)] {
        engine.store.create_secret(&entry(id, "t", kind)).await.unwrap();
    }
    engine
}

async fn users(store: &Store, secret: &str) -> BTreeSet<String> {
    let secret = store.secret(&secret.parse().unwrap()).await.unwrap().unwrap();
    secret.value.used_by.iter().map(ToString::to_string).collect()
}

async fn stored(store: &Store, id: &str) -> Revised<Target> {
    store.target_by_id(&id.parse().unwrap()).await.unwrap().unwrap()
}

fn set(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[tokio::test]
async fn a_target_is_kept_whole_and_counted_with_its_secrets() {
    let engine = start().await;
    let store = &engine.store;
    let wanted = target("a", "t", &json!({"certificateSecretID": "ca"}));
    store.create_target(&wanted).await.unwrap();
    let other = target("b", "t", &json!({}));
    store.create_target(&other).await.unwrap();
    assert_eq!(store.create_target(&other).await, Err(TargetConflict::Id));
    let read = stored(store, "a").await;
    assert_eq!((&read.value, read.revision), (&wanted, 1));
    assert_eq!(store.target(&wanted.tenant, &wanted.id).await.unwrap(), Some(wanted));
    assert_eq!(store.target(&"u".parse().unwrap(), &other.id).await.unwrap(), None);
    assert_eq!(users(store, "token-1").await, set(&["a", "b"]));
    assert_eq!(users(store, "ca").await, set(&["a"]));

    let replaced = target("a", "t", &json!({"secretID": "token-2", "name": "New"}));
    store.replace_target(&read, &replaced).await.unwrap();
    assert_eq!(users(store, "token-1").await, set(&["b"]));
    assert_eq!(users(store, "token-2").await, set(&["a"]));
    assert!(users(store, "ca").await.is_empty());
    assert_eq!(store.replace_target(&read, &replaced).await, Err(TargetConflict::Changed));
    assert_eq!(store.delete_target(&read).await, Err(TargetConflict::Changed));

    store.delete_target(&stored(store, "a").await).await.unwrap();
    assert!(users(store, "token-2").await.is_empty());
    assert!(store.target_by_id(&"a".parse().unwrap()).await.unwrap().is_none());
    assert_eq!(users(store, "token-1").await, set(&["b"]));
}

#[tokio::test]
async fn a_tenant_and_its_targets_are_read_together() {
    let engine = start().await;
    let store = &engine.store;
    let id: TenantId = "t".parse().unwrap();
    assert_eq!(store.tenant_with_targets(&id).await.unwrap(), None);
    let made = Timestamp::MIN.plus_seconds(1);
    let tenant = |id: &str| Tenant {
        id: id.parse().unwrap(),
        name: id.parse().unwrap(),
        description: String::new(),
        main: false,
        disabled: false,
        created: made,
        updated: made,
    };
    for id in ["t", "t2"] {
        store.create_tenant(&tenant(id)).await.unwrap();
    }
    assert_eq!(store.tenant_with_targets(&id).await.unwrap(), Some((tenant("t"), Vec::new())));
    store.create_secret(&entry("foreign", "t2", Kind::Token)).await.unwrap();
    store.create_target(&target("x", "t2", &json!({"secretID": "foreign"}))).await.unwrap();
    // Long settings: more than one answer of the table holds.
    let fields: Vec<String> = (0..500).map(|n| format!("{n}{}", "ж".repeat(120))).collect();
    let mut all = Vec::new();
    for n in 0..12 {
        let one = target(&format!("target-{n:02}"), "t", &json!({"eventFields": fields}));
        store.create_target(&one).await.unwrap();
        all.push(one);
    }
    let (read, targets) = store.tenant_with_targets(&id).await.unwrap().unwrap();
    assert_eq!(read, tenant("t"));
    assert_eq!(targets, all);
    let listed = store.targets(|tenant| tenant == "t", 2, 3).await.unwrap();
    assert_eq!(listed.iter().map(|one| &one.value).collect::<Vec<_>>(), all[2..5].iter().collect::<Vec<_>>());
    assert_eq!(store.targets(|_| true, 0, 250).await.unwrap().len(), 13);
    let by_id = store.targets_by_id(&id, [&all[0].id, &"none".parse().unwrap()]).await.unwrap();
    assert_eq!(by_id, [all[0].clone()]);
}

#[tokio::test]
async fn a_secret_of_others_of_another_type_or_of_nobody_is_not_used() {
    let engine = start().await;
    let store = &engine.store;
    store.create_secret(&entry("foreign", "u", Kind::Token)).await.unwrap();
    for secret in ["foreign", "ca", "none"] {
        let wanted = target("a", "t", &json!({"secretID": secret}));
        let refused = store.create_target(&wanted).await;
        assert_eq!(refused, Err(TargetConflict::Secret(secret.parse().unwrap())), "{secret}");
        assert!(store.target_by_id(&wanted.id).await.unwrap().is_none(), "nothing half-written");
    }
    store.create_target(&target("a", "t", &json!({}))).await.unwrap();
    let old = stored(store, "a").await;
    for secret in ["foreign", "token-1", "none"] {
        let wanted = target("a", "t", &json!({"certificateSecretID": secret, "secretID": "token-2"}));
        let refused = store.replace_target(&old, &wanted).await;
        assert_eq!(refused, Err(TargetConflict::Secret(secret.parse().unwrap())), "{secret}");
        assert_eq!(stored(store, "a").await, old);
    }
    assert!(users(store, "token-2").await.is_empty() && users(store, "foreign").await.is_empty());
}

#[tokio::test]
async fn a_used_secret_is_not_deleted_but_may_be_changed() {
    let engine = start().await;
    let store = &engine.store;
    store.create_target(&target("a", "t", &json!({}))).await.unwrap();
    let id = "token-1".parse().unwrap();
    let secret = store.secret(&id).await.unwrap().unwrap();
    assert_eq!(store.delete_secret(&secret).await, Err(SecretConflict::Used));
    let renamed = bridge_domain::vault::Entry { name: "New".parse().unwrap(), ..secret.value.clone() };
    store.change_secret(&secret, &renamed).await.unwrap();
    assert_eq!(users(store, "token-1").await, set(&["a"]), "its users stay");
    assert_eq!(store.delete_secret(&secret).await, Err(SecretConflict::Used));
    store.delete_target(&stored(store, "a").await).await.unwrap();
    assert_eq!(store.delete_secret(&secret).await, Err(SecretConflict::Changed), "an old revision");
    store.delete_secret(&store.secret(&id).await.unwrap().unwrap()).await.unwrap();
    assert_eq!(store.secret(&id).await.unwrap(), None);
}

/// However they fall, a target never names a secret that is gone.
#[tokio::test(flavor = "multi_thread")]
async fn using_and_deleting_at_once_never_both_succeed() {
    for round in 0..40 {
        let engine = start().await;
        let store = &engine.store;
        let secret = store.secret(&"token-1".parse().unwrap()).await.unwrap().unwrap();
        let wanted = target("a", "t", &json!({}));
        let (made, deleted) = tokio::join!(
            async {
                if round % 2 == 0 {
                    tokio::task::yield_now().await;
                }
                store.create_target(&wanted).await
            },
            store.delete_secret(&secret)
        );
        assert!(made.is_err() || deleted.is_err(), "round {round}");
        let there = store.target_by_id(&wanted.id).await.unwrap().is_some();
        let usable = store.secret(&secret.value.id).await.unwrap().is_some();
        assert_eq!(there, made.is_ok());
        assert!(!there || usable, "round {round}: {made:?} {deleted:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_targets_at_once_are_all_counted() {
    let engine = start().await;
    let store = &engine.store;
    let targets: Vec<Target> = (0..20).map(|n| target(&format!("x{n}"), "t", &json!({}))).collect();
    let made = join_all(targets.iter().map(async |one| {
        // Two that meet are refused, as a form sent at the same moment is; it is sent again.
        while let Err(conflict) = store.create_target(one).await {
            assert_eq!(conflict, TargetConflict::Changed);
        }
    }));
    made.await;
    assert_eq!(users(store, "token-1").await.len(), 20);
    let old = stored(store, "x0").await;
    let news: Vec<Target> = (0..20)
        .map(|n| target("x0", "t", &json!({"name": format!("New {n}"), "secretID": "token-2"})))
        .collect();
    let results = join_all(news.iter().map(|new| store.replace_target(&old, new))).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(users(store, "token-1").await.len(), 19);
    assert_eq!(users(store, "token-2").await, set(&["x0"]));
}
