//! Small things that the simulators share.

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::answer::Answer;

impl Answer {
    /// An error that every client can find: the members of both systems at once.
    pub(crate) fn error(status: u16, text: Option<&str>) -> Self {
        let text = text.unwrap_or("ordered by the fault menu");
        let body = json!({"success": false, "error": text, "message": text, "details": null});
        Self::json(status, &body)
    }
}

/// The present, with microseconds.
pub(crate) fn now() -> String {
    let now = OffsetDateTime::now_utc();
    let micros = now.microsecond();
    let whole = now.replace_nanosecond(0).unwrap_or(now).format(&Rfc3339).unwrap_or_default();
    format!("{}.{micros:06}Z", whole.trim_end_matches('Z'))
}

/// A list, or one thing as a list of one.
pub(crate) fn one_or_many(value: Value) -> Value {
    match value {
        Value::Array(_) => value,
        one => Value::Array(vec![one]),
    }
}

/// A setting that can be taken away by null, which is not the same as saying nothing of it.
#[derive(Debug, Default)]
pub(crate) enum Setting<T> {
    #[default]
    Unsaid,
    Gone,
    Given(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Setting<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Gone, Self::Given))
    }
}

impl<T> Setting<T> {
    /// Puts it in force.
    pub(crate) fn replace(self, present: &mut Option<T>) {
        match self {
            Self::Unsaid => {}
            Self::Gone => *present = None,
            Self::Given(setting) => *present = Some(setting),
        }
    }
}
