//! The one connection of an organisation with NCIRCC: how it is reached, and what every notification
//! says of the organisation.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::dictionary::{Location, Scope};
use crate::{
    SecretId, TenantId, Timestamp,
    vault::{Kind, SecretPlace},
};

mod draft;

pub use draft::{Draft, References, email, inn};

/// The setting that names the token.
pub const TOKEN_FIELD: &str = "tokenSecretID";
/// The setting that names the certificates to trust.
pub const ROOT_CA_FIELD: &str = "rootCASecretID";

/// The connection with NCIRCC. `S` is how it names a secret: by its place where it is kept and used, by
/// its id alone where it is shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings<S = SecretPlace> {
    /// Nothing is sent and nothing is read while it is not.
    pub enabled: bool,
    /// The address of the account's API: `https://host[:port]`, without path and query.
    pub url: String,
    /// The tenant that gets what NCIRCC sends of its own accord.
    #[serde(rename = "tenantID")]
    pub tenant: TenantId,
    /// A secret of type token.
    #[serde(rename = "tokenSecretID")]
    pub token: S,
    /// What the organisation does.
    pub company_scope: Scope,
    /// Its name, as its account has it.
    pub company_name: String,
    /// Where it is.
    pub location: Location,
    /// A secret of type certificate that is trusted beside the public authorities.
    #[serde(rename = "rootCASecretID", default = "none", skip_serializing_if = "Option::is_none")]
    pub root_ca: Option<S>,
    /// An HTTP proxy: `http://host:port`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// Longest time for one request, in seconds.
    pub timeout_seconds: u16,
    /// Its taxpayer number: 10 digits, or 12 of a person in business.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inn: Option<String>,
    /// Its address as a processor of personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_address: Option<String>,
    /// Where it is written to about a leak of personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Most requests per second, over all copies of the functions.
    pub requests_per_second: u16,
    /// The tenants whose incidents may be exported.
    #[serde(rename = "exportTenantIDs")]
    pub export_tenants: Vec<TenantId>,
    /// Whether vulnerabilities may be notified of: NCIRCC has not taken them since November 2024.
    pub allow_vulnerability_notifications: bool,
    /// When the connection was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

/// An absent secret: what derives the default must not ask for one of `S`.
const fn none<S>() -> Option<S> {
    None
}

impl<S> Settings<S> {
    /// The same with its secrets named otherwise; the order is the token, then the certificates.
    ///
    /// # Errors
    ///
    /// The first that `name` gives.
    pub fn rename<T, E>(self, mut name: impl FnMut(S) -> Result<T, E>) -> Result<Settings<T>, E> {
        Ok(Settings {
            enabled: self.enabled,
            url: self.url,
            tenant: self.tenant,
            token: name(self.token)?,
            company_scope: self.company_scope,
            company_name: self.company_name,
            location: self.location,
            root_ca: self.root_ca.map(name).transpose()?,
            proxy: self.proxy,
            timeout_seconds: self.timeout_seconds,
            inn: self.inn,
            operator_address: self.operator_address,
            email: self.email,
            requests_per_second: self.requests_per_second,
            export_tenants: self.export_tenants,
            allow_vulnerability_notifications: self.allow_vulnerability_notifications,
            created: self.created,
            updated: self.updated,
        })
    }

    /// Host, and port if it is not the usual one.
    #[must_use]
    pub fn host(&self) -> &str {
        self.url.trim_start_matches("https://")
    }

    /// Whether incidents of this tenant may be exported.
    #[must_use]
    pub fn exports(&self, tenant: &TenantId) -> bool {
        self.export_tenants.contains(tenant)
    }

    /// What may be wrong, though nobody here can tell.
    #[must_use]
    pub fn warnings(&self) -> Vec<&'static str> {
        let unknown = "location is no region of ISO 3166-2: check it against the list in your account";
        (!self.location.known()).then_some(unknown).into_iter().collect()
    }
}

impl Settings {
    /// The same as the API shows it: of a secret its id.
    #[must_use]
    pub fn shown(&self) -> Settings<SecretId> {
        let Ok(shown) = self.clone().rename(|place| Ok::<_, std::convert::Infallible>(place.id));
        shown
    }

    /// The secrets it needs, and what each has to hold.
    pub fn secrets(&self) -> impl Iterator<Item = (&SecretPlace, Kind)> {
        let certificate = self.root_ca.iter().map(|place| (place, Kind::Certificate));
        std::iter::once((&self.token, Kind::Token)).chain(certificate)
    }
}

impl<S> fmt::Debug for Settings<S> {
    /// Without what may be personal: address, taxpayer number, e-mail.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("enabled", &self.enabled)
            .field("url", &self.url)
            .field("tenant", &self.tenant)
            .field("updated", &self.updated)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
