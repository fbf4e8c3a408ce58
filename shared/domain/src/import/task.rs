//! Tasks: what the Task manager shows, one for each run of an import.
//!
//! ```text
//! queued --claim(lease)--> running --finish--> completed | incomplete | failed
//!    ^                        | the lease ran out
//!    +------- attempts left --+-- none left --> failed
//! ```
//!
//! A connection has one [`Lane`], and whoever runs a task of it holds that lane for the lease: so two runs
//! of one connection never overlap. The lane and the task are changed by one conditional write. What a
//! runner says counts only while the lane is held by *its attempt* of the task: whoever was taken for dead
//! can neither go on nor finish.
//!
//! KUMA documents, "Starting account data update tasks", when tasks are made; their states and numbers
//! are ours.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use super::{ImportKind, engine::Counts};
use crate::{ConnectionId, TaskId, TenantId, Timestamp};

mod lane;
pub mod search;

pub use lane::{Busy, Claim, Holder, Lane, Lost};

/// How long a claim holds, from the last sign of life. A runner gives one with each page.
pub const LEASE: Duration = Duration::from_mins(3);
/// How often a task is begun at most.
pub const ATTEMPTS: u32 = 3;
/// Delay before a task is begun again whose runner vanished; it doubles with each attempt.
pub const FIRST_RETRY: Duration = Duration::from_mins(1);
/// How long a task is shown after it ended.
pub const KEPT: Duration = Duration::from_hours(30 * 24);
/// Longest text about what went wrong, in characters.
const ERROR_LIMIT: usize = 1_000;

/// Why there is a task.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "camelCase")]
pub enum Trigger {
    /// Its time had come.
    Schedule,
    /// The connection was made or changed.
    Saved,
    /// Somebody asked for it.
    Manual {
        /// Id of the token or user.
        who: String,
    },
    /// The connection was deleted: nothing is received any more, and what it brought begins to expire.
    Deleted {
        /// Id of the token or user.
        who: String,
    },
}

impl fmt::Debug for Trigger {
    /// Without who it was.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Schedule => "schedule",
            Self::Saved => "saved",
            Self::Manual { .. } => "manual",
            Self::Deleted { .. } => "deleted",
        })
    }
}

/// Where a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// Nobody is at it.
    Queued,
    /// Somebody is.
    Running,
    /// Everything was received, and what is gone is known.
    Completed,
    /// What was received is stored, but it is not known to be all: time was up, or there was too little.
    Incomplete,
    /// It could not be done.
    Failed,
}

impl State {
    /// All of them.
    pub const ALL: &'static [Self] =
        &[Self::Queued, Self::Running, Self::Completed, Self::Incomplete, Self::Failed];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Incomplete => "incomplete",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing will happen to it any more.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Incomplete | Self::Failed)
    }
}

/// The word is that of no state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be queued, running, completed, incomplete or failed")]
pub struct UnknownState;

impl std::str::FromStr for State {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Self::ALL.iter().copied().find(|state| state.as_str() == text).ok_or(UnknownState)
    }
}

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Progress {
    /// Records received so far.
    pub seen: u64,
    /// How many the last complete run brought; `None` when nobody knows what to expect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<u64>,
}

impl Progress {
    /// The same in per cent, 99 at most: only the end is the end.
    #[must_use]
    pub fn percent(&self) -> Option<u8> {
        let expected = self.expected.filter(|expected| *expected > 0)?;
        u8::try_from(self.seen.saturating_mul(100).checked_div(expected)?.min(99)).ok()
    }
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Everything was received.
    Completed,
    /// What was received is stored, but what is gone is not known.
    Incomplete {
        /// Why; a text that may be shown.
        why: String,
    },
    /// It could not be done. The schedule brings the next attempt, as a task of its own.
    Failed {
        /// Why; a text that may be shown.
        why: String,
    },
}

/// One run of an import, from the order to its end. Stored and shown as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// What it imports.
    pub kind: ImportKind,
    /// The tenant that gets it.
    #[serde(rename = "tenantID")]
    pub tenant: TenantId,
    /// Where from.
    #[serde(rename = "connectionID")]
    pub connection: ConnectionId,
    /// Why there is one.
    pub trigger: Trigger,
    /// Whether somebody knows that much less is there than before, and wants it believed.
    #[serde(default)]
    pub confirmed: bool,
    /// Where it is.
    pub state: State,
    /// How often it was begun.
    pub attempt: u32,
    /// When it was ordered.
    pub queued: Timestamp,
    /// When it was first begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// When somebody has to look: to begin it, or to see that its runner vanished. `None` when it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
    /// How far it is.
    pub progress: Progress,
    /// What it counted.
    pub counts: Counts,
    /// What went wrong, in words that may be shown; empty when nothing did.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error: String,
}

/// What is known of a task when it is ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What is to be imported.
    pub kind: ImportKind,
    /// The tenant that gets it.
    pub tenant: TenantId,
    /// Where from.
    pub connection: ConnectionId,
    /// Why.
    pub trigger: Trigger,
    /// Whether much less than before is to be believed.
    pub confirmed: bool,
}

