//! Alerts and their events.

use std::str::FromStr;

use bridge_domain::{
    TenantId, Timestamp,
    alert::{Alert, AlertView},
    close::Reason,
    events::{MAX_EVENTS, newest_within},
    intake::{MAX_ALERTS, read},
    json::{MAX_DEPTH, nests_within},
};
use proptest::{collection::vec, prelude::*};
use serde_json::{
    Map, Value, json,
    value::{RawValue, to_raw_value},
};

use crate::{
    config,
    mutation::{mutated, mutated_text},
    now,
    seeds::ALERTS,
};

/// What an IRP is sent of an alert.
fn shown(alert: &Alert) -> String {
    let events = RawValue::from_string(alert.events.to_json()).expect("events are JSON");
    let view = AlertView {
        id: &alert.id,
        tenant: &alert.tenant,
        name: &alert.latest.name,
        status: alert.status(),
        first_seen: alert.first_seen,
        last_seen: alert.latest.last_seen,
        closing_reason: alert.closing.as_ref().map_or("", |closing| &closing.reason),
        overflow: alert.events.overflow(),
        fields: &alert.latest.fields,
        events: Some(&events),
        with_affected: true,
    };
    serde_json::to_string(&view).expect("an alert can be written")
}

/// An alert with the fields that an answer always has.
fn filled(mut alert: Alert) -> Alert {
    for key in ["tenantName", "correlationRuleID", "assignee"] {
        alert.latest.fields.entry(key).or_insert_with(|| "".into());
    }
    for key in ["affectedAssets", "affectedAccounts"] {
        alert.latest.fields.entry(key).or_insert_with(|| json!([]));
    }
    alert
}

/// Everything that must hold for whatever intake makes of a body.
fn check_intake(body: &[u8], home: Option<&TenantId>) -> Result<usize, TestCaseError> {
    let Ok(results) = read(body, home, now()) else {
        return Ok(0);
    };
    prop_assert!(results.len() <= MAX_ALERTS);
    let mut accepted = 0;
    for result in results {
        match result {
            Err(rejection) => {
                prop_assert!(!rejection.message.is_empty());
                prop_assert!(rejection.message.len() < 200, "{}", rejection.message);
            }
            Ok(alert) => {
                accepted += 1;
                check_alert(alert)?;
            }
        }
    }
    Ok(accepted)
}

fn check_alert(alert: Alert) -> Result<(), TestCaseError> {
    prop_assert!(alert.first_seen <= alert.latest.last_seen);
    prop_assert!(alert.events.as_slice().len() <= MAX_EVENTS);
    // The store keeps the fields as JSON.
    let stored = serde_json::to_vec(&alert.latest.fields).expect("fields can be written");
    let read_back: Map<String, Value> = serde_json::from_slice(&stored)
        .map_err(|error| TestCaseError::fail(format!("stored fields can not be read: {error}")))?;
    prop_assert_eq!(&read_back, &alert.latest.fields);
    // Another bridge, or this one, can take in what is shown to an IRP.
    let text = shown(&alert);
    prop_assert!(nests_within(&text, MAX_DEPTH), "an answer is nested too deep");
    let mut again = read(text.as_bytes(), None, now()).expect("an answer is a body");
    prop_assert_eq!(again.len(), 1);
    let again = again.remove(0).map_err(|rejection| TestCaseError::fail(format!("{rejection:?}: {text}")))?;
    prop_assert_eq!(again, filled(alert));
    Ok(())
}

fn home() -> TenantId {
    "home".parse().unwrap()
}

