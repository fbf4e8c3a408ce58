//! The rule that starts by itself: a closed incident closes its alert.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    RVision,
    catalog::{Connector, Settings},
    incident::Incident,
};
use crate::{host::locked, outgoing::told, settings::now};

/// An incident that became closed, and whom to tell.
#[derive(Debug)]
pub(super) struct Closed {
    identifier: String,
    alert: String,
    connector: Connector,
}

impl Closed {
    /// Nothing without a connector.
    pub(super) fn of(incident: &Incident, settings: &Settings) -> Option<Self> {
        let connector = settings.connector.clone()?;
        // The template names the field whether or not it is filled.
        let alert = incident.fields.get(&settings.alert_id_field).cloned().unwrap_or_default();
        Some(Self { identifier: incident.identifier.clone(), alert, connector })
    }
}

/// The connector's calls.
#[derive(Debug, Default)]
pub(super) struct Calls {
    told: Vec<Value>,
    open: usize,
}

impl Calls {
    /// A call that is to be made counts from the moment that causes it.
    pub(super) fn begin(&mut self, closed: Option<&Closed>) {
        self.open += usize::from(closed.is_some());
    }

    pub(super) fn told(&self) -> &[Value] {
        &self.told
    }

    pub(super) fn idle(&self) -> bool {
        self.open == 0
    }

    pub(super) fn clear(&mut self) {
        self.told.clear();
    }
}

impl RVision {
    /// Runs the connector until it is answered, whatever the answer.
    pub(super) async fn tell(self: Arc<Self>, closed: Closed) {
        let Closed { identifier, alert, connector } = closed;
        let body = json!({"id": alert, "reason": connector.reason});
        let (mut attempts, mut status, mut error) = (0, None, None);
        while status.is_none() && attempts < connector.attempts {
            if attempts > 0 {
                tokio::time::sleep(connector.pause).await;
            }
            attempts += 1;
            let request = connector.client.post(&connector.url).json(&body);
            let request = request.header("Authorization", format!("Bearer {}", connector.token));
            match request.send().await {
                Ok(answer) => status = Some(answer.status().as_u16()),
                Err(failure) => error = Some(told(&failure)),
            }
        }
        let calls = &mut locked(&self.state).calls;
        calls.open = calls.open.saturating_sub(1);
        calls.told.push(json!({
            "at": now(),
            "identifier": identifier,
            "alertID": alert,
            "reason": connector.reason,
            "attempts": attempts,
            "status": status,
            "error": error,
        }));
    }
}
