//! Sign-ins of users, against a controller that keeps to the rules of Active Directory.

use bridge_directory::{BindFault, CredentialsError};
use bridge_slapd::{Object, Seen};

use super::*;

const ANALYSTS: &str = "CN=KUMA Analysts,OU=Groups,DC=corp,DC=test";
const PASSWORD: &str = "canary's secret";

fn sid(rid: u32) -> Vec<u8> {
    // S-1-5-21-1-2-3-<rid>
    let parts = [21, 1, 2, 3, rid].into_iter().flat_map(u32::to_le_bytes);
    [1, 5, 0, 0, 0, 0, 0, 5].into_iter().chain(parts).collect()
}

fn group(name: &str, rid: u32, above: &[&str]) -> Object {
    let dn = format!("CN={name},OU=Groups,{BASE}");
    let group = Object::new(&dn, &[("objectClass", "group"), ("cn", name)]).with("objectSid", &sid(rid));
    above.iter().fold(group, |group, above| group.with("memberOf", above.as_bytes()))
}

fn user(dn: &str, account: &str, rid: u32, above: &[&str]) -> Object {
    let principal = format!("{account}@corp.test");
    let attributes =
        [("objectClass", "user"), ("sAMAccountName", account), ("userPrincipalName", principal.as_str())];
    let user = Object::new(dn, &attributes)
        .with("mail", principal.as_bytes())
        .with("objectSid", &sid(rid))
        .with("primaryGroupSid", &sid(513))
        .with_password(PASSWORD);
    above.iter().fold(user, |user, above| user.with("memberOf", above.as_bytes()))
}

fn forest() -> Vec<Object> {
    let nested = format!("CN=Shift,OU=Groups,{BASE}");
    let mut locked = user(&format!("CN=locked,{BASE}"), "locked", 1004, &[]);
    locked.refused = Some("775");
    vec![
        group("Domain Users", 513, &[]),
        group("KUMA Analysts", 600, &[]),
        group("Shift", 601, &[ANALYSTS]),
        group("Others", 602, &[]),
        user(&format!("CN=canary,OU=Staff,{BASE}"), "canary", 1001, &[&nested]),
        user(&format!("CN=boss,OU=Staff,{BASE}"), "boss", 1002, &[]),
        locked,
        // The same account name in another domain of the forest, with a principal of its own.
        user("CN=boss,DC=child,DC=corp,DC=example", "boss", 9002, &[]),
    ]
}

async fn verified(objects: Vec<Object>, name: &str, base: &str) -> Result<bridge_directory::Verified, Error> {
    let server = Hostile::start(Script::Controller(objects)).await.unwrap();
    let credentials = Credentials::new(name, secret(PASSWORD)).unwrap();
    let directory = plain(&format!("{NAME}:{}", server.port()));
    directory.verify(&credentials, base, ["mail", "sAMAccountName"].map(attribute)).await
}

#[tokio::test]
async fn a_user_is_found_in_both_forms_with_nested_and_primary_groups() {
    for name in ["canary@corp.test", "CORP\\canary", "CANARY@corp.test"] {
        let user = verified(forest(), name, BASE).await.unwrap();
        assert_eq!(user.entry.text("mail"), Some("canary@corp.test"));
        assert!(user.is_member_of(&ANALYSTS.to_lowercase().parse().unwrap()), "through another group");
        assert!(
            user.is_member_of(&format!("CN=Domain Users,OU=Groups,{BASE}").parse().unwrap()),
            "the primary group"
        );
        assert!(!user.is_member_of(&format!("CN=Others,OU=Groups,{BASE}").parse().unwrap()));
        assert_eq!(user.groups.len(), 3, "{:?}", user.groups);
        assert!(!format!("{user:?}").contains("canary"));
    }
}

#[tokio::test]
async fn a_namesake_of_another_domain_does_not_get_in_as_ours() {
    let mut objects = forest();
    // The controller takes this name for the one of the other domain.
    objects.retain(|object| object.dn != format!("CN=boss,OU=Staff,{BASE}"));
    let ours = Object::new(
        &format!("CN=boss,OU=Staff,{BASE}"),
        &[("objectClass", "user"), ("sAMAccountName", "boss"), ("userPrincipalName", "chief@corp.test")],
    );
    objects.push(ours.with("objectSid", &sid(1002)).with_password("another"));
    for name in ["CHILD\\boss", "boss@corp.test"] {
        let error = verified(objects.clone(), name, BASE).await.unwrap_err();
        assert_discreet(&error);
        assert_eq!(error.fault, Fault::NotFound, "{name}");
    }
}

