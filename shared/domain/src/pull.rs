//! Asking a KUMA Core for alerts: what is asked, in which pieces, and what is made of the answers.
//!
//! Alerts of a Core are listed newest first by the time of their last event, and that time moves
//! while one reads: with every event, an alert leaves its place and goes to the front. So nothing
//! here trusts page numbers ([`Paging`]), each period is asked for with a fixed end and a little
//! before the last one ended ([`next_window`]), and the mark of what is done is moved only past
//! what was stored.

mod compare;
mod paging;
mod work;

use crate::{Timestamp, target::KumaCore, tenant::Tenant};

pub use self::{
    compare::{Known, Listed, prepare, wanted},
    paging::{Ask, Endless, LONGEST_MOMENT, Paging},
    work::{Work, WorkError},
};

/// How far back each poll looks past what was already taken, in seconds: alerts become visible
/// late, and clocks differ.
pub const OVERLAP_SECONDS: i64 = 10 * 60;
/// How far back the first poll looks, in seconds.
pub const FIRST_SECONDS: i64 = 24 * 60 * 60;
/// Longest period that is asked for in one piece, in seconds: what is done of a long absence stays
/// done.
pub const WINDOW_SECONDS: i64 = 60 * 60;
/// The schedule comes once a minute, give or take: a target is due this many seconds early, so that
/// an interval of a minute is not one of two.
pub const EARLY_SECONDS: i64 = 30;
/// Longest pause after failures, in seconds.
pub const LONGEST_PAUSE_SECONDS: i64 = 15 * 60;
/// At most this often the open alerts are asked for one by one, in seconds.
pub const RECHECK_SECONDS: i64 = 15 * 60;
/// Open alerts that are asked for at once.
pub const RECHECK_BATCH: usize = 50;
/// Most open alerts that are asked for in one run.
pub const RECHECK_LIMIT: usize = 1_000;

/// A period, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Not before.
    pub from: Timestamp,
    /// Not after.
    pub to: Timestamp,
}

/// The next piece to ask for in a run that began at `now`; `None` when all up to then is taken.
/// `watermark` is the end of what was taken. The first piece of a run (`first`) overlaps.
#[must_use]
pub fn next_window(watermark: Option<Timestamp>, now: Timestamp, first: bool) -> Option<Window> {
    let Some(mark) = watermark else {
        let from = now.plus_seconds(-FIRST_SECONDS);
        return Some(Window { from, to: from.plus_seconds(WINDOW_SECONDS).min(now) });
    };
    if mark >= now && !first {
        return None;
    }
    let from = if first { mark.plus_seconds(-OVERLAP_SECONDS) } else { mark };
    // A mark ahead of our clock is not moved back, but what is new before it is still taken.
    Some(Window { from, to: mark.plus_seconds(WINDOW_SECONDS).min(now.max(mark)) })
}

/// The pieces of a period that somebody asked for, oldest first.
pub fn windows(from: Timestamp, to: Timestamp) -> impl Iterator<Item = Window> {
    let mut next = (from <= to).then_some(from);
    std::iter::from_fn(move || {
        let from = next?;
        let end = from.plus_seconds(WINDOW_SECONDS).min(to);
        next = (end < to).then_some(end);
        Some(Window { from, to: end })
    })
}

/// How far a Core was asked, and when it may be asked again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Every alert whose last event was up to then is stored.
    pub watermark: Option<Timestamp>,
    /// When a run was last queued by the schedule.
    pub claimed: Option<Timestamp>,
    /// Not before then: the Core failed.
    pub not_before: Option<Timestamp>,
    /// Failed runs in a row.
    pub failures: u32,
    /// When the walk over the open alerts began.
    pub walk_began: Option<Timestamp>,
    /// Where it goes on; `None` when it is through.
    pub walk_at: Option<String>,
}

impl State {
    /// Whether the schedule has to queue a run at `now`.
    #[must_use]
    pub fn due(&self, interval_seconds: u32, now: Timestamp) -> bool {
        let rested = self.claimed.is_none_or(|at| at <= claim_limit(interval_seconds, now));
        rested && self.not_before.is_none_or(|at| at <= now)
    }

    /// Whether the open alerts are to be asked for: a walk is under way, or it is time for one.
    #[must_use]
    pub fn walks(&self, now: Timestamp) -> bool {
        self.walk_at.is_some()
            || self.walk_began.is_none_or(|began| began.plus_seconds(RECHECK_SECONDS) <= now)
    }
}

/// A target that was last claimed at this time or before is due again.
#[must_use]
pub fn claim_limit(interval_seconds: u32, now: Timestamp) -> Timestamp {
    now.plus_seconds(EARLY_SECONDS - i64::from(interval_seconds))
}

/// The pause after `failures` failed runs in a row.
#[must_use]
pub fn pause_seconds(failures: u32) -> i64 {
    // The first failure may be a hiccup: it costs no pause.
    (60_i64 << failures.saturating_sub(2).min(10)).min(LONGEST_PAUSE_SECONDS) * i64::from(failures > 1)
}

/// Whether an alert of the Core's tenant `id`, called `name` there, is one of our `tenant`.
#[must_use]
pub fn belongs(settings: &KumaCore, tenant: &Tenant, id: &str, name: &str) -> bool {
    match &settings.kuma_tenant {
        Some(mapped) => mapped == id,
        None => id == tenant.id.as_str() || folded(name) == tenant.name.folded(),
    }
}

/// What two names of tenants that differ only in case have in common, as in [`crate::Name::folded`].
#[must_use]
pub fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

#[cfg(test)]
mod tests;
