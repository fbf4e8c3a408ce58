//! Reading texts of a form to NCIRCC.

use serde_json::Value;

use super::wire::TEXT_LIMIT;
use crate::form::{Faults, Form, prose};

/// A text that may be absent; one of blanks alone is absent too.
pub(super) fn note(form: &mut Form, faults: &mut Faults, name: &str) -> Option<String> {
    form.optional(faults, name, |value| prose_without_controls(value, TEXT_LIMIT)).flatten()
}

/// A text of so many characters, `None` when it says nothing.
pub(super) fn prose_without_controls(value: Value, limit: usize) -> Result<Option<String>, String> {
    let text = prose(limit)(value)?;
    if text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err("must not hold control characters".to_owned());
    }
    Ok(Some(text).filter(|text| !text.trim().is_empty()))
}
