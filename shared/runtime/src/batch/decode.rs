//! A message body, decoded; a fault is described without quoting the body.

use std::fmt::Write;

use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

/// Decodes a body.
///
/// # Errors
///
/// What is wrong and where, never with what: the body may hold personal data.
pub(super) fn decode<M: DeserializeOwned>(body: &str) -> Result<M, String> {
    let mut json = serde_json::Deserializer::from_str(body);
    let message = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| describe(error.inner(), &place(error.path())))?;
    json.end().map_err(|error| describe(&error, "$"))?;
    Ok(message)
}

fn describe(error: &serde_json::Error, place: &str) -> String {
    let what = match error.classify() {
        Category::Data => "a missing, unknown or unfit value",
        Category::Eof => "it ends too early",
        Category::Io | Category::Syntax => "it is not JSON",
    };
    format!("the body can not be read: {what} at {place}, line {} column {}", error.line(), error.column())
}

/// Longest key that is printed. Keys are names; one that does not look like a name may be data.
const KEY_LIMIT: usize = 40;

fn place(path: &Path) -> String {
    let mut place = String::from("$");
    for segment in path {
        // Writing to a string does not fail.
        let _ = match segment {
            Segment::Seq { index } => write!(place, "[{index}]"),
            Segment::Map { key: name } | Segment::Enum { variant: name } if is_name(name) => {
                write!(place, ".{name}")
            }
            _ => write!(place, ".?"),
        };
    }
    place
}

fn is_name(key: &str) -> bool {
    key.len() <= KEY_LIMIT && key.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape counts")]
    struct Message {
        alerts: Vec<BTreeMap<String, u32>>,
    }

    #[test]
    fn a_fault_names_the_place_and_not_the_content() {
        for (body, reason) in [
            (
                r#"{"alerts":[{"id":"canary"}]}"#,
                "the body can not be read: a missing, unknown or unfit value at $.alerts[0].id, line 1 column 25",
            ),
            (
                r#"{"alerts":[{"canary@example.com":"x"}]}"#,
                "the body can not be read: a missing, unknown or unfit value at $.alerts[0].?, line 1 column 36",
            ),
            (r#"{"alerts":["#, "the body can not be read: it ends too early at $.alerts, line 1 column 11"),
            ("canary", "the body can not be read: it is not JSON at $, line 1 column 1"),
            (r#"{"alerts":[]} canary"#, "the body can not be read: it is not JSON at $, line 1 column 15"),
        ] {
            assert_eq!(decode::<Message>(body).unwrap_err(), reason);
        }
        assert!(!decode::<Message>(r#"{"canary9":1}"#).unwrap_err().contains("canary9"));
    }
}
