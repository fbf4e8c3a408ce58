use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::form::{Faults, form};

fn filled() -> Value {
    json!({
        "tenantID": "t", "name": "Corp", "urls": "DC1.corp:389,dc2.corp:389", "type": "startTLS",
        "certificateSecretID": "ca", "credentialsSecretID": "user", "baseDN": "DC=corp",
    })
}

fn with(changes: Value) -> Value {
    let mut value = filled();
    let Value::Object(changes) = changes else { panic!() };
    for (name, member) in changes {
        value[name] = member;
    }
    value
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::MIN.plus_seconds(seconds)
}

fn read(value: &Value, id: &str, known: Option<&Connection>) -> (Option<Draft>, References, Vec<String>) {
    let mut faults = Faults::default();
    let (draft, references) = Draft::read(form(value), id.parse().unwrap(), known, at(9), &mut faults);
    let faults =
        faults.into_vec().into_iter().map(|fault| format!("{} {}", fault.field, fault.message)).collect();
    (draft, references, faults)
}

fn save(value: &Value, id: &str, others: &[Connection]) -> Result<Connection, Vec<String>> {
    let (draft, _, faults) = read(value, id, None);
    let mut more = Faults::default();
    let connection = draft.ok_or(faults)?.into_connection(others, &mut more);
    connection.ok_or_else(|| more.into_vec().into_iter().map(|fault| fault.message).collect())
}

fn connection(changes: Value) -> Connection {
    save(&with(changes), "c", &[]).unwrap()
}

#[test]
fn what_is_left_out_is_as_documented() {
    let (_, references, _) = read(&filled(), "c", None);
    let made = connection(json!({}));
    assert_eq!(
        (made.timeout_seconds, made.disabled, made.urls.to_string().as_str()),
        (30, false, "dc1.corp:389,dc2.corp:389")
    );
    assert_eq!((made.filter.as_str(), made.attributes.iter().count()), ("(sAMAccountType=805306368)", 37));
    assert_eq!(references.tenant, Some("t".parse().unwrap()));
    assert_eq!(references.secrets.len(), 2);
    assert_eq!(made.secrets().len(), 2);
    let text = serde_json::to_string(&made).unwrap();
    assert_eq!(serde_json::from_str::<Connection>(&text).unwrap(), made);
    let value: Value = serde_json::from_str(&text).unwrap();
    for field in
        ["tenantID", "certificateSecretID", "credentialsSecretID", "timeoutSeconds", "baseDN", "type", "urls"]
    {
        assert!(value.get(field).is_some(), "{field}");
    }
    assert!(!format!("{made:?}").contains("corp"));
}

#[test]
fn every_fault_is_named() {
    let bad = json!({
        "name": "", "urls": "dc1", "type": "tls", "certificateSecretID": "a#", "timeoutSeconds": 101,
        "baseDN": "corp", "attributes": [], "filter": "(", "disabled": 0, "x": 1,
    });
    let (draft, references, faults) = read(&bad, "c", None);
    assert!(draft.is_none() && references == References::default());
    let fields: Vec<&str> = faults.iter().map(|fault| fault.split(' ').next().unwrap()).collect();
    let expected = [
        "tenantID",
        "name",
        "urls",
        "type",
        "certificateSecretID",
        "timeoutSeconds",
        "baseDN",
        "credentialsSecretID",
        "attributes",
        "filter",
        "disabled",
        "x",
    ];
    assert_eq!(fields, expected);
}

#[test]
fn an_address_and_tls_do_not_go_together_and_a_certificate_goes_with_tls_alone() {
    for mode in ["startTLS", "ssl"] {
        let faults =
            save(&with(json!({"type": mode, "urls": "dc1:636,10.0.0.1:636"})), "c", &[]).unwrap_err();
        assert!(
            faults.len() == 1 && faults[0].starts_with("urls server 2 must be a host name"),
            "{faults:?}"
        );
        let faults = save(&with(json!({"type": mode, "certificateSecretID": null})), "c", &[]).unwrap_err();
        assert!(faults.len() == 1 && faults[0].starts_with("certificateSecretID is required"), "{faults:?}");
    }
    let plain = with(json!({"type": "insecure", "urls": "10.0.0.1:389"}));
    let faults = save(&plain, "c", &[]).unwrap_err();
    assert!(faults[0].starts_with("certificateSecretID is of no use"), "{faults:?}");
    let mut plain = plain;
    plain.as_object_mut().unwrap().remove("certificateSecretID");
    let saved = save(&plain, "c", &[]).unwrap();
    assert!(saved.mode.warning().is_some() && saved.secrets().len() == 1);
    let mut bare = filled();
    bare.as_object_mut().unwrap().remove("certificateSecretID");
    assert!(save(&bare, "c", &[]).unwrap_err()[0].starts_with("certificateSecretID is required"));
}

