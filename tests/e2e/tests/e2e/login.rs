//! Logging in with an account of the domain: sessions, their roles, their end.

use std::{collections::BTreeSet, time::Duration};

use bridge_domain::Timestamp;
use serde_json::{Value, json};

use crate::{
    alerts::{alert, ids, text},
    directory::{Controller, DOMAIN_AUTH, Domain, PASSWORD, objects, user},
    tenant::{Tenant, issue},
    world::User,
};

const LOGIN: &str = "/bridge/v1/login";
const TOKENS: &str = "/bridge/v1/tokens";

/// What a login gave, by tenant.
pub(crate) fn roles(login: &Value) -> BTreeSet<(String, String)> {
    let roles = login["roles"].as_array().unwrap();
    roles.iter().map(|role| (text(role, "tenantID").to_owned(), text(role, "role").to_owned())).collect()
}

/// The same, as a test writes it.
pub(crate) fn given(roles: &[(&Tenant, &str)]) -> BTreeSet<(String, String)> {
    roles.iter().map(|(tenant, role)| (tenant.id.clone(), (*role).to_owned())).collect()
}

#[tokio::test]
async fn groups_give_roles_also_through_others_and_the_least_counts() {
    let domain = Domain::new(vec![
        user("canary-operator", 1001, &["Operators"]),
        user("canary-analyst", 1002, &["Night shift", "Others"]),
        user("canary-lead", 1003, &["Administrators", "Shifts"]),
        user("canary-admin", 1004, &["Administrators", "Everything"]),
        user("canary-general", 1005, &["Everything", "Others"]),
    ])
    .await;
    let [first, second] = &domain.tenants;
    for (name, wanted) in [
        // In two tenants, with a role of its own in each.
        ("canary-operator@corp.test", given(&[(first, "operator"), (second, "analyst")])),
        ("CANARY-ANALYST", given(&[(first, "analyst")])),
        ("CORP\\canary-lead", given(&[(first, "analyst")])),
        ("canary-admin@CORP.TEST", given(&[(first, "tenant administrator")])),
        ("canary-general", given(&[])),
    ] {
        let login = domain.log_in(name).await.expect(201).json();
        assert_eq!(roles(&login), wanted, "{name}");
        assert_eq!(login["generalAdministrator"], wanted.is_empty(), "{name}");
        let account = name.trim_start_matches("CORP\\").split('@').next().unwrap().to_lowercase();
        let shown = json!({
            "name": format!("Canary {account}"), "login": format!("{account}@corp.test"),
            "email": format!("{account}@corp.test"),
        });
        assert_eq!(login["user"], shown);
        let left = text(&login, "expires").parse::<Timestamp>().unwrap().micros()
            - Timestamp::from_system(std::time::SystemTime::now()).micros();
        let (most, least) = (Duration::from_hours(8), Duration::from_mins(8 * 60 - 5));
        let left = Duration::from_micros(u64::try_from(left).unwrap());
        assert!(least < left && left <= most, "{left:?}");
    }
}

/// Whether a session reads, writes and is limited to its tenants, in several functions.
async fn works_in(holder: &User, own: &Tenant, other: &Tenant) {
    let (seen, hidden) = (alert(own), alert(other));
    own.admin.ingest(&json!([seen, hidden])).await.expect(202);
    let found = holder.search(&format!("id={}&id={}", text(&seen, "id"), text(&hidden, "id"))).await;
    assert_eq!(ids(&found), [text(&seen, "id")]);
    let mine = alert(own);
    holder.ingest(&mine).await.expect(202);
    let theirs = holder.ingest(&alert(other)).await;
    assert_eq!(theirs.status, 400, "{}", theirs.text);
    holder.close(text(&mine, "id"), "responded").await.expect(204);
    holder.close(text(&hidden, "id"), "responded").await.refused(403, "access denied", &json!(null));
    let made = json!({"name": "Case", "tenantID": own.id, "alertIDs": [seen["id"]]});
    holder.post("/bridge/v1/incidents", &made).await.expect(201);
    let tenants = holder.get("/api/v1/tenants").await.expect(200).array();
    assert_eq!(ids(&tenants), [&*own.id]);
}

#[tokio::test]
async fn a_session_is_a_token_like_any_other_until_it_ends() {
    let domain = Domain::new(vec![user("canary-analyst", 1002, &["Analysts"])]).await;
    let login = domain.log_in("canary-analyst").await;
    let (holder, session) = (domain.holder(&login), login.json());
    works_in(&holder, &domain.tenants[0], &domain.tenants[1]).await;
    let me = holder.get("/api/v2/users/whoami").await.expect(200).json();
    assert_eq!(
        (text(&me, "name"), text(&me, "login")),
        ("Canary canary-analyst", "canary-analyst@corp.test")
    );
    // An analyst manages nothing, whatever the session may be used for.
    holder.get(DOMAIN_AUTH).await.refused(403, "access denied", &json!(null));
    let wanted = json!({
        "name": "Wider", "roles": [{"tenantID": domain.tenants[0].id, "role": "operator"}],
    });
    holder.post(TOKENS, &wanted).await.refused(403, "access denied", &json!(null));

    // No list shows it, and its secret half counts.
    let token = text(&session, "token");
    for page in 1.. {
        let tokens = domain.admin.get(&format!("{TOKENS}?page={page}")).await.expect(200).array();
        assert!(!ids(&tokens).contains(&text(&session, "id")));
        if tokens.is_empty() {
            break;
        }
    }
    let forged = format!("{token}x");
    let forged = domain.admin.world.user(&forged);
    forged.delete(LOGIN).await.refused(403, "access denied", &json!(null));

    // A second one of the same user is another one.
    let second = domain.holder(&domain.log_in("canary-analyst@corp.test").await);
    holder.delete(LOGIN).await.expect(204);
    holder.delete(LOGIN).await.refused(403, "access denied", &json!(null));
    holder.get("/api/v1/users/whoami").await.refused(403, "access denied", &json!(null));
    second.get("/api/v1/users/whoami").await.expect(200);
}

