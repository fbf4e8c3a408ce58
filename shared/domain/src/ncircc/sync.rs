//! Reading an account at NCIRCC back: from where on, in which pages, and what is made of the answers.
//!
//! Cards are read in the order of their last change, which moves while one reads: a card that changes
//! leaves its place and goes to the end. So nothing here trusts page numbers ([`Walk`]), each run
//! begins a little before the last one ended ([`begin`]), and the mark of what is done is moved only
//! past what was stored.
//!
//! A card may be read before it is known here whose it is: the answer to its export may be on its way,
//! or lost. Such cards are kept for a while, and looked at again ([`Mark::strangers`]).

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    incident::{Incident, Report, ReportState},
};

mod notice;
mod walk;

pub use notice::{NOTICE_FIELDS, NOTICE_LIMIT, Notice, TECHNICAL_LIMIT};
pub use walk::{Disorder, Row, Taken, Walk};

/// How far back a run looks past what was already read, in seconds: changes become visible late.
pub const OVERLAP_SECONDS: i64 = 5 * 60;
/// What was changed so long before a run, in seconds, has become visible by then: it is not read again.
pub const SETTLED_SECONDS: i64 = 60 * 60;
/// How far before the connection was made the first run looks, in seconds: the account may have a
/// history of years, and none of it is from here.
pub const FIRST_SECONDS: i64 = 24 * 60 * 60;
/// Rows of a page: what is in memory at once.
pub const PAGE: u32 = 200;
/// Most cards of which it is not known whose they are; the oldest make room.
pub const STRANGERS: usize = 500;
/// How long such a card is kept, in seconds: a person may have to say whose it is.
pub const STRANGER_SECONDS: i64 = 24 * 60 * 60;

/// Where a run begins. `mark` is how far the runs before came, that moment included, `made` when the
/// connection was made.
#[must_use]
pub fn begin(mark: Option<Timestamp>, made: Timestamp, now: Timestamp) -> Timestamp {
    match mark {
        None => made.plus_seconds(-FIRST_SECONDS),
        Some(mark) if mark.plus_seconds(SETTLED_SECONDS) < now => walk::after(mark),
        Some(mark) => mark.plus_seconds(-OVERLAP_SECONDS),
    }
}

/// A card of which nothing is known here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stranger {
    /// Its id at NCIRCC.
    #[serde(rename = "u")]
    pub uuid: String,
    /// When it was first met.
    #[serde(rename = "s")]
    pub since: Timestamp,
}

/// How far an account was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mark {
    /// The address of the account: how far another one was read says nothing of this one.
    pub account: String,
    /// Every change of a card up to then, that millisecond included, is stored.
    pub cards: Option<Timestamp>,
    /// The same of comments.
    pub comments: Option<Timestamp>,
    /// Cards that may turn out to be ours, the oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub strangers: Vec<Stranger>,
}

impl Mark {
    /// The same if it is of the account at this address; else one of an account that was never read.
    #[must_use]
    pub fn of_account(self, url: &str) -> Self {
        if self.account == url { self } else { Self { account: url.to_owned(), ..Self::default() } }
    }

    /// Notes that cards are stored up to `reached`, and not past `now`: a date of the future would hide
    /// all that comes until then. The mark never moves back.
    pub fn cards_read(&mut self, reached: Option<Timestamp>, now: Timestamp) {
        self.cards = self.cards.max(reached.map(|at| at.min(now)));
    }

    /// Notes the same of comments.
    pub fn comments_read(&mut self, reached: Option<Timestamp>, now: Timestamp) {
        self.comments = self.comments.max(reached.map(|at| at.min(now)));
    }

    /// Notes a card of which nothing is known.
    pub fn meet(&mut self, uuid: &str, now: Timestamp) {
        if self.strangers.iter().any(|stranger| stranger.uuid == uuid) {
            return;
        }
        self.strangers.push(Stranger { uuid: uuid.to_owned(), since: now });
        self.strangers.drain(..self.strangers.len().saturating_sub(STRANGERS));
    }

    /// It is known whose card this is.
    pub fn recognize(&mut self, uuid: &str) {
        self.strangers.retain(|stranger| stranger.uuid != uuid);
    }

    /// Lets go of cards that nobody has claimed for long.
    pub fn forget(&mut self, now: Timestamp) {
        self.strangers.retain(|stranger| stranger.since.plus_seconds(STRANGER_SECONDS) > now);
    }
}

/// What a card says that may change at NCIRCC. What it does not say is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Its id there.
    pub uuid: String,
    /// Its number in the account.
    pub identifier: Option<String>,
    /// Its registration number.
    pub number: Option<String>,
    /// Its status, in NCIRCC's own words.
    pub status: Option<String>,
    /// What was decided about it, in NCIRCC's own words.
    pub result: Option<String>,
    /// When it was last changed.
    pub updated: Option<Timestamp>,
}

impl Facts {
    /// Writes them into a report; what they do not say stays.
    fn write(&self, report: &mut Report) {
        let updated = self.updated.map(|at| at.to_string());
        for (told, place) in [
            (&self.identifier, &mut report.identifier),
            (&self.number, &mut report.number),
            (&self.status, &mut report.status),
            (&self.result, &mut report.result),
            (&updated, &mut report.updated),
        ] {
            if let Some(told) = told {
                place.clone_from(told);
            }
        }
    }
}

/// The incident as it is after NCIRCC said this of it at `now`; `None` when that is nothing new, or is
/// about something else. A closed incident takes it too: what NCIRCC does is not ours to refuse.
#[must_use]
pub fn refreshed(incident: &Incident, facts: &Facts, now: Timestamp) -> Option<Incident> {
    let old = incident.report.as_ref().filter(|report| report.uuid == facts.uuid)?;
    let known: Option<Timestamp> = old.updated.parse().ok();
    if facts.updated.zip(known).is_some_and(|(told, known)| told < known) {
        return None;
    }
    let mut report = old.clone();
    facts.write(&mut report);
    if report == *old {
        return None;
    }
    let mut new = incident.clone();
    // A notice bears its id until it has a number; what a person called it stays.
    if report.state == ReportState::Notice && [incident.id.as_str(), &old.number].contains(&new.name.as_str())
    {
        new.name = report.number.parse().unwrap_or(new.name);
    }
    new.report = Some(report);
    new.updated = now;
    Some(new)
}

#[cfg(test)]
mod tests;
