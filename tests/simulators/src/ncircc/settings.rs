//! Settings, each with a value to begin with.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Error, Result};
use crate::call::Call;

/// The one organisation of the account.
const COMPANY: &str = "0f6c2c8a-0f8e-4c1c-9b57-6c6f6d706e79";

#[derive(Debug)]
pub(super) struct Settings {
    pub(super) token: String,
    /// The short name of the organisation.
    pub(super) company: String,
    /// The user whose token it is: the author of what is written with it.
    pub(super) login: String,
    /// Whether notifications about vulnerabilities are taken.
    pub(super) vulnerability_on: bool,
    /// Whether the time of creation is told with milliseconds.
    pub(super) create_time_ms: bool,
    /// The longest request, in bytes.
    pub(super) body_limit: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            token: "ncircc-token".to_owned(),
            company: "Ромашка".to_owned(),
            login: "kuma".to_owned(),
            vulnerability_on: false,
            create_time_ms: false,
            body_limit: 50 * 1024 * 1024,
        }
    }
}

/// What is to be changed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SettingsChange {
    token: Option<String>,
    company: Option<String>,
    login: Option<String>,
    vulnerability_on: Option<bool>,
    create_time_ms: Option<bool>,
    body_limit: Option<usize>,
}

fn replace<T>(present: &mut T, change: Option<T>) {
    if let Some(change) = change {
        *present = change;
    }
}

impl Settings {
    pub(super) fn change(&mut self, change: SettingsChange) {
        replace(&mut self.token, change.token);
        replace(&mut self.company, change.company);
        replace(&mut self.login, change.login);
        replace(&mut self.vulnerability_on, change.vulnerability_on);
        replace(&mut self.create_time_ms, change.create_time_ms);
        replace(&mut self.body_limit, change.body_limit);
    }

    /// Whether this request has the token. There is no 401: the words tell it from other errors.
    pub(super) fn admit(&self, call: &Call) -> Result<()> {
        if call.header("x-token") == Some(&self.token) {
            Ok(())
        } else {
            Err(Error(400, "Передан неверный токен".to_owned()))
        }
    }

    pub(super) fn company_told(name: &str) -> Value {
        json!({"id": 1, "name": name, "uuid": COMPANY})
    }

    /// The organisation as the registry has it.
    pub(super) fn company_registered(&self) -> Value {
        json!({
            "uuid": COMPANY,
            "name": self.company,
            "settings_sname": self.company,
            "settings_name": self.company,
            "settings_inn_of_subject": "7700000000",
            "settings_notification_email": "soc@example.com",
            "settings_geo_code": "RU-MOW",
            "settings_subject_cii": false,
        })
    }
}
