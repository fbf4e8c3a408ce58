//! One error for every call that leaves a function: to a store, a secret, an outside system.
//!
//! Two audiences read an error and they get different fields. `public` is what a client of the
//! bridge may see; `detail` is what the log says. Neither may hold a secret, a token or a personal
//! datum. What happens next (HTTP status, retry, dead letter, alarm, log level) depends on nothing
//! but the [`Class`], through the one total function [`Class::policy`].

use std::{borrow::Cow, fmt, time::Duration};

/// What kind of failure a call met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// The request itself is wrong; repeating it can not help.
    Invalid,
    /// The peer refused our credentials.
    Auth,
    /// The thing asked for does not exist.
    NotFound,
    /// The state does not allow the call, or somebody else won the race.
    Conflict,
    /// The peer asks us to slow down.
    RateLimited,
    /// A passing fault: network, overload, a 5xx.
    Transient,
    /// The peer refuses for good, or answers what we can not understand.
    Permanent,
    /// The call may have had its effect; only the peer knows.
    Unknown,
}

impl Class {
    /// Every class, for exhaustive tests and tables.
    pub const ALL: [Self; 8] = [
        Self::Invalid,
        Self::Auth,
        Self::NotFound,
        Self::Conflict,
        Self::RateLimited,
        Self::Transient,
        Self::Permanent,
        Self::Unknown,
    ];

    /// What follows from a failure of this class, everywhere.
    #[must_use]
    pub const fn policy(self) -> Policy {
        let (http_status, retry, alarm, level) = match self {
            Self::Invalid => (400, Retry::Never, false, Level::Info),
            Self::Auth => (502, Retry::Once, true, Level::Error),
            Self::NotFound => (404, Retry::Never, false, Level::Info),
            Self::Conflict => (409, Retry::Never, false, Level::Info),
            Self::RateLimited | Self::Transient => (503, Retry::Later, false, Level::Warn),
            Self::Permanent => (502, Retry::Never, true, Level::Error),
            Self::Unknown => (500, Retry::AskFirst, true, Level::Error),
        };
        Policy { http_status, retry, dead_letter: matches!(retry, Retry::Never), alarm, level }
    }

    /// The word for logs and metric dimensions.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Auth => "auth",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::RateLimited => "rate_limited",
            Self::Transient => "transient",
            Self::Permanent => "permanent",
            Self::Unknown => "unknown",
        }
    }
}

/// The consequences of a [`Class`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Status of our HTTP answer when the call was made for an HTTP request.
    pub http_status: u16,
    /// Whether and how to try again.
    pub retry: Retry,
    /// A queue message that failed so goes to the dead-letter queue at once.
    pub dead_letter: bool,
    /// Whether somebody has to look.
    pub alarm: bool,
    /// Level of the one log line at the boundary.
    pub level: Level,
}

/// How a failed call may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Never: it would fail again.
    Never,
    /// Once, with fresh credentials.
    Once,
    /// After a growing delay, or after the peer's `Retry-After`.
    Later,
    /// Only after the peer was asked whether the first call took effect.
    AskFirst,
}

/// Level of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Expected in normal operation.
    Info,
    /// Heals by itself, worth a look when frequent.
    Warn,
    /// Needs a person.
    Error,
}

/// A failed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// What kind of failure.
    pub class: Class,
    /// The system called, for example `dynamodb`.
    pub system: &'static str,
    /// The peer's own code for it, for example `ThrottlingException`; empty when it gave none.
    pub code: Cow<'static, str>,
    /// What a client may see.
    pub public: Cow<'static, str>,
    /// What the log says. No secrets, no personal data.
    pub detail: Cow<'static, str>,
    /// The peer's wish for the next attempt.
    pub retry_after: Option<Duration>,
}

impl CallError {
    /// A failure of `class` at `system` that clients see as `public`.
    pub fn new(class: Class, system: &'static str, public: impl Into<Cow<'static, str>>) -> Self {
        Self {
            class,
            system,
            code: Cow::Borrowed(""),
            public: public.into(),
            detail: Cow::Borrowed(""),
            retry_after: None,
        }
    }

    /// The same with the text for the log.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = detail.into();
        self
    }

    /// The same with the peer's own error code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<Cow<'static, str>>) -> Self {
        self.code = code.into();
        self
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} at {})", self.public, self.class.as_str(), self.system)
    }
}

impl std::error::Error for CallError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_a_failing_status_and_only_hopeless_ones_are_dead_letters() {
        for class in Class::ALL {
            let policy = class.policy();
            assert!((400..600).contains(&policy.http_status), "{class:?}");
            assert_eq!(policy.dead_letter, policy.retry == Retry::Never, "{class:?}");
            assert_eq!(policy.alarm, policy.level == Level::Error, "{class:?}");
        }
    }

    #[test]
    fn an_effect_that_may_have_happened_is_never_blindly_repeated() {
        assert_eq!(Class::Unknown.policy().retry, Retry::AskFirst);
        assert!(!Class::Unknown.policy().dead_letter);
    }

    #[test]
    fn no_client_is_ever_told_401() {
        // KUMA's API answers 400 or 403 where others say 401; clients written for it rely on that.
        assert!(Class::ALL.iter().all(|class| class.policy().http_status != 401));
    }

    #[test]
    fn the_detail_for_the_log_is_not_in_the_text_for_the_client() {
        let error = CallError::new(Class::Transient, "dynamodb", "try again").with_detail("host 10.0.0.1");
        assert_eq!(error.to_string(), "try again (transient at dynamodb)");
    }
}
