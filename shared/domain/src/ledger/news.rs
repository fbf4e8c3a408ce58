//! What comes back from an attempt, a question and a person.

use std::time::Duration;

use super::Remote;

/// How an attempt at sending ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has happened.
    Done(Remote),
    /// It surely has not happened; it may be tried again.
    NotDone {
        /// Why; a text that may be shown.
        error: String,
        /// No attempt before this much time has passed, if the receiver wished so.
        after: Option<Duration>,
    },
    /// It surely has not happened and never will.
    Refused {
        /// Why; a text that may be shown.
        error: String,
    },
    /// It may have happened.
    Unknown {
        /// Why nobody knows; a text that may be shown.
        error: String,
    },
}

/// What asking the receiver brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It is there.
    Found(Remote),
    /// It is not there.
    Absent,
    /// Something is there that may be it.
    CannotTell {
        /// Why.
        why: String,
        /// What may be it.
        candidates: Vec<Remote>,
    },
    /// The receiver could not be asked.
    Failed {
        /// Why; a text that may be shown.
        error: String,
        /// Not to be asked before this much time has passed, if it wished so.
        after: Option<Duration>,
    },
}

/// What a person decides about a row that nobody else can settle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// It has happened.
    Sent(Remote),
    /// It has not: it is sent again.
    NotSent,
    /// It has not, and is not to be sent.
    GiveUp,
}

/// The row is not one that waits for a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotUndecided;

/// What a claim gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Send it; the row has to be saved first.
    Send,
    /// Ask whether it is there; the row has to be saved first.
    Ask,
    /// Not before this.
    Wait(Duration),
    /// There is nothing to do.
    Nothing,
}
