//! What all connections of one kind and one tenant share.
//!
//! | field | rule | when it is left out |
//! |---|---|---|
//! | `tenantID` | id of a tenant; stays as it is | a fault, when the settings are made |
//! | `disabled` | yes or no | no |
//! | `refreshIntervalHours` | whole hours, 1 to 720 | that of the kind: 12 for LDAP |
//! | `storageDays` | whole days, 1 to 3650 | that of the kind: 90 for LDAP |
//!
//! KUMA documents the fields and their defaults ("Changing the data update frequency", "Changing the
//! data storage period", "Enabling and disabling LDAP integration"), but no limits: these are ours. An
//! hour keeps a mistyped zero from asking a controller without end; a month is the longest time that
//! anybody would call fresh; ten years are longer than alerts are kept, which the storage time is
//! measured by.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::ImportKind;
use crate::{
    TenantId, Timestamp,
    form::{Faults, Form, flag, parsed, whole},
};

/// Shortest and longest time between two runs, in hours.
pub const INTERVAL_HOURS: RangeInclusive<u16> = 1..=720;
/// Shortest and longest time that something is kept after it was received for the last time, in days.
pub const STORAGE_DAYS: RangeInclusive<u16> = 1..=3_650;

/// The settings of one kind of import in one tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// The tenant that gets what is imported.
    #[serde(rename = "tenantID")]
    pub tenant: TenantId,
    /// No connection of the tenant runs by itself while this is set.
    pub disabled: bool,
    /// Hours between two runs.
    pub refresh_interval_hours: u16,
    /// Days that something is kept after the last run that saw it.
    pub storage_days: u16,
    /// When they were made.
    pub created: Timestamp,
    /// When they were last changed.
    pub updated: Timestamp,
}

impl Settings {
    /// Those of a tenant that nobody has changed.
    #[must_use]
    pub const fn new(tenant: TenantId, kind: ImportKind, now: Timestamp) -> Self {
        Self {
            tenant,
            disabled: false,
            refresh_interval_hours: kind.default_interval_hours(),
            storage_days: kind.default_storage_days(),
            created: now,
            updated: now,
        }
    }

    /// Reads a form at a moment; it replaces `known` as a whole, except for the tenant and the time of
    /// its making. `None` only when there are faults.
    #[must_use]
    pub fn read(
        mut form: Form,
        kind: ImportKind,
        known: Option<&Self>,
        now: Timestamp,
        faults: &mut Faults,
    ) -> Option<Self> {
        let tenant = match known {
            None => form.required(faults, "tenantID", parsed::<TenantId>),
            Some(known) => {
                form.optional(faults, "tenantID", |value| match parsed::<TenantId>(value)? {
                    tenant if tenant == known.tenant => Ok(()),
                    _ => Err("can not be changed".to_owned()),
                });
                Some(known.tenant.clone())
            }
        };
        let disabled = form.optional(faults, "disabled", flag);
        let interval = form.optional(faults, "refreshIntervalHours", whole(INTERVAL_HOURS));
        let storage = form.optional(faults, "storageDays", whole(STORAGE_DAYS));
        form.finish(faults);
        if !faults.is_empty() {
            return None;
        }
        let plain = Self::new(tenant?, kind, now);
        Some(Self {
            disabled: disabled.unwrap_or(plain.disabled),
            refresh_interval_hours: interval.unwrap_or(plain.refresh_interval_hours),
            storage_days: storage.unwrap_or(plain.storage_days),
            created: known.map_or(now, |known| known.created),
            ..plain
        })
    }
}

#[cfg(test)]
mod tests;
