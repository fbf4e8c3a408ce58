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
    match request.route.as_str() {
        "GET /bridge/v1/integrations/ldap/tenants" => tenants::list(app, &user, &query).await,
        "POST /bridge/v1/integrations/ldap/tenants" => tenants::create(app, &user, request).await,
        "GET /bridge/v1/integrations/ldap/tenants/{id}" => tenants::show(app, &user, id).await,
        "PUT /bridge/v1/integrations/ldap/tenants/{id}" => tenants::replace(app, &user, id, request).await,
        "DELETE /bridge/v1/integrations/ldap/tenants/{id}" => tenants::remove(app, &user, id).await,
        "POST /bridge/v1/integrations/ldap/tenants/{id}/import" => {
            runs::tenant(app, &user, id, request).await
        }
        "GET /bridge/v1/integrations/ldap/connections" => {
            connections::list(app, &user, &query, request).await
        }
        "POST /bridge/v1/integrations/ldap/connections" => connections::create(app, &user, request).await,
        "POST /bridge/v1/integrations/ldap/connections/test" => checks::unsaved(app, &user, request).await,
        "GET /bridge/v1/integrations/ldap/connections/{id}" => connections::show(app, &user, id).await,
        "PUT /bridge/v1/integrations/ldap/connections/{id}" => {
            connections::replace(app, &user, id, request).await
        }
        "DELETE /bridge/v1/integrations/ldap/connections/{id}" => {
            connections::remove(app, &user, id, request).await
        }
        "POST /bridge/v1/integrations/ldap/connections/{id}/duplicate" => {
            connections::duplicate(app, &user, id, request).await
        }
        "POST /bridge/v1/integrations/ldap/connections/{id}/import" => {
            runs::connection(app, &user, id, request).await
        }
        "POST /bridge/v1/integrations/ldap/connections/{id}/test" => {
            checks::saved(app, &user, id, request).await
        }
        _ => Err(HttpError::not_found("no such route")),
    }
}
