//! What we tell NCIRCC of a message that it sent.

use serde::{Deserialize, Serialize};

use super::{
    dictionary::{NoticeResult, NoticeStatus},
    problem::{Problem, Problems},
    supplement::update,
};
use crate::form::{Faults, Form, parsed, text};

const IN_WORK: &str = "in work";
const DECIDED: &str = "decided";

/// What was decided about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", content = "result")]
pub enum Decision {
    /// Somebody works on it.
    #[serde(rename = "in work")]
    InWork,
    /// It is done, with this result.
    #[serde(rename = "decided")]
    Decided(NoticeResult),
}

impl Decision {
    /// Reads a form: a status and, with `decided`, a result.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(mut form: Form) -> Result<Self, Vec<Problem>> {
        let mut faults = Faults::default();
        let decided = form.required(&mut faults, "status", |value| match text(value)?.as_str() {
            IN_WORK => Ok(false),
            DECIDED => Ok(true),
            _ => Err(format!("must be one of: {IN_WORK}; {DECIDED}")),
        });
        let result: Option<NoticeResult> = form.optional(&mut faults, "result", parsed);
        form.finish(&mut faults);
        let mut problems = Problems::of_form(faults);
        let decision = match (decided, result) {
            (Some(true), Some(result)) => Some(Self::Decided(result)),
            (Some(true), None) => {
                let results: Vec<_> = NoticeResult::ALL.iter().map(|result| result.as_str()).collect();
                problems.missing("result", format!("choose one of: {}", results.join("; ")));
                None
            }
            (Some(false), Some(_)) => {
                problems.add(
                    "result",
                    "is for the status decided only",
                    "leave it out, or set the status to decided",
                );
                None
            }
            (Some(false), None) => Some(Self::InWork),
            (None, _) => None,
        };
        problems.unless_any(decision)?.ok_or_else(Vec::new)
    }

    /// The exact body to send about the message with this id.
    #[must_use]
    pub fn body(self, uuid: &str, company: &str) -> String {
        let (status, result) = match self {
            Self::InWork => (NoticeStatus::InWork, None),
            Self::Decided(result) => (NoticeStatus::Decided, Some(result)),
        };
        let mut body = update(uuid, company, status.wire());
        if let Some(result) = result {
            body.put("int_result", result.wire());
        }
        // Too short to meet any limit.
        body.finish(&mut Problems::default())
    }
}

#[cfg(test)]
mod tests;
