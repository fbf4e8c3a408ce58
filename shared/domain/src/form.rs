//! Reading what somebody filled in: every fault is named, not only the first.

use std::{collections::BTreeMap, fmt, ops::RangeInclusive, str::FromStr};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, MapAccess, Visitor},
};
use serde_json::Value;

use crate::json::{Plain, check_key};

/// Most faults that one answer names: a list of a million wrong entries is one mistake.
const FAULTS_LIMIT: usize = 50;
/// Longest name of an unknown member that is quoted, in characters.
const QUOTE_LIMIT: usize = 64;

/// What is wrong with one field. Never quotes its value: it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The field, with those around it: `severity.low`.
    pub field: String,
    /// What is wrong, in words that follow the field's name.
    pub message: String,
}

/// Every fault met so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Adds one, unless there are so many that another tells nothing.
    pub fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        if self.0.len() < FAULTS_LIMIT {
            self.0.push(Fault { field: field.into(), message: message.into() });
        }
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in the order met.
    #[must_use]
    pub fn into_vec(self) -> Vec<Fault> {
        self.0
    }
}

/// The members of an object that were not read yet.
///
/// A member that is `null` counts as absent. What is left over at the end was never asked for.
#[derive(Default)]
pub struct Form {
    prefix: String,
    members: BTreeMap<String, Value>,
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The values may be secret.
        f.debug_struct("Form").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl<'de> Deserialize<'de> for Form {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Form;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Form, A::Error> {
        let mut members = BTreeMap::new();
        while let Some(key) = map.next_key::<String>()? {
            check_key(&key)?;
            let value = map.next_value_seed(Plain)?;
            if members.insert(key, value).is_some() {
                return Err(A::Error::custom("duplicate field"));
            }
        }
        Ok(Form { prefix: String::new(), members })
    }
}

impl Form {
    fn field(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Whether no member is there, or all were read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Whether a member is there, be it `null`.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// A member that may be absent. `None` also when it can not be read, which is a fault then.
    pub fn optional<T>(
        &mut self,
        faults: &mut Faults,
        name: &str,
        read: impl FnOnce(Value) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.members.remove(name).filter(|value| !value.is_null())?;
        match read(value) {
            Ok(value) => Some(value),
            Err(message) => {
                faults.add(self.field(name), message);
                None
            }
        }
    }

    /// A member that must be there. `None` is always a fault.
    pub fn required<T>(
        &mut self,
        faults: &mut Faults,
        name: &str,
        read: impl FnOnce(Value) -> Result<T, String>,
    ) -> Option<T> {
        if self.members.get(name).is_none_or(Value::is_null) {
            self.members.remove(name);
            faults.add(self.field(name), "is required");
            return None;
        }
        self.optional(faults, name, read)
    }

    /// An object within, if it is there.
    pub fn form(&mut self, faults: &mut Faults, name: &str) -> Option<Self> {
        let prefix = format!("{}{name}.", self.prefix);
        let members = self.optional(faults, name, |value| match value {
            Value::Object(members) => Ok(members.into_iter().collect()),
            _ => Err("must be an object".to_owned()),
        })?;
        Some(Self { prefix, members })
    }

    /// The same when it must be there.
    pub fn required_form(&mut self, faults: &mut Faults, name: &str) -> Option<Self> {
        if self.members.get(name).is_none_or(Value::is_null) {
            return self.required(faults, name, |_| Err(String::new()));
        }
        self.form(faults, name)
    }

    /// A list of objects, if it is there; the fields of the second one are called `name.1.field`.
    pub fn forms(
        &mut self,
        faults: &mut Faults,
        name: &str,
        size: RangeInclusive<usize>,
    ) -> Option<Vec<Self>> {
        let prefix = format!("{}{name}.", self.prefix);
        self.optional(faults, name, |value| {
            let Value::Array(list) = value else { return Err("must be a list".to_owned()) };
            if !size.contains(&list.len()) {
                return Err(format!("must be {} to {} entries", size.start(), size.end()));
            }
            let form = |(index, value)| match value {
                Value::Object(members) => {
                    Ok(Self { prefix: format!("{prefix}{index}."), members: members.into_iter().collect() })
                }
                _ => Err(format!("entry {index} must be an object")),
            };
            list.into_iter().enumerate().map(form).collect()
        })
    }

    /// Whatever is left over is a fault.
    pub fn finish(self, faults: &mut Faults) {
        for name in self.members.keys() {
            let short: String = name.chars().take(QUOTE_LIMIT).collect();
            let rest = if short.len() < name.len() { " ..." } else { "" };
            faults.add(format!("{}{short}{rest}", self.prefix), "is not a known field");
        }
    }
}

/// Yes or no.
///
/// # Errors
/// Anything but `true` and `false`.
#[expect(clippy::needless_pass_by_value, reason = "the form of every reader")]
pub fn flag(value: Value) -> Result<bool, String> {
    match value {
        Value::Bool(flag) => Ok(flag),
        _ => Err("must be true or false".to_owned()),
    }
}

/// A whole number within a range.
pub fn whole<T>(range: RangeInclusive<T>) -> impl FnOnce(Value) -> Result<T, String>
where
    T: TryFrom<u64> + PartialOrd + fmt::Display,
{
    move |value| {
        let number = value.as_u64().and_then(|number| T::try_from(number).ok());
        number
            .filter(|number| range.contains(number))
            .ok_or_else(|| format!("must be a whole number from {} to {}", range.start(), range.end()))
    }
}

/// A text, whatever is in it.
///
/// # Errors
/// Anything but a text.
pub fn text(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err("must be a text".to_owned()),
    }
}

/// A text of at most `limit` characters, more than blanks, without control characters.
pub fn line(limit: usize) -> impl Fn(Value) -> Result<String, String> {
    move |value| {
        let text = text(value)?;
        let fits = !text.trim().is_empty() && text.chars().count() <= limit;
        if fits && !text.chars().any(char::is_control) {
            Ok(text)
        } else {
            Err(format!("must be 1 to {limit} printable characters"))
        }
    }
}

/// A text of at most `limit` characters, possibly empty or of several lines.
pub fn prose(limit: usize) -> impl FnOnce(Value) -> Result<String, String> {
    move |value| {
        let text = text(value)?;
        if text.chars().count() <= limit {
            Ok(text)
        } else {
            Err(format!("must be at most {limit} characters"))
        }
    }
}

/// A text that is read as `T`. The error of `T` must not quote it.
///
/// # Errors
/// Not a text, or not one that `T` takes.
pub fn parsed<T>(value: Value) -> Result<T, String>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    text(value)?.parse().map_err(|error: T::Err| error.to_string())
}

