//! A connection to the controllers of one domain.

use serde::{Deserialize, Serialize};

use super::{address::Servers, attributes::Attributes, dn::Dn, filter::Filter};
use crate::{ConnectionId, Name, SecretId, TenantId, Timestamp, target::SecretUse, vault::Kind};

mod draft;

pub(crate) use draft::{CERTIFICATE, Reach};
pub use draft::{Draft, References};

/// How a controller is spoken to. KUMA documents, "Creating an LDAP server connection".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TlsMode {
    /// In the clear at first, usually on port 389; TLS before anything else is said, or nothing is.
    #[serde(rename = "startTLS")]
    StartTls,
    /// TLS from the beginning, usually on port 636.
    #[serde(rename = "ssl")]
    Ssl,
    /// In the clear, password and all.
    #[serde(rename = "insecure")]
    Insecure,
}

/// The word is that of no mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be startTLS, ssl or insecure")]
pub struct UnknownMode;

impl TlsMode {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::StartTls, Self::Ssl, Self::Insecure];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StartTls => "startTLS",
            Self::Ssl => "ssl",
            Self::Insecure => "insecure",
        }
    }

    /// Whether what goes over the wire can be read by nobody else.
    #[must_use]
    pub const fn is_encrypted(self) -> bool {
        !matches!(self, Self::Insecure)
    }

    /// What somebody who chose this should know.
    #[must_use]
    pub const fn warning(self) -> Option<&'static str> {
        match self {
            Self::StartTls | Self::Ssl => None,
            Self::Insecure => {
                Some("insecure: passwords and accounts can be read by anybody on the way to the controller")
            }
        }
    }
}

impl std::str::FromStr for TlsMode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, UnknownMode> {
        Self::ALL.iter().copied().find(|mode| mode.as_str() == text).ok_or(UnknownMode)
    }
}

/// A connection of one tenant. Stored and shown as JSON; its Debug names no search base, filter or host.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// The tenant that gets the accounts.
    #[serde(rename = "tenantID")]
    pub tenant: TenantId,
    /// Its name, unique in the tenant whatever the case.
    pub name: Name,
    /// The controllers, in the order in which they are tried.
    pub urls: Servers,
    /// How they are spoken to.
    #[serde(rename = "type")]
    pub mode: TlsMode,
    /// A secret of type certificate: the authority that signed theirs. There exactly when TLS is used.
    #[serde(rename = "certificateSecretID", default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<SecretId>,
    /// A secret of type credentials.
    #[serde(rename = "credentialsSecretID")]
    pub credentials: SecretId,
    /// Longest time to wait for an answer of one controller, in seconds; then comes the next.
    pub timeout_seconds: u16,
    /// Where the search begins.
    #[serde(rename = "baseDN")]
    pub base_dn: Dn,
    /// What is asked for of each account.
    pub attributes: Attributes,
    /// Which entries are accounts.
    pub filter: Filter,
    /// It does not run while this is set.
    pub disabled: bool,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("id", &self.id)
            .field("tenant", &self.tenant)
            .field("mode", &self.mode)
            .field("disabled", &self.disabled)
            .field("updated", &self.updated)
            .finish_non_exhaustive()
    }
}

/// A connection that keeps another one of its tenant from being enabled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    /// Its id.
    pub connection: ConnectionId,
    /// Its name.
    pub name: Name,
    /// The controller that both name.
    pub host: String,
}

impl Clash {
    /// What whoever saves the connection is told, after the name of the field `disabled`.
    #[must_use]
    pub fn message(&self) -> String {
        let Self { name, host, .. } = self;
        format!(
            "must be true: connection \"{name}\", which is enabled, has the controller {host} too \
             (the port does not count); disable it first, or name another controller"
        )
    }
}

impl Connection {
    /// The secrets it needs.
    #[must_use]
    pub fn secrets(&self) -> Vec<SecretUse<'_>> {
        let credentials =
            SecretUse { field: "credentialsSecretID", id: &self.credentials, kind: Kind::Credentials };
        let certificate =
            self.certificate.as_ref().map(|id| SecretUse { field: CERTIFICATE, id, kind: Kind::Certificate });
        std::iter::once(credentials).chain(certificate).collect()
    }

    /// Whether a run would bring other things than one of `before`, or bring them otherwise. A new name
    /// is no reason to run.
    #[must_use]
    pub fn runs_otherwise(&self, before: &Self) -> bool {
        let same = Self { name: before.name.clone(), updated: before.updated, ..self.clone() };
        same != *before
    }

    /// The enabled connection among `others` that is in the way of this one, if it were enabled: KUMA lets
    /// only one connection of a tenant be enabled that names a certain controller, and does not look at
    /// the port ("Creating an LDAP server connection"). Others of another tenant do not count.
    #[must_use]
    pub fn clash<'a>(&self, others: impl IntoIterator<Item = &'a Self>) -> Option<Clash> {
        let rivals = others
            .into_iter()
            .filter(|other| other.id != self.id && other.tenant == self.tenant && !other.disabled);
        rivals.into_iter().find_map(|other| {
            let host = self.urls.shared_host(&other.urls)?.to_string();
            Some(Clash { connection: other.id.clone(), name: other.name.clone(), host })
        })
    }

    /// Whether another one of its tenant has its name, whatever the case.
    #[must_use]
    pub fn name_is_taken<'a>(&self, others: impl IntoIterator<Item = &'a Self>) -> bool {
        let name = self.name.folded();
        others
            .into_iter()
            .any(|other| other.id != self.id && other.tenant == self.tenant && other.name.folded() == name)
    }

    /// A copy under a name that no one of `others` has: `<name> copy`, `<name> copy 2` and so on, the
    /// name cut where it would be too long. It is disabled: it names the controllers of the original, and
    /// only one may be enabled.
    #[must_use]
    pub fn duplicate<'a>(
        &self,
        id: ConnectionId,
        others: impl IntoIterator<Item = &'a Self>,
        now: Timestamp,
    ) -> Self {
        let rivals = others.into_iter().filter(|other| other.tenant == self.tenant);
        let taken: Vec<String> = rivals.map(|other| other.name.folded()).collect();
        let names = (1_u32..).filter_map(|number| {
            let suffix = if number == 1 { " copy".to_owned() } else { format!(" copy {number}") };
            let room = Name::LIMIT.saturating_sub(suffix.chars().count());
            let start: String = self.name.to_string().chars().take(room).collect();
            format!("{}{suffix}", start.trim_end()).parse::<Name>().ok()
        });
        let free = names.into_iter().find(|name| !taken.contains(&name.folded()));
        let name = free.unwrap_or_else(|| self.name.clone());
        Self { id, name, disabled: true, created: now, updated: now, ..self.clone() }
    }
}

#[cfg(test)]
mod tests;