#[tokio::test]
async fn an_administrator_ends_a_session_and_a_token_is_none() {
    let domain = Domain::new(vec![user("canary-analyst", 1002, &["Analysts"])]).await;
    let login = domain.log_in("canary-analyst").await;
    let holder = domain.holder(&login);
    domain.admin.delete(&format!("{TOKENS}/{}", text(&login.json(), "id"))).await.expect(204);
    holder.get("/api/v1/users/whoami").await.refused(403, "access denied", &json!(null));
    let token = domain.tenants[0].analyst().await;
    token.delete(LOGIN).await.refused_with(409, "the token is no session");
    token.get("/api/v1/users/whoami").await.expect(200);
    domain.admin.delete(LOGIN).await.refused(403, "access denied", &json!(null));
}

#[tokio::test]
async fn a_role_is_another_one_at_the_next_login() {
    let domain = Domain::new(vec![user("canary-ivan", 1001, &["Analysts"])]).await;
    let [first, second] = &domain.tenants;
    let before = domain.holder(&domain.log_in("canary-ivan").await);
    let moved = [objects(), vec![user("canary-ivan", 1001, &["Operators"])]].concat();
    let other = Controller::start(moved).await;
    let plain = json!({"urls": other.plain_url(), "tlsMode": "insecure", "certificateSecretID": null});
    domain.change(&plain).await;
    let after = domain.log_in("canary-ivan").await.expect(201).json();
    assert_eq!(roles(&after), given(&[(first, "operator"), (second, "analyst")]));
    // The old session sees what it saw when it began.
    assert_eq!(ids(&before.get("/api/v1/tenants").await.expect(200).array()), [&*first.id]);

    // Neither a switch nor the end of the settings ends it.
    domain.admin.delete(DOMAIN_AUTH).await.expect(204);
    before.get("/api/v1/users/whoami").await.expect(200);
}

#[tokio::test]
async fn a_tenant_that_is_disabled_gives_no_role() {
    let domain = Domain::new(vec![
        user("canary-operator", 1001, &["Operators"]),
        user("canary-both", 1002, &["Analysts", "Everything"]),
    ])
    .await;
    let [first, second] = &domain.tenants;
    first.disable().await;
    let login = domain.log_in("canary-operator").await.expect(201).json();
    assert_eq!(roles(&login), given(&[(second, "analyst")]));
    // Who has a role in a tenant does not become more because the tenant is disabled.
    domain.log_in("canary-both").await.refused_with(403, "no group that has a role");
}

#[tokio::test]
async fn the_next_controller_is_asked_when_the_first_takes_no_connections() {
    let domain = Domain::new(vec![user("canary-ivan", 1001, &["Analysts"])]).await;
    let urls = format!("localhost:1,{}", domain.controller.url());
    domain.change(&json!({"urls": urls})).await;
    domain.log_in("canary-ivan").await.expect(201);
    // A refused sign-in is refused: no other controller is asked, each attempt counts there.
    let second = Controller::start(objects()).await;
    let urls = format!("{},{}", domain.controller.plain_url(), second.plain_url());
    domain.change(&json!({"urls": urls, "tlsMode": "insecure", "certificateSecretID": null})).await;
    let before = domain.controller.binds();
    domain.try_password("canary-ivan", "wrong").await.expect(403);
    assert_eq!((domain.controller.binds(), second.binds()), (before + 1, 0));
}

#[tokio::test]
async fn a_local_user_keeps_its_address_until_its_token_is_gone() {
    let mail = format!("canary-{}@corp.test", crate::alerts::uuid());
    let account = user("canary-ivan", 1001, &["Analysts"]);
    let account = bridge_slapd::Object {
        attributes: account.attributes.into_iter().filter(|(name, _)| name != "mail").collect(),
        ..account
    };
    let domain = Domain::new(vec![account.with("mail", mail.as_bytes())]).await;
    let wanted = json!({
        "name": "Local", "email": mail.to_uppercase(), "roles": [
            {"tenantID": domain.tenants[1].id, "role": "operator"},
        ],
    });
    let local = issue(&domain.admin, wanted).await;
    let taken = "a local user has the e-mail address of the account";
    domain.try_password("canary-ivan", PASSWORD).await.refused(403, taken, &json!(null));
    domain.admin.delete(&format!("{TOKENS}/{}", local.id)).await.expect(204);
    let login = domain.log_in("canary-ivan").await.expect(201).json();
    assert_eq!(text(&login["user"], "email"), mail);
    // Its own session is no local user.
    domain.log_in("canary-ivan").await.expect(201);
}
