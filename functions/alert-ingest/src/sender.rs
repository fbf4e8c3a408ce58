//! Who sends: the user of a token, or a sender that signs for one tenant.

use std::collections::BTreeMap;

use bridge_domain::{
    Class, TenantId,
    access::{Grants, Operation, Role},
    query::Query,
    webhook::{Headers, SecretSet, SignatureError, verify},
};
use bridge_runtime::{
    auth,
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
    let principal = auth::principal(request, &app.admin, Operation::PostAlerts, now, lookup).await?;
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
    let name = format!("{}{tenant}", app.webhook_secret_prefix);
    let known = match app.secrets.get(&name).await {
        Ok(known) => known,
        // Whether a tenant has a secret is nobody's business.
        Err(error) if error.class == Class::NotFound => return Err(HttpError::forbidden()),
        Err(error) => return Err(error.into()),
    };
    let mut result = check(&known, headers, request)?;
    if result == Err(SignatureError::NoMatch) {
        // The secret may have been rotated since it was read.
        let fresh = app.secrets.refresh_after_auth_failure(&name, known.version()).await?;
        result = check(&fresh, headers, request)?;
    }
    match result {
        Ok(()) => Ok(Sender {
            grants: Grants::Tenants(BTreeMap::from([(tenant.clone(), Role::Operator)])),
            home: Some(tenant),
        }),
        Err(SignatureError::NoMatch) => Err(HttpError::forbidden()),
        Err(error) => Err(HttpError::bad_request("invalid signature", error.to_string())),
    }
}

fn check(
    secret: &CachedSecret,
    headers: Headers<'_>,
    request: &Request,
) -> Result<Result<(), SignatureError>, HttpError> {
    let set = SecretSet::parse(secret.value().expose())
        .ok_or_else(|| HttpError::internal("a webhook secret is not of its form"))?;
    Ok(verify(headers, &request.body, &set.in_force(request.received), request.received))
}

fn header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, HttpError> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .ok_or_else(|| HttpError::bad_request("invalid signature", SignatureError::Header(name).to_string()))
}
