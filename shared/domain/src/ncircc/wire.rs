//! How single values are written on the wire.

use serde_json::{Map, Value};

use super::problem::Problems;
use crate::Timestamp;

/// Most characters of any text on the wire.
pub const TEXT_LIMIT: usize = 5_000;
/// Most bytes of a body: it is kept in one item of the store until NCIRCC has it.
pub const BODY_LIMIT: usize = 300 * 1024;
/// Begins the line of a description by which a notification is found again.
pub const MARK: &str = "KUMA Bridge:";

/// A time as NCIRCC writes it: UTC, whole seconds, the fraction cut off.
#[must_use]
pub fn time(at: Timestamp) -> String {
    // Always begins with 2020-08-17T15:22:52.
    let text = at.to_string();
    format!("{}Z", text.get(..19).unwrap_or(&text))
}

/// The line by which a notification is found again.
#[must_use]
pub fn marker_line(marker: &str) -> String {
    format!("{MARK} {marker}")
}

/// A body in the making.
#[derive(Default)]
pub(super) struct Body(Map<String, Value>);

impl Body {
    pub(super) fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// A text, within the limit of the wire. `field` is its name in our API.
    pub(super) fn text(&mut self, problems: &mut Problems, field: &str, name: &str, text: String) {
        let length = text.chars().count();
        if length > TEXT_LIMIT {
            let rule = format!("may have {TEXT_LIMIT} characters at NCIRCC, whatever more the form takes");
            problems.add(field, rule, format!("shorten it: it has {length} characters"));
            // The limit of the whole is not to be met for the same reason.
            return;
        }
        self.put(name, text);
    }

    /// A description, with the line by which its notification is found again.
    pub(super) fn description(&mut self, problems: &mut Problems, text: &str, marker: &str) {
        // A copied mark would make this notification look like another one.
        if text.contains(MARK) {
            let rule = format!("must not hold the words {MARK}");
            problems.add("description", rule, "leave them out: the bridge adds a line of its own");
        }
        let whole = format!("{}\n{}", text.trim_end(), marker_line(marker));
        let length = whole.chars().count();
        if length > TEXT_LIMIT {
            let own = marker_line(marker).chars().count() + 1;
            let rule = format!(
                "may have {TEXT_LIMIT} characters at NCIRCC, {own} of which the bridge needs to find it again"
            );
            problems.add("description", rule, format!("shorten it by {}", length - TEXT_LIMIT));
        }
        self.put("event_description", whole);
    }

    /// The exact text to send.
    pub(super) fn finish(self, problems: &mut Problems) -> String {
        let text = Value::Object(self.0).to_string();
        if text.len() > BODY_LIMIT {
            let rule = format!("may have {BODY_LIMIT} bytes in all");
            problems.add("body", rule, format!("send less: it has {}", text.len()));
        }
        text
    }
}
