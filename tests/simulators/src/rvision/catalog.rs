//! What R-Vision was set up with: its token, its catalogs, its fields, its connector.

use std::{collections::BTreeSet, time::Duration};

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Error, Result, bad, incident};
use crate::{
    call::{Call, Content},
    outgoing,
    settings::Setting,
};

/// Names with numbers: what an incident's field chooses from.
#[derive(Debug, Default)]
pub(super) struct Catalog(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    name: String,
    uuid: Uuid,
}

impl Catalog {
    fn of<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        Self(names.into_iter().map(|name| Entry { name: name.into(), uuid: Uuid::new_v4() }).collect())
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|entry| entry.name == name)
    }

    pub(super) fn first(&self) -> Option<&str> {
        self.0.first().map(|entry| &*entry.name)
    }

    pub(super) fn all(&self) -> Vec<Value> {
        (1..).zip(&self.0).map(|(id, entry)| entry.told(id)).collect()
    }

    pub(super) fn told(&self, name: &str) -> Value {
        let found = (1..).zip(&self.0).find(|(_, entry)| entry.name == name);
        found.map_or(Value::Null, |(id, entry)| entry.told(id))
    }
}

impl Entry {
    fn told(&self, id: u32) -> Value {
        json!({"id": id, "uuid": self.uuid.to_string(), "name": self.name})
    }
}

/// Settings, all of them.
#[derive(Debug)]
pub(super) struct Settings {
    token: String,
    /// What a wrong token is answered with.
    unauthorized: u16,
    pub(super) companies: Catalog,
    levels: Catalog,
    categories: Catalog,
    pub(super) statuses: Catalog,
    types: Catalog,
    pub(super) closed_status: String,
    /// Tags of the fields that were added.
    pub(super) fields: BTreeSet<String>,
    /// What a new incident must have.
    pub(super) required: BTreeSet<String>,
    /// The tag that holds the id of an alert.
    pub(super) alert_id_field: String,
    pub(super) connector: Option<Connector>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            token: "r-vision-token".to_owned(),
            unauthorized: 401,
            companies: Catalog::of(["Main"]),
            levels: Catalog::of(["Низкий", "Средний", "Высокий", "Критический"]),
            categories: Catalog::of(["Инцидент KUMA"]),
            statuses: Catalog::of(["Открыт", "В работе", "Закрыт"]),
            types: Catalog::of(["Инцидент ИБ"]),
            closed_status: "Закрыт".to_owned(),
            fields: ["ALERT_ID", "ALERT_URL"].map(ToOwned::to_owned).into(),
            required: ["company", "level", "category"].map(ToOwned::to_owned).into(),
            alert_id_field: "ALERT_ID".to_owned(),
            connector: None,
        }
    }
}

