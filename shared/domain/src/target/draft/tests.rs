use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;
use crate::form::form;

fn rvision() -> Value {
    json!({
        "tenantID": "t1", "kind": "r-vision", "name": "SOC", "url": "https://irp.example.com", "secretID": "s1",
        "alertIDField": "ALERT_ID", "alertURLField": "ALERT_URL", "category": "Malware",
        "eventFields": ["DeviceVendor", "SourceAddress"],
        "severity": {"low": "Низкий", "medium": "Средний", "high": "Высокий", "critical": "Критический"},
    })
}

fn kuma() -> Value {
    json!({"tenantID": "t1", "kind": "kuma-core", "name": "Core", "url": "https://kuma:7223/", "secretID": "s1"})
}

fn with(mut value: Value, name: &str, member: Value) -> Value {
    value[name] = member;
    value
}

fn read(value: &Value) -> Result<Draft, Vec<String>> {
    read_for(value, None)
}

fn read_for(value: &Value, known: Option<&Target>) -> Result<Draft, Vec<String>> {
    let mut faults = Faults::default();
    let (draft, _) = Draft::read(form(value), known, &mut faults);
    if faults.is_empty() {
        Ok(draft.expect("a draft without faults is there"))
    } else {
        Err(faults.into_vec().into_iter().map(|fault| fault.field).collect())
    }
}

fn target(draft: Draft) -> Target {
    draft.into_target("x".parse().unwrap(), Timestamp::MIN, Timestamp::MIN)
}

#[test]
fn what_is_required_is_enough() {
    let draft = read(&rvision()).unwrap();
    let Settings::RVision(settings) = &draft.settings else { panic!("of another kind") };
    assert_eq!(settings.connection.timeout_seconds, 30);
    assert_eq!(settings.connection.requests_per_second, 10);
    assert_eq!(settings.closed_status, "Закрыт");
    assert_eq!(settings.fields.change_log.as_deref(), Some("ALERT_LOG"));
    assert!(settings.company.is_none() && settings.caller_token.is_none());
    assert!(settings.send_alerts && settings.send_changes && settings.send_close && settings.accept_close);
    assert!(!draft.disabled);

    let draft = read(&kuma()).unwrap();
    let Settings::KumaCore(settings) = &draft.settings else { panic!("of another kind") };
    assert_eq!(settings.connection.url, "https://kuma:7223");
    assert_eq!((settings.alert_id_field.as_str(), settings.alert_url_field.as_str()), (ALERT_ID, ALERT_URL));
    assert_eq!(settings.pull_interval_seconds, 60);
    assert!(settings.accept_push && settings.pull && settings.send_close);
}

#[test]
fn each_required_field_is_missed_by_its_name() {
    for base in [rvision(), kuma()] {
        for name in base.as_object().unwrap().keys().filter(|name| *name != "kind") {
            for value in [None, Some(Value::Null)] {
                let mut wanted = base.clone();
                wanted.as_object_mut().unwrap().remove(name);
                if let Some(value) = value {
                    wanted[name] = value;
                }
                assert_eq!(read(&wanted), Err(vec![name.clone()]), "{name}");
            }
        }
        let mut wanted = base.clone();
        wanted.as_object_mut().unwrap().remove("kind");
        assert_eq!(read(&wanted), Err(vec!["kind".to_owned()]));
    }
    for level in ["low", "medium", "high", "critical"] {
        let mut wanted = rvision();
        wanted["severity"].as_object_mut().unwrap().remove(level);
        assert_eq!(read(&wanted), Err(vec![format!("severity.{level}")]));
    }
}

#[test]
fn limits_hold() {
    let r = |name: &str, good: Value, bad: Value| (rvision(), name.to_owned(), good, bad);
    let k = |name: &str, good: Value, bad: Value| (kuma(), name.to_owned(), good, bad);
    let long = |n: usize| json!("ж".repeat(n));
    let many = |n: usize| Value::Array((0..n).map(|n| json!(format!("Field{n}"))).collect());
    for (base, name, good, bad) in [
        r("name", long(128), long(129)),
        r("timeoutSeconds", json!(50), json!(51)),
        r("timeoutSeconds", json!(1), json!(0)),
        r("requestsPerSecond", json!(100), json!(101)),
        r("requestsPerSecond", json!(1), json!(1.5)),
        r("alertIDField", long(128), long(129)),
        r("alertIDField", json!("a"), json!("a\u{7f}")),
        r("category", json!("a"), json!(" ")),
        r("eventFields", many(500), many(501)),
        r("eventFields", many(1), many(0)),
        r("eventFields", many(2), json!(["a", "a"])),
        r("closedStatus", json!("Closed"), json!("")),
        r("company", json!("Main"), json!(5)),
        r("proxy", json!("http://proxy:3128"), json!("https://proxy:3128")),
        r("consoleURL", json!("https://kuma:7220"), json!("http://kuma:7220")),
        r("sendAlerts", json!(false), json!("false")),
        r("callerTokenID", json!("abc"), json!("a b")),
        r("certificateSecretID", json!("abc"), json!("")),
        r("fields", json!({"name": null, "status": "S"}), json!([])),
        k("pullIntervalSeconds", json!(60), json!(59)),
        k("pullIntervalSeconds", json!(86_400), json!(86_401)),
        k("kumaTenantID", json!("00000000-0000-0000-0000-000000000000"), json!("a/b")),
        k("alertIDField", json!("id"), json!("ALERT_URL")),
        k("acceptPush", json!(false), json!(0)),
    ] {
        assert!(read(&with(base.clone(), &name, good)).is_ok(), "{name}");
        let faults = read(&with(base, &name, bad)).unwrap_err();
        assert!(
            faults.len() == 1 && (faults[0] == name || faults[0] == "alertURLField"),
            "{name}: {faults:?}"
        );
    }
    // What belongs to the other kind is not known here.
    assert_eq!(read(&with(kuma(), "category", json!("x"))), Err(vec!["category".to_owned()]));
    assert_eq!(read(&with(rvision(), "pull", json!(true))), Err(vec!["pull".to_owned()]));
}

