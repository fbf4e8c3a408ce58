//! Imports from a real Active Directory: Samba's.

use bridge_slapd::{BASE, Changes, Samba};
use serde_json::{Value, json};

use crate::{
    alerts::text,
    directory::PASSWORD,
    ldap::{CONNECTIONS, at, certificate, connect, counted, counts, credentials, first, form, import, with},
    ldap_import::failed,
    tenant::Tenant,
    vault::keep,
    world::User,
};

/// People on two pages.
const PEOPLE: usize = 620;
/// The default filter.
const FILTER: &str = "(sAMAccountType=805306368)";

fn unit(name: &str) -> String {
    format!("OU={name},{BASE}")
}

fn person(number: usize) -> String {
    format!("CN=Петров Иван {number:04},{}", unit("Staff"))
}

/// The people, two groups of which one is in the other, and who may read them.
fn domain() -> Changes {
    let (inner, outer) = (format!("CN=Shift,{}", unit("Teams")), format!("CN=Analysts,{}", unit("Teams")));
    let units = ["Staff", "Left", "Teams"];
    let changes = units.iter().fold(Changes::new(), |changes, name| changes.unit(&unit(name)));
    let reader = format!("CN=reader,CN=Users,{BASE}");
    let off = format!("CN=off,CN=Users,{BASE}");
    let changes =
        changes.user(&reader, "reader", PASSWORD, &[]).user(&off, "off", PASSWORD, &[]).disable(&off);
    let changes = (0..PEOPLE).fold(changes, |changes, number| {
        let (account, chief) = (format!("user{number:04}"), person(number / 20 * 20));
        let mail = format!("{account}@corp.test");
        let more = [("mail", mail.as_str()), ("l", "Москва"), ("title", "Analyst"), ("manager", &chief)];
        // Its own chief is not there yet.
        changes.bare_user(&person(number), &account, &more[..if number % 20 == 0 { 3 } else { 4 }])
    });
    changes.group(&inner, &[&person(1), &person(2)]).group(&outer, &[&inner, &person(1)])
}

/// An attribute of a person that has one value.
async fn one(samba: &Samba, number: usize, attribute: &str) -> String {
    let filter = format!("(sAMAccountName=user{number:04})");
    let mut values = samba.values(&filter, attribute).await.unwrap();
    assert_eq!(values.len(), 1, "{attribute}: {values:?}");
    values.remove(0)
}

async fn account(user: &User, guid: &str) -> Value {
    user.get(&format!("/bridge/v1/accounts/{guid}")).await.expect(200).json()
}

async fn tried(user: &User, form: &Value) -> Value {
    let form = with(form.clone(), &json!({"name": "Unsaved", "disabled": true}));
    user.post(&format!("{CONNECTIONS}/test"), &form).await.expect(200).json()
}

#[tokio::test]
async fn a_real_domain_is_imported_and_so_is_what_becomes_of_it() {
    let Some(samba) = Samba::start(&domain()).await.unwrap() else { return };
    let all = samba.values(FILTER, "dn").await.unwrap().len();
    assert!(all > PEOPLE + 2, "there are accounts of its own: {all}");
    let all = u64::try_from(all).unwrap();
    let tenant = Tenant::new().await;
    let admin = &tenant.admin;
    let trusted = keep(admin, &certificate(&tenant, &samba.authority.root_pem)).await;
    let principal = keep(admin, &credentials(&tenant, "reader@corp.test", PASSWORD)).await;
    let wanted = json!({
        "type": "ssl", "urls": format!("localhost:{}", samba.tls_port()), "certificateSecretID": trusted,
        "credentialsSecretID": principal,
    });
    let wanted = with(form(&tenant, samba.port()).await, &wanted);
    let made = connect(admin, &wanted).await;
    let task = first(admin, &made).await;
    assert_eq!(
        (&task["state"], counted(&task)),
        (&json!("completed"), counts(&[("seen", all), ("created", all)])),
        "{task}"
    );
    let [moved, deleted, disabled] = [1, 2, 3].map(|number| one(&samba, number, "objectGUID"));
    let (moved, deleted, disabled) = (moved.await, deleted.await, disabled.await);
    let before = account(admin, &moved).await;
    as_stored(&samba, &before).await;
    assert_eq!(
        account(admin, &disabled).await["decoded"]["userAccountControl"],
        json!(["PASSWD_NOTREQD", "NORMAL_ACCOUNT"])
    );

    // The same domain by the other way of TLS and of naming the reader.
    let named = keep(admin, &credentials(&tenant, "CORP\\reader", PASSWORD)).await;
    let start_tls = with(
        wanted,
        &json!({
            "type": "startTLS", "urls": format!("localhost:{}", samba.port()), "credentialsSecretID": named,
        }),
    );
    let there = format!("CN=Петров Иван 0001,{}", unit("Left"));
    let newcomer = format!("CN=Newcomer,{}", unit("Staff"));
    let changes = Changes::new()
        .relocate(&person(1), &unit("Left"))
        .delete(&person(2))
        .disable(&person(3))
        .bare_user(&newcomer, "newcomer", &[("displayName", "Zoë Novák")]);
    samba.apply(&changes).await.unwrap();
    let saved = admin.put(&at(&made), &start_tls).await.expect(200).json();
    let task = first(admin, &saved).await;
    let wanted = [("seen", all), ("unchanged", all - 3), ("changed", 2), ("created", 1), ("expiring", 1)];
    assert_eq!((&task["state"], counted(&task)), (&json!("completed"), counts(&wanted)), "{task}");

    let after = account(admin, &moved).await;
    assert_eq!(text(&after, "dn"), there);
    let of = |account: &Value, name: &str| account["attributes"][name].clone();
    for same in ["objectGUID", "objectSid", "memberOf", "whenCreated", "sAMAccountName"] {
        assert_eq!(of(&after, same), of(&before, same), "{same}");
    }
    assert_eq!(
        account(admin, &disabled).await["decoded"]["userAccountControl"],
        json!(["ACCOUNTDISABLE", "NORMAL_ACCOUNT"])
    );
    let leaving = account(admin, &deleted).await;
    assert!(leaving["expires"].is_string() && after.get("expires").is_none(), "{leaving}");
    let found = samba.values("(sAMAccountName=newcomer)", "objectGUID").await.unwrap();
    assert_eq!(account(admin, &found[0]).await["attributes"]["displayName"], "Zoë Novák");

    // Nothing more: signing in has changed nobody.
    let task = import(admin, &made, &json!({})).await;
    assert_eq!(counted(&task), counts(&[("seen", all), ("unchanged", all)]), "{task}");
    refusals(&samba, &tenant, &start_tls).await;
}

