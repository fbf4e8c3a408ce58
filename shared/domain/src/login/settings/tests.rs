use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    form::{Faults, form},
    tenant::Tenant,
    vault::Entry,
};

fn filled() -> Value {
    json!({
        "urls": "dc1.corp:389", "tlsMode": "startTLS", "certificateSecretID": "ca", "baseDN": "DC=corp",
        "generalAdministratorsGroup": "CN=All,DC=corp",
        "roleGroups": [
            {"tenantID": "t", "operator": "CN=canary,DC=corp", "analyst": ""},
            {"tenantID": "t", "operator": "CN=B,DC=corp", "tenantAdministrator": "cn=all, dc=corp"},
        ],
    })
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::MIN.plus_seconds(seconds)
}

fn read(value: &Value) -> (Option<Draft>, References, Vec<String>) {
    let mut faults = Faults::default();
    let (draft, references) = Draft::read(form(value), at(9), &mut faults);
    let faults =
        faults.into_vec().into_iter().map(|fault| format!("{} {}", fault.field, fault.message)).collect();
    (draft, references, faults)
}

fn tenant(id: &str, main: bool) -> Tenant {
    Tenant {
        id: id.parse().unwrap(),
        name: id.parse().unwrap(),
        description: String::new(),
        main,
        disabled: false,
        created: at(0),
        updated: at(0),
    }
}

fn secret(tenant: &str, kind: Kind) -> Entry {
    Entry {
        id: "ca".parse().unwrap(),
        tenant: tenant.parse().unwrap(),
        name: "ca".parse().unwrap(),
        kind,
        description: String::new(),
        tags: Vec::new(),
        used_by: BTreeSet::new(),
        created: at(0),
        updated: at(0),
    }
}

#[test]
fn settings_are_read_kept_and_shown() {
    let (draft, references, faults) = read(&filled());
    assert_eq!((faults, references.tenants.len()), (Vec::<String>::new(), 2));
    let settings = draft.unwrap().into_settings(Some(at(1)), &[secret("m", Kind::Certificate)]).unwrap();
    assert_eq!((settings.disabled, settings.timeout_seconds, settings.created), (false, 30, at(1)));
    assert_eq!(settings.groups().len(), 3, "each group once");
    assert_eq!(settings.secrets().count(), 1);
    let text = serde_json::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), settings);
    let shown = serde_json::to_value(settings.shown()).unwrap();
    assert_eq!(shown["certificateSecretID"], "ca");
    assert_eq!(shown["roleGroups"][0], json!({"tenantID": "t", "operator": "CN=canary,DC=corp"}));
    assert!(!format!("{settings:?}{:?}", settings.role_groups).contains("canary"));
}

#[test]
fn what_may_be_wrong_is_told() {
    let warned = |changes: &Value| {
        let mut wanted = filled();
        wanted.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let settings =
            read(&wanted).0.unwrap().into_settings(None, &[secret("m", Kind::Certificate)]).unwrap();
        settings.warnings().into_iter().map(|text| text.split(':').next().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(warned(&json!({})), [""; 0]);
    let plain = json!({"tlsMode": "insecure", "certificateSecretID": null});
    assert_eq!(warned(&plain), ["insecure"]);
    let nobody = json!({"roleGroups": [], "generalAdministratorsGroup": ""});
    assert_eq!(warned(&nobody), ["no group stands for a role"]);
    let groups =
        json!({"roleGroups": [{"tenantID": "t", "operator": "CN=a,DC=corp", "analyst": "cn=A,dc=corp"}]});
    assert_eq!(warned(&groups), ["a group stands for two roles of one entry"]);
    assert_eq!(warned(&json!({"baseDN": "OU=x,DC=corp"})), ["a group is not below baseDN"]);
}

#[test]
fn every_fault_is_named() {
    let bad = json!({
        "disabled": "no", "urls": "10.0.0.1:389", "tlsMode": "ssl", "baseDN": "x", "timeoutSeconds": 0,
        "generalAdministratorsGroup": "all", "x": 1,
        "roleGroups": [{"tenantID": "t", "analyst": ""}, {"operator": "CN=a"}, {"tenantID": "t", "analyst": "a", "admin": "CN=a"}],
    });
    let (draft, references, faults) = read(&bad);
    assert!(draft.is_none() && references.tenants.len() == 2);
    let fields: Vec<&str> = faults.iter().map(|fault| fault.split(' ').next().unwrap()).collect();
    let expected = [
        "disabled",
        "timeoutSeconds",
        "baseDN",
        "urls",
        "certificateSecretID",
        "generalAdministratorsGroup",
        "x",
        "roleGroups.0",
        "roleGroups.1.tenantID",
        "roleGroups.2.analyst",
        "roleGroups.2.admin",
    ];
    assert_eq!(fields, expected);
    assert_eq!(read(&json!({"roleGroups": [1]})).2.last().unwrap(), "roleGroups entry 0 must be an object");
}

#[test]
fn so_many_long_names_that_they_fit_no_item_are_refused() {
    let mut wanted = filled();
    let long = format!("CN={},DC=corp", "a".repeat(1_989));
    let entry = json!({"tenantID": "t", "operator": long});
    wanted["roleGroups"] = json!(vec![entry.clone(); 60]);
    assert_eq!(read(&wanted).2, [""; 0]);
    wanted["roleGroups"] = json!(vec![entry; 61]);
    assert_eq!(read(&wanted).2, ["roleGroups must be groups of at most 120000 bytes in all"]);
}

#[test]
fn what_is_named_has_to_be_there_and_be_for_all() {
    let (draft, references, _) = read(&filled());
    let check = |tenants: &[Tenant], secrets: &[Entry]| {
        let mut faults = Faults::default();
        references.check(tenants, secrets, &mut faults);
        faults
            .into_vec()
            .into_iter()
            .map(|fault| format!("{} {}", fault.field, fault.message))
            .collect::<Vec<_>>()
    };
    let tenants = [tenant("t", false), tenant("m", true)];
    assert_eq!(check(&tenants, &[secret("m", Kind::Certificate)]), Vec::<String>::new());
    assert_eq!(
        check(&tenants, &[secret("m", Kind::Token)]),
        ["certificateSecretID must be a secret of type certificate"]
    );
    for secrets in [vec![], vec![secret("t", Kind::Certificate)]] {
        assert_eq!(check(&tenants, &secrets), ["certificateSecretID the main tenant has no such secret"]);
    }
    let missing = ["roleGroups.0.tenantID tenant not found", "roleGroups.1.tenantID tenant not found"];
    assert_eq!(check(&tenants[1..], &[secret("m", Kind::Certificate)]), missing);
    assert_eq!(draft.unwrap().into_settings(None, &[]), None);
}

proptest! {
    #[test]
    fn no_form_makes_it_panic(
        changes in proptest::collection::vec((
            proptest::sample::select(vec!["urls", "tlsMode", "baseDN", "roleGroups", "generalAdministratorsGroup", "certificateSecretID"]),
            prop_oneof![
                Just(Value::Null), any::<i32>().prop_map(Value::from), "\\PC{0,20}".prop_map(Value::from),
                proptest::collection::vec("\\PC{0,9}", 0..3).prop_map(|list| json!(list)),
                ("\\PC{0,9}", "\\PC{0,9}").prop_map(|(tenant, group)| json!([{"tenantID": tenant, "operator": group}])),
            ],
        ), 0..4),
    ) {
        let mut value = filled();
        for (name, member) in changes {
            value[name] = member;
        }
        let (draft, _, faults) = read(&value);
        prop_assert_eq!(draft.is_some(), faults.is_empty());
    }
}
