//! How long a system wants to be left alone.

use std::time::{Duration, SystemTime};

use time::{OffsetDateTime, format_description::well_known::Rfc2822};

/// Longest wish that is granted: whoever asks for days is asked again in an hour.
const LONGEST: Duration = Duration::from_hours(1);

/// The wait that a `Retry-After` asks for, in seconds or up to a date; `None` when it is neither.
///
/// A date is held against the `Date` of the same answer: only the peer's clock knows what it meant.
pub(crate) fn parse(value: &str, date: Option<&str>, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(value.parse().map_or(LONGEST, Duration::from_secs).min(LONGEST));
    }
    let until = http_date(value)?;
    let from = date.and_then(http_date).unwrap_or_else(|| now.into());
    Some(Duration::try_from(until - from).unwrap_or(Duration::ZERO).min(LONGEST))
}

fn http_date(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text.trim(), &Rfc2822).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_capped() {
        let now = SystemTime::from(http_date("Fri, 20 Nov 2026 09:30:00 GMT").unwrap());
        let wait = |value| parse(value, None, now).map(|wait| wait.as_secs());
        assert_eq!(wait("120"), Some(120));
        assert_eq!(wait(" 0 "), Some(0));
        assert_eq!(wait("86400"), Some(3600));
        assert_eq!(wait("99999999999999999999999"), Some(3600));
        assert_eq!(wait("Fri, 20 Nov 2026 09:30:07 GMT"), Some(7));
        assert_eq!(wait("Fri, 20 Nov 2026 09:29:00 GMT"), Some(0));
        assert_eq!(wait("Sat, 21 Nov 2026 09:30:00 GMT"), Some(3600));
        for text in ["", "-1", "1.5", "soon", "2026-11-20T09:30:07Z"] {
            assert_eq!(wait(text), None, "{text}");
        }
    }

    #[test]
    fn a_date_is_held_against_the_clock_of_the_answer() {
        let wait = parse(
            "Fri, 20 Nov 2026 09:31:00 GMT",
            Some("Fri, 20 Nov 2026 09:30:00 GMT"),
            SystemTime::UNIX_EPOCH,
        );
        assert_eq!(wait, Some(Duration::from_mins(1)));
    }
}
