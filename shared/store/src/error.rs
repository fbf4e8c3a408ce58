//! Failures of DynamoDB, sorted into classes.

use aws_sdk_dynamodb::{
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
    operation::RequestId,
};
use bridge_domain::{CallError, Class};

const SYSTEM: &str = "dynamodb";

/// Turns an SDK failure into a [`CallError`]. The detail names the call and the code only: the
/// SDK's own texts may quote attribute values.
pub(crate) fn call_error<E>(call: &'static str, error: &SdkError<E>) -> CallError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let code = error.code().unwrap_or_default().to_owned();
    let never_answered = matches!(
        error,
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_)
    );
    let class = match code.as_str() {
        "ProvisionedThroughputExceededException" | "ThrottlingException" | "RequestLimitExceeded" => {
            Class::RateLimited
        }
        "InternalServerError" | "ServiceUnavailable" | "TransactionConflictException" => Class::Transient,
        _ if never_answered => Class::Transient,
        _ => Class::Permanent,
    };
    let detail = if code.is_empty() {
        format!("{call}: {}", DisplayErrorContext(error))
    } else {
        format!("{call}: {code}, request {}", error.request_id().unwrap_or("unknown"))
    };
    let public = match class {
        Class::Permanent => "the store refused the call",
        _ => "the store can not be reached right now, try again",
    };
    CallError::new(class, SYSTEM, public).with_code(code).with_detail(detail)
}

/// An item does not have the form that this version writes.
pub(crate) fn damaged(attribute: &str) -> CallError {
    CallError::new(Class::Permanent, SYSTEM, "a stored item can not be read")
        .with_detail(format!("attribute {attribute} is missing or not of its type"))
}

/// A race that did not end within its attempts.
pub(crate) fn contended(call: &'static str) -> CallError {
    CallError::new(Class::Transient, SYSTEM, "the item is being changed by others, try again")
        .with_detail(format!("{call}: gave up after too many lost races"))
}
