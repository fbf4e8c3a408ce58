//! Errors that end a request.
//!
//! As in the domain's [`CallError`], what the client sees and what the log says are different
//! fields. The body is always KUMA's `{"message": ..., "details": ...}`. A fault of ours (5xx)
//! shows the client a standard phrase and the correlation id, and nothing else.

use std::{borrow::Cow, fmt, time::Duration};

use bridge_domain::{CallError, error::Retry, form::Faults};
use serde::Serialize;
use serde_json::{Value, json};

use super::Answer;

/// `Retry-After` when nobody knows better, in whole seconds.
pub const RETRY_AFTER: Duration = Duration::from_secs(2);

/// A status from 400 to 599: an error can not be a success by mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorStatus(u16);

impl ErrorStatus {
    /// 400
    pub const BAD_REQUEST: Self = Self(400);
    /// 403
    pub const FORBIDDEN: Self = Self(403);
    /// 404
    pub const NOT_FOUND: Self = Self(404);
    /// 406
    pub const NOT_ACCEPTABLE: Self = Self(406);
    /// 409
    pub const CONFLICT: Self = Self(409);
    /// 413
    pub const TOO_LARGE: Self = Self(413);
    /// 415
    pub const UNSUPPORTED: Self = Self(415);
    /// 500
    pub const INTERNAL: Self = Self(500);
    /// 503
    pub const UNAVAILABLE: Self = Self(503);

    /// The status with this number; `None` outside 400 to 599.
    #[must_use]
    pub const fn new(code: u16) -> Option<Self> {
        if code >= 400 && code < 600 { Some(Self(code)) } else { None }
    }

    /// The number.
    #[must_use]
    pub const fn as_u16(self) -> u16 {
        self.0
    }

    /// Whether the fault is ours.
    #[must_use]
    pub const fn is_fault(self) -> bool {
        self.0 >= 500
    }

    /// All that a client is told about a fault of this status.
    const fn phrase(self) -> &'static str {
        match self.0 {
            502 => "bad gateway",
            503 => "service unavailable",
            504 => "gateway timeout",
            _ => "internal server error",
        }
    }
}

/// An error that is the answer to a request.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpError {
    /// Status of the answer.
    pub status: ErrorStatus,
    /// What the client reads.
    pub message: Cow<'static, str>,
    /// What the client can evaluate. Not sent for a fault (5xx).
    pub details: Value,
    /// What the log says; no secrets, no personal data.
    pub detail_for_log: Cow<'static, str>,
    /// When to try again, for 503; rounded up to whole seconds.
    pub retry_after: Option<Duration>,
    /// Word for the class in telemetry.
    pub(super) class: &'static str,
}

impl HttpError {
    fn new(status: ErrorStatus, class: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        let detail_for_log = Cow::Borrowed("");
        Self {
            status,
            message: message.into(),
            details: Value::Null,
            detail_for_log,
            retry_after: None,
            class,
        }
    }

    /// 400: the request is wrong; `details` says where.
    pub fn bad_request(message: impl Into<Cow<'static, str>>, details: impl Into<Value>) -> Self {
        Self { details: details.into(), ..Self::new(ErrorStatus::BAD_REQUEST, "invalid", message) }
    }

    /// 400 for a body that was read as a form: `details` is every fault that was met, by field.
    #[must_use]
    pub fn invalid(faults: Faults) -> Self {
        Self::bad_request("invalid body", serde_json::to_value(faults.into_vec()).unwrap_or_default())
    }

    /// 403 `access denied`, as KUMA says it, whatever the reason.
    #[must_use]
    pub fn forbidden() -> Self {
        Self::new(ErrorStatus::FORBIDDEN, "denied", "access denied")
    }

