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
        "url": "https://lk.example.ru/api/v2/", "tenantID": "t1", "tokenSecretID": "s1",
        "companyScope": "Banking and other financial market sectors", "companyName": "Банк «Пример»",
        "location": "RU-MOW",
    })
}

fn with(name: &str, member: Value) -> Value {
    let mut value = filled();
    value[name] = member;
    value
}

fn now() -> Timestamp {
    Timestamp::MIN.plus_seconds(5)
}

/// What is read of a form, and the fields at fault.
fn read(value: &Value) -> (Option<Draft>, References, Vec<(String, String)>) {
    let mut faults = Faults::default();
    let (draft, references) = Draft::read(form(value), now(), &mut faults);
    let faults = faults.into_vec().into_iter().map(|fault| (fault.field, fault.message)).collect();
    (draft, references, faults)
}

fn tenant(id: &str, main: bool) -> Tenant {
    Tenant {
        id: id.parse().unwrap(),
        name: id.parse().unwrap(),
        description: String::new(),
        main,
        disabled: false,
        created: Timestamp::MIN,
        updated: Timestamp::MIN,
    }
}

fn secret(id: &str, tenant: &str, kind: Kind) -> Entry {
    Entry {
        id: id.parse().unwrap(),
        tenant: tenant.parse().unwrap(),
        name: id.parse().unwrap(),
        kind,
        description: String::new(),
        tags: Vec::new(),
        used_by: BTreeSet::new(),
        created: Timestamp::MIN,
        updated: Timestamp::MIN,
    }
}

fn settings(value: &Value, secrets: &[Entry]) -> Settings {
    let (draft, _, faults) = read(value);
    assert_eq!(faults, []);
    draft.unwrap().into_settings(None, secrets).unwrap()
}

#[test]
fn what_is_required_is_enough() {
    let settings = settings(&filled(), &[secret("s1", "main", Kind::Token)]);
    let shown = serde_json::to_value(settings.shown()).unwrap();
    let mut expected = filled();
    for (name, value) in [
        ("enabled", json!(false)),
        ("url", json!("https://lk.example.ru")),
        ("timeoutSeconds", json!(30)),
        ("requestsPerSecond", json!(1)),
        ("exportTenantIDs", json!(["t1"])),
        ("allowVulnerabilityNotifications", json!(false)),
        ("created", json!(now())),
        ("updated", json!(now())),
    ] {
        expected[name] = value;
    }
    assert_eq!(shown, expected);
    assert_eq!(settings.host(), "lk.example.ru");
    assert!(settings.exports(&"t1".parse().unwrap()) && !settings.exports(&"t2".parse().unwrap()));
    assert_eq!(settings.warnings(), [""; 0]);
}

#[test]
fn everything_is_kept_and_read_back() {
    let mut value = filled();
    for (name, member) in [
        ("enabled", json!(true)),
        ("url", json!("https://10.0.100.2:8443")),
        ("rootCASecretID", json!("s2")),
        ("proxy", json!("http://proxy:3128")),
        ("timeoutSeconds", json!(60)),
        ("inn", json!("7701234567")),
        ("operatorAddress", json!("Москва, ул. Примерная, 1")),
        ("email", json!("soc@example.ru")),
        ("requestsPerSecond", json!(50)),
        ("exportTenantIDs", json!(["t2", "t1"])),
        ("allowVulnerabilityNotifications", json!(true)),
    ] {
        value[name] = member;
    }
    let known = [secret("s1", "main", Kind::Token), secret("s2", "t1", Kind::Certificate)];
    let (draft, _, _) = read(&value);
    let settings = draft.unwrap().into_settings(Some(Timestamp::MIN), &known).unwrap();
    assert_eq!((settings.created, settings.updated), (Timestamp::MIN, now()));
    let stored = serde_json::to_string(&settings).unwrap();
    let back: Settings = serde_json::from_str(&stored).unwrap();
    assert!(back == settings, "{stored}");
    let places: Vec<(&str, &str, Kind)> =
        back.secrets().map(|(place, kind)| (place.tenant.as_str(), place.id.as_str(), kind)).collect();
    assert_eq!(places, [("main", "s1", Kind::Token), ("t1", "s2", Kind::Certificate)]);
    let mut shown = serde_json::to_value(back.shown()).unwrap();
    for name in ["created", "updated"] {
        shown.as_object_mut().unwrap().remove(name).unwrap();
    }
    assert_eq!(shown, value);
    let debug = format!("{settings:?}");
    assert!(["7701234567", "Примерная", "soc@"].iter().all(|hidden| !debug.contains(hidden)), "{debug}");
}

