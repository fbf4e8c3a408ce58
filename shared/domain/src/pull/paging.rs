//! Reading a list whose entries move while it is read.

use std::collections::HashSet;

use super::Window;
use crate::{AlertId, Timestamp, search::PAGE_SIZE};

/// Most pages of alerts whose last events were all at one time. A list that goes on has no end.
pub const LONGEST_MOMENT: u32 = 400;

/// One page to ask a Core for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Not before, inclusive.
    pub from: Timestamp,
    /// Not after, inclusive.
    pub to: Timestamp,
    /// Page, from 1.
    pub page: u32,
}

/// The Core's answers lead nowhere: it does not page as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the list of alerts has no end: the pages do not follow from what was asked")]
pub struct Endless;

/// Reads every alert of a period whose last event stays where it is meanwhile.
///
/// The list is newest first, [`PAGE_SIZE`] to a page. An alert with a new event leaves the period
/// and all behind it move up, so page 2 would begin too late. Instead each page is the first page of
/// what is left: up to the time of the last alert seen, that time included.
///
/// Only when a whole page is of one and the same time are there pages within that time. They are
/// counted upwards to find the last one and then read once more downwards: what stays there can
/// only move up, towards the reader, and is met.
#[derive(Debug)]
pub struct Paging {
    from: Timestamp,
    next: Next,
    seen: HashSet<AlertId>,
    page_size: usize,
}

#[derive(Clone, Copy, Debug)]
enum Next {
    /// The first page up to this time.
    UpTo(Timestamp),
    /// This page of this time, on the way up.
    Up(Timestamp, u32),
    /// This page of this time, on the way down.
    Down(Timestamp, u32),
    Done,
}

impl Paging {
    /// Begins with the newest of a period.
    #[must_use]
    pub fn new(window: Window) -> Self {
        Self::with_pages_of(PAGE_SIZE, window)
    }

    pub(super) fn with_pages_of(page_size: usize, window: Window) -> Self {
        let next = if window.from <= window.to { Next::UpTo(window.to) } else { Next::Done };
        Self { from: window.from, next, seen: HashSet::new(), page_size }
    }

    /// What to ask for now; `None` at the end.
    #[must_use]
    pub const fn ask(&self) -> Option<Ask> {
        match self.next {
            Next::UpTo(to) => Some(Ask { from: self.from, to, page: 1 }),
            Next::Up(at, page) | Next::Down(at, page) => Some(Ask { from: at, to: at, page }),
            Next::Done => None,
        }
    }

    /// Takes the answer to [`Paging::ask`], in the order in which it came. Gives the places of
    /// those that were not seen before.
    ///
    /// # Errors
    /// The answers do not end.
    pub fn take<'a>(
        &mut self,
        page: impl IntoIterator<Item = (&'a AlertId, Timestamp)>,
    ) -> Result<Vec<usize>, Endless> {
        let (mut fresh, mut count, mut oldest) = (Vec::new(), 0, None);
        for (place, (id, at)) in page.into_iter().enumerate() {
            count = place + 1;
            oldest = Some(oldest.map_or(at, |oldest: Timestamp| oldest.min(at)));
            if self.seen.insert(id.clone()) {
                fresh.push(place);
            }
        }
        self.next = match (self.next, oldest.filter(|_| count >= self.page_size)) {
            // A short page is the last one.
            (Next::UpTo(_), None) | (Next::Done, _) => Next::Done,
            (Next::UpTo(to), Some(oldest)) if oldest < to => self.up_to(oldest),
            (Next::UpTo(to), Some(_)) => Next::Up(to, 2),
            (Next::Up(_, page), Some(_)) if page >= LONGEST_MOMENT => return Err(Endless),
            (Next::Up(at, page), Some(_)) => Next::Up(at, page + 1),
            (Next::Up(at, page) | Next::Down(at, page), _) if page > 1 => Next::Down(at, page - 1),
            // KUMA's own times have at most six fraction digits.
            (Next::Up(at, _) | Next::Down(at, _), _) => {
                Timestamp::from_micros(at.micros() - 1).map_or(Next::Done, |to| self.up_to(to))
            }
        };
        Ok(fresh)
    }

    fn up_to(&self, to: Timestamp) -> Next {
        if to < self.from { Next::Done } else { Next::UpTo(to) }
    }
}
