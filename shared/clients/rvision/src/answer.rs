//! The envelope of R-Vision's answers.

use bridge_domain::{CallError, Class};
use bridge_http::Answer;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::SYSTEM;

/// Why an answer is no answer of R-Vision's API; follows the host.
pub(crate) const STRANGE: &str = "does not answer as R-Vision's API does: check the address in url";

/// An answer that R-Vision itself calls a success.
pub(crate) struct Good {
    answer: Answer,
    data: Option<Value>,
}

#[derive(Deserialize)]
struct Envelope {
    /// Some of its answers leave it out.
    success: Option<bool>,
    error: Option<Value>,
    data: Option<Value>,
}

/// Reads an answer. `names` are the fields that we sent: a refusal says which of them R-Vision's
/// explanation mentions. The explanation itself stays here, for it may quote the incident.
pub(crate) fn read(answer: Answer, names: &[&str]) -> Result<Good, CallError> {
    if !answer.is_success() {
        let mut refusal = answer.refusal();
        if matches!(refusal.class, Class::Permanent | Class::Conflict) {
            refusal.public = format!("{}{}", refusal.public, mentioned(&answer.body, names)).into();
        }
        return Err(refusal);
    }
    let envelope: Envelope = serde_json::from_slice(&answer.body).map_err(|_| answer.unreadable(STRANGE))?;
    let failed = envelope.success == Some(false) || envelope.error.as_ref().is_some_and(says_something);
    if failed {
        let public = format!("R-Vision refuses the request{}", mentioned(&answer.body, names));
        let code = envelope.error.as_ref().and_then(code_of).unwrap_or_else(|| "refused".to_owned());
        return Err(CallError::new(Class::Permanent, SYSTEM, public).with_code(code).with_detail(format!(
            "status {} with success false or an error member, {} bytes",
            answer.status,
            answer.body.len()
        )));
    }
    Ok(Good { answer, data: envelope.data })
}

impl Good {
    /// What is in `data`.
    pub(crate) fn data<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        let data = self.data.as_ref().ok_or_else(|| self.unreadable(STRANGE))?;
        T::deserialize(data).map_err(|_| self.unreadable(STRANGE))
    }

    pub(crate) fn unreadable(&self, why: &str) -> CallError {
        self.answer.unreadable(why)
    }
}

/// Whether an `error` member reports an error: some programs always send the member.
fn says_something(error: &Value) -> bool {
    match error {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

/// An error that is one word of a program, not a text for people.
fn code_of(error: &Value) -> Option<String> {
    let code = match error {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Object(map) => return code_of(map.get("code")?),
        _ => return None,
    };
    let is_word = (1..=40).contains(&code.len())
        && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'));
    is_word.then_some(code)
}

/// Which of our fields an explanation mentions, as the end of a sentence.
fn mentioned(body: &[u8], names: &[&str]) -> String {
    let text = String::from_utf8_lossy(body);
    let words = || text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.')));
    let mut found: Vec<&str> =
        names.iter().copied().filter(|name| words().any(|word| word == *name)).collect();
    found.dedup();
    match found.as_slice() {
        [] => String::new(),
        found => format!("; its answer mentions the fields: {}", found.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_names_of_fields_that_we_sent_are_repeated() {
        let body = "Поле \"level\" ivanov@example.com: company_x is not category.".as_bytes();
        assert_eq!(mentioned(body, &["company", "level", "uuid"]), "; its answer mentions the fields: level");
        assert_eq!(mentioned(body, &["uuid"]), "");
        assert_eq!(mentioned(b"\xff\xfe", &["uuid"]), "");
    }

    #[test]
    fn an_error_is_a_code_only_when_it_is_a_word_of_a_program() {
        let code = |text: &str| code_of(&serde_json::from_str(text).unwrap());
        assert_eq!(code(r#""ACCESS_DENIED""#).as_deref(), Some("ACCESS_DENIED"));
        assert_eq!(code("1042").as_deref(), Some("1042"));
        assert_eq!(code(r#"{"code":"E-7","message":"Ivan"}"#).as_deref(), Some("E-7"));
        for text in [r#""Ivan""#, r#""user ivan is unknown""#, "[]", "true", r#"{"message":"X"}"#, r#""""#] {
            assert_eq!(code(text), None, "{text}");
        }
    }
}
