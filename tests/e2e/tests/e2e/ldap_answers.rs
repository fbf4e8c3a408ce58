//! What controllers answer that no slapd does: very long lists, codes of Active Directory, pages that end
//! too soon.

use bridge_slapd::{Hostile, Object, READER, READER_PASSWORD, Script};
use serde_json::{Value, json};

use crate::{
    alerts::text,
    ldap::{at, connect, counted, counts, first, form, with},
    ldap_import::{account, slapd},
    tenant::Tenant,
};

fn reader() -> Object {
    Object::new(READER, &[("objectClass", "top")]).with_password(READER_PASSWORD)
}

fn leads_to(port: u16) -> Value {
    json!({"urls": format!("127.0.0.1:{port}"), "timeoutSeconds": 5})
}

#[tokio::test]
async fn lists_that_come_in_parts_are_imported_whole() {
    let tenant = Tenant::new().await;
    let person = |number: u8, groups: usize| {
        let user =
            Object::new(&format!("CN=user{number},DC=corp,DC=test"), &[("sAMAccountType", "805306368")]);
        let user = user.with("objectGUID", &[number; 16]);
        (0..groups)
            .fold(user, |user, group| user.with("memberOf", format!("CN=g{group:05},DC=corp").as_bytes()))
    };
    // 1500 come with one answer.
    let sizes = [(1, 1_500), (2, 1_501), (3, 3_400), (4, 0)];
    let people = sizes.map(|(number, groups)| person(number, groups));
    let server =
        Hostile::start(Script::Controller([vec![reader()], people.to_vec()].concat())).await.unwrap();
    let made = connect(&tenant.admin, &form(&tenant, server.port()).await).await;
    let task = first(&tenant.admin, &made).await;
    assert_eq!(counted(&task), counts(&[("seen", 4), ("created", 4)]), "{task}");
    for (number, groups) in sizes {
        let found = account(&tenant, &made, [number; 16]).await.unwrap();
        let held = found.values("memberOf");
        assert_eq!((held.len(), found.truncated.len()), (groups, 0), "user {number}");
        assert!(held.iter().enumerate().all(|(at, group)| *group == format!("CN=g{at:05},DC=corp")));
    }
}

#[tokio::test]
async fn why_a_controller_refuses_the_sign_in_is_told_in_words() {
    let tenant = Tenant::new().await;
    let admin = &tenant.admin;
    let good = slapd(3).await;
    let wanted = form(&tenant, good.port()).await;
    let made = connect(admin, &wanted).await;
    assert_eq!(first(admin, &made).await["state"], "completed");
    for (code, words) in [
        ("525", "there is no such user (525)"),
        ("52e", "the user name or the password is wrong (52e)"),
        ("530", "the user may not sign in at this time (530)"),
        ("531", "the user may not sign in from this computer (531)"),
        ("532", "the password has expired (532)"),
        ("533", "the account is disabled (533)"),
        ("701", "the account has expired (701)"),
        ("773", "the password must be changed first (773)"),
        ("775", "the account is locked out (775)"),
        // A code that nobody knows.
        ("80", "the user name or the password is wrong (52e)"),
    ] {
        let barred = Object { refused: Some(code), ..reader() };
        let server = Hostile::start(Script::Controller(vec![barred])).await.unwrap();
        let there = with(wanted.clone(), &leads_to(server.port()));
        let task = first(admin, &admin.put(&at(&made), &there).await.expect(200).json()).await;
        assert_eq!((&task["state"], counted(&task)), (&json!("failed"), counts(&[])), "{code}: {task}");
        assert!(text(&task, "error").contains(words), "{code}: {task}");
        let told = admin.post(&format!("{}/test", at(&made)), &json!({})).await.expect(200).json();
        let sign_in =
            told["checks"].as_array().unwrap().iter().find(|check| check["check"] == "signIn").unwrap();
        assert!(sign_in["ok"] == false && text(sign_in, "message").contains(words), "{code}: {told}");
    }
    for number in 0..3 {
        let guid = bridge_slapd::person(number).guid;
        assert_eq!(account(&tenant, &made, guid).await.unwrap().expires, None);
    }
}

#[tokio::test]
async fn a_fault_on_a_later_page_ends_an_import_that_is_not_whole() {
    let tenant = Tenant::new().await;
    let admin = &tenant.admin;
    let good = slapd(3).await;
    let wanted = form(&tenant, good.port()).await;
    let made = connect(admin, &wanted).await;
    assert_eq!(first(admin, &made).await["state"], "completed");
    // What each brings before it goes wrong is stored, and nobody is gone by it.
    for (script, seen, why) in [
        (Script::SecondPage(51), 1, "busy"),
        (Script::SecondPage(4), 1, "limit of entries"),
        (Script::PagingLost, 1, "stopped paging"),
        (Script::SamePage, 2, "the same page again"),
        (Script::HangUp, 0, "hung up"),
        (Script::EmptyPages, 0, "no end"),
    ] {
        let name = format!("{script:?}");
        let bad = Hostile::start(script).await.unwrap();
        let there = with(wanted.clone(), &leads_to(bad.port()));
        let task = first(admin, &admin.put(&at(&made), &there).await.expect(200).json()).await;
        let state = if seen > 0 { "incomplete" } else { "failed" };
        assert_eq!(
            (&task["state"], &task["counts"]["seen"]),
            (&json!(state), &json!(seen)),
            "{name}: {task}"
        );
        assert_eq!(
            (&task["counts"]["expiring"], &task["counts"]["removed"]),
            (&json!(0), &json!(0)),
            "{name}"
        );
        assert!(text(&task, "error").contains(why), "{name}: {task}");
    }
    for number in 0..3 {
        let guid = bridge_slapd::person(number).guid;
        assert_eq!(account(&tenant, &made, guid).await.unwrap().expires, None);
    }
    let home = admin.put(&at(&made), &wanted).await.expect(200).json();
    let task = first(admin, &home).await;
    assert_eq!(task["state"], "completed", "{task}");
    assert_eq!(task["counts"]["expiring"], 2, "those that only the others had: {task}");
}