#[tokio::test]
async fn refused_sign_ins_and_users_elsewhere_are_told() {
    for (name, base, wanted) in [
        ("locked@corp.test", BASE, Fault::Bind(BindFault::LockedOut)),
        ("nobody@corp.test", BASE, Fault::Bind(BindFault::WrongCredentials)),
        ("canary@corp.test", "OU=Groups,DC=corp,DC=test", Fault::NotFound),
    ] {
        let error = verified(forest(), name, base).await.unwrap_err();
        assert_discreet(&error);
        assert_eq!(error.fault, wanted, "{name}");
    }
}

#[tokio::test]
async fn an_empty_password_never_gets_to_a_server() {
    let server = Hostile::start(Script::Controller(forest())).await.unwrap();
    for made in [
        Credentials::new("canary@corp.test", secret("")),
        Credentials::of_entry("CN=canary,DC=corp,DC=test", secret("")),
    ] {
        assert_eq!(made.unwrap_err(), CredentialsError::EmptyPassword);
    }
    assert_eq!(server.seen(), []);
}

#[tokio::test]
async fn names_with_characters_of_filters_find_nobody() {
    for name in ["*@corp.test", "canary)(objectClass=*@corp.test", "CORP\\*", "canary\\2a@corp.test"] {
        let error = verified(forest(), name, BASE).await.unwrap_err();
        assert!(matches!(error.fault, Fault::Bind(_) | Fault::NotFound), "{name}: {error:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_no_active_directory_is_told() {
    let server = Slapd::start(SlapdOptions { people: 1, ..SlapdOptions::default() }).await.unwrap();
    let directory = plain(&format!("{NAME}:{}", server.port()));
    let error = directory.verify(&reader(), BASE, []).await.unwrap_err();
    assert_discreet(&error);
    assert_eq!(error.fault, Fault::NoToken);
}

#[tokio::test]
async fn who_tries_settings_out_is_told_which_groups_are_there() {
    let mut objects = forest();
    let kinds = [("For security", "-2147483646", true), ("Letters", "2", false)];
    objects.extend(kinds.map(|(name, kind, _)| group(name, 700, &[]).with("groupType", kind.as_bytes())));
    let server = Hostile::start(Script::Controller(objects)).await.unwrap();
    let directory = plain(&format!("{NAME}:{}", server.port()));
    let mut connection = directory.connect(&somebody()).await.unwrap();
    assert!(connection.has_group(ANALYSTS).await.unwrap());
    for (name, _, counts) in kinds {
        let dn = format!("CN={name},OU=Groups,{BASE}");
        assert_eq!(connection.has_group(&dn).await.unwrap(), counts, "{name}");
    }
    for other in [format!("CN=canary,OU=Staff,{BASE}"), format!("CN=none,{BASE}"), "CN=x,DC=y".to_owned()] {
        assert!(!connection.has_group(&other).await.unwrap(), "{other}");
    }
    connection.tells_who().await.unwrap();
}

#[tokio::test]
async fn what_is_not_there_spoils_no_connection() {
    let server = Slapd::start(SlapdOptions { people: 1, ..SlapdOptions::default() }).await.unwrap();
    let directory = plain(&format!("{NAME}:{}", server.port()));
    let mut connection = directory.connect(&reader()).await.unwrap();
    assert!(connection.reads(BASE).await.unwrap());
    let absent = connection.reads(&format!("OU=canary,{BASE}")).await.unwrap_err();
    assert_discreet(&absent);
    assert_eq!(absent.fault, Fault::BaseNotFound);
    for name in [&format!("CN=canary,{BASE}"), "canary"] {
        assert!(!connection.has_group(name).await.unwrap(), "{name}");
    }
    assert_eq!(connection.tells_who().await.unwrap_err().fault, Fault::NoToken);
    assert!(connection.reads(BASE).await.unwrap(), "as good as before");
}

#[tokio::test]
async fn a_sign_in_has_a_connection_of_its_own() {
    let server = Hostile::start(Script::Controller(forest())).await.unwrap();
    let directory = plain(&format!("{NAME}:{}", server.port()));
    for name in ["canary@corp.test", "boss@corp.test"] {
        let credentials = Credentials::new(name, secret(PASSWORD)).unwrap();
        directory.verify(&credentials, BASE, []).await.unwrap();
    }
    let seen = server.seen();
    assert_eq!(seen.iter().filter(|seen| **seen == Seen::Connection).count(), 2, "{seen:?}");
}