    /// 404.
    pub fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorStatus::NOT_FOUND, "not_found", message)
    }

    /// 406: KUMA's answer where the state does not allow the operation.
    pub fn not_acceptable(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorStatus::NOT_ACCEPTABLE, "conflict", message)
    }

    /// 409: somebody else was faster, or the same id has another content.
    pub fn conflict(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorStatus::CONFLICT, "conflict", message)
    }

    /// 413; `details` names the limit.
    pub fn too_large(message: impl Into<Cow<'static, str>>, details: impl Into<Value>) -> Self {
        Self { details: details.into(), ..Self::new(ErrorStatus::TOO_LARGE, "invalid", message) }
    }

    /// 415; `details` says what is supported.
    pub fn unsupported(message: impl Into<Cow<'static, str>>, details: impl Into<Value>) -> Self {
        Self { details: details.into(), ..Self::new(ErrorStatus::UNSUPPORTED, "invalid", message) }
    }

    /// 503 with `Retry-After`. The message must be fit for any client.
    pub fn unavailable(message: impl Into<Cow<'static, str>>, retry_after: Duration) -> Self {
        Self { retry_after: Some(retry_after), ..Self::new(ErrorStatus::UNAVAILABLE, "transient", message) }
    }

    /// 500; only the log reads `detail`.
    pub fn internal(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorStatus::INTERNAL, "internal", ErrorStatus::INTERNAL.phrase()).with_detail(detail)
    }

    /// The same with a text for the log.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail_for_log = detail.into();
        self
    }

    /// The answer that says so.
    pub(super) fn answer(&self, correlation_id: &str) -> Answer {
        let correlation = json!({ "correlationID": correlation_id });
        let details = if self.status.is_fault() { &correlation } else { &self.details };
        let answer = Answer::json(self.status.as_u16(), &ErrorBody { message: &self.message, details });
        match self.retry_after {
            Some(delay) => answer.with_header("retry-after", whole_seconds(delay).to_string()),
            None => answer,
        }
    }
}

/// KUMA's error body.
#[derive(Serialize)]
struct ErrorBody<'a> {
    message: &'a str,
    details: &'a Value,
}

fn whole_seconds(delay: Duration) -> u64 {
    (delay.as_secs() + u64::from(delay.subsec_nanos() > 0)).max(1)
}

impl From<CallError> for HttpError {
    fn from(error: CallError) -> Self {
        let policy = error.class.policy();
        let status = ErrorStatus::new(policy.http_status).unwrap_or(ErrorStatus::INTERNAL);
        let message = if status.is_fault() { status.phrase().into() } else { error.public };
        let detail = format!("{} {} {} {}", error.system, error.class.as_str(), error.code, error.detail);
        let later = matches!(policy.retry, Retry::Later);
        Self {
            retry_after: later.then(|| error.retry_after.unwrap_or(RETRY_AFTER)),
            ..Self::new(status, error.class.as_str(), message).with_detail(detail)
        }
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status.as_u16(), self.message)
    }
}

impl std::error::Error for HttpError {}

#[cfg(test)]
mod tests {
    use bridge_domain::Class;

    use super::*;

    #[test]
    fn only_failures_have_an_error_status() {
        assert!([200, 399, 600].into_iter().all(|code| ErrorStatus::new(code).is_none()));
        assert_eq!(ErrorStatus::new(406), Some(ErrorStatus::NOT_ACCEPTABLE));
    }

    #[test]
    fn every_fault_of_a_form_is_told() {
        let mut faults = Faults::default();
        faults.add("url", "is required");
        faults.add("proxy", "must be a text");
        let error = HttpError::invalid(faults);
        assert_eq!((error.status, error.message.as_ref()), (ErrorStatus::BAD_REQUEST, "invalid body"));
        let told = json!([
            {"field": "url", "message": "is required"},
            {"field": "proxy", "message": "must be a text"},
        ]);
        assert_eq!(error.details, told);
    }

    #[test]
    fn a_failed_call_answers_by_its_class_and_a_fault_hides_its_text() {
        for class in Class::ALL {
            let call = CallError::new(class, "dynamodb", "alert not found").with_detail("host-canary");
            let error = HttpError::from(call);
            assert_eq!(error.status.as_u16(), class.policy().http_status);
            assert_eq!(error.message.contains("alert not found"), !error.status.is_fault(), "{class:?}");
            assert_eq!(error.retry_after.is_some(), error.status == ErrorStatus::UNAVAILABLE, "{class:?}");
            assert!(error.detail_for_log.contains("host-canary"));
        }
    }

    #[test]
    fn retry_after_is_at_least_a_second_and_rounded_up() {
        assert_eq!(whole_seconds(Duration::ZERO), 1);
        assert_eq!(whole_seconds(Duration::from_millis(1500)), 2);
        assert_eq!(whole_seconds(Duration::from_secs(30)), 30);
    }
}
