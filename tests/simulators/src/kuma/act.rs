//! What an analyst, or the correlator, does to an alert.

use serde::Deserialize;
use serde_json::Value;

use super::{State, alert::Moment, close};
use crate::host::Refusal;

#[derive(Debug, Deserialize)]
#[serde(tag = "act", rename_all = "lowercase", deny_unknown_fields)]
enum Act {
    /// In the web interface, so a correlator that does not run is no matter.
    Close {
        id: String,
        reason: String,
    },
    Assign {
        id: String,
        assignee: String,
    },
    Escalate {
        id: String,
    },
    /// From its incident: the alert is new again.
    Unlink {
        id: String,
    },
    /// More events.
    Grow {
        id: String,
        events: Vec<Value>,
        #[serde(rename = "lastSeen")]
        last_seen: Option<String>,
    },
}

impl Act {
    fn id(&self) -> &str {
        let (Self::Close { id, .. }
        | Self::Assign { id, .. }
        | Self::Escalate { id }
        | Self::Unlink { id }
        | Self::Grow { id, .. }) = self;
        id
    }
}

impl State {
    /// Does it; the alert's id, and what it is now.
    pub(super) fn act(&mut self, body: Value) -> Result<(String, Value), Refusal> {
        let act: Act = serde_json::from_value(body)?;
        let id = act.id().to_owned();
        let alert = self.alerts.get_mut(&id).ok_or_else(|| Refusal::new(404, "there is no such alert"))?;
        // Nobody re-opens an alert in KUMA, and nothing is added to a closed one.
        if alert.status == "closed" {
            return Err(Refusal::new(409, "the alert is closed"));
        }
        match act {
            Act::Close { reason, .. } => {
                let reason = close::reason(&reason).ok_or_else(|| Refusal::new(400, "invalid reason"))?;
                alert.close(reason);
            }
            Act::Assign { assignee, .. } => {
                "assigned".clone_into(&mut alert.status);
                alert.assignee = assignee;
            }
            Act::Escalate { .. } => "escalated".clone_into(&mut alert.status),
            Act::Unlink { .. } => "new".clone_into(&mut alert.status),
            Act::Grow { events, last_seen, .. } => {
                if let Some(text) = last_seen {
                    alert.last_seen =
                        Moment::read(&text).ok_or_else(|| Refusal::new(400, "`lastSeen` is no time"))?;
                }
                alert.events.extend(events);
            }
        }
        Ok((id, alert.told()))
    }
}
