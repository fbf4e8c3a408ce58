//! What an analyst does to an incident.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{State, connector::Closed};
use crate::{host::Refusal, settings::now};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Act {
    #[serde(rename = "act")]
    kind: Kind,
    identifier: Option<String>,
    #[serde(rename = "alertID")]
    alert_id: Option<String>,
    /// Of `reopen`: the first status without it.
    status: Option<String>,
    /// Of `change`.
    #[serde(default)]
    fields: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Close,
    Reopen,
    Change,
}

impl State {
    /// Does it; what there is afterwards, and what became closed by it.
    pub(super) fn act(&mut self, body: Value) -> Result<(Value, Option<Closed>), Refusal> {
        let act: Act = serde_json::from_value(body)?;
        let settings = &self.settings;
        let status = match act.kind {
            Kind::Close => Some(settings.closed_status.clone()),
            Kind::Reopen => {
                Some(act.status.unwrap_or_else(|| settings.statuses.first().unwrap_or_default().to_owned()))
            }
            Kind::Change => None,
        };
        let fields: Vec<(String, String)> =
            act.fields.into_iter().chain(status.map(|status| ("status".to_owned(), status))).collect();
        for (tag, value) in &fields {
            settings.check(tag, value).map_err(|error| Refusal::new(400, error.1))?;
        }
        let field = &settings.alert_id_field;
        let found = self.incidents.iter_mut().find(|incident| match (&act.identifier, &act.alert_id) {
            (Some(identifier), None) => incident.identifier == *identifier,
            (None, Some(alert)) => incident.fields.get(field) == Some(alert),
            _ => false,
        });
        let incident = found.ok_or_else(|| {
            Refusal::new(404, "there is no such incident: name one by `identifier` or by `alertID`")
        })?;
        let tags: Vec<&String> = fields.iter().map(|(tag, _)| tag).collect();
        incident.writes.push(json!({"at": now(), "kind": "analyst", "fields": tags}));
        let closed = incident.set(fields, &settings.closed_status);
        let told = incident.told(settings);
        let closed = closed.then(|| Closed::of(incident, settings)).flatten();
        Ok((told, closed))
    }
}
