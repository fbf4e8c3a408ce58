//! Who sends: the user of a token, or a sender that signs for one tenant.

use std::{collections::BTreeMap, sync::Arc};

use bridge_domain::{
    CallError, Class, TenantId,
    access::{Grants, Operation, Role},
    query::Query,
    webhook::{Headers, SecretSet, SignatureError, SigningSecret, verify},
};
use bridge_runtime::{
    http::{HttpError, Request},
    secrets::CachedSecret,
};
use http::{HeaderMap, header::AUTHORIZATION};

use crate::app::App;

/// An authenticated sender.
#[derive(Debug)]
pub(crate) struct Sender {
    /// The tenants it may send for.
    pub(crate) grants: Grants,
    /// The tenant of alerts that name none, when it can only be one.
    pub(crate) home: Option<TenantId>,
}

/// Checks a token or, without an `authorization` header, a signature.
pub(crate) async fn authenticate(app: &App, request: &Request) -> Result<Sender, HttpError> {
    let signed = request.headers.contains_key("webhook-signature");
    if signed && !request.headers.contains_key(AUTHORIZATION) {
        return by_signature(app, request).await;
    }
    let now = request.received;
    let lookup = |id| app.token(id, now);
    let principal = app.access.principal_by(request, Operation::PostAlerts, lookup).await?;
    let home = match &principal.grants {
        Grants::Tenants(roles) if roles.len() == 1 => roles.keys().next().cloned(),
        Grants::Tenants(_) | Grants::Everything => None,
    };
    Ok(Sender { grants: principal.grants, home })
}

async fn by_signature(app: &App, request: &Request) -> Result<Sender, HttpError> {
    let query = Query::parse(&request.raw_query);
    let tenant: TenantId = query.first("tenantID").and_then(|id| id.parse().ok()).ok_or_else(|| {
        HttpError::bad_request("a signed request names its tenant: add ?tenantID=<id> to the URL", "tenantID")
    })?;
    let headers = Headers {
        id: header(&request.headers, "webhook-id")?,
        timestamp: header(&request.headers, "webhook-timestamp")?,
        signature: header(&request.headers, "webhook-signature")?,
    };
    // What no secret could make good is not worth reading one.
    check(headers, request, &[]).or_else(|error| match error {
        SignatureError::NoMatch => Ok(()),
        error => Err(HttpError::bad_request("invalid signature", error.to_string())),
    })?;
    // A tenant that does not exist must cost no secret: strangers would wear the cache out.
    if app.destination(&tenant, request.received).await?.is_none() {
        return Err(HttpError::forbidden());
    }
    let name = format!("{}{tenant}", app.webhook_secret_prefix);
    let known = app.access.secrets.get(&name).await;
    let seen = known.as_ref().map_or(String::new(), |secret| secret.version().to_owned());
    let mut good = holds(known, headers, request)?;
    if !good {
        // The secret may have been made or rotated since it was read.
        good = holds(app.access.secrets.refresh_after_auth_failure(&name, &seen).await, headers, request)?;
    }
    if !good {
        return Err(HttpError::forbidden());
    }
    Ok(Sender {
        grants: Grants::Tenants(BTreeMap::from([(tenant.clone(), Role::Operator)])),
        home: Some(tenant),
    })
}

/// Whether a tenant's secrets, as they were read, make the signature good. Whether a tenant has a
/// secret at all is nobody's business: without one the signature is simply not good.
fn holds(
    read: Result<Arc<CachedSecret>, CallError>,
    headers: Headers<'_>,
    request: &Request,
) -> Result<bool, HttpError> {
    let secret = match read {
        Ok(secret) => secret,
        Err(error) if error.class == Class::NotFound => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    let set = SecretSet::parse(secret.value().expose())
        .ok_or_else(|| HttpError::internal("a webhook secret is not of its form"))?;
    Ok(check(headers, request, &set.in_force(request.received)).is_ok())
}

fn check(headers: Headers<'_>, request: &Request, secrets: &[SigningSecret]) -> Result<(), SignatureError> {
    verify(headers, &request.body, secrets, request.received)
}

fn header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, HttpError> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .ok_or_else(|| HttpError::bad_request("invalid signature", SignatureError::Header(name).to_string()))
}
