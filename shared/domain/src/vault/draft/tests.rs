use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::{Timestamp, form::form};

fn wanted(kind: &str, value: &serde_json::Value) -> serde_json::Value {
    json!({"tenantID": "t1", "name": "IRP token", "type": kind, "value": value})
}

fn read(value: &serde_json::Value, known: Option<&Entry>) -> Result<Draft, Vec<(String, String)>> {
    let mut faults = Faults::default();
    let (draft, _) = Draft::read(form(value), known, &mut faults);
    if faults.is_empty() {
        Ok(draft.expect("a draft without faults is there"))
    } else {
        Err(faults.into_vec().into_iter().map(|fault| (fault.field, fault.message)).collect())
    }
}

fn fields(result: Result<Draft, Vec<(String, String)>>) -> Vec<String> {
    result.unwrap_err().into_iter().map(|(field, _)| field).collect()
}

/// A certificate as far as its form goes: a whole DER sequence.
const PEM: &str = "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n";

fn entry() -> Entry {
    Entry {
        id: "s1".parse().unwrap(),
        tenant: "t1".parse().unwrap(),
        name: "Old".parse().unwrap(),
        kind: Kind::Token,
        description: String::new(),
        tags: Vec::new(),
        used_by: BTreeSet::new(),
        created: Timestamp::MIN,
        updated: Timestamp::MIN,
    }
}

#[test]
fn each_type_has_its_value() {
    for (kind, value) in [
        ("token", json!({"token": "t"})),
        ("credentials", json!({"user": "u", "password": " "})),
        ("certificate", json!({"certificate": PEM})),
    ] {
        let draft = read(&wanted(kind, &value), None).unwrap();
        assert_eq!(draft.kind.as_str(), kind);
        assert_eq!(draft.value.unwrap().kind(), draft.kind);
    }
}

#[test]
fn a_value_keeps_to_its_limits_and_is_never_quoted() {
    let long = |n: usize| "canary".chars().cycle().take(n).collect::<String>();
    for (kind, field, good, bad) in [
        ("token", "token", json!({"token": long(4_096)}), json!({"token": long(4_097)})),
        ("token", "token", json!({"token": "!~"}), json!({"token": ""})),
        ("token", "token", json!({"token": "x"}), json!({"token": "canary canary"})),
        ("token", "token", json!({"token": "x"}), json!({"token": "canaryж"})),
        ("token", "token", json!({"token": "x"}), json!({"token": ["canary"]})),
        ("token", "canary", json!({"token": "x"}), json!({"token": "x", "canary": "canary"})),
        ("credentials", "user", json!({"user": "u", "password": "p"}), json!({"password": "p"})),
        (
            "credentials",
            "password",
            json!({"user": "u", "password": long(1_024)}),
            json!({"user": "u", "password": long(1_025)}),
        ),
        (
            "credentials",
            "user",
            json!({"user": long(256), "password": "p"}),
            json!({"user": "\n", "password": "p"}),
        ),
        ("certificate", "certificate", json!({"certificate": PEM}), json!({"certificate": "canary"})),
        (
            "certificate",
            "certificate",
            json!({"certificate": PEM}),
            json!({"certificate": format!("{PEM}{}", "\"".repeat(48_000))}),
        ),
    ] {
        assert!(read(&wanted(kind, &good), None).is_ok(), "{kind}");
        let faults = read(&wanted(kind, &bad), None).unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(faults[0].0, format!("value.{field}"));
        assert!(!faults[0].1.contains("canary"), "{faults:?}");
    }
    assert_eq!(fields(read(&wanted("token", &json!("canary")), None)), ["value"]);
    assert_eq!(fields(read(&wanted("password", &json!({"x": "canary"})), None)), ["type"]);
}

#[test]
fn description_and_tags_have_limits() {
    let base = wanted("token", &json!({"token": "t"}));
    let tags = |n: usize| json!((0..n).map(|n| format!("tag{n}")).collect::<Vec<_>>());
    for (name, good, bad) in [
        ("description", json!("ж".repeat(256)), json!("ж".repeat(257))),
        ("tags", tags(20), tags(21)),
        ("tags", json!(["ж".repeat(64)]), json!(["ж".repeat(65)])),
        ("tags", json!([]), json!([""])),
        ("tags", json!(["a"]), json!(["a", "a"])),
        ("name", json!("ж".repeat(128)), json!("ж".repeat(129))),
        ("tenantID", json!("t1"), json!("t/1")),
    ] {
        let with = |value| {
            let mut wanted = base.clone();
            wanted[name] = value;
            wanted
        };
        assert!(read(&with(good), None).is_ok(), "{name}");
        assert_eq!(fields(read(&with(bad), None)), [name]);
    }
    let nothing = fields(read(&json!({}), None));
    assert_eq!(nothing, ["tenantID", "type", "name", "value"]);
}

#[test]
fn a_replacement_keeps_tenant_type_and_if_it_names_none_the_value() {
    let known = entry();
    let draft = read(&json!({"name": "New"}), Some(&known)).unwrap();
    assert!(draft.value.is_none());
    assert_eq!((draft.tenant.as_str(), draft.kind), ("t1", Kind::Token));
    let whole = wanted("token", &json!({"token": "t"}));
    assert!(read(&whole, Some(&known)).unwrap().value.is_some());
    let other = wanted("certificate", &json!({"token": "t"}));
    assert_eq!(fields(read(&other, Some(&known))), ["type"]);
    let mut moved = whole;
    moved["tenantID"] = json!("t2");
    assert_eq!(fields(read(&moved, Some(&known))), ["tenantID"]);
}
