//! Tenants and tokens.

use crate::support::{Engine, TABLE, analyst_of};
use bridge_domain::{
    Timestamp,
    access::{Allowed, Grants, Operation, Token},
    secret::Secret,
    tenant::Tenant,
};
use bridge_store::{TenantChange, TenantConflict};
use futures_util::future::join_all;

fn tenant(id: &str, name: &str, second: i64) -> Tenant {
    let made = Timestamp::MIN.plus_seconds(second);
    Tenant {
        id: id.parse().unwrap(),
        name: name.parse().unwrap(),
        description: String::new(),
        main: false,
        disabled: false,
        created: made,
        updated: made,
    }
}

fn renamed(name: &str) -> TenantChange {
    TenantChange { name: Some(name.parse().unwrap()), ..TenantChange::default() }
}

#[tokio::test]
async fn a_name_is_taken_once_whatever_its_case() {
    let engine = Engine::start().await;
    let store = &engine.store;
    store.create_tenant(&tenant("1", "Main", 1)).await.unwrap();
    assert_eq!(store.create_tenant(&tenant("2", "MAIN", 2)).await, Err(TenantConflict::Name));
    assert_eq!(store.create_tenant(&tenant("1", "Other", 2)).await, Err(TenantConflict::Id));
    assert!(store.tenant(&"2".parse().unwrap()).await.unwrap().is_none(), "nothing half-written");

    store.create_tenant(&tenant("2", "Branch", 2)).await.unwrap();
    let (second, now) = ("2".parse().unwrap(), Timestamp::MIN.plus_seconds(9));
    assert_eq!(store.change_tenant(&second, &renamed("main"), now).await, Err(TenantConflict::Name));
    let changed = store.change_tenant(&second, &renamed("Office"), now).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.updated), ("Office", now));
    store.create_tenant(&tenant("3", "branch", 3)).await.expect("the old name is free again");
    assert_eq!(store.change_tenant(&second, &renamed("OFFICE"), now).await.unwrap().name.as_str(), "OFFICE");
    let missing = store.change_tenant(&"9".parse().unwrap(), &renamed("x"), now).await;
    assert_eq!(missing, Err(TenantConflict::Missing));
}

