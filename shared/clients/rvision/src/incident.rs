//! Incidents as R-Vision reads them out.

use bridge_domain::{CallError, Timestamp};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::answer::Good;

/// An incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Its number for people, for example `24-05-1`.
    pub identifier: String,
    /// Its id.
    pub uuid: Option<String>,
    /// Name of its status.
    pub status: Option<String>,
}

#[derive(Deserialize)]
struct Found {
    result: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(deserialize_with = "text_or_number")]
    identifier: String,
    #[serde(default)]
    uuid: Option<String>,
    #[serde(default)]
    status: Value,
    #[serde(default)]
    creation: Value,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// The oldest incident in an answer that has `alert_id` in its field.
pub(crate) fn oldest(answer: &Good, field: &str, alert_id: &str) -> Result<Option<Incident>, CallError> {
    let found: Found = answer.data()?;
    let mut oldest: Option<(Age, Row)> = None;
    for row in found.result {
        let matches = row.others.get(field).and_then(plain).map(|value| Match::of(&value, alert_id));
        match matches {
            Some(Match::Exact) => {}
            Some(Match::ButForCase) => continue,
            Some(Match::No) | None => {
                return Err(answer.unreadable(
                    "answers with incidents of other alerts: the incident field in alertIDField may not exist there",
                ));
            }
        }
        let age = Age::of(&row);
        if oldest.as_ref().is_none_or(|(known, _)| age < *known) {
            oldest = Some((age, row));
        }
    }
    Ok(oldest.map(|(_, row)| Incident {
        identifier: row.identifier,
        uuid: row.uuid,
        status: catalog_name(&row.status),
    }))
}

/// Whether an answer is a list of no incidents.
pub(crate) fn none(answer: &Good) -> Result<bool, CallError> {
    #[derive(Deserialize)]
    struct List {
        result: Vec<serde::de::IgnoredAny>,
    }
    Ok(answer.data::<List>()?.result.is_empty())
}

/// How what a field holds compares with what was asked for.
enum Match {
    Exact,
    /// A database may compare so; it is another alert all the same.
    ButForCase,
    No,
}

impl Match {
    fn of(value: &str, asked: &str) -> Self {
        if value == asked {
            Self::Exact
        } else if value.to_lowercase() == asked.to_lowercase() {
            Self::ButForCase
        } else {
            Self::No
        }
    }
}

/// What tells the older of two incidents: the time, then the number, whose parts count up.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Age(Timestamp, Vec<u64>, String);

impl Age {
    fn of(row: &Row) -> Self {
        let created = row.creation.as_str().and_then(|text| text.parse().ok()).unwrap_or(Timestamp::MAX);
        let parts = row.identifier.split(|c: char| !c.is_ascii_digit());
        Self(created, parts.filter_map(|part| part.parse().ok()).collect(), row.identifier.clone())
    }
}

/// The text of a plain value.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The name in a value of a catalog field; a plain text is taken for the name itself.
fn catalog_name(value: &Value) -> Option<String> {
    match value {
        Value::Object(entry) => entry.get("name")?.as_str().map(str::to_owned),
        other => other.as_str().map(str::to_owned),
    }
}

/// A number for people is a text, but one that looks like a number may come as one.
pub(crate) fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let value = Value::deserialize(deserializer)?;
    plain(&value).filter(|text| !text.is_empty()).ok_or_else(|| serde::de::Error::custom("not a text"))
}