/// A list of `size` different lines of at most `limit` characters.
pub fn lines(size: RangeInclusive<usize>, limit: usize) -> impl FnOnce(Value) -> Result<Vec<String>, String> {
    move |value| {
        let Value::Array(list) = value else { return Err("must be a list".to_owned()) };
        if !size.contains(&list.len()) {
            return Err(format!("must be {} to {} entries", size.start(), size.end()));
        }
        let read = line(limit);
        let mut lines = Vec::with_capacity(list.len());
        for (index, value) in list.into_iter().enumerate() {
            let line = read(value).map_err(|message| format!("entry {index} {message}"))?;
            if lines.contains(&line) {
                return Err(format!("entry {index} is there twice"));
            }
            lines.push(line);
        }
        Ok(lines)
    }
}

/// Reads a form from JSON, as a request does. For tests.
#[cfg(test)]
pub(crate) fn form(value: &Value) -> Form {
    serde_json::from_str(&value.to_string()).unwrap()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_fault_is_named_and_no_value_is_quoted() {
        let mut form = form(&json!({
            "canary": "x", "name": "canary\u{0}", "count": 5, "flag": "canary", "inner": {"x": 1, "canary": 2},
            "nothing": null, "tags": ["a", "a"],
        }));
        let mut faults = Faults::default();
        assert_eq!(form.required(&mut faults, "name", line(128)), None);
        assert_eq!(form.optional(&mut faults, "count", whole(1_u16..=4)), None);
        assert_eq!(form.optional(&mut faults, "flag", flag), None);
        assert_eq!(form.optional(&mut faults, "nothing", flag), None);
        assert_eq!(form.required(&mut faults, "missing", flag), None);
        assert_eq!(form.optional(&mut faults, "tags", lines(0..=3, 5)), None);
        let mut inner = form.form(&mut faults, "inner").unwrap();
        assert_eq!(inner.optional(&mut faults, "x", whole(0_u8..=1)), Some(1));
        inner.finish(&mut faults);
        form.finish(&mut faults);
        let faults: Vec<(String, String)> =
            faults.into_vec().into_iter().map(|fault| (fault.field, fault.message)).collect();
        let expected = [
            ("name", "must be 1 to 128 printable characters"),
            ("count", "must be a whole number from 1 to 4"),
            ("flag", "must be true or false"),
            ("missing", "is required"),
            ("tags", "entry 1 is there twice"),
            ("inner.canary", "is not a known field"),
            ("canary", "is not a known field"),
        ];
        assert_eq!(faults, expected.map(|(field, message)| (field.to_owned(), message.to_owned())));
    }

    #[test]
    fn a_field_that_is_there_twice_is_refused() {
        let error = serde_json::from_str::<Form>(r#"{"token":"canary","token":"b"}"#).unwrap_err();
        assert!(error.to_string().starts_with("duplicate field"), "{error}");
        assert!(serde_json::from_str::<Form>(r#"{"$serde_json::private::RawValue":"[]"}"#).is_err());
    }

    #[test]
    fn a_million_faults_are_few_and_short() {
        let members: serde_json::Map<String, Value> =
            (0..1_000).map(|n| (format!("{n}{}", "x".repeat(10_000)), json!(1))).collect();
        let mut faults = Faults::default();
        form(&Value::Object(members)).finish(&mut faults);
        let faults = faults.into_vec();
        assert_eq!(faults.len(), FAULTS_LIMIT);
        assert!(faults.iter().all(|fault| fault.field.len() < 100));
    }
}
