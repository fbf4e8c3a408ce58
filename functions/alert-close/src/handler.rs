//! `POST /api/{v1,v2,v3}/alerts/close`, with and without a trailing slash.
//!
//! Statuses and texts are KUMA's, to the letter: connectors compare them.

use std::sync::Arc;

use bridge_access::Access;
use bridge_domain::{AlertId, access::Operation, alert::Status, close::Reason};
use bridge_runtime::http::{Answer, HttpError, Request};
use bridge_store::Closed;
use serde::Deserialize;

/// The body. Absent and empty members are told apart from wrong ones by KUMA's texts.
#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    reason: Option<String>,
}

pub(crate) async fn handle(access: Arc<Access>, request: Request) -> Result<Answer, HttpError> {
    let principal = access.principal(&request, Operation::CloseAlert).await?;
    let body: Body = request.json()?;
    let id = body.id.filter(|id| !id.is_empty()).ok_or_else(|| HttpError::bad_request("id required", ()))?;
    let reason = body
        .reason
        .filter(|reason| !reason.trim().is_empty())
        .ok_or_else(|| HttpError::bad_request("reason required", ()))?;
    let reason: Reason = reason.parse().map_err(|_| HttpError::bad_request("invalid reason", ()))?;

    let missing = || HttpError::not_found("alert not found");
    // What can not be an id is the id of no alert.
    let id: AlertId = id.parse().map_err(|_| missing())?;
    let alert = access.store.alert_head(&id).await?.ok_or_else(missing)?;
    if !principal.grants.sees(&alert.tenant) {
        return Err(HttpError::forbidden());
    }
    if access.store.tenant(&alert.tenant).await?.is_none_or(|tenant| tenant.disabled) {
        return Err(HttpError::not_acceptable("tenant disabled"));
    }
    let closed = match alert.status {
        Status::Closed => Closed::Already,
        Status::New | Status::Assigned | Status::Escalated => access.store.close(&alert, reason).await?,
    };
    match closed {
        Closed::Now => Ok(Answer::empty(204).metrics("AlertsClosed", 1)),
        Closed::Already => Err(HttpError::not_acceptable("alert already closed")),
    }
}
