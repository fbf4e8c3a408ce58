//! What is imported, from where and when: settings, connections and tasks of the imports of tenants.
//!
//! The settings of a kind and a tenant stand over its connections: whoever makes, changes or deletes one
//! writes the settings too, on condition that they are as they were read. So what is said of all connections
//! together (no two of one name, no two enabled ones with a common controller) holds whoever else writes.

mod connections;
mod settings;
mod tasks;

use bridge_domain::{
    CallError, SecretId,
    import::{
        ImportKind,
        connection::Kept,
        settings::Settings,
        task::{Lane, Task},
    },
};

pub use self::connections::Imports;
use crate::transact::Revised;

/// Why something of an import was not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportConflict {
    /// Somebody else changed it, or what it depends on, meanwhile.
    Changed,
    /// This secret is not there, or of another tenant or type than is needed.
    Secret(SecretId),
    /// The store failed: nobody knows whether it was written.
    Call(CallError),
}

impl From<CallError> for ImportConflict {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

/// A task and the lane of its connection, as they were read. Both are written together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The task.
    pub task: Revised<Task>,
    /// The lane; revision 0 when there is none yet.
    pub lane: Revised<Lane>,
}

/// Settings and the revision to guard them by; those that nobody has saved are the plain ones.
type Over<'a> = (Option<&'a Revised<Settings>>, ImportKind);

/// A connection with its revision.
type Connected = Revised<Kept>;
