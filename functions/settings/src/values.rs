//! Values in Secrets Manager, replaced so that of two replacements at once one fails.

use aws_sdk_secretsmanager::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::get_secret_value::GetSecretValueError,
};
use bridge_domain::{CallError, secret::Secret};
use bridge_runtime::aws::call_error;

const SYSTEM: &str = "secretsmanager";
/// Label of a new version until it becomes the current one.
const PENDING: &str = "BRIDGEPENDING";
const CURRENT: &str = "AWSCURRENT";

/// Why a value was not written.
#[derive(Debug)]
pub(crate) enum ValueConflict {
    /// Somebody else wrote one meanwhile.
    Raced,
    /// Secrets Manager failed.
    Call(CallError),
}

impl From<CallError> for ValueConflict {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

/// The value under a name and the version that holds it.
pub(crate) async fn read(client: &Client, name: &str) -> Result<Option<(Secret, String)>, CallError> {
    match client.get_secret_value().secret_id(name).send().await {
        Ok(answer) => {
            let value = Secret::new(answer.secret_string.unwrap_or_default());
            Ok(Some((value, answer.version_id.unwrap_or_default())))
        }
        Err(SdkError::ServiceError(failure))
            if matches!(failure.err(), GetSecretValueError::ResourceNotFoundException(_)) =>
        {
            Ok(None)
        }
        Err(error) => Err(call_error(SYSTEM, &error)),
    }
}

/// Writes the first value under a name.
pub(crate) async fn create(
    client: &Client,
    name: &str,
    description: &str,
    value: &Secret,
) -> Result<(), ValueConflict> {
    client
        .create_secret()
        .name(name)
        .description(description)
        .secret_string(value.expose())
        .send()
        .await
        .map(|_| ())
        .map_err(|error| match error.code() {
            Some("ResourceExistsException") => ValueConflict::Raced,
            _ => call_error(SYSTEM, &error).into(),
        })
}

/// Puts a new version beside the one named `old`, then moves the label from exactly that one: what
/// somebody else wrote meanwhile is not replaced unseen. Gives the new version.
pub(crate) async fn replace(
    client: &Client,
    name: &str,
    value: &Secret,
    old: &str,
) -> Result<String, ValueConflict> {
    let put = client
        .put_secret_value()
        .secret_id(name)
        .secret_string(value.expose())
        .version_stages(PENDING)
        .send()
        .await
        .map_err(|error| call_error(SYSTEM, &error))?;
    let new = put.version_id.unwrap_or_default();
    put_in_force(client, name, &new, old).await.map(|()| new)
}

/// Makes one version the current one in the place of another, if that still is.
pub(crate) async fn put_in_force(
    client: &Client,
    name: &str,
    new: &str,
    old: &str,
) -> Result<(), ValueConflict> {
    client
        .update_secret_version_stage()
        .secret_id(name)
        .version_stage(CURRENT)
        .move_to_version_id(new)
        .remove_from_version_id(old)
        .send()
        .await
        .map(|_| ())
        .map_err(|error| match error.code() {
            Some("InvalidParameterException" | "InvalidRequestException") => ValueConflict::Raced,
            _ => call_error(SYSTEM, &error).into(),
        })
}

/// Deletes what is under a name, at once: the name must be free again, and the value is of no more
/// use. What is not there is no error.
pub(crate) async fn delete(client: &Client, name: &str) -> Result<(), CallError> {
    match client.delete_secret().secret_id(name).force_delete_without_recovery(true).send().await {
        Err(error) if error.code() != Some("ResourceNotFoundException") => Err(call_error(SYSTEM, &error)),
        _ => Ok(()),
    }
}
