//! Which route goes where, and what a token must be allowed for it.

use std::sync::Arc;

use bridge_domain::{
    TenantId,
    access::{Operation, Principal},
    query::{BadParameter, Query},
};
use bridge_runtime::http::{Answer, HttpError, Request};

use crate::{app::App, checks, integrations, kuma, secrets, tenants, tokens, webhook};

pub(crate) async fn handle(app: Arc<App>, request: Request) -> Result<Answer, HttpError> {
    let query = Query::parse(&request.raw_query);
    let id = request.path_parameter("id");
    let (app, request) = (app.as_ref(), &request);
    let user = app.access.principal(request, operation(&request.route)?).await?;
    match request.route.as_str() {
        "GET /api/v1/tenants" | "GET /api/v2/tenants" => kuma::tenants(app, &user, &query, None).await,
        "GET /api/v3/tenants" => kuma::tenants(app, &user, &query, Some(false)).await,
        "GET /api/v1/users/whoami" => kuma::whoami_by_tenant(app, &user).await,
        "GET /api/v2/users/whoami" | "GET /api/v3/users/whoami" => kuma::whoami_by_role(app, &user).await,
        "GET /bridge/v1/tenants" => tenants::list(app, &user, &query).await,
        "POST /bridge/v1/tenants" => tenants::create(app, &user, request).await,
        "GET /bridge/v1/tenants/{id}" => tenants::show(app, &user, id).await,
        "PATCH /bridge/v1/tenants/{id}" => tenants::change(app, &user, id, request).await,
        "GET /bridge/v1/tenants/{id}/webhook-secret" => webhook::show(app, &user, id).await,
        "POST /bridge/v1/tenants/{id}/webhook-secret" => webhook::rotate(app, &user, id, request).await,
        "DELETE /bridge/v1/tenants/{id}/webhook-secret" => webhook::remove(app, &user, id).await,
        "GET /bridge/v1/tokens" => tokens::list(app, &user, &query).await,
        "POST /bridge/v1/tokens" => tokens::issue(app, &user, request).await,
        "DELETE /bridge/v1/tokens/{id}" => tokens::revoke(app, &user, id).await,
        "GET /bridge/v1/secrets" => secrets::list(app, &user, &query).await,
        "POST /bridge/v1/secrets" => secrets::create(app, &user, request).await,
        "GET /bridge/v1/secrets/{id}" => secrets::show(app, &user, id).await,
        "PUT /bridge/v1/secrets/{id}" => secrets::replace(app, &user, id, request).await,
        "DELETE /bridge/v1/secrets/{id}" => secrets::remove(app, &user, id).await,
        "GET /bridge/v1/integrations/irp" => integrations::list(app, &user, &query).await,
        "POST /bridge/v1/integrations/irp" => integrations::create(app, &user, request).await,
        "POST /bridge/v1/integrations/irp/test" => checks::unsaved(app, &user, request).await,
        "GET /bridge/v1/integrations/irp/{id}" => integrations::show(app, &user, id).await,
        "PUT /bridge/v1/integrations/irp/{id}" => integrations::replace(app, &user, id, request).await,
        "DELETE /bridge/v1/integrations/irp/{id}" => integrations::remove(app, &user, id).await,
        "POST /bridge/v1/integrations/irp/{id}/test" => checks::saved(app, &user, id, request).await,
        "POST /bridge/v1/integrations/irp/{id}/pull" => integrations::pull(app, &user, id, request).await,
        _ => Err(unknown_route()),
    }
}

/// What a token must be allowed for a route.
fn operation(route: &str) -> Result<Operation, HttpError> {
    let path = route.split_once(' ').map_or("", |(_, path)| path);
    if path.ends_with("/users/whoami") {
        Ok(Operation::WhoAmI)
    } else if path.starts_with("/bridge/v1/tokens") {
        Ok(Operation::ManageTokens)
    } else if path.starts_with("/bridge/v1/secrets") {
        Ok(Operation::ManageSecrets)
    } else if path.starts_with("/bridge/v1/integrations") {
        Ok(Operation::ManageIntegrations)
    } else if path.starts_with("/bridge/v1/tenants") {
        Ok(Operation::ManageTenants)
    } else if path.ends_with("/tenants") {
        Ok(Operation::ListTenants)
    } else {
        Err(unknown_route())
    }
}

fn unknown_route() -> HttpError {
    HttpError::not_found("no such route")
}

/// KUMA's answer to a value it can not use.
pub(crate) fn bad_parameter(BadParameter(name): BadParameter) -> HttpError {
    HttpError::bad_request("invalid query parameter value", name)
}

/// How many entries come before the page that `query` asks for.
pub(crate) fn skip(query: &Query) -> Result<usize, HttpError> {
    let page = query.page().map_err(bad_parameter)?;
    let before = u64::from(page - 1) * bridge_domain::search::PAGE_SIZE as u64;
    Ok(usize::try_from(before).unwrap_or(usize::MAX))
}

/// Which tenants a list is about: those that the user administers and, if any are named, among these.
pub(crate) fn tenant_filter(user: &Principal, query: &Query) -> impl Fn(&str) -> bool {
    let named: Vec<&str> = query.all("tenantID").collect();
    move |tenant| {
        (named.is_empty() || named.contains(&tenant))
            && tenant.parse::<TenantId>().is_ok_and(|tenant| user.grants.administers(&tenant))
    }
}
