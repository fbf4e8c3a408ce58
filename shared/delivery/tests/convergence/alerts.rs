//! Alerts as their SIEM tells them.

use bridge_domain::{
    AlertId, Timestamp,
    alert::{Alert, Closing, Latest, Status},
    close::Reason,
    events::{Event, Events},
};
use serde_json::{json, value::RawValue};

/// The SIEM's own copy of an alert. Its version grows with every change.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) id: AlertId,
    pub(crate) version: i64,
    pub(crate) closed: Option<Reason>,
    /// It lies in the KUMA Core of the tenant, not in another SIEM.
    pub(crate) in_core: bool,
}

impl Source {
    pub(crate) fn new(id: &str, in_core: bool) -> Self {
        Self { id: id.parse().unwrap(), version: 0, closed: None, in_core }
    }

    /// The alert as it is told now. The name changes seldom, the events every other time.
    pub(crate) fn told(&self) -> Alert {
        let last_seen = Timestamp::MIN.plus_seconds(1_000_000 + self.version);
        let status = if self.closed.is_some() { Status::Closed } else { Status::New };
        let fields = json!({"assignee": self.version.to_string()});
        let events = (0..=self.version / 2).map(|number| {
            let text = format!(r#"{{"ID":"{number}","Timestamp":{number}}}"#);
            Event::parse(RawValue::from_string(text).unwrap()).unwrap()
        });
        Alert {
            id: self.id.clone(),
            tenant: "t".parse().unwrap(),
            first_seen: Timestamp::MIN.plus_seconds(1_000_000),
            latest: Latest {
                last_seen,
                name: format!("name {}", self.version / 3).parse().unwrap(),
                status,
                fields: fields.as_object().unwrap().clone(),
            },
            closing: self.closed.map(|reason| Closing { at: last_seen, reason: reason.as_str().to_owned() }),
            incident: None,
            events: Events::new(events.collect(), false),
        }
    }
}