#[tokio::test]
async fn there_is_one_main_tenant() {
    let engine = Engine::start().await;
    let main = |id: &str| Tenant { main: true, ..tenant(id, id, 1) };
    engine.store.create_tenant(&main("1")).await.unwrap();
    assert_eq!(engine.store.create_tenant(&main("2")).await, Err(TenantConflict::Main));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_tenants_of_one_name_one_is_made() {
    let engine = Engine::start().await;
    let tenants: Vec<Tenant> = (0..20).map(|n| tenant(&n.to_string(), "Same", n)).collect();
    let results = join_all(tenants.iter().map(|tenant| engine.store.create_tenant(tenant))).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(engine.store.tenants(|_| true, 0, 250).await.unwrap().len(), 1);
}

#[tokio::test]
async fn tenants_are_listed_in_the_order_made() {
    let engine = Engine::start().await;
    for n in 0..230_i64 {
        engine
            .store
            .create_tenant(&tenant(&format!("t{n}"), &format!("Tenant {n}"), 1000 - n))
            .await
            .unwrap();
    }
    let list = engine.store.tenants(|_| true, 200, 250).await.unwrap();
    assert_eq!(list.len(), 30);
    assert_eq!(list[29].id.as_str(), "t0");
    let odd = engine.store.tenants(|tenant| tenant.name.as_str().ends_with('1'), 0, 10).await.unwrap();
    assert_eq!(odd.len(), 10);
}

#[tokio::test]
async fn a_token_is_kept_whole_but_for_its_value() {
    let engine = Engine::start().await;
    let token = Token {
        id: "abc".parse().unwrap(),
        name: "IRP".parse().unwrap(),
        login: "irp".into(),
        email: String::new(),
        grants: analyst_of(["t1", "t2"]),
        operations: Allowed::Only(vec![Operation::SearchAlerts, Operation::CloseAlert]),
        created: Timestamp::MIN.plus_seconds(1),
        expires: Some(Timestamp::MIN.plus_seconds(100)),
        digest: Secret::new("canary-secret-half".into()).digest(),
    };
    let general = Token {
        id: "def".parse().unwrap(),
        grants: Grants::Everything,
        operations: Allowed::All,
        expires: None,
        created: Timestamp::MIN.plus_seconds(2),
        ..token.clone()
    };
    engine.store.create_token(&token).await.unwrap();
    engine.store.create_token(&general).await.unwrap();
    assert!(engine.store.create_token(&general).await.is_err(), "an id is never used twice");
    assert_eq!(engine.store.token(token.id.clone()).await.unwrap(), Some(token.clone()));
    assert_eq!(engine.store.tokens(|_| true, 0, 250).await.unwrap(), [token.clone(), general.clone()]);
    assert_eq!(engine.store.tokens(|_| true, 1, 250).await.unwrap(), [general]);

    assert!(engine.store.revoke_token(&token.id).await.unwrap());
    assert!(!engine.store.revoke_token(&token.id).await.unwrap());
    assert_eq!(engine.store.token(token.id).await.unwrap(), None);
}

/// The time from which an item may be deleted.
async fn deleted_from(engine: &Engine, token: &Token) -> Option<String> {
    let key = |text: String| aws_sdk_dynamodb::types::AttributeValue::S(text);
    let item = engine
        .client
        .get_item()
        .table_name(TABLE)
        .key("pk", key(format!("TOKEN#{}", token.id)))
        .key("sk", key("TOKEN".to_owned()));
    let item = item.send().await.unwrap().item.unwrap();
    item.get("ttl").map(|value| value.as_n().unwrap().clone())
}

fn issued(id: &str, email: &str, expires: Option<i64>) -> Token {
    Token {
        id: id.parse().unwrap(),
        name: "Somebody".parse().unwrap(),
        login: "somebody".into(),
        email: email.into(),
        grants: analyst_of(["t1"]),
        operations: Allowed::All,
        created: Timestamp::MIN.plus_seconds(1),
        expires: expires.map(|seconds| Timestamp::MIN.plus_seconds(seconds)),
        digest: Secret::new("canary-secret-half".into()).digest(),
    }
}

#[tokio::test]
async fn a_session_is_a_token_that_no_list_shows_and_that_ends() {
    let engine = Engine::start().await;
    let store = &engine.store;
    let (session, token) = (issued("session", "", Some(100)), issued("token", "", Some(100)));
    store.create_session(&session).await.unwrap();
    store.create_token(&token).await.unwrap();
    assert!(store.create_session(&token).await.is_err() && store.create_token(&session).await.is_err());
    assert_eq!(store.token(session.id.clone()).await.unwrap(), Some(session.clone()));
    assert_eq!(store.tokens(|_| true, 0, 250).await.unwrap(), std::slice::from_ref(&token));
    assert_eq!(deleted_from(&engine, &session).await.as_deref(), Some("100"));
    assert_eq!(deleted_from(&engine, &token).await, Some((100 + 30 * 24 * 60 * 60).to_string()));

    assert!(!store.end_session(&token.id).await.unwrap(), "a token is no session");
    assert_eq!(store.token(token.id.clone()).await.unwrap(), Some(token));
    assert!(store.end_session(&session.id).await.unwrap());
    assert!(!store.end_session(&session.id).await.unwrap());
    assert_eq!(store.token(session.id.clone()).await.unwrap(), None);
    store.create_session(&session).await.unwrap();
    assert!(store.revoke_token(&session.id).await.unwrap(), "an administrator ends one as a token");
}

#[tokio::test]
async fn the_address_of_a_local_user_is_found_among_many_whatever_its_case() {
    let engine = Engine::start().await;
    let store = &engine.store;
    let now = Timestamp::MIN.plus_seconds(50);
    for n in 0..120 {
        store.create_token(&issued(&format!("t{n}"), &format!("user{n}@corp.test"), None)).await.unwrap();
    }
    store.create_token(&issued("last", " Иван@Corp.test", Some(51))).await.unwrap();
    store.create_token(&issued("old", "old@corp.test", Some(50))).await.unwrap();
    store.create_token(&issued("blank", " ", None)).await.unwrap();
    store.create_session(&issued("session", "session@corp.test", Some(100))).await.unwrap();
    for email in ["user0@corp.test", "USER119@corp.test", "иван@corp.TEST "] {
        assert!(store.has_local_user(email, now).await.unwrap(), "{email}");
    }
    for email in ["", " ", "old@corp.test", "session@corp.test", "user@corp.test"] {
        assert!(!store.has_local_user(email, now).await.unwrap(), "{email}");
    }
}
