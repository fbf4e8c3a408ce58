//! An alert as the fields of an incident.
//!
//! | alert | incident field |
//! |---|---|
//! | first seen | `detection` |
//! | priority | `level`, by the target's severity mapping |
//! | name of the correlation rule | `description` |
//! | events | `files` (see [`crate::file`]) |
//! | id, link | the fields that the target names |
//! | name, status, last seen, assignee, assets, users, change log | the fields that the target names, if any |
//!
//! Company and category are written once: whoever works on the incident may change them.

use bridge_delivery::Work;
use bridge_domain::{
    alert::Alert,
    outbox::{Entry, Event, Origin},
    push::URL_FIELD,
    target::{RVision, SeverityMap},
};
use bridge_rvision::date;
use serde_json::Value;

use crate::people;

/// Alert field with the name of the correlation rule; alerts of KUMA's API carry it as their name.
const RULE_FIELD: &str = "correlationRuleName";

/// What the fields are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// A new incident.
    Creation,
    /// A change of one.
    Change {
        /// Which also closes it.
        close: bool,
    },
}

/// The fields, in the order in which they are sent.
pub(crate) fn of(work: &Work<'_>, settings: &RVision, moment: Moment) -> Vec<(String, String)> {
    let alert = work.alert;
    // An incident that was told of the closing may have been re-opened: what identifies the alert and
    // its status are not touched any more.
    let settled = work.delivery.closed && moment != Moment::Creation;
    let mut fields = Fields(Vec::new());
    if moment == Moment::Creation {
        fields.put("company", settings.company.as_deref().unwrap_or(work.tenant.name.as_str()));
        fields.put("category", &settings.category);
        fields.put(&settings.alert_id_field, alert.id.as_str());
    }
    fields.put("level", level(alert, &settings.severity));
    fields.put("detection", &date(alert.first_seen));
    fields.put("description", text(alert, RULE_FIELD).unwrap_or(alert.latest.name.as_str()));
    fields.put(&settings.alert_url_field, &link(alert, settings));
    let extra = &settings.fields;
    if !settled {
        fields.put_in(extra.name.as_deref(), alert.latest.name.as_str());
        fields.put_in(extra.status.as_deref(), alert.status().as_str());
    }
    fields.put_in(extra.last_seen.as_deref(), &date(alert.latest.last_seen));
    fields.put_in(extra.assignee.as_deref(), text(alert, "assignee").unwrap_or_default());
    fields.put_in(extra.assets.as_deref(), &people::assets(alert));
    fields.put_in(extra.users.as_deref(), &people::users(alert));
    fields.put_in(extra.change_log.as_deref(), &change_log(work.log));
    if moment == (Moment::Change { close: true }) {
        fields.put("status", &settings.closed_status);
    }
    fields.0
}

struct Fields(Vec<(String, String)>);

impl Fields {
    /// A field, unless there is nothing to say.
    fn put(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.0.push((name.to_owned(), value.to_owned()));
        }
    }

    fn put_in(&mut self, name: Option<&str>, value: &str) {
        if let Some(name) = name {
            self.put(name, value);
        }
    }
}

fn text<'a>(alert: &'a Alert, field: &str) -> Option<&'a str> {
    alert.latest.fields.get(field).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// The level; that of low for an alert without a priority.
fn level<'a>(alert: &Alert, map: &'a SeverityMap) -> &'a str {
    match text(alert, "priority") {
        Some("critical") => &map.critical,
        Some("high") => &map.high,
        Some("medium") => &map.medium,
        Some(_) | None => &map.low,
    }
}

/// Where a person finds the alert: what came with it, or the console's address for it.
fn link(alert: &Alert, settings: &RVision) -> String {
    match (text(alert, URL_FIELD), &settings.console_url) {
        (Some(link), _) => link.to_owned(),
        (None, Some(base)) => alert_link(base, alert.id.as_str()),
        (None, None) => String::new(),
    }
}

/// Address of an alert in KUMA's web console at `base`. A guess: no public document tells the form.
fn alert_link(base: &str, id: &str) -> String {
    format!("{}/alerts/{id}", base.trim_end_matches('/'))
}

/// The change log as lines for a person, oldest first.
fn change_log(log: &[Entry]) -> String {
    let line = |entry: &Entry| {
        let event = match entry.event {
            Event::Created => "created",
            Event::Updated => "updated",
            Event::Closed => "closed",
            // What the bridge itself did is of no interest there, and would be a change of its own.
            Event::Delivered | Event::CloseDelivered | Event::GaveUp => return None,
        };
        let by = match &entry.by {
            Some(Origin::Siem) => " by the SIEM",
            Some(Origin::Core(_)) => " by KUMA",
            Some(Origin::Token(_)) => " by an IRP",
            None => "",
        };
        Some(format!("{} {event}{by}", date(entry.at)))
    };
    log.iter().filter_map(line).collect::<Vec<_>>().join("\n")
}
