//! KUMA Core: alerts, their search and their closing, and the push to one IRP.

mod act;
mod alert;
mod close;
mod push;
mod search;
mod setup;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use http::header::AUTHORIZATION;
use serde_json::{Value, json};

use crate::{
    answer::Answer,
    call::{Call, Content},
    host::{Command, Refusal, Simulator, locked},
    running::{Background, Options, Running, StartError, start},
};
use alert::Alert;
use push::Pushes;
use setup::{Settings, SettingsChange};

/// KUMA Core.
#[derive(Debug)]
pub struct KumaCore {
    state: Mutex<State>,
    background: Background,
    url: String,
}

#[derive(Debug, Default)]
struct State {
    settings: Settings,
    /// By id.
    alerts: BTreeMap<String, Alert>,
    /// Closes that the API was asked for, with what it answered.
    closes: Vec<Value>,
    pushes: Pushes,
}

/// Why a call of the API is refused: status, message, details.
#[derive(Debug)]
struct Error(u16, &'static str, Value);

type Result<T> = std::result::Result<T, Error>;

fn refused<T>(status: u16, message: &'static str) -> Result<T> {
    Err(Error(status, message, Value::Null))
}

fn bad_parameter<T>(name: &str) -> Result<T> {
    Err(Error(400, "invalid query parameter value", name.into()))
}

impl KumaCore {
    /// Starts KUMA Core on the present runtime.
    ///
    /// # Errors
    /// When a port is taken or the certificate can not be made.
    pub async fn start(options: Options) -> std::result::Result<Running, StartError> {
        start::<Self>(options).await
    }
}

impl Simulator for KumaCore {
    fn new(url: String, background: Background) -> Self {
        Self { state: Mutex::default(), background, url }
    }

    fn answer(self: &Arc<Self>, call: &Call) -> Answer {
        let mut state = locked(&self.state);
        match state.route(call) {
            Ok((answer, changed)) => {
                let wanted = state.settings.irp.as_ref().is_some_and(|irp| irp.settings.push_closed);
                if let Some(id) = changed.filter(|_| wanted) {
                    self.push(&mut state, &id);
                }
                answer
            }
            Err(Error(status, message, details)) => {
                Answer::json(status, &json!({"message": message, "details": details}))
            }
        }
    }

    async fn command(self: &Arc<Self>, command: Command) -> std::result::Result<Value, Refusal> {
        match (command.method.as_str(), command.path.as_str()) {
            ("POST", "/configure") => {
                let change: SettingsChange = serde_json::from_value(command.body)?;
                self.configure(change).await
            }
            ("POST", "/alerts") => {
                let silent = command.query.iter().any(|(name, _)| name == "silent");
                let mut state = locked(&self.state);
                for id in state.put(command.body)? {
                    if !silent {
                        self.push(&mut state, &id);
                    }
                }
                Ok(Value::Null)
            }
            ("POST", "/act") => {
                let mut state = locked(&self.state);
                let (id, told) = state.act(command.body)?;
                self.push(&mut state, &id);
                Ok(told)
            }
            _ => Err(Refusal::new(404, "there is no such command")),
        }
    }

    fn state(&self) -> Value {
        let state = locked(&self.state);
        let alerts: Vec<Value> = state.alerts.values().map(Alert::told).collect();
        json!({
            "alerts": alerts,
            "closes": state.closes,
            "pushes": state.pushes.told(),
            "idle": state.pushes.idle(),
        })
    }

    fn reset(&self) {
        let mut state = locked(&self.state);
        state.alerts.clear();
        state.closes.clear();
        state.pushes.clear();
    }
}

impl State {
    /// The answer, and the alert that changed by the call.
    fn route(&mut self, call: &Call) -> Result<(Answer, Option<String>)> {
        let Some((version, path)) = call.path.strip_prefix("/api/").and_then(|rest| rest.split_once('/'))
        else {
            return refused(404, "not found");
        };
        let versions: &[&str] = match path {
            "alerts" | "alerts/close" | "tenants" | "users/whoami" => &["v1", "v2", "v2.1", "v2.2", "v3"],
            _ => &[],
        };
        if !versions.contains(&version) {
            return refused(404, "not found");
        }
        let expected = if path == "alerts/close" { "POST" } else { "GET" };
        if call.method.as_str() != expected {
            return refused(405, "method not allowed");
        }
        self.admit(call)?;
        let answer = match path {
            "alerts" => self.search(call)?,
            "tenants" => self.tenants(call)?,
            "alerts/close" => {
                let closed = self.close(call)?;
                return Ok((Answer::nothing(), Some(closed)));
            }
            _ => self.whoami(version == "v1"),
        };
        if !matches!(call.content, Ok(Content::Nothing)) {
            return refused(400, "a GET has no body");
        }
        Ok((Answer::json(200, &answer), None))
    }

    fn admit(&self, call: &Call) -> Result<()> {
        let token = call.header(AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Bearer "));
        match token {
            Some(token) if !token.is_empty() && !token.contains(' ') => {
                if token == self.settings.token {
                    Ok(())
                } else {
                    refused(403, "access denied")
                }
            }
            _ => Err(Error(400, "invalid authorization header", "Example: Bearer <token>".into())),
        }
    }

    fn whoami(&self, first_version: bool) -> Value {
        let tenants: Vec<Value> = (self.settings.tenants.iter().filter(|tenant| tenant.access))
            .map(|tenant| {
                if first_version {
                    json!({"id": tenant.id, "name": tenant.name, "role": "General administrator"})
                } else {
                    json!({"id": tenant.id, "name": tenant.name})
                }
            })
            .collect();
        let mut told = json!({
            "id": "3f0c5d52-66a5-4e5c-9a3a-0d8a4d9f7a10", "name": "IRP", "login": "irp", "email": "irp@example.com",
        });
        if let Some(members) = told.as_object_mut() {
            if first_version {
                members.insert("tenants".to_owned(), tenants.into());
            } else {
                let role = json!([{
                    "id": "9dd65e51-3b04-48f5-b132-c08bf9ad17d6", "name": "General administrator", "tenants": tenants,
                }]);
                members.insert("roles".to_owned(), role);
            }
        }
        told
    }
}
