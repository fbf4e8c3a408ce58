//! Targets: the outside systems that a tenant's alerts, or what becomes of them, are sent to.

use serde::{Deserialize, Serialize};

use crate::{Name, SecretId, TargetId, TenantId, Timestamp, TokenId, vault::Kind};

mod address;
mod draft;

pub(crate) use address::{base_address, proxy_address};
pub use draft::{Draft, References};

/// Word for an R-Vision IRP / SOAR.
pub const RVISION: &str = "r-vision";
/// Word for a KUMA Core.
pub const KUMA_CORE: &str = "kuma-core";

/// A target of one tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// Its id.
    pub id: TargetId,
    /// The tenant whose alerts it is about.
    #[serde(rename = "tenantID")]
    pub tenant: TenantId,
    /// Its name.
    pub name: Name,
    /// Nothing is sent to a disabled target, and nothing is taken from it.
    pub disabled: bool,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// What depends on its kind.
    #[serde(flatten)]
    pub settings: Settings,
}

/// The settings of a target, by kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum Settings {
    /// An R-Vision IRP / SOAR.
    #[serde(rename = "r-vision")]
    RVision(Box<RVision>),
    /// A KUMA Core.
    #[serde(rename = "kuma-core")]
    KumaCore(Box<KumaCore>),
}

/// How an outside system is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// Its base address: `https://host[:port]`, without path and query.
    pub url: String,
    /// A secret of type token.
    #[serde(rename = "secretID")]
    pub secret: SecretId,
    /// A secret of type certificate that is trusted beside the public authorities.
    #[serde(rename = "certificateSecretID", default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<SecretId>,
    /// An HTTP proxy: `http://host:port`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// Longest time for one request, in seconds.
    pub timeout_seconds: u16,
    /// Most requests per second, over all copies of the functions.
    pub requests_per_second: u16,
}

/// Settings of an R-Vision target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in the settings")]
pub struct RVision {
    /// How it is reached.
    #[serde(flatten)]
    pub connection: Connection,
    /// Tag of the incident field that holds the alert's id.
    #[serde(rename = "alertIDField")]
    pub alert_id_field: String,
    /// Tag of the incident field that holds the link to the alert.
    #[serde(rename = "alertURLField")]
    pub alert_url_field: String,
    /// Category of the incidents.
    pub category: String,
    /// Event fields to send.
    pub event_fields: Vec<String>,
    /// R-Vision's level for each priority.
    pub severity: SeverityMap,
    /// Name of the status that a closed incident has.
    pub closed_status: String,
    /// Short name of the company; the tenant's name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// Base address of KUMA's web console, for the link to an alert that brought none.
    #[serde(rename = "consoleURL", default, skip_serializing_if = "Option::is_none")]
    pub console_url: Option<String>,
    /// Tags of the incident fields for what the vendor's mapping table has no field for.
    pub fields: ExtraFields,
    /// Whether new alerts become incidents.
    pub send_alerts: bool,
    /// Whether changes of an alert are sent.
    pub send_changes: bool,
    /// Whether closing an alert closes the incident.
    pub send_close: bool,
    /// Whether its connector may close alerts here.
    pub accept_close: bool,
    /// The token its connector calls us with: what this token closes is not sent back.
    #[serde(rename = "callerTokenID", default, skip_serializing_if = "Option::is_none")]
    pub caller_token: Option<TokenId>,
}

/// R-Vision's name for each of KUMA's priorities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeverityMap {
    /// For `low`.
    pub low: String,
    /// For `medium`.
    pub medium: String,
    /// For `high`.
    pub high: String,
    /// For `critical`.
    pub critical: String,
}

/// Tags of further incident fields. An absent one is not sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExtraFields {
    /// The alert's name.
    pub name: Option<String>,
    /// The alert's status.
    pub status: Option<String>,
    /// Time of the last event.
    pub last_seen: Option<String>,
    /// Who works on it.
    pub assignee: Option<String>,
    /// Affected assets.
    pub assets: Option<String>,
    /// Affected accounts.
    pub users: Option<String>,
    /// What happened to the alert.
    pub change_log: Option<String>,
}

/// Settings of a KUMA Core target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KumaCore {
    /// How it is reached; port 7223 as a rule.
    #[serde(flatten)]
    pub connection: Connection,
    /// Id of the tenant there; alerts of a tenant of the same id or name are taken when absent.
    #[serde(rename = "kumaTenantID", default, skip_serializing_if = "Option::is_none")]
    pub kuma_tenant: Option<String>,
    /// Name of the form field in which its IRP push sends the alert's id.
    #[serde(rename = "alertIDField")]
    pub alert_id_field: String,
    /// Name of the form field in which its IRP push sends the link to the alert.
    #[serde(rename = "alertURLField")]
    pub alert_url_field: String,
    /// Whether its IRP push is taken.
    pub accept_push: bool,
    /// Whether it is asked for alerts that no push brought.
    pub pull: bool,
    /// How often, in seconds.
    pub pull_interval_seconds: u32,
    /// Whether what an IRP closes here is closed there.
    pub send_close: bool,
}

impl Settings {
    /// The word for the kind.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::RVision(_) => RVISION,
            Self::KumaCore(_) => KUMA_CORE,
        }
    }
}

impl Target {
    /// How it is reached.
    #[must_use]
    pub const fn connection(&self) -> &Connection {
        match &self.settings {
            Settings::RVision(settings) => &settings.connection,
            Settings::KumaCore(settings) => &settings.connection,
        }
    }

    /// How it is reached, to be changed.
    pub const fn connection_mut(&mut self) -> &mut Connection {
        match &mut self.settings {
            Settings::RVision(settings) => &mut settings.connection,
            Settings::KumaCore(settings) => &mut settings.connection,
        }
    }

    /// The secrets it needs.
    #[must_use]
    pub fn secrets(&self) -> Vec<SecretUse<'_>> {
        let connection = self.connection();
        let token = SecretUse { field: "secretID", id: &connection.secret, kind: Kind::Token };
        let certificate = connection.certificate.as_ref().map(|id| SecretUse {
            field: "certificateSecretID",
            id,
            kind: Kind::Certificate,
        });
        std::iter::once(token).chain(certificate).collect()
    }
}

/// A secret that a target needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretUse<'a> {
    /// The field that names it.
    pub field: &'static str,
    /// The secret.
    pub id: &'a SecretId,
    /// What it has to hold.
    pub kind: Kind,
}
