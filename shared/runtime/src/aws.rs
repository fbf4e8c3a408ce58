//! AWS clients that share one configuration, and one reading of their errors.

use std::{borrow::Cow, time::Duration};

use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_sqs::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    operation::RequestId,
};
use bridge_domain::{CallError, Class};

/// Longest time to open a connection, TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Longest time for one attempt of a call.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
/// Longest time for a call with all its attempts: two full ones and their pause.
pub const OPERATION_TIMEOUT: Duration = Duration::from_secs(8);
/// Attempts of one call, the first included. Only calls that may be repeated are.
pub const ATTEMPTS: u32 = 3;

/// The AWS configuration of a function, and the clients made from it.
#[derive(Clone, Debug)]
pub struct Aws {
    config: SdkConfig,
}

impl Aws {
    /// Region, credentials and endpoints from the environment, with the time-outs of this module.
    /// The behaviour version is pinned: a new release of the SDK changes nothing by itself.
    pub async fn load() -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(OPERATION_TIMEOUT)
            .build();
        let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .load()
            .await;
        Self { config }
    }

    /// The clients' common configuration, for crates that make their own client.
    #[must_use]
    pub const fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// A client of Secrets Manager.
    #[must_use]
    pub fn secrets(&self) -> aws_sdk_secretsmanager::Client {
        aws_sdk_secretsmanager::Client::new(&self.config)
    }

    /// A client of SQS.
    #[must_use]
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.config)
    }
}

impl From<SdkConfig> for Aws {
    fn from(config: SdkConfig) -> Self {
        Self { config }
    }
}

/// What kind of failure an SDK error is.
///
/// The result carries the service's error code, the status and the request id, never the service's
/// message: it may quote what we sent.
pub fn call_error<E>(system: &'static str, error: &SdkError<E, HttpResponse>) -> CallError
where
    E: ProvideErrorMetadata,
{
    let (class, code, detail): (_, Cow<'static, str>, Cow<'static, str>) = match error {
        SdkError::ConstructionFailure(_) => {
            (Class::Permanent, "".into(), "the request could not be built".into())
        }
        SdkError::TimeoutError(_) => (Class::Transient, "".into(), "no answer in time".into()),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            (Class::Transient, "".into(), "no connection in time".into())
        }
        SdkError::DispatchFailure(_) => (Class::Transient, "".into(), "the connection failed".into()),
        SdkError::ResponseError(_) => (Class::Transient, "".into(), "the answer can not be read".into()),
        SdkError::ServiceError(answer) => {
            let code = answer.err().code().unwrap_or_default();
            let status = answer.raw().status().as_u16();
            let request = answer.raw().request_id().unwrap_or("unknown");
            let detail = format!("status {status}, request {request}");
            (classify(code, status), code.to_owned().into(), detail.into())
        }
        _ => (Class::Transient, "".into(), "a failure that this version does not know".into()),
    };
    CallError::new(class, system, public(class)).with_code(code).with_detail(detail)
}

fn classify(code: &str, status: u16) -> Class {
    // SQS prefixes some codes with a namespace: `AWS.SimpleQueueService.NonExistentQueue`.
    let code = code.rsplit(['.', '#']).next().unwrap_or(code);
    match code {
        "ResourceNotFoundException" | "QueueDoesNotExist" | "NonExistentQueue" => Class::NotFound,
        "RequestThrottled" | "RequestLimitExceeded" | "TooManyRequestsException" => Class::RateLimited,
        _ if code.contains("Throttl") || status == 429 => Class::RateLimited,
        _ if status >= 500 => Class::Transient,
        _ => Class::Permanent,
    }
}

const fn public(class: Class) -> &'static str {
    match class {
        Class::NotFound => "not found",
        Class::RateLimited | Class::Transient => "a service is busy, try again",
        _ => "a service refused the call",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_of_the_services_have_their_class() {
        for (code, status, class) in [
            ("ResourceNotFoundException", 400, Class::NotFound),
            ("AWS.SimpleQueueService.NonExistentQueue", 400, Class::NotFound),
            ("com.amazonaws.sqs#QueueDoesNotExist", 400, Class::NotFound),
            ("ThrottlingException", 400, Class::RateLimited),
            ("RequestThrottled", 403, Class::RateLimited),
            ("", 429, Class::RateLimited),
            ("InternalServiceError", 500, Class::Transient),
            ("", 503, Class::Transient),
            ("AccessDeniedException", 400, Class::Permanent),
            ("DecryptionFailure", 400, Class::Permanent),
        ] {
            assert_eq!(classify(code, status), class, "{code} {status}");
        }
    }

    #[tokio::test]
    async fn the_clients_are_made_with_the_time_outs_of_this_module() {
        let aws = Aws::load().await;
        let timeouts = aws.config().timeout_config().unwrap();
        assert_eq!(timeouts.connect_timeout(), Some(CONNECT_TIMEOUT));
        assert_eq!(timeouts.operation_attempt_timeout(), Some(ATTEMPT_TIMEOUT));
        assert_eq!(timeouts.operation_timeout(), Some(OPERATION_TIMEOUT));
        assert_eq!(aws.config().retry_config().unwrap().max_attempts(), ATTEMPTS);
    }
}
