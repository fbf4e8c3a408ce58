//! Alerts to post, and how to read answers about them.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::tenant::Tenant;

/// A time of day on the day on which the alerts of the tests happen: long ago, whatever the clock.
pub(crate) fn at(time: &str) -> String {
    format!("2024-05-06T{time}Z")
}

/// Second number `seconds` of that day.
pub(crate) fn second(seconds: usize) -> String {
    at(&format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60))
}

pub(crate) fn uuid() -> String {
    Uuid::new_v4().to_string()
}

/// A small good alert with an id of its own.
pub(crate) fn alert(tenant: &Tenant) -> Value {
    json!({
        "id": uuid(), "tenantID": tenant.id, "name": "Brute force", "priority": "high",
        "firstSeen": at("10:00:00"), "lastSeen": at("11:00:00"),
        "events": [{"ID": "e1", "Timestamp": 1_714_989_600_000_i64, "DeviceVendor": "Microsoft"}]
    })
}

/// The same with some fields changed.
pub(crate) fn with(alert: &Value, changes: Value) -> Value {
    let mut alert = alert.clone();
    let Value::Object(changes) = changes else { panic!("changes are an object") };
    alert.as_object_mut().unwrap().extend(changes);
    alert
}

/// A text field.
#[track_caller]
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} is no text in {value}"))
}

/// The ids of a list, in its order.
pub(crate) fn ids(list: &[Value]) -> Vec<&str> {
    list.iter().map(|one| text(one, "id")).collect()
}

/// The ids of an alert's events, in their order.
pub(crate) fn event_ids(alert: &Value) -> Vec<&str> {
    alert["events"].as_array().unwrap().iter().map(|event| text(event, "ID")).collect()
}

/// The results of a post, in short: `created`, or `rejected priority`.
pub(crate) fn results(answer: &Value) -> Vec<String> {
    let lines = answer["results"].as_array().unwrap();
    for (place, line) in lines.iter().enumerate() {
        assert_eq!(line["index"], place, "{answer}");
    }
    let short = |line: &Value| match line["field"].as_str() {
        Some(field) => format!("{} {field}", text(line, "result")),
        None => text(line, "result").to_owned(),
    };
    lines.iter().map(short).collect()
}

/// The five counters of a post: created, updated, duplicate, rejected, failed.
pub(crate) fn counts(answer: &Value) -> [u64; 5] {
    ["created", "updated", "duplicate", "rejected", "failed"].map(|key| answer[key].as_u64().unwrap())
}

/// Text that hardly shrinks, the same for the same seed.
pub(crate) fn noise(seed: u64, length: usize) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut text = String::with_capacity(length);
    while text.len() < length {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        text.extend((0..10).map(|n| char::from(LETTERS[usize::try_from(state >> (n * 6) & 63).unwrap()])));
    }
    text.truncate(length);
    text
}
