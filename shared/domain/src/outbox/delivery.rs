//! What one target wants and has of one alert.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Channel, GRACE_SECONDS};
use crate::{TargetId, Timestamp};

/// What the target calls the alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remote {
    /// Its id there, for example an incident's number.
    #[serde(rename = "i")]
    pub id: String,
    /// Where a person finds it.
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// The exclusive right to send, for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lease {
    #[serde(rename = "h")]
    holder: String,
    #[serde(rename = "u")]
    until: Timestamp,
}

/// One target's part of the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The target.
    #[serde(rename = "t")]
    pub target: TargetId,
    /// Who serves it.
    #[serde(rename = "k")]
    pub channel: Channel,
    /// The content it wants.
    #[serde(rename = "w")]
    pub wanted: u64,
    /// The content it has; 0 before the first time.
    #[serde(rename = "s", default, skip_serializing_if = "is_zero")]
    pub sent: u64,
    /// Whether it knows that the alert is closed: it is never told again, so that an incident that
    /// was re-opened there stays open.
    #[serde(rename = "x", default, skip_serializing_if = "std::ops::Not::not")]
    pub closed: bool,
    /// What it calls the alert.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<Remote>,
    /// Digest of the events file it has.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub files: Option<String>,
    /// When it was last told something.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub delivered: Option<Timestamp>,
    /// Since when it wants something that it does not have.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Attempts since the last success.
    #[serde(rename = "a", default, skip_serializing_if = "is_zero_attempts")]
    pub attempts: u32,
    /// First failure since the last success.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
    /// Why the last attempt failed: a text that may be shown.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// No attempt before this.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
    /// Nothing is tried any more until something new is wanted or a person says so.
    #[serde(rename = "g", default, skip_serializing_if = "std::ops::Not::not")]
    pub gave_up: bool,
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub(super) lease: Option<Lease>,
    /// When the sweeper has to look.
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub(super) due: Option<Timestamp>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_zero(value: &u64) -> bool {
    *value == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_zero_attempts(value: &u32) -> bool {
    *value == 0
}

/// How a delivery stands, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// Nothing was tried yet.
    Waiting,
    /// Somebody is at it.
    Sending,
    /// It failed and is tried again.
    Retrying,
    /// The target has what it wants.
    Delivered,
    /// It failed for good; its message is in the dead-letter queue.
    Failed,
}

/// What came of claiming a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The target has what it wants, or nothing is tried any more.
    Nothing,
    /// Somebody else is at it, or it is too early: try after this.
    Wait(Duration),
    /// It is the caller's now.
    Taken,
}

/// What the target was brought to, also by an attempt that failed in the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// What it calls the alert.
    pub remote: Option<Remote>,
    /// Digest of the events file that was sent.
    pub files: Option<String>,
    /// It knows that the alert is closed.
    pub closed: bool,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The target has the content.
    Done(Progress),
    /// It failed; again after the delay.
    Retry {
        /// What was achieved all the same.
        progress: Progress,
        /// How long to wait.
        delay: Duration,
        /// Why, for whoever may see the alert.
        error: String,
    },
    /// It failed for good.
    GaveUp {
        /// What was achieved all the same.
        progress: Progress,
        /// Why, for whoever may see the alert.
        error: String,
    },
    /// The target is gone, disabled, or has no use for it: nothing is owed to it any more.
    Dropped,
}

impl Delivery {
    pub(super) const fn new(target: TargetId, channel: Channel) -> Self {
        Self {
            target,
            channel,
            wanted: 0,
            sent: 0,
            closed: false,
            remote: None,
            files: None,
            delivered: None,
            since: None,
            attempts: 0,
            failing_since: None,
            error: None,
            next: None,
            gave_up: false,
            lease: None,
            due: None,
        }
    }

    /// Whether the target wants something that it does not have.
    #[must_use]
    pub const fn pending(&self) -> bool {
        self.wanted > self.sent
    }

    /// How it stands at `now`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> State {
        if self.gave_up {
            State::Failed
        } else if !self.pending() {
            State::Delivered
        } else if self.lease.as_ref().is_some_and(|lease| lease.until > now) {
            State::Sending
        } else if self.failing_since.is_some() {
            State::Retrying
        } else {
            State::Waiting
        }
    }

    /// The target wants this content from now on.
    pub(super) fn want(&mut self, content: u64, now: Timestamp) {
        if self.gave_up {
            // What is new may succeed: it gets attempts of its own.
            self.start_over();
        }
        self.wanted = content;
        self.since.get_or_insert(now);
        let due = now.plus_seconds(GRACE_SECONDS);
        self.due = Some(self.due.map_or(due, |known| known.max(due)));
    }

    fn start_over(&mut self) {
        self.gave_up = false;
        self.attempts = 0;
        self.failing_since = None;
        self.error = None;
        self.next = None;
    }

    pub(super) fn claim(&mut self, holder: &str, lease_seconds: i64, now: Timestamp, again: bool) -> Claim {
        if !self.pending() || (self.gave_up && !again) {
            return Claim::Nothing;
        }
        let busy = self.lease.as_ref().map(|lease| lease.until).filter(|until| *until > now);
        if self.gave_up {
            self.start_over();
        }
        if let Some(until) = busy.or(self.next.filter(|next| *next > now)) {
            return Claim::Wait(now.until(until));
        }
        let until = now.plus_seconds(lease_seconds);
        self.lease = Some(Lease { holder: holder.to_owned(), until });
        self.attempts = self.attempts.saturating_add(1);
        self.due = Some(until);
        Claim::Taken
    }

    pub(super) fn finish(
        &mut self,
        holder: &str,
        content: u64,
        outcome: &Outcome,
        now: Timestamp,
    ) -> Option<bool> {
        let held = self.lease.as_ref().is_some_and(|lease| lease.holder == holder);
        match outcome {
            Outcome::Done(progress) | Outcome::Retry { progress, .. } | Outcome::GaveUp { progress, .. } => {
                // What happened at the target happened, whoever holds the lease by now.
                self.take(progress, held);
            }
            Outcome::Dropped => {}
        }
        if !held {
            return None;
        }
        self.lease = None;
        match outcome {
            Outcome::Done(_) => {
                self.sent = self.sent.max(content);
                self.delivered = Some(now);
                self.settle(now);
            }
            Outcome::Dropped => {
                self.sent = self.sent.max(self.wanted);
                self.settle(now);
            }
            Outcome::Retry { delay, error, .. } => {
                self.fail(error, now);
                let next = now.plus(*delay);
                self.next = Some(next);
                self.due = Some(next.plus_seconds(GRACE_SECONDS));
            }
            Outcome::GaveUp { error, .. } => {
                self.fail(error, now);
                self.next = None;
                self.gave_up = true;
                self.due = None;
            }
        }
        Some(self.pending() && self.next.is_none() && !self.gave_up)
    }

    fn take(&mut self, progress: &Progress, held: bool) {
        if held || self.remote.is_none() {
            self.remote = progress.remote.clone().or_else(|| self.remote.take());
        }
        if held && progress.files.is_some() {
            self.files.clone_from(&progress.files);
        }
        self.closed |= progress.closed;
    }

    fn fail(&mut self, error: &str, now: Timestamp) {
        self.error = Some(error.to_owned());
        self.failing_since.get_or_insert(now);
    }

    fn settle(&mut self, now: Timestamp) {
        self.attempts = 0;
        self.failing_since = None;
        self.error = None;
        self.next = None;
        self.gave_up = false;
        let pending = self.pending();
        self.since = pending.then_some(now);
        self.due = pending.then(|| now.plus_seconds(GRACE_SECONDS));
    }
}
