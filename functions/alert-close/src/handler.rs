//! `POST /api/{v1,v2,v3}/alerts/close`, with and without a trailing slash.
//!
//! Statuses and texts are KUMA's, to the letter: connectors compare them.

use std::sync::Arc;

use bridge_domain::{
    AlertId, TokenId,
    access::Operation,
    close::Reason,
    outbox::{Change, Origin, Route},
    target::{Settings, Target},
};
use bridge_runtime::http::{Answer, HttpError, Request};
use bridge_store::Closed;
use serde::Deserialize;

use crate::app::App;

/// The body. Absent and empty members are told apart from wrong ones by KUMA's texts.
#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    reason: Option<String>,
}

pub(crate) async fn handle(app: Arc<App>, request: Request) -> Result<Answer, HttpError> {
    let access = &app.access;
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
    let targets = match access.store.tenant_with_targets(&alert.tenant).await? {
        Some((tenant, targets)) if !tenant.disabled => targets,
        Some(_) | None => return Err(HttpError::not_acceptable("tenant disabled")),
    };
    let token: TokenId =
        principal.id.parse().map_err(|_| HttpError::internal("the id of a token is none"))?;
    if targets.iter().any(|target| refuses(target, &token)) {
        return Err(HttpError::forbidden());
    }
    let origin = Origin::Token(token);
    let change = Change { origin: &origin, routes: &Route::to_all(&targets), now: request.received };
    match access.store.close(alert, reason, change).await? {
        Closed::Now(queue) => {
            // What is closed is owed already: what can not be queued now, the sweeper queues.
            app.dispatcher.send(&queue).await;
            Ok(Answer::empty(204).metrics("AlertsClosed", 1))
        }
        Closed::Already => Err(HttpError::not_acceptable("alert already closed")),
    }
}

/// Whether this token is the one of an IRP that may not close alerts here.
fn refuses(target: &Target, token: &TokenId) -> bool {
    match &target.settings {
        Settings::RVision(settings) => {
            settings.caller_token.as_ref() == Some(token) && (target.disabled || !settings.accept_close)
        }
        Settings::KumaCore(_) => false,
    }
}
