//! The connection with NCIRCC: one, written by revision, and a user of its secrets.

use bridge_domain::{
    Timestamp,
    form::{Faults, Form},
    ncircc::settings::{Draft, Settings},
    vault::{Entry, Kind},
};
use bridge_store::{NcirccConflict, SecretConflict, Store};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{support::Engine, vault::entry};

/// Settings that name these secrets.
fn settings(token: &Entry, root_ca: Option<&Entry>) -> Settings {
    let form: Value = json!({
        "url": "https://lk.example.ru", "tenantID": "t", "tokenSecretID": token.id, "companyScope": "Science",
        "companyName": "Институт", "location": "RU-MOW", "rootCASecretID": root_ca.map(|secret| &secret.id),
        "inn": "7701234567", "enabled": true,
    });
    let form: Form = serde_json::from_str(&form.to_string()).unwrap();
    let (draft, _) = Draft::read(form, Timestamp::MIN.plus_seconds(3), &mut Faults::default());
    let known: Vec<Entry> = std::iter::once(token).chain(root_ca).cloned().collect();
    draft.unwrap().into_settings(None, &known).unwrap()
}

/// A secret that is kept.
async fn kept(store: &Store, id: &str, tenant: &str, kind: Kind) -> Entry {
    let secret = entry(id, tenant, kind);
    store.create_secret(&secret).await.unwrap();
    secret
}

async fn users(store: &Store, secret: &Entry) -> Vec<String> {
    let entry = store.secret(&secret.id).await.unwrap().unwrap().value;
    entry.used_by.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn settings_are_kept_whole_replaced_and_deleted_and_their_secrets_counted() {
    let engine = Engine::start().await;
    let store = &engine.store;
    assert_eq!(store.ncircc_settings().await.unwrap(), None);
    let token = kept(store, "token", "main", Kind::Token).await;
    let other = kept(store, "other", "t", Kind::Token).await;
    let ca = kept(store, "ca", "t", Kind::Certificate).await;

    let first = settings(&token, Some(&ca));
    assert_eq!(store.put_ncircc_settings(None, &first).await, Ok(1));
    let old = store.ncircc_settings().await.unwrap().unwrap();
    assert!(old.value == first && old.revision == 1, "{old:?}");
    assert_eq!(
        (users(store, &token).await, users(store, &ca).await),
        (vec!["ncircc".into()], vec!["ncircc".into()])
    );
    let used = store.secret(&token.id).await.unwrap().unwrap();
    assert_eq!(store.delete_secret(&used).await, Err(SecretConflict::Used));

    let second = settings(&other, Some(&ca));
    assert_eq!(store.put_ncircc_settings(Some(&old), &second).await, Ok(2));
    assert_eq!(users(store, &token).await, [""; 0], "the old secret is free");
    assert_eq!((users(store, &other).await.len(), users(store, &ca).await.len()), (1, 1));
    assert_eq!(store.put_ncircc_settings(Some(&old), &first).await, Err(NcirccConflict::Changed));
    assert_eq!(store.put_ncircc_settings(None, &first).await, Err(NcirccConflict::Changed));
    assert_eq!(store.delete_ncircc_settings(&old).await, Err(NcirccConflict::Changed));

    let now = store.ncircc_settings().await.unwrap().unwrap();
    store.delete_ncircc_settings(&now).await.unwrap();
    assert_eq!(store.ncircc_settings().await.unwrap(), None);
    for secret in [&token, &other, &ca] {
        assert_eq!(users(store, secret).await, [""; 0]);
        store.delete_secret(&store.secret(&secret.id).await.unwrap().unwrap()).await.unwrap();
    }
}

#[tokio::test]
async fn a_secret_that_is_not_as_it_has_to_be_fails_the_whole() {
    let engine = Engine::start().await;
    let store = &engine.store;
    let token = kept(store, "token", "t", Kind::Token).await;
    kept(store, "wrong", "t", Kind::Token).await;
    kept(store, "moved", "other", Kind::Certificate).await;
    for ca in ["wrong", "moved", "gone"] {
        let wanted = settings(&token, Some(&entry(ca, "t", Kind::Certificate)));
        let refused = store.put_ncircc_settings(None, &wanted).await;
        assert_eq!(refused, Err(NcirccConflict::Secret(ca.parse().unwrap())));
    }
    assert_eq!(store.ncircc_settings().await.unwrap(), None);
    assert_eq!(users(store, &token).await, [""; 0], "nothing half-counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_that_configure_at_once_one_does() {
    let engine = Engine::start().await;
    let token = kept(&engine.store, "token", "t", Kind::Token).await;
    let wanted = settings(&token, None);
    let results = join_all((0..20).map(|_| engine.store.put_ncircc_settings(None, &wanted))).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(
        results.iter().all(|result| matches!(result, Ok(1) | Err(NcirccConflict::Changed))),
        "{results:?}"
    );
    assert_eq!(users(&engine.store, &token).await, ["ncircc"]);
}
