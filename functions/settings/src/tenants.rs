//! Tenants: made, renamed and disabled by the general administrator; seen by whoever has a role.

use bridge_domain::{
    Name, TenantId,
    access::{Grants, Principal},
    query::Query,
    search::PAGE_SIZE,
    tenant::{DESCRIPTION_LIMIT, Tenant},
};
use bridge_runtime::http::{Answer, HttpError, Request};
use bridge_store::{TenantChange, TenantConflict};
use serde::Deserialize;

use crate::{app::App, handler::skip, kuma::visible};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Creation {
    name: Name,
    /// KUMA's own id, where the tenant exists there; made here when absent.
    id: Option<TenantId>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    main: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    name: Option<Name>,
    description: Option<String>,
    disabled: Option<bool>,
}

/// `GET /bridge/v1/tenants`: `page` from 1, 250 each.
pub(crate) async fn list(app: &App, user: &Principal, query: &Query) -> Result<Answer, HttpError> {
    let tenants = visible(app, &user.grants, |_| true, skip(query)?, PAGE_SIZE).await?;
    Ok(Answer::json(200, &tenants))
}

/// `GET /bridge/v1/tenants/{id}`
pub(crate) async fn show(app: &App, user: &Principal, id: &str) -> Result<Answer, HttpError> {
    Ok(Answer::json(200, &find(app, user, id).await?))
}

/// A tenant that exists for the user.
pub(crate) async fn find(app: &App, user: &Principal, id: &str) -> Result<Tenant, HttpError> {
    let id: TenantId = id.parse().map_err(|_| missing())?;
    if !user.grants.sees(&id) {
        return Err(missing());
    }
    app.access.store.tenant(&id).await?.ok_or_else(missing)
}

/// `POST /bridge/v1/tenants`
pub(crate) async fn create(app: &App, user: &Principal, request: &Request) -> Result<Answer, HttpError> {
    general_administrator(user)?;
    let wanted: Creation = request.json()?;
    check_description(&wanted.description)?;
    let tenant = Tenant {
        id: wanted.id.unwrap_or_else(TenantId::random),
        name: wanted.name,
        description: wanted.description,
        main: wanted.main,
        disabled: false,
        created: request.received,
        updated: request.received,
    };
    app.access.store.create_tenant(&tenant).await.map_err(refused)?;
    tracing::info!(tenant = %tenant.id, by = %user.id, "tenant created");
    Ok(Answer::json(201, &tenant).with_header("location", format!("/bridge/v1/tenants/{}", tenant.id)))
}

/// `PATCH /bridge/v1/tenants/{id}`
pub(crate) async fn change(
    app: &App,
    user: &Principal,
    id: &str,
    request: &Request,
) -> Result<Answer, HttpError> {
    let known = find(app, user, id).await?;
    general_administrator(user)?;
    let wanted: Change = request.json()?;
    check_description(wanted.description.as_deref().unwrap_or_default())?;
    let change =
        TenantChange { name: wanted.name, description: wanted.description, disabled: wanted.disabled };
    let tenant =
        app.access.store.change_tenant(&known.id, &change, request.received).await.map_err(refused)?;
    tracing::info!(tenant = %tenant.id, by = %user.id, disabled = tenant.disabled, "tenant changed");
    Ok(Answer::json(200, &tenant))
}

fn general_administrator(user: &Principal) -> Result<(), HttpError> {
    match user.grants {
        Grants::Everything => Ok(()),
        Grants::Tenants(_) => Err(HttpError::forbidden()),
    }
}

fn check_description(text: &str) -> Result<(), HttpError> {
    if text.chars().count() > DESCRIPTION_LIMIT {
        let message = format!("invalid body: must be at most {DESCRIPTION_LIMIT} characters");
        return Err(HttpError::bad_request(message, "description"));
    }
    Ok(())
}

fn missing() -> HttpError {
    HttpError::not_found("tenant not found")
}

fn refused(conflict: TenantConflict) -> HttpError {
    match conflict {
        TenantConflict::Id => HttpError::conflict("a tenant with this id exists"),
        TenantConflict::Name => HttpError::conflict("a tenant with this name exists"),
        TenantConflict::Main => HttpError::conflict("there is a main tenant"),
        TenantConflict::Changed => HttpError::conflict("the tenant was changed meanwhile, try again"),
        TenantConflict::Missing => missing(),
        TenantConflict::Call(error) => error.into(),
    }
}
