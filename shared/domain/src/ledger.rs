//! The ledger: effects at an outside system that must happen once.
//!
//! Across a network a call happens at least once or at most once, and nobody can choose both. So a
//! row of the ledger never goes from "sent" back to "to be sent" by itself:
//!
//! ```text
//! pending --claim--> sending --answer--> sent
//!    ^                  | no answer, or none that can be trusted, or the lease ran out
//!    |                  v
//!    +--surely absent-- unknown --found there--> sent
//!                       | can not tell
//!                       v
//!                     stuck (waits for a person)
//! ```
//!
//! A row that is unknown is settled by asking the receiver, never by sending again. The receiver may
//! still be at it when it is asked early, so its "no" counts only [`ABSENT_AFTER`] the last claim.

use std::{cmp, time::Duration};

use serde::{Deserialize, Serialize};

use crate::Timestamp;

mod news;

pub use news::{Claim, Finding, NotUndecided, Outcome, Resolution};

/// How long a claim holds: longer than a function lives, so whoever claimed is surely gone by its end.
pub const LEASE: Duration = Duration::from_secs(150);
/// How long after a claim the receiver's "there is no such thing" is believed. A request that was
/// under way for longer than this is taken for lost.
pub const ABSENT_AFTER: Duration = Duration::from_mins(15);
/// Delay before the receiver is asked for the first time; it doubles with each.
pub const FIRST_ASK: Duration = Duration::from_secs(30);
/// Delay after the first attempt that surely had no effect; it doubles with each.
pub const FIRST_RETRY: Duration = Duration::from_secs(10);
/// Longest delay that grows by itself.
pub const LONGEST_DELAY: Duration = Duration::from_mins(15);
/// Delay after the receiver refused our credentials.
pub const AUTH_DELAY: Duration = Duration::from_mins(5);
/// How long a passing fault is waited out, in sending and in asking.
pub const GIVE_UP_AFTER: Duration = Duration::from_hours(24);
/// Lines of the log that are kept.
const LOG_LIMIT: usize = 40;

/// What the receiver calls the thing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remote {
    /// Its unique id there.
    #[serde(rename = "u")]
    pub uuid: String,
    /// Its number there, for people; empty when it has none.
    #[serde(rename = "n", default, skip_serializing_if = "String::is_empty")]
    pub identifier: String,
}

/// Where a row is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "s", rename_all = "camelCase")]
pub enum State {
    /// To be sent.
    Pending,
    /// Somebody is at it.
    Sending {
        /// Who.
        #[serde(rename = "h")]
        holder: String,
        /// Until when, at the latest.
        #[serde(rename = "u")]
        until: Timestamp,
    },
    /// It may have happened: the receiver has to be asked.
    Unknown,
    /// It may have happened, and the receiver can not tell: a person has to decide.
    Stuck,
    /// It has happened.
    Sent,
    /// It surely has not happened and nobody tries any more.
    Failed,
}

impl State {
    /// The word for it.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sending { .. } => "sending",
            Self::Unknown => "unknown",
            Self::Stuck => "stuck",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }
}

/// A line of a row's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// When.
    #[serde(rename = "t")]
    pub at: Timestamp,
    /// What happened.
    #[serde(rename = "e")]
    pub event: Event,
    /// What the receiver or a fault said; a text that may be shown.
    #[serde(rename = "x", default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// What a line of the log says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Event {
    /// It was ordered.
    Requested,
    /// An attempt began.
    Claimed,
    /// It surely had no effect; it is tried again.
    NotDone,
    /// The receiver refuses it, or it was tried for too long.
    Failed,
    /// Nobody knows whether it had its effect.
    Unknown,
    /// The receiver was asked and does not have it, which is believed only later.
    NotThereYet,
    /// The receiver could not be asked.
    NotAsked,
    /// The receiver surely does not have it.
    Absent,
    /// The receiver has it.
    Found,
    /// The receiver accepted it.
    Accepted,
    /// The receiver can not tell.
    Stuck,
    /// A person decided.
    Resolved,
    /// The receiver has it twice.
    Twice,
}