impl Task {
    /// A task that waits for a runner.
    #[must_use]
    pub fn new(id: TaskId, order: Order, now: Timestamp) -> Self {
        let Order { kind, tenant, connection, trigger, confirmed } = order;
        Self {
            id,
            kind,
            tenant,
            connection,
            trigger,
            confirmed,
            state: State::Queued,
            attempt: 0,
            queued: now,
            started: None,
            ended: None,
            next: Some(now),
            progress: Progress::default(),
            counts: Counts::default(),
            error: String::new(),
        }
    }

    /// Claims the task for `runner` on its connection's lane. Both have to be saved together when it says
    /// [`Claim::Run`] or [`Claim::Over`].
    pub fn claim(&mut self, lane: &mut Lane, runner: &str, now: Timestamp) -> Claim {
        self.sweep(lane, now);
        if self.state.is_over() {
            return Claim::Over;
        }
        if let Some(holder) = lane.held(now) {
            return Claim::Busy(Busy { holder: holder.clone(), wait: now.until(holder.until) });
        }
        match self.next {
            Some(next) if next > now => return Claim::Wait(now.until(next)),
            _ => {}
        }
        let until = now.plus(LEASE);
        self.attempt = self.attempt.saturating_add(1);
        self.state = State::Running;
        self.started.get_or_insert(now);
        self.next = Some(until);
        self.progress = Progress::default();
        lane.hold(Holder { task: self.id.clone(), attempt: self.attempt, runner: runner.to_owned(), until });
        Claim::Run { attempt: self.attempt }
    }

    /// A sign of life of an attempt: its lease begins anew.
    ///
    /// # Errors
    /// The attempt does not hold the lane any more: its runner has to stop at once and write nothing.
    pub fn beat(
        &mut self,
        lane: &mut Lane,
        attempt: u32,
        progress: Progress,
        now: Timestamp,
    ) -> Result<Timestamp, Lost> {
        self.own(lane, attempt)?;
        let until = lane.extend(now.plus(LEASE));
        self.next = Some(until);
        self.progress = progress;
        Ok(until)
    }

    /// The end of an attempt.
    ///
    /// # Errors
    /// The attempt does not hold the lane any more: what it says does not count.
    pub fn finish(
        &mut self,
        lane: &mut Lane,
        attempt: u32,
        ending: Ending,
        counts: Counts,
        now: Timestamp,
    ) -> Result<(), Lost> {
        self.own(lane, attempt)?;
        let (state, why) = match ending {
            Ending::Completed => (State::Completed, String::new()),
            Ending::Incomplete { why } => (State::Incomplete, why),
            Ending::Failed { why } => (State::Failed, why),
        };
        self.counts = counts;
        self.progress.seen = counts.seen;
        lane.release();
        self.end(state, &why, now);
        Ok(())
    }

    /// Sees to a task whose runner gave no sign of life for a lease: it is queued again, or failed when it
    /// was begun [`ATTEMPTS`] times. Gives whether anything changed; then both have to be saved together.
    pub fn sweep(&mut self, lane: &mut Lane, now: Timestamp) -> bool {
        let alive = lane.holds(&self.id, self.attempt) && lane.held(now).is_some();
        if self.state != State::Running || alive {
            return false;
        }
        if lane.holds(&self.id, self.attempt) {
            lane.release();
        }
        if self.attempt >= ATTEMPTS {
            let why =
                format!("the import stopped without a word {ATTEMPTS} times: see the log of its function");
            self.end(State::Failed, &why, now);
        } else {
            self.state = State::Queued;
            let doubled = 1 << self.attempt.saturating_sub(1).min(16);
            self.next = Some(now.plus(FIRST_RETRY.saturating_mul(doubled)));
            "the import stopped without a word and is tried again".clone_into(&mut self.error);
        }
        true
    }

    /// Gives a task up that was not begun: its connection was deleted or disabled. Gives whether it did.
    pub fn cancel(&mut self, why: &str, now: Timestamp) -> bool {
        let waits = self.state == State::Queued;
        if waits {
            self.end(State::Failed, why, now);
        }
        waits
    }

    /// How far its run is, in per cent; `None` when nobody knows, or when it is not under way.
    #[must_use]
    pub fn percent(&self) -> Option<u8> {
        self.progress.percent().filter(|_| self.state == State::Running)
    }

    fn own(&self, lane: &Lane, attempt: u32) -> Result<(), Lost> {
        let ours = self.state == State::Running && self.attempt == attempt && lane.holds(&self.id, attempt);
        if ours { Ok(()) } else { Err(Lost) }
    }

    fn end(&mut self, state: State, why: &str, now: Timestamp) {
        (self.state, self.next, self.ended) = (state, None, Some(now));
        self.error = why.chars().take(ERROR_LIMIT).collect();
    }
}

#[cfg(test)]
mod tests;
