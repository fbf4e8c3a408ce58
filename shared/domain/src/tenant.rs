//! Tenants.

use serde::{Deserialize, Serialize};

use crate::{Name, TenantId, Timestamp};

/// Longest description, in Unicode characters. Source: the vendor's rule for resources.
pub const DESCRIPTION_LIMIT: usize = 256;

/// A tenant: a company or a branch whose alerts are kept apart from everybody else's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its name, unique whatever the case.
    pub name: Name,
    /// Free text, at most [`DESCRIPTION_LIMIT`] characters.
    pub description: String,
    /// Whether it is the main tenant; there is at most one.
    pub main: bool,
    /// A disabled tenant takes no alerts and lets none be closed; they can still be read.
    pub disabled: bool,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}