/// A row's state and history. Member names are short because they are stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Where it is.
    #[serde(flatten)]
    pub state: State,
    /// When it was ordered.
    #[serde(rename = "r")]
    pub requested: Timestamp,
    /// Attempts at sending.
    #[serde(rename = "a", default)]
    pub sends: u32,
    /// How often the receiver was asked since the last attempt.
    #[serde(rename = "q", default)]
    pub asks: u32,
    /// When the first attempt began.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub first_sent: Option<Timestamp>,
    /// When the last attempt began.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub last_sent: Option<Timestamp>,
    /// Since when nothing but failures are met.
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
    /// When it was done, failed, or found.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// When somebody has to look; none when nobody has to.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
    /// What the receiver calls it.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<Remote>,
    /// What may be it.
    #[serde(rename = "c", default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Remote>,
    /// What happened, oldest first.
    #[serde(rename = "l", default)]
    pub log: Vec<Line>,
}

impl Ledger {
    /// A row that is to be sent.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        let mut ledger = Self {
            state: State::Pending,
            requested: now,
            sends: 0,
            asks: 0,
            first_sent: None,
            last_sent: None,
            failing_since: None,
            ended: None,
            next: Some(now),
            remote: None,
            candidates: Vec::new(),
            log: Vec::new(),
        };
        ledger.write(now, Event::Requested, "");
        ledger
    }

    /// Claims what there is to do, for `holder`.
    pub fn claim(&mut self, holder: &str, now: Timestamp) -> Claim {
        if let State::Sending { until, .. } = &self.state {
            if *until > now {
                return Claim::Wait(now.until(*until));
            }
            self.unknown("whoever was sending it is gone", now, now);
        }
        match (&self.state, self.next) {
            (State::Pending | State::Unknown, Some(next)) if next > now => Claim::Wait(now.until(next)),
            (State::Pending, _) => {
                let until = now.plus(LEASE);
                self.state = State::Sending { holder: holder.to_owned(), until };
                self.next = Some(until);
                self.sends = self.sends.saturating_add(1);
                self.asks = 0;
                self.first_sent.get_or_insert(now);
                self.last_sent = Some(now);
                self.write(now, Event::Claimed, "");
                Claim::Send
            }
            (State::Unknown, _) => {
                // Nobody else asks meanwhile.
                self.next = Some(now.plus(LEASE));
                self.asks = self.asks.saturating_add(1);
                Claim::Ask
            }
            _ => Claim::Nothing,
        }
    }

    /// Takes in how the attempt ended that `holder` made as number `attempt`. Gives whether anything
    /// changed: what comes late may be known already.
    pub fn answered(&mut self, holder: &str, attempt: u32, outcome: &Outcome, now: Timestamp) -> bool {
        if let Outcome::Done(remote) = outcome {
            return self.arrived(remote, Event::Accepted, now);
        }
        let ours = matches!(&self.state, State::Sending { holder: known, .. } if known == holder);
        // Taken over meanwhile as unknown; what we know of our own attempt is worth more.
        let late = self.state == State::Unknown && self.sends == attempt;
        if !ours && !late {
            return false;
        }
        match outcome {
            Outcome::Done(_) => {}
            Outcome::Refused { error } => self.fail(error, now),
            Outcome::Unknown { error } if ours => self.unknown(error, now.plus(FIRST_ASK), now),
            Outcome::Unknown { .. } => return false,
            Outcome::NotDone { error, after } => {
                let since = *self.failing_since.get_or_insert(now);
                if since.until(now) >= GIVE_UP_AFTER {
                    self.fail(error, now);
                } else {
                    self.write(now, Event::NotDone, error);
                    self.state = State::Pending;
                    self.next = Some(now.plus(after.unwrap_or_else(|| growing(FIRST_RETRY, self.sends))));
                }
            }
        }
        true
    }

    /// Takes in what asking brought that began at `asked`. Gives whether anything changed.
    pub fn asked(&mut self, asked: Timestamp, finding: &Finding, now: Timestamp) -> bool {
        if self.state != State::Unknown {
            return false;
        }
        let believed = self.last_sent.map_or(now, |sent| sent.plus(ABSENT_AFTER));
        match finding {
            Finding::Found(remote) => return self.arrived(remote, Event::Found, now),
            Finding::Absent if asked >= believed => {
                self.write(now, Event::Absent, "");
                self.failing_since = None;
                (self.state, self.next) = (State::Pending, Some(now));
            }
            Finding::Absent => {
                self.write(now, Event::NotThereYet, "");
                self.failing_since = None;
                let wait = now.plus(growing(FIRST_ASK, self.asks));
                // The last time as early as it counts.
                self.next = Some(if now < believed { cmp::min(wait, believed) } else { now });
            }
            Finding::CannotTell { why, candidates } => {
                self.candidates.clone_from(candidates);
                self.stick(why, now);
            }
            Finding::Failed { error, after } => {
                let since = *self.failing_since.get_or_insert(now);
                if since.until(now) >= GIVE_UP_AFTER {
                    self.stick(error, now);
                } else {
                    self.write(now, Event::NotAsked, error);
                    self.next = Some(now.plus(after.unwrap_or_else(|| growing(FIRST_ASK, self.asks))));
                }
            }
        }
        true
    }

    /// Takes in what a person decided.
    ///
    /// # Errors
    /// When the row is neither unknown nor stuck: then nothing is left to decide.
    pub fn resolve(&mut self, resolution: &Resolution, now: Timestamp) -> Result<(), NotUndecided> {
        if !matches!(self.state, State::Unknown | State::Stuck) {
            return Err(NotUndecided);
        }
        self.failing_since = None;
        match resolution {
            Resolution::Sent(remote) => {
                self.arrived(remote, Event::Resolved, now);
            }
            Resolution::NotSent => {
                self.candidates.clear();
                self.write(now, Event::Resolved, "it was not sent");
                (self.state, self.next) = (State::Pending, Some(now));
            }
            Resolution::GiveUp => {
                self.write(now, Event::Resolved, "it is not to be sent");
                self.end(State::Failed, now);
            }
        }
        Ok(())
    }

    /// Whether something else may be ordered in its place.
    #[must_use]
    pub const fn is_replaceable(&self) -> bool {
        matches!(self.state, State::Failed)
    }

    /// The newest thing that was said about it.
    #[must_use]
    pub fn last_answer(&self) -> Option<&Line> {
        self.log.iter().rev().find(|line| !line.text.is_empty())
    }

    fn arrived(&mut self, remote: &Remote, event: Event, now: Timestamp) -> bool {
        if self.state == State::Sent {
            let known = self.remote.as_ref().is_some_and(|known| known.uuid == remote.uuid);
            if !known {
                self.write(now, Event::Twice, &remote.uuid);
            }
            return !known;
        }
        self.write(now, event, "");
        self.remote = Some(remote.clone());
        self.candidates.clear();
        self.end(State::Sent, now);
        true
    }

    fn unknown(&mut self, why: &str, next: Timestamp, now: Timestamp) {
        self.write(now, Event::Unknown, why);
        self.failing_since = None;
        (self.state, self.next) = (State::Unknown, Some(next));
    }

    fn stick(&mut self, why: &str, now: Timestamp) {
        self.write(now, Event::Stuck, why);
        (self.state, self.next) = (State::Stuck, None);
    }

    fn fail(&mut self, why: &str, now: Timestamp) {
        self.write(now, Event::Failed, why);
        self.end(State::Failed, now);
    }

    fn end(&mut self, state: State, now: Timestamp) {
        (self.state, self.next, self.ended) = (state, None, Some(now));
    }

    fn write(&mut self, at: Timestamp, event: Event, text: &str) {
        self.log.push(Line { at, event, text: text.to_owned() });
        if self.log.len() > LOG_LIMIT {
            // The first line says who asked for it and when: it stays.
            self.log.drain(1..=self.log.len() - LOG_LIMIT);
        }
    }
}

/// A delay that doubles with each of `count` attempts.
fn growing(first: Duration, count: u32) -> Duration {
    first.saturating_mul(1 << count.saturating_sub(1).min(16)).min(LONGEST_DELAY)
}

#[cfg(test)]
mod tests;
