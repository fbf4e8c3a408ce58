//! Keys of what is kept of imports in the State table: settings, connections, lanes, tasks.
//!
//! The settings of a kind and a tenant and the connections under them are one range of one partition:
//! they are read together.

use bridge_domain::{ConnectionId, TaskId, TenantId, import::ImportKind};

/// What the sort keys of connections begin with.
pub const CONNECTIONS: &str = "CONNECTION#";
/// Partition of the index `due` with the connections by the time of their next run.
pub const CONNECTIONS_DUE: &str = "IMPORTS";
/// Partition of the index `due` with the tasks that are not over.
pub const TASKS_DUE: &str = "TASKS";

/// Key of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportKey {
    /// The settings of one kind and one tenant.
    Settings(ImportKind, TenantId),
    /// A connection.
    Connection {
        /// Its kind.
        kind: ImportKind,
        /// Its tenant.
        tenant: TenantId,
        /// Its id.
        id: ConnectionId,
    },
    /// Says of which kind and tenant a connection is.
    Place(ConnectionId),
    /// Who runs an import of a connection.
    Lane(ConnectionId),
    /// A task.
    Task(TaskId),
}

impl ImportKey {
    /// The partition key.
    #[must_use]
    pub fn pk(&self) -> String {
        match self {
            Self::Settings(kind, tenant) | Self::Connection { kind, tenant, .. } => {
                format!("IMPORTS#{kind}#{tenant}")
            }
            Self::Place(id) | Self::Lane(id) => format!("CONNECTION#{id}"),
            Self::Task(id) => format!("TASK#{id}"),
        }
    }

    /// The sort key.
    #[must_use]
    pub fn sk(&self) -> String {
        match self {
            Self::Settings(..) => "SETTINGS".to_owned(),
            Self::Connection { id, .. } => format!("{CONNECTIONS}{id}"),
            Self::Place(_) => "CONNECTION".to_owned(),
            Self::Lane(_) => "LANE".to_owned(),
            Self::Task(_) => "TASK".to_owned(),
        }
    }

    /// Reads a key back from its partition key, split at the first `#`, and its sort key.
    pub(super) fn parse(area: &str, rest: &str, sk: &str) -> Option<Self> {
        match (area, sk) {
            ("IMPORTS", _) => {
                let (kind, tenant) = rest.split_once('#')?;
                let (kind, tenant) = (kind.parse().ok()?, tenant.parse().ok()?);
                match sk.strip_prefix(CONNECTIONS) {
                    Some(id) => Some(Self::Connection { kind, tenant, id: id.parse().ok()? }),
                    None => (sk == "SETTINGS").then_some(Self::Settings(kind, tenant)),
                }
            }
            ("CONNECTION", "CONNECTION") => rest.parse().ok().map(Self::Place),
            ("CONNECTION", "LANE") => rest.parse().ok().map(Self::Lane),
            ("TASK", "TASK") => rest.parse().ok().map(Self::Task),
            _ => None,
        }
    }
}
