//! When a connection is next due.
//!
//! The time since a connection was saved is divided into slots of one interval each, the first of which
//! begins at once. The schedule takes a slot at most once, and the newest that has begun: whatever was
//! missed before is one run. A run that somebody ordered takes no slot, so it shifts nothing. KUMA
//! documents, "Changing the data update frequency": immediately after a connection is made or changed,
//! then every so many hours, and whenever somebody asks.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

const MICROS_PER_HOUR: i64 = 3_600_000_000;

/// What is kept of the schedule of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// When the connection was last saved: the slots are counted from here.
    pub anchor: Timestamp,
    /// The beginning of the newest slot that was taken; none since the connection was saved when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<Timestamp>,
}

impl Schedule {
    /// That of a connection which is saved at `now`, for the first time or again: it is due at once.
    #[must_use]
    pub const fn saved(now: Timestamp) -> Self {
        Self { anchor: now, taken: None }
    }

    /// When the connection is due next, be it long ago; `None` while it, or the integration of its
    /// tenant, is disabled. The dispatcher reads connections by this.
    #[must_use]
    pub fn next(&self, interval_hours: u16, disabled: bool) -> Option<Timestamp> {
        if disabled {
            return None;
        }
        Some(self.taken.map_or(self.anchor, |taken| {
            let next = self.slot(interval_hours, taken).micros().saturating_add(span(interval_hours));
            Timestamp::from_micros(next).unwrap_or(Timestamp::MAX)
        }))
    }

    /// Takes the newest slot that has begun by `now`; `None` when the connection is not due. What is
    /// given has to be saved on condition that [`Schedule::taken`] is still as it was: whoever comes
    /// second finds nothing due. The task is one of a saved connection when nothing was taken before, and
    /// one of the schedule otherwise.
    #[must_use]
    pub fn take(&self, interval_hours: u16, disabled: bool, now: Timestamp) -> Option<Self> {
        self.next(interval_hours, disabled).filter(|next| *next <= now)?;
        Some(Self { taken: Some(self.slot(interval_hours, now)), ..*self })
    }

    /// The beginning of the slot that `at` lies in; the first slot for what is before it.
    fn slot(&self, interval_hours: u16, at: Timestamp) -> Timestamp {
        let passed = at.micros().saturating_sub(self.anchor.micros()).max(0);
        let into = passed.checked_rem(span(interval_hours)).unwrap_or(0);
        Timestamp::from_micros(self.anchor.micros().saturating_add(passed - into)).unwrap_or(Timestamp::MAX)
    }
}

/// An interval in microseconds; an interval of nothing, which no settings have, is one of an hour.
fn span(interval_hours: u16) -> i64 {
    i64::from(interval_hours.max(1)) * MICROS_PER_HOUR
}

#[cfg(test)]
mod tests;
