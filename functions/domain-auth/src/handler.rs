//! Which route goes where, and who may use it.

use std::sync::Arc;

use bridge_domain::access::{Grants, Operation};
use bridge_runtime::http::{Answer, HttpError, Request};

use crate::{app::App, checks, settings};

pub(crate) async fn handle(app: Arc<App>, request: Request) -> Result<Answer, HttpError> {
    let (app, request) = (app.as_ref(), &request);
    let user = app.access.principal(request, Operation::ManageIntegrations).await?;
    // One domain serves every tenant, and gives roles in all of them.
    if user.grants != Grants::Everything {
        return Err(HttpError::forbidden());
    }
    match request.route.as_str() {
        "GET /bridge/v1/integrations/domain-auth" => settings::show(app).await,
        "PUT /bridge/v1/integrations/domain-auth" => settings::put(app, &user, request).await,
        "DELETE /bridge/v1/integrations/domain-auth" => settings::remove(app, &user).await,
        "POST /bridge/v1/integrations/domain-auth/test" => checks::run(app, &user, request).await,
        _ => Err(HttpError::not_found("no such route")),
    }
}
