//! Reading alerts that somebody posted.
//!
//! One bad alert never sinks its neighbours: each element of the array becomes an [`Alert`] or a
//! [`Rejection`] that names the field at fault. Only a body that is no alert list at all fails whole.

use std::fmt;

use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value, value::RawValue};

use crate::{
    AlertId, Name, TenantId, Timestamp,
    alert::{Alert, Closing, Latest, PRIORITIES, Status},
    events::{Event, Events},
    json::{MAX_DEPTH, Plain, check_key, nests_within},
};

/// Most alerts in one request.
pub const MAX_ALERTS: usize = 1_000;
/// Most bytes of an alert's JSON besides its events.
pub const MAX_FIELD_BYTES: usize = 2 * 1024 * 1024;
/// How far ahead of our clock `lastSeen` may be, in seconds: a wrong clock at the sender must not
/// make an alert that no later message can update.
pub const MAX_AHEAD_SECONDS: i64 = 24 * 60 * 60;
/// Longest text in `assignee`, `closingReason` and the like, in characters.
const MAX_TEXT: usize = 1_024;

/// About an alert that is JSON and still holds what can not be kept.
const UNREADABLE: &str =
    "holds a number out of range, half of a surrogate pair or a key that begins with $serde_json::";

/// The body as a whole can not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Nothing was sent.
    #[error("the body is empty: send one alert or an array of alerts as JSON")]
    Empty,
    /// Not UTF-8.
    #[error("the body is not UTF-8")]
    NotUtf8,
    /// Too deep.
    #[error("the body is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// Not JSON.
    #[error("the body is not JSON: error at line {line}, column {column}")]
    NotJson {
        /// Line of the first error.
        line: usize,
        /// Column of the first error.
        column: usize,
    },
    /// JSON, but no object and no array.
    #[error("the body must be one alert or an array of alerts")]
    NotAnAlert,
    /// Too many alerts at once.
    #[error("the body holds more than {MAX_ALERTS} alerts: send them in several requests")]
    TooMany,
}

/// Why one alert was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Its id, if that could be read.
    pub id: Option<AlertId>,
    /// The field at fault, for example `lastSeen` or `events[3].Timestamp`.
    pub field: String,
    /// What is wrong with it and what would be right.
    pub message: String,
}

/// Reads a request body: one alert, or an array of them, in the order sent.
///
/// `home` is the tenant of alerts that name none: there is one when the sender can only mean one.
///
/// # Errors
/// The body is no list of alerts at all.
pub fn read(
    body: &[u8],
    home: Option<&TenantId>,
    now: Timestamp,
) -> Result<Vec<Result<Alert, Rejection>>, BodyError> {
    let text = std::str::from_utf8(body).map_err(|_| BodyError::NotUtf8)?.trim();
    if text.is_empty() {
        return Err(BodyError::Empty);
    }
    if !nests_within(text, MAX_DEPTH) {
        return Err(BodyError::TooDeep);
    }
    let broken = |error: serde_json::Error| BodyError::NotJson { line: error.line(), column: error.column() };
    if !text.starts_with('[') {
        let read = alert(text, home, now);
        // What could be read is JSON; only what could not is looked at once more.
        if read.is_err() {
            serde_json::from_str::<&RawValue>(text).map_err(broken)?;
        }
        return if text.starts_with('{') { Ok(vec![read]) } else { Err(BodyError::NotAnAlert) };
    }
    let elements: Vec<&RawValue> = serde_json::from_str(text).map_err(broken)?;
    if elements.len() > MAX_ALERTS {
        return Err(BodyError::TooMany);
    }
    Ok(elements.into_iter().map(|element| alert(element.get(), home, now)).collect())
}

/// An alert as it lies in the text: its events untouched, the rest as values.
struct Wire<'a> {
    events: Option<&'a RawValue>,
    fields: Map<String, Value>,
}

impl<'de> Deserialize<'de> for Wire<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Wire<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an alert")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Wire<'de>, A::Error> {
                let mut wire = Wire { events: None, fields: Map::new() };
                while let Some(key) = map.next_key::<String>()? {
                    if key == "events" {
                        wire.events = Some(map.next_value()?);
                    } else {
                        check_key(&key)?;
                        let value = map.next_value_seed(Plain)?;
                        wire.fields.insert(key, value);
                    }
                }
                Ok(wire)
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

fn alert(text: &str, home: Option<&TenantId>, now: Timestamp) -> Result<Alert, Rejection> {
    let wire: Wire<'_> = serde_json::from_str(text).map_err(|_| Rejection {
        id: None,
        field: String::new(),
        message: if text.starts_with('{') { UNREADABLE } else { "must be a JSON object" }.to_owned(),
    })?;
    let mut fields = Fields(wire.fields);
    let id = fields.parsed::<AlertId>("id", "is required").map_err(|fault| fault.of(None))?;
    body(fields, wire.events, &id, text.len(), home, now).map_err(|fault| fault.of(Some(id)))
}