#[test]
fn every_fault_is_named_at_once() {
    let (draft, references, faults) = read(&json!({"surplus": 1, "rootCASecretID": "s2"}));
    assert_eq!(draft, None);
    let fields: Vec<&str> = faults.iter().map(|(field, _)| field.as_str()).collect();
    let expected = ["url", "tenantID", "tokenSecretID", "companyScope", "companyName", "location", "surplus"];
    assert_eq!(fields, expected);
    assert!(faults.iter().take(6).all(|(_, message)| message == "is required"));
    assert_eq!(references.secrets.len(), 1, "what could be read is looked up all the same");
}

#[test]
fn each_field_has_its_rule() {
    let many: Vec<String> = (0..=TENANTS).map(|n| format!("t{n}")).collect();
    for (name, bad) in [
        ("enabled", vec![json!("yes"), json!(1)]),
        ("url", vec![json!("lk.example.ru"), json!("https://lk.example.ru/api/v1"), json!(5)]),
        (
            "url",
            vec![json!("https://lk.example.ru/api/v2//"), json!("https://lk.example.ru/api/v2/incidents")],
        ),
        ("url", vec![json!("https:///api/v2"), json!("https://user:word@lk.example.ru"), json!("/api/v2")]),
        ("url", vec![json!("https://lk.example.ru/api/v2/api/v2"), json!("https://lk.example.ru/api/v2?x")]),
        ("tenantID", vec![json!("a#b"), json!([])]),
        ("tokenSecretID", vec![json!("a/../b"), json!("")]),
        ("companyScope", vec![json!("Банк"), json!("mining"), json!("")]),
        ("companyName", vec![json!(" "), json!("a\nb"), json!("ж".repeat(513))]),
        ("location", vec![json!("RU"), json!("ru-mow"), json!("RU-MOSK"), json!("US-NY")]),
        ("rootCASecretID", vec![json!({})]),
        ("proxy", vec![json!("https://proxy:3128"), json!("http://proxy")]),
        ("timeoutSeconds", vec![json!(0), json!(61), json!("30"), json!(1.5)]),
        (
            "inn",
            vec![json!("123456789"), json!("12345678901"), json!("77012345AB"), json!(7_701_234_567_u64)],
        ),
        ("inn", vec![json!("٧٧٠١٢٣٤٥٦٧"), json!("7701234567 ")]),
        ("operatorAddress", vec![json!(""), json!("ж".repeat(513))]),
        ("email", vec![json!("soc"), json!("@example.ru"), json!("a@b"), json!("a@b@example.ru")]),
        ("email", vec![json!("a b@example.ru"), json!("a@example..ru"), json!("a@-example.ru")]),
        ("email", vec![json!("Soc <soc@example.ru>"), json!(format!("{}@example.ru", "a".repeat(250)))]),
        ("requestsPerSecond", vec![json!(0), json!(51)]),
        ("exportTenantIDs", vec![json!([]), json!(["t1", "t1"]), json!(["a#b"]), json!("t1"), json!(many)]),
        ("allowVulnerabilityNotifications", vec![json!("no")]),
    ] {
        for value in bad {
            let (_, _, faults) = read(&with(name, value.clone()));
            let fields: Vec<&str> = faults.iter().map(|(field, _)| field.as_str()).collect();
            assert_eq!(fields, [name], "{value}");
        }
    }
}

/// The most tenants that may be named.
const TENANTS: usize = 100;

