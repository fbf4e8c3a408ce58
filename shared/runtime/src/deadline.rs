//! How much time an invocation has left.

use std::time::Duration;

use bridge_domain::Timestamp;

use crate::clock::between;

/// The moment at which Lambda ends the invocation, whatever it is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Timestamp);

impl Deadline {
    /// A deadline at this moment.
    #[must_use]
    pub const fn at(moment: Timestamp) -> Self {
        Self(moment)
    }

    /// From milliseconds since 1970, as the Lambda runtime API gives it. A value past the year
    /// 9999 becomes its end.
    #[must_use]
    pub fn from_epoch_millis(millis: u64) -> Self {
        let micros = i64::try_from(millis).ok().and_then(|millis| millis.checked_mul(1000));
        Self(micros.and_then(Timestamp::from_micros).unwrap_or(Timestamp::MAX))
    }

    /// Time left at `now`; zero once the deadline has passed.
    #[must_use]
    pub fn remaining(self, now: Timestamp) -> Duration {
        between(now, self.0)
    }

    /// Time that may be spent from `now` on if `reserve` has to be left at the end.
    #[must_use]
    pub fn budget(self, now: Timestamp, reserve: Duration) -> Duration {
        self.remaining(now).saturating_sub(reserve)
    }
}

impl From<&lambda_runtime::Context> for Deadline {
    fn from(context: &lambda_runtime::Context) -> Self {
        Self::from_epoch_millis(context.deadline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_what_remains_without_the_reserve() {
        let deadline = Deadline::from_epoch_millis(10_000);
        let now = Timestamp::from_micros(7_500_000).unwrap();
        assert_eq!(deadline.remaining(now), Duration::from_millis(2500));
        assert_eq!(deadline.budget(now, Duration::from_secs(1)), Duration::from_millis(1500));
        assert_eq!(deadline.budget(now, Duration::from_secs(9)), Duration::ZERO);
        assert_eq!(deadline.remaining(Timestamp::from_micros(10_000_001).unwrap()), Duration::ZERO);
    }

    #[test]
    fn an_absurd_deadline_is_the_end_of_time() {
        assert_eq!(Deadline::from_epoch_millis(u64::MAX), Deadline::at(Timestamp::MAX));
    }
}
