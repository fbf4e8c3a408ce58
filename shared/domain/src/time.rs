//! Points in time, in UTC, to the microsecond.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// A point in time between 1970 and 9999, to the microsecond.
///
/// It is read from RFC 3339 with any offset and written in UTC with a literal `Z` and three or six
/// fraction digits: clients of KUMA parse nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The text is not a time that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an RFC 3339 time between 1970 and 9999, for example 2026-11-20T09:30:00Z")]
pub struct TimestampError;

const MICROS_PER_SECOND: i64 = 1_000_000;
const LAST_MICRO: i64 = 253_402_300_799 * MICROS_PER_SECOND + 999_999;

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const MIN: Self = Self(0);
    /// The last microsecond of 9999.
    pub const MAX: Self = Self(LAST_MICRO);

    /// From microseconds since 1970; `None` outside 1970 to 9999.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Option<Self> {
        if micros >= 0 && micros <= LAST_MICRO { Some(Self(micros)) } else { None }
    }

    /// From the system clock's reading. A clock outside 1970 to 9999 is clamped.
    #[must_use]
    pub fn from_system(time: std::time::SystemTime) -> Self {
        let micros = time.duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_micros());
        Self(i64::try_from(micros).unwrap_or(LAST_MICRO).min(LAST_MICRO))
    }

    /// Microseconds since 1970.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0 / MICROS_PER_SECOND
    }

    /// This time moved by `seconds`, clamped to the range.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        let moved = self.0.saturating_add(seconds.saturating_mul(MICROS_PER_SECOND));
        Self(if moved < 0 {
            0
        } else if moved > LAST_MICRO {
            LAST_MICRO
        } else {
            moved
        })
    }
}

impl Timestamp {
    /// This time moved on by `span`, to the microsecond, clamped to the range.
    #[must_use]
    pub fn plus(self, span: std::time::Duration) -> Self {
        let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(micros).min(LAST_MICRO))
    }

    /// Time from here to `later`; zero when that is earlier.
    #[must_use]
    pub fn until(self, later: Self) -> std::time::Duration {
        std::time::Duration::from_micros(u64::try_from(later.0 - self.0).unwrap_or(0))
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let parsed = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| TimestampError)?;
        let micros =
            i64::try_from(parsed.unix_timestamp_nanos().div_euclid(1000)).map_err(|_| TimestampError)?;
        Self::from_micros(micros).ok_or(TimestampError)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The range of the type lies inside that of the library, so the fallback is never taken.
        let at = OffsetDateTime::from_unix_timestamp(self.seconds())
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
            .to_offset(UtcOffset::UTC);
        let micros = self.0 % MICROS_PER_SECOND;
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.",
            at.year(),
            u8::from(at.month()),
            at.day(),
            at.hour(),
            at.minute(),
            at.second()
        )?;
        if micros % 1000 == 0 { write!(f, "{:03}Z", micros / 1000) } else { write!(f, "{micros:06}Z") }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn any_offset_is_read_and_utc_is_written() {
        for (text, written) in [
            ("2024-05-06T10:00:00+03:00", "2024-05-06T07:00:00.000Z"),
            ("2024-05-06T07:00:00.123456789Z", "2024-05-06T07:00:00.123456Z"),
            ("2024-05-06T07:00:00.5Z", "2024-05-06T07:00:00.500Z"),
            ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), written);
        }
    }

    #[test]
    fn what_is_not_a_usable_time_is_refused() {
        for text in ["", "now", "1715000000", "2024-05-06", "2024-13-01T00:00:00Z", "1969-12-31T23:59:59Z"] {
            assert_eq!(text.parse::<Timestamp>(), Err(TimestampError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_the_same(micros in 0..=LAST_MICRO) {
            let time = Timestamp::from_micros(micros).unwrap();
            prop_assert_eq!(time.to_string().parse::<Timestamp>().unwrap(), time);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,40}") {
            let _ = text.parse::<Timestamp>();
        }
    }
}