/// The REST connector of the playbook.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    pub(super) url: String,
    pub(super) token: String,
    pub(super) reason: String,
    pub(super) attempts: u32,
    pub(super) pause: Duration,
    pub(super) client: reqwest::Client,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SettingsChange {
    token: Option<String>,
    unauthorized: Option<u16>,
    companies: Option<Vec<String>>,
    levels: Option<Vec<String>>,
    categories: Option<Vec<String>>,
    statuses: Option<Vec<String>>,
    types: Option<Vec<String>>,
    closed_status: Option<String>,
    fields: Option<BTreeSet<String>>,
    required: Option<BTreeSet<String>>,
    #[serde(rename = "alertIDField")]
    alert_id_field: Option<String>,
    #[serde(default)]
    connector: Setting<ConnectorSettings>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ConnectorSettings {
    url: String,
    token: String,
    ca: String,
    reason: Option<String>,
    attempts: Option<u32>,
    pause_ms: Option<u64>,
}

impl Settings {
    /// Takes a change, or nothing of it.
    pub(super) fn change(&mut self, change: SettingsChange) -> std::result::Result<(), String> {
        let fields = change.fields.as_ref().unwrap_or(&self.fields);
        if let Some(taken) = fields.iter().find(|tag| incident::is_system(tag) || *tag == "token") {
            return Err(format!("`{taken}` is a field already"));
        }
        let connector = match change.connector {
            Setting::Given(settings) => Setting::Given(settings.checked()?),
            Setting::Gone => Setting::Gone,
            Setting::Unsaid => Setting::Unsaid,
        };
        let statuses = change.statuses.map(Catalog::of);
        let closed = change.closed_status.unwrap_or_else(|| self.closed_status.clone());
        if !statuses.as_ref().unwrap_or(&self.statuses).has(&closed) {
            return Err(format!("`{closed}` is no status"));
        }
        // Nothing is refused from here on.
        self.statuses = statuses.unwrap_or_else(|| std::mem::take(&mut self.statuses));
        self.closed_status = closed;
        for (list, names) in [
            (&mut self.companies, change.companies),
            (&mut self.levels, change.levels),
            (&mut self.categories, change.categories),
            (&mut self.types, change.types),
        ] {
            *list = names.map_or_else(|| std::mem::take(list), Catalog::of);
        }
        self.token = change.token.unwrap_or_else(|| std::mem::take(&mut self.token));
        self.unauthorized = change.unauthorized.unwrap_or(self.unauthorized);
        self.fields = change.fields.unwrap_or_else(|| std::mem::take(&mut self.fields));
        self.required = change.required.unwrap_or_else(|| std::mem::take(&mut self.required));
        self.alert_id_field =
            change.alert_id_field.unwrap_or_else(|| std::mem::take(&mut self.alert_id_field));
        connector.replace(&mut self.connector);
        Ok(())
    }

    /// Checks the token, wherever it is.
    pub(super) fn admit(&self, call: &Call) -> Result<()> {
        let inside = match &call.content {
            Ok(Content::Json(body)) => body.get("token").and_then(Value::as_str),
            Ok(Content::Form(form)) => {
                form.fields.iter().find(|(name, _)| name == "token").map(|(_, value)| &**value)
            }
            _ => None,
        };
        match call.header("x-token").or(inside) {
            Some(token) if token == self.token => Ok(()),
            Some(_) => Err(Error(self.unauthorized, "wrong token".to_owned())),
            None => Err(Error(self.unauthorized, "no token".to_owned())),
        }
    }

    /// The list that a field chooses from.
    pub(super) fn catalog(&self, tag: &str) -> Option<&Catalog> {
        match tag {
            "company" => Some(&self.companies),
            "level" => Some(&self.levels),
            "category" => Some(&self.categories),
            "status" => Some(&self.statuses),
            "type" => Some(&self.types),
            _ => None,
        }
    }

    /// Checks what is written into a field.
    pub(super) fn check(&self, tag: &str, value: &str) -> Result<()> {
        if !incident::is_writable(tag) && !self.fields.contains(tag) {
            return bad(format!("unknown field `{tag}`"));
        }
        if let Some(catalog) = self.catalog(tag)
            && !catalog.has(value)
        {
            return bad(format!("`{tag}` has no value `{value}`"));
        }
        if incident::is_date(tag) && !incident::good_date(value) {
            return bad(format!("`{tag}` is no date like 2024-05-06T07:08:09.000Z"));
        }
        Ok(())
    }
}

impl ConnectorSettings {
    fn checked(self) -> std::result::Result<Connector, String> {
        Ok(Connector {
            client: outgoing::client(&self.ca, Duration::from_secs(30))?,
            url: self.url,
            token: self.token,
            // With the capitals and the stray space of the documented template.
            reason: self.reason.unwrap_or_else(|| "Incorrect Data ".to_owned()),
            attempts: self.attempts.unwrap_or(10).max(1),
            pause: Duration::from_millis(self.pause_ms.unwrap_or(200)),
        })
    }
}
