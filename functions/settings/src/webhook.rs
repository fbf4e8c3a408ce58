//! Signing secrets for webhooks, one per tenant: made and rotated here, kept in Secrets Manager,
//! shown once.

use bridge_domain::{
    TenantId, Timestamp,
    access::Principal,
    webhook::{SECRET_BYTES, SecretSet, SigningSecret},
};
use bridge_runtime::http::{Answer, HttpError, Request};
use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    tenants::find,
    values::{self, ValueConflict},
};

/// How long the old secret stays accepted, in hours, when nobody says otherwise.
const DEFAULT_OVERLAP_HOURS: u16 = 24;
/// Longest overlap: a week.
const MAX_OVERLAP_HOURS: u16 = 168;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Rotation {
    overlap_hours: Option<u16>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View<'a> {
    #[serde(rename = "tenantID")]
    tenant: &'a TenantId,
    created: Timestamp,
    previous_expires: Option<Timestamp>,
    /// Only in the answer to its making.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
}

/// `POST /bridge/v1/tenants/{id}/webhook-secret`: makes the first one or rotates.
pub(crate) async fn rotate(
    app: &App,
    user: &Principal,
    id: &str,
    request: &Request,
) -> Result<Answer, HttpError> {
    let tenant = administered(app, user, id).await?;
    let wanted: Rotation = if request.body.is_empty() { Rotation::default() } else { request.json()? };
    let hours = wanted.overlap_hours.unwrap_or(DEFAULT_OVERLAP_HOURS);
    if hours > MAX_OVERLAP_HOURS {
        let message = format!("invalid body: must be at most {MAX_OVERLAP_HOURS}");
        return Err(HttpError::bad_request(message, "overlapHours"));
    }
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|_| HttpError::internal("no random bytes"))?;
    let new = SigningSecret::from_random(&bytes);
    let now = request.received;
    let set = match read(app, &tenant).await? {
        None => {
            let set = SecretSet { current: new, created: now, previous: None };
            let made = "Signing secret of a tenant's webhooks";
            values::create(&app.secrets, &name(app, &tenant), made, &set.render()).await.map_err(refused)?;
            set
        }
        Some((old, version)) => {
            let set = old.rotated(new, now, i64::from(hours) * 60 * 60);
            let replaced = values::replace(&app.secrets, &name(app, &tenant), &set.render(), &version).await;
            replaced.map_err(refused)?;
            set
        }
    };
    tracing::info!(tenant = %tenant, by = %user.id, "webhook secret rotated");
    Ok(Answer::json(201, &view(&tenant, &set, now, true)))
}

/// `GET /bridge/v1/tenants/{id}/webhook-secret`: when it was made, without its value.
pub(crate) async fn show(app: &App, user: &Principal, id: &str) -> Result<Answer, HttpError> {
    let tenant = administered(app, user, id).await?;
    let (set, _) = read(app, &tenant).await?.ok_or_else(none)?;
    Ok(Answer::json(200, &view(&tenant, &set, Timestamp::MIN, false)))
}

/// `DELETE /bridge/v1/tenants/{id}/webhook-secret`: signed requests are refused from then on.
pub(crate) async fn remove(app: &App, user: &Principal, id: &str) -> Result<Answer, HttpError> {
    let tenant = administered(app, user, id).await?;
    if read(app, &tenant).await?.is_none() {
        return Err(none());
    }
    values::delete(&app.secrets, &name(app, &tenant)).await?;
    tracing::info!(tenant = %tenant, by = %user.id, "webhook secret removed");
    Ok(Answer::empty(204))
}

fn view<'a>(tenant: &'a TenantId, set: &'a SecretSet, now: Timestamp, shown: bool) -> View<'a> {
    View {
        tenant,
        created: set.created,
        previous_expires: set.previous.as_ref().map(|(_, expires)| *expires).filter(|at| *at > now),
        secret: shown.then(|| set.current.expose()),
    }
}

async fn administered(app: &App, user: &Principal, id: &str) -> Result<TenantId, HttpError> {
    let tenant = find(app, user, id).await?.id;
    if user.grants.administers(&tenant) { Ok(tenant) } else { Err(HttpError::forbidden()) }
}

fn none() -> HttpError {
    HttpError::not_found("the tenant has no webhook secret")
}

fn name(app: &App, tenant: &TenantId) -> String {
    format!("{}{tenant}", app.webhook_secret_prefix)
}

/// The secrets of a tenant and the version that holds them.
async fn read(app: &App, tenant: &TenantId) -> Result<Option<(SecretSet, String)>, HttpError> {
    let Some((value, version)) = values::read(&app.secrets, &name(app, tenant)).await? else {
        return Ok(None);
    };
    let set = SecretSet::parse(value.expose())
        .ok_or_else(|| HttpError::internal("a webhook secret is not of its form"))?;
    Ok(Some((set, version)))
}

fn refused(conflict: ValueConflict) -> HttpError {
    match conflict {
        // No secret is shown that was never in force.
        ValueConflict::Raced => {
            HttpError::conflict("the secret was rotated by somebody else meanwhile, try again")
        }
        ValueConflict::Call(error) => error.into(),
    }
}
