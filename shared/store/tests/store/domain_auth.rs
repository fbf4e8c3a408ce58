//! Domain authorization: one item, written by revision, and a user of its certificate.

use bridge_domain::{
    Timestamp,
    form::{Faults, Form},
    login::{Settings, settings::Draft},
    vault::{Entry, Kind},
};
use bridge_store::{DomainAuthConflict, SecretConflict, Store};
use serde_json::json;

use crate::{support::Engine, vault::entry};

fn settings(certificate: &Entry) -> Settings {
    let form = json!({
        "urls": "dc1.corp.test:389,dc2.corp.test:389", "tlsMode": "startTLS", "certificateSecretID": certificate.id,
        "baseDN": "DC=corp,DC=test", "generalAdministratorsGroup": "CN=All,DC=corp,DC=test",
        "roleGroups": [{"tenantID": "t", "operator": "CN=Операторы,DC=corp,DC=test"}],
    });
    let form: Form = serde_json::from_str(&form.to_string()).unwrap();
    let (draft, _) = Draft::read(form, Timestamp::MIN.plus_seconds(3), &mut Faults::default());
    draft.unwrap().into_settings(None, std::slice::from_ref(certificate)).unwrap()
}

async fn kept(store: &Store, id: &str, kind: Kind) -> Entry {
    let secret = entry(id, "main", kind);
    store.create_secret(&secret).await.unwrap();
    secret
}

async fn users(store: &Store, secret: &Entry) -> Vec<String> {
    let entry = store.secret(&secret.id).await.unwrap().unwrap().value;
    entry.used_by.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn settings_are_kept_whole_replaced_and_deleted_and_their_secret_counted() {
    let engine = Engine::start().await;
    let store = &engine.store;
    assert_eq!(store.domain_auth().await.unwrap(), None);
    let (one, two) =
        (kept(store, "one", Kind::Certificate).await, kept(store, "two", Kind::Certificate).await);

    let first = settings(&one);
    assert_eq!(store.put_domain_auth(None, &first).await, Ok(1));
    assert_eq!(store.put_domain_auth(None, &first).await, Err(DomainAuthConflict::Changed));
    let old = store.domain_auth().await.unwrap().unwrap();
    assert!(old.value == first && old.revision == 1, "{old:?}");
    assert_eq!(users(store, &one).await, ["domain-auth"]);
    let used = store.secret(&one.id).await.unwrap().unwrap();
    assert_eq!(store.delete_secret(&used).await, Err(SecretConflict::Used));

    assert_eq!(store.put_domain_auth(Some(&old), &settings(&two)).await, Ok(2));
    assert_eq!(
        (users(store, &one).await, users(store, &two).await),
        (vec![], vec!["domain-auth".to_owned()])
    );
    assert_eq!(store.put_domain_auth(Some(&old), &first).await, Err(DomainAuthConflict::Changed));
    assert_eq!(store.delete_domain_auth(&old).await, Err(DomainAuthConflict::Changed));

    let now = store.domain_auth().await.unwrap().unwrap();
    store.delete_domain_auth(&now).await.unwrap();
    assert_eq!(store.domain_auth().await.unwrap(), None);
    assert_eq!(users(store, &two).await, [""; 0]);
    assert_eq!(store.ncircc_settings().await.unwrap(), None, "another connection altogether");
}

#[tokio::test]
async fn a_secret_that_is_no_certificate_fails_the_whole() {
    let engine = Engine::start().await;
    let store = &engine.store;
    let wrong = kept(store, "wrong", Kind::Token).await;
    let refused = store.put_domain_auth(None, &settings(&wrong)).await;
    assert_eq!(refused, Err(DomainAuthConflict::Secret(wrong.id.clone())));
    assert_eq!(store.domain_auth().await.unwrap(), None);
}
