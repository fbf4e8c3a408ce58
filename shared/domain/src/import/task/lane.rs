//! Who runs an import of a connection.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{TaskId, Timestamp};

/// Whoever runs an import of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Holder {
    /// The task.
    #[serde(rename = "taskID")]
    pub task: TaskId,
    /// Which attempt of it.
    pub attempt: u32,
    /// The copy of the function.
    pub runner: String,
    /// Until when, if no further sign of life comes.
    pub until: Timestamp,
}

/// What keeps the runs of one connection from overlapping. One for each connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lane {
    /// Who holds it; a lease that has run out counts as none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<Holder>,
}

impl Lane {
    /// Who holds it at a moment.
    #[must_use]
    pub fn held(&self, now: Timestamp) -> Option<&Holder> {
        self.holder.as_ref().filter(|holder| holder.until > now)
    }

    /// Whether an attempt was the last to hold it, be its lease over or not.
    pub(super) fn holds(&self, task: &TaskId, attempt: u32) -> bool {
        self.holder.as_ref().is_some_and(|holder| holder.task == *task && holder.attempt == attempt)
    }

    pub(super) fn hold(&mut self, holder: Holder) {
        self.holder = Some(holder);
    }

    /// Lengthens the lease; a clock that went back does not shorten it.
    pub(super) fn extend(&mut self, until: Timestamp) -> Timestamp {
        self.holder.as_mut().map_or(until, |holder| {
            holder.until = holder.until.max(until);
            holder.until
        })
    }

    pub(super) fn release(&mut self) {
        self.holder = None;
    }
}

/// Somebody else runs an import of the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Busy {
    /// Who.
    pub holder: Holder,
    /// How long that holds without a further sign of life.
    pub wait: Duration,
}

/// What a claim gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Run it.
    Run {
        /// The number of this attempt, which every later word of the runner bears.
        attempt: u32,
    },
    /// Somebody runs this task, or another one of the connection.
    Busy(Busy),
    /// Not before this.
    Wait(Duration),
    /// It is over.
    Over,
}

/// The attempt was taken over, or is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("another run of the import has taken over")]
pub struct Lost;
