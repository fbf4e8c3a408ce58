//! Which route goes where.

use std::sync::Arc;

use bridge_domain::access::Operation;
use bridge_runtime::http::{Answer, HttpError, Request};

use crate::{answers, app::App, export, place, resolve, supplement, view};

pub(crate) async fn handle(app: Arc<App>, request: Request) -> Result<Answer, HttpError> {
    let (app, request) = (app.as_ref(), &request);
    let user = app.access.principal(request, Operation::ExportIncident).await?;
    // The long ones are boxed: the compiler lays every future out inside its caller.
    match request.route.as_str() {
        "GET /bridge/v1/incidents/{id}/export" => {
            let incident = place::incident(app, &user, request).await?;
            view::show(app, &incident.value.id, 200).await
        }
        "POST /bridge/v1/incidents/{id}/export" => Box::pin(export::export(app, &user, request)).await,
        "POST /bridge/v1/incidents/{id}/export/resolve" => resolve::resolve(app, &user, request).await,
        "POST /bridge/v1/incidents/{id}/export/supplement" => {
            Box::pin(supplement::supplement(app, &user, request)).await
        }
        "POST /bridge/v1/incidents/{id}/export/comments" => answers::comment(app, &user, request).await,
        "POST /bridge/v1/incidents/{id}/decision" => answers::decision(app, &user, request).await,
        _ => Err(HttpError::not_found("no such route")),
    }
}
