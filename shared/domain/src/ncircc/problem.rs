//! What stands in the way of a message to NCIRCC: every reason at once, each with its remedy.

use serde::Serialize;

use crate::form::{Fault, Faults};

/// Why a message can not be sent yet. Never quotes a value: it may be somebody's personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The field of our API.
    pub field: String,
    /// What must be so, in words that follow the field's name.
    pub rule: String,
    /// What to do.
    pub fix: String,
}

/// Every problem met so far.
#[derive(Default)]
pub(super) struct Problems(Vec<Problem>);

impl Problems {
    /// Those of reading a form.
    pub(super) fn of_form(faults: Faults) -> Self {
        Self(faults.into_vec().into_iter().map(Problem::from).collect())
    }

    /// Adds one.
    pub(super) fn add(&mut self, field: &str, rule: impl Into<String>, fix: impl Into<String>) {
        self.0.push(Problem { field: field.to_owned(), rule: rule.into(), fix: fix.into() });
    }

    /// A value that is nowhere to be had. What was filled in wrongly is a problem already.
    pub(super) fn missing(&mut self, field: &str, fix: impl Into<String>) {
        if !self.0.iter().any(|problem| problem.field == field) {
            self.add(field, "is required", fix);
        }
    }

    /// The value when nothing stands in its way.
    pub(super) fn unless_any<T>(self, value: T) -> Result<T, Vec<Problem>> {
        if self.0.is_empty() { Ok(value) } else { Err(self.0) }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        let fix = match fault.message.as_str() {
            "is required" => "fill it in",
            "is not a known field" => "leave it out, or look its name up in the description of the API",
            rule if rule.starts_with("must be one of") => "choose one of these",
            _ => "correct the value",
        };
        Self { field: fault.field, rule: fault.message, fix: fix.to_owned() }
    }
}
