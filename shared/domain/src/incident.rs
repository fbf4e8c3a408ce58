//! Incidents: what alerts are gathered into, worked on, closed, and exported from.

use serde::{Deserialize, Serialize};

use crate::{
    AlertId, IncidentId, Name, TenantId, Timestamp,
    ncircc::dictionary::{Category, Kind},
};

mod draft;
mod search;

pub use draft::{Change, Draft, Members, alert_ids, assignee, member_ids};
pub use search::Search;

/// Longest description, in Unicode characters. Source: the vendor's rule for incidents.
pub const DESCRIPTION_LIMIT: usize = 256;
/// Most alerts that one request links or unlinks: they change together or not at all.
pub const LINK_LIMIT: usize = 90;
/// Most alerts in one incident.
pub const ALERTS_LIMIT: usize = 1_000;
/// Most assets, and most accounts, in one incident.
pub const MEMBERS_LIMIT: usize = 500;
/// Longest comment, in Unicode characters. Limit of every text at NCIRCC.
pub const COMMENT_LIMIT: usize = 5_000;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$about])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word in requests and answers.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(format!("must be one of {}", [$($text),+].join(", "))),
                }
            }
        }
    };
}

words! {
    /// Where an incident is in its life.
    Status {
        /// Nobody works on it yet.
        Open = "open",
        /// Somebody works on it.
        Assigned = "assigned",
        /// Done; it is never opened again and can not be changed.
        Closed = "closed",
    }
}

words! {
    /// How an incident was closed.
    Resolution {
        /// It was one; measures were taken.
        Approved = "approved",
        /// It was none: a false positive.
        NotApproved = "not approved",
    }
}

words! {
    /// How urgent an incident is.
    Priority {
        /// Least.
        Low = "low",
        /// More.
        Medium = "medium",
        /// Much.
        High = "high",
        /// Most.
        Critical = "critical",
    }
}

impl Priority {
    /// The priority that KUMA's v3 API writes as this number, from 1 (low) to 4 (critical). An
    /// assumption, by analogy with the priority of events.
    #[must_use]
    pub fn numbered(number: u64) -> Option<Self> {
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        Self::ALL.get(index).copied()
    }

    /// Its number in KUMA's v3 API.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Low => 1,
            Self::Medium => 2,
            Self::High => 3,
            Self::Critical => 4,
        }
    }
}

words! {
    /// How an incident stands with NCIRCC. The texts are what a person sees.
    ReportState {
        /// It was ordered and is on its way.
        Exporting = "Export in progress",
        /// NCIRCC has it.
        Exported = "Exported successfully",
        /// Nobody knows; a person may have to decide.
        Unknown = "Export result unknown",
        /// NCIRCC does not have it, and nobody tries any more.
        Failed = "Export failed",
        /// It came from there.
        Notice = "Received from NCIRCC",
    }
}

/// The text for an incident that was never exported.
pub const NOT_EXPORTED: &str = "Not exported";

/// What is known of an incident at NCIRCC. Absent texts are empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// How it stands.
    pub state: ReportState,
    /// Its unique id there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uuid: String,
    /// Its number there when it was made: `21-07-573`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub identifier: String,
    /// Its registration number there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub number: String,
    /// Its status there, in NCIRCC's own words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// What was decided about a notice, in NCIRCC's own words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub result: String,
    /// Category and type of a notice, in NCIRCC's own words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// When NCIRCC last changed it, as it says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub updated: String,
}

impl Report {
    /// A report of which nothing is known but how it stands.
    #[must_use]
    pub const fn new(state: ReportState) -> Self {
        Self {
            state,
            uuid: String::new(),
            identifier: String::new(),
            number: String::new(),
            status: String::new(),
            result: String::new(),
            kind: String::new(),
            updated: String::new(),
        }
    }
}