fn body(
    mut fields: Fields,
    events: Option<&RawValue>,
    id: &AlertId,
    size: usize,
    home: Option<&TenantId>,
    now: Timestamp,
) -> Result<Alert, Fault> {
    let event_bytes = events.map_or(0, |events| events.get().len());
    if size.saturating_sub(event_bytes) > MAX_FIELD_BYTES {
        return Err(Fault::new(
            "affectedAssets",
            format!("all but the events must be under {MAX_FIELD_BYTES} bytes"),
        ));
    }
    let tenant = match (fields.text("tenantID")?, home) {
        (Some(text), _) => text.parse().map_err(|error| Fault::new("tenantID", error))?,
        (None, Some(home)) => home.clone(),
        (None, None) => return Err(Fault::new("tenantID", "is required")),
    };
    let name: Name = fields.parsed("name", "is required")?;
    let first_seen: Timestamp = fields.parsed("firstSeen", "is required")?;
    let last_seen: Timestamp = fields.parsed("lastSeen", "is required")?;
    if last_seen < first_seen {
        return Err(Fault::new("lastSeen", "must not be before firstSeen"));
    }
    if last_seen > now.plus_seconds(MAX_AHEAD_SECONDS) {
        return Err(Fault::new("lastSeen", "must not be more than a day in the future"));
    }
    let status = match fields.text("status")? {
        None => Status::New,
        Some(text) => text
            .parse()
            .map_err(|_| Fault::new("status", "must be one of new, assigned, escalated, closed"))?,
    };
    let reason = fields.text("closingReason")?.unwrap_or_default();
    let overflow = match fields.take("overflow") {
        None => false,
        Some(Value::Bool(value)) => value,
        Some(_) => return Err(Fault::new("overflow", "must be true or false")),
    };
    fields.check_rest()?;
    Ok(Alert {
        id: id.clone(),
        tenant,
        first_seen,
        latest: Latest { last_seen, name, status, fields: fields.0 },
        closing: (status == Status::Closed).then_some(Closing { at: last_seen, reason }),
        incident: None,
        events: Events::new(read_events(events)?, overflow),
    })
}

fn read_events(events: Option<&RawValue>) -> Result<Vec<Event>, Fault> {
    let Some(events) = events.filter(|events| events.get() != "null") else {
        return Ok(Vec::new());
    };
    let list: Vec<Box<RawValue>> = serde_json::from_str(events.get())
        .map_err(|_| Fault::new("events", "must be an array of objects"))?;
    list.into_iter()
        .enumerate()
        .map(|(index, raw)| Event::parse(raw).map_err(|error| Fault::new(format!("events[{index}]"), error)))
        .collect()
}

/// A field at fault.
struct Fault {
    field: String,
    message: String,
}

impl Fault {
    fn new(field: impl Into<String>, message: impl fmt::Display) -> Self {
        Self { field: field.into(), message: message.to_string() }
    }

    fn of(self, id: Option<AlertId>) -> Rejection {
        Rejection { id, field: self.field, message: self.message }
    }
}

/// The fields not yet read. What is left in the end is kept as it came.
struct Fields(Map<String, Value>);

impl Fields {
    /// Takes a field out; null is the same as absent.
    fn take(&mut self, key: &str) -> Option<Value> {
        self.0.remove(key).filter(|value| !value.is_null())
    }

