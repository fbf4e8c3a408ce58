use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{import::manifest::ContentHash, ldap::attributes::OBJECT_GUID};

const GUID: [u8; 16] = [9; 16];

fn at(seconds: i64) -> Timestamp {
    Timestamp::MIN.plus_seconds(seconds)
}

fn entry(attributes: &[(&str, &[&str])]) -> Entry {
    let bytes = |values: &[&str]| values.iter().map(|value| value.as_bytes().to_vec()).collect();
    let mut list: Vec<(String, Vec<Vec<u8>>)> =
        attributes.iter().map(|(name, values)| ((*name).to_owned(), bytes(values))).collect();
    list.push(("objectguid".to_owned(), vec![GUID.to_vec()]));
    Entry::new("CN=canary,DC=x", list)
}

fn read(entry: Entry) -> (Account, ContentHash) {
    let received = Received::read("t".parse().unwrap(), "c".parse().unwrap(), entry, at(1)).unwrap();
    let hash = received.hash();
    (received.account(), hash)
}

#[test]
fn an_entry_becomes_an_account_with_the_meaning_beside_the_numbers() {
    let mut entry = entry(&[
        ("MAIL", &["a@x"]),
        ("memberOf", &["CN=g"]),
        ("userAccountControl", &["514"]),
        ("accountExpires", &["0"]),
        ("otherTelephone", &["2", "1", "2"]),
        ("empty", &[]),
    ]);
    entry.attributes.push(("objectSid".into(), vec![vec![1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0].into()]));
    entry.attributes.push(("thumbnailPhoto".into(), vec![vec![0xff, 0xd8].into()]));
    let (account, _) = read(entry);
    let value = serde_json::to_value(account.shown()).unwrap();
    assert_eq!(
        value,
        json!({
            "id": "09090909-0909-0909-0909-090909090909", "tenantID": "t", "connectionID": "c",
            "dn": "CN=canary,DC=x", "received": at(1),
            "attributes": {
                "mail": "a@x", "memberOf": ["CN=g"], "userAccountControl": "514", "accountExpires": "0",
                "otherTelephone": ["1", "2"], "objectSid": "S-1-5-18", "thumbnailPhoto": "/9g=",
                "objectGUID": "09090909-0909-0909-0909-090909090909",
            },
            "decoded": {"userAccountControl": ["ACCOUNTDISABLE", "NORMAL_ACCOUNT"], "accountExpires": "never"},
        })
    );
    let text = serde_json::to_string(&account).unwrap();
    assert_eq!(serde_json::from_str::<Account>(&text).unwrap(), account);
    assert!(!format!("{account:?}{:?}", account.attributes).contains("canary"));
}

#[test]
fn without_a_guid_nobody_knows_who_it_is() {
    for guid in [vec![], vec![vec![1, 2]]] {
        let entry = Entry::new("CN=a", [("objectGUID", guid)]);
        assert_eq!(Received::read("t".parse().unwrap(), "c".parse().unwrap(), entry, at(1)), Err(NoGuid));
    }
}

#[test]
fn what_counts_is_seen_and_what_each_controller_counts_for_itself_is_not() {
    let hash = |attributes: &[(&str, &[&str])]| read(entry(attributes)).1;
    let base = hash(&[("cn", &["a"]), ("memberOf", &["x", "y"]), ("lastLogon", &["1"])]);
    assert_eq!(
        base,
        hash(&[("memberOf", &["y", "x"]), ("CN", &["a"]), ("LASTLOGON", &["2"]), ("whenChanged", &["3"])])
    );
    assert_eq!(base, hash(&[("memberOf;range=0-0", &["y"]), ("memberOf;range=1-*", &["x"]), ("cn", &["a"])]));
    for other in [
        &[("cn", &["a"][..]), ("memberOf", &["x"])][..],
        &[("cn", &["a"]), ("memberOf", &["xy"])],
        &[("cn", &["A"]), ("memberOf", &["x", "y"])],
        &[("cn", &["a"]), ("memberOf", &["x", "y"]), ("lastLogonTimestamp", &["1"])],
    ] {
        assert_ne!(base, hash(other));
    }
    let moved =
        Entry { dn: "CN=canary,OU=new,DC=x".into(), ..entry(&[("cn", &["a"]), ("memberOf", &["x", "y"])]) };
    let (account, hash) = read(moved);
    assert!(hash != base && account.id.external().bytes() == &GUID);
}

#[test]
fn an_account_that_is_too_large_loses_the_end_of_its_longest_list() {
    let groups: Vec<String> =
        (0..10_000).map(|number| format!("CN=group{number:05},OU=Groups,DC=example")).collect();
    let list: Vec<&str> = groups.iter().map(String::as_str).collect();
    let (account, hash) = read(entry(&[("memberOf", &list), ("cn", &["a"]), ("managedObjects", &list[..9])]));
    let cut = account.truncated["memberOf"];
    assert!(cut.of == 10_000 && account.values("memberOf").len() == cut.kept && account.truncated.len() == 1);
    let size: usize =
        account.attributes.iter().map(|(name, values)| name.len() + values.as_slice().concat().len()).sum();
    assert!((SIZE_LIMIT - 100..=SIZE_LIMIT).contains(&size), "{size}");
    assert_eq!(account.values("managedObjects").len(), 9);
    // What was cut off counts all the same.
    let mut other = list.clone();
    other[9_999] = "CN=another";
    assert_ne!(hash, read(entry(&[("memberOf", &other), ("cn", &["a"]), ("managedObjects", &list[..9])])).1);

    let long = "я".repeat(SIZE_LIMIT);
    let (account, _) = read(entry(&[("info", &[&long])]));
    assert_eq!(account.truncated["info"], Cut { kept: 0, of: 1 });
    assert!(account.values("info")[0].len() > SIZE_LIMIT - 100);
}

#[test]
fn what_has_expired_is_gone_at_that_very_moment() {
    let (account, _) = read(entry(&[]));
    assert!(!account.is_gone(Timestamp::MAX));
    let leaving = Account { expires: Some(at(9)), ..account };
    assert!(leaving.is_gone(at(9)) && !leaving.is_gone(at(8)));
}

proptest! {
    #[test]
    fn no_entry_makes_it_panic_and_every_account_fits(
        attributes in proptest::collection::vec(
            ("[a-zA-Z;=]{0,4}|objectSid|objectGUID|memberOf", proptest::collection::vec(any::<Vec<u8>>(), 0..4), 1..40_000_usize),
            0..6,
        ),
    ) {
        let attributes: Vec<_> = attributes
            .into_iter()
            .map(|(name, values, times)| (name, values.into_iter().map(|value| value.repeat(times % 977)).collect()))
            .chain([(OBJECT_GUID.to_owned(), vec![GUID.to_vec()])])
            .collect();
        let entry = Entry::new("CN=a", attributes.clone());
        let (account, hash) = read(entry);
        let size: usize = account.attributes.iter().map(|(name, values)| name.len() + values.as_slice().concat().len()).sum();
        prop_assert!(size <= SIZE_LIMIT);
        let reversed = attributes.into_iter().rev().map(|(name, values)| (name, values.into_iter().rev()));
        prop_assert_eq!(read(Entry::new("CN=a", reversed)).1, hash);
        let _ = serde_json::to_string(&account.shown()).unwrap();
    }
}
