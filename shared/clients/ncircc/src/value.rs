//! Reading what is written in more than one way.
//!
//! The contract renamed its fields, and writes a value of a dictionary as a text in one place and as
//! an object in another.

use bridge_domain::Timestamp;
use serde_json::{Map, Value};

/// Longest id that is taken for one.
const ID: usize = 64;

/// A member of an object, by its name or by the one it had until 2023, which has no underscores.
pub(crate) fn take(object: &mut Map<String, Value>, name: &str) -> Option<Value> {
    object.remove(name).or_else(|| object.remove(&name.replace('_', ""))).filter(|value| !value.is_null())
}

/// The same as a text.
pub(crate) fn take_text(object: &mut Map<String, Value>, name: &str) -> Option<String> {
    text(&take(object, name)?)
}

/// The same as a moment.
pub(crate) fn take_moment(object: &mut Map<String, Value>, name: &str) -> Option<Timestamp> {
    moment(&take(object, name)?)
}

/// A text, or the name of what a dictionary holds.
pub(crate) fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Object(entry) => return text(entry.get("name").or_else(|| entry.get("value"))?),
        Value::Array(list) => return text(list.first()?),
        Value::Null => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

/// A moment. The contract writes RFC 3339; that a space or a missing zone may occur is a guess.
fn moment(value: &Value) -> Option<Timestamp> {
    let text = value.as_str()?.trim().replacen(' ', "T", 1);
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}

/// Whether a text is an id: it may stand in a path and in a key.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=ID).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// The one thing in `data`, which may be a list of one.
pub(crate) fn one(data: Value) -> Option<Map<String, Value>> {
    match data {
        Value::Object(object) => Some(object),
        Value::Array(list) => list.into_iter().next().and_then(one),
        _ => None,
    }
}

/// The rows of a list, which may lie in `result`, and whether it says that there are more.
pub(crate) fn rows(data: Value) -> Option<(Vec<Value>, Option<bool>)> {
    match data {
        Value::Array(rows) => Some((rows, None)),
        Value::Object(mut object) => {
            let next = object.get("next").and_then(Value::as_bool);
            match object.remove("result")? {
                Value::Array(rows) => Some((rows, next)),
                _ => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_a_text_or_an_object_with_a_name() {
        for (value, read) in [
            (json!("Новое"), Some("Новое")),
            (json!({"id": 18, "name": "Новое"}), Some("Новое")),
            (json!([{"name": "Москва", "code": "RU-MOW"}]), Some("Москва")),
            (json!({"value": "1.2.3.4", "asn": null}), Some("1.2.3.4")),
            (json!(7), Some("7")),
            (json!(true), Some("true")),
            (json!(""), None),
            (json!({"id": 18}), None),
            (json!([]), None),
            (json!(null), None),
        ] {
            assert_eq!(text(&value).as_deref(), read, "{value}");
        }
    }

    #[test]
    fn a_member_is_found_by_its_former_name() {
        let mut object = json!({"regnumber": "A", "int_result": null, "intresult": "B"});
        let object = object.as_object_mut().unwrap();
        assert_eq!(take_text(object, "reg_number").as_deref(), Some("A"));
        assert_eq!(take_text(object, "reg_number"), None, "it is taken");
        assert_eq!(take_text(object, "int_result"), None, "the present name wins, even when it says nothing");
    }

    #[test]
    fn a_moment_may_lack_its_zone_or_have_a_space() {
        let at: Timestamp = "2024-10-11T11:18:01.110Z".parse().unwrap();
        for text in ["2024-10-11T11:18:01.110Z", "2024-10-11 11:18:01.110", "2024-10-11T14:18:01.11+03:00"] {
            assert_eq!(moment(&json!(text)), Some(at), "{text}");
        }
        for value in [json!("yesterday"), json!(""), json!(1_728_645_481), json!(null)] {
            assert_eq!(moment(&value), None, "{value}");
        }
    }

    #[test]
    fn an_id_may_stand_in_a_path() {
        assert!(is_id("4f8bb2ac-0e0b-4f5f-8b3b-1c7f3e0f9f11") && is_id("iu_1"));
        for text in ["", ".", "..", "a/b", "a b", "а", "a?b", &"a".repeat(65)] {
            assert!(!is_id(text), "{text}");
        }
    }
}
