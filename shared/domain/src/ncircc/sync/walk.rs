//! Reading a list that is sorted by a time, in pages, while it changes.

use std::collections::BTreeSet;

use super::PAGE;
use crate::Timestamp;

/// Most steps back inside one moment without meeting anything new. Each means that rows left the moment
/// while it was read, and is twice as long as the one before.
const BACK_LIMIT: u32 = 20;

/// A row of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// Its id.
    pub id: &'a str,
    /// The time that the list is sorted by; none when it can not be read.
    pub at: Option<Timestamp>,
}

/// What there is to do with a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Which of its rows are to be stored, in their order: the others were before.
    pub fresh: Vec<usize>,
    /// Whether there is no other page.
    pub last: bool,
}

/// The list is not what was asked for, or changes too fast to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Disorder {
    /// It is not sorted by time.
    #[error("the list is not sorted by time as it was asked to be")]
    Unsorted,
    /// Rows keep leaving a moment while it is read.
    #[error("the list changes faster than it can be read")]
    Restless,
}

/// A walk over a list that is sorted by time and then by anything else that holds still.
///
/// The next page is asked for from the time of the last row on, without leaving out any: rows that
/// go elsewhere meanwhile do not shift it. Only where one moment fills more than a page are rows left
/// out, by their number. Then a page begins with the last row of the one before; if it does not,
/// rows have left the moment, and the walk goes back to where it knows the rows.
///
/// Times are compared in milliseconds: that is how exactly one can ask for them.
#[derive(Clone, Debug)]
pub struct Walk {
    since: Timestamp,
    offset: u64,
    /// Rows of the moment `since` that were taken.
    seen: BTreeSet<String>,
    reached: Option<Timestamp>,
    backs: u32,
}

const fn millis(at: Timestamp) -> i64 {
    at.micros() / 1000
}

/// The beginning of the next millisecond.
pub(super) fn after(at: Timestamp) -> Timestamp {
    Timestamp::from_micros((millis(at) + 1) * 1000).unwrap_or(at)
}

/// The beginning of the millisecond before.
fn before(at: Timestamp) -> Timestamp {
    Timestamp::from_micros((millis(at) - 1) * 1000).unwrap_or(Timestamp::MIN)
}

impl Walk {
    /// A walk over everything from `from` on.
    #[must_use]
    pub const fn new(from: Timestamp) -> Self {
        Self { since: from, offset: 0, seen: BTreeSet::new(), reached: None, backs: 0 }
    }

    /// The time from which on the next page is asked for.
    #[must_use]
    pub const fn since(&self) -> Timestamp {
        self.since
    }

    /// How many rows are left out at its beginning.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Everything up to then, that millisecond included, was taken; none while nothing was.
    #[must_use]
    pub const fn reached(&self) -> Option<Timestamp> {
        self.reached
    }

    /// Takes a page. `count` is how many rows came, those that can not be read included; `next` is whether
    /// there are more.
    ///
    /// # Errors
    /// When the list can not be read so.
    pub fn take(&mut self, rows: &[Row<'_>], count: usize, next: bool) -> Result<Taken, Disorder> {
        let times: Vec<Timestamp> = rows.iter().filter_map(|row| row.at).collect();
        if !times.is_sorted_by_key(|at| millis(*at)) {
            return Err(Disorder::Unsorted);
        }
        let known = |row: &Row<'_>| self.at_since(row) && self.seen.contains(row.id);
        let anchored = self.offset == 0 || rows.first().is_some_and(known);
        let fresh: Vec<usize> =
            (0..).zip(rows).filter(|(_, row)| !known(row)).map(|(index, _)| index).collect();
        if !anchored {
            let step = u64::from(PAGE) << self.backs;
            self.backs += 1;
            if self.backs > BACK_LIMIT {
                return Err(Disorder::Restless);
            }
            self.offset = self.offset.saturating_sub(step);
            return Ok(Taken { fresh: Vec::new(), last: false });
        }
        if !fresh.is_empty() {
            self.backs = 0;
        }
        let end = times.last().copied().filter(|at| millis(*at) > millis(self.since));
        // Of the last moment there may be more on the next page.
        let whole = if next { end.map(before) } else { times.last().copied() };
        self.reached = self.reached.max(whole);
        if let Some(end) = end {
            (self.since, self.offset) = (end, 0);
            self.seen.clear();
        } else {
            // One row is asked for again: it shows whether the others are where they were.
            let step = count.saturating_sub(1).max(1);
            self.offset = self.offset.saturating_add(u64::try_from(step).unwrap_or(u64::MAX));
        }
        let here: Vec<String> =
            rows.iter().filter(|row| self.at_since(row)).map(|row| row.id.to_owned()).collect();
        self.seen.extend(here);
        Ok(Taken { fresh, last: !next })
    }

    /// Whether a row is of the moment that is asked for; one without a time comes with any.
    fn at_since(&self, row: &Row<'_>) -> bool {
        row.at.is_none_or(|at| millis(at) == millis(self.since))
    }
}

#[cfg(test)]
mod tests;
