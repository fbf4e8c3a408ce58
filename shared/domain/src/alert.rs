//! The alert, as KUMA's public API shows it.

use std::str::FromStr;

use serde::{Deserialize, Serialize, ser::SerializeMap};
use serde_json::{Map, Value, value::RawValue};

use crate::{AlertId, IncidentId, Name, TenantId, Timestamp, events::Events};

/// Where an alert is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nobody works on it yet.
    New,
    /// Somebody works on it.
    Assigned,
    /// Part of an incident.
    Escalated,
    /// Done; a closed alert is never opened again.
    Closed,
}

impl Status {
    /// Every status, in the order of an alert's life.
    pub const ALL: [Self; 4] = [Self::New, Self::Assigned, Self::Escalated, Self::Closed];

    /// The status as KUMA writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Assigned => "assigned",
            Self::Escalated => "escalated",
            Self::Closed => "closed",
        }
    }
}

/// The text is none of the statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownStatus;

impl FromStr for Status {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(UnknownStatus)
    }
}

/// Priorities of an alert in KUMA's API.
pub const PRIORITIES: [&str; 4] = ["low", "medium", "high", "critical"];

/// How an alert came to be closed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Closing {
    /// `lastSeen` of the alert when it was closed: orders two closings that meet in a merge.
    pub at: Timestamp,
    /// The reason as shown in `closingReason`.
    pub reason: String,
}

/// What the newest message about an alert said of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Latest {
    /// Time of the alert's last event.
    pub last_seen: Timestamp,
    /// Name of the alert.
    pub name: Name,
    /// Status as it was sent; what counts is [`Alert::status`].
    pub status: Status,
    /// Every other field, unknown ones included, as it was sent.
    pub fields: Map<String, Value>,
}

/// An alert.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Its id, given by the SIEM.
    pub id: AlertId,
    /// The tenant it belongs to; never changes.
    pub tenant: TenantId,
    /// Time of its first event.
    pub first_seen: Timestamp,
    /// What the newest message said.
    pub latest: Latest,
    /// Set once it is closed, for ever.
    pub closing: Option<Closing>,
    /// The incident it is part of: known here alone, whatever the SIEM sends.
    pub incident: Option<IncidentId>,
    /// Its events.
    pub events: Events,
}

impl Alert {
    /// The status that counts: a closed alert stays closed whatever is sent later, and one that is
    /// part of an incident is escalated.
    #[must_use]
    pub const fn status(&self) -> Status {
        if self.closing.is_some() {
            Status::Closed
        } else if self.incident.is_some() {
            Status::Escalated
        } else {
            self.latest.status
        }
    }

    /// Whether both read the same to whoever is shown them. When the alert was closed, and what its
    /// newest message said of the status of a closed one, is not shown.
    #[must_use]
    pub fn reads_as(&self, other: &Self) -> bool {
        let [ours, theirs] = [self, other].map(|alert| alert.closing.as_ref().map(|closing| &closing.reason));
        self.status() == other.status()
            && ours == theirs
            && self.first_seen == other.first_seen
            && self.latest.last_seen == other.latest.last_seen
            && self.latest.name == other.latest.name
            && self.latest.fields == other.latest.fields
            && self.events == other.events
    }
}

/// Fields of KUMA's struct that are empty texts when nobody set them.
const TEXT_FIELDS: [&str; 4] = ["tenantName", "correlationRuleID", "priority", "assignee"];
/// Fields that are shown only on request.
const AFFECTED_FIELDS: [&str; 2] = ["affectedAssets", "affectedAccounts"];

/// An alert on its way out: KUMA's struct.
///
/// Absent parts: without `withEvents` and `withAffected` KUMA's answer may leave the keys out or
/// write null (the vendor does not say). They are left out here, and nowhere else.
#[derive(Debug)]
pub struct AlertView<'a> {
    /// Id.
    pub id: &'a AlertId,
    /// Tenant.
    pub tenant: &'a TenantId,
    /// Name.
    pub name: &'a Name,
    /// Status that counts.
    pub status: Status,
    /// First event.
    pub first_seen: Timestamp,
    /// Last event.
    pub last_seen: Timestamp,
    /// Reason of closing; empty for an open alert.
    pub closing_reason: &'a str,
    /// Whether events were left out.
    pub overflow: bool,
    /// Every other field.
    pub fields: &'a Map<String, Value>,
    /// The events as a JSON array, when they were asked for.
    pub events: Option<&'a RawValue>,
    /// Whether assets and accounts were asked for.
    pub with_affected: bool,
}

impl Serialize for AlertView<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = |key: &str| self.fields.get(key).and_then(Value::as_str).unwrap_or_default();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", self.id)?;
        map.serialize_entry("tenantID", self.tenant)?;
        map.serialize_entry("tenantName", text("tenantName"))?;
        map.serialize_entry("name", self.name)?;
        map.serialize_entry("correlationRuleID", text("correlationRuleID"))?;
        map.serialize_entry("priority", text("priority"))?;
        map.serialize_entry("status", &self.status)?;
        map.serialize_entry("firstSeen", &self.first_seen)?;
        map.serialize_entry("lastSeen", &self.last_seen)?;
        map.serialize_entry("assignee", text("assignee"))?;
        map.serialize_entry("closingReason", self.closing_reason)?;
        map.serialize_entry("overflow", &self.overflow)?;
        if let Some(events) = self.events {
            map.serialize_entry("events", events)?;
        }
        if self.with_affected {
            for key in AFFECTED_FIELDS {
                map.serialize_entry(key, self.fields.get(key).unwrap_or(&Value::Array(Vec::new())))?;
            }
        }
        for (key, value) in self.fields {
            if !TEXT_FIELDS.contains(&key.as_str()) && !AFFECTED_FIELDS.contains(&key.as_str()) {
                map.serialize_entry(key, value)?;
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_view_has_kumas_keys_and_keeps_unknown_ones() {
        let fields = json!({"priority": "high", "affectedAssets": [{"id": "1"}], "branchName": "x"});
        let view = |with_affected, events| {
            AlertView {
                id: &"a".parse().unwrap(),
                tenant: &"t".parse().unwrap(),
                name: &"n".parse().unwrap(),
                status: Status::New,
                first_seen: Timestamp::MIN,
                last_seen: Timestamp::MIN,
                closing_reason: "",
                overflow: false,
                fields: fields.as_object().unwrap(),
                events,
                with_affected,
            }
            .to_value()
        };
        let bare = view(false, None);
        assert_eq!(bare["branchName"], "x");
        assert_eq!(bare["assignee"], "");
        assert_eq!(bare["firstSeen"], "1970-01-01T00:00:00.000Z");
        assert!(bare.get("events").is_none() && bare.get("affectedAssets").is_none());
        let events = RawValue::from_string("[{\"ID\":\"1\"}]".into()).unwrap();
        let full = view(true, Some(&*events));
        assert_eq!(full["events"][0]["ID"], "1");
        assert_eq!(full["affectedAssets"][0]["id"], "1");
        assert_eq!(full["affectedAccounts"], json!([]));
    }

    impl AlertView<'_> {
        fn to_value(&self) -> Value {
            serde_json::from_str(&serde_json::to_string(self).unwrap()).unwrap()
        }
    }
}
