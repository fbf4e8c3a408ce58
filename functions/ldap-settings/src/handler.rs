//! Which route goes where.

use std::sync::Arc;

use bridge_domain::{access::Operation, query::Query};
use bridge_runtime::http::{Answer, HttpError, Request};

use crate::{app::App, checks, connections, runs, tenants};

pub(crate) async fn handle(app: Arc<App>, request: Request) -> Result<Answer, HttpError> {
    let query = Query::parse(&request.raw_query);
    let id = request.path_parameter("id");
    let (app, request) = (app.as_ref(), &request);
    let user = app.access.principal(request, Operation::ManageIntegrations).await?;
    let Some((method, path)) = request.route.split_once(" /bridge/v1/integrations/ldap") else {
        return Err(unknown());
    };
    match (method, path) {
        ("GET", "/tenants") => tenants::list(app, &user, &query).await,
        ("POST", "/tenants") => tenants::create(app, &user, request).await,
        ("GET", "/tenants/{id}") => tenants::show(app, &user, id, request).await,
        ("PUT", "/tenants/{id}") => tenants::replace(app, &user, id, request).await,
        ("DELETE", "/tenants/{id}") => tenants::remove(app, &user, id).await,
        ("POST", "/tenants/{id}/import") => runs::tenant(app, &user, id, request).await,
        ("GET", "/connections") => connections::list(app, &user, &query, request).await,
        ("POST", "/connections") => connections::create(app, &user, request).await,
        ("POST", "/connections/test") => checks::unsaved(app, &user, request).await,
        ("GET", "/connections/{id}") => connections::show(app, &user, id, request).await,
        ("PUT", "/connections/{id}") => connections::replace(app, &user, id, request).await,
        ("DELETE", "/connections/{id}") => connections::remove(app, &user, id, request).await,
        ("POST", "/connections/{id}/duplicate") => connections::duplicate(app, &user, id, request).await,
        ("POST", "/connections/{id}/import") => runs::connection(app, &user, id, request).await,
        ("POST", "/connections/{id}/test") => checks::saved(app, &user, id, request).await,
        _ => Err(unknown()),
    }
}

fn unknown() -> HttpError {
    HttpError::not_found("no such route")
}
