//! Partitions of listings, as their index writes them.

use std::fmt;

use bridge_domain::{AlertId, TenantId, alert::Status, import::ImportKind, incident};

use super::{SHARDS, shard_of};

/// What the partitions of listings of incidents begin with. No tenant's id holds a `#`.
const INCIDENTS: &str = "INCIDENTS#";

/// What the partitions of listings of tasks begin with.
const TASKS: &str = "TASKS##";

/// Partition of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Partition {
    /// Alerts of one tenant in one status.
    Tenant(TenantId, Status),
    /// A share of all alerts in one status.
    Shard(Status, u8),
    /// Every tenant.
    Tenants,
    /// Every token.
    Tokens,
    /// Every target.
    Targets,
    /// Every secret.
    Secrets,
    /// Incidents of one tenant in one status.
    Incidents(TenantId, incident::Status),
    /// Incidents of all tenants in one status. They are rare: one partition bears them.
    AllIncidents(incident::Status),
    /// Settings of the imports of one kind.
    ImportSettings(ImportKind),
    /// Tasks of one tenant.
    Tasks(TenantId),
    /// Tasks of all tenants: a few for each connection and day.
    AllTasks,
}

impl Partition {
    /// The shard of the all-tenant listing that holds an alert.
    #[must_use]
    pub fn shard_of(alert: &AlertId, status: Status) -> Self {
        Self::Shard(status, shard_of(alert))
    }

    /// Reads a partition back; `None` for what none of these would write.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let partition = match (text, text.rsplit_once('#')) {
            ("TENANTS", _) => Self::Tenants,
            ("TOKENS", _) => Self::Tokens,
            ("TARGETS", _) => Self::Targets,
            ("SECRETS", _) => Self::Secrets,
            (_, Some(("TASKS#", ""))) => Self::AllTasks,
            (_, Some(("TASKS#", tenant))) => Self::Tasks(tenant.parse().ok()?),
            (_, Some(("IMPORTS", kind))) if kind.parse::<ImportKind>().is_ok() => {
                Self::ImportSettings(kind.parse().ok()?)
            }
            (_, Some((left, status))) if left.starts_with(INCIDENTS) => {
                let (tenant, status) = (left.strip_prefix(INCIDENTS)?, status.parse().ok()?);
                if tenant.is_empty() {
                    Self::AllIncidents(status)
                } else {
                    Self::Incidents(tenant.parse().ok()?, status)
                }
            }
            // A tenant may be called like a status, but no shard is.
            (_, Some((left, right))) => match (left.parse::<Status>(), right.parse::<Status>()) {
                (_, Ok(status)) => Self::Tenant(left.parse().ok()?, status),
                (Ok(status), _) => Self::Shard(status, right.parse().ok().filter(|shard| *shard < SHARDS)?),
                _ => return None,
            },
            _ => return None,
        };
        (partition.to_string() == text).then_some(partition)
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tenant(tenant, status) => write!(f, "{tenant}#{}", status.as_str()),
            Self::Shard(status, shard) => write!(f, "{}#{shard}", status.as_str()),
            Self::Tenants => f.write_str("TENANTS"),
            Self::Tokens => f.write_str("TOKENS"),
            Self::Targets => f.write_str("TARGETS"),
            Self::Secrets => f.write_str("SECRETS"),
            Self::Incidents(tenant, status) => write!(f, "{INCIDENTS}{tenant}#{}", status.as_str()),
            Self::AllIncidents(status) => write!(f, "{INCIDENTS}#{}", status.as_str()),
            Self::ImportSettings(kind) => write!(f, "IMPORTS#{kind}"),
            Self::Tasks(tenant) => write!(f, "{TASKS}{tenant}"),
            Self::AllTasks => f.write_str(TASKS),
        }
    }
}
