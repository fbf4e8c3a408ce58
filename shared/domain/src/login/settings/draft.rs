//! What a request wants domain authorization to be: checked as a whole, with every fault named.
//!
//! | field | rule | when it is left out |
//! |---|---|---|
//! | `disabled` | yes or no | no |
//! | `urls` | 1 to 8 times `host:port`, separated by commas; no IP address with TLS | a fault |
//! | `tlsMode` | `startTLS`, `ssl` or `insecure` | a fault |
//! | `certificateSecretID` | id of a secret of type certificate of the main tenant; only and always with TLS | nothing |
//! | `timeoutSeconds` | 1 to 100 seconds for each controller | 30 |
//! | `baseDN` | a distinguished name | a fault |
//! | `generalAdministratorsGroup` | a distinguished name, or empty | nobody |
//! | `roleGroups` | at most 500 times `tenantID` and one or more of `operator`, `analyst`, `tenantAdministrator`: distinguished names, or empty; at most 120,000 bytes of names | nobody |
//!
//! KUMA documents the fields ("Configuring a connection to the domain controller", "Adding groups of user
//! roles") and that domain authorization is enabled by default. The limits are ours.

use serde_json::Value;

use super::{RoleGroups, Settings};
use crate::{
    SecretId, TenantId, Timestamp,
    form::{Faults, Form, flag, parsed},
    ldap::{
        connection::{CERTIFICATE, Reach},
        dn::Dn,
    },
    tenant::Tenant,
    vault::{Entry, Kind, SecretPlace},
};

/// Most entries of groups.
const ENTRIES_LIMIT: usize = 500;
/// Most bytes of the names of groups: the settings are one item of the store, of 400 KB at most.
const GROUPS_SIZE_LIMIT: usize = 120_000;

/// What a request wants the settings to be. The secret is named, but nobody has looked yet where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft(Settings<SecretId>);

/// What a draft names and only the store knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// The tenants of the groups: the entry that names one, and its id.
    pub tenants: Vec<(usize, TenantId)>,
    /// The certificate.
    pub certificate: Option<SecretId>,
}

impl Draft {
    /// Reads a form at a moment. `None` only when there are faults; what could be read is among the
    /// references all the same.
    #[must_use]
    pub fn read(mut form: Form, now: Timestamp, faults: &mut Faults) -> (Option<Self>, References) {
        let disabled = form.optional(faults, "disabled", flag);
        let reach = Reach::read(&mut form, "tlsMode", faults);
        let general = form.optional(faults, "generalAdministratorsGroup", group).flatten();
        let entries = form.forms(faults, "roleGroups", 0..=ENTRIES_LIMIT).unwrap_or_default();
        form.finish(faults);

        let mut references = References { tenants: Vec::new(), certificate: reach.certificate.clone() };
        let mut role_groups = Vec::with_capacity(entries.len());
        for (index, entry) in entries.into_iter().enumerate() {
            let (tenant, groups) = role_group(entry, index, faults);
            references.tenants.extend(tenant.map(|tenant| (index, tenant)));
            role_groups.extend(groups);
        }
        let size: usize =
            role_groups.iter().flat_map(RoleGroups::iter).map(|(_, group)| group.as_str().len()).sum();
        if size > GROUPS_SIZE_LIMIT {
            faults.add("roleGroups", format!("must be groups of at most {GROUPS_SIZE_LIMIT} bytes in all"));
        }
        let settings = || {
            Some(Settings {
                disabled: disabled.unwrap_or(false),
                urls: reach.urls?,
                tls_mode: reach.mode?,
                certificate: reach.certificate,
                timeout_seconds: reach.timeout_seconds,
                base_dn: reach.base_dn?,
                general_administrators_group: general,
                role_groups,
                created: now,
                updated: now,
            })
        };
        let draft = if faults.is_empty() { settings().map(Self) } else { None };
        (draft, references)
    }

    /// The settings that this makes, of which the first were made at `created`. `None` when the secret is
    /// not among `known`, of which [`References::check`] tells why.
    #[must_use]
    pub fn into_settings(self, created: Option<Timestamp>, known: &[Entry]) -> Option<Settings> {
        let place = |id: SecretId| {
            let entry = known.iter().find(|entry| entry.id == id).ok_or(())?;
            Ok::<_, ()>(SecretPlace { tenant: entry.tenant.clone(), id })
        };
        let settings = self.0.rename(place).ok()?;
        Some(Settings { created: created.unwrap_or(settings.created), ..settings })
    }
}

impl References {
    /// Holds what is named against what there is: `tenants` and `secrets` are those found, the owners of
    /// the secrets among the tenants.
    pub fn check(&self, tenants: &[Tenant], secrets: &[Entry], faults: &mut Faults) {
        let known = |id: &TenantId| tenants.iter().find(|tenant| tenant.id == *id);
        for (index, _) in self.tenants.iter().filter(|(_, id)| known(id).is_none()) {
            faults.add(format!("roleGroups.{index}.tenantID"), "tenant not found");
        }
        let Some(id) = &self.certificate else { return };
        // What belongs to one tenant is not for the login of all.
        let usable = |secret: &&Entry| known(&secret.tenant).is_some_and(|tenant| tenant.main);
        match secrets.iter().find(|secret| secret.id == *id).filter(usable) {
            Some(secret) if secret.kind != Kind::Certificate => {
                faults.add(CERTIFICATE, format!("must be a secret of type {}", Kind::Certificate.as_str()));
            }
            Some(_) => {}
            None => faults.add(CERTIFICATE, "the main tenant has no such secret"),
        }
    }
}

fn role_group(mut form: Form, index: usize, faults: &mut Faults) -> (Option<TenantId>, Option<RoleGroups>) {
    let tenant = form.required(faults, "tenantID", parsed::<TenantId>);
    let mut unreadable = false;
    let mut read = |name| {
        let group = form.optional(faults, name, |value| group(value).inspect_err(|_| unreadable = true));
        group.flatten()
    };
    let operator = read("operator");
    let analyst = read("analyst");
    let tenant_administrator = read("tenantAdministrator");
    form.finish(faults);
    let nobody = operator.is_none() && analyst.is_none() && tenant_administrator.is_none();
    if nobody && !unreadable {
        let message = "must name a group for operator, analyst or tenantAdministrator";
        faults.add(format!("roleGroups.{index}"), message);
    }
    let groups = |tenant| RoleGroups { tenant, operator, analyst, tenant_administrator };
    (tenant.clone(), tenant.filter(|_| !nobody).map(groups))
}

/// The name of a group; a field that was left empty names none.
fn group(value: Value) -> Result<Option<Dn>, String> {
    if value.as_str().is_some_and(|text| text.trim().is_empty()) {
        return Ok(None);
    }
    Dn::read(value).map(Some)
}
