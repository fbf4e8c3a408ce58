//! What of a Core's list is worth reading in full, and what an alert that was read becomes here.

use serde_json::{Map, Value};

use crate::{
    AlertId, Name, Timestamp,
    alert::{Alert, Status},
    push::URL_FIELD,
    tenant::Tenant,
};

/// Says when a message was written; decides between two with the same last event.
const UPDATED_AT: &str = "updatedAt";
const TENANT_NAME: &str = "tenantName";
/// Fields that are ours to set: what the Core says of them is no change.
const OURS: [&str; 3] = [TENANT_NAME, URL_FIELD, UPDATED_AT];

/// A line of a Core's list of alerts, without events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The alert.
    pub id: AlertId,
    /// Id of its tenant there.
    pub tenant: String,
    /// Name of its tenant there.
    pub tenant_name: String,
    /// Its name.
    pub name: String,
    /// Its priority.
    pub priority: String,
    /// Its status; `None` for one that this version does not know.
    pub status: Option<Status>,
    /// Who works on it.
    pub assignee: String,
    /// Time of its last event.
    pub last_seen: Timestamp,
}

/// What is known of an alert here.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// Time of its last event.
    pub last_seen: Timestamp,
    /// Its name.
    pub name: Name,
    /// The status that counts.
    pub status: Status,
    /// Every other field.
    pub fields: Map<String, Value>,
}

impl Known {
    fn text(&self, key: &str) -> &str {
        self.fields.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    fn updated(&self) -> Option<Timestamp> {
        self.text(UPDATED_AT).parse().ok()
    }
}

/// Whether a listed alert says something that is not known.
///
/// One that is closed here stays closed, whatever the Core says; one that is closed there closes
/// ours, however old its last event is.
#[must_use]
pub fn wanted(listed: &Listed, known: Option<&Known>) -> bool {
    let Some(known) = known else { return true };
    let is_closed = known.status == Status::Closed;
    let closes = listed.status == Some(Status::Closed) && !is_closed;
    let same_event = listed.last_seen == known.last_seen;
    let worked_on = listed.priority != known.text("priority") || listed.assignee != known.text("assignee");
    let moved = !is_closed
        && (listed.status.is_some_and(|status| status != known.status) || listed.name != known.name.as_str());
    listed.last_seen > known.last_seen || closes || (same_event && (worked_on || moved))
}

/// Makes an alert that was read from a Core one of ours: of our tenant, with the link that a push
/// brought, now or earlier.
///
/// A Core changes an alert without a new event, and may change it back; between two messages with
/// the same last event the merge can not tell which came first. What was read from the Core now is
/// what holds now, so it is dated.
pub fn prepare(alert: &mut Alert, tenant: &Tenant, url: Option<&str>, known: Option<&Known>, now: Timestamp) {
    alert.tenant = tenant.id.clone();
    let fields = &mut alert.latest.fields;
    fields.insert(TENANT_NAME.to_owned(), tenant.name.as_str().into());
    let kept = known.and_then(|known| known.fields.get(URL_FIELD)).and_then(Value::as_str);
    match url.or(kept) {
        Some(url) => fields.insert(URL_FIELD.to_owned(), url.into()),
        None => fields.remove(URL_FIELD),
    };
    let Some(known) = known.filter(|known| known.last_seen == alert.latest.last_seen) else { return };
    if !differs(alert, known) {
        return;
    }
    let said = alert.latest.fields.get(UPDATED_AT).and_then(Value::as_str);
    let said: Option<Timestamp> = said.and_then(|text| text.parse().ok());
    if said <= known.updated() {
        let least = known.updated().map_or(now, |at| at.plus(std::time::Duration::from_micros(1)));
        alert.latest.fields.insert(UPDATED_AT.to_owned(), now.max(least).to_string().into());
    }
}

/// Whether the fields, those that are ours aside, or the link say something else.
fn differs(alert: &Alert, known: &Known) -> bool {
    let is_closed = known.status == Status::Closed;
    let theirs = |fields: &Map<String, Value>| {
        let mut fields = fields.clone();
        fields.retain(|key, _| !OURS.contains(&key.as_str()));
        fields
    };
    alert.latest.name != known.name
        || (!is_closed && alert.latest.status != known.status)
        || alert.latest.fields.get(URL_FIELD) != known.fields.get(URL_FIELD)
        || theirs(&alert.latest.fields) != theirs(&known.fields)
}
