//! The push: a form for every created or changed alert, one after another.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use reqwest::{
    RequestBuilder,
    multipart::{Form, Part},
};
use serde_json::{Value, json};

use super::{
    Alert, KumaCore, State,
    setup::{FormKind, Irp},
};
use crate::{host::locked, outgoing::told, settings::now};

/// Pushes done and to be done.
#[derive(Debug, Default)]
pub(super) struct Pushes {
    waiting: VecDeque<(String, Arc<Irp>)>,
    told: Vec<Value>,
    /// Whether somebody works the queue off.
    working: bool,
}

impl Pushes {
    pub(super) fn told(&self) -> &[Value] {
        &self.told
    }

    pub(super) fn idle(&self) -> bool {
        !self.working
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
        self.told.clear();
    }
}

impl KumaCore {
    /// The alert was created or changed, and can be read: it is to be pushed, unless nobody wants it.
    pub(super) fn push(self: &Arc<Self>, state: &mut State, id: &str) {
        let (Some(irp), Some(alert)) = (&state.settings.irp, state.alerts.get(id)) else { return };
        if irp.settings.tenants.as_ref().is_some_and(|tenants| !tenants.contains(&alert.tenant_id)) {
            return;
        }
        state.pushes.waiting.push_back((id.to_owned(), Arc::clone(irp)));
        if !state.pushes.working {
            state.pushes.working = true;
            let this = Arc::clone(self);
            self.background.spawn(async move { this.work_off().await });
        }
    }

    async fn work_off(self: Arc<Self>) {
        loop {
            let (alert, irp) = {
                let state = &mut *locked(&self.state);
                let Some((id, irp)) = state.pushes.waiting.pop_front() else {
                    state.pushes.working = false;
                    return;
                };
                // As it is now: it may have changed since.
                let Some(alert) = state.alerts.get(&id) else { continue };
                (alert.clone(), irp)
            };
            let outcome = irp.deliver(&alert, &self.link(&alert.id)).await;
            let state = &mut *locked(&self.state);
            let incident = outcome.get("identifier").and_then(Value::as_str);
            if let (Some(incident), Some(alert)) = (incident, state.alerts.get_mut(&alert.id)) {
                alert.incident = Some(incident.to_owned());
            }
            state.pushes.told.push(outcome);
        }
    }

    /// Where the web interface shows an alert.
    fn link(&self, id: &str) -> String {
        let host = self.url.rsplit_once(':').map_or(&*self.url, |(host, _)| host);
        format!("{host}:7220/alerts/{id}")
    }
}

impl Irp {
    async fn deliver(&self, alert: &Alert, link: &str) -> Value {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let mut outcome = self.attempt(alert, link).await;
            let success = outcome.get("success") == Some(&Value::Bool(true));
            if success || attempts >= self.settings.attempts {
                if let Some(members) = outcome.as_object_mut() {
                    members.insert("at".to_owned(), now().into());
                    members.insert("alertID".to_owned(), alert.id.clone().into());
                    members.insert("attempts".to_owned(), attempts.into());
                }
                return outcome;
            }
            tokio::time::sleep(Duration::from_millis(self.settings.pause_ms)).await;
        }
    }

    async fn attempt(&self, alert: &Alert, link: &str) -> Value {
        match self.request(alert, link).send().await {
            Ok(answer) => {
                let status = answer.status().as_u16();
                let body: Value = answer.json().await.unwrap_or_default();
                let success = status < 300 && body.get("success") == Some(&Value::Bool(true));
                let identifier = body.pointer("/data/0/identifier").and_then(Value::as_str);
                json!({"status": status, "success": success, "identifier": identifier})
            }
            Err(error) => json!({"status": null, "success": false, "error": told(&error)}),
        }
    }

    fn request(&self, alert: &Alert, link: &str) -> RequestBuilder {
        let settings = &self.settings;
        let level = settings.severity.get(&alert.priority).unwrap_or(&alert.priority);
        let fields = [
            (settings.alert_id_field.clone(), alert.id.clone()),
            (settings.alert_url_field.clone(), link.to_owned()),
            ("company".to_owned(), alert.tenant_name.clone()),
            ("level".to_owned(), level.clone()),
            ("category".to_owned(), settings.category.clone()),
            ("detection".to_owned(), alert.first_seen.text.clone()),
            ("description".to_owned(), alert.name.clone()),
        ];
        let url = format!("{}/api/v2/incidents", settings.url);
        let request = self.client.post(url).header("X-Token", &settings.token);
        if settings.form == FormKind::Urlencoded {
            return request.form(&fields);
        }
        let events = alert.events_with(settings.event_fields.as_ref()).to_string();
        let file = Part::text(events).file_name(format!("alert_{}.json", alert.id));
        let mut form = Form::new();
        for (name, value) in fields {
            form = form.text(name, value);
        }
        // The only way it fails is a content type that is none.
        match file.mime_str("application/json") {
            Ok(file) => request.multipart(form.part("files", file)),
            Err(_) => request.multipart(form),
        }
    }
}
