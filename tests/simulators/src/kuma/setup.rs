//! What KUMA Core was set up with.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use serde::Deserialize;
use serde_json::{Value, json};

use super::KumaCore;
use crate::{
    host::{Refusal, locked},
    outgoing::{self, told},
    settings::Setting,
};

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Tenant {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) disabled: bool,
    #[serde(default)]
    pub(super) main: bool,
    /// Whether the token's user has a role there.
    #[serde(default = "yes")]
    pub(super) access: bool,
}

fn yes() -> bool {
    true
}

/// Settings, all of them.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) token: String,
    pub(super) tenants: Vec<Tenant>,
    /// Further closes that meet a correlator that does not run.
    pub(super) correlator_down: u64,
    /// Whether what a flag did not ask for is null instead of absent.
    pub(super) absent_is_null: bool,
    pub(super) irp: Option<Arc<Irp>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            token: "kuma-token".to_owned(),
            tenants: Vec::new(),
            correlator_down: 0,
            absent_is_null: false,
            irp: None,
        }
    }
}

/// The page "IRP / SOAR".
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct IrpSettings {
    /// Without a path.
    pub(super) url: String,
    pub(super) token: String,
    /// PEM text, or the path of a PEM file.
    ca: String,
    #[serde(rename = "alertIDField", default = "alert_id")]
    pub(super) alert_id_field: String,
    #[serde(rename = "alertURLField", default = "alert_url")]
    pub(super) alert_url_field: String,
    #[serde(default = "category")]
    pub(super) category: String,
    /// Fields of events that are sent; without them all are.
    pub(super) event_fields: Option<BTreeSet<String>>,
    #[serde(default = "severity")]
    pub(super) severity: BTreeMap<String, String>,
    /// Ids of the tenants whose alerts are pushed; without it all.
    pub(super) tenants: Option<BTreeSet<String>>,
    #[serde(default)]
    pub(super) form: FormKind,
    /// How often one push is tried, at least.
    #[serde(default = "one")]
    pub(super) attempts: u32,
    #[serde(default = "pause")]
    pub(super) pause_ms: u64,
    /// Whether an alert closed over the API is pushed like any other change.
    #[serde(default = "yes")]
    pub(super) push_closed: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum FormKind {
    #[default]
    Multipart,
    /// Without the file of events.
    Urlencoded,
}

fn alert_id() -> String {
    "alert_id".to_owned()
}
fn alert_url() -> String {
    "kuma_url".to_owned()
}
fn category() -> String {
    "KUMA".to_owned()
}
fn severity() -> BTreeMap<String, String> {
    [("low", "Низкий"), ("medium", "Средний"), ("high", "Высокий"), ("critical", "Критический")]
        .map(|(priority, level)| (priority.to_owned(), level.to_owned()))
        .into()
}
fn one() -> u32 {
    1
}
fn pause() -> u64 {
    200
}

/// The same with its client.
#[derive(Debug)]
pub(super) struct Irp {
    pub(super) settings: IrpSettings,
    pub(super) client: reqwest::Client,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SettingsChange {
    token: Option<String>,
    tenants: Option<Vec<Tenant>>,
    correlator_down: Option<u64>,
    absent_is_null: Option<bool>,
    #[serde(default)]
    irp: Setting<IrpSettings>,
}

impl KumaCore {
    /// Takes a change. An IRP is asked about its token first, and nothing is taken when it objects.
    pub(super) async fn configure(&self, change: SettingsChange) -> Result<Value, Refusal> {
        let mut probe = Value::Null;
        let irp = match change.irp {
            Setting::Given(settings) => {
                let client = outgoing::client(&settings.ca, Duration::from_mins(1))?;
                let irp = Irp { settings, client };
                probe = irp.probe().await;
                if probe.get("success") != Some(&Value::Bool(true)) {
                    let body = json!({"error": "the IRP does not know the token", "probe": probe});
                    return Err(Refusal { status: 422, body });
                }
                Setting::Given(Arc::new(irp))
            }
            Setting::Gone => Setting::Gone,
            Setting::Unsaid => Setting::Unsaid,
        };
        let settings = &mut locked(&self.state).settings;
        settings.token = change.token.unwrap_or_else(|| std::mem::take(&mut settings.token));
        settings.tenants = change.tenants.unwrap_or_else(|| std::mem::take(&mut settings.tenants));
        settings.correlator_down = change.correlator_down.unwrap_or(settings.correlator_down);
        settings.absent_is_null = change.absent_is_null.unwrap_or(settings.absent_is_null);
        irp.replace(&mut settings.irp);
        Ok(json!({ "probe": probe }))
    }
}

impl Irp {
    async fn probe(&self) -> Value {
        let url = format!("{}/api/v2/tokens/get_info_by_token", self.settings.url);
        match self.client.get(url).header("X-Token", &self.settings.token).send().await {
            Ok(answer) => {
                let status = answer.status().as_u16();
                let body: Value = answer.json().await.unwrap_or_default();
                let success = status == 200 && body.get("success") == Some(&Value::Bool(true));
                json!({"status": status, "success": success, "body": body})
            }
            Err(error) => json!({"status": null, "success": false, "error": told(&error)}),
        }
    }
}