    fn text(&mut self, key: &str) -> Result<Option<String>, Fault> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) if text.chars().count() <= MAX_TEXT => Ok(Some(text)),
            Some(Value::String(_)) => Err(Fault::new(key, format!("must be at most {MAX_TEXT} characters"))),
            Some(_) => Err(Fault::new(key, "must be a text")),
        }
    }

    fn parsed<T>(&mut self, key: &str, missing: &str) -> Result<T, Fault>
    where
        T: std::str::FromStr<Err: fmt::Display>,
    {
        let text = self.text(key)?.ok_or_else(|| Fault::new(key, missing))?;
        text.parse().map_err(|error| Fault::new(key, error))
    }

    /// Checks the types of the fields of KUMA's struct that stay as they are.
    fn check_rest(&mut self) -> Result<(), Fault> {
        match self.text("priority")? {
            Some(priority) if PRIORITIES.contains(&priority.as_str()) => {
                self.0.insert("priority".to_owned(), Value::String(priority));
            }
            Some(_) => {
                return Err(Fault::new("priority", "must be one of low, medium, high, critical"));
            }
            None => {
                return Err(Fault::new("priority", "is required: one of low, medium, high, critical"));
            }
        }
        for key in ["tenantName", "correlationRuleID", "assignee"] {
            if let Some(text) = self.text(key)? {
                self.0.insert(key.to_owned(), Value::String(text));
            }
        }
        for key in ["affectedAssets", "affectedAccounts"] {
            match self.take(key) {
                None => {}
                Some(Value::Array(list)) if list.iter().all(Value::is_object) => {
                    self.0.insert(key.to_owned(), Value::Array(list));
                }
                Some(_) => return Err(Fault::new(key, "must be an array of objects")),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    fn good() -> Value {
        json!({
            "id": "3fa85f64-5717-4562-b3fc-2c963f66afa6", "tenantID": "t1", "name": "Brute force",
            "priority": "high", "firstSeen": "2026-11-20T10:00:00Z", "lastSeen": "2026-11-20T11:00:00+00:00",
            "events": [{"ID": "1", "Timestamp": 1_763_632_800_000_i64, "DeviceVendor": "Microsoft"}],
            "branchName": "kept"
        })
    }

    fn one(value: &Value) -> Result<Alert, Rejection> {
        read(value.to_string().as_bytes(), None, now()).unwrap().remove(0)
    }

    #[test]
    fn a_good_alert_is_read_and_unknown_fields_are_kept() {
        let alert = one(&good()).unwrap();
        assert_eq!(alert.status(), Status::New);
        assert_eq!(alert.latest.fields.get("branchName"), Some(&json!("kept")));
        assert_eq!(alert.events.as_slice().len(), 1);
        assert!(alert.latest.fields.get("id").is_none());
    }

    #[test]
    fn a_bad_alert_names_its_field() {
        for (key, value, field) in [
            ("id", json!(null), "id"),
            ("id", json!("a#b"), "id"),
            ("tenantID", json!(7), "tenantID"),
            ("name", json!("я".repeat(129)), "name"),
            ("name", json!(""), "name"),
            ("priority", json!("urgent"), "priority"),
            ("priority", json!(null), "priority"),
            ("firstSeen", json!("yesterday"), "firstSeen"),
            ("firstSeen", json!(1_763_632_800), "firstSeen"),
            ("lastSeen", json!("2026-11-20T09:00:00Z"), "lastSeen"),
            ("lastSeen", json!("2027-01-01T00:00:00Z"), "lastSeen"),
            ("status", json!("open"), "status"),
            ("overflow", json!("yes"), "overflow"),
            ("events", json!({"a": 1}), "events"),
            ("events", json!([{"ID": "1"}, 7]), "events[1]"),
            ("affectedAssets", json!(["host"]), "affectedAssets"),
            ("assignee", json!({}), "assignee"),
        ] {
            let mut alert = good();
            alert[key] = value;
            assert_eq!(one(&alert).unwrap_err().field, field, "{key}");
        }
    }

    #[test]
    fn a_bad_neighbour_harms_nobody() {
        let body = json!([good(), 7, good()]).to_string();
        let results = read(body.as_bytes(), None, now()).unwrap();
        assert_eq!(results.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    }

    #[test]
    fn an_alert_without_a_tenant_goes_home_when_there_is_one() {
        let mut value = good();
        value["tenantID"] = Value::Null;
        assert_eq!(one(&value).unwrap_err().field, "tenantID");
        let home = "home".parse().unwrap();
        let alert = read(value.to_string().as_bytes(), Some(&home), now()).unwrap().remove(0).unwrap();
        assert_eq!(alert.tenant, home);
    }

    #[test]
    fn a_closed_alert_comes_closed_with_its_reason() {
        let mut value = good();
        value["status"] = json!("closed");
        value["closingReason"] = json!("responded");
        let alert = one(&value).unwrap();
        assert_eq!(alert.closing.unwrap().reason, "responded");
    }

    #[test]
    fn a_body_that_is_no_list_of_alerts_fails_whole() {
        let body = |text: &str| read(text.as_bytes(), None, now()).map(|list| list.len());
        assert_eq!(body(" "), Err(BodyError::Empty));
        assert_eq!(body("{"), Err(BodyError::NotJson { line: 1, column: 1 }));
        assert_eq!(body("\"text\""), Err(BodyError::NotAnAlert));
        assert_eq!(body(&"[".repeat(100_000)), Err(BodyError::TooDeep));
        assert_eq!(read(b"\xff{}", None, now()).unwrap_err(), BodyError::NotUtf8);
        assert_eq!(body(&format!("[{}]", vec!["{}"; 1001].join(","))), Err(BodyError::TooMany));
        assert_eq!(body("[]"), Ok(0));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes, None, now());
        }
    }
}
