//! When something was: NCIRCC takes no time of the future.

use super::problem::Problems;
use crate::Timestamp;

/// Whether a time is over.
pub(super) fn past(problems: &mut Problems, field: &str, at: Timestamp, now: Timestamp) {
    // The wire has whole seconds.
    if at.seconds() > now.seconds() {
        problems.add(field, "must not be in the future", "correct it, or look at the clock of its source");
    }
}

/// Whether something may have ended then.
pub(super) fn end(problems: &mut Problems, at: Timestamp, detected: Option<Timestamp>, now: Timestamp) {
    past(problems, "endedAt", at, now);
    if detected.is_some_and(|detected| at.seconds() < detected.seconds()) {
        problems.add("endedAt", "must not be before the time of detection", "correct endedAt or detectedAt");
    }
}
