//! The one domain whose users may log in, and which of its groups stand for which roles.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};

use crate::{
    SecretId, TenantId, Timestamp,
    access::Role,
    ldap::{address::Servers, connection::TlsMode, dn::Dn},
    vault::{Kind, SecretPlace},
};

mod draft;

pub use draft::{Draft, References};

/// The groups that stand for roles in a tenant, one for each role at most. A tenant with several groups
/// for one role stands in several of these. KUMA documents, "Adding groups of user roles".
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleGroups {
    /// The tenant.
    #[serde(rename = "tenantID")]
    pub tenant: TenantId,
    /// Whose members are operators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<Dn>,
    /// Whose members are analysts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analyst: Option<Dn>,
    /// Whose members are tenant administrators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_administrator: Option<Dn>,
}

impl fmt::Debug for RoleGroups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoleGroups").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

impl RoleGroups {
    /// Each group that is named, with its role; the least privileges first.
    pub fn iter(&self) -> impl Iterator<Item = (Role, &Dn)> {
        let Self { operator, analyst, tenant_administrator, .. } = self;
        [
            (Role::Operator, operator),
            (Role::Analyst, analyst),
            (Role::TenantAdministrator, tenant_administrator),
        ]
        .into_iter()
        .filter_map(|(role, group)| Some((role, group.as_ref()?)))
    }
}

/// Settings of domain authorization. `S` is how they name a secret: by its place where they are kept, by
/// its id alone where they are shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings<S = SecretPlace> {
    /// Nobody logs in while this is set; all else stays as it is.
    pub disabled: bool,
    /// The controllers of the domain, in the order in which they are tried.
    pub urls: Servers,
    /// How they are spoken to.
    pub tls_mode: TlsMode,
    /// A secret of type certificate: the authority that signed theirs. There exactly when TLS is used.
    #[serde(rename = "certificateSecretID", default = "none", skip_serializing_if = "Option::is_none")]
    pub certificate: Option<S>,
    /// Longest time to wait for an answer of one controller, in seconds; then comes the next.
    pub timeout_seconds: u16,
    /// Where users and groups are looked for.
    #[serde(rename = "baseDN")]
    pub base_dn: Dn,
    /// The group whose members see every tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub general_administrators_group: Option<Dn>,
    /// The groups that stand for roles in tenants.
    pub role_groups: Vec<RoleGroups>,
    /// When they were made.
    pub created: Timestamp,
    /// When they were last changed.
    pub updated: Timestamp,
}

/// An absent secret: what derives the default must not ask for one of `S`.
const fn none<S>() -> Option<S> {
    None
}

impl<S> Settings<S> {
    /// The same with the secret named otherwise.
    ///
    /// # Errors
    /// The one that `name` gives.
    pub fn rename<T, E>(self, name: impl FnOnce(S) -> Result<T, E>) -> Result<Settings<T>, E> {
        Ok(Settings {
            disabled: self.disabled,
            urls: self.urls,
            tls_mode: self.tls_mode,
            certificate: self.certificate.map(name).transpose()?,
            timeout_seconds: self.timeout_seconds,
            base_dn: self.base_dn,
            general_administrators_group: self.general_administrators_group,
            role_groups: self.role_groups,
            created: self.created,
            updated: self.updated,
        })
    }

    /// Every group that counts, once, as it was first written: whether a user is in it is asked for each.
    #[must_use]
    pub fn groups(&self) -> Vec<&Dn> {
        let all = self.role_groups.iter().flat_map(|entry| entry.iter().map(|(_, group)| group));
        let mut known = BTreeMap::new();
        for group in all.chain(&self.general_administrators_group) {
            known.entry(group.normal()).or_insert(group);
        }
        known.into_values().collect()
    }
}

impl Settings {
    /// The same as the API shows it: of the secret its id.
    #[must_use]
    pub fn shown(&self) -> Settings<SecretId> {
        let Ok(shown) = self.clone().rename(|place| Ok::<_, std::convert::Infallible>(place.id));
        shown
    }

    /// What somebody who chose these settings should know.
    #[must_use]
    pub fn warnings(&self) -> Vec<&'static str> {
        let nobody = self.groups().is_empty();
        let twice = self.role_groups.iter().any(|entry| {
            let mut seen = BTreeSet::new();
            !entry.iter().all(|(_, group)| seen.insert(group.normal()))
        });
        let outside = self.groups().iter().any(|group| !group.is_in(&self.base_dn));
        [
            self.tls_mode.warning(),
            nobody.then_some("no group stands for a role: nobody can log in"),
            twice
                .then_some("a group stands for two roles of one entry: the one with fewer privileges counts"),
            outside.then_some("a group is not below baseDN: it is never found, and nobody gets its role"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The secret that is needed, and what it has to hold.
    pub fn secrets(&self) -> impl Iterator<Item = (&SecretPlace, Kind)> {
        self.certificate.iter().map(|place| (place, Kind::Certificate))
    }
}

impl<S> fmt::Debug for Settings<S> {
    /// Without names of groups.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("disabled", &self.disabled)
            .field("tls_mode", &self.tls_mode)
            .field("role_groups", &self.role_groups.len())
            .field("updated", &self.updated)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