/// Person 1 as the directory holds it, by its own tool.
async fn as_stored(samba: &Samba, shown: &Value) {
    let held = &shown["attributes"];
    for attribute in ["objectGUID", "objectSid", "userAccountControl", "whenCreated", "cn", "manager", "mail"]
    {
        assert_eq!(text(held, attribute), one(samba, 1, attribute).await, "{attribute}");
    }
    assert_eq!(text(shown, "dn"), one(samba, 1, "distinguishedName").await);
    assert_eq!((text(held, "cn"), text(held, "manager")), ("Петров Иван 0001", person(0).as_str()));
    // Groups that it is in itself, not those around them.
    let mut groups: Vec<&str> =
        held["memberOf"].as_array().unwrap().iter().map(|group| group.as_str().unwrap()).collect();
    groups.sort_unstable();
    let teams = unit("Teams");
    assert_eq!(groups, [format!("CN=Analysts,{teams}"), format!("CN=Shift,{teams}")]);
    let decoded = &shown["decoded"];
    assert_eq!((text(decoded, "accountExpires"), text(decoded, "lastLogon")), ("never", "never"));
    assert_eq!(text(decoded, "pwdLastSet"), "mustChange");
    assert!(text(held, "whenCreated").starts_with(&text(decoded, "whenCreated")[..4]), "{decoded}");
}

/// What is wrong is said.
async fn refusals(samba: &Samba, tenant: &Tenant, good: &Value) {
    let admin = &tenant.admin;
    assert_eq!(tried(admin, good).await["ok"], true);
    let insecure = with(good.clone(), &json!({"type": "insecure", "certificateSecretID": null}));
    failed(
        &tried(admin, &insecure).await,
        "signIn",
        "signs nobody in without TLS: choose the type startTLS or ssl",
    );
    let tls_port = json!({"urls": format!("localhost:{}", samba.tls_port())});
    failed(&tried(admin, &with(good.clone(), &tls_port)).await, "tls", "the port is one without TLS");
    let plain_port = json!({"type": "ssl"});
    failed(&tried(admin, &with(good.clone(), &plain_port)).await, "tls", "localhost");
    let stranger = bridge_slapd::Authority::new("Other").unwrap().root_pem;
    let stranger = keep(admin, &certificate(tenant, &stranger)).await;
    let untrusted = with(good.clone(), &json!({"certificateSecretID": stranger}));
    failed(&tried(admin, &untrusted).await, "tls", "localhost");
    for (name, password, words) in [
        ("reader@corp.test", "canary-wrong", "the user name or the password is wrong (52e)"),
        ("CORP\\nobody", PASSWORD, "the user name or the password is wrong (52e)"),
        ("off@corp.test", PASSWORD, "the account is disabled (533)"),
    ] {
        let signer = keep(admin, &credentials(tenant, name, password)).await;
        let reply = tried(admin, &with(good.clone(), &json!({"credentialsSecretID": signer}))).await;
        failed(&reply, "signIn", words);
        assert!(!reply.to_string().contains("canary"), "{reply}");
    }
    let nowhere = with(good.clone(), &json!({"baseDN": unit("Nowhere")}));
    failed(&tried(admin, &nowhere).await, "base", "the search base does not exist");
    let elsewhere = with(good.clone(), &json!({"baseDN": "DC=other,DC=example"}));
    failed(&tried(admin, &elsewhere).await, "base", "");
    let nobody = with(good.clone(), &json!({"filter": "(&(objectClass=user)(sAMAccountName=nobody))"}));
    failed(&tried(admin, &nobody).await, "accounts", "finds no account");
}
