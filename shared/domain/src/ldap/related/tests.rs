use proptest::prelude::*;
use serde_json::json;

use super::*;

fn affected(attributes: &Value) -> Affected {
    let account: Account = serde_json::from_value(json!({
        "id": "09090909-0909-0909-0909-090909090909", "tenantID": "t", "connectionID": "c",
        "dn": "CN=Иван,DC=x", "received": "2026-11-20T00:00:00Z", "attributes": attributes,
    }))
    .unwrap();
    Affected::from(&account)
}

#[test]
fn the_newest_events_name_accounts_by_name_and_sid() {
    let events = json!([
        {"ID": "1", "SourceUserName": "CORP\\Old", "DestinationUserID": "S-1-5-21-1"},
        {"ID": "2", "SourceUserID": 7, "SourceAccountName": "-", "DestinationUserName": " ivan@X.ru "},
        {"ID": "3", "BaseEvents": [{"DestinationAccountName": "Deep"}], "DestinationAccountID": null},
        ["no event"],
    ]);
    let expected = [
        (Field::ObjectSid, "s-1-5-21-1"),
        (Field::AccountName, "deep"),
        (Field::AccountName, "old"),
        (Field::PrincipalName, "ivan@x.ru"),
        (Field::Mail, "ivan@x.ru"),
    ];
    assert_eq!(names(&events.to_string()), expected.map(|(field, term)| (field, term.to_owned())).into());
    assert!(names("null").is_empty() && names("{").is_empty());
}

#[test]
fn no_more_names_than_there_may_be_and_the_newest_ones() {
    let events: Vec<Value> = (0..200).map(|n| json!({"SourceUserName": format!("u{n}")})).collect();
    let found = names(&Value::from(events).to_string());
    assert_eq!(found.len(), NAMES_LIMIT);
    assert!(found.contains(&(Field::AccountName, "u199".into())));
    assert!(!found.contains(&(Field::AccountName, "u149".into())));
    let ivan = |n| if n % 2 == 0 { "Ivan" } else { "IVAN " };
    let same: Vec<Value> = (0..200).map(|n| json!({"SourceUserName": ivan(n)})).collect();
    assert_eq!(names(&Value::from(same).to_string()).len(), 1);
}

#[test]
fn an_account_is_shown_as_kuma_does_and_every_member_is_a_text() {
    let full = affected(&json!({
        "displayName": "Иванов Иван", "cn": "Иван", "userPrincipalName": "ivan@x.ru", "sAMAccountName": "ivan",
        "company": ["Horns", "Hoofs"], "department": "д".repeat(900), "whenCreated": "20240102030405.0Z",
        "mail": "secret@x.ru",
    }));
    assert_eq!(
        Value::from(full.entry),
        json!({
            "displayName": "Иванов Иван", "cn": "Иван", "dn": "CN=Иван,DC=x", "upn": "ivan@x.ru",
            "sAMAccountName": "ivan", "company": "Horns", "department": "д".repeat(500),
            "created": "2024-01-02T03:04:05.000Z", "updated": "2026-11-20T00:00:00.000Z",
        })
    );
    let bare = affected(&json!({}));
    assert_eq!(bare.entry["created"], "2026-11-20T00:00:00.000Z");
    assert!(bare.entry.values().all(Value::is_string));
    assert!(!format!("{bare:?}").contains("Иван"));
}

#[test]
fn what_the_siem_sent_stays_and_is_not_repeated() {
    let account = affected(&json!({"userPrincipalName": "ivan@x.ru", "sAMAccountName": "ivan"}));
    for sent in [
        json!({"dn": "cn=ИВАН,dc=x", "sAMAccountName": "other"}),
        json!({"dn": "", "upn": "IVAN@x.ru"}),
        json!({"sAMAccountName": "Ivan"}),
    ] {
        let mut list = vec![sent.clone()];
        assert_eq!(add(&mut list, std::slice::from_ref(&account)), 0, "{sent}");
        assert_eq!(list, [sent]);
    }
    for sent in [
        json!({"dn": "CN=x", "sAMAccountName": "ivan"}),
        json!({"upn": "x@x", "sAMAccountName": "ivan"}),
        json!({}),
    ] {
        let mut list = vec![sent.clone()];
        assert_eq!(add(&mut list, &[account.clone(), account.clone()]), 1, "{sent}");
        assert_eq!((list.len(), &list[0], &list[1]["upn"]), (2, &sent, &json!("ivan@x.ru")));
    }
}

proptest! {
    #[test]
    fn no_events_make_it_panic(events in "\\PC{0,40}", name in "\\PC{0,20}") {
        let _ = names(&events);
        let found = names(&json!([{"SourceUserName": name}]).to_string());
        prop_assert!(found.len() <= 2);
    }
}