/// An incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Incident {
    /// Its id.
    pub id: IncidentId,
    /// Its tenant; never changes.
    #[serde(rename = "tenantID")]
    pub tenant: TenantId,
    /// Its name.
    pub name: Name,
    /// How urgent it is.
    pub priority: Priority,
    /// What it is about; at most [`DESCRIPTION_LIMIT`] characters, unless it came from NCIRCC.
    pub description: String,
    /// What NCIRCC calls its category.
    pub category: Option<Category>,
    /// What NCIRCC calls its type; always one of its category.
    #[serde(rename = "type")]
    pub kind: Option<Kind>,
    /// Where it is in its life.
    pub status: Status,
    /// How it was closed.
    pub resolution: Option<Resolution>,
    /// Who works on it; empty when nobody does.
    pub assignee: String,
    /// Its alerts, in the order they were linked.
    #[serde(rename = "alertIDs")]
    pub alerts: Vec<AlertId>,
    /// Ids of assets.
    #[serde(rename = "assetIDs")]
    pub assets: Vec<String>,
    /// Ids of accounts.
    #[serde(rename = "accountIDs")]
    pub accounts: Vec<String>,
    /// Time of its first event, or when it was made if it has none.
    pub first_seen: Timestamp,
    /// Time of its last event, or when it was made if it has none.
    pub last_seen: Timestamp,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// When it was closed.
    pub closed: Option<Timestamp>,
    /// How it stands with NCIRCC; none when it was never exported.
    pub report: Option<Report>,
}

/// Why an incident can not be changed so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is closed: a closed incident can not be changed.
    Closed,
    /// It would hold more than [`ALERTS_LIMIT`] alerts.
    TooMany,
}

impl Incident {
    /// How it stands with NCIRCC, in a person's words.
    #[must_use]
    pub fn export_state(&self) -> &'static str {
        self.report.as_ref().map_or(NOT_EXPORTED, |report| report.state.as_str())
    }

    /// Gives it to somebody; to nobody with an empty name.
    ///
    /// # Errors
    /// When it is closed.
    pub fn assign(&mut self, assignee: String, now: Timestamp) -> Result<(), Refusal> {
        self.open()?;
        self.status = if assignee.is_empty() { Status::Open } else { Status::Assigned };
        self.assignee = assignee;
        self.updated = now;
        Ok(())
    }

    /// Closes it.
    ///
    /// # Errors
    /// When it is closed already.
    pub fn close(&mut self, resolution: Resolution, now: Timestamp) -> Result<(), Refusal> {
        self.open()?;
        self.status = Status::Closed;
        self.resolution = Some(resolution);
        self.closed = Some(now);
        self.updated = now;
        Ok(())
    }

    /// Adds an alert that was seen from `first` to `last`; one that is there already changes nothing.
    ///
    /// # Errors
    /// When it is closed or full.
    pub fn link(
        &mut self,
        alert: AlertId,
        first: Timestamp,
        last: Timestamp,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.open()?;
        if self.alerts.contains(&alert) {
            return Ok(());
        }
        if self.alerts.len() >= ALERTS_LIMIT {
            return Err(Refusal::TooMany);
        }
        let none = self.alerts.is_empty();
        self.first_seen = if none { first } else { self.first_seen.min(first) };
        self.last_seen = if none { last } else { self.last_seen.max(last) };
        self.alerts.push(alert);
        self.updated = now;
        Ok(())
    }

    /// Takes an alert out. The times stay: they say what the incident was made of.
    ///
    /// # Errors
    /// When it is closed.
    pub fn unlink(&mut self, alert: &AlertId, now: Timestamp) -> Result<(), Refusal> {
        self.open()?;
        self.alerts.retain(|known| known != alert);
        self.updated = now;
        Ok(())
    }

    /// Changes what a person wrote.
    ///
    /// # Errors
    /// When it is closed.
    pub fn change(&mut self, change: Change, now: Timestamp) -> Result<(), Refusal> {
        self.open()?;
        change.apply(self);
        self.updated = now;
        Ok(())
    }

    const fn open(&self) -> Result<(), Refusal> {
        match self.status {
            Status::Closed => Err(Refusal::Closed),
            Status::Open | Status::Assigned => Ok(()),
        }
    }
}

/// Who said something about an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    /// Somebody here, to colleagues.
    Operator,
    /// Somebody here, to NCIRCC.
    Export,
    /// NCIRCC, or whoever uses the account there.
    Ncircc,
}

/// Something that was said about an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Its id: a random one, or `NCIRCC`'s behind `ncircc-`.
    pub id: String,
    /// When it was said.
    pub at: Timestamp,
    /// Who said it.
    pub from: Speaker,
    /// Login of the author.
    pub author: String,
    /// What was said.
    pub text: String,
}

#[cfg(test)]
mod tests;
