//! What a search for tasks asks for: the parameters of `GET /bridge/v1/tasks`.
//!
//! | parameter | finds |
//! |---|---|
//! | `tenantID`, `connectionID`, `kind`, `state` | tasks of this one; repeated, of any of these |
//! | `page` | the page, from 1; a page holds 250, the newest first |

use super::{State, Task};
use crate::{
    ConnectionId,
    import::ImportKind,
    query::{BadParameter, Query},
    search::{before, each},
};

/// A search, all of whose values are valid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// Page, from 1.
    pub page: u32,
    /// Only these tenants; all that the user sees when `None`.
    pub tenants: Option<Vec<String>>,
    /// Only these connections; every one when empty.
    pub connections: Vec<ConnectionId>,
    /// Only these kinds; every one when empty.
    pub kinds: Vec<ImportKind>,
    /// Only these states; every one when empty.
    pub states: Vec<State>,
}

impl Search {
    /// Reads the parameters. Unknown ones are ignored, as KUMA does.
    ///
    /// # Errors
    /// Names the first parameter whose value can not be used.
    pub fn parse(query: &Query) -> Result<Self, BadParameter> {
        let tenants: Vec<String> = query.all("tenantID").map(ToOwned::to_owned).collect();
        Ok(Self {
            page: query.page()?,
            tenants: (!tenants.is_empty()).then_some(tenants),
            connections: each(query, "connectionID")?,
            kinds: each(query, "kind")?,
            states: each(query, "state")?,
        })
    }

    /// How many matches come before the page.
    #[must_use]
    pub const fn skip(&self) -> u64 {
        before(self.page)
    }

    /// Whether a task fits, whoever asks and whatever tenant it is of.
    #[must_use]
    pub fn fits(&self, task: &Task) -> bool {
        self.means(task.kind, task.state, &task.connection)
    }

    /// The same of what a listing tells of a task.
    #[must_use]
    pub fn means(&self, kind: ImportKind, state: State, connection: &ConnectionId) -> bool {
        let Self { connections, kinds, states, .. } = self;
        (connections.is_empty() || connections.contains(connection))
            && (kinds.is_empty() || kinds.contains(&kind))
            && (states.is_empty() || states.contains(&state))
    }
}