#[test]
fn the_address_may_be_written_with_the_path_of_the_api() {
    for text in [
        "https://lk.example.ru",
        "https://lk.example.ru/",
        "https://lk.example.ru/api/v2",
        "HTTPS://LK.example.ru:443/api/v2/",
    ] {
        let (draft, _, _) = read(&with("url", json!(text)));
        let known = [secret("s1", "t1", Kind::Token)];
        assert_eq!(
            draft.unwrap().into_settings(None, &known).unwrap().url,
            "https://lk.example.ru",
            "{text}"
        );
    }
    let (_, _, faults) = read(&with("url", json!("HTTP://lk.example.ru/api/v2")));
    assert!(faults[0].1.contains("the token could be read"), "{faults:?}");
    assert!(!faults[0].1.contains("lk.example.ru"), "{faults:?}");
}

#[test]
fn a_good_value_of_each_field_passes() {
    for (name, good) in [
        ("inn", json!("770123456789")),
        ("email", json!("a.b+c@mail.example.ru")),
        ("email", json!("почта@пример.рф")),
        ("companyName", json!("ж".repeat(512))),
        ("location", json!("RU-ZZ")),
        ("exportTenantIDs", json!(["t2"])),
        ("proxy", json!(null)),
    ] {
        assert_eq!(read(&with(name, good)).2, [], "{name}");
    }
    let odd = settings(&with("location", json!("RU-ZZ")), &[secret("s1", "t1", Kind::Token)]);
    assert_eq!(odd.warnings().len(), 1);
}

/// The faults of a form that are met in what only the store knows.
fn checked(value: &Value, tenants: &[Tenant], secrets: &[Entry]) -> Vec<(String, String)> {
    let (_, references, _) = read(value);
    let mut faults = Faults::default();
    references.check(tenants, secrets, &mut faults);
    faults.into_vec().into_iter().map(|fault| (fault.field, fault.message)).collect()
}

#[test]
fn a_secret_is_one_of_the_tenant_or_of_the_main_tenant() {
    let tenants = [tenant("main", true), tenant("t1", false), tenant("other", false)];
    for owner in ["main", "t1"] {
        assert_eq!(checked(&filled(), &tenants, &[secret("s1", owner, Kind::Token)]), []);
    }
    let absent =
        ("tokenSecretID".to_owned(), "neither the tenant nor the main tenant has such a secret".to_owned());
    let foreign = checked(&filled(), &tenants, &[secret("s1", "other", Kind::Token)]);
    assert_eq!(foreign, std::slice::from_ref(&absent), "one of another tenant");
    assert_eq!(checked(&filled(), &tenants, &[]), [absent]);
    let wrong = checked(&filled(), &tenants, &[secret("s1", "main", Kind::Certificate)]);
    assert_eq!(wrong, [("tokenSecretID".to_owned(), "must be a secret of type token".to_owned())]);
}

#[test]
fn every_tenant_that_is_named_has_to_be_there() {
    let known = [secret("s1", "t1", Kind::Token)];
    let value = with("exportTenantIDs", json!(["t1", "gone"]));
    assert_eq!(
        checked(&value, &[tenant("t1", false)], &known),
        [("exportTenantIDs".to_owned(), "entry 1: tenant not found".to_owned())]
    );
    assert_eq!(
        checked(&filled(), &[], &known),
        [("tenantID".to_owned(), "tenant not found".to_owned())],
        "the one that is meant by silence is told once"
    );
    let (_, references, _) = read(&value);
    let ids: Vec<String> =
        references.tenants(&[secret("s1", "main", Kind::Token)]).iter().map(ToString::to_string).collect();
    assert_eq!(ids, ["gone", "main", "t1"]);
}

#[test]
fn a_secret_that_nobody_found_makes_no_settings() {
    let (draft, _, _) = read(&with("rootCASecretID", json!("s2")));
    assert_eq!(draft.unwrap().into_settings(None, &[secret("s1", "t1", Kind::Token)]), None);
}

proptest! {
    #[test]
    fn no_text_makes_a_rule_panic(name in "(url|inn|email|location|companyScope|proxy)", text in "\\PC{0,40}") {
        let _ = read(&with(&name, json!(text)));
    }

    #[test]
    fn an_address_is_an_e_mail_or_not_whatever_is_around_it(text in "[a-z@. -]{0,12}") {
        if email(json!(text)).is_ok() {
            for longer in [format!("{text}@x.ru"), format!("{text} ")] {
                prop_assert!(email(json!(longer)).is_err());
            }
        }
    }
}
