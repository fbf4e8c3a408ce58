//! What KUMA's answers mean.

use bridge_domain::{CallError, Class};
use bridge_http::Answer;
use serde::Deserialize;

use crate::{Closed, SYSTEM};

/// Why an answer is no answer of KUMA's API; follows the host.
pub(crate) const STRANGE: &str =
    "does not answer as KUMA's REST API does: check the address and the port in url (7223 as a rule)";

/// The messages that the API documents. They are codes, so they may be logged; any other may quote
/// what nobody should read.
const MESSAGES: [&str; 8] = [
    "access denied",
    "alert already closed",
    "alert not found",
    "id required",
    "invalid authorization header",
    "invalid query parameter value",
    "invalid reason",
    "tenant disabled",
];

#[derive(Deserialize)]
struct Fault {
    message: String,
}

/// The documented message of an error; empty when it has another or none.
fn message(answer: &Answer) -> &'static str {
    let fault: Option<Fault> = serde_json::from_slice(&answer.body).ok();
    let text = fault.map(|fault| fault.message).unwrap_or_default();
    MESSAGES.into_iter().find(|known| known.eq_ignore_ascii_case(text.trim())).unwrap_or("")
}

/// An answer with a 2xx, or the failure that it is.
pub(crate) fn accepted(answer: Answer) -> Result<Answer, CallError> {
    if answer.is_success() { Ok(answer) } else { Err(refusal(&answer)) }
}

/// What became of closing an alert.
pub(crate) fn closed(answer: &Answer) -> Result<Closed, CallError> {
    match (answer.status, message(answer)) {
        (406, "alert already closed") => Ok(Closed::Already),
        (404, "alert not found") => {
            Err(CallError::new(Class::NotFound, SYSTEM, "KUMA does not know the alert")
                .with_code("alert not found")
                .with_detail("status 404"))
        }
        (204, _) => Ok(Closed::Now),
        (status, _) if (200..300).contains(&status) => Err(answer.unreadable(STRANGE)),
        (500, _) => {
            // The documents name one condition: the correlator of the alert has to be running.
            let mut error = refusal(answer);
            error.public = format!("{}; closing needs the alert's correlator to run", error.public).into();
            Err(error)
        }
        _ => Err(refusal(answer)),
    }
}

fn refusal(answer: &Answer) -> CallError {
    let message = message(answer);
    let mut error = answer.refusal();
    // KUMA never says 401: a bad header is a 400, an unknown token a 403.
    match message {
        "invalid authorization header" => {
            error.class = Class::Auth;
            error.public = "KUMA can not read the token: check the secret in secretID".into();
        }
        "tenant disabled" => error.public = "the tenant is disabled in KUMA".into(),
        _ => {}
    }
    if !message.is_empty() {
        error = error.with_code(message);
    }
    error
}