/// Any JSON, with the keys and texts that parsers give a meaning of their own.
fn any_json() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        4 => "\\PC{0,6}",
        1 => Just("$serde_json::private::RawValue".to_owned()),
        1 => Just("$serde_json::private::Number".to_owned()),
        1 => Just("ID".to_owned()),
        1 => Just("Timestamp".to_owned()),
    ];
    let text =
        prop_oneof!["\\PC{0,12}", Just("[[[{\"a\":[]}]]]".to_owned()), Just("[\"\\\\\\\"]\"".to_owned())];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-1_000_000_i32..1_000_000).prop_map(|n| Value::from(f64::from(n) / 1e4)),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(8, 32, 4, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((key.clone(), inner), 0..4).prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// How deep a value is nested.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_intake_accepts_can_be_kept_shown_and_taken_in_again(body in mutated(&ALERTS, 4), single in any::<bool>()) {
        check_intake(&body, single.then(home).as_ref())?;
    }

    #[test]
    fn an_alert_with_any_fields_does_too(fields in vec(("\\PC{0,8}", any_json()), 0..4), assets in any_json(), event in any_json()) {
        let mut alert = json!({
            "id": "a", "tenantID": "t", "name": "n", "priority": "low",
            "firstSeen": "2026-11-20T10:00:00Z", "lastSeen": "2026-11-20T10:00:00Z"
        });
        let map = alert.as_object_mut().unwrap();
        map.extend(fields);
        map.insert("affectedAssets".into(), json!([{ "a": assets }]));
        map.insert("events".into(), json!([{ "ID": "e", "Extra": event }]));
        check_intake(alert.to_string().as_bytes(), None)?;
    }

    #[test]
    fn brackets_are_counted_as_a_parser_counts_them(value in any_json()) {
        let (text, depth) = (value.to_string(), depth(&value));
        prop_assert!(nests_within(&text, depth));
        prop_assert!(depth == 0 || !nests_within(&text, depth - 1));
    }

    #[test]
    fn of_any_json_brackets_are_counted_right(text in mutated_text(&ALERTS, 2)) {
        // `Vec<RawValue>` and so on would be one parser too many: the plain one goes 128 deep.
        if !text.contains("$serde_json") && let Ok(value) = serde_json::from_str::<Value>(&text) {
            // A key sent twice hides the first value, so the text may be deeper than what is read.
            prop_assert!(depth(&value) == 0 || !nests_within(&text, depth(&value) - 1));
        }
    }

    #[test]
    fn the_newest_events_are_the_last_ones_that_fit(list in vec(any_json(), 0..12), budget in 0..400_usize) {
        let raw: Vec<_> = list.iter().map(|value| to_raw_value(value).unwrap()).collect();
        let array = serde_json::to_string(&raw).unwrap();
        let (kept, cut) = newest_within(array, budget).unwrap();
        prop_assert!(kept.len() <= budget.max(2));
        let read: Vec<Box<RawValue>> = serde_json::from_str(&kept).unwrap();
        let skipped = raw.len() - read.len();
        let texts = |list: &[Box<RawValue>]| list.iter().map(|raw| raw.get().to_owned()).collect::<Vec<_>>();
        prop_assert_eq!(texts(&read), texts(&raw[skipped..]));
        prop_assert_eq!(cut, skipped > 0);
        if cut {
            let one_more = serde_json::to_string(&raw[skipped - 1..]).unwrap();
            prop_assert!(one_more.len() > budget, "{} bytes would have fitted {budget}", one_more.len());
        }
    }

    #[test]
    fn cutting_what_is_no_array_never_panics(text in mutated_text(&ALERTS, 3), budget in 0..20_000_usize) {
        if let Ok((kept, cut)) = newest_within(text.clone(), budget) {
            prop_assert!(kept.len() <= budget.max(2));
            prop_assert!(cut || kept == text || kept.len() < text.len());
        }
    }

    #[test]
    fn a_time_is_read_as_it_is_written(text in times()) {
        if let Ok(time) = text.parse::<Timestamp>() {
            let written = time.to_string();
            prop_assert_eq!(written.parse::<Timestamp>(), Ok(time));
            prop_assert!(written.ends_with('Z') && matches!(written.len(), 24 | 27), "{}", written);
            prop_assert!((Timestamp::MIN..=Timestamp::MAX).contains(&time));
        }
    }

    #[test]
    fn a_reason_is_one_of_three_however_it_is_written(text in reasons()) {
        if let Ok(reason) = Reason::from_str(&text) {
            prop_assert_eq!(text.trim().to_ascii_lowercase(), reason.as_str());
        }
    }
}

fn times() -> impl Strategy<Value = String> {
    static SEEDS: std::sync::LazyLock<Vec<Vec<u8>>> = std::sync::LazyLock::new(|| {
        crate::seeds::texts(&[
            "2026-11-20T10:00:00Z",
            "1970-01-01T00:00:00.000001+00:00",
            "9999-12-31T23:59:59.999999999Z",
            "2026-02-29t10:00:00.5z",
            "2016-12-31T23:59:60Z",
            "0000-01-01T00:00:00-23:59",
            "+10000-01-01T00:00:00Z",
        ])
    });
    mutated_text(&SEEDS, 3)
}

fn reasons() -> impl Strategy<Value = String> {
    static SEEDS: std::sync::LazyLock<Vec<Vec<u8>>> = std::sync::LazyLock::new(|| {
        crate::seeds::texts(&[
            "responded",
            "Incorrect Data ",
            " INCORRECT CORRELATION RULE\t",
            "İncorrect data",
        ])
    });
    mutated_text(&SEEDS, 2)
}

#[test]
fn the_samples_themselves_are_accepted() {
    let home = home();
    for body in ALERTS.iter() {
        let accepted = check_intake(body, Some(&home)).unwrap();
        assert!(accepted > 0, "{}", String::from_utf8_lossy(body));
    }
}
