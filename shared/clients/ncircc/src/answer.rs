//! The envelope of NCIRCC's answers, and what its refusals mean.

use bridge_domain::{CallError, Class};
use bridge_http::{Answer, Effect};
use serde::Deserialize;
use serde_json::Value;

use crate::SYSTEM;

/// Why an answer is no answer of the account's API; follows the host.
pub(crate) const STRANGE: &str = "does not answer as the NCIRCC account does: check the address in url";

/// NCIRCC refuses a token with the status of any other refusal: only this word in it tells.
const TOKEN_WORD: &str = "токен";

/// Longest text of NCIRCC that is passed on, in characters.
const LONGEST: usize = 300;

/// What an answer is read with.
pub(crate) struct Reader<'a> {
    pub(crate) host: &'a str,
    /// The setting that names the secret with the token.
    pub(crate) setting: &'static str,
    pub(crate) token: &'a [u8],
    /// Of the request.
    pub(crate) effect: Effect,
}

/// An answer that NCIRCC itself calls a success.
pub(crate) struct Good {
    answer: Answer,
    data: Option<Value>,
}

impl Good {
    /// The answer, for saying that it is not understood, and what is in `data`.
    pub(crate) fn parts(self) -> (Answer, Option<Value>) {
        (self.answer, self.data)
    }
}

#[derive(Default, Deserialize)]
struct Envelope {
    success: Option<bool>,
    error: Option<Value>,
    message: Option<Value>,
    #[serde(rename = "statusCode")]
    status_code: Option<Value>,
    data: Option<Value>,
}

/// Reads an answer.
pub(crate) fn read(answer: Answer, reader: &Reader<'_>) -> Result<Good, CallError> {
    let envelope: Option<Envelope> = serde_json::from_slice(&answer.body).ok();
    if !answer.is_success() {
        let text = envelope.and_then(|envelope| reader.text(&envelope)).unwrap_or_default();
        return Err(reader.refusal(answer.refusal(), answer.status, &text));
    }
    let envelope = envelope.ok_or_else(|| answer.unreadable(STRANGE))?;
    if envelope.success != Some(false) {
        return Ok(Good { answer, data: envelope.data });
    }
    // A success of HTTP that is none of NCIRCC's; its own status counts.
    let text = reader.text(&envelope).unwrap_or_default();
    let status = envelope.status_code.as_ref().and_then(Value::as_u64);
    let status = status.and_then(|status| u16::try_from(status).ok()).unwrap_or(answer.status);
    let class = match status {
        429 => Class::RateLimited,
        500..=599 => Class::Transient,
        _ => Class::Permanent,
    };
    let error = CallError::new(class, SYSTEM, format!("{} refuses the request", reader.host))
        .with_code("refused")
        .with_detail(format!("status {} with success false, {} bytes", answer.status, answer.body.len()));
    Err(reader.refusal(error, status, &text))
}

impl Reader<'_> {
    /// What a refusal means when NCIRCC is who refuses, and what it says.
    fn refusal(&self, mut error: CallError, status: u16, text: &str) -> CallError {
        let host = self.host;
        if status < 500 && text.to_lowercase().contains(TOKEN_WORD) {
            error.class = Class::Auth;
            error.code = "token".into();
            error.public = format!(
                "{host} refuses the token ({status}): check the secret in {} and the rights of its user",
                self.setting
            )
            .into();
        } else if status == 404 {
            error.public = format!(
                "{host} does not know the call, or hides it from the owner of the token (404): check url and \
                 the rights of the user whose token is in {}",
                self.setting
            )
            .into();
        } else if status >= 500 && self.effect == Effect::Once {
            // It answers so to faults of ours too, and nobody knows how far it came.
            error.class = Class::Unknown;
        }
        if !text.is_empty() {
            error.public = format!("{}; its answer: {text}", error.public).into();
        }
        error
    }

    /// What NCIRCC says about a failure, fit for a person to read.
    fn text(&self, envelope: &Envelope) -> Option<String> {
        let said = envelope.error.as_ref().and_then(said).or_else(|| said(envelope.message.as_ref()?))?;
        let token = String::from_utf8_lossy(self.token);
        let said = if token.is_empty() { said } else { said.replace(&*token, "[redacted]") };
        Some(readable(&said)).filter(|text| !text.is_empty())
    }
}

/// The text in a member that describes a failure.
fn said(member: &Value) -> Option<String> {
    match member {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Array(list) => list.iter().find_map(said),
        Value::Object(map) => {
            ["message", "error", "description"].iter().find_map(|name| said(map.get(*name)?))
        }
        _ => None,
    }
}

/// A text on one line, without what a terminal or a page would obey, and not too long.
fn readable(text: &str) -> String {
    let shown = text.chars().filter(|c| !steers(*c)).map(|c| if c.is_control() { ' ' } else { c });
    let words = shown.collect::<String>();
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// Whether a character is not seen but changes how the others look.
const fn steers(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_is_one_line_of_what_can_be_seen() {
        assert_eq!(readable("a\r\n\tb\u{1b}[31mc \u{202e}d\u{0}"), "a b [31mc d");
        assert_eq!(readable(&"я".repeat(300)), "я".repeat(300));
        assert_eq!(readable(&"я".repeat(301)), format!("{}...", "я".repeat(300)));
        assert_eq!(readable(" \n "), "");
    }

    #[test]
    fn the_text_of_a_failure_is_found_in_every_form() {
        for member in [
            json!("Ошибка"),
            json!({"message": "Ошибка"}),
            json!(["", "Ошибка"]),
            json!({"code": 1, "error": {"description": "Ошибка"}}),
        ] {
            assert_eq!(said(&member).as_deref(), Some("Ошибка"), "{member}");
        }
        for member in [json!(null), json!(""), json!({}), json!([]), json!(5), json!(true)] {
            assert_eq!(said(&member), None, "{member}");
        }
    }
}
