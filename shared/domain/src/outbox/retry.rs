//! Whether and when a failed delivery is tried again.

use std::time::Duration;

use super::Delivery;
use crate::{
    Timestamp,
    error::{CallError, Class},
};

/// Delay after the first failure; it doubles with each.
pub const FIRST_DELAY: Duration = Duration::from_secs(5);

/// Longest delay that grows by itself.
pub const LONGEST_DELAY: Duration = Duration::from_mins(15);

/// Longest delay after the target refused our credentials: new ones have to be noticed soon.
pub const LONGEST_AUTH_DELAY: Duration = Duration::from_mins(1);

/// How long a passing fault is waited out.
pub const GIVE_UP_AFTER: Duration = Duration::from_hours(24);

/// Shortest delay after a call of which nobody knows whether it had its effect: the target may still
/// be at it, and asking it too early finds nothing.
pub const UNSURE_DELAY: Duration = Duration::from_mins(1);

/// Attempts when the target refuses: some refusals are passing faults in disguise, an answer 200
/// with an error in it above all.
pub const REFUSALS: u32 = 5;

/// What follows from a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Try again after this.
    Retry(Duration),
    /// Stop: a person has to look.
    GiveUp,
}

/// Decides on a failed attempt of `delivery`, which counts it already.
///
/// Faults that pass, ours or the target's (wrong credentials among them: somebody will replace
/// them), are tried for [`GIVE_UP_AFTER`]; what the target refuses, [`REFUSALS`] times. A wish of
/// the target for a later attempt is obeyed.
#[must_use]
pub fn verdict(delivery: &Delivery, error: &CallError, now: Timestamp) -> Verdict {
    let passing = match error.class {
        Class::RateLimited | Class::Transient | Class::Auth | Class::Unknown => true,
        Class::Invalid | Class::NotFound | Class::Conflict | Class::Permanent => false,
    };
    let failing = delivery.failing_since.map_or(Duration::ZERO, |since| since.until(now));
    let stop = if passing { failing >= GIVE_UP_AFTER } else { delivery.attempts >= REFUSALS };
    if stop {
        return Verdict::GiveUp;
    }
    let doublings = delivery.attempts.saturating_sub(1).min(16);
    let longest = if error.class == Class::Auth { LONGEST_AUTH_DELAY } else { LONGEST_DELAY };
    let growing = FIRST_DELAY.saturating_mul(1 << doublings).min(longest);
    let least = if error.class == Class::Unknown { UNSURE_DELAY } else { FIRST_DELAY };
    Verdict::Retry(error.retry_after.unwrap_or(growing).max(least))
}