#[test]
fn all_faults_come_at_once() {
    let mut wanted = rvision();
    for (name, value) in [
        ("url", json!("http://irp")),
        ("name", json!("")),
        ("severity", json!({"low": "", "medium": "a", "high": "b", "other": 1})),
        ("fields", json!({"name": "ALERT_ID", "unknown": 1})),
        ("surplus", json!(1)),
        ("timeoutSeconds", json!(0)),
    ] {
        wanted[name] = value;
    }
    let mut faults = read(&wanted).unwrap_err();
    faults.sort();
    let expected = [
        "fields.name",
        "fields.unknown",
        "name",
        "severity.critical",
        "severity.low",
        "severity.other",
        "surplus",
        "timeoutSeconds",
        "url",
    ];
    assert_eq!(faults, expected);
}

#[test]
fn what_only_the_store_knows_is_named_even_beside_faults() {
    let mut wanted = with(rvision(), "certificateSecretID", json!("s2"));
    wanted["callerTokenID"] = json!("tok");
    wanted["url"] = json!("none");
    let mut faults = Faults::default();
    let (draft, references) = Draft::read(form(&wanted), None, &mut faults);
    assert!(draft.is_none() && !faults.is_empty());
    assert_eq!(references.tenant.unwrap().as_str(), "t1");
    assert_eq!(references.caller_token.unwrap().as_str(), "tok");
    let secrets: Vec<_> =
        references.secrets.iter().map(|(field, id, kind)| (*field, id.as_str(), *kind)).collect();
    assert_eq!(secrets, [("secretID", "s1", Kind::Token), ("certificateSecretID", "s2", Kind::Certificate)]);
}

#[test]
fn tenant_and_kind_stay() {
    let known = target(read(&rvision()).unwrap());
    assert!(read_for(&rvision(), Some(&known)).is_ok());
    let mut silent = rvision();
    silent.as_object_mut().unwrap().retain(|name, _| name != "tenantID" && name != "kind");
    assert_eq!(target(read_for(&silent, Some(&known)).unwrap()), known);
    let moved = with(rvision(), "tenantID", json!("t2"));
    assert_eq!(read_for(&moved, Some(&known)), Err(vec!["tenantID".to_owned()]));
    let faults = read_for(&kuma(), Some(&known)).unwrap_err();
    assert!(faults.contains(&"kind".to_owned()), "{faults:?}");
}

/// A value of some form, right or wrong.
fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,10}".prop_map(Value::from),
        Just(json!("https://a:1")),
        proptest::collection::vec("[a-c]{0,2}", 0..4).prop_map(|list| json!(list)),
        proptest::collection::hash_map("name|low|status|x", "\\PC{0,3}", 0..4).prop_map(|map| json!(map)),
    ]
}

proptest! {
    #[test]
    fn what_is_accepted_is_stored_and_read_back(
        changes in proptest::collection::vec(
            ("url|name|fields|severity|company|proxy|sendAlerts|timeoutSeconds|eventFields|closedStatus|pull", value()),
            0..3,
        ),
        core in any::<bool>(),
    ) {
        let mut wanted = if core { kuma() } else { rvision() };
        for (name, value) in changes {
            wanted[name] = value;
        }
        if let Ok(draft) = read(&wanted) {
            let target = target(draft);
            let text = serde_json::to_string(&target).unwrap();
            prop_assert_eq!(serde_json::from_str::<Target>(&text).unwrap(), target.clone());
            let settings = serde_json::to_string(&target.settings).unwrap();
            prop_assert_eq!(serde_json::from_str::<Settings>(&settings).unwrap(), target.settings.clone());
            // What is shown can be sent back: only what the bridge itself adds is left out.
            let mut shown: Map<String, Value> = serde_json::from_str(&text).unwrap();
            shown.retain(|name, _| !["id", "created", "updated"].contains(&name.as_str()));
            prop_assert_eq!(read_for(&Value::Object(shown), Some(&target)).map(super::tests::target), Ok(target));
        }
    }
}
