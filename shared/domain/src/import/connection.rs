//! A connection of whatever kind, as the schedule and the Task manager see it.

use serde::{Deserialize, Serialize};

use super::{ImportKind, schedule::Schedule, settings::Settings};
use crate::{ConnectionId, Name, TenantId, Timestamp, ldap, target::SecretUse};

/// Most connections of one kind and one tenant: all of them are changed together with their settings.
pub const CONNECTIONS_LIMIT: usize = 50;

/// A connection. Stored and shown as JSON with its `kind`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Connection {
    /// To the controllers of a domain.
    Ldap(ldap::connection::Connection),
}

impl Connection {
    /// What is imported.
    #[must_use]
    pub const fn kind(&self) -> ImportKind {
        match self {
            Self::Ldap(_) => ImportKind::Ldap,
        }
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> &ConnectionId {
        match self {
            Self::Ldap(connection) => &connection.id,
        }
    }

    /// The tenant that gets what is imported.
    #[must_use]
    pub const fn tenant(&self) -> &TenantId {
        match self {
            Self::Ldap(connection) => &connection.tenant,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &Name {
        match self {
            Self::Ldap(connection) => &connection.name,
        }
    }

    /// Whether it does not run.
    #[must_use]
    pub const fn is_disabled(&self) -> bool {
        match self {
            Self::Ldap(connection) => connection.disabled,
        }
    }

    /// When it was made.
    #[must_use]
    pub const fn created(&self) -> Timestamp {
        match self {
            Self::Ldap(connection) => connection.created,
        }
    }

    /// The secrets it needs: they are of its tenant.
    #[must_use]
    pub fn secrets(&self) -> Vec<SecretUse<'_>> {
        match self {
            Self::Ldap(connection) => connection.secrets(),
        }
    }
}

/// A connection and what is kept of its schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The connection.
    pub connection: Connection,
    /// When it ran, and will.
    pub schedule: Schedule,
}

impl Kept {
    /// When it is due next under the settings of its tenant; `None` while one of both is disabled.
    #[must_use]
    pub fn next(&self, settings: &Settings) -> Option<Timestamp> {
        self.schedule.next(settings.refresh_interval_hours, self.is_disabled(settings))
    }

    /// The schedule once the newest slot that has begun by `now` is taken; `None` when it is not due.
    #[must_use]
    pub fn take(&self, settings: &Settings, now: Timestamp) -> Option<Schedule> {
        self.schedule.take(settings.refresh_interval_hours, self.is_disabled(settings), now)
    }

    /// Whether it, or the integration of its tenant, is disabled.
    #[must_use]
    pub const fn is_disabled(&self, settings: &Settings) -> bool {
        settings.disabled || self.connection.is_disabled()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn connection(disabled: bool) -> (Value, Connection) {
        let text = json!({
            "kind": "ldap", "id": "c", "tenantID": "t", "name": "Corp", "urls": "dc:389", "type": "insecure",
            "credentialsSecretID": "s", "timeoutSeconds": 30, "baseDN": "DC=x", "attributes": ["objectGUID"],
            "filter": "(cn=*)", "disabled": disabled, "created": Timestamp::MIN, "updated": Timestamp::MIN,
        });
        let read = serde_json::from_value(text.clone()).unwrap();
        (text, read)
    }

    #[test]
    fn a_connection_reads_back_with_its_kind() {
        let (text, read) = connection(false);
        assert_eq!(serde_json::to_value(&read).unwrap(), text);
        assert_eq!((read.kind(), read.id().as_str(), read.tenant().as_str()), (ImportKind::Ldap, "c", "t"));
        assert_eq!((read.name().as_str(), read.secrets().len(), read.created()), ("Corp", 1, Timestamp::MIN));
    }

    #[test]
    fn a_connection_is_due_when_neither_it_nor_its_tenant_is_disabled() {
        let now = Timestamp::MIN;
        let settings = Settings::new("t".parse().unwrap(), ImportKind::Ldap, now);
        let off = Settings { disabled: true, ..settings.clone() };
        let kept = |disabled| Kept { connection: connection(disabled).1, schedule: Schedule::saved(now) };
        assert_eq!(kept(false).next(&settings), Some(now));
        assert_eq!(kept(false).take(&settings, now).unwrap().taken, Some(now));
        for (kept, settings) in [(kept(true), &settings), (kept(false), &off)] {
            assert!(kept.next(settings).is_none() && kept.take(settings, now).is_none());
        }
    }
}
