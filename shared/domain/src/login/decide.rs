//! Who is let in, and with which roles.
//!
//! KUMA documents, "Authorization with domain accounts": groups are looked at in the order operator,
//! analyst, tenant administrator, general administrator, the first match gives the role and nothing
//! further is looked at; of two matches in one tenant the role with the least privileges counts; matches
//! in several tenants give a role in each. "The first match" and "in each" go together only when the
//! order is gone through *in each tenant*: that is how it is read here. The general administrator, who
//! stands above all tenants, comes last: whoever has a role in any tenant is none.

use std::collections::{BTreeMap, BTreeSet};

use super::{Refusal, Settings, settings::RoleGroups};
use crate::{
    TenantId,
    access::{Grants, Role},
    ldap::dn::Dn,
};

/// What the directory knows of somebody who proved to be an account of it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Its e-mail address; absent or empty when there is none.
    pub email: Option<String>,
    /// Distinguished names of its groups, those that it is in through others among them.
    pub groups: Vec<String>,
    /// Whether a local user has that e-mail address.
    pub email_taken: bool,
}

impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Found").field("groups", &self.groups.len()).finish_non_exhaustive()
    }
}

/// What somebody who proved to be an account of the domain may do.
///
/// # Errors
/// The first reason why nobody is let in.
pub fn admit<S>(settings: Option<&Settings<S>>, found: &Found) -> Result<Grants, Refusal> {
    let settings = settings.ok_or(Refusal::NotConfigured)?;
    if settings.disabled {
        return Err(Refusal::Disabled);
    }
    if found.email.as_deref().is_none_or(|email| email.trim().is_empty()) {
        return Err(Refusal::NoEmail);
    }
    if found.email_taken {
        return Err(Refusal::EmailTaken);
    }
    grants(settings, &found.groups)
}

/// The roles that groups give. A group whose name can not be read is none that was configured.
fn grants<S>(settings: &Settings<S>, groups: &[String]) -> Result<Grants, Refusal> {
    let groups: BTreeSet<String> =
        groups.iter().filter_map(|name| Some(name.parse::<Dn>().ok()?.normal().to_owned())).collect();
    let member = |group: &Option<Dn>| group.as_ref().is_some_and(|group| groups.contains(group.normal()));
    let first = |entry: &RoleGroups| {
        let order = [
            (&entry.operator, Role::Operator),
            (&entry.analyst, Role::Analyst),
            (&entry.tenant_administrator, Role::TenantAdministrator),
        ];
        order.into_iter().find(|(group, _)| member(group)).map(|(_, role)| role)
    };
    let mut roles: BTreeMap<TenantId, Role> = BTreeMap::new();
    for entry in &settings.role_groups {
        if let Some(role) = first(entry) {
            // The same tenant may stand in several entries.
            roles.entry(entry.tenant.clone()).and_modify(|known| *known = role.min(*known)).or_insert(role);
        }
    }
    if !roles.is_empty() {
        Ok(Grants::Tenants(roles))
    } else if member(&settings.general_administrators_group) {
        Ok(Grants::Everything)
    } else {
        Err(Refusal::NoGroup)
    }
}

#[cfg(test)]
mod tests;
