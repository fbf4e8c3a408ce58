//! Secrets: named once, deleted only when nothing uses them.

use std::collections::BTreeSet;

use crate::support::Engine;
use bridge_domain::{
    Timestamp,
    vault::{Entry, Kind},
};
use bridge_store::SecretConflict;
use futures_util::future::join_all;

pub(crate) fn entry(id: &str, tenant: &str, kind: Kind) -> Entry {
    Entry {
        id: id.parse().unwrap(),
        tenant: tenant.parse().unwrap(),
        name: format!("Secret {id}").parse().unwrap(),
        kind,
        description: "What it is for".into(),
        tags: vec!["irp".into(), "ж".into()],
        used_by: BTreeSet::new(),
        created: Timestamp::MIN.plus_seconds(1),
        updated: Timestamp::MIN.plus_seconds(2),
    }
}

fn named(id: &str, tenant: &str, name: &str) -> Entry {
    Entry { name: name.parse().unwrap(), ..entry(id, tenant, Kind::Token) }
}

#[tokio::test]
async fn an_entry_is_kept_whole() {
    let engine = Engine::start().await;
    let store = &engine.store;
    for (n, kind) in [Kind::Token, Kind::Credentials, Kind::Certificate].into_iter().enumerate() {
        let wanted = Entry { tags: Vec::new(), ..entry(&format!("s{n}"), "t", kind) };
        store.create_secret(&wanted).await.unwrap();
        let read = store.secret(&wanted.id).await.unwrap().unwrap();
        assert_eq!((read.value, read.revision), (wanted, 1));
    }
    assert!(store.secret(&"none".parse().unwrap()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_name_is_taken_once_in_a_tenant_whatever_its_case() {
    let engine = Engine::start().await;
    let store = &engine.store;
    store.create_secret(&named("1", "t", "Token")).await.unwrap();
    assert_eq!(store.create_secret(&named("2", "t", "TOKEN")).await, Err(SecretConflict::Name));
    assert!(store.secret(&"2".parse().unwrap()).await.unwrap().is_none(), "nothing half-written");
    store.create_secret(&named("2", "other", "TOKEN")).await.expect("another tenant has names of its own");
    assert_eq!(store.create_secret(&named("1", "t", "Other")).await, Err(SecretConflict::Id));
    let owner = store.secret_named(&"t".parse().unwrap(), &"tOKEN".parse().unwrap()).await.unwrap();
    assert_eq!(owner.unwrap().as_str(), "1");

    let old = store.secret(&"1".parse().unwrap()).await.unwrap().unwrap();
    store.change_secret(&old, &named("1", "t", "Renamed")).await.unwrap();
    store.create_secret(&named("3", "t", "token")).await.expect("the old name is free again");
    let old = store.secret(&"1".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(old.revision, 2);
    assert_eq!(store.change_secret(&old, &named("1", "t", "Token")).await, Err(SecretConflict::Name));
    store.change_secret(&old, &named("1", "t", "RENAMED")).await.expect("another case is the same name");
    store.delete_secret(&store.secret(&"1".parse().unwrap()).await.unwrap().unwrap()).await.unwrap();
    store.create_secret(&named("4", "t", "renamed")).await.expect("a deleted secret has no name");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_changes_at_once_one_goes_through() {
    let engine = Engine::start().await;
    let store = &engine.store;
    store.create_secret(&named("1", "t", "Old")).await.unwrap();
    let old = store.secret(&"1".parse().unwrap()).await.unwrap().unwrap();
    let changes: Vec<Entry> = (0..20).map(|n| named("1", "t", &format!("New {n}"))).collect();
    let results = join_all(changes.iter().map(|new| store.change_secret(&old, new))).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(
        results.iter().all(|result| matches!(result, Ok(()) | Err(SecretConflict::Changed))),
        "{results:?}"
    );
    assert_eq!(store.secret(&"1".parse().unwrap()).await.unwrap().unwrap().revision, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_secrets_of_one_name_one_is_made() {
    let engine = Engine::start().await;
    let secrets: Vec<Entry> = (0..20).map(|n| named(&n.to_string(), "t", "Same")).collect();
    let results = join_all(secrets.iter().map(|secret| engine.store.create_secret(secret))).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(engine.store.secrets(|_| true, 0, 250).await.unwrap().len(), 1);
}

#[tokio::test]
async fn secrets_are_listed_by_tenant_in_the_order_made() {
    let engine = Engine::start().await;
    let store = &engine.store;
    for n in 0..130_i64 {
        let created = Timestamp::MIN.plus_seconds(1000 - n);
        let tenant = if n % 2 == 0 { "even" } else { "odd" };
        store
            .create_secret(&Entry { created, ..entry(&format!("s{n}"), tenant, Kind::Token) })
            .await
            .unwrap();
    }
    let ids = |list: Vec<bridge_store::Revised<Entry>>| -> Vec<String> {
        list.into_iter().map(|secret| secret.value.id.to_string()).collect()
    };
    let all = ids(store.secrets(|_| true, 100, 250).await.unwrap());
    assert_eq!((all.len(), all[29].as_str()), (30, "s0"));
    let even = ids(store.secrets(|tenant| tenant == "even", 1, 2).await.unwrap());
    assert_eq!(even, ["s126", "s124"]);
    let wanted: Vec<_> = ["s5", "none", "s7", "s5"].iter().map(|id| id.parse().unwrap()).collect();
    assert_eq!(store.secrets_by_id(&wanted).await.unwrap().len(), 2);
}