#[test]
fn one_connection_for_each_controller_is_enabled() {
    let first = connection(json!({}));
    let second = with(json!({"name": "Other", "urls": "x:1,DC2.CORP:3269"}));
    let faults = save(&second, "d", std::slice::from_ref(&first)).unwrap_err();
    assert!(faults[0].contains("\"Corp\"") && faults[0].contains("dc2.corp"), "{faults:?}");
    // It is saved disabled, beside a disabled one, in another tenant, and in its own place.
    let mut disabled = second.clone();
    disabled["disabled"] = true.into();
    assert!(save(&disabled, "d", std::slice::from_ref(&first)).is_ok());
    assert!(save(&second, "d", &[Connection { disabled: true, ..first.clone() }]).is_ok());
    assert!(save(&second, "d", &[Connection { tenant: "u".parse().unwrap(), ..first.clone() }]).is_ok());
    assert!(save(&second, "c", &[first]).is_ok());
}

#[test]
fn a_name_is_unique_in_the_tenant_whatever_the_case() {
    let first = connection(json!({}));
    let same = with(json!({"name": "CORP", "urls": "x:1"}));
    assert_eq!(
        save(&same, "d", std::slice::from_ref(&first)).unwrap_err(),
        ["is that of another connection of the tenant"]
    );
    assert!(save(&same, "c", std::slice::from_ref(&first)).is_ok());
    assert!(save(&same, "d", &[Connection { tenant: "u".parse().unwrap(), ..first }]).is_ok());
}

#[test]
fn a_change_keeps_the_tenant_and_the_time_of_making() {
    let first = Connection { created: at(1), updated: at(2), ..connection(json!({})) };
    let (draft, _, _) = read(&with(json!({"name": "New"})), "c", Some(&first));
    let changed =
        draft.unwrap().into_connection(std::slice::from_ref(&first), &mut Faults::default()).unwrap();
    assert_eq!((changed.created, changed.updated), (at(1), at(9)));
    assert!(
        !changed.runs_otherwise(&first)
            && Connection { timeout_seconds: 5, ..changed }.runs_otherwise(&first)
    );
    let (draft, _, faults) = read(&with(json!({"tenantID": "u"})), "c", Some(&first));
    assert_eq!((draft, faults), (None, vec!["tenantID can not be changed".into()]));
}

proptest! {
    #[test]
    fn a_copy_has_a_name_of_its_own_that_fits(name in "\\PC{1,128}", copies in 1..15_usize) {
        prop_assume!(name.parse::<Name>().is_ok());
        let first = Connection { name: name.parse().unwrap(), ..connection(json!({})) };
        let mut all = vec![first.clone()];
        for number in 0..copies {
            let copy = first.duplicate(format!("d{number}").parse().unwrap(), &all, at(20));
            prop_assert!(!copy.name_is_taken(&all) && copy.disabled && copy.clash(&all).is_some());
            prop_assert!(copy.name.to_string().chars().count() <= Name::LIMIT);
            let suffix = if number == 0 { " copy".to_owned() } else { format!(" copy {}", number + 1) };
            prop_assert!(copy.name.to_string().ends_with(&suffix));
            all.push(copy);
        }
    }

    #[test]
    fn no_form_makes_it_panic(
        changes in proptest::collection::vec((
            proptest::sample::select(vec!["name", "urls", "type", "baseDN", "attributes", "filter", "timeoutSeconds", "certificateSecretID"]),
            prop_oneof![
                Just(Value::Null), any::<bool>().prop_map(Value::from), any::<i32>().prop_map(Value::from),
                "\\PC{0,20}".prop_map(Value::from), proptest::collection::vec("\\PC{0,9}", 0..3).prop_map(|list| json!(list)),
            ],
        ), 0..4),
    ) {
        let mut value = filled();
        for (name, member) in changes {
            value[name] = member;
        }
        let (draft, _, faults) = read(&value, "c", None);
        prop_assert_eq!(draft.is_some(), faults.is_empty());
        prop_assert!(draft.is_none_or(|draft| draft.0.mode.is_encrypted() == draft.0.certificate.is_some()));
    }
}
