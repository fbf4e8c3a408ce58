//! Why a record was not done, and when it comes back.

use std::{borrow::Cow, time::Duration};

use bridge_domain::{CallError, error::Retry as Policy};

/// Delay after the first failure; it doubles with each receive.
pub const FIRST_DELAY: Duration = Duration::from_secs(5);

/// Longest delay that grows by itself.
pub const GROWING_DELAY_LIMIT: Duration = Duration::from_mins(15);

/// Longest delay at all. SQS hides a message for at most 12 hours counted from its receipt, and a
/// function may have held it for up to 15 minutes by then.
pub const DELAY_LIMIT: Duration = Duration::from_mins(12 * 60 - 15);

/// Why a record was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It may succeed later.
    Retry {
        /// When to try again, if somebody knows; else the delay grows with each receive.
        after: Option<Duration>,
        /// Why, for the log. No secrets, no personal data.
        reason: Cow<'static, str>,
    },
    /// It can never succeed.
    Dead {
        /// Why, for the log and the dead-letter queue. No secrets, no personal data.
        reason: Cow<'static, str>,
    },
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let reason = format!("{error} {} {}", error.code, error.detail).trim_end().to_owned().into();
        match error.class.policy().retry {
            Policy::Never => Self::Dead { reason },
            // With fresh credentials, and after asking the peer: both are the next attempt's task.
            Policy::Once | Policy::Later | Policy::AskFirst => {
                Self::Retry { after: error.retry_after, reason }
            }
        }
    }
}

/// Delay before a message that has been received `receive_count` times comes back.
#[must_use]
pub fn growing_delay(receive_count: u32) -> Duration {
    let doublings = receive_count.saturating_sub(1).min(31);
    FIRST_DELAY.saturating_mul(1 << doublings).min(GROWING_DELAY_LIMIT)
}

/// The same if somebody asked for a delay: their wish wins, within what SQS can do.
pub(super) fn delay(after: Option<Duration>, receive_count: u32) -> Duration {
    after.unwrap_or_else(|| growing_delay(receive_count)).min(DELAY_LIMIT)
}

#[cfg(test)]
mod tests {
    use bridge_domain::Class;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn delays_grow_and_are_bounded(count in any::<u32>(), after in prop::option::of(0_u64..u64::MAX)) {
            let here = growing_delay(count);
            prop_assert!(here <= growing_delay(count.saturating_add(1)));
            prop_assert!((FIRST_DELAY..=GROWING_DELAY_LIMIT).contains(&here));
            let wished = after.map(Duration::from_secs);
            let delay = delay(wished, count);
            prop_assert!(delay <= DELAY_LIMIT);
            prop_assert_eq!(delay, wished.unwrap_or(here).min(DELAY_LIMIT));
        }
    }

    #[test]
    fn the_first_delays_double() {
        let seconds: Vec<_> = (1..=9).map(|count| growing_delay(count).as_secs()).collect();
        assert_eq!(seconds, [5, 10, 20, 40, 80, 160, 320, 640, 900]);
    }

    #[test]
    fn the_class_of_a_failed_call_decides() {
        for class in Class::ALL {
            let failure = Failure::from(CallError::new(class, "kuma", "busy").with_detail("why"));
            assert_eq!(matches!(failure, Failure::Dead { .. }), class.policy().dead_letter, "{class:?}");
        }
    }
}
