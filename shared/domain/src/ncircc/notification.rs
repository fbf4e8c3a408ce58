//! A notification of an incident: from what an operator fills in to the exact body.

use std::fmt;

use super::{
    dictionary::{Category, Kind, Location, Scope},
    indicators::Found,
};
use crate::Timestamp;

mod draft;
mod preflight;

pub use draft::Draft;
pub(super) use draft::IMPACTS;
pub use preflight::preflight;

pub use super::wire::{MARK, marker_line};

/// What an export need not say because it is known.
#[derive(Clone)]
pub struct Defaults {
    /// Unique text by which the notification is found again at NCIRCC: `INC-42/3f9c2a41`.
    pub marker: String,
    /// The organisation, as its account at NCIRCC has it.
    pub company: String,
    /// What it does.
    pub scope: Scope,
    /// Where it is.
    pub location: Location,
    /// The number by which it pays its taxes: 10 or 12 digits.
    pub inn: Option<String>,
    /// Its address as an operator of personal data.
    pub operator_address: Option<String>,
    /// Where notices about personal data are sent.
    pub email: Option<String>,
    /// Whether vulnerabilities may be exported.
    pub allow_vulnerability: bool,
    /// What found the incident.
    pub detection_tool: String,
    /// Name of the incident.
    pub name: String,
    /// Its description, possibly empty.
    pub description: String,
    /// Whether it is over.
    pub state: State,
    /// When it was first seen.
    pub first_seen: Option<Timestamp>,
    /// Its category.
    pub category: Option<Category>,
    /// Its type.
    pub kind: Option<Kind>,
    /// What the events of its alerts tell.
    pub found: Found,
}

/// How far the work on an incident is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Somebody has still to work on it.
    Open,
    /// It is closed.
    Closed {
        /// Since when.
        at: Timestamp,
        /// Whether it was one.
        confirmed: bool,
    },
}

/// A notification that can be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Ready {
    /// Exactly what is to be sent: JSON.
    pub body: String,
    /// The text in it by which it is found again.
    pub marker: String,
    /// Its type, and with it its category: what may be added later depends on them.
    pub kind: Kind,
    /// When it was detected.
    pub detected: Timestamp,
    /// What an operator should know of it.
    pub warnings: Vec<String>,
}

// What an incident is about, and whose data leaked, is nothing for a log.
impl fmt::Debug for Defaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Defaults").field("marker", &self.marker).finish_non_exhaustive()
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready").field("marker", &self.marker).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
