//! `POST alerts/close`.

use serde_json::{Value, json};

use super::{Error, Result, State, refused};
use crate::{
    call::{Call, Content},
    settings::now,
};

const REASONS: [&str; 3] = ["responded", "incorrect data", "incorrect correlation rule"];

/// A reason as it is kept, however it is written.
pub(super) fn reason(text: &str) -> Option<&'static str> {
    let text = text.trim();
    REASONS.into_iter().find(|reason| reason.eq_ignore_ascii_case(text))
}

impl State {
    /// Closes an alert; its id.
    pub(super) fn close(&mut self, call: &Call) -> Result<String> {
        let (id, sent) = match &call.content {
            Ok(Content::Json(body)) => (text(body, "id"), text(body, "reason")),
            _ => (None, None),
        };
        let done = self.closed(call, id, sent);
        let status = done.as_ref().map_or_else(|error| error.0, |_| 204);
        let message = done.as_ref().err().map(|error| error.1);
        self.closes
            .push(json!({"at": now(), "id": id, "reason": sent, "status": status, "message": message}));
        done
    }

    fn closed(&mut self, call: &Call, id: Option<&str>, sent: Option<&str>) -> Result<String> {
        if let Some((name, _)) = call.query.first() {
            return Err(Error(400, "invalid query parameter value", name.as_str().into()));
        }
        let Ok(Content::Json(Value::Object(body))) = &call.content else {
            return Err(Error(400, "invalid body", "a JSON object is expected".into()));
        };
        if let Some(unknown) = body.keys().find(|key| *key != "id" && *key != "reason") {
            return Err(Error(400, "invalid body", unknown.as_str().into()));
        }
        let Some(id) = id.filter(|id| !id.is_empty()) else { return refused(400, "id required") };
        let Some(sent) = sent.filter(|sent| !sent.trim().is_empty()) else {
            return refused(400, "reason required");
        };
        let Some(reason) = reason(sent) else { return refused(400, "invalid reason") };
        let Some(alert) = self.alerts.get_mut(id) else { return refused(404, "alert not found") };
        let tenant = self.settings.tenants.iter().find(|tenant| tenant.id == alert.tenant_id);
        match tenant {
            Some(tenant) if !tenant.access => return refused(403, "access denied"),
            Some(tenant) if tenant.disabled => return refused(406, "tenant disabled"),
            _ => {}
        }
        if alert.status == "closed" {
            return refused(406, "alert already closed");
        }
        if self.settings.correlator_down > 0 {
            self.settings.correlator_down -= 1;
            return Err(Error(500, "correlator is not running", Value::Null));
        }
        alert.close(reason);
        Ok(id.to_owned())
    }
}

fn text<'a>(body: &'a Value, key: &str) -> Option<&'a str> {
    body.get(key)?.as_str()
}

impl super::Alert {
    pub(super) fn close(&mut self, reason: &str) {
        "closed".clone_into(&mut self.status);
        reason.clone_into(&mut self.closing_reason);
    }
}
